"""The embedded registry: each repository is an OCI image layout under one root folder.

A tag is an entry of the repository's `index.json` with the annotation
`org.opencontainers.image.ref.name`, so that `skopeo inspect oci:ROOT/app:1.2.0` reads it as it is.
Readers take no lock: blobs never change and the index is replaced whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.lock import exclusively

from . import content, names, oci, ocidir
from .port import Pushed, TagTaken, revision, tag_taken

_RESERVED = frozenset({"blobs", "index.json", "oci-layout"})


class LayoutRegistry:
    """A registry in a folder; see `port.Registry` for what the methods promise.

    Args:
        root: the folder; made at the first push.
        patience: seconds to wait for another process that writes to the same repository.
    """

    def __init__(self, root: Path, *, patience: float = 30.0) -> None:
        self.root = root
        self.patience = patience

    def resolve(self, repository: str, tag: str) -> str | None:
        """Return the digest a tag stands on, None when there is none, or its image was lost."""
        folder = self._folder(repository)
        return self._standing(folder, names.tag(tag))

    def tags(self, repository: str) -> list[str]:
        """Return all tags, sorted."""
        return sorted(
            name for entry in ocidir.read_index(self._folder(repository)) if (name := _name(entry))
        )

    def manifest(self, repository: str, reference: str) -> dict[str, Any] | None:
        """Return an image's manifest or index, None when there is no such image."""
        folder = self._folder(repository)
        names.reference(reference)
        digest = reference if names.is_digest(reference) else self._standing(folder, reference)
        store = ocidir.Blobs(folder)
        if digest is None or not store.path(digest).is_file():
            return None
        return oci.decode(store.read(digest), f"{repository}@{digest}")

    def config(self, repository: str, digest: str) -> dict[str, Any]:
        """Return the configuration of an image."""
        return content.config(self, repository, digest)

    def blob(self, repository: str, digest: str) -> bytes:
        """Return a blob whole, verified."""
        return ocidir.Blobs(self._folder(repository)).read(digest)

    @contextmanager
    def open_blob(self, repository: str, digest: str) -> Iterator[IO[bytes]]:
        """Open a blob, verified before its first byte is handed out."""
        with ocidir.Blobs(self._folder(repository)).open(digest) as stream:
            yield stream

    def push(self, repository: str, layout: Path, tag: str) -> Pushed:
        """Copy the one image of an OCI layout here and tag it.

        Raises:
            TagTaken: the tag stands on another image.
        """
        folder = self._folder(repository)
        names.tag(tag)
        image = content.in_layout(layout)
        with self._writing(folder):
            standing = self._standing(folder, tag)
            if standing not in (None, image.root.digest):
                raise self._taken(repository, tag, standing or "", image)
            new, present = _copy(image, ocidir.Blobs(layout), ocidir.Blobs(folder))
            _point(folder, tag, image.root)
        return Pushed(image.root.digest, new, present)

    def move(self, repository: str, tag: str, digest: str) -> None:
        """Put a moving name on an image that is there already."""
        folder = self._folder(repository)
        names.tag(tag)
        with self._writing(folder):
            value = self.manifest(repository, names.digest(digest))
            if value is None:
                raise SlipwayError(
                    f"tag {tag} cannot be moved to an image that is not there",
                    where=f"{repository}@{digest}",
                    fix="push the image first",
                )
            kind = oci.INDEX if "manifests" in value else oci.MANIFEST
            size = ocidir.Blobs(folder).path(digest).stat().st_size
            _point(folder, tag, oci.Descriptor(value.get("mediaType", kind), digest, size))

    def delete_tag(self, repository: str, tag: str) -> None:
        """Take a tag away, and no other; the image's blobs stay."""
        folder = self._folder(repository)
        names.tag(tag)
        if tag not in self.tags(repository):
            return
        with self._writing(folder):
            entries = ocidir.read_index(folder)
            ocidir.write_index(folder, [entry for entry in entries if _name(entry) != tag])

    def check(self) -> None:
        """Return when the root can be read, or does not exist yet and can be made."""
        existing = self.root
        while not existing.exists() and existing != existing.parent:
            existing = existing.parent
        if not existing.is_dir():
            raise SlipwayError(
                "this is not a folder", where=str(existing), fix="correct registry.path"
            )
        if not os.access(existing, os.R_OK | os.W_OK | os.X_OK):
            raise SlipwayError(
                "the registry's folder cannot be read and written",
                where=str(existing),
                fix="change its owner or mode, or set registry.path to another folder",
            )

    def _folder(self, repository: str) -> Path:
        parts = names.repository(repository).split("/")
        if taken := _RESERVED.intersection(parts):
            raise WrongUsage(
                f"a repository in a folder cannot be called {min(taken)!r}",
                where=repository,
                fix="choose another name, it stands for a part of the image layout",
            )
        return self.root.joinpath(*parts)

    def _standing(self, folder: Path, tag: str) -> str | None:
        """Return what a tag stands on; an entry whose manifest is gone stands for nothing."""
        store = ocidir.Blobs(folder)
        for entry in ocidir.read_index(folder):
            if _name(entry) == tag and store.path(entry["digest"]).is_file():
                return str(entry["digest"])
        return None

    @contextmanager
    def _writing(self, folder: Path) -> Iterator[None]:
        try:
            with exclusively(folder / ".lock", self.patience):
                ocidir.Blobs(folder).sweep()
                yield
        except OSError as error:
            raise SlipwayError(
                f"the registry's folder cannot be written: {error.strerror or error}",
                where=str(error.filename or folder),
                fix="check the disk, and the folder's owner and mode",
            ) from None

    def _taken(self, repository: str, tag: str, standing: str, image: content.Image) -> TagTaken:
        try:
            commit = revision(self.config(repository, standing))
        except SlipwayError:
            commit = None
        ours = (image.root.digest, revision(image.config))
        return tag_taken(repository, tag, (standing, commit), ours)


def _name(entry: dict[str, Any]) -> str | None:
    name = (entry.get("annotations") or {}).get(oci.REF_NAME)
    return name if isinstance(name, str) else None


def _copy(
    image: content.Image, source: ocidir.Blobs, target: ocidir.Blobs
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Copy what is missing, or damaged; return the digests that were new and those present."""
    present = tuple(blob.digest for blob in image.blobs if target.has(blob.digest))
    new = tuple(blob.digest for blob in image.blobs if blob.digest not in present)
    manifests = [node.digest for node, _ in image.manifests if not target.has(node.digest)]
    for digest in (*new, *manifests):
        with source.open(digest) as stream:
            target.add(stream, digest)
    return new, present


def _point(folder: Path, tag: str, root: oci.Descriptor) -> None:
    """Make `tag` stand on `root`."""
    ocidir.mark(folder)
    others = [entry for entry in ocidir.read_index(folder) if _name(entry) != tag]
    entry = {**root.as_json(), "annotations": {**root.annotations, oci.REF_NAME: tag}}
    ocidir.write_index(folder, [*others, entry])
