# What every deployment in the project volcano-qa has in common.

output "project" {
  description = "The cloud's name for it."
  value       = "volcano-qa"
}

output "region" {
  description = "Where everything runs."
  value       = "us-east1"
}

output "domain" {
  description = "Below which its hosts have their names."
  value       = "qa.lana.example"
}
