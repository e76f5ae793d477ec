# One environment of lana-bank. A change to the vendored chart or to the environment's values replaces nothing: it is
# an update of the release, planned and applied like any other.

terraform {
  required_version = ">= 1.4"
}

locals {
  chart  = "${path.module}/vendor/lana-bank/chart"
  values = yamldecode(file(var.values_file))

  # Until a chart has been vendored there is no release to describe, and a plan says so.
  chart_version = try(yamldecode(file("${local.chart}/Chart.yaml")).version, "none")
  app_version   = try(yamldecode(file("${local.chart}/Chart.yaml")).appVersion, "none")
  chart_sha256 = sha256(join("\n", [
    for name in sort(fileset(local.chart, "**")) : "${filesha256("${local.chart}/${name}")}  ${name}"
  ]))
}

resource "terraform_data" "release" {
  input = {
    name          = "lana-bank"
    environment   = var.environment
    domain        = var.domain
    chart_version = local.chart_version
    app_version   = local.app_version
    chart_sha256  = local.chart_sha256
    values        = local.values
  }
}
