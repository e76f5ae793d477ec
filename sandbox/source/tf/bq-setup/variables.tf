variable "name_prefix" {
  description = "Begins the names of all that is made."
  type        = string
}

variable "location" {
  description = "Where the data is kept."
  type        = string
  default     = "EU"
}

variable "additional_owners" {
  description = "Who owns the dataset besides the pipeline."
  type        = list(string)
  default     = []
}
