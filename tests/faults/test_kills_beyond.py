"""`kill -9` behind a publication: on the way into the chart, in the testflight, in a deployment.

Each run goes on from where the one before was killed, and is killed itself a step further on. A
kill by itself is what the tests of the rooms are about.
"""

from __future__ import annotations

import pytest

from tests.sandboxed import At, Sandbox, did

pytestmark = pytest.mark.slow
RELEASE = [
    "chart:bump:pushed",
    "chart:bump:acted",
    "chart:bump:recorded",
    "chart:merge:acted",
    "testflight:applied",
    "testflight:smoked",
    "testflight:destroyed",
    "vendor:acted",
    "vendor:recorded",
]
DEPLOY = [
    "chart:values:staging:acted",
    "apply:staging:observed",
    "apply:staging:acted",
    "apply:staging:recorded",
    "deploy:staging:observed",
    "deploy:staging:acted",
    "deploy:staging:recorded",
]


def _flights(sandbox: Sandbox) -> list[str]:
    return [name for name in sandbox.namespaces() if "-testflight-" in name]


def test_killed_again_and_again_between_publication_and_deployments(sandboxed: At) -> None:
    sandbox, undisturbed = sandboxed("approved"), sandboxed("released")
    for point in RELEASE:
        sandbox.killed_at(point, "release")
        left = _flights(sandbox)
        assert len(left) == (point in ("testflight:applied", "testflight:smoked")), point

    run = sandbox.doit("release")

    assert run.code == 0, run.err
    assert sandbox.outcome() == undisturbed.outcome()
    assert sandbox.cluster.sweep("lana-bank-testflight") == []
    assert did(sandbox.doit("release")) == []


def test_killed_while_a_testflight_goes_up(sandboxed: At) -> None:
    sandbox, undisturbed = sandboxed("approved"), sandboxed("released")
    sandbox.killed_when(lambda: _flights(sandbox), "release")
    assert len(_flights(sandbox)) == 1

    run = sandbox.doit("release")

    assert run.code == 0, run.err
    assert sandbox.outcome() == undisturbed.outcome()
    assert sandbox.cluster.sweep("lana-bank-testflight") == []


def test_killed_again_and_again_in_a_deployment(sandboxed: At) -> None:
    sandbox, undisturbed = sandboxed("edited"), sandboxed("edited")
    for point in DEPLOY:
        sandbox.killed_at(point, "deploy:staging")
        assert sandbox.records("staging") == (point.startswith("deploy") and "obs" not in point)

    run = sandbox.deploy("staging")

    assert run.code == 0, run.err
    assert undisturbed.deploy("staging").code == 0
    assert sandbox.outcome() == undisturbed.outcome()
    assert did(sandbox.deploy("staging")) == []


def test_killed_while_terraform_applies(sandboxed: At) -> None:
    sandbox = sandboxed("released")
    sandbox.killed_when(sandbox.namespaces, "deploy:staging")
    assert sandbox.records("staging") == 0

    run = sandbox.deploy("staging")

    assert run.code == 0, run.err
    assert sandbox.records("staging") == 1
    assert sandbox.namespaces() == ["lana-bank-staging"]
    workloads = sandbox.cluster.workloads("lana-bank-staging")
    assert all(one.ready and len(one.pods) == one.replicas for one in workloads)
    assert did(sandbox.deploy("staging")) == []
