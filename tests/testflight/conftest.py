"""A world for flights: the delivered modules, a small chart, two images, and a cluster."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tasks.cluster import Cluster, open_cluster
from tasks.images.builder import build
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.config import load
from tasks.kernel.facts import canonical
from tasks.kernel.tools import look
from tasks.kernel.world import World
from tasks.registry import open_registry
from tests.cluster.conftest import leftovers
from tests.cluster.samples import APP, CREATED, DOCKERFILE
from tests.needs import need
from tests.project import WHO
from tests.sandboxed import sandboxed, shelf

__all__ = ["sandboxed", "shelf"]

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = """\
project: lana-bank
remotes:
  source: {url: world/source.git, branch: main}
  charts: {url: world/charts.git, branch: main}
  deployments: {url: world/deployments.git, branch: main}
inputs: {web: [web]}
checks: {}
images:
  web: {inputs: [web], context: web, dockerfile: Dockerfile}
  api: {inputs: [web], context: web, dockerfile: Dockerfile}
registry: {kind: local, path: world/registry}
forge: {kind: local, path: world/forge}
chart:
  path: charts/lana-bank
  values: values.yaml
  images: {web: web.digest, api: api.digest}
cluster: {kind: local, path: world/cluster}
deployments: {vendored: modules/lana-bank/vendor/lana-bank/chart, state: world/terraform}
testflight: {root: testflight, timeout: 60s}
smoketest:
  timeout: 1s
  endpoints:
    web: {service: web, port: 80, path: /healthz, version: true}
    api: {service: api, port: 80, path: /}
environments: {staging: {}}
"""
TEMPLATE = """\
{{- range $name, $one := .Values }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ $name }}}
spec:
  replicas: 1
  selector: {matchLabels: {app: {{ $name }}}}
  template:
    metadata: {labels: {app: {{ $name }}}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: app
          image: "{{ $name }}@{{ $one.digest }}"
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1}
          env: [{name: MODE, value: "{{ $one.mode }}"}]
---
apiVersion: v1
kind: Service
metadata: {name: {{ $name }}}
spec:
  selector: {app: {{ $name }}}
  ports: [{port: 80, targetPort: http}]
