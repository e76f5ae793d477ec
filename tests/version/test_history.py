"""What is read from real repositories."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tasks.kernel.errors import SlipwayError
from tasks.kernel.git import git, text
from tasks.version import Decision, decide, look, next_candidate, resolve, rules_at

from .repository import Repository


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "source")


def coming(folder: Path, ref: str = "HEAD") -> str | None:
    view = look(folder, ref)
    version = next_candidate(view, rules_at(folder, view.head))
    return None if version is None else str(version)


def test_tags_are_seen_wherever_they_are_and_peeled(repo: Repository, tmp_path: Path) -> None:
    first = repo.commit("feat: a\n")
    repo.tag("1.0.0", annotated=True)
    repo.tag("nested", "1.0.0", annotated=True)
    repo.branch("side")
    second = repo.commit("fix: b\n", file="content")
    repo.tag("side/1", annotated=False)
    repo.reserve("1.0.1-rc.1")
    repo.tag("a-file", "HEAD:file")
    repo.tag("a-folder", "HEAD^{tree}", annotated=True)
    for folder in (repo.folder, repo.bare(tmp_path / "bare.git")):
        view = look(folder, "main")
        assert view.head == first
        assert view.tags == {"1.0.0": first, "nested": first, "side/1": second}
        assert view.reservations == {"1.0.1-rc.1": second}
        assert view.reachable(first) == {first}
        assert view.reachable(second) == {first, second}


def test_rule_1_a_tag_is_seen_through_any_parent(repo: Repository) -> None:
    repo.commit("feat: a\n")
    repo.branch("release")
    repo.commit("fix: b\n")
    repo.tag("1.0.0", annotated=True)
    repo.branch("main", "main")
    repo.commit("feat: c\n")
    assert coming(repo.folder) == "0.1.0-rc.1"
    repo.merge("release", "Merge branch 'release'\n")
    assert coming(repo.folder) == "1.1.0-rc.1"


def test_rule_4_the_range_has_side_branches_and_stops_at_the_final(repo: Repository) -> None:
    base = repo.commit("feat: a\n")
    repo.tag("1.0.0")
    repo.branch("side", base)
    side = repo.commit("feat: b\n")
    repo.branch("main", "main")
    straight = repo.commit("fix: c\n")
    repo.tag("1.0.1-rc.1")
    merge = repo.merge("side", "Merge branch 'side'\n")
    view = look(repo.folder)
    assert {commit.id for commit in view.commits(base)} == {side, straight, merge}
    assert {commit.id for commit in view.commits(None)} == {base, side, straight, merge}
    assert [commit.id for commit in view.commits(merge)] == [merge]
    assert next(c.parents for c in view.commits(base) if c.id == merge) == (straight, side)
    assert coming(repo.folder) == "1.1.0-rc.1"


def test_messages_arrive_whole(repo: Repository) -> None:
    messages = [
        "fix: x\r\n\r\nBREAKING CHANGE:\r\ny\r\n",
        "feat: “ü” 🚀\n\nbody\n\n\n-x\n",
        "\n\n",
        "-z: y",
    ]
    for message in messages:
        repo.commit(message)
    found = [commit.message.rstrip("\n") for commit in look(repo.folder).commits(None)]
    assert found == [message.rstrip("\n") for message in reversed(messages)]


def test_a_message_in_another_encoding_is_read(repo: Repository) -> None:
    git("config", "i18n.commitEncoding", "ISO-8859-1", repo=repo.folder)
    repo.commit("fix: \udce9t\udce9\n")
    git("config", "i18n.logOutputEncoding", "ISO-8859-1", repo=repo.folder)
    git("config", "log.showSignature", "true", repo=repo.folder)
    assert look(repo.folder).commits(None)[0].message == "fix: été\n"


def test_rule_13_the_rules_are_those_of_the_commit(repo: Repository, tmp_path: Path) -> None:
    repo.commit("feat: a\n")
    repo.tag("v1.0.0")
    repo.commit(
        "chore: b\n", cog__toml='tag_prefix = "v"\n[commit_types]\nchore = { bump_patch = true }'
    )
    (repo.folder / "cog.toml").write_text("broken [")
    assert coming(repo.folder) == "1.0.1-rc.1"
    assert coming(repo.bare(tmp_path / "bare.git")) == "1.0.1-rc.1"
    assert rules_at(repo.folder, text("rev-parse", "HEAD~1", repo=repo.folder)).tag_prefix == ""


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"a = 1\n\nb = ", 3), (b"a = 1\ntag_prefix = 7\n", 2), (b"a = 1\n# \xff", 2)],
)
def test_broken_rules_are_reported_with_commit_and_line(
    repo: Repository, content: bytes, line: int
) -> None:
    (repo.folder / "cog.toml").write_bytes(content)
    head = repo.commit("feat: a\n")
    with pytest.raises(SlipwayError) as caught:
        rules_at(repo.folder, head)
    assert caught.value.where == f"{head[:10]}:cog.toml:{line}"


def test_a_link_to_the_rules_is_followed_inside_the_commit(repo: Repository) -> None:
    repo.commit("feat: a\n", release__toml='tag_prefix = "v"\n')
    (repo.folder / "cog.toml").symlink_to("release.toml")
    assert rules_at(repo.folder, repo.commit("feat: b\n")).tag_prefix == "v"
    for aim in ("gone.toml", "/etc/hostname", "cog.toml"):
        (repo.folder / "cog.toml").unlink()
        (repo.folder / "cog.toml").symlink_to(aim)
        commit = repo.commit("feat: c\n")
        with pytest.raises(SlipwayError, match="a link that leads to no file"):
            rules_at(repo.folder, commit)


def test_a_folder_named_like_the_rules_is_no_rules(repo: Repository) -> None:
    (repo.folder / "cog.toml").mkdir()
    (repo.folder / "cog.toml" / "x").write_text("broken [")
    assert rules_at(repo.folder, repo.commit("feat: a\n")).tag_prefix == ""


@pytest.mark.parametrize(
    "ref",
    ["-x", "--all", "--output=pwned", "", "a..b", "nowhere", "\0", "HEAD\n", "refs/tags/*", "@{"],
)
def test_a_ref_is_never_an_option(repo: Repository, ref: str, tmp_path: Path) -> None:
    repo.commit("feat: a\n")
    with pytest.raises(SlipwayError, match="there is no commit"):
        resolve(repo.folder, ref)
    assert not list(tmp_path.rglob("pwned"))


def test_a_branch_tag_or_short_id_names_a_commit(repo: Repository) -> None:
    head = repo.commit("feat: a\n")
    repo.tag("1.0.0", annotated=True)
    for ref in ("main", "refs/heads/main", "1.0.0", head[:8], "HEAD"):
        assert resolve(repo.folder, ref) == head


def test_a_shallow_clone_is_refused(repo: Repository, tmp_path: Path) -> None:
    repo.commit("feat: a\n")
    repo.commit("fix: b\n")
    git("clone", "--quiet", "--depth=1", repo.folder.as_uri(), str(tmp_path / "shallow"))
    with pytest.raises(SlipwayError, match="shallow") as caught:
        look(tmp_path / "shallow")
    assert "git fetch --unshallow" in caught.value.fix


def test_no_repository_and_no_commit_are_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="not a git repository"):
        look(tmp_path)
    with pytest.raises(SlipwayError, match="not a git repository"):
        look(tmp_path / "missing")
    git("init", "--quiet", str(tmp_path / "empty"))
    with pytest.raises(SlipwayError, match="there is no commit yet"):
        look(tmp_path / "empty")


def test_hostile_tag_names_are_names(repo: Repository) -> None:
    head = repo.commit("feat: a\n")
    for name in ("refs/tags/-x", "refs/tags/--merged", "refs/tags/1.0.0;rm", "refs/tags/ü"):
        git("update-ref", name, head, repo=repo.folder)
    assert set(look(repo.folder).tags) == {"-x", "--merged", "1.0.0;rm", "ü"}
    assert coming(repo.folder) == "0.1.0-rc.1"


def test_a_decision_on_a_real_repository(repo: Repository) -> None:
    repo.commit("feat: a\n", server="1")
    repo.tag("1.0.0")
    first = repo.commit("feat: b\n", server="2")

    def fingerprint(commit: str) -> str:
        return text("rev-parse", f"{commit}:server", repo=repo.folder)

    def version() -> tuple[str, str, bool]:
        view = look(repo.folder)
        decision = decide(view, rules_at(repo.folder, view.head), fingerprint)
        assert isinstance(decision, Decision)
        return decision.version, decision.commit, decision.reserve

    assert version() == ("1.1.0-rc.1", first, True)
    repo.reserve("1.1.0-rc.1")
    repo.commit("docs: words\n", notes="x")
    assert version() == ("1.1.0-rc.1", first, False)
    second = repo.commit("fix: c\n", server="3")
    assert version() == ("1.1.0-rc.2", second, True)


def test_a_long_history_with_many_tags_is_read_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "long.git"
    git("init", "--quiet", "--bare", str(folder))
    commits, tags = 4000, 1700
    lines = []
    for number in range(1, commits + 1):
        message = f"fix: change {number}\n"
        lines.append(
            f"commit refs/heads/main\nmark :{number}\n"
            f"committer Ada <ada@example.org> {1767225600 + number} +0000\n"
            f"data {len(message)}\n{message}\n"
        )
        if number <= tags:
            lines.append(f"reset refs/tags/0.{number // 10}.{number % 10}\nfrom :{number}\n\n")
    stream = "".join(lines).encode()
    subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet"], input=stream, check=True)
    started = time.monotonic()
    assert coming(folder, "main") == "0.170.1-rc.1"
    assert time.monotonic() - started < 2  # about 0.2 s; a call per tag or commit would take many
