"""A working tree that deploys a small chart, with real git, Terraform, Helm and pods."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tasks.cluster import LocalCluster
from tasks.images.builder import build
from tasks.promotion.engine import Record, statefile
from tasks.registry import LayoutRegistry
from tests.cluster import samples
from tests.project import PIPELINE, ROOT, Project, Run
from tests.promotion.line import Remote

NAMES = ("staging", "qa", "production")
SETTINGS = """\
chart: {path: charts/app, images: {server: image.digest}}
cluster: {kind: local, path: world/cluster}
deployments: {vendored: modules/app/chart, state: world/terraform}
testflight: {}
smoketest:
  timeout: 3s
  endpoints:
    app: {service: app, version: true}
environments:
  staging: {}
  qa: {passed: staging}
  production: {passed: qa, gate: true}
"""
CEPLER = """\
deployment: shop
environments:
  staging: {latest: [modules/**, staging/*]}
  qa: {passed: staging, propagated: [modules/**], latest: [qa/*]}
  production: {passed: qa, propagated: [modules/**], latest: [production/*]}
"""
MODULE = """\
variable "namespace" { type = string }
variable "values_file" { type = string }

locals {
  chart = "${path.module}/chart"
  chart_sha256 = sha256(join("\\n", [
    for name in sort(fileset(local.chart, "**")) : "${filesha256("${local.chart}/${name}")} ${name}"
  ]))
}

resource "terraform_data" "namespace" {
  triggers_replace = var.namespace
  provisioner "local-exec" {
    interpreter = ["slipway-cluster", "namespace", "create"]
    command     = self.triggers_replace
  }
}

resource "terraform_data" "release" {
  triggers_replace = {
    namespace_id  = terraform_data.namespace.id
    chart_sha256  = local.chart_sha256
    values_sha256 = filesha256(var.values_file)
  }
  provisioner "local-exec" {
    interpreter = [
      "slipway-cluster", "install", "--release", "app", "--namespace", var.namespace,
      "--chart", local.chart, "--values", var.values_file, "--timeout",
    ]
    command = "5s"
  }
}
"""
MAIN = """\
terraform {
  backend "local" {}
}
variable "namespace" { type = string }
module "app" {
  source      = "../modules/app"
  namespace   = var.namespace
  values_file = "${path.root}/values.yml"
}
output "where" { value = var.namespace }
"""
TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 1
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: app
          image: "server@{{ .Values.image.digest }}"
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1}
          env: [{name: MODE, value: {{ .Values.mode | quote }}}]
---
apiVersion: v1
kind: Service
metadata: {name: app}
spec: {selector: {app: app}, ports: [{port: 80, targetPort: http, protocol: TCP}]}
"""
DODO = """\
from tasks.desk.plan import plan
from tasks.desk.tasks import task_history, task_status
from tasks.kernel import declare
from tasks.kernel.pipeline import pipeline
from tasks.kernel.settings import doit_config
from tasks.promotion.tasks import task_deployments, task_promotion
from tasks.deploy.tasks import task_live, task_tfplan, task_apply, task_health, task_deploy
from tasks.deploy.tasks import task_deploy_all
from tasks.deploy.gate_tasks import task_approve_environment, task_reject_environment
from tasks.deploy.gate_tasks import task_override_environment, task_rollback, task_resume
from tasks.deploy.gate_tasks import task_unlock, task_drift, task_restart

def task_values():
    after = {"actions": None, "task_dep": ["deployments"], "doc": "none"}
    for name in pipeline().environments:
        yield {"basename": f"chart:values:{name}", **after}

def task_plan():
    return declare.command("plan", plan, doc="plan", pos_arg="tasks", shows=True)

DOIT_CONFIG = doit_config(default=["deploy:staging"])
"""


class Place(Project):
    """One working tree; `clone` makes others that share the world outside."""

    def __init__(self, folder: Path, remote: Remote, world: Path | None = None) -> None:
        super().__init__(folder, world)
        (folder / "dodo.py").write_text(DODO)
        text = PIPELINE.replace("environments: {}\n", SETTINGS)
        text = text.replace("world/deployments.git", str(remote.path))
        (folder / "pipeline.yml").write_text(text)
        self.remote = remote
        self.registry = LayoutRegistry(self.world / "registry")
        self.cluster = LocalCluster(self.world / "cluster", self.registry, patience=10)

    def clone(self, folder: Path) -> Place:
        """Return another working tree of somebody else, with the same world outside."""
        return Place(folder, self.remote, self.world)

    def image(self, version: str) -> str:
        """Push the server at a version, and return its digest."""
        context = self.folder / "contexts" / version
        context.mkdir(parents=True, exist_ok=True)
        (context / "app.py").write_text(samples.APP)
        (context / "version").write_text(json.dumps({"version": version}))
        (context / "Dockerfile").write_text(samples.DOCKERFILE)
        layout = context.with_suffix(".oci")
        built = build(context, "Dockerfile", layout, args={}, labels={}, created=samples.CREATED)
        self.registry.push("server", layout, version)
        return built.digest

    def chart(self, version: str, digest: str = "") -> dict[str, str | None]:
        """Return the files of the vendored chart with a release in it."""
        digest = digest or self.image(version)
        chart = f"apiVersion: v2\nname: app\nversion: 0.0.{version[-1]}\nappVersion: {version}\n"
        return {
            "modules/app/chart/Chart.yaml": chart,
            "modules/app/chart/values.yaml": f"image: {{digest: {digest!r}}}\nmode: ''\n",
            "modules/app/chart/templates/app.yaml": TEMPLATE,
        }

    def vendor(self, version: str, digest: str = "") -> str:
        """Commit a release of the chart, as the pipeline does after a testflight."""
        return self.remote.commit(f"vendor {version}", self.chart(version, digest))

    def seed_deployments(self) -> None:
        """Commit everything that three environments are made from."""
        files: dict[str, str | None] = {"cepler.yml": CEPLER, "modules/app/main.tf": MODULE}
        for name in NAMES:
            files[f"{name}/main.tf"] = MAIN
            files[f"{name}/values.yml"] = "mode: ''\n"
        self.remote.commit("first", files | self.chart("1.0.0"))

    def deploy(self, name: str, **env: str) -> Run:
        return self.doit(f"deploy:{name}", env=env)

    def says(self, name: str, *, by: str = "Grace", why: str = "looks right") -> Run:
        """Approve what an environment waits for."""
        return self.doit(f"approve:{name}", f"--by={by}", f"--why={why}")

    def record(self, name: str) -> Record | None:
        """Return what stands recorded on the remote."""
        path = f".cepler/shop/{name}.state"
        try:
            return statefile.parse(self.remote.file(path).encode(), path)
        except Exception:
            return None

    def records(self) -> list[str]:
        """Return the subjects of the state commits, the oldest first."""
        return [line for line in reversed(self.remote.log()) if line.startswith("ci(cepler)")]

    def live(self, name: str) -> dict[str, str]:
        """Return what runs: workload → digest."""
        namespace = f"shop-{name}"
        if namespace not in self.cluster.namespaces():
            return {}
        return {one.name: one.digest for one in self.cluster.workloads(namespace)}

    def fact(self, path: str) -> Any:
        return json.loads((self.folder / path).read_text())

    def state(self, name: str) -> dict[str, Any]:
        """Return Terraform's state of an environment."""
        found: dict[str, Any] = json.loads((self.world / f"terraform/{name}.tfstate").read_text())
        return found

    def serial(self, name: str) -> int:
        return int(self.state(name)["serial"])

    def touch_state(self, name: str) -> None:
        """Move a state as somebody with Terraform alone could: the release is not in it now."""
        file = self.world / f"terraform/{name}.tfstate"
        told = json.loads(file.read_text())
        told["serial"] += 1
        told["resources"] = [one for one in told["resources"] if one["name"] != "release"]
        file.write_text(json.dumps(told))

    def busy(self, *args: str) -> subprocess.Popen[bytes]:
        """Start doit and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "doit", *args],
            cwd=self.folder,
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def everything(self) -> dict[str, bytes]:
        """Return every file of the tree that a run could write, to compare."""
        found = {}
        for folder in ("build", "world"):
            for file in sorted((self.folder / folder).rglob("*")):
                if file.is_file() and "logs" not in file.parts and "mirrors" not in file.parts:
                    found[file.relative_to(self.folder).as_posix()] = file.read_bytes()
        return found


def helm_folder() -> Path | None:
    """Return the folder of the Helm that this checkout has fetched, or that is installed."""
    from tasks.kernel.tools import look

    found = [seen.path for seen in look("helm", ROOT) if seen.fits]
    if found:
        return found[0].parent
    there = shutil.which("helm")
    return Path(there).parent if there else None
