variable "environment" {
  description = "Name of the environment; its namespace is labelled with it."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$", var.environment))
    error_message = "An environment's name is a DNS label: lower case letters, digits and hyphens."
  }
}

variable "namespace" {
  description = "Where the release runs."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "A namespace's name is a DNS label: lower case letters, digits and hyphens."
  }
}

variable "lana_domain" {
  description = "Host name under which the customer portal is reached."
  type        = string
}

variable "enable_artificial_time" {
  description = "Whether the values may set ENABLE_ARTIFICIAL_TIME, to test what depends on time."
  type        = bool
  default     = false
}

variable "values_file" {
  description = "Path of the rendered chart values."
  type        = string
}

variable "database_secrets" {
  description = "Where the password of each database is kept, by the part that it belongs to: references, never passwords."
  type        = map(string)
  default     = {}
}

variable "secrets_from" {
  description = "A namespace whose secrets are copied into a new one; empty for none."
  type        = string
  default     = ""
}

variable "secrets" {
  description = "Which of them; each must be there. Empty for all."
  type        = list(string)
  default     = []
}

variable "timeout" {
  description = "How long an installation may take until all is ready."
  type        = string
  default     = "15m"
}
