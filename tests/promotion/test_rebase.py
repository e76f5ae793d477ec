"""A record that is pushed with local commits: whatever is pushed can be reproduced anywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.kernel import git as g

from .conftest import Deployments, Said

Pair = tuple[Deployments, Deployments, Path]
Fresh = Callable[[], Deployments]


@pytest.fixture
def fresh(pair: Pair, tmp_path: Path) -> Fresh:
    """Clone the remote once more."""

    def clone() -> Deployments:
        g.git("clone", "--quiet", str(pair[2]), str(tmp_path / "fresh"))
        return Deployments(tmp_path / "fresh")

    return clone


def _pushed(tree: Deployments, environment: str = "staging") -> Said:
    words = ("record", "-e", environment, "--reset-head", "--push", "--git-url", "x")
    return tree.cepler(*words, "--git-private-key", "x")


def _theirs(tree: Deployments, files: dict[str, str]) -> str:
    commit = tree.commit("theirs", files)
    tree.git("push", "--quiet", "origin", "main")
    return commit


def _merged(tree: Deployments) -> str:
    """Merge the remote's branch, with something that only the merge has; return the merge."""
    tree.git("fetch", "--quiet")
    tree.git("merge", "--quiet", "--no-ff", "--no-commit", "origin/main")
    return tree.commit("merge", {"app/c.yml": "only in the merge"})


def test_a_merge_that_stands_on_the_remotes_head_is_pushed_as_it_is(
    pair: Pair, fresh: Fresh
) -> None:
    one, two, remote = pair
    _theirs(two, {"app/b.yml": "theirs"})
    one.commit("mine", {"app/a.yml": "mine"})
    merge = _merged(one)
    said = _pushed(one)
    assert said.code == 0, said.err
    assert one.git("rev-parse", "HEAD^") == merge
    assert g.text("rev-parse", "main", repo=remote) == one.head
    there = fresh()
    assert there.cepler("check", "-e", "staging").code == 2
    assert there.cepler("reproduce", "-e", "staging").code == 0
    assert there.cepler("prepare", "-e", "qa").code == 0
    assert there.git("status", "--porcelain") == ""
    assert there.read("app/c.yml") == "only in the merge"


def test_a_merge_that_would_have_to_be_made_again_is_refused(pair: Pair) -> None:
    one, two, remote = pair
    _theirs(two, {"app/b.yml": "theirs"})
    one.commit("mine", {"app/a.yml": "mine"})
    merge = _merged(one)
    newer = _theirs(two, {"README": "theirs"})
    said = _pushed(one)
    assert said.code == 1
    assert f"merge {merge}: merge" in said.err
    assert "nothing was pushed" in said.err
    assert "git merge @{upstream}" in said.err
    assert g.text("rev-parse", "main", repo=remote) == newer
    assert one.git("rev-parse", "HEAD^") == merge
    assert one.git("status", "--porcelain") == ""


def test_a_record_names_the_commits_by_the_ids_that_they_have_on_the_remote(
    pair: Pair, fresh: Fresh
) -> None:
    one, two, _ = pair
    _theirs(two, {"README": "theirs"})
    mine = one.commit("mine", {"app/a.yml": "mine"})
    one.cepler("record", "-e", "staging", "--reset-head")
    newer = one.commit("newer", {"app/a.yml": "newer", "qa.yml": "newer"})
    one.cepler("record", "-e", "staging", "--reset-head")
    one.cepler("record", "-e", "qa", "--reset-head")
    assert _pushed(one, "production").code == 0
    there = fresh()
    known = set(there.git("rev-list", "HEAD").split())
    assert not {mine, newer} & known
    for name in ("staging", "qa", "production"):
        assert there.read(f".cepler/default/{name}.state") == one.read(
            f".cepler/default/{name}.state"
        )
        assert there.cepler("check", "-e", name).code == 2
        assert there.cepler("reproduce", "-e", name).code == 0
        assert there.cepler("prepare", "-e", name).code == 0
    assert there.git("status", "--porcelain") == ""
    staging, qa = there.record_of("staging"), there.record_of("qa")
    assert there.git("log", "-1", "--format=%s", staging.current.head_commit) == "newer"
    assert qa.current.propagated_head == staging.current.head_commit
    assert there.git("show", f"{qa.current.files['{latest}/qa.yml'].from_commit}:qa.yml") == "newer"


def test_a_commit_that_the_remote_has_already_is_named_by_the_remotes(
    pair: Pair, fresh: Fresh
) -> None:
    one, two, _ = pair
    _theirs(two, {"app/a.yml": "same", "README": "theirs"})
    one.commit("mine", {"app/a.yml": "same"})
    assert _pushed(one).code == 0
    assert fresh().cepler("reproduce", "-e", "staging").code == 0


def test_content_that_was_recorded_and_would_be_in_no_commit_is_a_conflict(pair: Pair) -> None:
    one, two, remote = pair
    text = "".join(f"line {n}\n" for n in range(9))
    _theirs(two, {"app/a.yml": text})
    one.git("pull", "--quiet", "--ff-only")
    newer = _theirs(two, {"app/a.yml": text.replace("line 0", "theirs")})
    one.commit("mine", {"app/a.yml": text.replace("line 8", "mine")})
    said = _pushed(one)
    assert (said.code, "app/a.yml was changed on the remote, too" in said.err) == (1, True)
    assert g.text("rev-parse", "main", repo=remote) == newer


@pytest.mark.parametrize(("theirs", "mine"), [("conf", "conf/x"), ("conf/x", "conf")])
def test_a_file_here_and_a_folder_there_are_a_conflict(pair: Pair, theirs: str, mine: str) -> None:
    one, two, remote = pair
    commit = _theirs(two, {theirs: "theirs"})
    one.commit("mine", {mine: "mine"})
    said = _pushed(one)
    assert (said.code, "conf was changed on the remote, too" in said.err) == (1, True)
    assert g.text("rev-parse", "main", repo=remote) == commit
    assert one.read(mine) == "mine"


def test_a_file_that_becomes_a_folder_is_no_conflict_by_itself(pair: Pair, fresh: Fresh) -> None:
    one, two, _ = pair
    _theirs(two, {"qa.yml": "theirs"})
    (one.root / "README").unlink()
    one.commit("mine", {"README/more": "mine"})
    assert _pushed(one).code == 0
    there = fresh()
    assert [there.read(name) for name in ("README/more", "qa.yml")] == ["mine", "theirs"]


def test_concourse_names_the_version_that_was_pushed(pair: Pair) -> None:
    one, two, _ = pair
    _theirs(two, {"README": "theirs"})
    one.commit("mine", {"app/a.yml": "mine"})
    told = (
        '{"source": {"uri": "x", "branch": "main", "private_key": "k", "environment": "staging"},'
        ' "params": {"repository": "one"}}'
    )
    said = one.cepler("concourse", "ci_out", str(one.root.parent), stdin=told)
    assert said.code == 0, said.err
    state = one.record_of("staging").current
    assert f'"trigger":"{state.head_commit}"' in said.out
    assert state.files["{latest}/app/a.yml"].from_commit[:7] in said.out
