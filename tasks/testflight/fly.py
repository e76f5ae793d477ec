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
from . import evidence, ground, root, verdict, whose

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..terraform import Terraform

TASK = "testflight"


@dataclass(slots=True)
class Flight:
    """A namespace that must not outlive this object's use.

    Attributes:
        state: the file that Terraform's state is in; None when it is elsewhere.
        labels: of the namespace.
        begun: something of it may be up; before that, what stands under its name is not ours.
    """

    world: World
    chart: Mapping[str, Any]
    cluster: Cluster
    terraform: Terraform
    namespace: str
    state: Path | None
    labels: Mapping[str, str]
    deadline: float
    calm: Calm = field(default_factory=Calm)
    begun: bool = False

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
        # As late as can be: somebody else may have begun with the same commit meanwhile.
        whose.refuse_taken(self.world, self.cluster, self.namespace)
        self.begun = True
        self.terraform.apply(plan)
        whose.mark(self.world, self.cluster, self.namespace, self.labels)
        killed_here("testflight:applied")
        asked = self.world.config.smoketest
        left = max(0.0, self.deadline - time.monotonic())
        asked = replace(asked, timeout=min(asked.timeout, left))
        version = str(self.chart["app_version"])
        for line in smoketest(self.cluster, self.namespace, asked, version):
            journal.say(line)
        killed_here("testflight:smoked")
        workloads = self.cluster.workloads(self.namespace)
        images, manifests = self.chart["images"], _manifests(self.world)
        return verdict.live(workloads, images, self.namespace, manifests)

    def down(self) -> None:
        """Destroy everything; not even a signal keeps it from that.

        Raises:
            SlipwayError: something is left, and the next flight will begin by removing it.
        """
        self.calm.descending = True
        if not self.begun:
            root.forget(self.state)
            return
        if self._is_anothers():
            root.forget(self.state)  # or the next flight would destroy theirs
            raise SlipwayError(f"{self.namespace} is another flight's, and stays")
        failed: SlipwayError | None = None
        try:
            replace(self.terraform, deadline=time.monotonic() + root.DOWN).destroy()
        except SlipwayError as error:
            failed = error
        try:
            self._gone()
        except SlipwayError as error:
            if failed is None:
                raise
            raise evidence.said_also(failed, f"and {error.what}") from None
        if failed is not None:
            raise failed
        root.forget(self.state)

    def _is_anothers(self) -> bool:
        try:
            return whose.is_anothers(self.world, self.cluster, self.namespace)
        except SlipwayError as error:  # that it cannot be asked now is no reason to leave all up
            journal.say(f"whose {self.namespace} is cannot be asked: {error.what}")
            return False

    def _gone(self) -> None:
        """Remove the namespace for certain: an interrupted apply has made what no state knows."""
        killed_here("testflight:down")
        self.cluster.delete(self.namespace)
        if self.namespace in self.cluster.namespaces(self.namespace):
            raise SlipwayError(
                f"{self.namespace} is still there",
                fix="run the same again: it begins by removing what is left",
            )


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
    count = sum("/" not in name for name in digests)
    answers = f"{asked} endpoint{'s' * (asked != 1)} answer {chart['app_version']}"
    return f"{flight.namespace}: {_copied(world)}{count} workloads up, {answers}, gone again"


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
    if not isinstance(error, SlipwayError) or not flight.begun:
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
    cluster = open_cluster(world)
    # First of all, whatever may be missing for this one; and its time begins behind it.
    whose.swept(world, cluster)
    namespace = f"{whose.prefix(world)}{str(chart['commit'])[:7]}"
    secrets, labels = _secrets(world, cluster), whose.labels(world)
    terraform, state = root.grounded(
        world, chart, folder, namespace, settings.timeout, labels=labels, **secrets
    )
    whose.refuse_taken(world, cluster, namespace)
    killed_here("testflight:prepared")
    deadline = terraform.deadline or 0.0
    return Flight(world, chart, cluster, terraform, namespace, state, labels, deadline, calm)


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


def _manifests(world: World) -> str:
    return (world.read(paths.manifests(TASK)) or b"").decode(errors="replace")


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
        digests = verdict.expected(_manifests(world))
    values = UNKNOWN if unsure else _values(world)
    asked = len(world.config.smoketest.endpoints)
    world.write_json(paths.TESTFLIGHT, verdict.fact(chart, values, digests, asked))
    name = f"{whose.prefix(world)}{str(chart['commit'])[:7]}"
    return Foreseen("a throwaway namespace", "cluster", f"{name} up, asked, and gone again")
