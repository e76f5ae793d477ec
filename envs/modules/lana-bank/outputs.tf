output "release" {
  description = "What the environment runs: chart, application version, and the sums of chart and values."
  value       = terraform_data.release.output
}

output "url" {
  description = "Where the customer portal is reached."
  value       = "https://${var.lana_domain}"
}
