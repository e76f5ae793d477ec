"""Every image by its digest: whatever kind of manifest its container stands in."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.chart.pinned import loose_images

DIGEST = "sha256:" + "a" * 64


def _pod(*images: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": image} for image in images]}


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
    assert loose_images([_deployment(image)]) == []


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
    [line] = loose_images([_deployment(f"web@{DIGEST}", image)])
    assert line == f"Deployment/web: spec.template.spec.containers[1].image: {says}"


def test_every_place_of_a_container_is_looked_at() -> None:
    job = {"template": {"spec": {"initContainers": [{"image": "a"}], **_pod("b")}}}
    cron = {"kind": "CronJob", "metadata": {"name": "n"}, "spec": {"jobTemplate": {"spec": job}}}
    listed = {"kind": "List", "items": [_deployment("c")]}
    debug = {"kind": "Pod", "spec": {"ephemeralContainers": [{"image": "d"}]}}
    found = [line.rpartition(": ")[0] for line in loose_images([cron, listed, debug, None])]
    assert found == [
        "CronJob/n: spec.jobTemplate.spec.template.spec.initContainers[0].image",
        "CronJob/n: spec.jobTemplate.spec.template.spec.containers[0].image",
        "List/(no name): items[0].spec.template.spec.containers[0].image",
        "Pod/(no name): spec.ephemeralContainers[0].image",
    ]


def test_what_is_no_container_is_not_taken_for_one() -> None:
    config = {"kind": "ConfigMap", "data": {"image": "web:latest", "containers": "web:latest"}}
    assert loose_images([config, {"containers": [1]}, {"kind": "X", "metadata": None}]) == []
