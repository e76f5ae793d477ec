"""A history in memory, to put in front of the pure decisions."""

from __future__ import annotations

from dataclasses import dataclass, field

from tasks.version.candidates import Decision, NothingToRelease, decide
from tasks.version.commits import Commit
from tasks.version.rules import Rules
from tasks.version.sight import View, next_candidate


@dataclass
class Graph:
    """Commits are named by the test; each knows its message and the state of its release inputs."""

    rules: Rules = field(default_factory=Rules)
    known: dict[str, Commit] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    reservations: dict[str, str] = field(default_factory=dict)
    head: str = ""

    def commit(self, name: str, message: str, *parents: str, inputs: str | None = None) -> Graph:
        """Commit on `parents` (else on the head), with the inputs of another commit or new ones."""
        onto = parents or ((self.head,) if self.head else ())
        self.known[name] = Commit(name, onto, message)
        self.inputs[name] = name if inputs is None else self.inputs[inputs]
        self.head = name
        return self

    def tag(self, name: str, commit: str | None = None) -> Graph:
        self.tags[name] = commit or self.head
        return self

    def reserve(self, version: str, commit: str | None = None) -> Graph:
        self.reservations[version] = commit or self.head
        return self

    def ancestors(self, commit: str) -> set[str]:
        seen: set[str] = set()
        todo = [commit]
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo.extend(self.known[one].parents)
        return seen

    def view(self, head: str | None = None) -> View:
        at = head or self.head

        def commits(base: str | None) -> list[Commit]:
            names = self.ancestors(at) - (self.ancestors(base) if base else set())
            return [self.known[name] for name in sorted({at} if base == at else names)]

        return View(at, dict(self.tags), dict(self.reservations), self.ancestors, commits)

    def decide(self, head: str | None = None) -> Decision | NothingToRelease:
        return decide(self.view(head), self.rules, self.inputs.__getitem__)

    def version(self, head: str | None = None) -> str | None:
        """Return the version that the head has or gets; with nothing to release the one kept."""
        outcome = self.decide(head)
        chosen = outcome.kept if isinstance(outcome, NothingToRelease) else outcome
        return chosen.version if chosen else None

    def run(self, head: str | None = None, *, killed: bool = False) -> str | None:
        """Act as a run does: reserve the number, then, unless it is killed before, set the tag."""
        outcome = self.decide(head)
        if isinstance(outcome, NothingToRelease):
            return outcome.kept.version if outcome.kept else None
        if outcome.reserve:
            # A create-only push: an existing number would be refused.
            assert outcome.version not in self.reservations
            self.reservations[outcome.version] = outcome.commit
        name = self.rules.tag_prefix + outcome.version
        assert self.tags.get(name, outcome.commit) == outcome.commit
        if not killed:
            self.tags[name] = outcome.commit
        return outcome.version

    def next(self, head: str | None = None) -> str | None:
        """Return what the command line says, or None for nothing to release."""
        version = next_candidate(self.view(head), self.rules)
        return None if version is None else str(version)
