"""The image that a Dockerfile begins with: taken by its digest from whichever registry has it.

It is kept below `build/`, verified, under its digest, so that it is fetched once. The pipeline's
own credentials go to the pipeline's own registry alone; for others docker's file is asked.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..kernel import paths
from ..kernel.config import Image
from ..kernel.errors import SlipwayError
from ..kernel.lock import exclusively
from ..kernel.world import World

if TYPE_CHECKING:
    from ..registry import Registry

_FOLDER = f"{paths.BUILD}/bases"
_PATIENCE = 600.0  # seconds that another image's build may take to fetch the same base
_LOG_IN = (
    "log in to that registry with docker or skopeo; for the pipeline's own it is the variables"
)
_NAME = re.compile(
    r"(?:(?P<host>localhost(?::[0-9]+)?|[A-Za-z0-9-]+(?:[.:][A-Za-z0-9-]+)+)/)?"
    r"(?P<repository>[a-z0-9._/-]+)(?::[A-Za-z0-9_][A-Za-z0-9._-]*)?@(?P<digest>sha256:[0-9a-f]{64})"
)


@dataclass(slots=True)
class Bases:
    """Finds the layout of a base image by its name in FROM.

    Attributes:
        world: whose registry, and whose `build/`.
        image: that is built; its `base` may be in the pipeline's own registry, without a host.
        asked: the names that were asked for.
    """

    world: World
    image: Image
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> Path:
        """Return the layout of a base image, fetched when it is not here.

        Raises:
            SlipwayError: it is not pinned by its digest, or no registry has it.
        """
        self.asked.append(name)
        found = _NAME.fullmatch(name)
        own = name == self.image.base
        if found is None or not (found["host"] or own):
            raise SlipwayError(
                f"the base image {name} is not pinned by its registry and digest",
                where=self.world.config.where(f"images.{self.image.name}"),
                fix=f"write HOST/REPOSITORY@sha256:…, there or as images.{self.image.name}.base",
            )
        place = self.world.path(f"{_FOLDER}/{found['digest'].removeprefix('sha256:')}")
        with exclusively(place.parent / f".{place.name}.lock", _PATIENCE):
            if not (place / "index.json").is_file():
                registry, repository = self._registry(found["host"] or "", found["repository"])
                _fetch(registry, repository, found["digest"], place, self.image.name)
        return place

    def check(self) -> None:
        """Refuse a base that the Dockerfile does not begin with: labels would tell a lie.

        Raises:
            SlipwayError: it begins with something else.
        """
        if self.image.base and self.image.base not in self.asked:
            raise SlipwayError(
                f"the Dockerfile of {self.image.name} does not begin with its base",
                where=self.world.config.where(f"images.{self.image.name}.base"),
                fix="let it begin with the lines ARG BASE and FROM ${BASE}, or remove the key",
            )

    def _registry(self, host: str, repository: str) -> tuple[Registry, str]:
        """Return the registry that a host means, and the repository's name in it."""
        from ..registry import elsewhere, open_registry

        own = self.world.config.registry
        if not host:
            return open_registry(own, self.world.root), repository
        scheme, _, rest = own.url.partition("://")
        if own.kind == "http" and rest.partition("/")[0].lower() == host.lower():
            return open_registry(
                replace(own, url=f"{scheme}://{host}"), self.world.root
            ), repository
        wanted = elsewhere.reference(f"{host}/{repository}")
        return elsewhere.open_other(wanted, _LOG_IN), wanted.repository


def _fetch(registry: Registry, repository: str, digest: str, place: Path, image: str) -> None:
    """Write a layout with the image for this machine; its index comes last."""
    from ..registry import oci
    from ..registry.ocidir import Blobs, mark, write_index

    where = f"{repository}@{digest}"
    manifest = _manifest(registry, repository, digest, image)
    if "manifests" in manifest:
        chosen = oci.for_this_machine(manifest, where).digest
        manifest = _manifest(registry, repository, chosen, image)
    shutil.rmtree(place, ignore_errors=True)  # somebody was killed here
    store = Blobs(place)
    parts = [manifest.get("config"), *(manifest.get("layers") or [])]
    for part in (oci.descriptor(one, where) for one in parts):
        with registry.open_blob(repository, part.digest) as stream:
            store.add(stream, part.digest)
    with store.create() as draft:
        draft.write(oci.encode(manifest))
    kind = str(manifest.get("mediaType") or oci.MANIFEST)
    mark(place)
    write_index(place, [oci.Descriptor(kind, draft.digest, draft.size).as_json()])


def _manifest(registry: Registry, repository: str, digest: str, image: str) -> dict[str, Any]:
    found = registry.manifest(repository, digest)
    if found is None:
        raise SlipwayError(
            f"the base image of {image} is in no registry",
            where=f"{repository}@{digest}",
            fix="push it there, or name another one by its digest",
        )
    return found
