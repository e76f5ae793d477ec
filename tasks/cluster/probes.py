"""Probes as Kubernetes has them: when to ask, and what the answers amount to. No clock, no network.

One thing is quicker than a kubelet: a process that is not up yet is asked more often than its
period says. How long it may take, and how often it may fail, is what the manifest says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

QUICK = 0.1  # seconds between two questions to what is not up yet

Kind = Literal["startup", "readiness", "liveness"]
Verdict = Literal["waiting", "ready", "unhealthy"]


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe; times in seconds, with Kubernetes' defaults.

    Attributes:
        port: the container's port.
        path: of the HTTP request; None to try whether a TCP connection opens.
        scheme: http or https, whose certificate is not checked.
        headers: of the request.
        delay: before the first question.
        period: between two.
        timeout: of one.
        successes: in a row that make it pass.
        failures: in a row that make it fail.
    """

    port: int
    path: str | None = None
    scheme: str = "http"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0
    period: float = 10
    timeout: float = 1
    successes: int = 1
    failures: int = 3


Probes = Mapping[Kind, Probe]
Ask = Callable[[Probe], bool]


class _Count:
    """Answers in a row to one probe."""

    def __init__(self, probe: Probe, begin: float) -> None:
        self.probe = probe
        self.due = begin + probe.delay
        self.good = 0
        self.bad = 0

    def look(self, now: float, ask: Ask, *, quick: bool) -> None:
        if now < self.due:
            return
        if ask(self.probe):
            self.good, self.bad = self.good + 1, 0
            self.due = now + self.probe.period
        else:
            self.good, self.bad = 0, self.bad + 1
            self.due = now + (min(self.probe.period, QUICK) if quick else self.probe.period)


class Health:
    """What is known of one process.

    Args:
        probes: its probes; without any it is ready as soon as it runs.
        begin: when it was started, in seconds of a clock that only goes forward.
    """

    def __init__(self, probes: Probes, begin: float) -> None:
        self._probes = probes
        self._begin = begin
        self._startup = _Count(probes["startup"], begin) if "startup" in probes else None
        self._live: _Count | None = None
        self._ready: _Count | None = None
        self._was_ready = False
        if self._startup is None:
            self._started(begin)

    def look(self, now: float, ask: Ask) -> Verdict:
        """Ask what is due and return what is known now.

        Args:
            now: the time.
            ask: asks one probe once.
        """
        if self._startup is not None:
            self._startup.look(now, ask, quick=True)
            if not self._startup.good:
                probe = self._startup.probe
                last = self._begin + probe.delay + probe.period * probe.failures
                return "unhealthy" if now >= last else "waiting"
            self._startup = None
            self._started(now)
        if self._live is not None:
            self._live.look(now, ask, quick=False)
            if self._live.bad >= self._live.probe.failures:
                return "unhealthy"
        return "ready" if self._readiness(now, ask) else "waiting"

    def _started(self, now: float) -> None:
        if "liveness" in self._probes:
            self._live = _Count(self._probes["liveness"], now)
        if "readiness" in self._probes:
            # Its delay counts from the start of the process.
            self._ready = _Count(self._probes["readiness"], self._begin)

    def _readiness(self, now: float, ask: Ask) -> bool:
        count = self._ready
        if count is None:
            return True
        count.look(now, ask, quick=not self._was_ready)
        if self._was_ready:
            self._was_ready = count.bad < count.probe.failures
        else:
            self._was_ready = count.good >= count.probe.successes
        return self._was_ready
