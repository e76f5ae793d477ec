terraform {
  required_version = ">= 1.4"

  # Where the state is kept is told by whoever runs this: terraform init -backend-config=path=…
  backend "local" {}
}

variable "namespace" {
  description = "Where azure-staging runs."
  type        = string
  default     = "lana-bank-azure-staging"
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
  environment            = "azure-staging"
  namespace              = var.namespace
  lana_domain            = module.shared.domain
  enable_artificial_time = true
  values_file            = "${path.root}/values.rendered.yaml"
  database_secrets       = module.databases.secrets
  timeout                = var.timeout
}

module "databases" {
  source      = "../../../modules/lana-bank-azure-pg"
  environment = "azure-staging"
  project     = module.shared.project
  region      = module.shared.region
}

output "release" {
  description = "What azure-staging runs."
  value       = module.lana_bank.release
}

output "url" {
  description = "Where the customer portal of azure-staging is reached."
  value       = module.lana_bank.url
}

output "databases" {
  description = "The database instances of azure-staging."
  value       = module.databases.instances
}

output "secrets" {
  description = "Where the passwords of the databases are kept."
  value       = module.databases.secrets
}
