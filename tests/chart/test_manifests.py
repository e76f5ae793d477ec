"""What differs between two sets of manifests, with secrets hidden; pure."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.chart.manifests import differences, read
from tasks.kernel.errors import Failed


def _web(image: str = "web@1", **env: str) -> dict[str, Any]:
    container = {
        "name": "web",
        "image": image,
        "env": [{"name": name, "value": value} for name, value in env.items()],
    }
    return {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"containers": [container]}}


def _secret(**data: str) -> dict[str, Any]:
    return {"kind": "Secret", "metadata": {"name": "db"}, "data": data}


def test_the_same_has_no_differences_whatever_its_order() -> None:
    assert differences([_web(), _secret(a="x")], [_secret(a="x"), _web()]) == []


def test_what_changed_is_a_unified_diff_with_the_manifest_named() -> None:
    lines = differences([_web("web@1"), _secret()], [_web("web@2"), _secret()])
    assert lines[:2] == ["--- runs/Deployment/web", "+++ new/Deployment/web"]
    changed = [line.replace(" ", "") for line in lines[3:] if line[0] in "+-"]
    assert changed == ['-image:"web@1"', '+image:"web@2"']


def _role(namespace: str, verb: str, version: str = "rbac.authorization.k8s.io/v1") -> Any:
    about = {"name": "x", "namespace": namespace}
    return {"apiVersion": version, "kind": "Role", "metadata": about, "rules": [{"verbs": [verb]}]}


def test_one_name_in_two_namespaces_is_two_manifests() -> None:
    before = [_role("a", "get"), _role("b", "get")]
    lines = differences(before, [_role("a", "list"), _role("b", "get")])
    assert lines[:2] == [
        "--- runs/rbac.authorization.k8s.io/v1/Role/a/x",
        "+++ new/rbac.authorization.k8s.io/v1/Role/a/x",
    ]
    assert len([line for line in lines if line.startswith("---")]) == 1
    other = [*before, _role("a", "get", "example.org/v1")]
    assert differences(before, other)[1] == "+++ new/example.org/v1/Role/a/x"


def test_what_stands_twice_or_in_a_list_is_told_each() -> None:
    lines = differences([_role("a", "get")], [_role("a", "get"), _role("a", "list")])
    assert "+++ new/rbac.authorization.k8s.io/v1/Role/a/x (2)" in lines
    listed = [{"kind": "List", "items": [_role("a", "get"), _role("b", "get")]}]
    assert differences(listed, [_role("b", "get"), _role("a", "get")]) == []


def test_what_comes_and_goes_is_shown_whole() -> None:
    lines = differences([_web()], [_secret()])
    assert lines[:2] == ["--- runs/Deployment/web", "+++ /dev/null"]
    assert "--- /dev/null" in lines
    assert "+kind: Secret" in lines


def test_secrets_are_never_shown_but_that_one_changed_is() -> None:
    lines = differences(
        [_secret(a="b25l", same="eHk=")], [_secret(a="dHdv", same="eHk=", b="bmV3")]
    )
    text = "\n".join(lines)
    for value in ("b25l", "dHdv", "eHk=", "bmV3"):
        assert value not in text
    assert [line for line in lines[3:] if line[0] in "+-"] == [
        '-  a: "•••"', '+  a: "••• (another one)"', '+  b: "•••"',
    ]  # fmt: skip


def test_variables_named_like_secrets_are_hidden_wherever_they_stand_in_the_list() -> None:
    before = _web(MODE="fast", DB_PASSWORD="hunter22")
    after = _web(DB_PASSWORD="hunter33", MODE="slow")
    text = "\n".join(differences([before], [after]))
    assert "hunter" not in text
    assert "another one" in text
    assert "fast" in text
    assert "slow" in text
    new = "\n".join(differences([], [_web(API_KEY="hunter44")]))
    assert "hunter" not in new


def test_what_our_own_environment_calls_secret_is_hidden_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "t0ps3cret")
    text = "\n".join(differences([_web("web@1")], [_web("t0ps3cret@2", URL="https://me:pw@h/")]))
    assert "t0ps3cret" not in text
    assert "me:pw" not in text


@pytest.mark.parametrize(("kind", "other"), [({"a": 1}, [1]), ([1], "x"), ("x", {"a": 1})])
def test_a_value_may_become_of_another_kind(kind: Any, other: Any) -> None:
    one = {"kind": "X", "metadata": {"name": "x"}, "spec": kind}
    assert differences([one], [one | {"spec": other}])


@pytest.mark.parametrize("text", ["a: [", "- a\n", "word"])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(Failed):
        read(text, "charts@1234567")
