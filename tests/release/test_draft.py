"""The draft: what was tested, its checksums, the notes as they were reviewed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.forge.observe import observe as observe_forge
from tasks.images.context import BINARY, KEY, REVISION, VERSION
from tasks.kernel import facts, paths
from tasks.kernel import git as g
from tasks.kernel.effects import Skip, carry_out
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.world import World
from tasks.registry import LayoutRegistry
from tasks.release import draft
from tests.images.contexts import make, run
from tests.journeys.conftest import At
from tests.project import Project
from tests.rooms import edit_json, look, receipt, world_of

Spoil = Callable[[Path], object]


class Approved:
    """A project whose promotion was merged just now."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.world: World = world_of(project)
        self.registry = LayoutRegistry(project.world / "registry")
        look(self.world)

    @property
    def folder(self) -> Path:
        return self.project.world / "forge/releases/0.2.0"

    def asset(self, name: str) -> bytes:
        return (self.folder / "assets" / name).read_bytes()

    def go_on(self) -> str:
        return carry_out(draft.EFFECT, self.world)

    def wanted(self) -> draft.Wanted:
        wanted = draft.want(self.world)
        assert isinstance(wanted, draft.Wanted)
        return wanted

    def replace_image(self, content: str | None, label: str) -> None:
        """Put another image under the candidate's tag, with what its label says of the binary."""
        labels = {VERSION: "0.2.0-rc.1", REVISION: "f" * 40, KEY: "x", BINARY: label}
        files = {"shop": content} if content is not None else {"other": "x"}
        copied = " ".join(files)
        place = self.project.folder / "planted"
        run(make(place / "context", f"FROM scratch\nCOPY {copied} /srv/\n", files), labels=labels)
        self.registry.delete_tag("server", "0.2.0-rc.1")
        self.registry.push("server", place / "image", "0.2.0-rc.1")


@pytest.fixture
def approved(at: At, monkeypatch: pytest.MonkeyPatch) -> Approved:
    project = at("approved")
    monkeypatch.setattr(paths, "ROOT", project.folder)
    return Approved(project)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_binary_comes_out_of_the_candidates_image(approved: Approved) -> None:
    """Not from the build folder: another machine has none, and this one's may be another's."""
    built = approved.world.path("build/binary/shop").read_bytes()
    approved.world.path("build/binary/shop").write_bytes(b"never tested")
    assert approved.go_on() == "0.2.0: checksums.txt, shop"
    assert approved.asset("shop") == built
    assert approved.asset("checksums.txt").decode() == f"{_sha256(built)}  shop\n"


def test_nothing_is_compiled_while_the_image_is_there(approved: Approved) -> None:
    approved.project.replace("command: [python3, build.py]", "command: [no-such-compiler]")
    approved.world = world_of(approved.project)
    approved.go_on()
    assert approved.asset("shop")


def test_an_image_that_is_gone_means_compiling_the_same_commit_again(approved: Approved) -> None:
    tested = approved.world.path("build/binary/shop").read_bytes()
    approved.registry.delete_tag("server", "0.2.0-rc.1")
    approved.project.commit("feat: later", {"server/main.py": "print('later')\n"})
    look(approved.world)
    approved.go_on()
    assert approved.asset("shop") == tested
    assert _sha256(tested) in approved.asset("checksums.txt").decode()


@pytest.mark.parametrize("content", ["patched", None], ids=["patched", "gone"])
@pytest.mark.parametrize("label", ["a" * 64, ""], ids=["labelled", "unlabelled"])
def test_a_tag_that_was_moved_since_does_not_matter(
    approved: Approved, content: str | None, label: str
) -> None:
    """The promotion names digests: what was approved ships, whatever the candidate's tag says."""
    tested = approved.world.path("build/binary/shop").read_bytes()
    approved.replace_image(content, label)
    approved.go_on()
    assert approved.asset("shop") == tested


def test_bytes_that_nobody_tested_are_refused(approved: Approved) -> None:
    approved.project.lose_image("server")
    code = "import pathlib; pathlib.Path('dist').mkdir(); pathlib.Path('dist/shop').touch()"
    approved.project.replace("command: [python3, build.py]", f'command: [python3, -c, "{code}"]')
    approved.world = world_of(approved.project)
    with pytest.raises(SlipwayError, match="compiling it again gives other bytes"):
        approved.go_on()
    assert not approved.folder.exists()
    assert not approved.world.exists(paths.receipt("draft")) or "assets" not in receipt(
        approved.world, "draft"
    )


