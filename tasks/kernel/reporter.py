"""doit's reporter: run lock, check of the graph, durable results, screen, and exit code."""

from __future__ import annotations

import signal
import sys
import time
from typing import Any

from doit import Globals
from doit.exceptions import TaskError, UnmetDependency

from . import chosen, events, graph, lock, programs, tally, waiting
from .actions import Closed, Misused
from .errors import SlipwayError, WrongUsage
from .redact import redact
from .screen import Screen

DONE, FAILED, ERROR, USAGE, WAITING = 0, 1, 2, 3, 4


_STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)


def _stop(number: int, _frame: object) -> None:
    """End as after ^C: doit then records what has finished."""
    sys.exit(128 + number)


class Reporter:
    """What doit calls as a run goes on.

    doit writes its own state only when a run ends. This reporter commits each task as it finishes,
    so that a run killed at any moment has lost nothing but the task it was in.
    """

    desc = "Slipway's own"

    def __init__(self, outstream: Any, options: dict[str, Any]) -> None:  # noqa: ARG002 - doit's
        self.screen = Screen(sys.stderr)
        self.started: dict[str, float] = {}
        self.error = self.failed = self.waiting = self.misused = False
        self.current = 0
        self.unmet: list[str] = []
        self.tally = tally.Tally({}, [])
        self.audience = events.Audience()
        self.patience: float | None = None
        self.gates: list[Any] = []
        self.following: list[tuple[str, ...]] = []

    def initialize(self, tasks: dict[str, Any], selected: list[str]) -> None:
        """Check the graph and take the run lock, before the first action."""
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        graph.remember(tasks, selected)
        names = graph.closure(tasks, selected)
        graph.follow(tasks, names, sys.argv[1:])
        self.screen.fit(names)
        self.tally = tally.Tally(tasks, selected)
        manager = Globals.dep_manager
        _patient(manager)
        _remember_what_did_not_run(manager)
        try:
            chosen.refuse_others(selected)
            ignored = [name for name in tasks if manager.status_is_ignore(tasks[name])]
            graph.check(tasks, names, ignored)
            graph.refuse_side_by_side(selected, sys.argv[1:])
            self.patience = waiting.patience()
            if graph.acts(tasks, names):
                lock.take(selected)
                self.audience = events.Audience.of(tasks, names)
        except SlipwayError as error:
            self.screen.problem("doit", redact(str(error)))
            sys.exit(USAGE if isinstance(error, WrongUsage) else ERROR)

    def get_status(self, task: Any) -> None:
        """Nothing to say before it is known whether the task runs."""

    def execute_task(self, task: Any) -> None:
        """Show a task as running."""
        if task.actions and not _is_quiet(task):
            self.started[task.name] = time.monotonic()
            self.screen.begin(task.name)
            self.audience.tell(events.Event("begin", task.name, ""))

    def add_success(self, task: Any) -> None:
        """Commit it, then show it."""
        if tasks := task.values.get("next", ()):
            self.following.append((task.name, *tasks))
            for name in tasks:
                Globals.dep_manager.remove(name)
        _commit()
        self.tally.note(task, tally.PASSED)
        if not task.actions or _is_quiet(task):
            return
        seconds = time.monotonic() - self.started.get(task.name, time.monotonic())
        says, skipped = redact(str(task.values.get("says", ""))), bool(task.values.get("skipped"))
        self.screen.done(task.name, says, seconds, skipped=skipped)
        self.audience.tell(
            events.Event("done", task.name, says, acted=bool(task.values.get("acted")))
        )

    def add_failure(self, task: Any, fail: Any) -> None:
        """Commit that it failed, then show why; one that only waited for another is counted."""
        _commit()
        if isinstance(fail, UnmetDependency):
            if task.actions:
                self.unmet.append(task.name)
            return
        self.tally.note(task, tally.NO)
        if isinstance(fail, Closed):
            self.waiting = True
            self.gates.append(task)
            self.screen.gate(task.name, redact(fail.message))
            self.audience.tell(events.Event("gate", task.name, redact(fail.message)))
            return
        if isinstance(fail, Misused):
            self.misused = True
        elif isinstance(fail, TaskError):
            self.error = True
        else:
            self.failed = True
        message = redact(fail.message.removeprefix("ERROR: "))
        self.screen.problem(task.name, message)
        if not isinstance(fail, Misused):
            self.audience.tell(events.Event("failure", task.name, message))

    def skip_uptodate(self, task: Any) -> None:
        """Count it."""
        self.tally.note(task, tally.BEFORE)
        self.current += bool(task.actions)

    def skip_ignore(self, task: Any) -> None:
        """Say so: an ignored task is a hole in a release."""
        self.screen.problem(task.name, "ignored, as somebody told doit to")

    def cleanup_error(self, exception: Any) -> None:
        """There are no teardowns in this graph."""
        self.screen.problem("doit", redact(exception.get_msg()))

    def runtime_error(self, msg: str) -> None:
        """Show that doit itself gave up."""
        self.error = True
        self.screen.problem("doit", redact(msg))

    def teardown_task(self, task: Any) -> None:
        """There are no teardowns in this graph."""

    def complete_run(self) -> None:
        """Sum up, and set the exit code: 2 over 1 over 4; an unmet dependency never counts.

        doit would answer 2 for every unmet dependency. With an exception on its way (^C,
        SIGTERM), that goes first.
        """
        for group, words, well in self.tally.lines() if sys.exc_info()[0] is None else ():
            self.screen.sum_up(group, words, well=well)
        self.screen.end(self.current, self.unmet, asked=_was_asked())
        if sys.exc_info()[0] is not None:
            programs.end_all()
            if getattr(sys.exc_info()[1], "code", 0) in _STOPPED:
                self.screen.stopped_early()
            return
        for line in self.audience.close():
            self.screen.problem("notify", redact(line))
        ranked = ((self.error, ERROR), (self.failed, FAILED), (self.misused, USAGE))
        code = next(
            (code for happened, code in ranked if happened), WAITING if self.waiting else DONE
        )
        if code == WAITING and self.patience is not None:
            self._wait(self.patience)
        if code:
            sys.exit(code)
        for command, *tasks in self.following:
            waiting.instead(command, tasks)

    def _wait(self, seconds: float) -> None:
        """Wait for a gate, then let the same command take over; back here when it stays closed."""
        opens = [(task.name, task.meta.get("opens")) for task in self.gates]
        gates = [(name, opened) for name, opened in opens if opened]
        names = ", ".join(name for name, _ in opens)
        if not gates:
            self.screen.problem("wait", f"{names} cannot be waited for; type what it says above")
            return
        lock.release()
        end = time.monotonic() + seconds
        self.screen.note("wait", f"up to {seconds:g} s for a human (^C ends it)")
        try:
            opened = waiting.until_open(gates, seconds, Screen(sys.stderr))
        except SlipwayError as error:
            self.screen.gate("wait", redact(str(error)))
            return
        except SystemExit:
            self.screen.stopped_early()
            raise
        if opened:
            self.screen.note("wait", "the gate is open: the same command runs once more")
            others = len(gates) > 1  # for one gate alone, the run that follows is the answer
            waiting.again(left=end - time.monotonic() if others else 0)
        closed = f"{names} stay{'' if len(opens) > 1 else 's'} closed, what to type stands above"
        self.screen.note("wait", f"nobody has decided in that time; {closed}")


