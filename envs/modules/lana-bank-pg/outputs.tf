output "instances" {
  description = "Name of the instance that each part of lana-bank keeps its data in."
  value       = { for part, instance in terraform_data.instance : part => instance.output.name }
}
