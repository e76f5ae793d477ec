# One environment of lana-bank: a namespace, and in it the release of the vendored chart. The cluster is reached by the
# command slipway-cluster, which whoever runs Terraform puts on PATH; no shell is involved, and neither a path nor a
# time gets into the state, so that every machine plans the same.

terraform {
  required_version = ">= 1.4"
}

locals {
  release = "lana-bank"
  chart   = "${path.module}/vendor/lana-bank/chart"

  # Read with care, so that what is missing is told by a precondition and not by a function.
  vendored      = fileexists("${local.chart}/Chart.yaml")
  chart_yaml    = yamldecode(local.vendored ? file("${local.chart}/Chart.yaml") : "{}")
  chart_version = try(tostring(local.chart_yaml.version), "none")
  app_version   = try(tostring(local.chart_yaml.appVersion), "none")
  chart_sha256 = sha256(join("\n", [
    for name in sort(fileset(local.chart, "**")) : "${filesha256("${local.chart}/${name}")}  ${name}"
  ]))

  rendered      = fileexists(var.values_file)
  values        = yamldecode(local.rendered ? file(var.values_file) : "{}")
  values_sha256 = local.rendered ? filesha256(var.values_file) : "none"

  # The one setting of the server that must never be a matter of values alone.
  artificial_time = try(local.values.lanaBank.env.ENABLE_ARTIFICIAL_TIME == "true", false)

  # Where the values say that the server's database password is kept.
  database_from = try(tostring(local.values.lanaBank.env.DATABASE_FROM), "")
}

resource "terraform_data" "namespace" {
  triggers_replace = var.namespace

  provisioner "local-exec" {
    interpreter = concat(
      ["slipway-cluster", "namespace", "create", "--label", "environment=${var.environment}"],
      var.secrets_from == "" ? [] : ["--secrets-from", var.secrets_from],
      flatten([for name in var.secrets : ["--secret", name]]),
    )
    command = self.triggers_replace
  }

  # Everything that runs in it ends with it.
  provisioner "local-exec" {
    when        = destroy
    interpreter = ["slipway-cluster", "namespace", "delete"]
    command     = self.triggers_replace
  }
}

# Another chart or other values install the release anew over the old one, pod by pod. Nothing is done when the resource
# is destroyed: a replaced release would have a gap, and deleting the namespace ends it.
resource "terraform_data" "release" {
  triggers_replace = {
    namespace_id  = terraform_data.namespace.id
    chart_sha256  = local.chart_sha256
    values_sha256 = local.values_sha256
  }

  input = {
    name          = local.release
    namespace     = var.namespace
    chart_version = local.chart_version
    app_version   = local.app_version
    chart_sha256  = local.chart_sha256
    values_sha256 = local.values_sha256

    database_secrets = var.database_secrets # so that the databases are there first
  }

  lifecycle {
    precondition {
      condition     = local.vendored
      error_message = "No chart has been vendored yet: doit release does it, after a testflight."
    }

    precondition {
      condition     = local.rendered
      error_message = "The environment's values have not been rendered: the release pipeline does it from values.yml."
    }

    precondition {
      condition     = var.enable_artificial_time || !local.artificial_time
      error_message = "The values turn artificial time on, and this environment does not allow it."
    }

    precondition {
      condition     = local.database_from == "" || local.database_from == lookup(var.database_secrets, "server", "")
      error_message = "lanaBank.env.DATABASE_FROM names another place than the password of this environment's own database."
    }
  }

  provisioner "local-exec" {
    interpreter = [
      "slipway-cluster", "install",
      "--release", local.release,
      "--namespace", var.namespace,
      "--chart", local.chart,
      "--values", var.values_file,
      "--timeout",
    ]
    command = var.timeout
  }
}