def _is_quiet(task: Any) -> bool:
    """Say whether a task answers on standard output itself: a line about it would be noise."""
    return bool((task.meta or {}).get("shows"))


def _was_asked() -> bool:
    """Say whether this run only answers a question."""
    tasks = graph.current()
    return any(_is_quiet(task) and task.executed for task in tasks.values())


def _remember_what_did_not_run(manager: Any) -> None:
    """Keep doit's record of tasks that only waited for one that failed.

    doit forgets them as if they had failed themselves, so that after mending an observer, or at
    each closed gate, everything behind it would be tested, built and flown again.
    """
    forget = manager.remove_success

    def forget_what_failed(task: Any) -> None:
        if task.executed:
            forget(task)

    manager.remove_success = forget_what_failed


def _patient(manager: Any) -> None:
    """Have the database wait for another run's short writes instead of failing."""
    connection = getattr(manager.backend, "_conn", None)
    if connection is not None:
        connection.execute("pragma busy_timeout = 30000")


def _commit() -> None:
    """Write what doit keeps in memory until the end of a run, and end its long write lock."""
    backend = Globals.dep_manager.backend
    connection = getattr(backend, "_conn", None)
    if connection is None:
        return  # another backend, chosen on the command line
    for task_id in sorted(backend._dirty):  # doit offers no other way
        row = (task_id, backend.codec.encode(backend._cache[task_id]))
        connection.execute("insert or replace into doit values (?,?)", row)
    connection.commit()
    backend._dirty = set()
