output "dataset" {
  description = "The dataset that the pipeline fills."
  value       = terraform_data.dataset.output.dataset
}
