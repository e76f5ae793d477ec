output "instances" {
  description = "Name of the instance that each part of lana-bank keeps its data in."
  value       = { for part, instance in module.postgresql : part => instance.name }
}

output "secrets" {
  description = "Where the password of each instance is kept; a reference, and never the password."
  value       = { for part, instance in module.postgresql : part => "https://${var.project}.vault.azure.net/secrets/${instance.name}" }
}