---
{{- end }}
"""


class Sky:
    """Where flights take place, and what is in their way."""

    def __init__(self, folder: Path, pipeline: str = PIPELINE, registry: str = "") -> None:
        self.folder = folder
        (folder / "pipeline.yml").write_text(pipeline)
        self.world = World(load(folder / "pipeline.yml"), folder)
        self.registry = open_registry(self.world.config.registry, folder)
        self.template = TEMPLATE.replace('image: "', f'image: "{registry}')
        self.digests = {name: self.image(name, "0.42.0") for name in ("web", "api")}
        self.chart: dict[str, Any] = {}
        self.publish_modules({})
        self.publish_chart({name: {"digest": at} for name, at in self.digests.items()})

    @property
    def cluster(self) -> Cluster:
        return open_cluster(self.world)

    @property
    def namespace(self) -> str:
        return f"lana-bank-testflight-{self.chart['commit'][:7]}"

    def image(self, name: str, version: str) -> str:
        """Push an image whose service says a version; return its digest."""
        context = self.folder / f"context-{name}-{version}"
        context.mkdir()
        (context / "app.py").write_text(APP)
        (context / "version").write_text(json.dumps({"version": version, "name": name}))
        (context / "Dockerfile").write_text(DOCKERFILE)
        layout = self.folder / f"{name}-{version}.oci"
        built = build(context, "Dockerfile", layout, args={}, labels={}, created=CREATED)
        self.registry.push(name, layout, version)
        return built.digest

    def publish_chart(self, values: dict[str, Any], app_version: str = "0.42.0") -> None:
        """Commit a chart with these values, and write the facts that come before a flight."""
        import yaml

        files = {
            "Chart.yaml": f"apiVersion: v2\nname: lana-bank\nversion: 0.9.0\n"
            f"appVersion: {app_version}\n",
            "values.yaml": yaml.safe_dump(values),
            "templates/all.yaml": self.template,
        }
        tree = self.folder / "charts-tree"
        shutil.rmtree(tree, ignore_errors=True)
        for name, content in files.items():
            file = tree / "charts/lana-bank" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        commit = self._mirror("charts", tree)
        images = {n: {"repository": n, "digest": at} for n, at in self.digests.items()}
        self.chart = {
            **{"commit": commit, "tree": "f" * 40, "version": "0.9.0", "app_version": app_version},
            **{"release": "0.42.0", "source": "e" * 40, "images": images},
        }
        self.world.write_json(paths.CHART, self.chart)
        self.world.write(paths.rendered_values("testflight"), b"{}\n")
        manifests = [
            {
                "kind": "Deployment",
                "metadata": {"name": name},
                "spec": {
                    "template": {"spec": {"containers": [{"image": f"{name}@{v['digest']}"}]}}
                },
            }
            for name, v in values.items()
        ]
        self.world.write(paths.manifests("testflight"), yaml.safe_dump_all(manifests).encode())

    def publish_modules(self, changes: dict[str, str]) -> None:
        """Commit the delivered deployments tree with changes, as the head of the run."""
        tree = self.folder / "deployments-tree"
        shutil.rmtree(tree, ignore_errors=True)
        shutil.copytree(ROOT / "envs", tree, ignore=shutil.ignore_patterns(".terraform"))
        for name, content in changes.items():
            (tree / name).unlink(missing_ok=True)
            (tree / name).write_text(content)
        commit = self._mirror("deployments", tree)
        told = {"branch": "main", "commit": commit, "gates": ""}
        self.world.write_json(paths.DEPLOYMENTS, told)

    def _mirror(self, name: str, tree: Path) -> str:
        mirror = self.world.mirror(name)
        if not mirror.exists():
            mirror.parent.mkdir(parents=True, exist_ok=True)
            g.git("init", "--bare", "--quiet", str(mirror))
        place = ("--git-dir", str(mirror), "--work-tree", str(tree))
        g.git(*place, "add", "--all", cwd=tree)
        listed = g.text(*place, "write-tree", cwd=tree)
        who = g.identity(*WHO, "1767225600 +0000")
        return g.text("commit-tree", listed, "-F", "-", repo=mirror, env=who, stdin=b"x\n")

    def reload(self) -> None:
        """Read the configuration again."""
        self.world = World(load(self.folder / "pipeline.yml"), self.folder)

    def link(self, name: str, target: Path) -> None:
        """Commit a link to the deployments repository."""
        tree = self.folder / "deployments-tree"
        (tree / name).symlink_to(target)
        told = {"branch": "main", "commit": self._mirror("deployments", tree), "gates": ""}
        self.world.write_json(paths.DEPLOYMENTS, told)

    def verdict(self) -> Any:
        return self.world.json_or(paths.TESTFLIGHT, None)

    def nothing_is_left(self) -> None:
        assert self.cluster.namespaces("lana-bank-testflight") == {}
        assert leftovers(self.folder) == []
        states = self.folder / "world/terraform"
        assert [path.name for path in states.glob("*")] == []
        assert not self.world.work("testflight").exists()

    def expected(self) -> dict[str, Any]:
        return {
            **{"chart": self.chart["commit"], "tree": "f" * 40, "release": "0.42.0"},
            **{"values": sha256(b"{}\n").hexdigest(), "digests": self.digests, "endpoints": 2},
        }


def same(one: Any, other: Any) -> bool:
    return canonical(one) == canonical(other)


@pytest.fixture
def sky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sky]:
    need("terraform")
    # What the pipeline has fetched for itself will do; what it would fetch now will not.
    fetched = [seen.path for seen in look("helm", ROOT) if seen.fits]
    helm = fetched[0] if fetched else Path(need("helm"))
    monkeypatch.setenv("PATH", f"{helm.parent}{os.pathsep}{os.environ['PATH']}")
    # The run lock and the logs of this flight are none of this working tree's.
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    there = Sky(tmp_path)
    yield there
    there.cluster.sweep("")
    assert leftovers(tmp_path) == []
