module "lana_bank" {
  source      = "../modules/lana-bank"
  environment = "staging"
  domain      = "staging.lana.example"
  values_file = "${path.module}/values.yml"
}

output "release" {
  description = "What staging runs."
  value       = module.lana_bank.release
}

output "url" {
  description = "Where the customer portal of staging is reached."
  value       = module.lana_bank.url
}
