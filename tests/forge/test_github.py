"""GitHub's side by itself: pages, limits, answers that get lost, what must not leak."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasks.forge import NewPull, Refused
from tasks.forge.github import GithubForge
from tasks.forge.github.login import App, Login, Token
from tasks.kernel import journal, paths
from tasks.kernel.errors import SlipwayError
from tasks.kernel.retry import Patience
from tests.forge.fake_github import TOKEN, FakeGithub, served
from tests.forge.fake_github_app import make_key
from tests.needs import need
from tests.rooms import Repository

BASE = {"shop": "one shelf\n"}
NEW = NewPull("release 1.0.0", "body", "promote", "main", ("promote-rc",))
PULLS = "/repos/shop/shop/pulls"


@dataclass
class Hub:
    """A GitHub, and a forge that takes note of pauses instead of making them."""

    github: FakeGithub
    source: Repository
    login: Login = field(default_factory=lambda: Token(TOKEN, "of a test"))
    pauses: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        patience = Patience(sleep=self.pauses.append, tell=self.lines.append, longest=120)
        self.forge = GithubForge(self.github.url, self.github.name, self.login, patience=patience)

    def branch(self, name: str = "promote", text: str = "second\n") -> str:
        """Put one commit on top of main on a branch."""
        main = self.source.at("main")
        return self.source.commit("chore: x", main, branch=name, files=BASE | {"CHANGELOG": text})


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with served(tmp_path / "github", tmp_path / "source.git") as github:
        source = Repository(tmp_path / "source.git")
        source.commit("feat: a shop", branch="main", files=BASE)
        yield Hub(github, source)


# pages


def test_lists_are_read_to_their_last_page(hub: Hub) -> None:
    hub.github.largest_page = 2
    for number in range(5):
        hub.branch("promote", f"{number}\n")
        hub.forge.open_pull(NEW)
        hub.forge.close_pull(number + 1)
    assert [pull.number for pull in hub.forge.pulls("promote")] == [5, 4, 3, 2, 1]
    for number in range(5):
        hub.forge.comment(1, f"{number}")
    assert hub.forge.comments(1) == ["0", "1", "2", "3", "4"]
    commit = hub.source.at("main")
    for number in range(5):
        hub.forge.set_status(commit, f"check {number}", "success", "")
    assert len(hub.forge.statuses(commit)) == 5


def test_a_draft_is_found_on_whatever_page_it_is(hub: Hub) -> None:
    hub.github.largest_page = 2
    commit = hub.source.at("main")
    for number in range(6):
        hub.forge.draft(f"1.{number}.0", commit, f"{number}", "")
    assert (found := _fresh(hub).release("1.0.0"))
    assert found.name == "0"


def test_more_assets_than_come_with_a_release_are_all_told(hub: Hub) -> None:
    hub.forge.draft("1.0.0", hub.source.at("main"), "1.0.0", "")
    release = next(iter(hub.github.repository.state["releases"].values()))["id"]
    for number in range(120):
        asset = {"id": number, "release": release, "name": f"a{number}", "state": "uploaded"}
        asset |= {"size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
        hub.github.repository.state["assets"][str(number)] = asset
    assert (found := hub.forge.release("1.0.0"))
    assert len(found.assets) == 120


# limits and failures that pass


def test_used_up_requests_are_waited_for_until_the_hour_that_is_told(hub: Hub) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 30)}
    hub.github.trouble("GET", "/pulls$", "reply", status=403, headers=headers)
    assert hub.forge.pulls("promote") == []
    [pause] = hub.pauses
    assert 28 <= pause <= 32
    assert "limit of 5000 requests an hour is used up until" in hub.lines[0]


def test_nobody_waits_for_half_an_hour(hub: Hub) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 1800)}
    hub.github.trouble("GET", "/pulls$", "reply", status=403, headers=headers)
    with pytest.raises(SlipwayError, match="is used up until") as error:
        hub.forge.pulls("promote")
    assert "an app has a limit of its own" in error.value.fix
    assert hub.pauses == []


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_is_obeyed_to_the_second(hub: Hub, status: int) -> None:
    told = {"status": status, "headers": {"Retry-After": "7"}}
    hub.github.trouble("POST", "/pulls$", "reply", **told)
    hub.branch()
    assert hub.forge.open_pull(NEW).number == 1
    assert hub.pauses == [7.0]
    assert "slow down" in hub.lines[0]


def test_a_secondary_limit_that_is_only_told_in_words_costs_a_minute(hub: Hub) -> None:
    words = "You have exceeded a secondary rate limit. Please wait."
    hub.github.trouble("GET", "/pulls$", "reply", status=403, message=words)
    assert hub.forge.pulls("promote") == []
    assert hub.pauses == [60.0]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_may_pass_is_tried_again(hub: Hub, status: int) -> None:
    hub.github.trouble("GET", "/pulls$", "reply", status=status, times=2)
    assert hub.forge.pulls("promote") == []
    assert hub.pauses == [0.5, 1.0]


def test_attempts_are_limited(hub: Hub) -> None:
    hub.github.trouble("GET", "/pulls$", "reply", status=503, times=9)
    with pytest.raises(SlipwayError, match=r"HTTP 503.*5 attempts"):
        hub.forge.pulls("promote")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422])
def test_what_will_not_pass_is_asked_once(hub: Hub, status: int) -> None:
    hub.github.trouble("GET", "/pulls$", "reply", status=status, message="no way")
    with pytest.raises(SlipwayError, match=f"no way(?s:.*)HTTP {status}(?s:.*)request C0DE:1"):
        hub.forge.pulls("promote")
    assert hub.pauses == []
    assert hub.github.count(f"GET {PULLS}") == 1


# the server did it, but nobody heard


def _opened(hub: Hub) -> None:
    hub.branch()
    hub.forge.open_pull(NEW)


def test_a_pull_request_whose_answer_got_lost_is_taken_up(hub: Hub) -> None:
    hub.github.trouble("POST", "/pulls$", "lost")
    hub.branch()
    opened = hub.forge.open_pull(NEW)
    assert (opened.number, opened.labels) == (1, ("promote-rc",))
    assert hub.github.count(f"POST {PULLS}") == 1


def test_one_that_never_arrived_is_sent_again(hub: Hub) -> None:
    hub.github.trouble("POST", "/pulls$", "cut")
    hub.branch()
    assert hub.forge.open_pull(NEW).number == 1
    assert hub.github.count(f"POST {PULLS}") == 2


def test_a_comment_whose_answer_got_lost_is_not_doubled(hub: Hub) -> None:
    _opened(hub)
    hub.github.trouble("POST", "/comments$", "lost")
    hub.forge.comment(1, "once")
    assert hub.forge.comments(1) == ["once"]


def test_a_merge_whose_answer_got_lost_is_taken_up_with_its_commit(hub: Hub) -> None:
    _opened(hub)
    hub.github.trouble("PUT", "/merge$", "lost")
    merge = hub.forge.merge_pull(1, hub.source.at("promote"), "Grace", "fine")
    assert hub.source.at("main") == merge
    assert hub.github.count(f"PUT {PULLS}/1/merge") == 1


def test_a_merge_that_somebody_else_made_meanwhile_is_not_ours(hub: Hub) -> None:
    _opened(hub)
    head = hub.source.at("promote")
    hub.github.trouble("PUT", "/merge$", "cut")

    def meanwhile(_seconds: float) -> None:
        hub.source.commit("Merge it", hub.source.at("main"), head, branch="main", files=BASE)

    patience = Patience(sleep=meanwhile, tell=hub.lines.append)
    forge = GithubForge(hub.github.url, "shop/shop", hub.login, patience=patience)
    with pytest.raises(SlipwayError, match="merged already"):
        forge.merge_pull(1, head, "Grace", "fine")


@pytest.mark.parametrize("lost", ["/graphql", "/labels", "/requested_reviewers"])
def test_what_is_the_same_when_done_twice_is_done_again(hub: Hub, lost: str) -> None:
    hub.github.trouble("POST", lost, "lost")
    _opened(hub)
    hub.forge.mark_ready(1)
    hub.forge.request_reviews(1, ("ada",))
    [pull] = hub.forge.pulls("promote")
    assert (pull.labels, pull.draft, pull.reviewers) == (("promote-rc",), False, ("ada",))
    assert len(hub.pauses) == 1


def test_a_draft_whose_answer_got_lost_is_taken_up(hub: Hub) -> None:
    hub.github.trouble("POST", "/releases$", "lost")
    hub.forge.draft("1.0.0", hub.source.at("main"), "1.0.0", "notes")
    assert len(hub.github.repository.state["releases"]) == 1


def test_of_two_drafts_that_two_machines_made_both_take_the_older(hub: Hub) -> None:
    one, other, commit = hub.forge, _fresh(hub), hub.source.at("main")
    one.draft("1.0.0", commit, "first", "")
    hub.github.repository.state["releases"]["9999"] = {
        **next(iter(hub.github.repository.state["releases"].values())),
        "id": 9999,
        "name": "second",
    }
    assert [found and found.name for found in (one.release("1.0.0"), other.release("1.0.0"))] == [
        "first",
        "first",
    ]


def test_an_upload_whose_answer_got_lost_is_taken_up(hub: Hub) -> None:
    hub.forge.draft("1.0.0", hub.source.at("main"), "1.0.0", "")
    hub.github.trouble("POST", "/uploads/", "lost")
    hub.forge.attach("1.0.0", "cli", b"tested")
    assert hub.forge.asset("1.0.0", "cli") == b"tested"
    assert hub.github.count("POST /uploads.*") == 1


def test_what_an_upload_left_that_broke_off_there_is_replaced(hub: Hub) -> None:
    draft = hub.forge.draft("1.0.0", hub.source.at("main"), "1.0.0", "")
    number = next(iter(hub.github.repository.state["releases"].values()))["id"]
    hub.github.repository.break_off(number, "cli")
    assert hub.forge.release("1.0.0") == draft  # it is no asset
    with pytest.raises(SlipwayError, match="no asset cli"):
        hub.forge.asset("1.0.0", "cli")
    hub.forge.attach("1.0.0", "cli", b"tested")
    assert hub.forge.asset("1.0.0", "cli") == b"tested"


def test_an_equal_asset_is_not_uploaded_again(hub: Hub) -> None:
    hub.forge.draft("1.0.0", hub.source.at("main"), "1.0.0", "")
    hub.forge.attach("1.0.0", "cli", b"tested")
    _fresh(hub).attach("1.0.0", "cli", b"tested")
    assert hub.github.count("POST /uploads.*") == 1


def test_a_publication_whose_answer_got_lost_is_seen(hub: Hub) -> None:
    hub.forge.draft("1.0.0", hub.source.at("main"), "1.0.0", "")
    hub.github.repository.immutable = False
    hub.github.trouble("PATCH", r"/releases/\d+$", "lost")
    hub.forge.publish("1.0.0")
    assert (found := _fresh(hub).release("1.0.0"))
    assert not found.draft


# what GitHub does otherwise than a folder of files


def test_a_server_that_tells_no_digest_is_asked_for_the_bytes_once(hub: Hub) -> None:
    hub.github.repository.digests = False
    hub.forge.draft("1.0.0", hub.source.at("main"), "1.0.0", "")
    hub.forge.attach("1.0.0", "cli", b"tested")
    for _ in range(3):
        assert (found := hub.forge.release("1.0.0"))
        assert found.assets == {"cli": hashlib.sha256(b"tested").hexdigest()}
    assert hub.github.count(r"GET /storage/\d+") == 1


def test_bytes_that_are_not_those_of_the_digest_are_refused(hub: Hub) -> None:
    hub.forge.draft("1.0.0", hub.source.at("main"), "1.0.0", "")
    hub.forge.attach("1.0.0", "cli", b"tested")
    [file] = (hub.github.repository.folder / "assets").iterdir()
    file.write_bytes(b"spoilt")
    with pytest.raises(SlipwayError, match="another checksum"):
        hub.forge.asset("1.0.0", "cli")


def test_whether_it_merges_is_waited_for(hub: Hub) -> None:
    _opened(hub)
    head = hub.branch("promote", "third\n")
    hub.github.repository.lazy = 2  # looks until GitHub has found it out
    assert hub.forge.merge_pull(1, head, "Grace", "fine") == hub.source.at("main")
    assert "still finding out whether it merges" in hub.lines[0]
    assert len(hub.pauses) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (405, "Base branch was modified. Review and try the merge again."),
        (409, "Head branch was modified. Review and try the merge again."),
    ],
)
def test_a_push_that_github_is_still_taking_in_is_waited_for(
    hub: Hub, status: int, words: str
) -> None:
    _opened(hub)
    hub.github.trouble("PUT", "/merge$", "reply", status=status, message=words)
    merge = hub.forge.merge_pull(1, hub.source.at("promote"), "Grace", "fine")
    assert merge == hub.source.at("main")
    assert hub.pauses == [0.5]


def test_a_rule_of_the_repository_is_told_in_its_own_words(hub: Hub) -> None:
    _opened(hub)
    words = "At least 1 approving review is required by reviewers with write access."
    hub.github.trouble("PUT", "/merge$", "reply", status=405, message=words)
    with pytest.raises(SlipwayError, match="At least 1 approving review"):
        hub.forge.merge_pull(1, hub.source.at("promote"), "Grace", "fine")


def test_a_conflict_leaves_the_draft_a_draft(hub: Hub) -> None:
    _opened(hub)
    theirs = BASE | {"CHANGELOG": "theirs\n"}
    hub.source.commit("docs: mine", hub.source.at("main"), branch="main", files=theirs)
    with pytest.raises(SlipwayError, match="cannot be merged into main"):
        hub.forge.merge_pull(1, hub.source.at("promote"), "Grace", "fine")
    assert hub.forge.pulls("promote")[0].draft


def test_a_branch_that_moved_leaves_the_draft_a_draft(hub: Hub) -> None:
    _opened(hub)
    shown = hub.source.at("promote")
    hub.branch("promote", "slipped in\n")
    with pytest.raises(SlipwayError, match="its branch moved to"):
        hub.forge.merge_pull(1, shown, "Grace", "fine")
    assert hub.forge.pulls("promote")[0].draft
    assert hub.github.count("PUT .*") == 0


def test_a_push_between_the_last_look_and_the_merge_is_not_merged(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    _opened(hub)
    shown, before = hub.source.at("promote"), hub.source.at("main")
    ready = hub.forge._make_ready

    def slip_in(told: dict[str, Any]) -> None:
        ready(told)
        hub.branch("promote", "slipped in\n")

    monkeypatch.setattr(hub.forge, "_make_ready", slip_in)
    with pytest.raises(SlipwayError, match="its branch moved to"):
        hub.forge.merge_pull(1, shown, "Grace", "fine")
    assert hub.source.at("main") == before


def test_windows_line_ends_of_its_pages_are_read_as_ours(hub: Hub) -> None:
    _opened(hub)
    hub.github.repository.state["pulls"]["1"]["body"] = "one\r\ntwo\r\n"
    assert hub.forge.pulls("promote")[0].body == "one\ntwo\n"


def test_a_text_that_is_too_long_is_cut_and_says_so(hub: Hub) -> None:
    _opened(hub)
    hub.forge.update_pull(1, "title", "<!-- mark -->\n" + "x" * 70_000, ())
    body = hub.forge.pulls("promote")[0].body
    assert body.startswith("<!-- mark -->\n")
    assert body.endswith("(it goes on; the whole of it is in the branch)")


def test_a_release_that_was_made_in_a_browser_is_of_what_its_tag_says(hub: Hub) -> None:
    older = hub.source.at("main")
    hub.forge.draft("1.0.0", older, "1.0.0", "")
    hub.forge.publish("1.0.0")
    release = next(iter(hub.github.repository.state["releases"].values()))
    release["target_commitish"] = "main"
    hub.source.commit("feat: more", older, branch="main", files=BASE)
    assert (found := hub.forge.release("1.0.0"))
    assert found.commit == older


def test_runs_of_checks_count_beside_statuses_and_the_worse_word_counts(hub: Hub) -> None:
    commit = hub.source.at("main")
    run = {"status": "completed", "conclusion": "success"}
    hub.github.repository.state["checks"][commit] = [
        {"name": "unit", **run},
        {"name": "lint", **run, "conclusion": "skipped"},
        {"name": "slow", "status": "in_progress", "conclusion": None},
        {"name": "web", **run, "conclusion": "timed_out"},
        {"name": "both", **run},
    ]
    hub.forge.set_status(commit, "both", "failure", "no")
    assert hub.forge.statuses(commit) == {"both": "failure"}
    assert hub.forge.verdicts(commit) == {
        "both": "failure",
        "lint": "success",
        "slow": "pending",
        "unit": "success",
        "web": "failure",
    }


def test_statuses_are_read_without_the_permission_for_checks(hub: Hub) -> None:
    commit = hub.source.at("main")
    hub.forge.set_status(commit, "unit", "success", "fine")
    hub.github.repository.unreadable = {"checks"}
    assert hub.forge.statuses(commit) == {"unit": "success"}
    with pytest.raises(Refused, match="what checks say of") as no:
        hub.forge.verdicts(commit)
    assert "Resource not accessible by integration" in str(no.value)
    hub.github.repository.unreadable = {"statuses"}
    with pytest.raises(Refused, match="the statuses of"):
        hub.forge.statuses(commit)


def test_somebody_who_is_no_collaborator_cannot_be_asked(hub: Hub) -> None:
    _opened(hub)
    with pytest.raises(SlipwayError, match="not a collaborator"):
        hub.forge.request_reviews(1, ("mallory",))


# usable at all


def _check(hub: Hub, says: str, login: Login | None = None, name: str = "shop/shop") -> str:
    forge = GithubForge(hub.github.url, name, login or hub.login)
    with pytest.raises(SlipwayError, match=says) as error:
        forge.check()
    return str(error.value)


def test_a_token_that_is_not_accepted_is_told_by_where_it_came_from(hub: Hub) -> None:
    words = _check(hub, "does not accept the token from X", Token("ghp_wrong1234", "from X"))
    assert "ghp_wrong1234" not in words
    assert "SLIPWAY_GITHUB_TOKEN" in words


def test_a_repository_that_it_cannot_see(hub: Hub) -> None:
    _check(hub, "the token of a test cannot see shop/elsewhere", name="shop/elsewhere")


def test_a_token_that_may_only_read(hub: Hub) -> None:
    hub.github.repository.push = False
    _check(hub, "may not write to shop/shop: it lacks push")


def test_a_repository_that_was_renamed_or_archived(hub: Hub) -> None:
    hub.github.renamed_from = "shop/old"
    _check(hub, "shop/old is called shop/shop now", name="shop/old")
    hub.github.repository.archived = True
    _check(hub, "is archived")


def test_something_that_is_no_github(hub: Hub) -> None:
    hub.github.trouble("GET", "/repos/shop/shop$", "reply", status=200)
    _check(hub, "the answer is not GitHub's")
    hub.github.trouble("GET", "/repos/shop/shop$", "cut")
    _check(hub, "1 attempt")


# secrets


def test_the_token_is_in_no_log_and_no_error(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    hub.github.trouble("POST", "/pulls$", "reply", status=422, message=f"you sent {TOKEN}")
    hub.branch()
    with journal.of("promote"), pytest.raises(SlipwayError, match="you sent •••") as error:
        hub.forge.open_pull(NEW)
    log = (tmp_path / paths.log("promote")).read_text()
    assert "POST /repos/shop/shop/pulls: 422" in log
    assert TOKEN not in log + str(error.value) + repr(hub.login) + repr(vars(hub.forge))


def test_the_token_is_sent_nowhere_in_the_clear(hub: Hub) -> None:
    hub.forge.draft("1.0.0", hub.source.at("main"), "1.0.0", "")
    hub.github.repository.files = "http://files.example"
    with pytest.raises(SlipwayError, match="not encrypted: the token is not sent"):
        hub.forge.attach("1.0.0", "cli", b"x")


def test_a_proxy_and_a_netrc_of_the_user_are_not_asked(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    (Path(os.environ["HOME"]) / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    _fresh(hub).check()


# apps


@pytest.fixture
def key(tmp_path: Path, hub: Hub) -> Path:
    need("openssl")
    private, hub.github.app_key = make_key(tmp_path)
    return private


def test_an_app_gets_a_token_once_for_its_hour(hub: Hub, key: Path) -> None:
    mine = Hub(hub.github, hub.source, App(hub.github.app_id, key))
    mine.forge.check()
    _opened(mine)
    assert mine.forge.pulls("promote")
    assert hub.github.given == 1


def test_a_token_of_an_app_that_ends_early_is_got_anew(hub: Hub, key: Path) -> None:
    mine = Hub(hub.github, hub.source, App(hub.github.app_id, key))
    mine.forge.check()
    hub.github.tokens.clear()
    mine.forge.check()
    assert hub.github.given == 2


def _no_install(github: FakeGithub) -> None:
    github.installed = False


def _no_write(github: FakeGithub) -> None:
    github.granted["pull_requests"] = "read"


def _other_app(github: FakeGithub) -> None:
    github.app_id = "4712"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_no_install, "the app 4711 is not installed on shop/shop"),
        (_no_write, "it lacks pull_requests: write"),
        (_other_app, "GitHub does not accept the key of the app 4711"),
    ],
)
def test_an_app_that_may_not_says_why(
    hub: Hub, key: Path, spoil: Callable[[FakeGithub], None], says: str
) -> None:
    login = App(hub.github.app_id, key)
    spoil(hub.github)
    _check(hub, says, login)


def test_a_file_that_is_no_key(hub: Hub, key: Path, tmp_path: Path) -> None:
    key.write_text("-----BEGIN RSA PRIVATE KEY-----\nnonsense\n-----END RSA PRIVATE KEY-----\n")
    words = _check(hub, "the app's key cannot sign", App("4711", key))
    assert "SLIPWAY_GITHUB_APP_KEY_FILE" in words


def test_nothing_that_an_app_signs_is_in_a_log(
    hub: Hub, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    with journal.of("forge"):
        GithubForge(hub.github.url, "shop/shop", App("4711", key)).check()
    log = (tmp_path / paths.log("forge")).read_text()
    assert "openssl dgst -sha256 -sign" in log
    assert "ghs_" not in log
    assert "eyJ" not in log
    assert "PRIVATE" not in log


def _fresh(hub: Hub) -> GithubForge:
    return GithubForge(hub.github.url, hub.github.name, hub.login)
