"""What an image consists of: from its manifest, or an index over several, down to its blobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.kernel.errors import SlipwayError

from . import oci, ocidir

if TYPE_CHECKING:
    from .port import Registry

_DEEPEST = 4  # an index of indexes is legal; one that holds itself cannot be built, only faked


@dataclass(frozen=True)
class Image:
    """Everything to upload, in an order in which each thing's parts come before it.

    Attributes:
        root: the descriptor that a tag gets.
        manifests: manifests and indexes with their bytes; the root is the last one.
        blobs: configurations and layers, each once.
        config: the configuration of the image for this machine.
    """

    root: oci.Descriptor
    manifests: tuple[tuple[oci.Descriptor, bytes], ...]
    blobs: tuple[oci.Descriptor, ...]
    config: dict[str, Any]


def in_layout(layout: Path) -> Image:
    """Read the one image of an OCI layout, every manifest verified by its digest.

    Raises:
        SlipwayError: the layout holds no image, several, or a damaged one.
    """
    root = ocidir.sole(layout)
    store = ocidir.Blobs(layout)
    manifests: dict[str, tuple[oci.Descriptor, bytes]] = {}
    blobs: dict[str, oci.Descriptor] = {}
    _collect(root, store.read, str(layout), manifests, blobs, _DEEPEST)

    def manifest(digest: str) -> dict[str, Any]:
        return oci.decode(manifests[digest][1], str(layout))

    config = _config_digest(root.digest, manifest, str(layout))
    return Image(
        root,
        tuple(manifests.values()),
        tuple(blobs.values()),
        oci.decode(store.read(config), str(layout)),
    )


def config(registry: Registry, repository: str, digest: str) -> dict[str, Any]:
    """Return the configuration of an image in a registry, of an index that for this machine."""
    where = f"{repository}@{digest}"

    def manifest(name: str) -> dict[str, Any]:
        return _present(registry, repository, name)

    found = _config_digest(digest, manifest, where)
    return oci.decode(registry.blob(repository, found), where)


def layers(registry: Registry, repository: str, digest: str) -> list[oci.Descriptor]:
    """Return the layers of an image in a registry, the lowest first."""
    where = f"{repository}@{digest}"
    value = _present(registry, repository, digest)
    if value.get("mediaType") in oci.INDEXES or "manifests" in value:
        chosen = oci.for_this_machine(value, where).digest
        value = _present(registry, repository, chosen)
    return layers_of(value, where)


def layers_of(manifest: dict[str, Any], where: str) -> list[oci.Descriptor]:
    """Return the layers that a manifest lists, the lowest first."""
    return [oci.descriptor(entry, where) for entry in manifest.get("layers") or []]


def _present(registry: Registry, repository: str, digest: str) -> dict[str, Any]:
    value = registry.manifest(repository, digest)
    if value is None:
        raise SlipwayError(
            "there is no such image", where=f"{repository}@{digest}", fix="push it again"
        )
    return value


def _config_digest(digest: str, manifest: Callable[[str], dict[str, Any]], where: str) -> str:
    value = manifest(digest)
    if "manifests" in value:
        value = manifest(oci.for_this_machine(value, where).digest)
    return oci.descriptor(value.get("config"), where).digest


def _collect(
    node: oci.Descriptor,
    read: Callable[[str], bytes],
    where: str,
    manifests: dict[str, tuple[oci.Descriptor, bytes]],
    blobs: dict[str, oci.Descriptor],
    depth: int,
) -> None:
    if node.media_type not in (*oci.MANIFESTS, *oci.INDEXES):
        raise SlipwayError(
            f"{node.media_type} is not an image",
            where=where,
            fix="build the image as an OCI image layout",
        )
    if not depth or node.size > oci.LARGEST_MANIFEST:
        raise SlipwayError("the image's manifests are too large or too deep", where=where)
    content = read(node.digest)
    value = oci.decode(content, where)
    if node.media_type in oci.INDEXES:
        for entry in value.get("manifests") or []:
            child = oci.descriptor(entry, where)
            _collect(child, read, where, manifests, blobs, depth - 1)
    else:
        for part in (oci.descriptor(value.get("config"), where), *layers_of(value, where)):
            blobs.setdefault(part.digest, part)
    manifests.setdefault(node.digest, (node, content))
