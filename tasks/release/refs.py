"""What effects on the source's refs share: one ref, set by compare-and-swap, stands as we said."""

from __future__ import annotations

from dataclasses import dataclass

from ..kernel import remotes
from ..kernel.effects import Seen
from ..kernel.errors import SlipwayError
from ..kernel.receipts import Claims
from ..kernel.world import World


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that should stand on a commit, and never moves.

    Attributes:
        name: with its prefix, without `refs/tags/`.
        commit: full commit id.
        why: what to say when it stands elsewhere.
    """

    name: str
    commit: str
    why: str

    @property
    def ref(self) -> str:
        """Its full name."""
        return f"refs/tags/{self.name}"


def observe(world: World, wanted: Tag) -> Seen:
    """Ask the source remote for the tag.

    Raises:
        SlipwayError: it stands on another commit.
    """
    where = remotes.address(world, world.config.remotes.source)
    there = remotes.ls(where).get(wanted.ref)
    facts = {"tag": wanted.name, "commit": wanted.commit}
    if there is None:
        return Seen(False, f"{wanted.name} is free", facts)
    if there == wanted.commit:
        return Seen(True, f"{wanted.name} is on {there[:7]}", facts)
    raise SlipwayError(
        f"the tag {wanted.name} stands on another commit",
        where=world.config.remotes.source.url,
        detail=[f"there   {there}", f"wanted  {wanted.commit}"],
        fix=wanted.why,
    )


def act(world: World, wanted: Tag, _seen: Seen) -> str:
    """Push the tag; it must not exist yet."""
    where = remotes.address(world, world.config.remotes.source)
    remotes.push(world, "source", where, wanted.ref, wanted.commit, "")
    return f"tag {wanted.name} on {wanted.commit[:7]}"


def claims(wanted: Tag, _seen: Seen) -> Claims:
    """Claim the tag at its commit."""
    return {"source": {wanted.ref: wanted.commit}}


def means(wanted: Tag) -> str:
    """Say what it changes."""
    return f"tag {wanted.name} at {wanted.commit[:7]}"
