"""What runs is held against the release in every container, wherever a chart has it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.cluster import Pod, Workload, objects, words
from tasks.cluster.observed import workloads
from tasks.kernel.errors import Failed
from tasks.testflight import verdict

WEB, MIGRATE, OTHER = ("sha256:" + letter * 64 for letter in "abc")
IMAGES = {
    "web": {"repository": "shop/web", "digest": WEB},
    "migrate": {"repository": "shop/migrate", "digest": MIGRATE},
}


def _image(name: str, digest: str) -> str:
    return f"registry.example.org/shop/{name}@{digest}"


def _manifest(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    inner = {"containers": [], **spec}
    template: dict[str, Any] = {"template": {"spec": inner}}
    told = {"jobTemplate": {"spec": template}} if kind == "CronJob" else template
    return {"kind": kind, "metadata": {"name": name}, "spec": told}


def _one(name: str, digest: str, called: str = "app") -> dict[str, str]:
    return {"name": called, "image": _image(name, digest)}


def _text(*manifests: dict[str, Any]) -> str:
    return "\n---\n".join(map(json.dumps, manifests))


def _up(
    replicas: int = 1, images: tuple[tuple[str, str], ...] = (), digest: str = WEB
) -> list[Workload]:
    pods = (Pod("web-1", True, {}, 0, "", images),) * replicas
    told: tuple[Any, ...] = (_image("web", digest), digest, replicas, True, {}, 0, "", pods)
    return [Workload("web", "shop", *told)]


BASE = _manifest("Deployment", "web", containers=[_one("web", WEB)])


@pytest.mark.parametrize(
    "more",
    [
        _manifest("Job", "migrate", containers=[_one("migrate", MIGRATE)]),
        _manifest("CronJob", "nightly", containers=[_one("migrate", MIGRATE)]),
        {"kind": "List", "items": [_manifest("Job", "m", containers=[_one("migrate", MIGRATE)])]},
    ],
)
def test_an_image_of_a_job_alone_stands_in_its_manifest(more: dict[str, Any]) -> None:
    text = _text(BASE, more)
    told = verdict.live(_up(), IMAGES, "here", text)
    assert told == verdict.expected(text), "a plan knows it"
    assert MIGRATE in told.values()


def test_an_image_that_only_initializes_a_pod_stands_in_its_manifest() -> None:
    first = [_one("migrate", MIGRATE, "migrate")]
    base = _manifest("Deployment", "web", containers=[_one("web", WEB)], initContainers=first)
    told = verdict.live(_up(), IMAGES, "here", _text(base))
    assert told == {"web": WEB, "web/migrate": MIGRATE} == verdict.expected(_text(base))


def test_a_sidecar_counts_when_it_runs() -> None:
    both = [_one("web", WEB), _one("migrate", MIGRATE, "side")]
    text = _text(_manifest("Deployment", "web", containers=both))
    seen = ((_image("web", WEB), WEB), (_image("migrate", MIGRATE), MIGRATE))
    assert verdict.live(_up(images=seen), IMAGES, "here", text)["web/side"] == MIGRATE
    with pytest.raises(Failed) as caught:
        verdict.live(_up(), IMAGES, "here", text)
    assert f"migrate {MIGRATE} runs nowhere" in caught.value.detail


@pytest.mark.parametrize("live", [True, False])
def test_a_sidecar_of_ours_by_another_digest_is_noticed(live: bool) -> None:
    told = OTHER if live else MIGRATE
    job = _manifest("Job", "migrate", containers=[_one("migrate", MIGRATE)])
    both = [_one("web", WEB), _one("migrate", MIGRATE if live else OTHER, "side")]
    text = _text(_manifest("Deployment", "web", containers=both), job)
    seen = ((_image("web", WEB), WEB), (_image("migrate", MIGRATE), told))
    with pytest.raises(Failed, match="not what was released") as caught:
        verdict.live(_up(images=seen), IMAGES, "here", text)
    who = "web-1" if live else "Deployment/web/side"
    [line] = caught.value.detail
    assert line.startswith(f"{who} runs registry.example.org/shop/migrate@")
    assert line.endswith(f"released was {MIGRATE}")


def test_a_job_with_another_digest_of_ours_is_noticed() -> None:
    job = _manifest("Job", "migrate", containers=[_one("migrate", OTHER, "up")])
    with pytest.raises(Failed) as caught:
        verdict.live(_up(), IMAGES, "here", _text(BASE, job))
    assert caught.value.detail == (
        f"Job/migrate/up runs {_image('migrate', OTHER)}, released was {MIGRATE}",
        f"migrate {MIGRATE} runs nowhere",
    )


def test_what_has_no_replicas_does_not_run() -> None:
    images = {"web": IMAGES["web"]}
    assert verdict.live(_up(), images, "here", _text(BASE)) == {"web": WEB}
    with pytest.raises(Failed) as caught:
        verdict.live(_up(replicas=0), images, "here", _text(BASE))
    assert caught.value.detail == (f"web {WEB} runs nowhere (web: no replicas)",)


def test_what_is_somebody_elses_is_none_of_our_business() -> None:
    theirs = _manifest("StatefulSet", "db", containers=[{"image": "postgres@" + OTHER}])
    text = _text(BASE, theirs)
    found = [*_up(), Workload("db", "shop", "postgres@" + OTHER, OTHER, 1, True, {}, 0, "", ())]
    told = verdict.live(found, {"web": IMAGES["web"]}, "here", text)
    assert told == {"web": WEB, "db": OTHER} == verdict.expected(text)


def test_logs_are_asked_of_all_that_speak() -> None:
    job = _manifest("Job", "migrate", containers=[_one("migrate", MIGRATE)])
    service = {"kind": "Service", "metadata": {"name": "web"}}
    assert verdict.speakers(_text(BASE, job, service)) == ["web", "migrate"]


def test_a_pod_of_many_tells_each_image_with_its_live_digest() -> None:
    about = {"name": "web", "labels": {"app": "web"}}
    inner = {
        "containers": [_one("web", WEB), _one("side", OTHER, "side")],
        "initContainers": [_one("migrate", MIGRATE, "first")],
    }
    status = {
        "containerStatuses": [
            {"name": "app", "imageID": _image("web", WEB)},
            {"name": "side", "imageID": _image("side", MIGRATE)},
        ],
        "initContainerStatuses": [{"name": "first", "imageID": ""}],
    }
    selector = {"matchLabels": {"app": "web"}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": inner}
    spec = {"replicas": 1, "selector": selector, "template": template}
    pod = {"kind": "Pod", "metadata": about, "spec": inner, "status": status}
    [one] = workloads([{"kind": "Deployment", "metadata": about, "spec": spec}, pod])
    assert one.pods[0].images == (
        (_image("web", WEB), WEB),
        (_image("side", OTHER), MIGRATE),
        (_image("migrate", MIGRATE), ""),
    )


class _Asked:
    """A client of a cluster with one job, whose pod has said something."""

    context = "here"

    def items(self, *_words: str, **_how: Any) -> list[Any]:
        about = {"name": "migrate-1", "labels": {"job-name": "migrate"}}
        pod = {"kind": "Pod", "metadata": about, "spec": {"containers": [{"name": "up"}]}}
        selector = {"matchLabels": {"job-name": "migrate"}}
        job = {"kind": "Job", "metadata": {"name": "migrate"}, "spec": {"selector": selector}}
        bare = {"kind": "Job", "metadata": {"name": "bare"}, "spec": {}}
        return [job, bare, pod]

    def ask(self, *words: str, **_how: Any) -> Any:
        assert words[:2] == ("logs", "pod/migrate-1")
        return SimpleNamespace(code=0, out="table users is there\n")


def test_a_jobs_pod_has_a_log_as_well() -> None:
    client: Any = _Asked()
    assert words.of(client, "here", "migrate", 10) == {"migrate-1": ["table users is there"]}
    assert words.of(client, "here", "bare", 10) == {}, "nobody else's pods"
    assert "jobs.batch" in objects.SAY.split(",")
