"""The lock of an environment: one deployment at a time, from anywhere, whoever dies."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tasks.deploy import lock, past, unlock
from tasks.kernel import git as g
from tasks.kernel import journal, paths, remotes
from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.promotion import notes
from tests.promotion.line import FILES, Line, Remote

REF = "refs/slipway/locks/staging"


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Line, Line]:
    """Return two working trees of one deployments remote."""
    monkeypatch.setattr(journal, "effect", lambda *_: None)
    monkeypatch.setenv("SLIPWAY_BY", "Ada")
    remote = Remote(tmp_path / "deployments.git")
    remote.commit("first", FILES)
    lines = Line(tmp_path / "one", remote), Line(tmp_path / "two", remote)
    for line in lines:
        line.look()
    return lines


def there(line: Line) -> str:
    return remotes.ls(str(line.remote.path)).get(REF, "")


def test_one_has_it_and_the_other_is_told_who(pair: tuple[Line, Line]) -> None:
    one, two = pair
    assert not lock.take(one.world, "staging")
    with pytest.raises(lock.Locked, match="staging is being deployed by Ada") as caught:
        lock.take(two.world, "staging", patience=0)
    assert 'doit unlock:staging --by=NAME --why="TEXT"' in caught.value.fix
    assert not lock.take(two.world, "qa", patience=0)  # each environment has its own
    lock.release(two.world, "staging")  # it is not ours
    assert there(one)
    lock.release(one.world, "staging")
    assert not there(one)
    assert not lock.take(two.world, "staging", patience=0)


def test_who_waited_is_told_to_decide_afresh(
    pair: tuple[Line, Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    lock.take(one.world, "staging")
    monkeypatch.setattr(time, "sleep", lambda _: lock.release(one.world, "staging"))
    assert lock.take(two.world, "staging")


def test_taking_it_again_renews_the_lease(pair: tuple[Line, Line]) -> None:
    one, _ = pair
    lock.take(one.world, "staging")
    before = there(one)
    assert not lock.take(one.world, "staging")
    assert there(one) not in ("", before)


@pytest.mark.parametrize("pushed", [False, True])
def test_a_run_that_was_killed_finds_its_own_lock_again(
    pair: tuple[Line, Line], monkeypatch: pytest.MonkeyPatch, pushed: bool
) -> None:
    one, two = pair
    lock.take(one.world, "staging")
    put = notes.put

    def dies(*args: str) -> None:
        if pushed:
            put(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(notes, "put", dies)
    with pytest.raises(KeyboardInterrupt):
        lock.take(one.world, "staging")
    monkeypatch.setattr(notes, "put", put)
    with pytest.raises(lock.Locked):
        lock.take(two.world, "staging", patience=0)
    assert not lock.take(one.world, "staging", patience=0)


def test_the_lease_of_a_dead_run_ends_and_that_is_noted(
    pair: tuple[Line, Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    lock.take(one.world, "staging")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600 + 30)  # clocks may differ by a minute
    with pytest.raises(lock.Locked):
        lock.take(two.world, "staging", patience=0)
    monkeypatch.setattr(time, "time", lambda: now + 3600 + 61)
    assert lock.take(two.world, "staging", patience=0)
    [note] = past.history(two.world, "staging", 9)
    assert note.words == "staging: lock taken over"
    assert note.said("Was").startswith("Ada (")
    lock.release(one.world, "staging")
    assert there(two)  # the dead one that comes back takes nothing away


def test_a_lock_that_cannot_be_read_is_held_for_ever(pair: tuple[Line, Line]) -> None:
    one, _ = pair
    odd = notes.write(one.world, "what is this", {"Until-Second": "soon"})
    notes.put(one.world, REF, odd, "")
    with pytest.raises(lock.Locked, match="by somebody"):
        lock.take(one.world, "staging", patience=0)
    blob = g.text("hash-object", "-w", "--stdin", repo=one.remote.path, stdin=b"x")
    g.git("update-ref", REF, blob, repo=one.remote.path)
    with pytest.raises(lock.Locked, match="by somebody"):
        lock.take(one.world, "staging", patience=0)
    assert there(one) == blob


def test_a_remote_that_takes_no_locks_stops_a_deployment(pair: tuple[Line, Line]) -> None:
    one, _ = pair
    hook = one.remote.path / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(SlipwayError, match="could not be pushed") as caught:
        lock.take(one.world, "staging", patience=0)
    assert "run the same again" in caught.value.fix


def test_unlock_needs_a_reason_and_is_noted(
    pair: tuple[Line, Line], capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = pair
    lock.take(one.world, "staging")
    with pytest.raises(WrongUsage, match="--why"):
        unlock.unlock("staging", two.world, by="Grace")
    unlock.unlock("staging", two.world, by="Grace", why="that machine burnt down")
    assert not there(one)
    [note] = past.history(two.world, "staging", 9)
    assert (note.said("By"), note.said("Why")) == ("Grace", "that machine burnt down")
    unlock.unlock("staging", two.world, by="Grace", why="again")
    assert "nobody is deploying staging" in capsys.readouterr().out
    # Who was unlocked has to take it anew, and others may be quicker.
    lock.take(two.world, "staging")
    with pytest.raises(lock.Locked):
        lock.take(one.world, "staging", patience=0)


def test_the_note_of_it_is_gone_with_the_lock(pair: tuple[Line, Line]) -> None:
    one, _ = pair
    lock.take(one.world, "staging")
    assert one.world.exists(paths.deploy_lock("staging"))
    lock.release(one.world, "staging")
    assert not one.world.exists(paths.deploy_lock("staging"))
    lock.release(one.world, "staging")
