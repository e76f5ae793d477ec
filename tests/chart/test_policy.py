"""The policy: every image by its digest, no latest, limits; in whatever kind of manifest."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.chart.policy import violations

DIGEST = "sha256:" + "a" * 64
LIMITED = {"limits": {"cpu": "1", "memory": "1Gi"}}


def _pod(*images: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": one, "resources": LIMITED} for one in images]}


def _deployment(*images: Any) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": _pod(*images)}},
    }


@pytest.mark.parametrize(
    "image",
    [f"web@{DIGEST}", f"host:5000/a/web@{DIGEST}", f"web:1.2.3@{DIGEST}", f"latest@{DIGEST}"],
)
def test_a_digest_pins(image: str) -> None:
    assert violations([_deployment(image)]) == []


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("web", "web is not pinned by a digest"),
        ("web:1.2.3", "web:1.2.3 is not pinned by a digest"),
        ("web:latest", "web:latest says latest"),
        (f"web:latest@{DIGEST}", f"web:latest@{DIGEST} says latest"),
        ("web@sha256:abc", "web@sha256:abc is not pinned by a digest"),
        (f"@{DIGEST}", f"@{DIGEST} is not pinned by a digest"),
        ("", "no image"),
        (None, "no image"),
        (7, "no image"),
    ],
)
def test_all_else_does_not(image: Any, says: str) -> None:
    [line] = violations([_deployment(f"web@{DIGEST}", image)])
    assert line == f"Deployment/web: spec.template.spec.containers[1].image: {says}"


@pytest.mark.parametrize(
    "resources",
    [None, {}, {"requests": LIMITED["limits"]}, {"limits": None}, {"limits": {"cpu": ""}}, "much"],
)
def test_limits_are_asked_of_every_container(resources: Any) -> None:
    container = {"image": f"web@{DIGEST}", "resources": resources}
    pod = {"initContainers": [container], **_pod(f"web@{DIGEST}")}
    job = {"kind": "Job", "metadata": {"name": "j"}, "spec": {"template": {"spec": pod}}}
    [line] = violations([job])
    place = "spec.template.spec.initContainers[0].resources.limits"
    assert line == f"Job/j: {place}: no limit of cpu or memory"


@pytest.mark.parametrize("limits", [{"cpu": 1}, {"memory": "1Gi"}, {"cpu": "1", "memory": "1Gi"}])
def test_one_limit_will_do(limits: Any) -> None:
    container = {"image": f"web@{DIGEST}", "resources": {"limits": limits}}
    assert violations([{"kind": "Pod", "spec": {"containers": [container]}}]) == []


def test_every_place_of_a_container_is_looked_at() -> None:
    pod = {"initContainers": [{"image": "a", "resources": LIMITED}], **_pod("b")}
    job = {"template": {"spec": pod}}
    cron = {"kind": "CronJob", "metadata": {"name": "n"}, "spec": {"jobTemplate": {"spec": job}}}
    listed = {"kind": "List", "items": [_deployment("c")]}
    debug = {"kind": "Pod", "spec": {"ephemeralContainers": [{"image": "d"}]}}
    found = [line.rpartition(": ")[0] for line in violations([cron, listed, debug, None])]
    assert found == [
        "CronJob/n: spec.jobTemplate.spec.template.spec.initContainers[0].image",
        "CronJob/n: spec.jobTemplate.spec.template.spec.containers[0].image",
        "Deployment/web: spec.template.spec.containers[0].image",
        "Pod/(no name): spec.ephemeralContainers[0].image",
    ]


def test_what_is_no_container_is_not_taken_for_one() -> None:
    config = {"kind": "ConfigMap", "data": {"image": "web:latest", "containers": "web:latest"}}
    assert violations([config, {"containers": [1]}, {"kind": "X", "metadata": None}]) == []


def _of(kind: str, version: str, spec: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}


@pytest.mark.parametrize(
    ("kind", "version", "spec", "says"),
    [
        (
            *("Cluster", "postgresql.cnpg.io/v1", {"imageName": "ghcr.io/pg:latest"}),
            "spec.imageName: ghcr.io/pg:latest says latest",
        ),
        (
            *("Prometheus", "monitoring.coreos.com/v1", {"image": "quay.io/prom:v1"}),
            "spec.image: quay.io/prom:v1 is not pinned by a digest",
        ),
        (
            *("Kafka", "kafka.strimzi.io/v1", {"kafka": {"all": [{"image": "kafka:1"}]}}),
            "spec.kafka.all[0].image: kafka:1 is not pinned by a digest",
        ),
        (
            *("Alertmanager", "monitoring.coreos.com/v1", {"containers": [{"image": "a:1"}]}),
            "spec.containers[0].image: a:1 is not pinned by a digest",
        ),
    ],
)
def test_images_in_fields_of_other_kinds_are_looked_at(
    kind: str, version: str, spec: Any, says: str
) -> None:
    assert f"{kind}/x: {says}" in violations([_of(kind, version, spec)])


def test_a_digest_pins_in_other_kinds_as_well() -> None:
    pinned = {"imageName": f"pg@{DIGEST}", "image": f"pg:1@{DIGEST}", "other": {"image": ""}}
    assert violations([_of("Cluster", "postgresql.cnpg.io/v1", pinned)]) == []
    structured = {"image": {"repository": "x", "tag": "1"}}
    assert violations([_of("Thing", "example.org/v1", structured)]) == []


def test_a_patch_of_what_an_operator_makes_needs_no_image() -> None:
    patch = {"containers": [{"name": "prometheus", "args": ["--x"]}]}
    assert violations([_of("Prometheus", "monitoring.coreos.com/v1", patch)]) == []
    own = _of("Deployment", "apps/v1", {"template": {"spec": patch}})
    assert len(violations([own])) == 2, "a pod of Kubernetes' own has both"


def test_a_schema_that_speaks_of_images_names_none() -> None:
    schema = {"versions": [{"schema": {"image": {"type": "string"}, "example": {"image": "a:1"}}}]}
    made = _of("CustomResourceDefinition", "apiextensions.k8s.io/v1", schema)
    assert violations([made]) == []
