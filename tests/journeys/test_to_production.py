"""From a published release to the environments, in the sandbox as delivered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sandboxed import ENVIRONMENTS, At, Sandbox, did, record_of

pytestmark = pytest.mark.slow
VALUES = "envs/gcp/galoy-staging/lana-bank/values.yml"
MIGRATION = """
resource "terraform_data" "migration" {
  depends_on = [module.lana_bank]
  provisioner "local-exec" {
    interpreter = ["false"]
    command     = "migrate"
  }
}
"""
MODULE = "envs/modules/lana-bank-gcp-pg/variables.tf"
VENDORED = "chore(deps): bump lana-bank chart to "


def applied(name: str) -> list[str]:
    """Return what a deployment to an environment changes outside."""
    return [f"apply:{name}", f"deploy:{name}"]


def _acted(sandbox: Sandbox, name: str) -> list[str]:
    """Deploy to an environment, and return what that changed outside."""
    before = len(sandbox.effects())
    run = sandbox.deploy(name)
    assert run.code == 0, run.err
    others = tuple(f":{other}" for other in ENVIRONMENTS if other != name)
    assert not [task for task in did(run) if task.endswith(others)]
    return sandbox.effects()[before:]


def test_what_changes_reaches_the_environments_that_it_is_for(sandboxed: At) -> None:
    sandbox = sandboxed("released")
    upstream = sandbox.upstream()
    for name in ENVIRONMENTS:
        assert name != "production" or sandbox.says_yes(name).code == 0
        assert _acted(sandbox, name) == applied(name)
    pods = {name: sandbox.pods(name) for name in ENVIRONMENTS}

    # A value of staging alone.
    sandbox.edit(VALUES, '"true"', '"true"\n    GREETING: hello')
    assert _acted(sandbox, "staging") == ["chart:values:staging", *applied("staging")]
    for name in ("qa", "production"):
        idle = sandbox.deploy(name)
        assert idle.code == 0, idle.err
        assert did(idle) == []
        assert "nothing new" in idle.err
        assert sandbox.pods(name) == pods[name]
    assert sandbox.pods("staging") != pods["staging"]
    assert [sandbox.records(name) for name in ENVIRONMENTS] == [2, 1, 1]

    # A module that all of them share.
    sandbox.edit(MODULE, "default     = 7", "default     = 8")
    for name in ("qa", "production"):
        early = sandbox.deploy(name)
        assert early.code == 0, early.err
        assert did(early) == []
    assert _acted(sandbox, "staging") == applied("staging")
    assert did(sandbox.deploy("production")) == []
    assert _acted(sandbox, "qa") == applied("qa")
    waits = sandbox.deploy("production")
    assert waits.code == 4
    assert did(waits) == []
    assert "production waits for a human: 1 file differs: " in waits.err
    assert "doit approve:production" in waits.err
    assert sandbox.records("production") == 1
    assert sandbox.says_yes("production").code == 0
    assert sandbox.deploy("production").code == 0
    assert [sandbox.records(name) for name in ENVIRONMENTS] == [3, 2, 2]

    assert sandbox.upstream() == upstream
    trace = sandbox.doit("trace:production")
    assert trace.code == 0, trace.out
    assert "every link verified" in trace.out


def test_a_testflight_that_fails_lets_nothing_through(sandboxed: At) -> None:
    sandbox = sandboxed("approved")
    before = sandbox.deployments()
    server = "service: lana-bank-server, port: 5253, path: "
    sandbox.replace(f"{server}/healthz", f"{server}/nowhere")
    sandbox.replace("smoketest:\n  timeout: 30s", "smoketest:\n  timeout: 2s")

    for _ in range(2):  # and it does not become right by being asked again
        run = sandbox.doit("release")
        assert run.code == 1, run.err
        assert "✗ testflight" in run.err
        assert "server answers 404, not 200" in run.err
        assert "lana-bank-server:5253/nowhere" in run.err
        assert "smoketest in pipeline.yml has what is asked" in run.err
        assert "are kept: build/testflight/failure/" in run.err
        assert "- not run: vendor" in run.err
        assert "vendor" not in run.ran
        assert sandbox.namespaces() == []
        # no process without a namespace either; the one with the secrets is the sandbox's own
        assert sandbox.cluster.sweep("lana-bank-testflight") == []
        assert sandbox.deployments() == before
    kept = sandbox.folder / "build/testflight/failure"
    assert "lana-bank-server" in (kept / "manifests.yaml").read_text()
    assert any(path.stat().st_size for path in (kept / "logs").glob("lana-bank-server-*.log"))
    assert sandbox.releases() == {"0.42.0": True}
    staging = sandbox.deploy("staging")
    assert staging.code != 0
    assert sandbox.records("staging") == 0

    sandbox.replace(f"{server}/nowhere", f"{server}/healthz")
    run = sandbox.doit("release")
    assert run.code == 0, run.err
    vendored = [words for words in sandbox.log("deployments") if words.startswith(VENDORED)]
    assert len(vendored) == 1
    assert not kept.exists()
    assert did(sandbox.doit("release")) == []


def test_an_apply_that_fails_is_not_recorded(sandboxed: At) -> None:
    sandbox = sandboxed("released")
    main = "envs/gcp/galoy-staging/lana-bank/main.tf"

    # What Terraform cannot even read.
    sandbox.edit(main, "module.lana_bank.release", "module.lana_bank.releases")
    run = sandbox.deploy("staging")
    assert run.code == 1, run.err
    assert "✗ tfplan:staging" in run.err
    assert "main.tf" in run.err
    assert "releases" in run.err
    assert sandbox.namespaces() == []

    # What it can plan, and not do.
    sandbox.edit(main, "module.lana_bank.releases", "module.lana_bank.release")
    file = sandbox.folder / main
    file.write_text(file.read_text() + MIGRATION)
    run = sandbox.deploy("staging")
    assert run.code == 1, run.err
    assert "✗ apply:staging" in run.err
    assert "terraform_data.migration" in run.err
    assert "- not run: health:staging, deploy:staging" in run.err
    _nothing_recorded(sandbox)

    sandbox.edit(main, '["false"]', '["true"]')
    run = sandbox.deploy("staging")
    assert run.code == 0, run.err
    assert sandbox.records("staging") == 1
    assert sandbox.deploy("qa").code == 0
    assert did(sandbox.deploy("staging")) == []


def test_an_environment_that_is_not_well_is_not_recorded(sandboxed: At) -> None:
    sandbox = sandboxed("released")
    portal = "service: lana-bank-customer-portal, port: 3001, path: "
    sandbox.replace(f"{portal}/healthz", f"{portal}/nowhere")
    sandbox.replace("smoketest:\n  timeout: 30s", "smoketest:\n  timeout: 2s")
    run = sandbox.deploy("staging")
    assert run.code == 1, run.err
    assert "✗ health:staging" in run.err
    assert "customer-portal answers 404, not 200" in run.err
    assert "lana-bank-staging: lana-bank-customer-portal:3001/nowhere" in run.err
    assert "smoketest in pipeline.yml has what is asked" in run.err
    assert "- not run: deploy:staging" in run.err
    _nothing_recorded(sandbox)

    sandbox.replace(f"{portal}/nowhere", f"{portal}/healthz")
    pods = sandbox.pods("staging")
    assert _acted(sandbox, "staging") == ["deploy:staging"]
    assert sandbox.pods("staging") == pods
    assert sandbox.records("staging") == 1


def _nothing_recorded(sandbox: Sandbox) -> None:
    assert sandbox.records("staging") == 0
    qa = sandbox.deploy("qa")
    assert qa.code == 4
    assert "qa waits for staging" in qa.err
    assert "doit deploy:staging" in qa.err
    assert sandbox.namespaces() == ["lana-bank-staging"]


def _as_planned(sandbox: Sandbox, task: str) -> list[str]:
    """Plan a task and run it; return what ran, which is what was said."""
    before, outside = sandbox.everything(), sandbox.outcome()
    plan = sandbox.doit("plan", task, "--json")
    assert plan.code == 0, plan.err
    assert sandbox.everything() == before
    assert sandbox.outcome() == outside
    steps = [step for step in json.loads(plan.out) if not step["observer"]]
    said = [step["name"] for step in steps if step["state"] == "runs" and step["name"] != "sandbox"]
    acted = len(sandbox.effects())

    run = sandbox.doit(task)

    assert run.code == 0, run.err
    observers = {step["name"] for step in json.loads(plan.out) if step["observer"]}
    why = "\n".join(f"{step['name']}: {step['reasons']}" for step in steps if step["reasons"])
    assert sorted(set(run.ran) - observers) == sorted(said), f"{why}\n{run.err}"
    acts = [step["name"] for step in steps if step["foreseen"]["means"]]
    acts = [name for name in acts if name not in ("sandbox", "testflight")]  # no effects by form
    assert sorted(acts) == sorted(sandbox.effects()[acted:])
    return acts


def test_a_plan_names_exactly_what_the_run_then_does(sandboxed: At) -> None:
    sandbox = sandboxed("released")
    assert _as_planned(sandbox, "release") == []
    assert _as_planned(sandbox, "deploy:staging") == applied("staging")
    for task in ("release", "deploy:staging"):
        assert _as_planned(sandbox, task) == []
    sandbox.edit(VALUES, '"true"', '"true"\n    GREETING: hello')
    assert _as_planned(sandbox, "release") == ["chart:values:staging"]
    assert _as_planned(sandbox, "deploy:staging") == applied("staging")
    sandbox.edit(VALUES, "hello", "goodbye")
    why = sandbox.doit("why", "deploy:staging")
    assert f"take over edits of {VALUES.removeprefix('envs/')}" in why.out, why.err
    assert _as_planned(sandbox, "deploy:staging") == ["chart:values:staging", *applied("staging")]
    for task in ("release", "deploy:staging"):
        assert _as_planned(sandbox, task) == []


def test_a_second_clone_goes_on_from_what_the_first_has_released(
    sandboxed: At, tmp_path: Path
) -> None:
    first = sandboxed("released")
    second = first.beside(tmp_path / "second")

    run = second.deploy("staging")

    assert run.code == 0, run.err
    assert second.effects() == applied("staging")
    outside, pods = first.outcome(), first.pods("staging")
    run = first.deploy("staging")
    assert run.code == 0, run.err
    assert first.outcome() == outside
    assert first.pods("staging") == pods
    assert did(first.deploy("staging")) == []
    idle = second.doit("release")
    assert idle.code == 0, idle.err
    assert first.outcome() == outside


def test_two_clones_deploy_at_once_and_record_once(sandboxed: At, tmp_path: Path) -> None:
    first = sandboxed("edited")
    second = first.beside(tmp_path / "second")

    runs = [one.start("deploy:staging") for one in (first, second)]

    for run in runs:
        _, err = run.communicate(timeout=120)
        assert "Traceback" not in err
        assert run.returncode in (0, 1, 2), err  # one may find the state locked, or moved
        if run.returncode:
            assert "doit deploy:staging" in err
    for one in (first, second):
        again = one.deploy("staging")
        if again.code:
            again = one.deploy("staging")
        assert again.code == 0, again.err
        assert did(one.deploy("staging")) == []
    assert first.log("deployments")[-1] == record_of("staging")
    assert first.records("staging") == 1
    workloads = first.cluster.workloads("lana-bank-staging")
    assert all(one.ready and len(one.pods) == one.replicas for one in workloads)
