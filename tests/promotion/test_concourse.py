"""The Concourse resource: versions, the clone of one, and its record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel import git as g

from .conftest import Deployments, Said

Pair = tuple[Deployments, Deployments, Path]


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))


def _ask(tree: Deployments, remote: Path, *words: str, source: dict[str, Any] | None = None,
         **more: Any) -> Said:  # fmt: skip
    given = {"uri": str(remote), "branch": "main", "private_key": "no key", **(source or {})}
    told = json.dumps({"source": given, "unknown": 1, **more})
    return tree.cepler("concourse", *words, stdin=told)


def test_check_names_at_most_the_last_and_a_new_version(pair: Pair) -> None:
    one, _, remote = pair
    staging = {"environment": "staging"}
    new = {"trigger": one.head, "version": "1"}
    assert _ask(one, remote, "check").out == "[]\n"
    said = _ask(one, remote, "check", source=staging)
    assert json.loads(said.out) == [new], said.err
    assert said.out.count("\n") == 1
    last = {"trigger": "0" * 40}
    known = {"trigger": "0" * 40, "version": None}
    assert json.loads(_ask(one, remote, "check", source=staging, version=last).out) == [known, new]
    assert json.loads(_ask(one, remote, "check", source=staging, version=new).out) == [new]
    push = ("--push", "--reset-head", "--git-url", "x", "--git-private-key", "x")
    assert one.cepler("record", "-e", "staging", *push).code == 0
    assert _ask(one, remote, "check", source=staging).out == "[]\n"
    assert json.loads(_ask(one, remote, "check", source=staging, version=new).out) == [new]


def test_in_and_out_carry_a_version_through(pair: Pair, tmp_path: Path) -> None:
    one, _, remote = pair
    source = {"environment": "staging"}
    version = json.loads(_ask(one, remote, "check", source=source).out)[0]
    folder = tmp_path / "build" / "repo"
    said = _ask(one, remote, "ci_in", str(folder), source=source, version=version)
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["version"] == version
    name = {"name": "{latest}/app/a.yml", "value": f"[{one.head[:7]}] - first"}
    assert name in told["metadata"]
    assert not (folder / "README").exists()
    assert (folder / ".git/cepler_environment").read_text() == "staging"
    assert (folder / ".git/cepler_trigger").read_text() == version["trigger"]
    said = _ask(one, remote, "ci_out", str(tmp_path / "build"), source=source,
                params={"repository": "repo"})  # fmt: skip
    assert said.code == 0, said.err
    assert json.loads(said.out)["version"] == version
    assert g.text("log", "-1", "--format=%s", "main", repo=remote).endswith("'staging' state")
    again = _ask(one, remote, "ci_in", str(tmp_path / "again"), source=source, version=version)
    assert json.loads(again.out) == {"version": version, "metadata": []}
    assert (tmp_path / "again/app/a.yml").exists()
    old = {"trigger": "0" * 40, "version": "7"}
    said = _ask(one, remote, "ci_in", str(tmp_path / "old"), source=source, version=old)
    assert (said.code, json.loads(said.out)["version"]) == (0, old)
    assert list((tmp_path / "old").iterdir()) == []


def test_in_refuses_a_trigger_that_was_overtaken(pair: Pair, tmp_path: Path) -> None:
    one, _, remote = pair
    said = _ask(one, remote, "ci_in", str(tmp_path / "x"), source={"environment": "staging"},
                version={"trigger": "0" * 40, "version": "1"})  # fmt: skip
    assert (said.code, said.out) == (1, "")
    assert "Trigger is out of sync." in said.err


def test_the_gates_file_survives_until_the_record(pair: Pair, tmp_path: Path) -> None:
    one, _, remote = pair
    one.commit("gates", {"gates.yml": "staging: HEAD\n"})
    one.git("push", "--quiet", "origin", "main")
    source = {"environment": "staging", "gates_file": "gates.yml"}
    version = json.loads(_ask(one, remote, "check", source=source).out)[0]
    said = _ask(one, remote, "ci_in", str(tmp_path / "b/r"), source=source, version=version)
    assert said.code == 0, said.err
    said = _ask(one, remote, "ci_out", str(tmp_path / "b"), source=source,
                params={"repository": "r"})  # fmt: skip
    assert said.code == 0, said.err


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("[]", "Deserializing stdin"),
        ("{", "Deserializing stdin"),
        ("[" * 100_000, "Deserializing stdin"),
        ('{"source": {"uri": 1}}', "Deserializing stdin"),
        ('{"source": {"uri": "x", "branch": "main"}}', "Deserializing stdin"),
    ],
)
def test_what_is_no_request(track: Deployments, told: str, text: str) -> None:
    said = track.cepler("concourse", "check", stdin=told)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"Error: {text}")


def test_what_is_missing_in_a_request(pair: Pair, tmp_path: Path) -> None:
    one, _, remote = pair
    here = str(tmp_path)
    assert "params" in _ask(one, remote, "check", params={}).err
    assert "a version is required" in _ask(one, remote, "ci_in", here + "/n").err
    assert "repository is required" in _ask(one, remote, "ci_out", here).err
    said = _ask(one, remote, "ci_out", here, params={"repository": "one"})
    assert "Environment not specified in source" in said.err
    said = _ask(one, remote, "check", source={"gates_branch": "b", "environment": "staging"})
    assert "Missing gates_file in source" in said.err


def test_a_clone_that_was_left_half_made_is_made_again(pair: Pair, tmp_path: Path) -> None:
    one, _, remote = pair
    source = {"environment": "staging"}
    assert _ask(one, remote, "check", source=source).code == 0
    (cache,) = (path for path in (tmp_path / "tmp").glob("*/*") if path.is_dir())
    (cache / ".git/HEAD").unlink()
    assert _ask(one, remote, "check", source=source).code == 0


def test_clone_and_follow_by_the_option(pair: Pair, tmp_path: Path) -> None:
    one, two, remote = pair
    g.git("update-ref", "refs/heads/a/main", "main", repo=remote)
    words = ("--clone", str(tmp_path / "c"), "--git-url", str(remote), "--git-private-key", "x")
    assert one.cepler(*words, "check", "-e", "staging").trigger == one.head
    (tmp_path / "c/README").write_text("edited")
    (tmp_path / "c/mine").write_text("untracked")
    theirs = two.commit("two", {"app/a.yml": "a 2"})
    two.git("push", "--quiet", "origin", "main")
    assert one.cepler(*words, "check", "-e", "staging").trigger == theirs
    assert (tmp_path / "c/README").read_text() == "hello"
    assert (tmp_path / "c/mine").exists()


def test_clone_never_touches_the_repository_around_the_folder(pair: Pair, tmp_path: Path) -> None:
    one, _, remote = pair
    inner = one.root / "inner"
    one.write({"README": "work of an hour", "inner/note": "x"})
    words = ("--clone", str(inner), "--git-url", str(remote), "--git-private-key", "x")
    for link in (inner, tmp_path / "link"):
        if link != inner:
            link.symlink_to(inner)
        said = one.cepler(*words[:1], str(link), *words[2:], "check", "-e", "staging")
        assert said.code == 1
        assert "not the root of a clone" in said.err
    (inner / ".git").mkdir()  # what is damaged is none, too
    assert one.cepler(*words, "check", "-e", "staging").code == 1
    assert one.read("README") == "work of an hour"


def test_a_clone_between_checks_that_stands_in_a_repository(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _, remote = pair
    one.write({"README": "work of an hour"})
    monkeypatch.setattr("tempfile.tempdir", str(one.root))
    source = {"environment": "staging"}
    assert _ask(one, remote, "check", source=source).code == 0
    (cache,) = (path for path in one.root.glob("cepler-repo-cache-*/*") if path.is_dir())
    (cache / ".git/HEAD").unlink()
    assert _ask(one, remote, "check", source=source).code == 0
    assert one.read("README") == "work of an hour"


def test_out_records_in_the_input_and_never_around_it(pair: Pair) -> None:
    one, _, remote = pair
    one.write({"README": "work of an hour", "inputs/repo/note": "x"})
    said = _ask(one, remote, "ci_out", str(one.root / "inputs"), source={"environment": "staging"},
                params={"repository": "repo"})  # fmt: skip
    assert said.code == 1
    assert "not the root of a clone" in said.err
    assert one.read("README") == "work of an hour"


def test_a_remote_that_does_not_answer_costs_no_clone(pair: Pair, tmp_path: Path) -> None:
    one, _, remote = pair
    source = {"environment": "staging"}
    assert _ask(one, remote, "check", source=source).code == 0
    (cache,) = (path for path in (tmp_path / "tmp").glob("*/*") if path.is_dir())
    (cache / "mark").write_text("x")
    remote.rename(tmp_path / "away")
    said = _ask(one, remote, "check", source=source)
    assert said.code == 1
    assert "Error: " in said.err
    assert (cache / "mark").exists()
    (tmp_path / "away").rename(remote)
    (cache / ".git/index.lock").touch()  # of a check that was killed
    assert _ask(one, remote, "check", source=source).code == 0
    assert not (cache / "mark").exists()
