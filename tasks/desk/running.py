"""Links of a trace to what runs now: each workload's image, held against the chart's digests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..cluster import Workload, open_cluster
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from .built import Carried, said_by
from .links import Link, compared, missing, unasked, unread

PART = "running"


def running_links(world: World, environment: str, images: Sequence[Carried]) -> list[Link]:
    """Ask the cluster what runs in an environment, and hold it against the chart's digests."""
    told = world.config.cluster
    namespace = world.config.environments[environment].namespace
    link = Link(namespace, "", f"{told.kind} cluster", part=PART)
    if told.kind == "local" and not Path(world.root / told.path).exists():
        return [unasked(link, f"not asked: {told.path} is not here")]
    cluster = open_cluster(world)
    try:
        if namespace not in cluster.namespaces(namespace):
            return [missing(link, "the cluster has no such namespace", namespace)]
        release = world.config.chart.name if world.config.chart else ""
        found = [each for each in cluster.workloads(namespace) if each.release == release]
    except SlipwayError as error:
        return [unread(link, said_by(error))]
    if not found:
        return [missing(link, f"nothing of the release {release} runs there")]
    return workload_links(found, images, link.source, namespace)


def workload_links(
    workloads: Sequence[Workload], images: Sequence[Carried], source: str, namespace: str
) -> list[Link]:
    """Return a link for each workload of ours, and one for each image that no workload runs.

    Args:
        workloads: of the release.
        images: that its chart carries.
        source: which cluster.
        namespace: where they run.
    """
    links, ran = [], set()
    for workload in workloads:
        image = _image_of(workload, images)
        if image is None:
            continue  # somebody else's: a database that the chart brings along
        ran.add(image.name)
        facts = {"workload": workload.name, "image": workload.image, "digest": workload.digest}
        count = f"{workload.replicas} replica{'' if workload.replicas == 1 else 's'}"
        value = f"{workload.digest[:19]}…  {count}, since {workload.since or '?'}"
        link = Link(workload.name, value, f"{source}  {namespace}", part=PART, facts=facts)
        links.append(
            compared(link, workload.digest, image.digest, says=f"not the {image.name} of the chart")
        )
    for image in images:
        if image.digest and image.name not in ran:
            link = Link(image.name, "", f"{source}  {namespace}", part=PART)
            links.append(missing(link, "no workload runs it", image.digest))
    return links


def _image_of(workload: Workload, images: Sequence[Carried]) -> Carried | None:
    """Return the chart's image that a workload should run: by digest, else by repository."""
    for image in images:
        if image.digest and image.digest == workload.digest:
            return image
    name = workload.image.partition("@")[0]
    host, slash, rest = name.rpartition("/")
    name = f"{host}{slash}{rest.partition(':')[0]}"
    fitting = [i for i in images if name == i.repository or name.endswith(f"/{i.repository}")]
    return max(fitting, key=lambda each: len(each.repository), default=None)
