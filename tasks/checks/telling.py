"""What the effect `statuses` cannot tell, as doit does not get there: a check runs, or has failed.

It hears what happens in a run (`kernel.events`), and only in one that has `statuses` in it: a check
that somebody tries on their machine is nobody else's news. It never fails a run.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from ..forge import Refused, connect
from ..kernel import journal, paths
from ..kernel.errors import SlipwayError
from ..kernel.events import Event
from ..kernel.world import World, disk
from .statuses import TASK, TOLD, Wanted, Word, context_of, is_news, say, spoken, stands, word_of
from .subject import Subject

_CHECK = "check:"


@dataclass(slots=True)
class Teller:
    """See `kernel.events.Listener`.

    Attributes:
        subject: what checks look at.
        here: whether this run tells anything at all.
        quiet: why not any more; "" while it does.
        said: name of the status → what the forge said of the commit when it was first asked.
        ended: check → what became of it in this run.
    """

    subject: Subject
    here: bool = False
    quiet: str = ""
    said: dict[str, str] | None = None
    ended: dict[str, Word | None] = field(default_factory=dict)

    def begin(self, tasks: Collection[str]) -> None:
        """Take in which tasks the run brings with it."""
        self.here, self.quiet, self.said = TASK in tasks, "", None
        self.ended.clear()

    def hear(self, event: Event) -> None:
        """Say that a check runs, and remember how it ended."""
        if not self.here or not event.task.startswith(_CHECK):
            return
        name = event.task.removeprefix(_CHECK)
        world = disk()
        if name not in world.config.checks:
            return
        if event.kind == "begin":
            self._pending(world, name)
        else:
            failed = event.kind == "failure"
            self.ended[name] = Word("failure", spoken(event.text)) if failed else None

    def _pending(self, world: World, name: str) -> None:
        """Say that a check runs, where nothing was said of it yet."""
        context, commit = context_of(world.config.checks[name]), self._commit(world)
        if self.quiet or not commit:
            return
        try:
            if self.said is None:
                self.quiet = "" if is_news(world, self.subject) else "nobody waits for it"
                if self.quiet:
                    return
                self.said = dict(connect(world).statuses(commit))
            forge = connect(world)
            if context not in self.said:
                forge.set_status(commit, context, "pending", "runs")
        except SlipwayError as error:
            self.quiet = error.what
            journal.say(f"nothing is told of checks that run: {error}")

    def _commit(self, world: World) -> str:
        """Return the commit to tell of; "" when no forge can know it."""
        told = world.json_or(self.subject.head, {})
        commit = str(told.get("commit", ""))
        return commit if told.get("tip", commit) == commit else ""

    def close(self) -> list[str]:
        """Tell what `statuses` has not told, as it never runs behind a check that failed."""
        failed = any(self.ended.values())
        if not self.here or not failed:
            return []
        world = disk()
        commit = self._commit(world)
        if not commit:
            return []
        # What it told before is not the last word: it has to look again when the check passes.
        world.path(paths.receipt(TASK)).unlink(missing_ok=True)
        world.write_json(TOLD, {"commit": commit})
        checks = world.config.checks
        words = {
            context_of(checks[name]): self.ended.get(name) or word_of(world, name, self.subject)
            for name in checks
            if name in self.ended or stands(world, name, self.subject)
        }
        try:
            say(connect(world), Wanted(commit, words))
        except Refused as no:
            return [
                f"the forge takes no status of {commit[:7]} ({no.what}); the run is none the worse"
            ]
        except SlipwayError as error:
            return [f"nobody was told that a check has failed: {error}"]
        return []
