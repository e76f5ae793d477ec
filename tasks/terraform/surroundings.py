"""What a root finds around it: the cluster on its PATH, and the variables of its environment.

They are variables of the process and no values of the configuration, so that nothing of this
machine gets into a state, and a laptop and a CI server plan the same.
"""

from __future__ import annotations

from pathlib import Path

from ..kernel import programs
from ..kernel.tools import find_tool
from ..kernel.world import World

TERRAFORM = "terraform"


def find_terraform(world: World, named: str = TERRAFORM) -> Path:
    """Return the program to run.

    Args:
        world: whose tools.
        named: `terraform` for the one that fits, or else OpenTofu; any other program by its name or
            path: a root may need a version of its own.

    Raises:
        SlipwayError: it is not installed.
    """
    if named == TERRAFORM:
        return find_tool(TERRAFORM, world.root)
    return Path(programs.find(str(world.root / named) if "/" in named else named)).absolute()


def environment_for(world: World, namespace: str, **variables: str) -> dict[str, str]:
    """Return the environment by which a root's modules reach the cluster.

    Args:
        world: its configuration names the cluster and the registry.
        namespace: the root's variable of that name.
        variables: further variables of the root; one that it does not declare is not looked at.
    """
    from ..cluster import environment

    told = {"namespace": namespace, **variables}
    return environment(world) | {f"TF_VAR_{name}": value for name, value in told.items()}
