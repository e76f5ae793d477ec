# One managed PostgreSQL instance, whichever cloud runs it. On a cloud this would be its database resource; here the
# settings are all there is of it, planned and recorded as they would be. No password is in a plan or a state: what
# reads the database is told where the password is kept.

terraform {
  required_version = ">= 1.4"
}

resource "terraform_data" "instance" {
  input = {
    name                = var.instance_name
    version             = var.database_version
    tier                = var.tier
    region              = var.region
    databases           = var.databases
    highly_available    = var.highly_available
    replication         = var.replication
    backups_kept        = var.backups_kept
    deletion_protection = var.deletion_protection
  }
}
