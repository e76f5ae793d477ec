module "lana_bank" {
  source      = "../modules/lana-bank"
  environment = "production"
  domain      = "app.lana.example"
  values_file = "${path.module}/values.yml"
}

output "release" {
  description = "What production runs."
  value       = module.lana_bank.release
}

output "url" {
  description = "Where the customer portal of production is reached."
  value       = module.lana_bank.url
}
