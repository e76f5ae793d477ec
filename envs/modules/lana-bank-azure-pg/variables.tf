variable "environment" {
  description = "Name of the environment, part of each instance's name."
  type        = string
}

variable "project" {
  description = "The subscription's key vault that keeps the secrets, and whose resource group has the instances."
  type        = string
}

variable "region" {
  description = "Where the instances run."
  type        = string
}

variable "tiers" {
  description = "Size of the machine of each instance."
  type = object({
    server   = string
    dagster  = string
    keycloak = string
  })
  default = {
    server   = "GP_Standard_D2s_v3"
    dagster  = "B_Standard_B1ms"
    keycloak = "B_Standard_B1ms"
  }
}

variable "highly_available" {
  description = "Whether a second machine in another zone takes over when the first one fails."
  type        = bool
  default     = false
}

variable "replication" {
  description = "Whether the server's changes are streamed to the data warehouse."
  type        = bool
  default     = false
}

variable "backups_kept" {
  description = "How many daily backups are kept; 0 for no backups."
  type        = number
  default     = 7
}

variable "deletion_protection" {
  description = "Whether a plan that would destroy an instance is refused."
  type        = bool
  default     = false
}
