"""The note beside a plan: its apply has begun, and, once Terraform is done, where that has led.

That Terraform has applied the very plan that was saved, all of it, is the proof that it is applied;
not that another plan would be empty. What differs at every look (a time among the inputs, a
provider that reads back something else than it was given) could never be recorded else.
"""

from __future__ import annotations

from ..kernel import paths
from ..kernel.world import World

At = tuple[int, str]  # serial and lineage of a state


def begin(world: World, name: str, plan: str) -> None:
    """Note that the apply of a plan begins."""
    world.write_json(paths.deploy_intent(name), {"plan": plan})


def is_begun(world: World, name: str) -> bool:
    """Say whether the apply of the plan at hand has begun: something may be there of it."""
    plan = world.json_or(paths.tfplan(name), {}).get("plan")
    return plan is not None and world.json_or(paths.deploy_intent(name), {}).get("plan") == plan


def finished(world: World, name: str, plan: str, at: At) -> None:
    """Note that a plan was applied to its end, and the state that it has led to."""
    note = {"plan": plan, "serial": at[0], "lineage": at[1]}
    world.write_json(paths.deploy_intent(name), note)


def is_finished(world: World, name: str, plan: str, at: At) -> bool:
    """Say whether a plan was applied to its end, and nobody has moved the state since.

    Args:
        world: whose note; when it is gone, the receipt says the same.
        name: of the environment.
        plan: SHA-256 of the plan.
        at: the state as it is now.
    """
    return at in _ends(world, name, plan)


def is_told(world: World, name: str, plan: str) -> bool:
    """Say whether a plan was applied to its end, wherever the state is by now."""
    return bool(_ends(world, name, plan))


def _ends(world: World, name: str, plan: str) -> list[At]:
    """Return the states that a plan is known to have led to."""
    notes = (paths.deploy_intent(name), paths.receipt(f"apply:{name}"))
    told = [note for path in notes if (note := world.json_or(path, {})).get("plan") == plan]
    return [(note["serial"], str(note.get("lineage"))) for note in told if "serial" in note]


def was_cut_off(world: World, name: str, plan: str) -> bool:
    """Say whether the apply of a plan began and, as far as is known, never came to its end."""
    told = world.json_or(paths.deploy_intent(name), {})
    return told.get("plan") == plan and "serial" not in told


def forget(world: World, name: str) -> None:
    """Drop the note: the receipt tells of it now."""
    world.path(paths.deploy_intent(name)).unlink(missing_ok=True)
