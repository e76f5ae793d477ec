"""Pure: the digests that a flight is about, and whether those are what runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kernel.errors import Failed

if TYPE_CHECKING:
    from ..cluster import Workload

_KINDS = ("Deployment", "StatefulSet")
_SPEAKING = (*_KINDS, "DaemonSet", "Job", "Pod")
_CONTAINERS = ("containers", "initContainers")
Images = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Placed:
    """A container in the manifests.

    Attributes:
        kind: of its manifest.
        workload: that manifest's name.
        name: its own.
        image: as it is written.
        passes: it is none that goes on for as long as its workload does: a job's, one that
            initializes a pod, or one of a kind that the cluster is not asked about.
        first: it is the one that its workload is known by.
    """

    kind: str
    workload: str
    name: str
    image: str
    passes: bool
    first: bool

    @property
    def digest(self) -> str:
        """Of its image; "" for one without."""
        return self.image.partition("@")[2]

    @property
    def label(self) -> str:
        """What the verdict calls it."""
        return self.workload if self.first else f"{self.workload}/{self.name}"


def placed(manifests: str) -> list[Placed]:
    """Return every container that manifests name, in pods and in what makes pods."""
    return [
        Placed(
            kind,
            name,
            str(container.get("name") or at),
            str(container.get("image") or ""),
            kind not in _KINDS or key == "initContainers",
            kind in _KINDS and key == "containers" and at == 0,
        )
        for kind, name, manifest in _told(manifests)
        for key, at, container in _containers(manifest)
    ]


def speakers(manifests: str) -> list[str]:
    """Return the names of what has pods of its own, with a log each."""
    return [name for kind, name, _ in _told(manifests) if kind in _SPEAKING]


def expected(manifests: str) -> dict[str, str]:
    """Return what manifests run: workload → digest; "" for an image without.

    A workload is known by its first container; the others, and those of jobs and the like, are
    `WORKLOAD/CONTAINER`.
    """
    return {one.label: one.digest for one in placed(manifests)}


def live(
    workloads: Sequence[Workload], images: Images, namespace: str, manifests: str
) -> dict[str, str]:
    """Return what runs, as `expected` does, when it is the images of the release.

    A workload with an image of somebody else's (a database, say) is none of our business; one with
    an image of ours has the released digest, in whichever container, and every released image runs
    somewhere, or stands in a job, or in what initializes a pod.

    Args:
        workloads: what the cluster says.
        images: name → repository and digest, as released.
        namespace: for messages.
        manifests: what was installed.

    Raises:
        Failed: something else runs.
    """
    there = placed(manifests)
    up = {one.name: one for one in workloads if one.replicas > 0}
    found = [(one.name, one.image, one.digest) for one in workloads]
    found += [
        (pod.name, image, digest)
        for one in workloads
        for pod in one.pods
        for image, digest in pod.images
        if digest and image != one.image
    ]
    found += [(f"{p.kind}/{p.label}", p.image, p.digest) for p in there if not p.first]
    running = {one.digest for one in up.values()}
    running |= {digest for one in up.values() for pod in one.pods for _, digest in pod.images}
    running |= {p.digest for p in there if p.passes and (p.kind not in _KINDS or p.workload in up)}
    idle = sorted(one.name for one in workloads if one.name not in up)
    wrong = _wrong(found, running, images, idle)
    wrong += [f"{one.name} is not ready any more" for one in workloads if not one.ready]
    if wrong:
        raise Failed(
            "what runs is not what was released",
            where=namespace,
            detail=wrong,
            fix="compare the digests in the chart's values with those of the release",
        )
    others = {one.label: one.digest for one in there if not one.first}
    return others | {one.name: one.digest for one in workloads}


def _wrong(
    found: Sequence[tuple[str, str, str]], running: set[str], images: Images, idle: list[str]
) -> list[str]:
    """Return a line for each image of ours by another digest, and for each that runs nowhere."""
    released = {_last(image["repository"]): image["digest"] for image in images.values()}
    other = [
        f"{who} runs {image}, released was {released[name]}"
        for who, image, digest in found
        if (name := _last(image.partition("@")[0])) in released and digest != released[name]
    ]
    none = f" ({', '.join(idle)}: no replicas)" if idle else ""
    nowhere = [
        f"{name} {image['digest']} runs nowhere{none}"
        for name, image in sorted(images.items())
        if image["digest"] not in running
    ]
    return [*dict.fromkeys(other), *nowhere]


def _told(manifests: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield kind, name and content of each manifest, and of each that a List holds."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    waiting = list(yaml.load_all(manifests, Loader=loader))
    for one in waiting:
        if not isinstance(one, dict):
            continue
        if one.get("kind") == "List" and isinstance(one.get("items"), list):
            waiting += one["items"]
            continue
        about = one.get("metadata")
        name = about.get("name") if isinstance(about, dict) else None
        yield str(one.get("kind", "")), str(name or ""), one


def _containers(value: Any) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Yield key, place and content of each container below."""
    for item in value if isinstance(value, list) else ():
        yield from _containers(item)
    if isinstance(value, dict):
        for key, item in value.items():
            for at, one in enumerate(item if key in _CONTAINERS and isinstance(item, list) else ()):
                if isinstance(one, dict) and "image" in one:
                    yield key, at, one
            yield from _containers(item)


def _last(repository: str) -> str:
    """Return the last part of a repository's name, without a tag: what stands before it varies."""
    return repository.rpartition("/")[2].partition(":")[0]


def fact(chart: Mapping[str, Any], values: str, digests: Any, endpoints: int) -> dict[str, Any]:
    """Return the verdict: what has been flown, and what was seen of it.

    Args:
        chart: the fact `CHART`.
        values: the sum of the rendered values.
        digests: workload → digest.
        endpoints: how many answered right.
    """
    told = {"chart": chart["commit"], "tree": chart["tree"], "release": chart["release"]}
    return told | {"values": values, "digests": digests, "endpoints": endpoints}
