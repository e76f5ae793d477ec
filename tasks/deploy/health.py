"""`health:ENV`: what runs is what was deployed, and it answers. It looks, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kernel import paths
from ..kernel.effects import Foreseen
from ..kernel.errors import Failed
from ..kernel.world import UNKNOWN, Forecast, World
from ..promotion import state_in, wanted_by
from .chart import Chart, chart_in

if TYPE_CHECKING:
    from ..cluster import Workload


def judge(name: str, world: World) -> str:
    """Wait until everything is ready, compare the digests, ask every endpoint.

    Raises:
        Failed: something is not ready, is another image, or does not answer.
    """
    from ..cluster import open_cluster, smoketest

    environment, config = world.config.environments[name], world.config
    promoted = wanted_by(world, name)
    chart = chart_in(world, state_in(promoted))
    version = chart.app_version if chart else ""
    running: list[Workload] = []
    answers: list[str] = []
    if chart or config.smoketest.endpoints:  # else it is infrastructure alone, which Terraform saw
        cluster = open_cluster(world)
        running = cluster.wait(environment.namespace, config.smoketest.timeout)
        if chart:
            _compare(world, environment.namespace, chart, running)
        answers = smoketest(cluster, environment.namespace, config.smoketest, version)
    fact: dict[str, Any] = {
        "key": promoted["key"],
        "namespace": environment.namespace,
        "app_version": version,
        "digests": {one.name: one.digest for one in running},
        "endpoints": len(answers),
    }
    world.write_json(paths.health(name), fact)
    if not (running or answers):
        return "there is nothing to ask: no chart, and no endpoints"
    some = f"{len(running)} workload{'' if len(running) == 1 else 's'} ready"
    asked = f", {len(answers)} endpoint{'' if len(answers) == 1 else 's'} answered"
    return (f"{version}: " if version else "") + some + (asked if answers else "")


def _compare(world: World, namespace: str, chart: Chart, running: list[Workload]) -> None:
    """Refuse when an image of the chart does not run, or runs in another make.

    Raises:
        Failed: naming each, with both digests.
    """
    if wrong := _wrong(world, chart, running):
        raise Failed(
            f"what runs is not what the chart {chart.version} names",
            where=namespace,
            detail=wrong,
            fix="do the environment's own values name an image? or did somebody install by hand?",
        )


def differing(world: World, name: str, chart: Chart) -> list[str]:
    """Return which images of a chart do not run in an environment, in words; it waits for nothing.

    Raises:
        SlipwayError: the cluster cannot be reached.
    """
    from ..cluster import open_cluster

    namespace = world.config.environments[name].namespace
    return _wrong(world, chart, open_cluster(world).workloads(namespace))


def _wrong(world: World, chart: Chart, running: list[Workload]) -> list[str]:
    """Return which images do not run as they are wanted, or run in another make besides."""
    repositories = {
        image: _repository(world.config.images[image].repository) for image in chart.digests
    }
    wanted: dict[str, set[str]] = {}  # two images may be of one repository
    for image, digest in chart.digests.items():
        wanted.setdefault(repositories[image], set()).add(digest)
    live = {one.digest for one in running}
    wrong = []
    for image, digest in sorted(chart.digests.items()):
        of_it = [one for one in running if _repository(one.image) == repositories[image]]
        strange = {one.digest: one.name for one in of_it}
        strange = {at: by for at, by in strange.items() if at not in wanted[repositories[image]]}
        if digest in live:
            wrong += [f"{image}: {by} runs {at}, wanted {digest}" for at, by in strange.items()]
        else:
            runs = ", ".join(sorted(strange)) or "nowhere"
            wrong.append(f"{image}: runs {runs}, wanted {digest}")
    return wrong


def _repository(image: str) -> str:
    """Return the last part of an image's name, which is that of its repository."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def foresee(name: str, world: Forecast) -> Foreseen:
    """Foresee it: only the run will know what answers."""
    environment = world.config.environments[name]
    world.write_json(
        paths.health(name),
        {
            "key": wanted_by(world, name)["key"],
            "namespace": environment.namespace,
            "app_version": UNKNOWN,
            "digests": {},
            "endpoints": UNKNOWN,
        },
    )
    return Foreseen(f"asks what runs in {environment.namespace}")
