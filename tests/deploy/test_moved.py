"""What moves or dies between a plan and its apply; independent tracks; programs of their own."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.deploy import apply
from tasks.kernel import journal, paths
from tasks.kernel.config import load
from tasks.kernel.effects import carry_out
from tasks.kernel.errors import Failed
from tasks.kernel.world import World
from tests.deploy.elsewhere import Elsewhere, http, unlock_command
from tests.deploy.place import CEPLER
from tests.promotion.line import Remote

pytestmark = pytest.mark.slow


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
