"""Pure: the digests that a flight is about, and whether those are what runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..kernel.errors import Failed

if TYPE_CHECKING:
    from ..cluster import Workload

_KINDS = ("Deployment", "StatefulSet")
Images = Mapping[str, Mapping[str, str]]


def expected(manifests: str) -> dict[str, str]:
    """Return what manifests run: workload → digest of its image; "" for one without a digest."""
    import yaml

    found = {}
    for document in yaml.load_all(manifests, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(document, dict) and document.get("kind") in _KINDS:
            containers = document["spec"]["template"]["spec"]["containers"]
            image = str(containers[0].get("image", ""))
            found[str(document["metadata"]["name"])] = image.partition("@")[2]
    return found


def live(workloads: Sequence[Workload], images: Images, namespace: str) -> dict[str, str]:
    """Return what runs, when it is the images of the release: workload → digest.

    A workload with an image of somebody else's (a database, say) is none of our business; one with
    an image of ours has the released digest, and every released image runs somewhere.

    Args:
        workloads: what the cluster says.
        images: name → repository and digest, as released.
        namespace: for messages.

    Raises:
        Failed: something else runs.
    """
    released = {_last(image["repository"]): image["digest"] for image in images.values()}
    wrong = [
        f"{one.name} runs {one.image}, released was {released[name]}"
        for one in workloads
        if (name := _last(one.image.partition("@")[0])) in released and one.digest != released[name]
    ]
    running = {one.digest for one in workloads}
    wrong += [
        f"{name} {image['digest']} runs nowhere"
        for name, image in sorted(images.items())
        if image["digest"] not in running
    ]
    wrong += [f"{one.name} is not ready any more" for one in workloads if not one.ready]
    if wrong:
        raise Failed(
            "what runs is not what was released",
            where=namespace,
            detail=wrong,
            fix="compare the digests in the chart's values with those of the release",
        )
    return {one.name: one.digest for one in workloads}


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
