"""A yanked release and what stands behind it: the chart, the deployments, what runs already."""

from __future__ import annotations

import json

import pytest

from tasks.kernel import git as g
from tests.journeys.conftest import sandboxed, shelf
from tests.sandboxed import At, Sandbox, did

__all__ = ["sandboxed", "shelf"]

pytestmark = pytest.mark.slow

WHO = ("--by=Grace", "--why=it loses data")


def _version(sandbox: Sandbox) -> str:
    [version] = sandbox.releases()
    return version


def _yank(sandbox: Sandbox) -> str:
    version = _version(sandbox)
    run = sandbox.doit("release:yank", f"--version={version}", *WHO)
    assert run.code == 0, run.err
    assert "environments get it no more" in run.out
    return version


def test_the_open_offer_to_the_chart_is_closed_and_nothing_goes_on(sandboxed: At) -> None:
    sandbox = sandboxed("approved")
    sandbox.killed_at("chart:merge:observed", "release")
    folder = sandbox.world / "forge/charts/pulls"
    [offered] = [
        file
        for file in folder.glob("*.json")
        if json.loads(file.read_text())["branch"] == "bot-bump-lana-bank"
    ]
    assert json.loads(offered.read_text())["state"] == "open"
    before = sandbox.log("charts"), sandbox.log("deployments")
    version = _yank(sandbox)
    pull = json.loads(offered.read_text())
    assert pull["state"] == "closed"
    assert f"{version} is yanked by Grace: it loses data" in pull["comments"][-1]
    run = sandbox.doit("release")
    assert run.code == 0, run.err
    assert (sandbox.log("charts"), sandbox.log("deployments")) == before
    states = [json.loads(file.read_text())["state"] for file in folder.glob("*.json")]
    assert "open" not in states
    assert did(sandbox.doit("release")) == []


@pytest.mark.parametrize("by", ["Grace: it loses data", "?: no reason is given"])
def test_an_environment_that_does_not_have_it_gets_it_no_more(sandboxed: At, by: str) -> None:
    sandbox = sandboxed("released")
    version = _version(sandbox)
    if by.startswith("?"):  # somebody has pushed the ref by hand, on a commit of their own
        g.git("update-ref", f"refs/slipway/yanked/{version}", "main", repo=sandbox.source)
        assert sandbox.doit("release").code == 0
    else:
        _yank(sandbox)
    run = sandbox.doit("deploy:staging")
    assert run.code == 4, run.err
    assert f"{version} is yanked by {by}" in run.err
    assert sandbox.pods("staging") == []
    assert sandbox.records("staging") == 0
    run = sandbox.doit("release")
    assert run.code == 0, run.err
    assert did(sandbox.doit("release")) == []


def test_what_runs_already_is_left_and_shown(sandboxed: At) -> None:
    sandbox = sandboxed("released")
    assert sandbox.deploy("staging").code == 0
    version, pods = _yank(sandbox), sandbox.pods("staging")
    run = sandbox.deploy("qa")
    assert run.code == 4, run.err
    assert f"{version} is yanked by Grace" in run.err
    said = f"{version} is yanked by Grace: it loses data"
    # Of the release, of staging that has it, of the two that it may not come to any more.
    assert sandbox.doit("status").out.count(said) == 4
    trace = sandbox.doit("trace:staging")
    assert trace.code == 0, trace.err
    assert "yanked by Grace: it loses data" in trace.out
    sandbox.edit(
        "envs/gcp/galoy-staging/lana-bank/values.yml", '"true"', '"true"\n    GREETING: hello'
    )
    assert sandbox.deploy("staging").code == 0
    assert sandbox.records("staging") == 2
    assert sandbox.pods("staging") != pods
