# The warehouse that the data pipeline fills: a dataset, and who may read and write it. Here its settings are all there
# is of it; on a cloud they would become a google_bigquery_dataset.

terraform {
  required_version = ">= 1.4"
}

locals {
  dataset = "${replace(var.name_prefix, "-", "_")}_dataset"
}

resource "terraform_data" "dataset" {
  input = {
    dataset  = local.dataset
    location = var.location
    owners   = sort(concat(var.additional_owners, ["dagster"]))
  }
}
