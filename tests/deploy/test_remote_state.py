"""States on a server: the whole way of a deployment with the backends `http` and `s3`."""

from __future__ import annotations

import base64
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.elsewhere import Elsewhere, http, s3, unlock_command
from tests.promotion.line import Remote

pytestmark = pytest.mark.slow


@pytest.fixture(params=[http, s3], ids=["http", "s3"])
def tree(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Elsewhere]:
    monkeypatch.setenv("SLIPWAY_BY", "tester@here")
    with request.param() as server:
        found = Elsewhere(tmp_path / "tree", Remote(tmp_path / "deployments.git"), server)
        found.seed_deployments()
        yield found


def test_plan_apply_record_and_the_next_environment(tree: Elsewhere) -> None:
    run = tree.run("deploy:staging", "deploy:qa")
    assert run.code == 0, run.err
    assert "1 to add, 0 to destroy" in run.err
    assert tree.server.state("staging")["outputs"]["size"]["value"] == "small"
    assert tree.server.state("qa")["lineage"] != tree.server.state("staging")["lineage"]
    assert f"Slipway-Serial: {tree.server.state('qa')['serial']}" in tree.remote.message()
    assert tree.server.locks() == []
    assert not list(tree.folder.rglob("*.tfstate.backup"))
    idle = tree.run("deploy:staging", "deploy:qa")
    assert idle.code == 0, idle.err
    assert not {"tfplan:staging", "apply:staging", "tfplan:qa", "apply:qa"} & set(idle.ran)
    tree.resize("staging", "large")
    run = tree.run("deploy:staging")
    assert run.code == 0, run.err
    assert "1 to change, 0 to destroy" in run.err
    assert tree.server.state("staging")["outputs"]["size"]["value"] == "large"


def test_how_to_log_in_stands_in_no_file_log_or_argument(tree: Elsewhere) -> None:
    ran = [tree.run("deploy:staging", SLIPWAY_KILL_AT="apply:staging:observed")]
    ran += [tree.run("deploy:staging"), tree.run("drift:staging"), tree.run("history:staging")]
    assert [run.code for run in ran[1:]] == [0, 0, 0], ran[1].err
    told = tree.seen() + "".join(run.out + run.err for run in ran)
    assert "apply" in told
    for value in (
        tree.server.secret,
        base64.b64encode(f"ci:{tree.server.secret}".encode()).decode(),
    ):
        assert value not in told
    if tree.server.kind == "s3":
        assert tree.server.environment["AWS_ACCESS_KEY_ID"] not in told


def test_a_state_that_moved_since_the_plan_is_refused(tree: Elsewhere) -> None:
    assert tree.run("deploy:staging").code == 0
    tree.resize("staging", "large")
    killed = tree.run("deploy:staging", SLIPWAY_KILL_AT="apply:staging:observed")
    assert killed.code == -signal.SIGKILL
    tree.server.move("staging")
    moved = tree.server.state("staging")["serial"]
    stale = tree.run("deploy:staging")
    assert stale.code == 1
    assert "the plan of staging went stale: the state has changed since it was made" in stale.err
    assert "the same command plans again: doit deploy:staging" in stale.err
    assert tree.server.state("staging")["serial"] == moved
    run = tree.run("deploy:staging")
    assert run.code == 0, run.err
    assert "1 to add, 0 to destroy" in run.err
    assert tree.server.state("staging")["outputs"]["size"]["value"] == "large"


def test_a_lock_of_somebody_else_is_told_and_can_be_taken_away(tree: Elsewhere) -> None:
    tree.server.held("staging")
    run = tree.run("deploy:staging")
    assert run.code == 2, run.err
    assert "the state is locked by " in run.err
    assert "root@" not in run.err.partition("the state is locked by ")[2].splitlines()[0]
    assert "wait for it to end, then run the same again" in run.err
    assert tree.server.locks() != []  # nobody has taken it away by himself
    command = unlock_command(run.err)
    assert command.endswith(" 1234-5678")
    done = tree.type(command.replace("force-unlock", "force-unlock -force"))
    assert done.returncode == 0, done.stderr.decode()
    assert tree.server.locks() == []
    run = tree.run("deploy:staging")
    assert run.code == 0, run.err


def test_drift_is_told_and_put_right(tree: Elsewhere) -> None:
    assert tree.run("deploy:staging").code == 0
    assert tree.run("drift:staging").code == 0
    tree.server.move("staging")
    drift = tree.run("drift:staging")
    assert drift.code == 1
    assert "serial" in drift.out + drift.err
    run = tree.run("replace=terraform_data.database", "deploy:staging")
    assert run.code == 0, run.err
    assert tree.run("drift:staging").code == 0


@pytest.mark.parametrize("login", ["wrong", "none"])
def test_without_a_login_nothing_is_deployed_and_that_is_told(tree: Elsewhere, login: str) -> None:
    names = [name for name in tree.server.environment if "URL" not in name]
    wrong = dict.fromkeys(names, "wrong" if login == "wrong" else "")
    run = tree.run("deploy:staging", **wrong, AWS_EC2_METADATA_DISABLED="true")
    assert run.code in (1, 2), run.err
    assert "failed" in run.err
    assert "Traceback" not in run.err
    assert tree.server.states == {}
    assert tree.records() == []
    assert tree.run("deploy:staging").code == 0
