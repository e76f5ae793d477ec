"""What moves or dies between a plan and its apply; independent tracks; programs of their own."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.deploy import apply, record
from tasks.kernel import journal, paths
from tasks.kernel.config import load
from tasks.kernel.effects import carry_out
from tasks.kernel.errors import Failed
from tasks.kernel.world import World
from tests.deploy.elsewhere import MAIN, Elsewhere, http, unlock_command
from tests.deploy.place import CEPLER
from tests.promotion.line import Remote

pytestmark = pytest.mark.slow
WHO = ("--by=Grace", "--why=fine")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    monkeypatch.setenv("SLIPWAY_BY", "tester@here")
    monkeypatch.setattr(journal, "effect", lambda *_: None)
    with http() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        found = Elsewhere(tmp_path / "tree", Remote(tmp_path / "deployments.git"), server)
        found.seed_deployments()
        yield found


def freeze() -> str:
    now = datetime.now(UTC).replace(microsecond=0)
    begin, end = ((now + timedelta(hours=hours)).isoformat() for hours in (-1, 1))
    return f"- from: {begin}\n  until: {end}\n  reason: the books are closed\n"


@pytest.mark.parametrize("what", ["files", "gate", "freeze"])
def test_what_moved_since_the_plan_refuses_it(tree: Elsewhere, what: str) -> None:
    if what == "gate":
        tree.replace("staging: {", "staging: {gate: true, ")
        assert tree.run("approve:staging", "--by=Grace", "--why=fine").code == 0
    killed = tree.run("deploy:staging", SLIPWAY_KILL_AT="apply:staging:observed")
    assert killed.code == -signal.SIGKILL, killed.err
    assert (tree.folder / paths.tfplan_file("staging")).exists()
    if what == "files":
        tree.resize("staging", "large")
        said = "the environment is to have other files by now"
    elif what == "gate":
        assert tree.run("reject:staging", "--by=Hal", "--why=not today").code == 0
        said = "staging waits for a human"
    else:
        tree.remote.commit("freeze", {"freezes.yml": freeze()})
        said = "staging is frozen until"
    world = World(load(tree.folder / "pipeline.yml"), tree.folder)
    with pytest.raises(Failed, match=f"the plan of staging went stale: {said}"):
        carry_out(apply.effect("staging"), world)  # in a run that had asked before
    assert tree.server.states == {}
    assert not (tree.folder / paths.tfplan_file("staging")).exists()
    assert tree.run("deploy:staging").code == (0 if what == "files" else 4)


def gated(tree: Elsewhere) -> None:
    """Put a human before staging, and deploy it twice."""
    tree.replace("staging: {", "staging: {gate: true, ")
    for size in ("small", "medium"):
        tree.resize("staging", size)
        assert tree.run("approve:staging", *WHO).code == 0
        assert tree.run("deploy:staging").code == 0


def record_again(tree: Elsewhere) -> None:
    """Record as a run that has looked, and is about to."""
    world = World(load(tree.folder / "pipeline.yml"), tree.folder)
    carry_out(record.effect("staging"), world)


@pytest.mark.parametrize("meanwhile", ["reject", "rollback", "push"])
def test_what_was_not_applied_is_not_recorded_after_a_no(tree: Elsewhere, meanwhile: str) -> None:
    """A change of a comment has an empty plan, and its record would open the way for others."""
    gated(tree)
    tree.remote.commit("a comment", {"staging/main.tf": f"# new\n{MAIN.replace('KIND', 'http')}"})
    assert tree.run("approve:staging", *WHO).code == 0
    killed = tree.run("deploy:staging", SLIPWAY_KILL_AT="deploy:staging:observed")
    assert killed.code == -signal.SIGKILL, killed.err
    if meanwhile == "push":  # that is no decision
        tree.resize("staging", "large")
        record_again(tree)
        assert "'staging'" in tree.remote.message()
        return
    assert tree.run(f"{meanwhile}:staging", *WHO).code == 0
    before = tree.remote.at()
    with pytest.raises(Failed, match="nothing was applied to staging, and nothing is recorded"):
        record_again(tree)
    assert tree.remote.at() == before


def test_what_a_killed_run_has_applied_is_recorded_in_any_case(
    tree: Elsewhere, tmp_path: Path
) -> None:
    gated(tree)
    tree.resize("staging", "large")
    assert tree.run("approve:staging", *WHO).code == 0
    killed = tree.run("deploy:staging", SLIPWAY_KILL_AT="apply:staging:terraform")
    assert killed.code == -signal.SIGKILL, killed.err
    assert tree.run("unlock:staging", *WHO).code == 0
    other = Elsewhere(tmp_path / "other", tree.remote, tree.server)
    other.replace("staging: {", "staging: {gate: true, ")
    killed = other.run("deploy:staging", SLIPWAY_KILL_AT="deploy:staging:observed")
    assert killed.code == -signal.SIGKILL, killed.err
    assert other.run("reject:staging", *WHO).code == 0
    record_again(other)
    assert "'staging'" in tree.remote.message()


def test_a_new_state_that_was_allowed_stays_allowed_when_its_apply_fails(tree: Elsewhere) -> None:
    assert tree.run("deploy:staging").code == 0
    del tree.server.states[tree.server.file("staging")]
    broken = MAIN.replace("KIND", "http").replace(
        "input =", 'provisioner "local-exec" { command = "exit 1" }\n  input ='
    )
    tree.remote.commit("broken", {"staging/main.tf": broken})
    run = tree.run("deploy:staging", SLIPWAY_ALLOW_NEW_STATE="staging")
    assert run.code == 1
    assert "doit rollback:staging goes back to what is recorded, state 1" in run.err
    assert tree.run("rollback:staging", *WHO).code == 0
    run = tree.run("allow-destroy=terraform_data.database", "deploy:staging")
    assert run.code == 0, run.err
    assert tree.run("drift:staging").code == 0
    assert tree.run("deploy:staging").code == 4  # it is held


def test_the_state_of_another_environment_is_refused(tree: Elsewhere) -> None:
    """A copied line in a backend would have staging's plan applied to qa, and so on."""
    assert tree.run("deploy:staging", "deploy:qa").code == 0
    states = tree.server.states
    states[tree.server.file("qa")] = states[tree.server.file("staging")]
    before = dict(states)
    tree.resize("qa", "large")
    run = tree.run("deploy:qa")
    assert run.code == 1
    assert "the Terraform state of qa is the one that staging was deployed with" in run.err
    assert "SLIPWAY_ALLOW_NEW_STATE=qa doit deploy:qa" in run.err
    assert states == before
    drift = tree.run("drift:qa")
    assert drift.code == 1
    assert "SLIPWAY_ALLOW_NEW_STATE=qa doit deploy:qa" in drift.err
    assert tree.run("deploy:qa", SLIPWAY_ALLOW_NEW_STATE="qa").code == 0
    tree.resize("qa", "larger")
    assert tree.run("deploy:qa").code == 0  # it is recorded as its own now


