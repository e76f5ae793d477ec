"""Rendered manifests as a chart that Helm installs, and what Helm's history says of such charts.

The manifests are taken as they are: Helm renders no template of theirs again, and reads them as
JSON, in which a text is a text. It runs the hooks among them, and installs the CRDs first. The
chart's version counts what has been installed under the name, so that a failed try and its way back
count nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.kernel import goyaml
from tasks.kernel.errors import WrongUsage

from . import hooks
from .port import Manifest, label
from .reading import Spot

_CONTAINERS = ("containers", "initContainers")
_PINNED = re.compile(r"\S+@sha256:[0-9a-f]{64}")
_TEMPLATE = '{{ .Files.Get "manifests.yaml" }}\n'
CRDS = "crds/all.yaml"  # of the chart
_NUMBER = re.compile(r"-0\.0\.([0-9]+)$")


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of a release's history.

    Attributes:
        number: Helm's own; what a rollback names.
        count: how many different things had been installed by then.
        status: Helm's word: `deployed`, `superseded`, `failed`, `pending-upgrade`.
        updated: when.
        digest: of its manifests; "" where Helm tells none, as after a way back.
    """

    number: int
    count: int
    status: str
    updated: str
    digest: str

    @property
    def good(self) -> bool:
        """Whether it was up, whole, at some time."""
        return self.status in ("deployed", "superseded")


def write(folder: Path, release: str, manifests: Sequence[Manifest], count: int) -> Path:
    """Write the chart, readable by its owner alone, and return its folder."""
    chart = folder / release
    (chart / "templates").mkdir(parents=True, mode=0o700)
    about = {"apiVersion": "v2", "name": release, "version": f"0.0.{count}"}
    (chart / "Chart.yaml").write_text(goyaml.written(about))
    (chart / "templates" / "all.yaml").write_text(_TEMPLATE)
    crds = [one for one in manifests if hooks.is_crd(one)]
    (chart / "manifests.yaml").write_text(_stream(o for o in manifests if not hooks.is_crd(o)))
    if crds:
        (chart / CRDS).parent.mkdir(mode=0o700)
        (chart / CRDS).write_text(_stream(crds))
    return chart


def _stream(manifests: Iterable[Manifest]) -> str:
    return "".join(f"---\n{goyaml.written(one)}\n" for one in manifests)


def revision(entry: Mapping[str, Any]) -> Revision:
    """Return an entry of `helm history`."""
    found = _NUMBER.search(str(entry.get("chart", "")))
    count = int(found[1]) if found else int(entry["revision"])
    at = str(entry.get("updated", ""))
    told = str(entry.get("description", ""))
    digest = told if told.startswith("sha256:") else ""
    return Revision(
        int(entry["revision"]), count, str(entry.get("status", "")), _second(at), digest
    )


def since(told: str) -> str:
    """Return when a release was up, of what an installation ends with; "" where it does not say.

    Args:
        told: what Helm printed: one line of JSON, and before it what hooks said that want it.
    """
    try:
        return _second(str(json.loads(told.strip().splitlines()[-1])["info"]["last_deployed"]))
    except (ValueError, LookupError, TypeError):
        return ""


def _second(at: str) -> str:
    """Return a time without its fractions, as `2026-01-31T12:00:00Z` where it is in UTC."""
    return re.sub(r"\.[0-9]+", "", at).replace("+00:00", "Z")


def check(manifests: Sequence[Manifest], namespace: str) -> None:
    """Refuse manifests that would not end up in the namespace, or run what nobody can name again.

    Args:
        manifests: as they are to be installed.
        namespace: where.

    Raises:
        WrongUsage: one is malformed, is for another namespace, or has an image without a digest.
    """
    seen: set[str] = set()
    for manifest in manifests:
        bare = Spot(manifest, "a manifest")
        kind, name = bare["kind"].text(), bare["metadata"]["name"].text()
        spot = Spot(manifest, f"{kind}/{name}")
        if kind in ("Deployment", "StatefulSet", "Service"):
            label(name, kind)
        if spot["metadata"]["namespace"].text(namespace) != namespace:
            raise spot["metadata"]["namespace"].wrong(f"this is not the namespace {namespace}")
        if spot.manifest in seen:
            raise spot.wrong("another manifest has this kind and name")
        seen.add(spot.manifest)
        hooks.check(spot)
        _check_json(spot)
        for image in _images(manifest):
            if not _PINNED.fullmatch(str(image)):
                raise WrongUsage(
                    f"the image {image!r} is not pinned by its digest",
                    where=spot.manifest,
                    fix="write REPOSITORY@sha256:…; a tag may mean another image tomorrow",
                )


def _check_json(spot: Spot) -> None:
    try:
        goyaml.written(spot.value).encode()
    except (ValueError, TypeError) as error:  # a number that is none, half a character
        raise spot.wrong(f"this cannot be told to a cluster: {error}") from None


def _images(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [image for item in value for image in _images(item)]
    if not isinstance(value, dict):
        return []
    found = []
    for key, item in value.items():
        if key in _CONTAINERS and isinstance(item, list):
            found += [one.get("image") for one in item if isinstance(one, dict)]
        else:
            found += _images(item)
    return found