def test_the_receipt_tells_tag_commit_and_every_checksum(approved: Approved) -> None:
    approved.go_on()
    told = receipt(approved.world, "draft")
    assert told["assets"] == {
        name: _sha256(approved.asset(name)) for name in ("checksums.txt", "shop")
    }
    assert (told["tag"], told["version"]) == ("0.2.0", "0.2.0")
    assert told["commit"] == approved.project.tags()["0.2.0-rc.1"]
    observe_forge(approved.world)
    claims = told["claims"]["forge"]
    assert approved.world.sightings("forge").items() >= claims.items()


def test_twice_is_once(approved: Approved) -> None:
    approved.go_on()
    before = {path: path.stat().st_mtime_ns for path in approved.folder.rglob("*")}
    assert approved.go_on() == "0.2.0 is a draft, 2 assets"
    assert {path: path.stat().st_mtime_ns for path in approved.folder.rglob("*")} == before


def test_the_notes_are_the_section_as_it_was_merged(approved: Approved) -> None:
    notes = approved.wanted().notes
    assert notes.startswith("## [0.2.0] - ")
    assert "- A second shelf" in notes
    assert "0.1.0" not in notes


def test_later_edits_of_the_changelog_do_not_change_the_notes(approved: Approved) -> None:
    before = approved.wanted().notes
    text = approved.project.file("CHANGELOG.md").replace("A second shelf", "Nonsense")
    approved.project.commit("docs: nonsense", {"CHANGELOG.md": text})
    look(approved.world)
    assert approved.wanted().notes == before


def test_words_that_nobody_reviewed_do_not_stay_in_a_draft(approved: Approved) -> None:
    approved.go_on()
    edit_json(approved.folder / "release.json", notes="Buy now!")
    assert not draft.observe(approved.world, approved.wanted()).done
    approved.go_on()
    assert json.loads((approved.folder / "release.json").read_text())["notes"].startswith("## [0.2")


def test_words_that_a_human_changed_after_publication_stay(approved: Approved) -> None:
    approved.go_on()
    edit_json(approved.folder / "release.json", notes="With a picture", draft=False)
    assert approved.go_on() == "0.2.0 is published, 2 assets"
    assert json.loads((approved.folder / "release.json").read_text())["notes"] == "With a picture"


def _lose(name: str) -> Spoil:
    return lambda folder: (folder / "assets" / name).unlink()


def _swap(name: str) -> Spoil:
    return lambda folder: facts.write_bytes(folder / "assets" / name, b"other")


def _move(folder: Path) -> None:
    edit_json(folder / "release.json", commit="f" * 40)


SPOILT: dict[str, Spoil] = {
    "an asset is gone": _lose("shop"),
    "the checksums are gone": _lose("checksums.txt"),
    "an asset was replaced": _swap("shop"),
    "the checksums were replaced": _swap("checksums.txt"),
    "it is of another commit": _move,
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_draft_is_made_whole(approved: Approved, how: str) -> None:
    approved.go_on()
    before = {path.name: path.read_bytes() for path in approved.folder.rglob("*") if path.is_file()}
    SPOILT[how](approved.folder)
    seen = draft.observe(approved.world, approved.wanted())
    assert (seen.done, seen.says) == (False, "the draft of 0.2.0 is not whole")
    approved.go_on()
    after = {path.name: path.read_bytes() for path in approved.folder.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_publication_is_told_and_is_left_as_it_is(approved: Approved, how: str) -> None:
    approved.go_on()
    edit_json(approved.folder / "release.json", draft=False)
    SPOILT[how](approved.folder)
    before = {path: path.read_bytes() for path in approved.folder.rglob("*") if path.is_file()}
    approved.go_on()
    with pytest.raises(Failed, match="not what was approved") as error:
        draft.judge(approved.world)
    assert error.value.detail
    assert {p: p.read_bytes() for p in approved.folder.rglob("*") if p.is_file()} == before


def test_without_an_approval_there_is_nothing_to_draft(at: At) -> None:
    world = world_of(at("waiting"))
    look(world)
    assert draft.want(world) == Skip("no promotion was merged yet")


def test_a_version_released_from_another_commit_is_spent(approved: Approved) -> None:
    """Somebody released 0.2.0 by hand; ours comes with the next candidate."""
    g.git("tag", "0.2.0", "0.1.0", repo=approved.project.source)
    look(approved.world)
    wanted = draft.want(approved.world)
    assert isinstance(wanted, Skip)
    assert wanted.why.startswith("0.2.0-rc.1 is spent: 0.2.0 was released from ")


def test_every_asset_is_known_before_it_is_made(approved: Approved) -> None:
    wanted = approved.wanted()
    foreseen = draft.claims(wanted, draft.observe(approved.world, wanted))
    approved.go_on()
    assert receipt(approved.world, "draft")["claims"] == foreseen
    assert receipt(approved.world, "draft")["assets"] == wanted.assets
