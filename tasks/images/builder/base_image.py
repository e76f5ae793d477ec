"""The image that FROM names: what is inherited from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.kernel.errors import SlipwayError
from tasks.registry import content, oci
from tasks.registry.layers import opened
from tasks.registry.ocidir import Blobs, sole

from .problem import Place
from .tree import Tree

# Docker's own media types say the same as these.
_OCI = {
    "application/vnd.docker.image.rootfs.diff.tar.gzip": oci.LAYER_GZIP,
    "application/vnd.docker.image.rootfs.diff.tar": oci.LAYER,
}
_INHERITED = ("architecture", "os", "os.version", "os.features", "variant", "author")


@dataclass(frozen=True)
class Base:
    """What an image begins with.

    Attributes:
        layout: where its layers are, None for `scratch`.
        layers: their descriptors, the lowest first.
        config: its configuration; for `scratch` one that names this machine's platform.
        tree: its paths.
    """

    layout: Path | None = None
    layers: tuple[oci.Descriptor, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    tree: Tree = field(default_factory=Tree)

    @property
    def platform(self) -> dict[str, Any]:
        """The keys of the configuration that say what the image runs on."""
        return {key: self.config[key] for key in _INHERITED if key in self.config}

    @property
    def diff_ids(self) -> list[str]:
        """Digests of the uncompressed layers."""
        return list((self.config.get("rootfs") or {}).get("diff_ids") or [])

    @property
    def history(self) -> list[dict[str, Any]]:
        """The history; made up when the image's own does not fit its layers."""
        found = list(self.config.get("history") or [])
        if sum(not step.get("empty_layer") for step in found) == len(self.layers):
            return found
        return [{"created_by": "a layer of the base image"} for _ in self.layers]


def scratch() -> Base:
    """Return the empty base for this machine."""
    return Base(config={"architecture": oci.architecture(), "os": "linux"})


def load(layout: Path, name: str, place: Place) -> Base:
    """Read a base image.

    Args:
        layout: an OCI image layout with one image, or an index with one for this machine.
        name: what FROM calls it.
        place: the FROM.

    Raises:
        SlipwayError: the image is damaged, or does what only a builder with `RUN` can.
    """
    store = Blobs(layout)
    root = sole(layout)
    manifest = oci.decode(store.read(root.digest), str(layout))
    if "manifests" in manifest:
        chosen = oci.for_this_machine(manifest, str(layout))
        manifest = oci.decode(store.read(chosen.digest), str(layout))
    where = f"{layout} (FROM {name})"
    described = oci.descriptor(manifest.get("config"), where)
    config = oci.decode(store.read(described.digest), where)
    layers = content.layers_of(manifest, where)
    if (config.get("config") or {}).get("OnBuild"):
        raise place.unsupported(f"cannot run the ONBUILD instructions of {name}")
    base = Base(
        layout,
        tuple(
            oci.Descriptor(_OCI.get(layer.media_type, layer.media_type), layer.digest, layer.size)
            for layer in layers
        ),
        config,
    )
    if len(base.diff_ids) != len(layers):
        raise SlipwayError("the image's configuration does not fit its layers", where=where)
    for layer in layers:
        with store.open(layer.digest) as stream, opened(stream, where) as archive:
            base.tree.apply(archive)
    return base
