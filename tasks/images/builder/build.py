"""Build an image from a Dockerfile without RUN: no daemon, no root, no container engine."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.kernel.errors import SlipwayError
from tasks.registry import names, oci
from tasks.registry.ocidir import Blobs, mark, write_index

from . import ignore, layer
from .context import Context
from .interpret import Plan, interpret
from .parse import Dockerfile, parse
from .replace import replaced
from .stage import Bases

# Labels that describe the image itself, and are found in its manifest too.
ANNOTATIONS = tuple(
    f"org.opencontainers.image.{name}"
    for name in ("version", "revision", "source", "created", "title", "base.name", "base.digest")
)
BASE_NAME, BASE_DIGEST = ANNOTATIONS[-2:]


@dataclass(frozen=True)
class Layer:
    """A layer: digest and size (bytes) of its blob, and the instruction it comes from."""

    digest: str
    size: int
    created_by: str


@dataclass(frozen=True)
class Built:
    """An image that was built.

    Attributes:
        digest: of its manifest, which is the image's.
        size: bytes of manifest, configuration and layers together.
        layers: all of them, the base image's first.
    """

    digest: str
    size: int
    layers: tuple[Layer, ...]


def build(
    context: Path,
    dockerfile: str,
    output: Path,
    *,
    args: Mapping[str, str],
    labels: Mapping[str, str],
    created: int,
    bases: Bases | None = None,
) -> Built:
    """Build an image; equal input gives an equal digest, on every machine of one architecture.

    Args:
        context: the folder that COPY takes its sources from.
        dockerfile: the Dockerfile's path, relative to the context.
        output: the OCI image layout to make; it holds this image alone, and replaces an older one.
        args: values for ARG; those that are not declared are not used.
        labels: added to the image's, over those of the Dockerfile.
        created: the time of the image and of every file in it, in seconds since 1970.
        bases: finds the OCI layout of a base image by its name in FROM; None is returned, or
            given, where there is none.

    Raises:
        SlipwayError: the Dockerfile is wrong or needs another builder, or a source is not there or
            leads out of the context; names the Dockerfile's line. `output` is as it was before.
    """
    if not context.is_dir():
        raise SlipwayError("the build context is not a folder", where=str(context))
    try:
        return _build(context.resolve(), dockerfile, output, args, labels, created, bases)
    except OSError as error:
        # A full disk, a file without permission or one that vanished: the path says which.
        raise SlipwayError(
            f"the image cannot be built: {error.strerror or error}",
            where=str(error.filename or output),
            fix="check the disk, and that nothing writes to the build context meanwhile",
        ) from None


def _build(
    root: Path,
    dockerfile: str,
    output: Path,
    args: Mapping[str, str],
    labels: Mapping[str, str],
    created: int,
    bases: Bases | None,
) -> Built:
    content = _read(root, dockerfile)
    place = Path(os.path.abspath(output))  # noqa: PTH100 - resolve() would follow a link
    place = place.parent.resolve() / place.name
    files = Context(root, ignore.load(root, dockerfile), place)
    parsed: Dockerfile = parse(content, dockerfile)
    plan = interpret(parsed, dockerfile, files, args, bases)
    plan.settings.set_labels(_base_labels(plan.base_name))
    plan.settings.set_labels(labels)
    with replaced(place) as draft:
        return _write(plan, draft, created)


def _base_labels(name: str) -> dict[str, str]:
    """Return the labels that tell what an image was built on, where FROM pins that."""
    repository, _, digest = name.partition("@")
    return {BASE_NAME: repository, BASE_DIGEST: digest} if names.is_digest(digest) else {}


def _read(root: Path, dockerfile: str) -> bytes:
    path = (root / dockerfile).resolve()
    if not path.is_relative_to(root):
        raise SlipwayError(
            f"the Dockerfile {dockerfile} is outside of the build context",
            where=str(root),
            fix="move it into the context",
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise SlipwayError(
            f"the Dockerfile {dockerfile} cannot be read: {error.strerror}",
            where=str(root),
            fix="correct its name",
        ) from None


def _write(plan: Plan, layout: Path, created: int) -> Built:
    store = Blobs(layout)
    moment = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    base = plan.base
    if base.layout is not None:
        source = Blobs(base.layout)
        for inherited in base.layers:
            with source.open(inherited.digest) as stream:
                store.add(stream, inherited.digest)
    made = [step for step in plan.steps if step.layer is not None]
    written = [layer.write(step.layer or (), store, created) for step in made]
    config = _config(plan, moment, [each.diff_id for each in written])
    descriptors = [
        *base.layers,
        *(oci.Descriptor(oci.LAYER_GZIP, each.digest, each.size) for each in written),
    ]
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": oci.MANIFEST,
        "config": _add(store, oci.CONFIG, config).as_json(),
        "layers": [each.as_json() for each in descriptors],
    }
    if notes := {k: v for k, v in plan.settings.labels.items() if k in ANNOTATIONS}:
        manifest["annotations"] = notes
    image = _add(store, oci.MANIFEST, manifest)
    mark(layout)
    write_index(layout, [image.as_json()])
    authors = [step["created_by"] for step in _history(config) if not step.get("empty_layer")]
    size = image.size + manifest["config"]["size"] + sum(each.size for each in descriptors)
    layers = tuple(
        Layer(each.digest, each.size, author)
        for each, author in zip(descriptors, authors, strict=True)
    )
    return Built(image.digest, size, layers)


def _config(plan: Plan, moment: str, diff_ids: list[str]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    for step in plan.steps:
        line: dict[str, Any] = {"created": moment, "created_by": step.created_by}
        steps.append(line if step.layer is not None else {**line, "empty_layer": True})
    return {
        **plan.base.platform,
        "created": moment,
        "config": plan.settings.raw,
        "rootfs": {"type": "layers", "diff_ids": [*plan.base.diff_ids, *diff_ids]},
        "history": [*plan.base.history, *steps],
    }


def _history(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"created_by": "", **step} for step in config["history"]]


def _add(store: Blobs, kind: str, value: Mapping[str, Any]) -> oci.Descriptor:
    content = oci.encode(value)
    digest, size = store.add(io.BytesIO(content))
    return oci.Descriptor(kind, digest, size)
