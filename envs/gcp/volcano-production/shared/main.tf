# What every deployment in the project volcano-production has in common.

output "project" {
  description = "The cloud's name for it."
  value       = "volcano-production"
}

output "region" {
  description = "Where everything runs."
  value       = "europe-west6"
}

output "domain" {
  description = "Below which its hosts have their names."
  value       = "app.lana.example"
}
