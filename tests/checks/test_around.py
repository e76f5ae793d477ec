"""What is around a check: `before`, and an `after` that runs however the check ends."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.checks.unfinished import CutOff, mark
from tasks.checks.verdict import judge
from tasks.kernel import paths
from tasks.kernel.config import Check
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.world import World
from tests.checks.conftest import HEAD, Declare, says
from tests.testflight.test_killed import child, ended


class Place:
    """Something outside that a check sets up and takes away: a file named for the attempt."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder / "cloud", folder / "log"
        self.folder.mkdir()
        run = "import os, pathlib; run = os.environ['SLIPWAY_CHECK_RUN']; "
        here = f"here = pathlib.Path({str(self.folder)!r}) / run; "
        log = f"log = open({str(self.log)!r}, 'a'); "
        self.up = f"{run}{here}{log}here.touch(); open('state', 'w').write(run); log.write('up ')"
        self.use = f"{run}{here}{log}assert here.exists(); log.write('use '); log.close(); "
        self.down = f"{run}{here}{log}assert open('state').read() == run; here.unlink(); "
        self.down += "log.write('down ')"

    def left(self) -> int:
        """Return how many are up."""
        return len(list(self.folder.iterdir()))

    def told(self) -> list[str]:
        """Return what happened, in order."""
        return self.log.read_text().split() if self.log.exists() else []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_before_the_command_and_after_run_in_one_tree(
    world: World, declare: Declare, place: Place
) -> None:
    assert says(world, declare(place.use + "print(7)", before=place.up, after=place.down)) == "7"
    assert place.told() == ["up", "use", "down"]
    assert not world.exists(mark("unit"))


@pytest.mark.parametrize(
    ("more", "changes"),
    [
        ("raise SystemExit(1)", {}),
        ("import time; time.sleep(60)", {"timeout": 2.0}),
        ("os.kill(os.getpid(), 9)", {}),
    ],
)
def test_after_runs_when_the_check_fails_hangs_or_crashes(
    world: World, declare: Declare, place: Place, more: str, changes: dict[str, float]
) -> None:
    check = declare(place.use + more, before=place.up, after=place.down, **changes)
    with pytest.raises(Failed):
        judge(check, HEAD, world)
    assert (place.told(), place.left()) == (["up", "use", "down"], 0)
    assert not world.exists(paths.verdict("unit"))


def test_after_runs_when_before_fails_or_the_command_cannot_start(
    world: World, declare: Declare, place: Place
) -> None:
    check = declare("pass", before=place.up + "; raise SystemExit(3)", after=place.down)
    with pytest.raises(Failed, match="before of unit ended with 3"):
        judge(check, HEAD, world)
    check = replace(check, before=("python3", "-c", place.up), command=("no-such-program",))
    world.config.checks["unit"] = check
    with pytest.raises(SlipwayError, match="not installed"):
        judge(check, HEAD, world)
    assert (place.told(), place.left()) == (["up", "down"] * 2, 0)


def test_every_attempt_has_a_before_and_an_after_of_its_own(
    world: World, declare: Declare, place: Place, tmp_path: Path
) -> None:
    once = (
        f"m = pathlib.Path({str(tmp_path / 'm')!r}); f = m.exists(); m.touch(); assert f; print(5)"
    )
    check = declare(place.use + once, before=place.up, after=place.down, attempts=2)
    assert says(world, check) == "5  (attempt 2)"
    assert (place.told(), place.left()) == (["up", "use", "down"] * 2, 0)


def test_an_after_that_fails_is_a_no_and_is_tried_again(
    world: World, declare: Declare, place: Place, tmp_path: Path
) -> None:
    switch = tmp_path / "switch"
    stuck = f"import pathlib; assert pathlib.Path({str(switch)!r}).exists(); {place.down}"
    check = declare(place.use, before=place.up, after=stuck, attempts=3)
    with pytest.raises(Failed, match="after of unit ended with 1") as caught:
        judge(check, HEAD, world)
    assert "the next run tries again" in caught.value.fix
    assert (place.told(), place.left()) == (["up", "use"], 1)
    assert CutOff("unit").reasons(world, {}) == ["it was cut off, and has to be ended"]
    switch.touch()
    judge(check, HEAD, world)
    assert (place.told(), place.left()) == (["up", "use", "down", "up", "use", "down"], 0)


