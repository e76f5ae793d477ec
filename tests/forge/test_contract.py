"""What every forge promises, whichever one stands behind the port."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tasks.forge import Forge, NewPull, Pull, Refused, asset_claim
from tasks.forge.github import GithubForge
from tasks.forge.github.login import Token
from tasks.forge.local import LocalForge
from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError
from tests.forge.fake_github import TOKEN, FakeGithub, served
from tests.registry.processes import at_once
from tests.rooms import Repository

BASE = {"shop": "one shelf\n", "CHANGELOG": "first\n"}


@dataclass
class Side:
    """A forge, and the repository that it merges in."""

    forge: Forge
    source: Repository
    kind: str = "local"

    def branch(self, name: str = "promote", changelog: str = "second\n") -> str:
        """Put one commit on top of main on a branch."""
        files = BASE | {"CHANGELOG": changelog}
        return self.source.commit(
            "chore: release", self.source.at("main"), branch=name, files=files
        )

    def opened(self, name: str = "promote") -> Pull:
        """Open a pull request from a new branch."""
        self.branch(name)
        return self.forge.open_pull(new(name))

    def only(self, branch: str = "promote") -> Pull:
        """Return the one pull request of a branch, as the forge tells it now."""
        [pull] = self.forge.pulls(branch)
        return pull


def new(branch: str = "promote", labels: tuple[str, ...] = ("promote-rc",)) -> NewPull:
    return NewPull("release 1.0.0", "<!-- which -->\nbody", branch, "main", labels)


def _local(folder: Path) -> Side:
    source = Repository(folder / "source.git")
    return Side(LocalForge(folder / "forge", str(source.folder)), source)


class Watched(Repository):
    """A repository on GitHub, which looks at pull requests right after a push."""

    def __init__(self, folder: Path, github: FakeGithub) -> None:
        super().__init__(folder)
        self.github = github

    def point(self, branch: str, commit: str) -> None:
        """Set a branch, as a push does."""
        super().point(branch, commit)
        with self.github.lock:
            self.github.repository.settle()
            self.github.repository.save()


@contextmanager
def _on_github(folder: Path) -> Iterator[Side]:
    with served(folder / "github", folder / "source.git") as github:
        source = Watched(folder / "source.git", github)
        forge = GithubForge(github.url, github.name, Token(TOKEN, "of a test"))
        yield Side(forge, source, "github")


@contextmanager
def _on_disk(folder: Path) -> Iterator[Side]:
    yield _local(folder)


SIDES = {"local": _on_disk, "github": _on_github}


@pytest.fixture(params=SIDES)
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Side]:
    with SIDES[request.param](tmp_path) as made:
        made.source.commit("feat: a shop", branch="main", files=BASE)
        yield made


def _refused(act: Callable[[], object], says: str = "") -> None:
    with pytest.raises(SlipwayError) as error:
        act()
    assert says in str(error.value)


# usable at all


def test_a_forge_that_can_be_used_says_nothing(side: Side) -> None:
    side.forge.check()
    assert side.forge.pulls("promote") == []
    assert side.forge.release("1.0.0") is None


def test_the_embedded_one_without_its_source_says_what_to_type(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(SlipwayError, match="no source remote") as error:
        LocalForge(tmp_path / "forge", str(tmp_path / "nothing")).check()
    assert error.value.fix == "doit sandbox"


# pull requests


def test_a_pull_request_is_told_as_it_was_opened(side: Side) -> None:
    commit = side.branch()
    opened = side.forge.open_pull(new(labels=("b", "a")))
    assert side.only() == opened
    assert (opened.title, opened.body) == ("release 1.0.0", "<!-- which -->\nbody")
    assert (opened.branch, opened.base, opened.head) == ("promote", "main", commit)
    assert (opened.state, opened.draft, opened.labels) == ("open", True, ("a", "b"))
    assert str(opened.number) in opened.where


def test_only_the_pull_requests_of_the_branch_come_newest_first(side: Side) -> None:
    first = side.opened()
    side.opened("other")
    side.forge.merge_pull(first.number, first.head, "Grace", "fine")
    second = side.opened()
    assert [pull.number for pull in side.forge.pulls("promote")] == [second.number, first.number]
    assert second.number > first.number


def test_there_is_no_pull_request_from_a_branch_that_is_not_there(side: Side) -> None:
    _refused(lambda: side.forge.open_pull(new("nowhere")), "nowhere")
    assert side.forge.pulls("nowhere") == []


def test_a_second_one_from_the_same_branch_is_refused_while_one_is_open(side: Side) -> None:
    opened = side.opened()
    _refused(lambda: side.forge.open_pull(new()), "open already")
    assert side.only() == opened


def test_an_update_changes_it_in_place_and_keeps_the_labels_of_others(side: Side) -> None:
    opened = side.opened()
    side.forge.update_pull(opened.number, opened.title, opened.body, ("a-label-of-Ada",))
    newer = side.branch(changelog="third\n")
    updated = side.forge.update_pull(opened.number, "release 1.0.1", "new", ("promote-rc",))
    assert updated == side.only()
    assert (updated.number, updated.title, updated.body) == (opened.number, "release 1.0.1", "new")
    assert updated.labels == ("a-label-of-Ada", "promote-rc")
    assert (updated.head, updated.state, updated.draft) == (newer, "open", True)


def test_what_is_not_there_cannot_be_changed(side: Side) -> None:
    side.branch()
    _refused(lambda: side.forge.update_pull(7, "t", "b", ()), "7")
    _refused(lambda: side.forge.comment(7, "hello"), "7")
    _refused(lambda: side.forge.merge_pull(7, "0" * 40, "Grace", "fine"), "7")


def test_two_processes_that_open_at_once_get_two_numbers(side: Side) -> None:
    for name in ("one", "two", "three", "four"):
        side.branch(name)

    def opening(name: str) -> Callable[[], int]:
        return lambda: side.forge.open_pull(new(name)).number

    numbers = at_once([opening(name) for name in ("one", "two", "three", "four")])
    assert sorted(numbers) == [1, 2, 3, 4]
    assert [side.only(name).number for name in ("one", "two", "three", "four")] == numbers


def test_two_processes_that_open_the_same_at_once_leave_one(side: Side) -> None:
    side.branch()

    def opening() -> int:
        try:
            return side.forge.open_pull(new()).number
        except SlipwayError:
            return 9

    assert sorted(at_once([opening] * 3)) == [1, 9, 9]
    assert side.only().number == 1


def test_comments_do_not_change_a_pull_request(side: Side) -> None:
    opened = side.opened()
    side.forge.comment(opened.number, '1.0.0-rc.2 takes over.\n\n"quoted" `$(x)`')
    assert side.only() == opened


def test_comments_are_told_oldest_first(side: Side) -> None:
    opened = side.opened()
    assert side.forge.comments(opened.number) == []
    for text in ("one", "two\n\nlines", "one"):
        side.forge.comment(opened.number, text)
    assert side.forge.comments(opened.number) == ["one", "two\n\nlines", "one"]


def test_open_ones_are_found_by_their_labels_whatever_their_branch(side: Side) -> None:
    for name, labels in (("a", ("x",)), ("b", ("x", "y")), ("c", ("y", "x", "z")), ("d", ())):
        side.branch(name)
        side.forge.open_pull(new(name, labels))
    side.forge.close_pull(1)
    assert [pull.branch for pull in side.forge.open_pulls(("x", "y"))] == ["c", "b"]
    assert [pull.branch for pull in side.forge.open_pulls(())] == ["d", "c", "b"]
    assert side.forge.open_pulls(("nobody's",)) == []
    assert side.forge.open_pulls(("z",)) == side.forge.pulls("c")


def test_a_draft_is_made_ready_once(side: Side) -> None:
    opened = side.opened()
    for _ in range(2):
        side.forge.mark_ready(opened.number)
        assert (side.only().draft, side.only().state) == (False, "open")
    side.forge.close_pull(opened.number)
    _refused(lambda: side.forge.mark_ready(opened.number), "closed already")


def test_one_that_is_opened_ready_is_no_draft(side: Side) -> None:
    side.branch()
    side.forge.open_pull(NewPull("title", "body", "promote", "main", (), draft=False))
    assert not side.only().draft


def test_who_was_asked_to_look_stays_asked(side: Side) -> None:
    opened = side.opened()
    side.forge.request_reviews(opened.number, ("grace",))
    side.forge.request_reviews(opened.number, ("ada", "shop/keepers"))
    side.forge.request_reviews(opened.number, ("ada",))
    assert side.only().reviewers == ("ada", "grace", "shop/keepers")


def test_a_closed_one_is_closed_and_the_next_may_be_opened(side: Side) -> None:
    opened = side.opened()
    for _ in range(2):
        side.forge.close_pull(opened.number)
        assert side.only().state == "closed"
    _refused(
        lambda: side.forge.merge_pull(opened.number, opened.head, "Grace", "fine"),
        "closed already",
    )
    assert side.opened().number > opened.number


def test_a_merged_one_cannot_be_closed(side: Side) -> None:
    opened = side.opened()
    side.forge.merge_pull(opened.number, opened.head, "Grace", "fine")
    _refused(lambda: side.forge.close_pull(opened.number), "merged already")
    assert side.only().state == "merged"


# merging


def test_a_merge_is_a_commit_on_the_base_that_says_who_and_why(side: Side) -> None:
    opened, before = side.opened(), side.source.at("main")
    merge = side.forge.merge_pull(opened.number, opened.head, "Grace Hopper", "all is\n well")
    assert side.source.at("main") == merge
    parents = g.text("log", "-1", "--format=%P", merge, repo=side.source.folder)
    assert parents.split() == [before, opened.head]
    said = g.text("log", "-1", "--format=%an%n%B", merge, repo=side.source.folder)
    # On a forge of many, the commit is made by whom the token belongs to; the words say who.
    author = {"local": "Grace Hopper", "github": "octobot"}[side.kind]
    assert said.startswith(f"{author}\nMerge pull request #{opened.number} from promote")
    assert "\n\nrelease 1.0.0\n" in said
    assert "\nApproved-by: Grace Hopper\n" in said
    assert "\nReason: all is well" in said
    assert side.source.file(merge, "CHANGELOG") == "second\n"
    assert (side.only().state, side.only().draft) == ("merged", False)


def test_a_merge_keeps_what_came_to_the_base_meanwhile(side: Side) -> None:
    opened = side.opened()
    shelves = BASE | {"shop": "two shelves\n"}
    side.source.commit("feat: a shelf", side.source.at("main"), branch="main", files=shelves)
    merge = side.forge.merge_pull(opened.number, opened.head, "Grace", "fine")
    assert side.source.file(merge, "shop") == "two shelves\n"
    assert side.source.file(merge, "CHANGELOG") == "second\n"


def test_only_the_head_that_was_shown_is_merged(side: Side) -> None:
    opened, before = side.opened(), side.source.at("main")
    moved = side.branch(changelog="slipped in\n")
    _refused(lambda: side.forge.merge_pull(opened.number, opened.head, "Grace", "fine"), moved[:7])
    assert side.source.at("main") == before
    assert side.only().state == "open"


def test_a_branch_that_is_gone_cannot_be_merged(side: Side) -> None:
    opened, before = side.opened(), side.source.at("main")
    side.source.point("promote", "")
    # GitHub closes what has lost its branch.
    state = {"local": "open", "github": "closed"}[side.kind]
    assert (side.only().head, side.only().state) == ("", state)
    for shown in (opened.head, ""):
        _refused(lambda shown=shown: side.forge.merge_pull(1, shown, "Grace", "fine"))  # type: ignore[misc]
    _refused(lambda: side.forge.update_pull(opened.number, "t", "b", ()), "promote")
    assert side.source.at("main") == before


def test_a_conflict_names_the_files_and_leaves_nothing(side: Side) -> None:
    opened = side.opened()
    theirs = BASE | {"CHANGELOG": "theirs\n"}
    side.source.commit("docs: mine", side.source.at("main"), branch="main", files=theirs)
    refs = g.text("for-each-ref", repo=side.source.folder)
    with pytest.raises(SlipwayError, match="cannot be merged into main") as error:
        side.forge.merge_pull(opened.number, opened.head, "Grace", "fine")
    if side.kind == "local":  # GitHub does not say where
        assert error.value.detail == ("conflict in CHANGELOG",)
    assert g.text("for-each-ref", repo=side.source.folder) == refs
    assert side.only() == opened


def test_what_is_merged_is_not_merged_again(side: Side) -> None:
    opened = side.opened()
    merge = side.forge.merge_pull(opened.number, opened.head, "Grace", "fine")
    _refused(
        lambda: side.forge.merge_pull(opened.number, opened.head, "Grace", "fine"),
        "merged already",
    )
    assert side.source.at("main") == merge


def test_a_merge_made_by_hand_counts(side: Side) -> None:
    opened = side.opened()
    main = side.source.at("main")
    side.source.commit("Merge it", main, opened.head, branch="main", files=BASE)
    assert side.only().state == "merged"


def test_a_fast_forward_counts(side: Side) -> None:
    opened = side.opened()
    side.source.point("main", opened.head)
    assert side.only().state == "merged"


def test_a_merge_counts_when_the_branch_was_deleted_after_it(side: Side) -> None:
    opened = side.opened()
    side.source.point("main", opened.head)
    side.source.point("promote", "")
    assert (side.only().state, side.only().head) == ("merged", "")


def test_an_open_one_is_not_merged_because_its_former_head_was(side: Side) -> None:
    opened = side.opened()
    side.source.point("main", opened.head)
    side.branch(changelog="third\n")
    # GitHub has answered at the first of the two pushes, and does not come back to it.
    assert side.only().state == {"local": "open", "github": "merged"}[side.kind]


def test_a_merged_one_stays_merged_when_its_branch_serves_the_next(side: Side) -> None:
    first = side.opened()
    side.forge.merge_pull(first.number, first.head, "Grace", "fine")
    side.branch(changelog="third\n")
    second = side.forge.open_pull(new())
    assert [(pull.number, pull.state) for pull in side.forge.pulls("promote")] == [
        (second.number, "open"),
        (first.number, "merged"),
    ]


def test_a_kill_between_the_merge_and_the_note_of_it_leaves_no_doubt(tmp_path: Path) -> None:
    side = _local(tmp_path)
    side.source.commit("feat: a shop", branch="main", files=BASE)
    opened = side.opened()

    def merging() -> int:
        assert isinstance(side.forge, LocalForge)
        side.forge._save = lambda _told: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign,assignment]
        side.forge.merge_pull(opened.number, opened.head, "Grace", "fine")
        return 0

    assert at_once([merging]) == [-signal.SIGKILL]
    assert side.only().state == "merged"
    merge = side.source.at("main")
    _refused(lambda: side.forge.merge_pull(opened.number, opened.head, "Grace", "fine"))
    assert side.source.at("main") == merge
    assert side.opened("next").number == opened.number + 1  # the dead hold no lock


# releases


def test_a_draft_is_told_as_it_was_made(side: Side) -> None:
    commit = side.source.at("main")
    draft = side.forge.draft("1.0.0", commit, "1.0.0", "notes «é»\n")
    assert side.forge.release("1.0.0") == draft
    assert (draft.tag, draft.commit, draft.name) == ("1.0.0", commit, "1.0.0")
    assert (draft.notes, draft.draft, draft.assets) == ("notes «é»\n", True, {})


def test_assets_are_told_by_their_checksum_and_given_back_whole(side: Side) -> None:
    side.forge.draft("1.0.0", side.source.at("main"), "1.0.0", "")
    content = bytes(range(256)) * 300
    side.forge.attach("1.0.0", "lana-cli", content)
    side.forge.attach("1.0.0", "checksums.txt", b"none\n")
    release = side.forge.release("1.0.0")
    assert release is not None
    assert release.assets == {
        "lana-cli": hashlib.sha256(content).hexdigest(),
        "checksums.txt": hashlib.sha256(b"none\n").hexdigest(),
    }
    assert side.forge.asset("1.0.0", "lana-cli") == content


def test_in_a_draft_everything_may_be_replaced_and_the_assets_stay(side: Side) -> None:
    commit = side.source.at("main")
    side.forge.draft("1.0.0", commit, "1.0.0", "old")
    side.forge.attach("1.0.0", "lana-cli", b"old")
    side.forge.attach("1.0.0", "lana-cli", b"new")
    again = side.forge.draft("1.0.0", commit, "First", "new")
    assert (again.name, again.notes, again.draft) == ("First", "new", True)
    assert again.assets == {"lana-cli": hashlib.sha256(b"new").hexdigest()}
    assert side.forge.asset("1.0.0", "lana-cli") == b"new"


def test_what_is_published_does_not_change_any_more(side: Side) -> None:
    commit = side.source.at("main")
    side.forge.draft("1.0.0", commit, "1.0.0", "notes")
    side.forge.attach("1.0.0", "lana-cli", b"tested")
    side.forge.publish("1.0.0")
    published = side.forge.release("1.0.0")
    assert published is not None
    assert not published.draft
    _refused(lambda: side.forge.draft("1.0.0", commit, "1.0.0", "other"), "published")
    _refused(lambda: side.forge.attach("1.0.0", "lana-cli", b"other"), "published")
    _refused(lambda: side.forge.attach("1.0.0", "more", b"other"), "published")
    side.forge.publish("1.0.0")  # once more is no change
    assert side.forge.release("1.0.0") == published


def test_without_a_draft_there_is_nothing_to_fill_or_publish(side: Side) -> None:
    _refused(lambda: side.forge.attach("1.0.0", "lana-cli", b"x"), "1.0.0")
    _refused(lambda: side.forge.publish("1.0.0"), "1.0.0")
    _refused(lambda: side.forge.asset("1.0.0", "lana-cli"), "1.0.0")
    assert side.forge.release("1.0.0") is None


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "/etc/x", "../release.json", "a\nb"]
)
def test_what_cannot_be_the_name_of_an_asset_is_refused(side: Side, name: str) -> None:
    side.forge.draft("1.0.0", side.source.at("main"), "1.0.0", "")
    _refused(lambda: side.forge.attach("1.0.0", name, b"x"))
    _refused(lambda: side.forge.asset("1.0.0", name))
    release = side.forge.release("1.0.0")
    assert release is not None
    assert release.assets == {}


def test_an_empty_asset_is_kept_or_refused_with_its_name(side: Side) -> None:
    side.forge.draft("1.0.0", side.source.at("main"), "1.0.0", "")
    if side.kind == "github":  # it takes none
        _refused(lambda: side.forge.attach("1.0.0", "nothing", b""), "no empty file: nothing")
        return
    side.forge.attach("1.0.0", "nothing", b"")
    assert side.forge.asset("1.0.0", "nothing") == b""


@pytest.mark.parametrize("name", ["a b", "ü", "a~b", "ends."])
def test_names_that_github_would_change_without_a_word_are_refused_there(
    side: Side, name: str
) -> None:
    side.forge.draft("1.0.0", side.source.at("main"), "1.0.0", "")
    if side.kind == "github":
        _refused(lambda: side.forge.attach("1.0.0", name, b"x"), "cannot be an asset's name")
        return
    side.forge.attach("1.0.0", name, b"x")
    assert side.forge.asset("1.0.0", name) == b"x"


@pytest.mark.parametrize("name", ["lana-cli", "-rf", "lana_cli-1.0.0+x.tar.gz"])
def test_odd_but_lawful_names_of_assets_work(side: Side, name: str) -> None:
    side.forge.draft("1.0.0", side.source.at("main"), "1.0.0", "")
    side.forge.attach("1.0.0", name, b"x")
    assert side.forge.asset("1.0.0", name) == b"x"


@pytest.mark.parametrize("tag", ["v1.0.0", "lana/1.0.0", "lana-1.0.0%2F", "1.0.0+build"])
def test_releases_of_tags_with_any_prefix_stay_apart(side: Side, tag: str) -> None:
    commit = side.source.at("main")
    side.forge.draft("1.0.0", commit, "plain", "")
    side.forge.draft(tag, commit, "prefixed", "")
    found = [side.forge.release(each) for each in ("1.0.0", tag)]
    assert [release and release.name for release in found] == ["plain", "prefixed"]


def test_a_draft_is_deleted_with_its_assets_and_a_release_never(side: Side) -> None:
    commit = side.source.at("main")
    side.forge.draft("1.0.0", commit, "1.0.0", "")
    side.forge.attach("1.0.0", "lana-cli", b"x")
    for _ in range(2):
        side.forge.delete_draft("1.0.0")
        assert side.forge.release("1.0.0") is None
    again = side.forge.draft("1.0.0", commit, "1.0.0", "")
    assert again.assets == {}
    side.forge.publish("1.0.0")
    _refused(lambda: side.forge.delete_draft("1.0.0"), "published")
    assert side.forge.release("1.0.0")


def _published(side: Side, tag: str) -> None:
    side.forge.draft(tag, side.source.at("main"), tag, "notes")
    side.forge.attach(tag, "lana-cli", b"tested")
    side.forge.publish(tag)


def test_a_published_release_gets_other_words_and_keeps_all_else(side: Side) -> None:
    _published(side, "1.0.0")
    before = side.forge.release("1.0.0")
    assert before
    for _ in range(2):
        side.forge.retitle("1.0.0", "1.0.0 (yanked)", "do not use «é»\n\nnotes")
    after = side.forge.release("1.0.0")
    assert after == replace(before, name="1.0.0 (yanked)", notes="do not use «é»\n\nnotes")
    side.forge.draft("1.1.0", side.source.at("main"), "1.1.0", "")
    _refused(lambda: side.forge.retitle("1.1.0", "x", "y"), "draft")
    _refused(lambda: side.forge.retitle("9.0.0", "x", "y"), "9.0.0")


def test_the_latest_is_what_was_published_last_or_what_somebody_says(side: Side) -> None:
    assert side.forge.latest() == ""
    side.forge.draft("0.9.0", side.source.at("main"), "0.9.0", "")
    assert side.forge.latest() == ""
    _refused(lambda: side.forge.make_latest("0.9.0"), "draft")
    for tag in ("1.0.0", "1.1.0"):
        _published(side, tag)
        assert side.forge.latest() == tag
    side.forge.publish("1.0.0")  # is published already
    assert side.forge.latest() == "1.1.0"
    for _ in range(2):
        side.forge.make_latest("1.0.0")
        assert side.forge.latest() == "1.0.0"
    _refused(lambda: side.forge.make_latest("9.0.0"), "9.0.0")


# statuses


def test_of_two_words_under_one_name_the_last_counts(side: Side) -> None:
    commit = side.source.at("main")
    assert side.forge.statuses(commit) == {}
    side.forge.set_status(commit, "slipway/unit", "pending", "runs")
    side.forge.set_status(commit, "slipway/web", "failure", "3 of 4", "https://ci.example/3")
    side.forge.set_status(commit, "slipway/unit", "success", "é" * 300)
    assert side.forge.statuses(commit) == {"slipway/unit": "success", "slipway/web": "failure"}
    other = side.branch()
    assert side.forge.statuses(other) == {}


def test_what_is_said_is_a_verdict_too(side: Side) -> None:
    commit = side.source.at("main")
    side.forge.set_status(commit, "slipway/unit", "failure", "no")
    assert side.forge.verdicts(commit) == {"slipway/unit": "failure"}


def test_nothing_is_said_of_a_commit_that_is_not_there(side: Side) -> None:
    unknown = "0" * 40
    for act in (
        lambda: side.forge.set_status(unknown, "unit", "success", "fine"),
        lambda: side.forge.statuses(unknown),
        lambda: side.forge.verdicts(unknown),
    ):
        with pytest.raises(Refused, match="0000000"):
            act()


def test_who_may_only_read_is_told_that_it_is_a_no_for_good(side: Side) -> None:
    commit = side.source.at("main")
    if isinstance(side.source, Watched):
        side.source.github.repository.statuses_too = False
    else:
        assert isinstance(side.forge, LocalForge)
        side.forge.folder.mkdir()
        side.forge.folder.chmod(0o500)
    try:
        if os.geteuid() or side.kind == "github":  # root may write everywhere
            with pytest.raises(Refused):
                side.forge.set_status(commit, "unit", "success", "fine")
            assert side.forge.statuses(commit) == {}
    finally:
        if side.kind == "local":
            side.forge.folder.chmod(0o700)  # type: ignore[attr-defined]


def test_one_value_stands_for_all_assets() -> None:
    assert asset_claim({"a": "1", "b": "2"}) == asset_claim({"b": "2", "a": "1"})
    values = [asset_claim(each) for each in ({}, {"a": "1"}, {"a": "2"}, {"b": "1"})]
    assert len(set(values)) == len(values)
