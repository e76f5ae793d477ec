"""Whose a flight's namespace is: its labels say so, and nothing else is ever swept.

A laptop and a CI server may fly on one cluster, and people have namespaces of their own there. So
a name alone says nothing: a namespace is removed when its labels say that it is a flight's of this
chart, and that flight was this working tree's (which holds the run lock, so it is over) or its time
is over, whoever flew it.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel import journal
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from . import ground

if TYPE_CHECKING:
    from ..cluster import Cluster

FLIGHT = "slipway.dev/flight"
OWNER = "slipway.dev/owner"
BY = "slipway.dev/by"
UNTIL = "slipway.dev/until"  # seconds since 1970
VARIABLE = "SLIPWAY_NAMESPACE_LABELS"  # by which `slipway-cluster` hears of them
# So long may the removal take at worst, behind the flight's own time; and clocks differ.
_AFTER = 900.0
_MACHINE = Path("/etc/machine-id")
Labels = Mapping[str, str]


def owner(world: World) -> str:
    """Return what stands for this working tree: the same for each of its runs, and no other's."""
    try:
        machine = _MACHINE.read_text()
    except OSError:  # not every system has one
        machine = ""
    place = f"{machine}\n{socket.gethostname()}\n{os.getuid()}\n{world.root.resolve()}\n"
    return sha256(place.encode(errors="surrogateescape")).hexdigest()[:16]


def labels(world: World) -> dict[str, str]:
    """Return the labels of a flight's namespace that goes up now."""
    settings, chart = ground.settings(world)
    return {
        FLIGHT: chart.name,
        OWNER: owner(world),
        BY: _person(),
        UNTIL: str(int(time.time() + settings.timeout + _AFTER)),
    }


def _person() -> str:
    """Return who flies, for people, in the letters that a label may have."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        user = str(os.getuid())
    told = re.sub(r"[^A-Za-z0-9._-]", "-", f"{user}.{socket.gethostname()}")
    return told[:63].strip("._-") or "somebody"


def spoken(told: Labels) -> str:
    """Return a label for `VARIABLE`: pairs with commas between them."""
    return ",".join(f"{key}={value}" for key, value in told.items())


def prefix(world: World) -> str:
    """Return how the names of all flights of this chart begin."""
    return f"{ground.settings(world)[1].name}-testflight-"


def swept(world: World, cluster: Cluster) -> list[str]:
    """Remove what earlier flights have left, of this working tree at once; return their names."""
    names = []
    for name, told in sorted(_flights(world, cluster).items()):
        ours = told.get(OWNER) == owner(world)
        if (ours or _is_over(told)) and cluster.delete(name):
            whose = "an earlier flight has" if ours else f"a flight of {_whose(told)} has"
            journal.say(f"swept {name}, which {whose} left")
            names.append(name)
    return names


def refuse_others(world: World, cluster: Cluster) -> None:
    """Refuse to touch a state that all share while somebody else's flight is up.

    Raises:
        SlipwayError: one is; it says whose.
    """
    for name, told in sorted(_flights(world, cluster).items()):
        if told.get(OWNER) != owner(world):
            raise _flown(name, told, "and the state of its root is kept where this one's is")


def refuse_taken(world: World, cluster: Cluster, namespace: str) -> None:
    """Refuse a namespace that is not ours to make, or not ours any more.

    Raises:
        SlipwayError: another flight is up in it; or it is no flight's at all.
    """
    told = cluster.namespaces(namespace).get(namespace)
    if told is None or told.get(OWNER) == owner(world):
        return
    if told.get(FLIGHT):
        raise _flown(namespace, told, "of the same commit of the chart")
    raise SlipwayError(
        f"there is a namespace {namespace}, and no testflight of ours has made it",
        where=FLIGHT,
        detail=["it has no such label, so nothing is removed"],
        fix="look whose it is; when nobody needs it, delete it, then run the same again",
    )


def mark(world: World, cluster: Cluster, namespace: str, told: Labels) -> None:
    """Give a namespace the flight's labels, when its root has made it without them."""
    there = cluster.namespaces(namespace).get(namespace)
    if there is not None and OWNER not in there:
        cluster.create(namespace, {**there, **told})
    refuse_taken(world, cluster, namespace)


def is_anothers(world: World, cluster: Cluster, namespace: str) -> bool:
    """Say whether another working tree's flight has a namespace."""
    told = cluster.namespaces(namespace).get(namespace, {})
    return told.get(OWNER, "") not in ("", owner(world))


def _flights(world: World, cluster: Cluster) -> dict[str, dict[str, str]]:
    """Return the namespaces that are flights' of this chart, with their labels."""
    name = ground.settings(world)[1].name
    found = cluster.namespaces(prefix(world))
    return {one: told for one, told in found.items() if told.get(FLIGHT) == name}


def _is_over(told: Labels) -> bool:
    return _until(told) < time.time()


def _until(told: Labels) -> float:
    """Return until when a flight may be up; one that does not say it is never over."""
    text = told.get(UNTIL, "")
    return float(text) if re.fullmatch("[0-9]{1,12}", text) else float("inf")


def _whose(told: Labels) -> str:
    return told.get(BY) or told.get(OWNER) or "somebody"


def _flown(namespace: str, told: Labels, why: str) -> SlipwayError:
    until = _until(told)
    known = until != float("inf")
    when = time.strftime("%H:%M", time.localtime(until)) if known else "it is deleted"
    return SlipwayError(
        f"{_whose(told)} flies {namespace} now, {why}",
        where=namespace,
        detail=[f"a namespace left behind is removed after {when}"] if known else (),
        fix="wait for the end of that flight, then run the same again",
    )
