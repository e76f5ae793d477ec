"""The flight: a namespace goes up, is asked, and comes down again, whatever happens.

Whoever is killed here leaves a namespace and a Terraform state; the next flight begins by removing
both.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..kernel import journal, paths, remotes
from ..kernel.calm import Calm
from ..kernel.effects import Foreseen, Skipped, killed_here
from ..kernel.errors import SlipwayError
from ..kernel.world import UNKNOWN, Forecast, World
from . import evidence, ground, verdict

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..terraform import Terraform

TASK = "testflight"
_DOWN = 300.0  # seconds for the destruction, which the flight's own time does not count
# So much is for the installation, so that it can still say what is late and take it back: on a real
# cluster its pods' last words are fetched one by one, and Helm waits until they are gone.
_LEAST, _SHARE, _SPARE = 0.5, 0.9, {"local": 3.0, "kubernetes": 30.0}


@dataclass(slots=True)
class Flight:
    """A namespace that must not outlive this object's use.

    Attributes:
        state: the file that Terraform's state is in; None when it is elsewhere.
    """

    world: World
    chart: Mapping[str, Any]
    cluster: Cluster
    terraform: Terraform
    namespace: str
    state: Path | None
    deadline: float
    calm: Calm = field(default_factory=Calm)

    def up(self) -> dict[str, str]:
        """Install the chart and ask it; return what runs, workload → digest.

        Raises:
            Failed: it did not come up, did not answer right, or runs something else.
        """
        from ..cluster import smoketest

        plan = self.terraform.folder / "flight.tfplan"
        for line in self.terraform.plan(plan).lines:
            journal.say(line)
        killed_here("testflight:planned")
        self.terraform.apply(plan)
        killed_here("testflight:applied")
        asked = self.world.config.smoketest
        left = max(0.0, self.deadline - time.monotonic())
        asked = replace(asked, timeout=min(asked.timeout, left))
        version = str(self.chart["app_version"])
        for line in smoketest(self.cluster, self.namespace, asked, version):
            journal.say(line)
        killed_here("testflight:smoked")
        workloads = self.cluster.workloads(self.namespace)
        return verdict.live(workloads, self.chart["images"], self.namespace)

    def down(self) -> None:
        """Destroy everything; not even a signal keeps it from that.

        Raises:
            SlipwayError: something is left, and the next flight will begin by removing it.
        """
        self.calm.descending = True
        failed: SlipwayError | None = None
        try:
            replace(self.terraform, deadline=time.monotonic() + _DOWN).destroy()
        except SlipwayError as error:
            failed = error
        # For certain: an interrupted apply has made what no state knows of.
        killed_here("testflight:down")
        self.cluster.delete(self.namespace)
        if self.namespace in self.cluster.namespaces(self.namespace):
            raise SlipwayError(
                f"{self.namespace} is still there",
                fix="run the same again: it begins by removing what is left",
            )
        if failed is not None:
            raise failed
        forget(self.state)


def forget(state: Path | None) -> None:
    """Remove the state of what is gone."""
    if state is not None:
        for pattern in (f"{state.name}*", f".{state.name}.lock.info"):
            for file in state.parent.glob(pattern):
                file.unlink(missing_ok=True)


def fly(world: World) -> str:
    """Fly the chart, and write the verdict when all of it went well and nothing is left.

    Returns:
        Words for the screen.

    Raises:
        Failed: the chart did not pass.
        SlipwayError: it could not be tried, or not be destroyed.
    """
    chart = world.json(paths.CHART)
    if chart["commit"] is None:
        world.write_json(paths.TESTFLIGHT, {"skipped": chart["why"]})
        return Skipped(chart["why"])
    # The verdict on another chart is none on this one, even if this run is killed.
    world.path(paths.TESTFLIGHT).unlink(missing_ok=True)
    evidence.clear(world)
    with remotes.scratch(world, TASK) as folder, Calm() as calm:
        flight = _ready(world, chart, folder, calm)
        digests = _flown(flight)
        killed_here("testflight:destroyed")
        asked = len(world.config.smoketest.endpoints)
        told = verdict.fact(chart, _values(world), digests, asked)
        world.write_json(paths.TESTFLIGHT, told)
    answers = f"{asked} endpoint{'s' * (asked != 1)} answer {chart['app_version']}"
    return f"{flight.namespace}: {_copied(world)}{len(digests)} workloads up, {answers}, gone again"


def _copied(world: World) -> str:
    """Say which secrets the namespace had copies of, by their names."""
    settings, _ = ground.settings(world)
    names = ", ".join(settings.secrets)
    return f"{names} copied from {world.config.secrets_from}, " if names else ""


def _flown(flight: Flight) -> dict[str, str]:
    """Go up, and come down in any case."""
    failed: BaseException | None = None
    digests: dict[str, str] = {}
    try:
        digests = flight.up()
        flight.calm.descending = True
    except BaseException as error:
        flight.calm.descending = True
        failed = _kept(flight, error)
        killed_here("testflight:failed")
    try:
        flight.down()
    except SlipwayError as left:
        if failed is None:
            raise
        journal.say(f"and it is not gone: {left}")
        failed = evidence.said_also(failed, f"and it is not gone: {left.what}")
    if failed is not None:
        raise failed
    return digests


def _kept(flight: Flight, error: BaseException) -> BaseException:
    """Keep what tells of a failure; that it cannot be kept is no reason to stay up."""
    if not isinstance(error, SlipwayError):
        return error
    try:
        evidence.keep(flight.world, flight.cluster, flight.namespace, error)
    except OSError as trouble:
        return evidence.said_also(error, f"its traces could not be kept: {trouble}")
    return evidence.said_also(error, f"manifests, events and logs are kept: {evidence.FOLDER}/")


def _ready(world: World, chart: Mapping[str, Any], folder: Path, calm: Calm) -> Flight:
    """Remove what earlier flights left, and prepare this one; nothing is up yet."""
    from ..cluster import open_cluster

    settings, _ = ground.settings(world)
    deadline = time.monotonic() + settings.timeout
    cluster, namespace = open_cluster(world), _namespace(world, chart)
    told = _secrets(world, cluster)
    swept(world, cluster)
    terraform, state = grounded(world, chart, folder, namespace, deadline, **told)
    killed_here("testflight:prepared")
    return Flight(world, chart, cluster, terraform, namespace, state, deadline, calm)


def swept(world: World, cluster: Cluster) -> list[str]:
    """Remove the namespaces of earlier flights; return their names."""
    names = cluster.sweep(_namespace(world))
    for name in names:
        journal.say(f"swept {name}, which an earlier flight has left")
    return names


def grounded(
    world: World,
    chart: Mapping[str, Any],
    folder: Path,
    namespace: str,
    deadline: float | None,
    **variables: str,
) -> tuple[Terraform, Path | None]:
    """Lay the root out, ready to be asked, with nothing in its state any more.

    Args:
        world: whose flight.
        chart: the fact `CHART`.
        folder: an empty one.
        namespace: the root's variable of that name.
        deadline: until when Terraform may run; the installation gets a little less.
        variables: further variables of the root.

    Returns:
        Terraform, and the file of its state; None when that is elsewhere.
    """
    from ..terraform import Terraform, environment_for, find_terraform, state_config

    root = ground.lay_out(world, chart, folder)
    if deadline is not None:
        left = deadline - time.monotonic()
        spare = _SPARE[world.config.cluster.kind]
        told = max(left * _LEAST, min(left * _SHARE, left - spare))
        variables["timeout"] = f"{max(1, int(told))}s"
    env = environment_for(world, namespace, **variables)
    terraform = Terraform(find_terraform(world), root, env, deadline)
    backend = state_config(world, root, TASK)
    terraform.init(backend)
    if terraform.resources():
        journal.say("destroying what an earlier flight has left in its state")
        terraform.destroy()
    return terraform, Path(backend["path"]) if backend else None


def _namespace(world: World, chart: Mapping[str, Any] | None = None) -> str:
    """Return the flight's namespace; without a chart, how those of all flights begin."""
    _, told = ground.settings(world)
    return f"{told.name}-testflight-{str(chart['commit'])[:7] if chart else ''}"


