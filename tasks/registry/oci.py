"""The words of the OCI image specification: media types, annotation keys, descriptors, digests."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.kernel.errors import SlipwayError

from . import names

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"

MANIFESTS = (MANIFEST, DOCKER_MANIFEST)
INDEXES = (INDEX, DOCKER_INDEX)

REF_NAME = "org.opencontainers.image.ref.name"
REVISION = "org.opencontainers.image.revision"

# A manifest is read into memory whole; registries refuse larger ones too.
LARGEST_MANIFEST = 4 * 1024 * 1024

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Descriptor:
    """What the specification calls a descriptor: the type, digest and size (bytes) of a blob."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the descriptor as it stands in a manifest or an index."""
        value: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.size,
        }
        if self.annotations:
            value["annotations"] = dict(self.annotations)
        return value


def descriptor(value: Any, where: str) -> Descriptor:
    """Read one descriptor.

    Args:
        value: what the JSON holds.
        where: the file or the image it comes from, for the message.

    Raises:
        SlipwayError: it is not a descriptor, or its digest is not a SHA-256 one.
    """
    match value:
        case {"mediaType": str(kind), "digest": str(digest), "size": int(size)} if (
            names.is_digest(digest) and size >= 0
        ):
            notes = value.get("annotations") or {}
            if isinstance(notes, dict):
                return Descriptor(kind, digest, size, {str(k): str(v) for k, v in notes.items()})
    raise SlipwayError(
        "a descriptor is damaged",
        where=where,
        fix="build or push the image again",
        detail=[json.dumps(value)[:200]],
    )


def digest_of(content: bytes) -> str:
    """Return the digest of `content` as the specification writes it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def encode(value: Any) -> bytes:
    """Return `value` as compact JSON with sorted keys, so that equal values have equal digests."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def decode(content: bytes, where: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        SlipwayError: `content` is something else.
    """
    try:
        value = json.loads(content)
    except ValueError as error:
        raise SlipwayError(f"this is not JSON: {error}", where=where) from None
    if not isinstance(value, dict):
        raise SlipwayError("this is not a JSON object", where=where)
    return value


def architecture() -> str:
    """Return this machine's architecture in the words of Go, which images use."""
    machine = platform.machine().lower()
    return _ARCHITECTURES.get(machine, machine)


def for_this_machine(index: Mapping[str, Any], where: str) -> Descriptor:
    """Choose the image for Linux on this machine from an index of several platforms.

    Raises:
        SlipwayError: the index has none, or more than one.
    """
    wanted = ("linux", architecture())
    entries: Sequence[Mapping[str, Any]] = index.get("manifests") or []
    fitting = [
        descriptor(entry, where)
        for entry in entries
        if _platform(entry) == wanted or (len(entries) == 1 and "platform" not in entry)
    ]
    if len(fitting) != 1:
        raise SlipwayError(
            f"the index holds {len(fitting)} images for {'/'.join(wanted)}, not one",
            where=where,
            fix="name the image of one platform by its digest",
        )
    return fitting[0]


def labels(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of an image configuration, empty when it has none."""
    return dict((config.get("config") or {}).get("Labels") or {})


def _platform(entry: Mapping[str, Any]) -> tuple[Any, Any]:
    value = entry.get("platform") or {}
    return (value.get("os"), value.get("architecture"))
