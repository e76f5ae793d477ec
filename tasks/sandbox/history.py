"""Pure: `sandbox/history.yml`, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml

from tasks.kernel.errors import WrongUsage

MAIN = "main"
_AUTHOR = re.compile(r"(?P<name>[^<>\n]+) <(?P<email>[^<>\n ]+)>")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_KEYS = {"message", "by", "at", "on", "orphan", "takes", "writes", "changelog", "merge", "tags"}


@dataclass(frozen=True)
class Person:
    """Who a commit is by."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True)
class Step:
    """One commit of a history; `history.yml` tells what its fields mean."""

    message: str
    author: Person
    date: str  # "SECONDS +ZONE", as git stores it
    branch: str = MAIN
    orphan: bool = False
    takes: tuple[str, ...] = ()
    writes: Mapping[str, str] = field(default_factory=dict)
    changelog: str = ""
    merge: str = ""
    tags: tuple[str, ...] = ()


def person(text: str) -> Person:
    """Return the person that "Name <address>" names.

    Raises:
        WrongUsage: the text has another form.
    """
    match = _AUTHOR.fullmatch(text)
    if match is None:
        raise WrongUsage(f"{text!r} is not of the form Name <address>")
    return Person(match["name"], match["email"])


def git_date(text: str) -> str:
    """Return an ISO time with its zone as git stores it.

    Raises:
        WrongUsage: the text is no time, or lacks a zone.
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = datetime.min
    if when.tzinfo is None:
        raise WrongUsage(f"{text!r} is not a time with a zone, such as 2026-01-31T09:00:00+01:00")
    return f"{int(when.timestamp())} {when:%z}"


def read(text: str, kind: str, where: str) -> list[Step]:
    """Return the history of one remote.

    Args:
        text: content of `history.yml`.
        kind: its section: source, charts or deployments.
        where: name of the file, for messages.

    Raises:
        WrongUsage: the file is no such history; names the entry.
    """
    try:
        # Strings only: no date, version or "yes" is to become anything else.
        document = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise WrongUsage(f"not YAML: {' '.join(str(error).split())}", where=where) from None
    if not isinstance(document, dict) or not isinstance(document.get("authors"), dict):
        raise WrongUsage("there is no map of authors", where=where)
    entries = document.get(kind)
    if not isinstance(entries, list) or not entries:
        raise WrongUsage("there are no commits", where=f"{where}: {kind}")
    steps: list[Step] = []
    for number, entry in enumerate(entries):
        place = f"{where}: {kind}[{number}]"
        try:
            step = _step(entry, document["authors"])
            _check_order(step, steps)
        except WrongUsage as error:
            raise WrongUsage(error.what, where=place) from None
        steps.append(step)
    if steps[0].branch != MAIN or not [step for step in steps if step.branch == MAIN]:
        raise WrongUsage("a history begins on main", where=f"{where}: {kind}[0]")
    return steps


def _step(entry: Any, authors: Mapping[str, str]) -> Step:
    if not isinstance(entry, dict):
        raise WrongUsage("a commit is a map")
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        raise WrongUsage(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(_KEYS))}")
    missing = [key for key in ("message", "by", "at") if not isinstance(entry.get(key), str)]
    if missing:
        raise WrongUsage(f"missing: {', '.join(missing)}")
    if entry["by"] not in authors:
        raise WrongUsage(f"{entry['by']!r} is not one of the authors")
    takes, tags, writes = entry.get("takes", []), entry.get("tags", []), entry.get("writes", {})
    if not (isinstance(takes, list) and isinstance(tags, list) and isinstance(writes, dict)):
        raise WrongUsage("takes and tags are lists, writes is a map of paths to contents")
    return Step(
        message=entry["message"].rstrip("\n") + "\n",
        author=person(authors[entry["by"]]),
        date=git_date(entry["at"]),
        branch=entry.get("on", MAIN),
        orphan=entry.get("orphan") == "yes",
        takes=tuple(takes),
        writes=writes,
        changelog=entry.get("changelog", ""),
        merge=entry.get("merge", ""),
        tags=tuple(tags),
    )


def _check_order(step: Step, before: list[Step]) -> None:
    known = {earlier.branch for earlier in before}
    merged = {earlier.merge for earlier in before}
    for name in (step.branch, *step.tags):
        if not _NAME.fullmatch(name) or ".." in name or name.endswith((".", ".lock")):
            raise WrongUsage(f"{name!r} is no name for a branch or a tag")
    if step.merge and (step.merge not in known - merged - {MAIN} or step.branch != MAIN):
        raise WrongUsage(f"{step.merge!r} is no side branch that main could merge here")
    if step.branch in merged:
        raise WrongUsage(f"{step.branch!r} was merged before")
    if step.orphan and step.branch in known:
        raise WrongUsage(f"{step.branch!r} exists already and cannot begin here")
    taken = {tag for earlier in before for tag in earlier.tags}
    if taken & set(step.tags):
        raise WrongUsage(f"a tag stands twice: {', '.join(sorted(taken & set(step.tags)))}")
