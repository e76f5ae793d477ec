# The databases of one environment on Azure Database for PostgreSQL: an instance each for the server, Dagster and Keycloak, since the
# three are upgraded, sized and restored apart from one another.

terraform {
  required_version = ">= 1.4"
}

locals {
  databases = {
    server   = ["lana"]
    dagster  = ["dagster"]
    keycloak = ["keycloak"]
  }
}

module "postgresql" {
  source   = "../infra/vendor/tf/postgresql"
  for_each = local.databases

  instance_name       = "lana-bank-${var.environment}-${each.key}"
  database_version    = "16"
  tier                = var.tiers[each.key]
  region              = var.region
  databases           = each.value
  highly_available    = var.highly_available
  replication         = var.replication && each.key == "server"
  backups_kept        = var.backups_kept
  deletion_protection = var.deletion_protection
}
