"""When probes ask, and what their answers amount to; the clock is ours."""

from __future__ import annotations

from tasks.cluster.probes import Health, Probe, Probes, Verdict


def verdicts(
    probes: Probes, answers: dict[float, bool], until: float
) -> list[tuple[float, Verdict]]:
    """Look ten times a second; answers hold from their time on. Return the changes."""
    health = Health(probes, 0)
    found: list[tuple[float, Verdict]] = []
    for tick in range(int(until * 10) + 1):
        now = tick / 10
        answer = answers[max(at for at in answers if at <= now)]
        verdict = health.look(now, lambda _probe, answer=answer: answer)  # type: ignore[misc]
        if not found or found[-1][1] != verdict:
            found.append((now, verdict))
    return found


def test_without_probes_what_runs_is_ready() -> None:
    assert verdicts({}, {0: False}, 1) == [(0, "ready")]


def test_what_is_not_up_yet_is_asked_often() -> None:
    probes: Probes = {"readiness": Probe(80, period=10)}
    assert verdicts(probes, {0: False, 1: True}, 3) == [(0, "waiting"), (1, "ready")]


def test_readiness_waits_for_its_delay_and_its_successes() -> None:
    probes: Probes = {"readiness": Probe(80, delay=2, period=1, successes=3)}
    assert verdicts(probes, {0: True}, 6) == [(0, "waiting"), (4, "ready")]


def test_readiness_is_lost_after_as_many_failures() -> None:
    probes: Probes = {"readiness": Probe(80, period=2, failures=3)}
    changes = verdicts(probes, {0: True, 1: False}, 12)
    assert changes == [(0, "ready"), (6, "waiting")]


def test_liveness_fails_after_as_many_failures_in_a_row() -> None:
    probes: Probes = {"liveness": Probe(80, delay=1, period=2, failures=3)}
    assert verdicts(probes, {0: False}, 6)[-1] == (5, "unhealthy")
    assert verdicts(probes, {0: False, 2.5: True, 3.5: False}, 8) == [(0, "ready")]


def test_nothing_else_is_asked_before_the_start_is_over() -> None:
    probes: Probes = {
        "startup": Probe(80, period=1, failures=30),
        "liveness": Probe(80, period=1, failures=1),
    }
    assert verdicts(probes, {0: False, 5: True, 6: False}, 7) == [
        (0, "waiting"),
        (5, "ready"),
        (6, "unhealthy"),
    ]


def test_a_start_that_takes_too_long_is_given_up() -> None:
    probes: Probes = {"startup": Probe(80, delay=1, period=2, failures=2)}
    assert verdicts(probes, {0: False}, 6) == [(0, "waiting"), (5, "unhealthy")]