def _secrets(world: World, cluster: Cluster) -> dict[str, str]:
    """Return the root's variables that say which secrets are copied, and from where.

    Raises:
        SlipwayError: the namespace to copy them from is not there.
    """
    settings, _ = ground.settings(world)
    if not settings.secrets:
        return {"secrets_from": "", "secrets": "[]"}
    namespace = world.config.secrets_from
    if not namespace or namespace not in cluster.namespaces(namespace):
        raise SlipwayError(
            f"there is no namespace {namespace or 'to copy secrets from'}:"
            f" {', '.join(settings.secrets)} cannot be copied",
            where=world.config.where("testflight.secrets"),
            fix="make it, with its secrets, before the first testflight (a deployment of staging"
            " keeps what is there); or name another one in testflight.secrets-from",
        )
    return {"secrets_from": namespace, "secrets": json.dumps(settings.secrets)}


def _values(world: World) -> str:
    return sha256(world.read(paths.rendered_values(TASK)) or b"").hexdigest()


def foresee(world: Forecast) -> Foreseen:
    """Write the verdict that a flight would leave, without one."""
    chart = world.json(paths.CHART)
    if chart["commit"] is None:
        world.write_json(paths.TESTFLIGHT, {"skipped": chart["why"]})
        return Foreseen(str(chart["why"]))
    manifests = paths.manifests(TASK)
    unsure = world.unsure & {manifests, paths.rendered_values(TASK), paths.CHART}
    digests: Any = UNKNOWN
    if not unsure:
        digests = verdict.expected((world.read(manifests) or b"").decode(errors="replace"))
    values = UNKNOWN if unsure else _values(world)
    asked = len(world.config.smoketest.endpoints)
    world.write_json(paths.TESTFLIGHT, verdict.fact(chart, values, digests, asked))
    name = _namespace(world, chart)
    return Foreseen("a throwaway namespace", "cluster", f"{name} up, asked, and gone again")
