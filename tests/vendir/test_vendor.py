"""The effect: the tested chart is in the deployments repository, once, with a lock that says so."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.errors import SlipwayError
from tasks.kernel.receipts import Claims, broken
from tasks.kernel.world import World
from tasks.promotion import head
from tasks.vendir import revision, standing, vendor, vendored_ref
from tests.project import WHO
from tests.vendir.line import FOLDER, VENDIR, Line


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    return Line(tmp_path)


def _receipt(line: Line) -> dict[str, Any]:
    told: dict[str, Any] = line.world.json(paths.receipt("vendor"))
    return told


def test_the_tested_chart_its_lock_and_its_reference_come_in_one_commit(line: Line) -> None:
    line.fly(line.first)
    said = line.vendor()
    assert said == f"bank chart 1.0.0 ({line.first[:7]}) in {FOLDER} ({line.head[:7]})"
    assert line.vendored() == line.charted(line.first)
    assert line.show("vendir.yml").decode() == VENDIR.replace("origin/main", line.first)
    assert line.show("vendir.lock.yml").decode() == (
        "apiVersion: vendir.k14s.io/v1alpha1\ndirectories:\n- contents:\n  - git:\n"
        f"      commitTitle: 'feat: the chart'\n      sha: {line.first}\n    path: chart\n"
        "  path: vendor/bank\nkind: LockConfig\n"
    )
    assert line.log() == ["chore(deps): bump bank chart to 1.0.0", "feat: deployments"]
    told = g.text(
        "log",
        "-1",
        "--format=%an <%ae> %at%n%B",
        "main",
        repo=line.folder / "world/deployments.git",
    )
    date = g.text("log", "-1", "--format=%ct", line.first, repo=line.folder / "world/charts.git")
    assert told.splitlines()[0] == f"Slipway <slipway@localhost> {date}"
    assert f"\nSlipway-Release: 0.42.0\nSlipway-Chart: {line.first}\n" in told
    assert _receipt(line) == {
        "claims": {"deployments": standing(line.world, head.mirror(line.world), line.head)},
        "ref": line.first,
        "version": "1.0.0",
    }
    assert head.head_of(line.world).commit == line.head
    assert vendored_ref(line.show("vendir.yml"), FOLDER) == line.first


def broken_in(claims: Claims, line: Line) -> list[str]:
    """Return what of a receipt does not stand in what the observer would see now."""
    now = head.ask(line.world).commit
    line.world.see("deployments", standing(line.world, head.mirror(line.world), now))
    return broken(claims, line.world)


def test_once_more_changes_nothing(line: Line) -> None:
    line.fly(line.first)
    line.vendor()
    before, receipt = line.head, _receipt(line)
    shutil.rmtree(line.folder / "build/receipts")
    shutil.rmtree(line.folder / "build/mirrors")
    assert "is vendored" in line.vendor()
    assert (line.head, _receipt(line)) == (before, receipt)


def test_a_tag_that_is_set_later_makes_no_new_commit(line: Line) -> None:
    line.fly(line.first)
    line.vendor()
    before = line.head
    g.git("tag", "v1", line.first, repo=line.folder / "world/charts.git")
    shutil.rmtree(line.folder / "build/mirrors")
    line.vendor()
    assert line.head == before


def test_the_next_chart_replaces_the_one_before(line: Line) -> None:
    line.fly(line.first)
    line.vendor()
    second = line.commit(
        "charts",
        "feat: another",
        {"charts/bank/values.yaml": "web: {digest: b}\n", "charts/bank/.helmignore": None},
    )
    line.fly(second, "1.1.0")
    line.vendor()
    assert line.vendored() == line.charted(second)
    assert ".helmignore" not in line.vendored()
    assert line.log()[0] == "chore(deps): bump bank chart to 1.1.0"
    assert _receipt(line)["claims"]["deployments"]["vendored"] == second


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        (f"{FOLDER}/values.yaml", "x\n", "deployments has another vendored files"),
        (f"{FOLDER}/values.yaml", None, "deployments has another vendored files"),
        ("vendir.lock.yml", None, "deployments has no vendored lock any more"),
    ],
)
def test_what_somebody_changes_by_hand_wakes_it(
    line: Line, path: str, content: str | None, reason: str
) -> None:
    """It never had a testflight, and must not go on to an environment in silence."""
    line.fly(line.first)
    line.vendor()
    claims = _receipt(line)["claims"]
    assert broken_in(claims, line) == []
    line.commit("deployments", "fix: by hand", {path: content})
    assert broken_in(claims, line) == [reason]
    line.vendor()
    assert broken_in(claims, line) == []


@pytest.mark.parametrize("spoilt", [f"{FOLDER}/values.yaml", "vendir.lock.yml"])
def test_what_somebody_changed_is_made_right_again(line: Line, spoilt: str) -> None:
    line.fly(line.first)
    line.vendor()
    right = line.show(spoilt)
    line.commit(
        "deployments",
        "fix: by hand",
        {
            spoilt: right.decode().replace(line.first, "0" * 40) + "#\n"
            if "lock" in spoilt
            else "x\n",
            f"{FOLDER}/more.txt": "x\n",
        },
    )
    line.vendor()
    assert line.vendored() == line.charted(line.first)
    assert line.show(spoilt) == right
    assert line.log()[0] == "fix(deps): restore bank chart 1.0.0"


def test_somebody_else_pushes_at_the_same_moment(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.fly(line.first)
    real, rivals = head.push, ["rival.txt"]

    def late(world: World, commit: str, parent: str) -> None:
        while rivals:
            line.commit("deployments", "feat: theirs", {rivals.pop(): "x\n"})
        real(world, commit, parent)

    monkeypatch.setattr(head, "push", late)
    line.vendor()
    assert line.log() == [
        "chore(deps): bump bank chart to 1.0.0",
        "feat: theirs",
        "feat: deployments",
    ]
    assert line.show("rival.txt") == b"x\n"
    assert head.head_of(line.world).commit == line.head


def test_a_run_that_died_behind_the_push_is_taken_up(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.fly(line.first)

    class Died(BaseException):
        pass

    def die(point: str) -> None:
        if point == "vendor:acted":
            raise Died

    with monkeypatch.context() as patch:
        patch.setattr("tasks.kernel.effects.killed_here", die)
        with pytest.raises(Died):
            line.vendor()
    before = line.head
    assert line.log()[0].startswith("chore(deps)")
    assert line.world.read(paths.receipt("vendor")) is None
    line.look()
    assert "is vendored" in line.vendor()
    assert line.head == before
    assert head.head_of(line.world).commit == before


def test_the_same_commit_is_made_again_for_a_branch_that_was_set_back(line: Line) -> None:
    where = line.folder / "world/deployments.git"
    before = line.head
    line.fly(line.first)
    line.vendor()
    made = line.head
    g.git("update-ref", "refs/heads/main", before, repo=where)
    line.vendor()
    assert line.head == made


def test_a_newer_chart_that_somebody_set_is_left_alone(line: Line) -> None:
    newer = line.commit("charts", "feat: another", {"charts/bank/values.yaml": "b: 1\n"})
    line.fly(line.first)
    line.commit(
        "deployments", "feat: by hand", {"vendir.yml": VENDIR.replace("origin/main", newer)}
    )
    before = line.head
    said = line.vendor()
    assert f"somebody has set the newer {newer[:7]}" in said
    assert "its files are not those of that commit" in said
    assert line.head == before
    assert _receipt(line)["claims"]["deployments"]["vendored"] == newer


def test_a_newer_chart_that_our_mirror_has_not_seen_yet_is_left_alone_too(line: Line) -> None:
    line.fly(line.first)
    line.vendor()
    newer = line.commit("charts", "feat: another", {"charts/bank/values.yaml": "b: 1\n"})
    text = VENDIR.replace("origin/main", newer)
    line.commit("deployments", "feat: by hand", {"vendir.yml": text})
    assert "somebody has set the newer" in line.vendor()


def test_a_chart_of_another_line_is_neither_taken_nor_overwritten(line: Line) -> None:
    where = line.folder / "world/charts.git"
    tree = g.text("rev-parse", f"{line.first}^{{tree}}", repo=where)
    who = g.identity(*WHO, "1767225600 +0000")
    side = g.text("commit-tree", tree, "-m", "hotfix", repo=where, env=who)
    g.git("update-ref", "refs/heads/hotfix", side, repo=where)
    line.fly(line.first)
    line.commit("deployments", "fix: by hand", {"vendir.yml": VENDIR.replace("origin/main", side)})
    with pytest.raises(SlipwayError, match="does not stand on") as refused:
        line.vendor()
    assert side in str(refused.value)
    assert line.first in str(refused.value)


def test_a_verdict_of_another_chart_is_refused(line: Line) -> None:
    line.fly(line.first, tree="0" * 40)
    with pytest.raises(SlipwayError, match="only a chart that has flown is vendored"):
        line.vendor()
    assert line.log() == ["feat: deployments"]


def test_without_a_flight_there_is_nothing_to_do(line: Line) -> None:
    line.fly(line.first)
    line.world.write_json(paths.TESTFLIGHT, {"skipped": "nothing is published yet"})
    assert line.vendor() == "nothing is published yet"
    line.world.write_json(paths.CHART, {"commit": None, "why": "no release yet"})
    assert line.vendor() == "no release yet"
    assert line.log() == ["feat: deployments"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "there is no vendir.yml"),
        (VENDIR.replace("path: chart", "path: other"), "has no content vendor/bank/chart"),
        (VENDIR.replace("ref: origin/main", "refSelection: {semver: {}}"), "ref"),
        (VENDIR.replace("vendor/bank", "../../bank"), "has no content"),
        (VENDIR.replace("newRootPath: charts/bank", "newRootPath: charts/none"), "charts/none"),
        ("just text\n", "mapping"),
    ],
)
def test_what_the_configuration_lacks_is_said(line: Line, text: str | None, reason: str) -> None:
    line.fly(line.first)
    line.commit("deployments", "fix: spoilt", {"vendir.yml": text})
    before = line.head
    with pytest.raises(SlipwayError, match=reason):
        line.vendor()
    assert line.head == before


SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: é}\ndata: {username: YWRh}\n"


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("", f"---\n{SECRET}"),
        (f"{SECRET}--- # the contents\n", ""),
        (f"---\n{SECRET}---\n", f"---\n{SECRET.replace('é', 'z')}"),
        (f"\ufeff{SECRET}---\n".replace("\n", "\r\n"), ""),
    ],
)
def test_documents_that_stand_beside_the_configuration_stay_as_they_are(
    before: str, behind: str
) -> None:
    spot, text = revision.Spot("vendir.yml", FOLDER), before + VENDIR + behind
    made = revision.with_ref(text.encode(), spot, "f" * 40)
    assert made == text.replace("origin/main", "f" * 40).encode()


def test_what_cannot_be_edited_is_told_with_its_line_in_the_whole_file() -> None:
    text = f"{SECRET}---\n{VENDIR.replace('ref: origin/main', 'ref: |-').replace('   #', '#')}"
    text = text.replace("a tested commit", "\n            v1")
    line = text[: text.index("ref: |-")].count("\n") + 1
    with pytest.raises(SlipwayError, match=f"vendir.yml:{line}: "):
        revision.with_ref(text.encode(), revision.Spot("vendir.yml", FOLDER), "f" * 40)


def test_a_chart_is_taken_from_its_url_when_our_mirror_is_damaged(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    url = line.folder / "world/charts.git"
    line.commit(
        "deployments", "fix: url", {"vendir.yml": VENDIR.replace("../charts.git", str(url))}
    )
    line.fly(line.first)
    vendor._refresh(line.world)
    mirror = line.world.mirror("charts")
    blob = g.text("rev-parse", f"{line.first}:charts/bank/values.yaml", repo=mirror)
    (mirror / "objects" / blob[:2] / blob[2:]).unlink()
    line.vendor()
    assert line.vendored() == line.charted(line.first)
    assert f"warning: the mirror {mirror} cannot be used" in capsys.readouterr().err
