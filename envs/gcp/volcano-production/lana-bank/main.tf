terraform {
  required_version = ">= 1.4"

  # Where the state is kept is told by whoever runs this: terraform init -backend-config=path=…
  backend "local" {}
}

variable "namespace" {
  description = "Where production runs."
  type        = string
  default     = "lana-bank-production"
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
  environment            = "production"
  namespace              = var.namespace
  lana_domain            = module.shared.domain
  enable_artificial_time = false
  values_file            = "${path.root}/values.rendered.yaml"
  database_secrets       = module.databases.secrets
  timeout                = var.timeout
}

module "databases" {
  source      = "../../../modules/lana-bank-gcp-pg"
  environment = "production"
  project     = module.shared.project
  region      = module.shared.region

  tiers = {
    server   = "db-custom-4-15360"
    dagster  = "db-custom-1-3840"
    keycloak = "db-custom-1-3840"
  }
  highly_available    = true
  replication         = true
  backups_kept        = 30
  deletion_protection = true
}

output "release" {
  description = "What production runs."
  value       = module.lana_bank.release
}

output "url" {
  description = "Where the customer portal of production is reached."
  value       = module.lana_bank.url
}

output "databases" {
  description = "The database instances of production."
  value       = module.databases.instances
}

output "secrets" {
  description = "Where the passwords of the databases are kept."
  value       = module.databases.secrets
}
