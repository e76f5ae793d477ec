variable "instance_name" {
  description = "Name of the instance, unique in its project."
  type        = string
}

variable "database_version" {
  description = "Version of PostgreSQL, as the cloud spells it."
  type        = string
}

variable "tier" {
  description = "Size of the machine, as the cloud spells it."
  type        = string
}

variable "region" {
  description = "Where it runs."
  type        = string
}

variable "databases" {
  description = "Databases in it."
  type        = list(string)
}

variable "highly_available" {
  description = "Whether a second machine in another zone takes over when the first one fails."
  type        = bool
  default     = false
}

variable "replication" {
  description = "Whether every change is streamed to the data warehouse as well."
  type        = bool
  default     = false
}

variable "backups_kept" {
  description = "How many daily backups are kept; 0 for no backups."
  type        = number
  default     = 7

  validation {
    condition     = var.backups_kept >= 0 && floor(var.backups_kept) == var.backups_kept
    error_message = "A number of backups is 0, 1, 2 and so on."
  }
}

variable "deletion_protection" {
  description = "Whether a plan that would destroy the instance is refused."
  type        = bool
  default     = false
}
