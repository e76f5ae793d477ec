"""A release is asked until it answers right; when it does not, everything known is said."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tasks.cluster import processes, smoketest
from tasks.images.builder import build
from tasks.kernel.config import Endpoint, Smoketest
from tasks.kernel.errors import Failed
from tests.cluster.conftest import Place
from tests.cluster.samples import APP, CREATED, DOCKERFILE, deployment, service

VERSION = '{"status": "ok", "version": "0.42.0"}'


def asked(timeout: float = 0.5, **endpoints: tuple[str, bool]) -> Smoketest:
    """Return a smoketest of the service `web`: name=(path, whether the version counts)."""
    told = {
        name: Endpoint(name, "web", 80, path, version)
        for name, (path, version) in endpoints.items()
    }
    return Smoketest(told, timeout)


@pytest.fixture
def web(local: Place) -> Place:
    """A service that answers with a version."""
    context = local.folder / "web"
    context.mkdir()
    for name, text in {"app.py": APP, "version": VERSION, "Dockerfile": DOCKERFILE}.items():
        (context / name).write_text(text)
    layout = local.folder / "web.oci"
    built = build(context, "Dockerfile", layout, args={}, labels={}, created=CREATED)
    local.registry.push("web", layout, "1")
    local.cluster.create("staging", {})
    manifests = [deployment("web", f"web@{built.digest}"), service("web")]
    local.cluster.install("staging", "shop", manifests, 20)
    return local


def test_all_that_answer_right_are_told(web: Place) -> None:
    told = asked(server=("/healthz", True), page=("/", False))
    assert smoketest(web.cluster, "staging", told, "0.42.0") == [
        "server answers 0.42.0",
        "page answers 200",
    ]
    assert smoketest(web.cluster, "staging", asked(), "0.42.0") == []


def test_another_version_is_named_with_what_was_said(web: Place) -> None:
    with pytest.raises(Failed) as caught:
        smoketest(web.cluster, "staging", asked(server=("/healthz", True)), "0.43.0")
    assert caught.value.what == "server answers version 0.42.0, not 0.43.0"
    assert caught.value.where == "staging: web:80/healthz"
    assert caught.value.detail[0] == f"it said: {VERSION}"
    assert "version" in caught.value.detail[1], "the last words of its log"


@pytest.mark.parametrize(
    ("path", "version", "says"),
    [("/sick", False, "x answers 500, not 200"), ("/args", True, "x answers without a version")],
)
def test_a_wrong_answer_is_none(web: Place, path: str, version: bool, says: str) -> None:
    with pytest.raises(Failed, match=says):
        smoketest(web.cluster, "staging", asked(x=(path, version)), "0.42.0")


def test_time_is_limited_and_used(web: Place) -> None:
    begin = time.monotonic()
    with pytest.raises(Failed):
        smoketest(web.cluster, "staging", asked(1, x=("/sick", False), y=("/sick", False)), "1")
    assert 0.8 < time.monotonic() - begin < 2


def test_a_service_that_is_not_there_is_named(web: Place) -> None:
    told = Smoketest({"x": Endpoint("x", "wob", 80, "/", False)}, 0.3)
    with pytest.raises(Failed, match="x cannot be reached: there is no service wob:80") as caught:
        smoketest(web.cluster, "staging", told, "1")
    assert "it said: there is web:80" in str(caught.value)


def test_one_that_is_dead_shows_its_last_words(web: Place) -> None:
    assert web.cluster.workloads("staging")[0].ready
    for process in processes.alive(web.folder / "cluster", "staging"):
        if process.pod.startswith("web-"):
            os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(Failed, match="x does not answer") as caught:
        smoketest(web.cluster, "staging", asked(x=("/", False)), "1")
    assert any(line.startswith("version") for line in caught.value.detail)
