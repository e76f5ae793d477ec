"""The Terraform root of a flight, laid out and with nothing in its state any more."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..kernel import journal
from ..kernel.world import World
from . import ground, whose

if TYPE_CHECKING:
    from ..terraform import Terraform

TASK = "testflight"
_LONG = 600.0  # seconds for a root that is only to be swept
DOWN = 300.0  # seconds for the destruction, which the flight's own time does not count
# So much is for the installation, so that it can still say what is late and take it back: on a real
# cluster its pods' last words are fetched one by one, and Helm waits until they are gone.
_LEAST, _SHARE, _SPARE = 0.5, 0.9, {"local": 6.0, "kubernetes": 30.0}


def grounded(
    world: World,
    chart: Mapping[str, Any],
    folder: Path,
    namespace: str,
    seconds: float | None,
    labels: Mapping[str, str] | None = None,
    **variables: str,
) -> tuple[Terraform, Path | None]:
    """Lay the root out, ready to be asked, with nothing in its state any more.

    Args:
        world: whose flight.
        chart: the fact `CHART`.
        folder: an empty one.
        namespace: the root's variable of that name.
        seconds: how long Terraform may run, what it destroys first aside; the installation gets a
            little less.
        labels: of the namespace that the root makes.
        variables: further variables of the root.

    Returns:
        Terraform, and the file of its state; None when that is elsewhere.
    """
    from ..cluster import open_cluster
    from ..terraform import (
        Terraform,
        backend_of,
        environment_for,
        find_terraform,
        state_config,
    )

    place = ground.lay_out(world, chart, folder)
    variables["namespace_labels"] = json.dumps(labels or {})
    env = environment_for(world, namespace, **variables)
    env[whose.VARIABLE] = whose.spoken(labels or {})
    began = time.monotonic()
    terraform = Terraform(find_terraform(world), place, env, began + (seconds or _LONG))
    backend = state_config(world, place, TASK)
    terraform.init(backend)
    local = "path" in backend and backend_of(place).kind == "local"
    if not local:
        whose.refuse_others(world, open_cluster(world))
    spent = time.monotonic()
    if terraform.resources():
        journal.say("destroying what an earlier flight has left in its state")
        replace(terraform, deadline=spent + DOWN).destroy()
    if seconds is None:
        terraform = replace(terraform, deadline=None)
    else:
        left = seconds - (spent - began)
        env |= environment_for(world, namespace, timeout=_installation(world, left))
        terraform = replace(terraform, env=env, deadline=time.monotonic() + left)
    return terraform, Path(backend["path"]) if local else None


def _installation(world: World, left: float) -> str:
    """Return how long the installation may take, of what is left of a flight's time."""
    spare = _SPARE[world.config.cluster.kind]
    return f"{max(1, int(max(left * _LEAST, min(left * _SHARE, left - spare))))}s"


def forget(state: Path | None) -> None:
    """Remove the state of what is gone."""
    if state is not None:
        for pattern in (f"{state.name}*", f".{state.name}.lock.info"):
            for file in state.parent.glob(pattern):
                file.unlink(missing_ok=True)
