"""What dies, fails, races or was tampered with: nothing is recorded that is not so, or twice."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tasks.deploy import apply, health, record
from tasks.deploy.prepare import opened
from tasks.kernel import journal, paths, programs
from tasks.kernel.config import load
from tasks.kernel.effects import carry_out
from tasks.kernel.errors import Failed
from tasks.kernel.world import World
from tasks.promotion import head
from tasks.promotion.wanted import wanted_by
from tests.deploy.place import Place

pytestmark = pytest.mark.slow
RECORD = "ci(cepler): Updated 'shop' state in 'staging'"


def world_of(place: Place) -> World:
    return World(load(place.folder / "pipeline.yml"), place.folder)


@pytest.fixture(autouse=True)
def _no_log_of_this_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "effect", lambda *_: None)


def killed(place: Place, point: str, name: str = "staging") -> None:
    run = place.deploy(name, SLIPWAY_KILL_AT=point)
    assert run.code == -signal.SIGKILL, run.err


def unlocked(place: Place) -> None:
    """Take the lock of a run away that was killed in another tree."""
    run = place.doit("unlock:staging", "--by=Grace", "--why=that run is dead")
    assert run.code == 0, run.err


def version(place: Place, name: str = "staging") -> int:
    found = place.record(name)
    return found.version if found else 0


@pytest.mark.parametrize("task", ["apply:staging", "deploy:staging"])
@pytest.mark.parametrize("point", ["observed", "acted", "recorded"])
def test_killed_anywhere_the_same_command_ends_as_if_undisturbed(
    place: Place, task: str, point: str
) -> None:
    killed(place, f"{task}:{point}")
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert place.records() == [RECORD]
    assert version(place) == 1
    assert list(place.live("staging")) == ["app"]
    again = place.deploy("staging")
    assert again.ran == ["deployments", "live:staging", "promotion:staging"]
    assert not (place.folder / paths.deploy_intent("staging")).exists()


def test_a_failed_apply_records_nothing_and_qa_stays_blocked(place: Place) -> None:
    place.remote.commit("broken", {"staging/values.yml": "mode: crash\n"})
    run = place.deploy("staging")
    assert run.code == 1
    assert "there is no database" in run.err
    assert place.records() == []
    assert place.deploy("qa").code == 4
    place.remote.commit("mended", {"staging/values.yml": "mode: ''\n"})
    assert place.deploy("staging").code == 0
    assert place.records() == [RECORD]
    assert place.deploy("qa").code == 0


def test_an_apply_that_failed_half_way_goes_on_when_the_cause_is_gone(place: Place) -> None:
    digest = place.image("2.0.0")
    place.vendor("2.0.0")
    blob = place.world / "registry/server/blobs/sha256" / digest.removeprefix("sha256:")
    away = blob.rename(place.folder / "away")
    first = place.deploy("staging")
    assert first.code != 0
    assert place.serial("staging") > 0  # the namespace is there, the release is not
    away.rename(blob)
    second = place.deploy("staging")
    assert second.code == 0, second.err
    assert "its plan was not kept" not in second.err
    assert place.live("staging") == {"app": digest}


def test_an_unhealthy_release_is_not_recorded(place: Place) -> None:
    place.vendor("2.0.0", place.image("1.0.0"))  # the chart says what the image does not
    run = place.deploy("staging")
    assert run.code == 1
    assert "answers version 1.0.0, not 2.0.0" in run.err
    assert list(place.live("staging")) == ["app"]
    assert place.records() == []
    assert place.deploy("qa").code == 4
    place.vendor("2.0.0")
    assert place.deploy("staging").code == 0
    assert version(place) == 1


def test_health_refuses_another_image_than_the_charts(place: Place) -> None:
    killed(place, "deploy:staging:observed")
    world, other = world_of(place), place.image("3.0.0")
    manifests = place.cluster.manifests("shop-staging", "app")
    for one in manifests:
        if one["kind"] == "Deployment":
            one["spec"]["template"]["spec"]["containers"][0]["image"] = f"server@{other}"
    place.cluster.install("shop-staging", "app", manifests, 10)
    with pytest.raises(Failed, match="what runs is not what the chart") as caught:
        health.judge("staging", world)
    assert other in str(caught.value)


def partly_applied(place: Place) -> None:
    """Apply a part of what is planned, as a Terraform that is cut off leaves it."""
    world = world_of(place)
    terraform = opened(world, wanted_by(world, "staging"))
    target = "-target=module.app.terraform_data.namespace"
    programs.run(
        [str(terraform.program), "apply", "-auto-approve", "-no-color", target],
        cwd=terraform.folder,
        env={"TF_CLI_CONFIG_FILE": "/dev/null", **terraform.env},
    )


def test_our_own_apply_that_was_cut_off_is_gone_on_with(place: Place) -> None:
    killed(place, "apply:staging:observed")
    partly_applied(place)
    plan = place.fact(paths.tfplan("staging"))["plan"]
    world_of(place).write_json(paths.deploy_intent("staging"), {"plan": plan})
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert "1 to add, 0 to destroy (the rest of an apply that was cut off)" in run.err
    assert place.records() == [RECORD]


def test_a_plan_for_another_state_is_refused_and_made_again(place: Place) -> None:
    killed(place, "apply:staging:observed")
    partly_applied(place)
    serial = place.serial("staging")
    stale = place.deploy("staging")
    assert stale.code == 1
    assert "the plan of staging went stale: the state has changed since it was made" in stale.err
    assert "the same command plans again: doit deploy:staging" in stale.err
    assert place.serial("staging") == serial
    run = place.deploy("staging")
    assert run.code == 0, run.err
    assert "1 to add, 0 to destroy" in run.err


def test_a_plan_file_that_was_changed_is_not_applied(place: Place) -> None:
    killed(place, "apply:staging:observed")
    world = world_of(place)
    file = place.folder / paths.tfplan_file("staging")
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(Failed, match="its file is gone, or is another one"):
        carry_out(apply.effect("staging"), world)
    assert place.live("staging") == {}


def test_files_that_somebody_edited_in_between_are_not_what_is_applied(place: Place) -> None:
    killed(place, "apply:staging:observed")
    tree = place.folder / paths.deploy_tree("staging")
    (tree / "modules/app/chart/templates/app.yaml").write_text("kind: [")
    (tree / "staging/more.tf").write_text("nonsense {")
    assert place.deploy("staging").code == 0
    assert not (tree / "staging/more.tf").exists()


def test_nothing_is_destroyed_unless_somebody_says_so(place: Place) -> None:
    extra = 'resource "terraform_data" "database" {}\n'
    place.remote.commit("database", {"staging/database.tf": extra})
    assert place.deploy("staging").code == 0
    place.remote.commit("gone", {"staging/database.tf": None})
    refused = place.deploy("staging")
    assert refused.code == 1
    assert "would destroy 1 thing" in refused.err
    assert "terraform_data.database" in refused.err
    assert version(place) == 1
    allowed = place.deploy("staging", SLIPWAY_ALLOW_DESTROY="terraform_data.database")
    assert allowed.code == 0, allowed.err
    assert "1 to destroy" in allowed.err


# races


def test_a_push_in_between_is_taken_along_and_the_record_is_made_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(place, "deploy:staging:observed")
    push, pushed = head.push, list[str]()

    def slower(world: World, commit: str, parent: str) -> None:
        if not pushed:
            pushed.append(place.remote.commit("quicker", {"README": "x"}))
        push(world, commit, parent)

    monkeypatch.setattr(head, "push", slower)
    carry_out(record.effect("staging"), world_of(place))
    assert place.remote.log() == [RECORD, "quicker", "first"]
    assert place.remote.file("README") == "x"


def test_two_clones_at_once_end_with_one_record(place: Place, tmp_path: Path) -> None:
    other = place.clone(tmp_path / "other")
    runs = [place.busy("deploy:staging"), other.busy("deploy:staging")]
    for run in runs:
        run.communicate(timeout=60)
        assert run.returncode in (0, 1, 2)  # one of them may find the state locked, or moved
    for one in (place, other):
        again = one.deploy("staging")
        if again.code:
            again = one.deploy("staging")
        assert again.code == 0, again.err
    assert place.records() == [RECORD]
    assert version(place) == 1


def test_two_clones_record_different_environments_at_once(place: Place, tmp_path: Path) -> None:
    for name in ("staging", "qa"):
        assert place.deploy(name).code == 0
    other = place.clone(tmp_path / "other")
    changed = {f"{name}/values.yml": "mode: loud\n" for name in ("staging", "qa")}
    place.remote.commit("louder", changed)
    runs = [place.busy("deploy:staging"), other.busy("deploy:qa")]
    for run in runs:
        _, err = run.communicate(timeout=60)
        assert run.returncode == 0, err
    assert (version(place), version(place, "qa")) == (2, 2)
    assert len(place.records()) == 4


def test_an_older_deployment_is_not_recorded_over_a_newer_one(place: Place, tmp_path: Path) -> None:
    killed(place, "deploy:staging:observed")
    other = place.clone(tmp_path / "other")
    place.remote.commit("louder", {"staging/values.yml": "mode: loud\n"})
    unlocked(other)
    assert other.deploy("staging").code == 0
    with pytest.raises(Failed, match="somebody else has deployed staging meanwhile"):
        carry_out(record.effect("staging"), world_of(place))
    assert place.deploy("staging").code == 0
    assert place.records() == [RECORD]


def test_what_others_have_applied_since_is_seen_before_it_is_recorded(
    place: Place, tmp_path: Path
) -> None:
    def held_at(commit: str) -> None:
        gates = {"gates.yml": f"staging: {commit}\n"}
        place.remote.commit("gate", gates, branch="cepler-gates")

    first = place.remote.at()
    held_at(first)
    killed(place, "deploy:staging:observed")
    other = place.clone(tmp_path / "other")
    held_at(place.remote.commit("louder", {"staging/values.yml": "mode: loud\n"}))
    unlocked(other)
    assert other.deploy("staging").code == 0
    held_at(first)  # back again: the facts of the killed run are those that are wanted now
    run = place.deploy("staging")
    assert run.code == 1
    assert "somebody else has applied staging since" in run.err
    again = place.deploy("staging")
    assert again.code == 0, again.err
    assert "1 to replace" in again.err
    assert version(place) == 2
