output "name" {
  description = "Name of the instance."
  value       = terraform_data.instance.output.name
}
