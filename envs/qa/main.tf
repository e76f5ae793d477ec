module "lana_bank" {
  source      = "../modules/lana-bank"
  environment = "qa"
  domain      = "qa.lana.example"
  values_file = "${path.module}/values.yml"
}

output "release" {
  description = "What qa runs."
  value       = module.lana_bank.release
}

output "url" {
  description = "Where the customer portal of qa is reached."
  value       = module.lana_bank.url
}
