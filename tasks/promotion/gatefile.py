"""What the gates file says of an environment: how far it may go, or why nobody can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.config import Environment
from ..kernel.errors import SlipwayError, WrongUsage
from ..kernel.world import World
from . import wanted as w
from .head import Head

if TYPE_CHECKING:
    from .engine import Config, Record, Repository


def gates_for(
    world: World, repository: Repository, head: Head, environment: Environment
) -> dict[str, str]:
    """Return the gates.

    Raises:
        WrongUsage: the file is no map; with where it stands.
    """
    try:
        return w.gates_of(world, repository, head.gates)
    except WrongUsage as error:
        told = world.config.gates
        raise WrongUsage(
            f"{told.file} on the branch {told.branch} cannot be read, so nobody knows how far"
            f" {environment.name} may go: {error.what}",
            where=world.config.remotes.deployments.url,
            detail=error.detail,
            fix="mend it there: a line ENVIRONMENT: HEAD, or a commit id of 40 digits, for each",
        ) from None


def useless(world: World, environment: Environment, error: SlipwayError) -> SlipwayError:
    """Return the error of a gate that names no commit, with what to do about it."""
    told, name = world.config.gates, environment.name
    return type(error)(
        f"the gate of {name} is of no use: {error.what}",
        where=f"{world.config.remotes.deployments.url}, {told.file} on {told.branch}",
        detail=error.detail,
        fix=f"doit approve:{name} writes it anew"
        if environment.gate
        else f"write {name}: HEAD there, or a commit id of 40 digits",
    )


def refuse_early(
    repository: Repository, start: str, settings: Config, environment: Environment
) -> None:
    """Refuse a gate at a commit where the environment before has not been recorded.

    Nothing would be propagated there, and what is deployed would be half of an environment.

    Raises:
        SlipwayError: that is so.
    """
    from .engine import records_at

    if environment.passed is None:
        return
    there: dict[str, Record] = records_at(repository, start, settings)
    if environment.passed not in there:
        raise SlipwayError(
            f"the gate of {environment.name} names {start[:7]}, which is older than the first"
            f" deployment of {environment.passed}",
            fix=f"doit approve:{environment.name} names a newer one",
        )