def test_a_state_that_is_not_the_one_recorded_is_refused(tree: Elsewhere) -> None:
    assert tree.run("deploy:staging").code == 0
    lineage = tree.server.state("staging")["lineage"]
    assert f"Slipway-Lineage: {lineage}\n" in tree.remote.message()
    other = tree.server.state("staging") | {"lineage": "0c3a5c53-8c1b-4f7e-9b55-1f2f3a4b5c6d"}
    tree.server.states[tree.server.file("staging")] = json.dumps(other).encode()
    tree.resize("staging", "large")
    run = tree.run("deploy:staging")
    assert run.code == 1
    assert f"staging was deployed (state 1) with another Terraform state: {lineage}" in run.err
    tree.resize("staging", "small")  # as it was recorded: no new record, a note
    assert tree.run("deploy:staging", SLIPWAY_ALLOW_NEW_STATE="staging").code == 0
    tree.resize("staging", "larger")
    assert tree.run("deploy:staging").code == 0


def test_killed_at_any_moment_the_same_command_ends_well(tree: Elsewhere) -> None:
    """Not only at our own points: wherever a `kill -9` hits, in Terraform's commands as well."""
    begin = time.monotonic()
    assert tree.run("deploy:qa", "deploy:staging").code == 4  # qa waits; how long does one take?
    whole = time.monotonic() - begin
    moments = 8
    for number in range(1, moments + 1):
        tree.resize("staging", f"size {number}")
        run = tree.start("deploy:staging")
        time.sleep(whole * number / moments)
        run.kill()
        run.communicate(timeout=60)
        again = tree.run("deploy:staging")
        if "the state is locked by" in again.err:  # its Terraform died with it: it says what to do
            typed = unlock_command(again.err).replace("force-unlock", "force-unlock -force")
            assert tree.type(typed).returncode == 0
            again = tree.run("deploy:staging")
        assert again.code == 0, again.err
        assert tree.server.state("staging")["outputs"]["size"]["value"] == f"size {number}"
        found = tree.record("staging")
        assert found is not None
        assert found.version == number + 1
        assert tree.server.locks() == []
    assert len(tree.records()) == moments + 1
    assert tree.run("drift:staging").code == 0


