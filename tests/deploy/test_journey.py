"""From the deployments remote into environments: planned, applied, healthy, recorded, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.kernel import paths
from tests.deploy.place import Place


def test_what_is_due_is_planned_applied_judged_and_recorded(place: Place) -> None:
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert place.record("staging").version == 1  # type: ignore[union-attr]
    digest = place.live("staging")["app"]
    assert "never deployed, 6 files" in run.err
    assert "2 to add, 0 to destroy" in run.err
    assert "1.0.0: 1 workload ready, 1 endpoint answered" in run.err
    assert (
        "6 files changed, terraform 2 to add, 0 to destroy; healthy; recorded as state 1" in run.err
    )
    assert place.remote.message() == (
        "ci(cepler): Updated 'shop' state in 'staging'\n\n"
        "Slipway-Release: 1.0.0\n"
        "Slipway-Chart: app 0.0.0\n"
        f"Slipway-Digest: server {digest}\n"
        f"Slipway-Serial: {place.serial('staging')}\n"
        f"Slipway-Lineage: {place.state('staging')['lineage']}\n"
        "Slipway-Deployed-By: tester@here\n"
    )
    assert not (place.folder / paths.tfplan_file("staging")).exists()
    receipt = place.fact(paths.receipt("apply:staging"))
    assert receipt["outputs"] == {"where": "shop-staging"}
    assert receipt["serial"] == place.serial("staging")
    assert not (place.folder / paths.deploy_intent("staging")).exists()


def test_an_idle_run_asks_once_and_does_nothing(place: Place) -> None:
    assert place.deploy("staging").code == 0
    before, serial = place.remote.at(), place.serial("staging")
    first = place.deploy("staging")  # its own record moved the head
    idle = place.deploy("staging")
    for run in (first, idle):
        assert run.code == 0
        assert run.ran == ["deployments", "live:staging", "promotion:staging"], run.err
        assert "nothing new" in run.err
    assert (place.remote.at(), place.serial("staging")) == (before, serial)


def test_a_configuration_change_reaches_its_environment_only(place: Place) -> None:
    assert place.deploy("staging").code == 0
    assert place.deploy("qa").code == 0
    place.remote.commit("louder", {"staging/values.yml": "mode: loud\n"})
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert "1 file differs: staging/values.yml" in run.err
    assert "1 file changed, terraform 1 to replace, 0 to destroy; healthy" in run.err
    qa = place.deploy("qa")
    assert qa.acted == {"deployments", "live:qa", "promotion:qa"}
    assert place.record("qa").version == 1  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_chart_travels_from_staging_to_qa_to_production(place: Place) -> None:
    blocked = place.deploy("qa")
    assert blocked.code == 4
    assert "qa waits for staging" in blocked.err
    assert "doit deploy:staging" in blocked.err
    for name in ("staging", "qa"):
        assert place.deploy(name).code == 0
    waits = place.deploy("production")
    assert waits.code == 4
    assert "production waits for a human" in waits.err
    assert "doit approve:production" in waits.err
    assert place.live("production") == {}
    assert place.says("production").code == 0
    assert place.deploy("production").code == 0

    place.vendor("1.1.0")
    assert "nothing new" in place.deploy("qa").err
    assert place.deploy("staging").code == 0
    assert place.deploy("production").code == 0  # qa has not had it: nothing is new there
    assert place.deploy("qa").code == 0
    assert place.deploy("production").code == 4
    assert place.live("production") != place.live("qa") == place.live("staging")
    assert place.says("production").code == 0
    assert place.deploy("production").code == 0
    assert place.live("production") == place.live("qa")


def test_another_clone_finds_everything_done(place: Place, tmp_path: Path) -> None:
    assert place.deploy("staging").code == 0
    before = place.remote.at(), place.serial("staging")
    other = place.clone(tmp_path / "other")
    run = other.deploy("staging")
    assert run.code == 0, run.err
    assert (place.remote.at(), place.serial("staging")) == before
    assert other.effects() == []
    assert other.deploy("staging").ran == ["deployments", "live:staging", "promotion:staging"]


def test_a_record_that_somebody_took_back_is_made_again(place: Place) -> None:
    assert place.deploy("staging").code == 0
    place.remote.commit("oops", {".cepler/shop/staging.state": None})
    serial = place.serial("staging")
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert "deploy:staging" in run.acted
    assert place.serial("staging") == serial
    assert place.record("staging").version == 1  # type: ignore[union-attr]
    assert "nothing was applied, it runs already; recorded anew as state 1" in run.err
    assert "to add" not in run.err


def test_a_state_that_is_gone_is_not_taken_for_nothing(place: Place) -> None:
    """Everything it consists of is there already, and a plan would say "add" to all of it."""
    assert place.doit("deploy:staging").code == 0
    for file in (place.world / "terraform").glob("staging.tfstate*"):
        file.unlink()
    place.remote.commit("more", {"staging/values.yml": "mode: fine\n"})

    run = place.doit("deploy:staging")

    assert run.code == 1
    assert "staging was deployed (state 1), and Terraform has no state of it" in run.err
    again = place.doit("deploy:staging", env={"SLIPWAY_ALLOW_NEW_STATE": "qa,staging"})
    assert again.code == 0, again.err


def test_the_intent_and_the_tree_are_of_the_exact_files(place: Place) -> None:
    place.remote.commit("other", {"README": "x", "staging/deep/no.tf": "syntax error {"})
    assert place.deploy("staging").code == 0  # staging/* takes no folder below it
    tree = place.folder / paths.deploy_tree("staging")
    files = {
        file.relative_to(tree).as_posix()
        for file in tree.rglob("*")
        if file.is_file() and ".terraform" not in file.as_posix()
    }
    assert files == {
        "modules/app/main.tf",
        "modules/app/chart/Chart.yaml",
        "modules/app/chart/values.yaml",
        "modules/app/chart/templates/app.yaml",
        "staging/main.tf",
        "staging/values.yml",
    }


def test_a_plan_writes_nothing(place: Place) -> None:
    nothing = place.everything()
    first = place.doit("plan", "deploy:staging")
    assert first.code == 0
    assert "record in the deployments what staging has" in first.out
    assert "terraform apply in staging" in first.out
    assert place.everything() == nothing
    assert place.remote.log() == ["first"]
    assert place.deploy("staging").code == 0
    place.remote.commit("louder", {"staging/values.yml": "mode: loud\n"})
    before, head = place.everything(), place.remote.at()
    told = place.doit("plan", "deploy:staging", "deploy:qa", "deploy:production")
    assert "terraform apply in qa" in told.out, told.out
    assert place.everything() == before
    assert place.remote.at() == head


def test_a_plan_of_all_environments_has_each_behind_the_one_that_it_follows(place: Place) -> None:
    told = place.doit("plan", "deploy")
    assert told.code == 0, told.err
    acting = [f"terraform apply in {name}" for name in ("staging", "qa")]
    assert all(one in told.out for one in acting), told.out
    assert "then waits at the gate: production waits for a human" in told.out
    assert "waits for staging" not in told.out


def test_a_plan_tells_of_a_gate(place: Place) -> None:
    for name in ("staging", "qa"):
        assert place.deploy(name).code == 0
    told = place.doit("plan", "deploy:production")
    assert "then waits at the gate: production waits for a human" in told.out
