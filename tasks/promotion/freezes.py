"""Freezes: times at which nothing may be deployed, as a file of the deployments repository says.

- environments: [production]
  from: 2026-12-18T16:00:00Z
  until: 2027-01-04T08:00:00+01:00
  reason: the books are closed at the end of the year
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from ..kernel.errors import WrongUsage
from ..kernel.world import World

_KEYS = {"environments", "from", "until", "reason"}


@dataclass(frozen=True, slots=True)
class Freeze:
    """A time at which nothing may be deployed.

    Attributes:
        environments: to which; empty for all.
        begin: its first moment (UTC).
        end: the first moment after it (UTC).
        reason: why.
    """

    environments: tuple[str, ...]
    begin: datetime
    end: datetime
    reason: str

    def covers(self, environment: str, at: datetime) -> bool:
        """Say whether an environment is frozen at a time, as far as this one goes."""
        return self.begin <= at < self.end and (
            not self.environments or environment in self.environments
        )

    @property
    def key(self) -> str:
        """Stands for this very freeze, in the note of an exception from it."""
        times = (f"{at:%Y%m%dT%H%M%S}" for at in (self.begin, self.end))
        told = f"{'-'.join(times)} {self.reason}"
        return sha256(told.encode()).hexdigest()[:16]

    @property
    def until(self) -> str:
        """Its end, in words."""
        return self.end.strftime("%Y-%m-%d %H:%M UTC")


def parse(content: bytes, where: str) -> list[Freeze]:
    """Read the file.

    Raises:
        WrongUsage: it is none; naming the entry.
    """
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        told = yaml.load(content, Loader=loader)  # noqa: S506 - it makes texts only
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise WrongUsage("the file is not valid YAML", where=where, detail=[said]) from None
    if told in (None, ""):
        return []
    if not isinstance(told, list):
        raise WrongUsage("a list of freezes is expected", where=where)
    return [_freeze(one, f"{where}, entry {place}") for place, one in enumerate(told, start=1)]


def _freeze(told: Any, where: str) -> Freeze:
    if not isinstance(told, dict):
        raise WrongUsage("a freeze has from, until and reason", where=where)
    if odd := sorted(map(str, told.keys() - _KEYS)):
        raise WrongUsage(f"{odd[0]} is nothing that a freeze has", where=where,
                         fix=f"its keys are {', '.join(sorted(_KEYS))}")  # fmt: skip
    names = told.get("environments", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise WrongUsage("environments is not a list of names", where=where)
    reason = told.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise WrongUsage("a freeze needs a reason", where=where)
    begin, end = _time(told, "from", where), _time(told, "until", where)
    if end <= begin:
        raise WrongUsage("it ends before it begins", where=where)
    return Freeze(tuple(names), begin, end, " ".join(reason.split()))


def _time(told: dict[str, Any], name: str, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(told.get(name, "")))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise WrongUsage(
            f"{name} is not a time with its zone", where=where, fix="such as 2026-12-24T16:00:00Z"
        )
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise WrongUsage(
            f"{name} is outside of the years 1 to 9999, in UTC",
            where=where,
            fix="for a freeze without an end: 9999-01-01T00:00:00Z",
        ) from None


def standing(freezes: Sequence[Freeze], environment: str, now: datetime) -> list[Freeze]:
    """Return the freezes that an environment is under, the one that ends last first."""
    found = [one for one in freezes if one.covers(environment, now)]
    return sorted(found, key=lambda one: one.end, reverse=True)


def freezes_at(world: World, commit: str) -> list[Freeze]:
    """Return the freezes that a commit of the deployments repository has; none without the file.

    Raises:
        WrongUsage: the file is not valid, or names an environment that is none.
    """
    from .wanted import repository_of

    repository, file = repository_of(world), world.config.deployments.freezes
    entry = repository.tree(commit).get(file)
    if entry is None:
        return []
    found = parse(repository.blob(entry.blob), file)
    for one in found:
        for name in one.environments:
            if name not in world.config.environments:
                raise WrongUsage(f"{name} is no environment of {world.config.file}", where=file)
    return found


def over(world: World, environment: str, commit: str) -> list[Freeze]:
    """Return the freezes that an environment is under now, the one that ends last first."""
    return standing(freezes_at(world, commit), environment, datetime.now(UTC))


def frozen(world: World, environment: str, commit: str) -> Freeze | None:
    """Return the freeze that an environment is under longest, as a commit says; None for none."""
    return next(iter(over(world, environment, commit)), None)
