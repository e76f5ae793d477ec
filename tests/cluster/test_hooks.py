"""Hooks and CRDs of a chart: rendered with it, run by a real cluster, refused by the embedded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.cluster import Manifest, digest_of, helm
from tasks.kernel.errors import Failed, WrongUsage
from tests.cluster.conftest import Place
from tests.needs import need

LONG = 60.0
TEMPLATES = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {at: 22:22, day: 2026-01-31}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-weight": "1"}
spec: {backoffLimit: 0}
---
apiVersion: v1
kind: Pod
metadata: {name: try, annotations: {"helm.sh/hook": test}}
---
apiVersion: v1
kind: Pod
metadata: {name: both, annotations: {"helm.sh/hook": "post-install,test"}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: own.shop.example.org}
"""
CRD = """\
# A comment, and two documents.
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %s.shop.example.org}
---
# Source: elsewhere/templates/crd.yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: more-%s.shop.example.org}
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart with everything that is no plain manifest, and one below it."""
    folder = tmp_path / "shop"
    for place, name in ((folder, "shop"), (folder / "charts/below", "below")):
        (place / "templates").mkdir(parents=True)
        (place / "crds").mkdir()
        (place / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 0.0.1\n")
        (place / "crds/all.yaml").write_text(CRD % (name, name))
    (folder / "templates/all.yaml").write_text(TEMPLATES)
    return folder


def _named(manifests: list[Manifest]) -> dict[str, Any]:
    return {one["metadata"]["name"]: one["metadata"].get("annotations") for one in manifests}


def test_a_chart_is_rendered_with_its_hooks_and_crds(
    chart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_HELM", need("helm"))
    found = helm.render(chart, "shop", "staging", [])
    mark = {"helm.sh/hook": "crd-install"}
    hook = {"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-weight": "1"}
    assert _named(found) == {
        **{f"{name}.shop.example.org": mark for name in ("shop", "below")},
        **{f"more-{name}.shop.example.org": mark for name in ("shop", "below")},
        "own.shop.example.org": None,  # that one Helm updates with the release
        "settings": None,
        "migrate": hook,
        "both": {"helm.sh/hook": "post-install,test"},
    }
    [settings] = [one for one in found if one["metadata"]["name"] == "settings"]
    assert settings["data"] == {"at": "22:22", "day": "2026-01-31"}


def _job(image: str, *, mode: str = "job", hook: str = "pre-install,pre-upgrade") -> Manifest:
    container = {"name": "migrate", "image": image, "env": [{"name": "MODE", "value": mode}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate", "annotations": {"helm.sh/hook": hook}},
        "spec": {
            "backoffLimit": 0,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        },
    }


def _crd(name: str) -> Manifest:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{name}s.shop.example.org",
            "annotations": {"helm.sh/hook": "crd-install"},
        },
        "spec": {"group": "shop.example.org", "names": {"kind": name.title()}},
    }


@pytest.mark.slow
def test_a_cluster_runs_the_hooks_and_has_the_crds(kube: Place) -> None:
    assert kube.server is not None
    store = kube.server.store
    kube.cluster.create("staging", {})
    first = [kube.web(), _job(kube.image()), _crd("order")]

    done = kube.cluster.install("staging", "shop", first, LONG)

    ran = store.get(("jobs", "staging", "migrate"))
    assert ran["status"]["succeeded"] == 1
    assert store.has(("customresourcedefinitions", "", "orders.shop.example.org"))
    assert digest_of(kube.cluster.manifests("staging", "shop")) == digest_of(first) == done.digest
    assert kube.cluster.install("staging", "shop", first, LONG) == done
    again = store.get(("jobs", "staging", "migrate"))
    assert again["metadata"]["uid"] == ran["metadata"]["uid"], "nothing changed, nothing ran"

    store.remove(("customresourcedefinitions", "", "orders.shop.example.org"))
    newer = [kube.web(version="2"), _job(kube.image()), _crd("order"), _crd("customer")]
    kube.cluster.install("staging", "shop", newer, LONG)
    for name in ("orders", "customers"):
        assert store.has(("customresourcedefinitions", "", f"{name}.shop.example.org"))
    again = store.get(("jobs", "staging", "migrate"))
    assert again["metadata"]["uid"] != ran["metadata"]["uid"], "it ran before the upgrade"
    kube.cluster.uninstall("staging", "shop")
    assert store.has(("customresourcedefinitions", "", "orders.shop.example.org"))


@pytest.mark.slow
def test_a_hook_that_fails_stops_the_upgrade_and_its_words_are_kept(kube: Place) -> None:
    kube.cluster.create("staging", {})
    first = kube.cluster.install("staging", "shop", [kube.web()], LONG)
    broken = [kube.web(version="2"), _job(kube.image(), mode="crash")]
    with pytest.raises(Failed, match="migrate failed; the release runs as it did") as error:
        kube.cluster.install("staging", "shop", broken, LONG)
    assert "there is no database" in str(error.value)
    assert kube.cluster.history("staging", "shop") == [first]
    assert "there is no database" in str(kube.cluster.logs("staging", "migrate"))


def test_the_embedded_cluster_refuses_what_it_cannot_run(local: Place) -> None:
    local.cluster.create("staging", {})
    for wrong, why, where in (
        (_job(local.image()), "runs no hooks of Helm", "Job/migrate: metadata.annotations"),
        (_crd("order"), "cannot run a CustomResourceDefinition", "CustomResourceDefinition/"),
    ):
        with pytest.raises(WrongUsage, match=why) as error:
            local.cluster.install("staging", "shop", [local.web(), wrong], 5)
        assert error.value.where.startswith(where)
        assert "switch it off in the values" in error.value.fix
    assert local.cluster.workloads("staging") == []


@pytest.mark.slow
def test_a_hook_that_helm_does_not_know_is_refused(kube: Place) -> None:
    kube.cluster.create("staging", {})
    with pytest.raises(WrongUsage, match="Helm knows no hook 'pre-instal'"):
        kube.cluster.install("staging", "shop", [_job(kube.image(), hook="pre-instal")], 5)
