"""The gates branch: which commit each environment may have, written as cepler reads it."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ..kernel import git as g
from ..kernel import remotes
from ..kernel.errors import Failed, SlipwayError
from ..kernel.world import World
from ..promotion import gates_of, head, repository_of

OPEN = "HEAD"
_BOT = ("Slipway", "slipway@localhost")
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Opening:
    """A gate that is to be set.

    Attributes:
        environment: whose.
        commit: up to which it may go; "" for nowhere.
        before: what its gate said when a human looked; "" for nothing.
        message: of the commit.
    """

    environment: str
    commit: str
    before: str
    message: str


def set_gate(world: World, opening: Opening) -> str:
    """Set a gate on the remote and return the commit that did; other gates stay as they are.

    Raises:
        Failed: somebody else set this very gate meanwhile.
        SlipwayError: the remote refused.
    """
    where = head.address(world)
    ref = f"refs/heads/{world.config.gates.branch}"
    tries = _TRIES
    while True:
        parent, tries = head.ask(world).gates, tries - 1
        known = gates_of(world, repository_of(world), parent)
        _refuse_moved(opening, known)
        now = known.get(opening.environment, "")
        if opening.before != opening.commit == now:
            return parent  # somebody else was quicker with the very same
        new = _commit(world, parent, known, opening)
        try:
            remotes.push(world, head.REMOTE, where, ref, new, parent)
            return new
        except remotes.RefTaken:  # the gate of another environment, as a rule
            if not tries:
                raise


def _refuse_moved(opening: Opening, known: Mapping[str, str]) -> None:
    now = known.get(opening.environment, "")
    if now not in (opening.before, opening.commit):
        raise Failed(
            f"somebody else has just set the gate of {opening.environment} to {now[:12]}",
            fix=f"doit approve:{opening.environment} shows what that means",
        )


def _commit(world: World, parent: str, known: Mapping[str, str], opening: Opening) -> str:
    """Make the commit; without a branch, the first one of it. Other files of the branch stay."""
    mirror, file = head.mirror(world), world.config.gates.file
    before = remotes.files_at(mirror, parent, file) if parent else None
    content = with_gate(world, (before or b"").decode("utf-8", "replace"), known, opening)
    with tempfile.TemporaryDirectory(prefix="slipway-index-") as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        if parent:
            g.git("read-tree", parent, repo=mirror, env=index)
        told = content.encode()
        blob = g.text("hash-object", "-w", "--stdin", repo=mirror, stdin=told)
        entry = f"100644,{blob},{file}"
        g.git("update-index", "--add", "--cacheinfo", entry, repo=mirror, env=index)
        tree = g.text("write-tree", repo=mirror, env=index)
    who = g.identity(*_BOT, f"{int(time.time())} +0000")
    above = ("-p", parent) if parent else ()
    words = opening.message.encode("utf-8", "surrogateescape")
    return g.text("commit-tree", tree, *above, "-F", "-", repo=mirror, env=who, stdin=words)


def with_gate(world: World, text: str, known: Mapping[str, str], opening: Opening) -> str:
    """Return the gates file with one gate set, and every other line, comments too, as it is.

    An environment without a gate gets a line that says so, since cepler wants one of each; one with
    a gate gets none, since nobody has opened it.
    """
    from ..promotion import engine

    wanted = {
        name: OPEN
        for name, environment in world.config.environments.items()
        if not environment.gate and name not in known
    }
    wanted = {**known, **wanted, opening.environment: opening.commit}
    wanted = {name: at for name, at in wanted.items() if at}
    lines = text.splitlines()
    for name, at in wanted.items():
        if known.get(name) != at:
            _put(lines, name, at)
    if opening.environment in known and not opening.commit:
        lines = [line for line in lines if not _form(opening.environment).match(line)]
    edited = "".join(f"{line}\n" for line in lines)
    try:
        if engine.parse_gates(edited.encode(), "gates") == wanted:
            return edited
    except SlipwayError:  # written in a form that is not edited line by line
        pass
    # Without a line the file still has to be a map, for cepler as for us.
    return "".join(f"{name}: {at}\n" for name, at in wanted.items()) or "{}\n"


def _form(name: str) -> re.Pattern[str]:
    """Return the form of an environment's line."""
    return re.compile(rf"(?P<key>[\"']?{re.escape(name)}[\"']?\s*):(?:\s|$)")


def _put(lines: list[str], name: str, at: str) -> None:
    """Set the line of an environment, or add one."""
    for place, line in enumerate(lines):
        if found := _form(name).match(line):
            lines[place] = f"{found['key']}: {at}"
            return
    lines.append(f"{name}: {at}")
