# The databases of one environment: an instance each for the server, Dagster and Keycloak. On a cloud this would be a
# managed PostgreSQL; here the settings are all there is of it, planned and recorded as they would be.

terraform {
  required_version = ">= 1.4"
}

locals {
  instances = {
    server   = { databases = ["lana"] }
    dagster  = { databases = ["dagster"] }
    keycloak = { databases = ["keycloak"] }
  }
}

resource "terraform_data" "instance" {
  for_each = local.instances

  input = {
    name                = "lana-bank-${var.environment}-${each.key}"
    version             = "POSTGRES_16"
    tier                = var.tiers[each.key]
    databases           = each.value.databases
    highly_available    = var.highly_available
    backups_kept        = var.backups_kept
    deletion_protection = var.deletion_protection
  }
}
