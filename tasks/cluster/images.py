"""Images for the local cluster: taken from the registry by digest, verified, unpacked once."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.facts import read_json, write_json
from tasks.kernel.lock import exclusively
from tasks.registry import content, layers, names

from . import rootfs

if TYPE_CHECKING:
    from tasks.registry import Registry

_PATIENCE = 600.0  # seconds that another process may take to unpack the same image


@dataclass(frozen=True, slots=True)
class Image:
    """An unpacked image.

    Attributes:
        digest: of the image.
        root: the folder that stands for its root; never written to.
        settings: what it says about running it (`Entrypoint`, `Cmd`, `Env`, `WorkingDir`).
    """

    digest: str
    root: Path
    settings: Mapping[str, Any]


class Images:
    """The unpacked images of a cluster.

    Args:
        folder: where they are kept; each gets its name when it is complete.
        registry: where they come from; None when none was named, and then only those are known that
            are here already.
        prefix: what manifests put before the names of this registry's repositories, such as
            `registry.example.org/team`; empty for nothing.
    """

    def __init__(self, folder: Path, registry: Registry | None, prefix: str = "") -> None:
        self._folder = folder
        self._registry = registry
        self._prefix = prefix.strip("/")

    def unpacked(self, reference: str, where: str) -> Image:
        """Return an image, unpacked.

        Args:
            reference: as a manifest has it.
            where: the manifest, for messages.

        Raises:
            WrongUsage: it names no digest.
            SlipwayError: the registry does not have it, or it cannot be unpacked.
        """
        repository, digest = split(reference, self._prefix, where)
        place = self._folder / digest.removeprefix("sha256:")
        if not place.is_dir():
            if self._registry is None:
                raise WrongUsage(
                    "no registry was named to take the image from",
                    where=reference,
                    fix="add --registry with the registry's folder or URL",
                )
            with exclusively(self._folder / f".{place.name}.lock", _PATIENCE):
                if not place.is_dir():
                    self._unpack(self._registry, repository, digest, place)
        return Image(digest, place / "root", read_json(place / "settings.json"))

    def _unpack(self, registry: Registry, repository: str, digest: str, place: Path) -> None:
        half = place.with_name(f".{place.name}.half")
        try:
            if half.exists():  # somebody was killed here
                shutil.rmtree(half)
            root = half / "root"
            root.mkdir(parents=True)
            for layer in content.layers(registry, repository, digest):
                where = f"{repository}@{digest}, layer {layer.digest}"
                with (
                    registry.open_blob(repository, layer.digest) as stream,
                    layers.opened(stream, where) as tar,
                ):
                    rootfs.apply(root, tar, where)
            settings = registry.config(repository, digest).get("config") or {}
            write_json(half / "settings.json", settings)
            half.rename(place)
        except OSError as error:
            raise SlipwayError(
                f"the image cannot be unpacked: {error.strerror or error}",
                where=str(error.filename or half),
                fix="check the disk, and the folder's owner and mode",
            ) from None


def split(reference: str, prefix: str, where: str) -> tuple[str, str]:
    """Take an image's name apart.

    Args:
        reference: `REPOSITORY@DIGEST`, or `REPOSITORY:TAG@DIGEST`, whose tag means nothing.
        prefix: taken off the repository.
        where: the manifest, for messages.

    Returns:
        The repository in the registry, and the digest.

    Raises:
        WrongUsage: there is no digest in it, or it is no image's name.
    """
    name, _, digest = reference.partition("@")
    if not names.is_digest(digest):
        raise WrongUsage(
            f"the image {reference!r} is not pinned by its digest",
            where=where,
            fix="write REPOSITORY@sha256:…; a tag may mean another image tomorrow",
        )
    folder, slash, last = name.rpartition("/")
    name = f"{folder}{slash}{last.partition(':')[0]}"
    if prefix:
        name = name.removeprefix(f"{prefix}/")
    try:
        return names.repository(name), digest
    except WrongUsage:
        raise WrongUsage(
            f"the image {reference!r} is in another registry than this cluster's",
            where=where,
            fix="name what stands before the repository with --image-prefix",
        ) from None
