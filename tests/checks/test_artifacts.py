"""What checks keep, and the others that get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.checks import lay_artifacts
from tasks.checks.artifacts import Stands, folder_of
from tasks.checks.verdict import assume, judge
from tasks.kernel import paths
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.world import UNKNOWN, Forecast, World
from tests.checks.conftest import HEAD, Declare, branch_off, on, says
from tests.rooms import Outside, look

SHOOT = "import pathlib; p = pathlib.Path('shots/deep'); p.mkdir(parents=True); \
(p / 'a.svg').write_text('<svg/>'); pathlib.Path('report').write_text('fine')"


def kept(world: World) -> Path:
    return folder_of(world, "shots", world.json(paths.verdict("shots"))["artifacts"])


def test_artifacts_are_kept_with_their_digests(world: World, declare: Declare) -> None:
    says(world, declare(SHOOT, "shots", artifacts=("shots", "report")))
    verdict = world.json(paths.verdict("shots"))
    assert sorted(verdict["artifacts"]["files"]) == ["report", "shots/deep/a.svg"]
    assert verdict["artifacts"]["digest"].startswith("sha256:")
    folder = kept(world)
    assert folder.parent == world.path("build/checks/shots/artifacts")
    assert (folder / "shots/deep/a.svg").read_text() == "<svg/>"


def test_another_check_and_another_stage_get_them_where_they_want_them(
    world: World, declare: Declare, tmp_path: Path
) -> None:
    says(world, declare(SHOOT, "shots", artifacts=("shots",)))
    code = "print(1, open('site/img/shots/deep/a.svg').read())"
    assert says(world, declare(code, "docs", from_={"shots": "site/img"})) == "1 <svg/>"
    digest = lay_artifacts(world, "shots", tmp_path, "static")
    assert (tmp_path / "static/shots/deep/a.svg").read_text() == "<svg/>"
    assert world.json(paths.verdict("docs"))["from"] == {"shots": digest}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("pass", "shots passed and left no out"),
        ("import os; os.mkdir('out')", "shots passed and left out empty"),
        ("import os; os.symlink('/etc/hostname', 'out')", "shots passed and left no out"),
        ("import os; os.mkdir('out'); os.symlink('/etc/passwd', 'out/x')", "left out/x as a link"),
    ],
)
def test_what_is_promised_must_be_left(
    world: World, declare: Declare, code: str, said: str
) -> None:
    with pytest.raises(Failed, match=said):
        judge(declare(code, "shots", artifacts=("out",)), HEAD, world)
    assert not world.exists(paths.verdict("shots"))


def test_what_a_failed_check_left_can_be_looked_at(world: World, declare: Declare) -> None:
    with pytest.raises(Failed) as caught:
        judge(declare(SHOOT + "; raise SystemExit(1)", "shots", artifacts=("shots",)), HEAD, world)
    assert caught.value.detail[-1] == "what it left is in build/checks/shots/failed"
    assert world.path("build/checks/shots/failed/shots/deep/a.svg").exists()
    says(world, declare(SHOOT, "shots", artifacts=("shots",)))
    assert not world.exists("build/checks/shots/failed")


def test_artifacts_that_are_gone_or_changed_are_noticed(
    world: World, declare: Declare, tmp_path: Path
) -> None:
    check = declare(SHOOT, "shots", artifacts=("shots",))
    says(world, check)
    asked = Stands("shots", paths.verdict("shots"))
    assert asked.reasons(world, {}) == []
    file = kept(world) / "shots/deep/a.svg"
    file.write_text("<SVG/>")  # of the same size
    with pytest.raises(SlipwayError, match="is not what shots kept any more"):
        lay_artifacts(world, "shots", tmp_path, ".")
    file.unlink()
    assert asked.reasons(world, {}) == ["what it kept is gone, or was changed"]
    assert "same tree" not in says(world, check)
    assert asked.reasons(world, {}) == []


def test_artifacts_never_leave_the_tree(world: World, declare: Declare, tmp_path: Path) -> None:
    says(world, declare(SHOOT, "shots", artifacts=("shots",)))
    tree, elsewhere = tmp_path / "tree", tmp_path / "elsewhere"
    tree.mkdir()
    elsewhere.mkdir()
    (tree / "docs").symlink_to(elsewhere)
    with pytest.raises(SlipwayError, match="leads out of the tree"):
        lay_artifacts(world, "shots", tree, "docs")
    assert list(elsewhere.iterdir()) == []


def test_other_artifacts_are_another_input(
    outside: Outside, world: World, declare: Declare
) -> None:
    shots = declare("open('out', 'w').write(open('server/main.py').read())", "shots",
                    artifacts=("out",))  # fmt: skip
    docs = declare("print(1)", "docs", inputs=("tests",), from_={"shots": "."})
    says(world, shots)
    says(world, docs)
    assert "same tree" in says(world, docs)
    outside.commit("feat: change", {"server/main.py": "print('other')\n"})
    look(world)
    says(world, shots)
    assert "same tree" not in says(world, docs)


def test_a_branch_has_artifacts_of_its_own(
    outside: Outside, world: World, declare: Declare
) -> None:
    check = declare("open('out', 'w').write(open('server/main.py').read())", "shots",
                    artifacts=("out",))  # fmt: skip
    says(world, check)
    before = kept(world)
    branch_off(outside, "topic")
    outside.commit("feat: change", {"server/main.py": "print('other')\n"}, branch="topic")
    look(world)
    says(world, check, on(world, "topic"))
    assert (kept(world), (before / "out").read_text()) == (before, "print('shop')\n")
    assert len(list(before.parent.iterdir())) == 2


def test_a_plan_knows_what_will_be_kept_only_of_a_tree_that_passed(
    world: World, declare: Declare, tmp_path: Path
) -> None:
    check = declare(SHOOT, "shots", artifacts=("shots",))
    ahead = Forecast(world, tmp_path / "scratch")
    assume(check, HEAD, ahead)
    assert ahead.json(paths.verdict("shots"))["artifacts"] == UNKNOWN
    says(world, check)
    ahead = Forecast(world, tmp_path / "scratch")
    assert assume(check, HEAD, ahead).says.startswith("the same tree has passed")
    assert ahead.read(paths.verdict("shots")) == world.read(paths.verdict("shots"))
