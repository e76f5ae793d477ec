"""The port: what a registry of images can do, whichever one stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from tasks.kernel.errors import SlipwayError

from . import oci


class TagTaken(SlipwayError):
    """A tag that was to be made stands already, and on another image; nothing was changed."""


@dataclass(frozen=True)
class Pushed:
    """What a push left.

    Attributes:
        digest: the image the tag stands on now.
        new_blobs: digests that were sent, manifests not counted.
        present_blobs: digests that were there already.
    """

    digest: str
    new_blobs: tuple[str, ...]
    present_blobs: tuple[str, ...]


class Registry(Protocol):
    """A registry of images.

    A repository is named without the registry's host; a reference is a tag or a digest. Every
    method raises `WrongUsage` for a name that breaks the OCI grammar, and `SlipwayError` when the
    registry cannot be reached, refuses, or hands out content that does not have its digest.
    """

    def resolve(self, repository: str, tag: str) -> str | None:
        """Return the digest a tag stands on, None when there is no such tag or repository."""

    def tags(self, repository: str) -> list[str]:
        """Return all tags, sorted; empty when there is no such repository."""

    def manifest(self, repository: str, reference: str) -> dict[str, Any] | None:
        """Return an image's manifest (or index), None when there is no such image."""

    def config(self, repository: str, digest: str) -> dict[str, Any]:
        """Return the configuration of the image `digest`; labels are at `["config"]["Labels"]`.

        Of an index it is the image for this machine.
        """

    def blob(self, repository: str, digest: str) -> bytes:
        """Return a blob whole."""

    def open_blob(self, repository: str, digest: str) -> AbstractContextManager[IO[bytes]]:
        """Open a blob; its digest was verified before the first byte is handed out."""

    def push(self, repository: str, layout: Path, tag: str) -> Pushed:
        """Upload the one image of an OCI layout, blobs first, then manifest, the tag last.

        Pushing the same image to the same tag again does nothing.

        Raises:
            TagTaken: the tag stands on another image.
        """

    def move(self, repository: str, tag: str, digest: str) -> None:
        """Put a moving name (`edge`, `latest`) on an image that is there already."""

    def delete_tag(self, repository: str, tag: str) -> None:
        """Take a tag away, and no other; nothing happens when it is not there."""

    def check(self) -> None:
        """Return when the registry can be reached and read; the error says what to look at."""


def tag_taken(
    repository: str, tag: str, standing: tuple[str, str | None], ours: tuple[str, str | None]
) -> TagTaken:
    """Say who holds a tag.

    Args:
        repository: where.
        tag: the tag both want.
        standing: digest and revision of the image the tag stands on.
        ours: digest and revision of the image that was to be pushed.
    """
    return TagTaken(
        f"tag {tag} stands already, on another image",
        where=f"{repository}:{tag}",
        fix="a tag is never moved: adopt the image that is there, or take another version",
        detail=[_side("there", *standing), _side("ours ", *ours)],
    )


def revision(config: Mapping[str, Any]) -> str | None:
    """Return the commit an image was built from, when its labels say so."""
    return oci.labels(config).get(oci.REVISION)


def _side(who: str, digest: str, commit: str | None) -> str:
    return f"{who}: {digest}, built from {commit or 'an unknown revision (it has no label)'}"
