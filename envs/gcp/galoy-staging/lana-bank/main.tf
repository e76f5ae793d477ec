terraform {
  required_version = ">= 1.4"

  # Where the state is kept is told by whoever runs this: terraform init -backend-config=path=…
  backend "local" {}
}

variable "namespace" {
  description = "Where staging runs."
  type        = string
  default     = "lana-bank-staging"
}

variable "timeout" {
  description = "How long an installation may take."
  type        = string
  default     = "15m"
}

module "shared" {
  source = "../shared"
}

module "lana_bank" {
  source                 = "../../../modules/lana-bank"
  environment            = "staging"
  namespace              = var.namespace
  lana_domain            = module.shared.domain
  enable_artificial_time = true
  values_file            = "${path.root}/values.rendered.yaml"
  database_secrets       = module.databases.secrets
  timeout                = var.timeout
}

module "databases" {
  source      = "../../../modules/lana-bank-gcp-pg"
  environment = "staging"
  project     = module.shared.project
  region      = module.shared.region
}

output "release" {
  description = "What staging runs."
  value       = module.lana_bank.release
}

output "url" {
  description = "Where the customer portal of staging is reached."
  value       = module.lana_bank.url
}

output "databases" {
  description = "The database instances of staging."
  value       = module.databases.instances
}

output "secrets" {
  description = "Where the passwords of the databases are kept."
  value       = module.databases.secrets
}
