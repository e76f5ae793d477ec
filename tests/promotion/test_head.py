"""The head that a run goes on from: forward only, and moved by one at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tasks.kernel.lock import exclusively
from tasks.kernel.world import UNKNOWN, Forecast
from tasks.promotion import head

from .line import FILES, Line, Remote


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """The remote was looked at; it has two more commits now."""
    remote = Remote(tmp_path / "deployments.git")
    remote.commit("first", FILES)
    line = Line(tmp_path / "tree", remote)
    line.look()
    return line


def _more(line: Line) -> list[str]:
    remote = line.remote
    made = [remote.commit(name, {f"{name}.txt": name}) for name in ("second", "third")]
    head.ask(line.world)
    return made


def test_the_slower_of_two_takes_nothing_back(line: Line) -> None:
    second, third = _more(line)
    head.advance(line.world, third)
    head.advance(line.world, second)
    assert head.head_of(line.world).commit == third


def test_it_waits_for_another_who_moves_it(line: Line) -> None:
    second, third = _more(line)
    later = threading.Thread(target=head.advance, args=(line.world, second))
    with exclusively(head.mirror(line.world).with_name("deployments.head.lock")):
        later.start()
        later.join(0.2)
        assert later.is_alive()
        now = head.head_of(line.world)
        head.write_head(line.world, head.Head(now.branch, third, now.gates))
    later.join(10)
    assert head.head_of(line.world).commit == third


def test_a_plan_goes_on_to_what_nobody_knows_and_waits_for_nobody(line: Line) -> None:
    second, _ = _more(line)
    ahead = Forecast(line.world, line.folder / "scratch")
    with exclusively(head.mirror(line.world).with_name("deployments.head.lock")):
        head.advance(ahead, second)
        assert head.head_of(ahead).commit == second
        head.advance(ahead, UNKNOWN)
        head.advance(ahead, second)
    assert head.head_of(ahead).commit == UNKNOWN
    assert head.head_of(line.world).commit != second
