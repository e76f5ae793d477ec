# What every deployment in the resource group volcano-staging has in common.

output "project" {
  description = "The cloud's name for it."
  value       = "volcano-staging"
}

output "region" {
  description = "Where everything runs."
  value       = "westeurope"
}

output "domain" {
  description = "Below which its hosts have their names."
  value       = "azure-staging.lana.example"
}