def test_the_words_of_a_check_go_before_those_of_its_after(world: World, declare: Declare) -> None:
    check = declare("print('first'); raise SystemExit(1)", after="raise SystemExit('second')")
    with pytest.raises(Failed, match="unit ended with 1") as caught:
        judge(check, HEAD, world)
    said = " ".join(caught.value.detail)
    assert said.index("first") < said.index("second")


@pytest.mark.parametrize("point", ["begun", "ran"])
def test_a_check_killed_at_a_step_is_ended_by_the_next(
    world: World, declare: Declare, place: Place, point: str
) -> None:
    down = place.down.replace("here.unlink()", "here.unlink(missing_ok=True)")
    down = down.replace("assert open('state').read() == run; ", "")
    check = declare(place.use + "print(1)", before=place.up, after=down)

    def killed() -> None:
        os.environ["SLIPWAY_KILL_AT"] = f"check:unit:{point}"
        judge(check, HEAD, world)

    assert ended(child(killed)) == -signal.SIGKILL
    assert place.left() == (point == "ran")
    judge(check, HEAD, world)
    begun = [] if point == "begun" else ["up", "use"]
    assert (place.told(), place.left()) == ([*begun, "down", "up", "use", "down"], 0)


def _cut_off(
    world: World, check: Check, place: Place, sign: signal.Signals, seen: Path | None = None
) -> int:
    """Start a check, end it while its command runs, and return how it ended."""

    def deaf() -> None:
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_IGN)  # but for the check's own ears
        judge(check, HEAD, world)

    pid = child(deaf)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if "use" in place.told() and (seen is None or (seen.exists() and seen.read_text())):
            break
        time.sleep(0.02)
    os.kill(pid, sign)
    if sign != signal.SIGKILL:
        for _ in range(10):  # an impatient person
            time.sleep(0.02)
            os.kill(pid, sign)
    return ended(pid)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_check_and_not_its_after(
    world: World, declare: Declare, place: Place, sign: signal.Signals
) -> None:
    slow = "import time; time.sleep(0.5); " + place.down
    check = declare(place.use + "import time; time.sleep(60)", before=place.up, after=slow)
    assert _cut_off(world, check, place, sign) == 128 + sign
    assert (place.told(), place.left()) == (["up", "use", "down"], 0)
    assert not world.exists(mark("unit"))


def test_after_kill_9_the_next_run_ends_what_still_runs_and_then_runs_its_after(
    world: World, declare: Declare, place: Place, tmp_path: Path
) -> None:
    orphan = tmp_path / "orphan"
    stay = (
        f"import subprocess, time; p = subprocess.Popen(['sleep', '60'], start_new_session=True); \
open({str(orphan)!r}, 'w').write(f'{{os.getpid()}} {{p.pid}}'); time.sleep(60)"
    )
    check = declare(place.use + stay, before=place.up, after=place.down)
    assert _cut_off(world, check, place, signal.SIGKILL, orphan) == -signal.SIGKILL
    assert place.left() == 1
    assert all(map(_runs, orphan.read_text().split()))

    other = declare("print('ok 1')")  # it is configured otherwise by now
    assert says(world, other) == "ok 1"
    assert (place.told(), place.left()) == (["up", "use", "down"], 0)
    assert not any(map(_runs, orphan.read_text().split()))


def _runs(pid: str) -> bool:
    """Say whether a process does something still: one that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_what_was_cut_off_of_a_check_that_is_gone_is_ended_by_any_other(
    world: World, declare: Declare, place: Place
) -> None:
    gone = declare(place.use + "import time; time.sleep(60)", "gone", before=place.up,
                   after=place.down)  # fmt: skip
    assert _cut_off(world, gone, place, signal.SIGKILL) == -signal.SIGKILL
    del world.config.checks["gone"]
    says(world, declare("print(1)"))
    assert (place.told(), place.left()) == (["up", "use", "down"], 0)


def test_secrets_are_seen_only_by_name(
    world: World, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_TOKEN", "s3cr3t-hunter2")
    monkeypatch.setenv("OTHER_TOKEN", "s3cr3t-hunter3")
    code = "import os; print(1, 'CLOUD_TOKEN' in os.environ, 'OTHER_TOKEN' in os.environ)"
    assert says(world, declare(code, secrets=("CLOUD_TOKEN",))) == "1 True False"
