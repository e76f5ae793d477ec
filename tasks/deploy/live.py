"""`live:ENV`: does what was installed still run? Terraform, which installed it, cannot tell.

The embedded cluster's pods are processes of a machine that may have been started again; on a real
one somebody may have deleted a namespace. Neither changes any file, state or plan.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..kernel import paths
from ..kernel.errors import Failed
from ..kernel.world import World

RELEASE = "release"
UP, DEAD, GONE, NONE = "up", "dead", "gone", "none"
ILL = (DEAD, GONE)
_INSTALL = 900.0  # seconds for pods to be up again


@dataclass(frozen=True, slots=True)
class Found:
    """What runs in an environment.

    Attributes:
        state: `up`, `dead`; `gone` when the cluster knows of no release any more, and `none` where
            there is to be none.
        dead: the workloads with pods that do not run, in words.
    """

    state: str
    dead: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether there is nothing to do."""
        return self.state not in ILL

    def spoken(self) -> str:
        """Return it in words."""
        if self.state == DEAD:
            return f"{', '.join(self.dead)} {'are' if len(self.dead) > 1 else 'is'} dead"
        if self.state == NONE:
            return "infrastructure alone"
        return "nothing is installed any more" if self.state == GONE else "everything runs"


def port(name: str) -> str:
    """Return the port of sightings on an environment."""
    return f"live.{name}"


def look(world: World, name: str) -> Found:
    """Ask the cluster what runs in an environment that has a chart.

    Raises:
        SlipwayError: it cannot be reached.
    """
    from ..cluster import open_cluster

    namespace = world.config.environments[name].namespace
    cluster = open_cluster(world)
    if namespace not in cluster.namespaces(namespace):
        return Found(GONE)
    found = cluster.workloads(namespace)
    if not found:
        return Found(GONE)
    dead = [one for one in found if sum(bool(pod.since) for pod in one.pods) < one.replicas]
    words = tuple(
        f"{one.name} ({one.replicas - sum(bool(pod.since) for pod in one.pods)} of"
        f" {one.replicas} pods)"
        for one in dead
    )
    return Found(DEAD if dead else UP, words)


def observe(name: str, world: World) -> str:
    """Write down whether an environment's release lives; nothing where none was installed by us."""
    before = world.json_or(paths.receipt(f"apply:{name}"), {}).get("live")
    if before is None:
        world.see(port(name), {})
        return "nothing was deployed from here yet"
    found = Found(NONE) if before == NONE else look(world, name)
    world.see(port(name), {RELEASE: found.state})
    return found.spoken()


def revive(world: World, name: str) -> str:
    """Have the pods of an environment started again, from the manifests that stand installed.

    Raises:
        Failed: nothing is installed, or it did not come up.
    """
    from ..cluster import open_cluster

    namespace = world.config.environments[name].namespace
    cluster, found = open_cluster(world), look(world, name)
    if found.state == GONE:
        raise Failed(
            f"nothing is installed in {namespace} any more, and Terraform does not know",
            where=name,
            fix=f"name what installs it, to have it made anew: doit replace=ADDRESS deploy:{name}",
        )
    for release in sorted({one.release for one in cluster.workloads(namespace)}):
        cluster.install(namespace, release, cluster.manifests(namespace, release), _INSTALL)
    return f"started again: {', '.join(found.dead)}"
