"""The small API server is strict: what it takes, it takes as the real one does, and no more."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.registry import LayoutRegistry
from tests.cluster import samples
from tests.cluster.apiserver import FakeKubernetes, kinds, merging, wire

Object = dict[str, Any]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeKubernetes]:
    made = FakeKubernetes(tmp_path, LayoutRegistry(tmp_path / "registry"), "kubectl", "http://x")
    yield made
    made.close()


def ask(server: FakeKubernetes, verb: str, path: str, told: Object | None = None) -> int:
    headers = {"Content-Type": "application/json"}
    body = json.dumps(told).encode() if told else None
    request = urllib.request.Request(f"{server.url}{path}", body, headers, method=verb)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_what_is_not_taught_is_refused_and_fails_the_test(server: FakeKubernetes) -> None:
    for verb, path in (
        ("GET", "/apis/batch/v1/cronjobs"),
        ("GET", "/api/v1/deployments"),
        ("GET", "/api/v1/namespaces?pretty=true"),
        ("GET", "/api/v1/secrets?labelSelector=a%20in%20(b)"),
        ("PATCH", "/api/v1/namespaces/staging"),
    ):
        server.server.unexpected.clear()
        assert ask(server, verb, path, {} if verb == "PATCH" else None) >= 400
        with pytest.raises(AssertionError):
            server.settle()


def test_what_is_only_not_there_is_a_plain_answer(server: FakeKubernetes) -> None:
    assert ask(server, "GET", "/api/v1/namespaces/staging") == 404
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "staging"}}
    assert ask(server, "POST", "/api/v1/namespaces", space) == 201
    assert ask(server, "POST", "/api/v1/namespaces", space) == 409
    server.settle()


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "ConfigMap"},
        {"metadata": {"name": "-x"}},
        {"stringdata": {}},
        {"metadata": {"name": "x", "namespace": "other"}},
    ],
)
def test_what_cannot_be_stored_is_refused(server: FakeKubernetes, change: Object) -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "staging"}}
    assert ask(server, "POST", "/api/v1/namespaces", space) == 201
    told = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}} | change
    assert ask(server, "POST", "/api/v1/namespaces/staging/secrets", told) in (400, 422)
    assert ask(server, "POST", "/api/v1/namespaces/nowhere/secrets", told) in (400, 404, 422)


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"flag": True}},
        {"data": {"num": 1000.0}},
        {"metadata": {"name": "x", "labels": {"n": 1}}},
        {"metadata": {"name": "x", "annotations": {"n": None}}},
    ],
)
def test_what_is_no_text_where_texts_belong_is_refused(
    server: FakeKubernetes, change: Object
) -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "staging"}}
    assert ask(server, "POST", "/api/v1/namespaces", space) == 201
    told = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    path = "/api/v1/namespaces/staging/configmaps"
    assert ask(server, "POST", path, told | change) == 422
    assert ask(server, "POST", path, told) == 201
    web = samples.deployment("web", "web@sha256:0", env={"A": "y"})
    web["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = True
    path = "/apis/apps/v1/namespaces/staging/deployments"
    assert ask(server, "POST", path, web) == 422


def test_an_apply_that_is_only_tried_changes_nothing(server: FakeKubernetes) -> None:
    kind = kinds.KINDS["configmaps"]
    server.store.create(
        kinds.KINDS["namespaces"],
        "",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "staging"}},
    )
    told = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "1"}}
    done, new = server.store.apply(kind, "staging", told, "me", force=True, dry=True)
    assert (done["data"], new) == ({"a": "1"}, True)
    assert server.store.all("configmaps") == []
    server.store.apply(kind, "staging", told, "me", force=True)
    other = {**told, "data": {"a": "2"}}
    done, new = server.store.apply(kind, "staging", other, "you", force=True, dry=True)
    assert (done["data"], new) == ({"a": "2"}, False)
    [kept] = server.store.all("configmaps")
    assert kept["data"] == {"a": "1"}


def test_an_apply_removes_what_is_no_longer_told_and_takes_nothing_of_others() -> None:
    first: Object = {"a": 1, "b": {"c": 2, "d": 3}}
    now = merging.applied({}, first, "me", {}, force=False)
    now = merging.applied(now, {"e": 4}, "you", {"me": first}, force=False)
    managed: dict[str, Object] = {"me": first, "you": {"e": 4}}
    assert merging.applied(now, {"a": 1}, "me", managed, force=False) == {"a": 1, "e": 4}
    with pytest.raises(merging.Conflict, match=r'conflict with "you": \.e'):
        merging.applied(now, {"e": 5}, "me", managed, force=False)
    assert merging.applied(now, {"e": 5}, "me", managed, force=True) == {"e": 5}


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def test_a_secret_in_protobuf_is_read() -> None:
    kind = _field(1, b"v1") + _field(2, b"Secret")
    about = _field(1, b"x") + _field(11, _field(1, b"owner") + _field(2, b"helm"))
    inner = _field(1, about) + _field(2, _field(1, b"release") + _field(2, b"\xff"))
    inner += _field(3, b"helm.sh/release.v1")
    assert wire.read(b"k8s\x00" + _field(1, kind) + _field(2, inner)) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "x", "labels": {"owner": "helm"}},
        "data": {"release": "/w=="},
        "type": "helm.sh/release.v1",
    }
    with pytest.raises(ValueError, match="no protobuf"):
        wire.read(b"{}")
    with pytest.raises(ValueError, match="field 7"):
        wire.read(b"k8s\x00" + _field(1, kind) + _field(2, _field(7, b"x")))