TOGETHER = """\
terraform {
  backend "http" {}
}
resource "terraform_data" "meeting" {
  provisioner "local-exec" {
    command = <<-EOT
      touch MEETING/NAME
      for i in $(seq 300); do test -e MEETING/OTHER && exit 0; sleep 0.1; done
      echo "OTHER did not come" >&2; exit 1
    EOT
  }
}
"""


def test_independent_tracks_are_deployed_side_by_side(tree: Elsewhere, tmp_path: Path) -> None:
    """Each apply waits until the other track's has begun: one after the other, both would fail."""
    (tmp_path / "meeting").mkdir()
    text = TOGETHER.replace("MEETING", str(tmp_path / "meeting"))
    one, other = "staging", "azure"
    tree.replace("  qa: {passed", "  azure: {terraform: ./terraform-told}\n  qa: {passed")
    rules = CEPLER.replace("  qa:", "  azure: {latest: [modules/**, azure/*]}\n  qa:")
    tree.remote.commit(
        "another cloud",
        {
            "cepler.yml": rules,
            "staging/main.tf": text.replace("NAME", one).replace("OTHER", other),
            "azure/main.tf": text.replace("NAME", other).replace("OTHER", one),
        },
    )
    run = tree.run("-n", "2", "deploy:staging", "deploy:azure")
    assert run.code == 0, run.err
    for name in (one, other):
        found = tree.record(name)
        assert found is not None
        assert found.version == 1
    assert len(tree.records()) == 2


def test_typed_side_by_side_an_environment_still_comes_behind_its_forerunner(
    tree: Elsewhere,
) -> None:
    run = tree.run("-n", "2", "deploy:qa", "deploy:staging")
    assert run.code == 0, run.err
    assert [line.rpartition("'")[0].rpartition("'")[2] for line in tree.records()] == [
        "staging",
        "qa",
    ]


def test_each_root_has_its_own_program_and_another_one_prepares_it_anew(tree: Elsewhere) -> None:
    for name in ("terraform-1.9", "tofu-1.8"):
        program = tree.folder / name
        program.write_text((tree.folder / "terraform-told").read_text().replace(
            '"$*"', f'"{name} $*"'
        ))  # fmt: skip
        program.chmod(0o755)
    tree.replace("staging: {terraform: ./terraform-told}", "staging: {terraform: ./terraform-1.9}")
    tree.replace(
        "terraform: ./terraform-told}\n  production", "terraform: ./tofu-1.8}\n  production"
    )
    assert tree.run("deploy:staging").code == 0
    first = tree.told.read_text()
    assert tree.run("deploy:qa").code == 0
    second = tree.told.read_text().removeprefix(first)
    assert {line.split()[0] for line in first.splitlines()} == {"terraform-1.9"}
    assert {line.split()[0] for line in second.splitlines()} == {"tofu-1.8"}
    tree.replace("staging: {terraform: ./terraform-1.9}", "staging: {terraform: ./tofu-1.8}")
    assert tree.run("deploy:staging").code == 0
    third = tree.told.read_text().removeprefix(first + second)
    assert "tofu-1.8 init" in third
