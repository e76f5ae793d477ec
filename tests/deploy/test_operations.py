"""An environment in operation: dead pods, drift, a way back, and what failed told to all."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from tasks.cluster import processes
from tasks.desk import environments
from tasks.kernel import paths, remotes
from tasks.kernel.config import load
from tasks.kernel.world import World
from tests.deploy.place import Place

pytestmark = pytest.mark.slow
BY = ("--by=Grace", "--why=I looked")


def refs(place: Place, kind: str) -> list[str]:
    found = remotes.ls(str(place.remote.path))
    return [name for name in found if name.startswith(f"refs/slipway/{kind}/")]


def standing(place: Place) -> str:
    """Return what `status` says of staging."""
    world = World(load(place.folder / "pipeline.yml"), place.folder)
    [found] = [one for one in environments.standings(world) if one.name == "staging"]
    return found.plain()


def kill_pods(place: Place, name: str) -> None:
    """End the processes of an environment, as a machine that is switched off does."""
    for process in processes.alive((place.world / "cluster").resolve(), f"shop-{name}"):
        os.kill(process.pid, signal.SIGKILL)


def test_what_failed_is_told_and_others_may_go_on(place: Place, tmp_path: Path) -> None:
    place.remote.commit("broken", {"staging/values.yml": "mode: crash\n"})
    assert place.deploy("staging").code == 1
    assert refs(place, "locks") == []
    told = place.doit("history:staging")
    assert "failed       apply failed:" in told.out, told.out + told.err
    assert "tester@here" in told.out
    assert "apply failed 2" in standing(place)
    place.remote.commit("mended", {"staging/values.yml": "mode: ''\n"})
    other = place.clone(tmp_path / "other")
    run = other.deploy("staging")
    assert run.code == 0, run.err
    told = place.doit("history:staging")
    assert "deployed     state 1, 1.0.0  tester@here" in told.out
    assert refs(place, "locks") == []


def test_a_run_that_dies_under_the_lock_keeps_it_and_goes_on(place: Place, tmp_path: Path) -> None:
    assert place.deploy("staging", SLIPWAY_KILL_AT="apply:staging:locked").code == -signal.SIGKILL
    assert refs(place, "locks") == ["refs/slipway/locks/staging"]
    assert "being deployed by tester@here" in standing(place)
    other = place.clone(tmp_path / "other")
    (other.folder / "tasks/deploy/lock.py").write_text(
        (other.folder / "tasks/deploy/lock.py").read_text().replace("WAIT = 30.0", "WAIT = 0.5")
    )
    blocked = other.deploy("staging")
    assert blocked.code == 2
    assert "staging is being deployed by tester@here" in blocked.err
    assert "doit unlock:staging" in blocked.err
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert refs(place, "locks") == []
    assert other.deploy("staging").code == 0
    assert len(place.records()) == 1


def test_a_plan_is_refused_when_its_files_have_changed_under_it(place: Place) -> None:
    assert place.deploy("staging", SLIPWAY_KILL_AT="apply:staging:locked").code == -signal.SIGKILL
    fact = place.fact(paths.tfplan("staging"))
    place.remote.commit("later", {"staging/values.yml": "mode: loud\n"})
    told = place.everything()
    assert paths.tfplan_file("staging") in told  # for the run that goes on after `kill -9`
    run = place.doit("apply:staging")
    assert run.code == 0, run.err  # it asked afresh, and planned afresh
    assert place.fact(paths.tfplan("staging"))["plan"] != fact["plan"]
    assert not (place.folder / paths.tfplan_file("staging")).exists()


def test_dead_pods_are_seen_and_started_again(place: Place) -> None:
    assert place.deploy("staging").code == 0
    assert place.doit("drift:staging").code == 0
    records, serial = place.records(), place.serial("staging")
    kill_pods(place, "staging")
    drift = place.doit("drift:staging")
    assert drift.code == 1
    assert "app (1 of 1 pods) is dead" in drift.err
    assert "doit restart:staging" in drift.err
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert "started again: app (1 of 1 pods)" in run.err
    assert refs(place, "locks") == []  # nothing behind it ran, which gives it up as a rule
    assert place.doit("drift:staging").code == 0
    kill_pods(place, "staging")
    assert place.doit("restart:staging").code == 0
    assert place.doit("drift:staging").code == 0
    assert (place.records(), place.serial("staging")) == (records, serial)


def test_drift_says_what_others_did_and_a_deployment_puts_it_right(place: Place) -> None:
    never = place.doit("drift:staging")
    assert never.code == 1
    assert "staging was never deployed" in never.err
    assert place.deploy("staging").code == 0
    place.touch_state("staging")
    drift = place.doit("drift:staging")
    assert drift.code == 1
    assert "somebody has applied since" in drift.err
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert "1 to add" in run.err
    assert f"state 1 stays recorded, at serial {place.serial('staging')} now" in run.err
    assert place.doit("drift:staging").code == 0  # until somebody applies again
    assert "state 1 once more, serial" in place.doit("history:staging").out
    serial, notes = place.serial("staging"), place.doit("history:staging").out
    assert "apply:staging" not in place.deploy("staging").ran
    assert (len(place.records()), place.serial("staging")) == (1, serial)
    assert place.doit("history:staging").out == notes


def test_what_is_gone_is_made_anew_when_it_is_named(place: Place) -> None:
    assert place.deploy("staging").code == 0
    place.cluster.delete("shop-staging")
    run = place.deploy("staging")
    assert run.code == 1
    assert "nothing is installed in shop-staging any more" in run.err
    address = "module.app.terraform_data.namespace"
    again = place.doit(f"replace={address}", "deploy:staging")
    assert again.code == 0, again.err
    assert list(place.live("staging")) == ["app"]
    assert place.doit("drift:staging").code == 0


def test_back_to_an_earlier_release_and_on_again(place: Place) -> None:
    assert place.deploy("staging").code == 0
    first = place.live("staging")
    place.vendor("2.0.0")
    assert place.deploy("staging").code == 0
    back = place.doit("rollback:staging", *BY, "--plan")
    assert back.code == 0, back.err
    assert "app      1.0.0 (is 2.0.0)" in back.out
    assert "1 to replace, 0 to destroy" in back.out
    assert "Deployment app" in back.out
    assert place.live("staging") != first  # it was only decided
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert place.live("staging") == first
    assert "Slipway-Rollback: state 1, as Grace decided: I looked" in place.remote.message()
    held = place.deploy("staging")
    assert held.code == 4
    assert "doit resume:staging" in held.err
    assert "held at state 1 by Grace" in standing(place)
    assert place.doit("resume:staging", *BY).code == 0
    on = place.deploy("staging")
    assert on.code == 0, on.err
    assert place.live("staging") != first
    told = place.doit("history:staging").out
    assert [line.split("  ")[1].strip() for line in told.splitlines()] == [
        "deployed",
        "resumed",
        "rolled back",
        "held",
        "deployed",
        "deployed",
    ]


@pytest.mark.parametrize("words", [[], ["-n", "3"]])
def test_all_environments_in_their_order(place: Place, words: list[str]) -> None:
    run = place.doit(*words, "deploy")
    assert run.code == 4, run.err
    assert "production waits for a human" in run.err
    assert place.live("staging") == place.live("qa") != {}
    assert [line.rpartition(" ")[2] for line in place.records()] == ["'staging'", "'qa'"]


def test_a_human_sees_manifests_and_the_plan(place: Place) -> None:
    for name in ("staging", "qa"):
        assert place.deploy(name).code == 0
    assert place.says("production").code == 0
    assert place.deploy("production").code == 0
    place.vendor("2.0.0")
    for name in ("staging", "qa"):
        assert place.deploy(name).code == 0
    before = place.serial("production")
    told = place.doit("approve:production", *BY, "--plan")
    assert told.code == 0, told.err
    assert "Deployment app" in told.out
    assert re.search(r"\+ +image: server@sha256:", told.out), told.out
    assert "1 to replace, 0 to destroy" in told.out
    assert place.serial("production") == before
