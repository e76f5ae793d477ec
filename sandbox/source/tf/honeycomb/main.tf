# What is watched: a dataset of traces for each environment, and the alerts on it.

terraform {
  required_version = ">= 1.4"
}

variable "name_prefix" {
  description = "Begins the names of all that is made."
  type        = string
}

variable "slowest_answer" {
  description = "Milliseconds after which somebody is told."
  type        = number
  default     = 500
}

resource "terraform_data" "traces" {
  input = {
    dataset = "${var.name_prefix}-traces"
    alerts = [
      { name = "errors", above = 0 },
      { name = "slow answers", above = var.slowest_answer },
    ]
  }
}

output "dataset" {
  description = "Where the traces go."
  value       = terraform_data.traces.output.dataset
}
