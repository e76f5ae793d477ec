"""Whoever ends a flight, and when: nothing stays up, and the next flight succeeds."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from tasks.kernel import lock, paths
from tasks.testflight import fly, sweep
from tests.testflight.conftest import Sky


def child(action: Callable[[], object]) -> int:
    """Start a process that does something, and return its id."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            action()
            code = 0
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        finally:
            os._exit(code)
    return pid


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


STEPS = ("prepared", "planned", "applied", "smoked", "down", "destroyed")
UP = ("applied", "smoked")


def kill_at(sky: Sky, point: str) -> None:
    """Fly in a process that dies at a step as by `kill -9`."""

    def killed() -> None:
        os.environ["SLIPWAY_KILL_AT"] = f"testflight:{point}"
        fly.fly(sky.world)

    assert ended(child(killed)) == -signal.SIGKILL
    assert sky.verdict() is None


@pytest.mark.parametrize("point", STEPS)
def test_a_flight_killed_at_a_step_is_swept_by_the_next(sky: Sky, point: str) -> None:
    kill_at(sky, point)
    assert bool(sky.cluster.namespaces("lana-bank-testflight")) == (point in UP)

    values = {name: {"digest": at} for name, at in sky.digests.items()}
    sky.publish_chart(values | {"web": {"digest": sky.digests["web"], "mode": "x"}})
    fly.fly(sky.world)  # of another chart, so under another name

    assert sky.verdict() == sky.expected()
    sky.nothing_is_left()


@pytest.mark.parametrize("point", STEPS)
def test_a_flight_killed_at_a_step_is_swept_by_hand(sky: Sky, point: str) -> None:
    kill_at(sky, point)
    says = sweep.sweep(sky.world)
    assert says == (f"{sky.namespace} removed" if point in UP else "no flight has left a namespace")
    sky.nothing_is_left()
    assert sweep.sweep(sky.world) == "no flight has left a namespace"
    sky.nothing_is_left()


def test_a_flight_that_failed_and_was_killed_then_is_swept_too(sky: Sky) -> None:
    crash = {"digest": sky.digests["api"], "mode": "crash"}
    sky.publish_chart({"web": {"digest": sky.digests["web"]}, "api": crash})
    kill_at(sky, "failed")
    assert sky.cluster.namespaces("lana-bank-testflight")
    sweep.sweep(sky.world)
    sky.nothing_is_left()


def test_sweeping_needs_no_chart(sky: Sky) -> None:
    kill_at(sky, "applied")
    sky.world.path(paths.CHART).unlink()
    assert sweep.sweep(sky.world) == f"{sky.namespace} removed"
    sky.nothing_is_left()


@pytest.mark.slow
def test_a_flight_killed_at_any_time_is_swept_by_the_next(sky: Sky) -> None:
    def locked() -> None:
        lock.take(["testflight"])  # which Terraform holds on to for as long as it goes on
        fly.fly(sky.world)

    for tenths in (2, 5, 8, 12):
        pid = child(locked)
        time.sleep(tenths / 10)
        os.kill(pid, signal.SIGKILL)
        ended(pid)
        assert ended(child(locked)) == 0
        assert sky.verdict() == sky.expected()
        sky.nothing_is_left()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_flight_and_not_its_destruction(sky: Sky, sign: signal.Signals) -> None:
    api = {"digest": sky.digests["api"], "mode": "sick"}
    sky.publish_chart({"web": {"digest": sky.digests["web"]}, "api": api})

    def deaf() -> None:
        signal.signal(sign, signal.SIG_IGN)  # but for the flight's own ears
        fly.fly(sky.world)

    pid = child(deaf)
    while not any("web" in str(path) for path in sky.folder.glob("world/cluster/*/logs/*")):
        time.sleep(0.05)
    os.kill(pid, sign)
    for _ in range(20):  # an impatient person
        time.sleep(0.02)
        os.kill(pid, sign)
    assert ended(pid) == 128 + sign
    assert sky.verdict() is None
    sky.nothing_is_left()
