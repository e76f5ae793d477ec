"""`drift:ENV`: is the environment still what is recorded? It looks, and changes nothing outside.

Terraform refreshes its state in memory, from the files of the record; the state's serial and the
images that run are held against what the record says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.errors import Failed, SlipwayError
from ..kernel.redact import printable
from ..kernel.world import World
from ..promotion import fact_of, freezes, head, judge, key_of, once_more
from . import live, lock, lost, serial, tfplan
from .chart import chart_in
from .health import differing
from .prepare import opened
from .states import Recorded, recorded

if TYPE_CHECKING:
    from ..promotion import engine
    from ..terraform import Terraform


def drift(name: str, world: World) -> str:
    """Compare an environment with its record.

    Raises:
        Failed: it differs, with each thing that does; its state is not its own; or it was never
            deployed.
    """
    known = recorded(world, name, 1)
    if not known:
        raise Failed(f"{name} was never deployed", fix=f"doit deploy:{name}")
    environment, state = world.config.environments[name], known[0].record.current
    terraform = opened(world, fact_of(environment, state, state.head_commit), aside="drift")
    if strange := lost.strange(world, name, terraform.state()):
        raise Failed(strange.what, fix=strange.fix)
    found = [*terraform.drift(), *_applied_since(world, name, terraform, known[0])]
    ill: list[str] = []
    if chart := chart_in(world, state):
        ran = live.look(world, name)
        ill = [] if ran.well else [f"{environment.namespace}: {ran.spoken()}"]
        if ran.state != live.GONE:
            found += [f"{environment.namespace}: {one}" for one in differing(world, name, chart)]
    version = known[0].record.version
    if found or ill:
        tfplan.forget(world, name)  # the next run plans anew, though no file has changed
        raise Failed(
            f"{name} is not what is recorded as state {version}",
            detail=[*found, *ill],
            fix=_mend(world, name, state)
            if found
            else f"doit restart:{name} starts dead pods again",
        )
    print(printable(f"{name} is as recorded: state {version}, {_seen(terraform)}"))
    return ""


def _mend(world: World, name: str, state: engine.State) -> str:
    """Return what puts an environment right, which is not always to deploy it."""
    try:
        waits = judge(world, name)
    except SlipwayError as error:  # nothing can be deployed there as it is
        return f"{error.fix or error.what}; then doit deploy:{name} puts it right"
    deploy = f"doit deploy:{name}"
    if waits.fix:
        return f"doit {once_more.VARIABLE}=yes deploy:{name} puts that back ({waits.says})"
    if waits.fact and waits.fact["key"] != key_of(state.hashes()):
        return f"{deploy} plans anew, for what is due as well: {waits.says}"
    freeze = freezes.frozen(world, name, head.head_of(world).commit)
    if freeze:
        through = f'doit override:{name} --by=NAME --why="TEXT" lets it through the freeze'
        return f"{through} ({freeze.reason}); then {deploy}"
    return f"{deploy} plans anew and puts it right"


def _seen(terraform: Terraform) -> str:
    at, _ = terraform.state()
    return f"serial {at}, {terraform.resources()} resources"


def _applied_since(world: World, name: str, terraform: Terraform, known: Recorded) -> list[str]:
    now, _ = terraform.state()
    before = serial.noted(world, name, head.look(world)[1], known.commit).serial
    if before in ("", str(now)):
        return []
    return [f"the state is at serial {now}, recorded is {before}: somebody has applied since"]


def restart(name: str, world: World) -> str:
    """Have dead pods of an environment started again, whatever else waits for it.

    Raises:
        Failed: nothing is installed, or it did not come up.
        Locked: somebody is deploying it.
    """
    found = live.look(world, name)
    if found.well:
        print(f"everything runs in {name}")
        return ""
    lock.take(world, name)
    try:
        print(printable(live.revive(world, name)))
    finally:
        lock.release(world, name)
    return ""
