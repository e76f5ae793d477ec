# What every deployment in the project galoy-staging has in common.

output "project" {
  description = "The cloud's name for it."
  value       = "galoy-staging"
}

output "region" {
  description = "Where everything runs."
  value       = "us-east1"
}

output "domain" {
  description = "Below which its hosts have their names."
  value       = "staging.lana.example"
}
