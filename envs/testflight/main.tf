# A throwaway environment: the chart under test is put in the place of the vendored one, installed, asked, and all of it
# is destroyed again, whatever came of it.

terraform {
  required_version = ">= 1.4"

  # Where the state is kept is told by whoever runs this: terraform init -backend-config=path=…
  backend "local" {}
}

variable "namespace" {
  description = "Where this testflight runs; each has one of its own."
  type        = string
}

variable "secrets_from" {
  description = "The namespace whose secrets it gets copies of; empty for none."
  type        = string
  default     = ""
}

variable "secrets" {
  description = "Which of them, by name."
  type        = list(string)
  default     = []
}

variable "timeout" {
  description = "How long the installation may take."
  type        = string
  default     = "15m"
}

module "lana_bank" {
  source                 = "../modules/lana-bank"
  environment            = "testflight"
  namespace              = var.namespace
  lana_domain            = "testflight.lana.example"
  enable_artificial_time = true
  values_file            = "${path.root}/values.rendered.yaml"
  secrets_from           = var.secrets_from
  secrets                = var.secrets
  timeout                = var.timeout
}

output "release" {
  description = "What is flown."
  value       = module.lana_bank.release
}
