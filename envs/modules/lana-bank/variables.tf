variable "environment" {
  description = "Name of the environment, also of its namespace."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$", var.environment))
    error_message = "An environment's name is a DNS label: lower case letters, digits and hyphens."
  }
}

variable "domain" {
  description = "Host name under which the customer portal is reached."
  type        = string
}

variable "values_file" {
  description = "Path of the environment's chart values."
  type        = string
}
