"""An OCI image layout on disk: `oci-layout`, `index.json`, and `blobs/sha256/`.

Blobs are written under a temporary name, verified, and renamed; the index is replaced whole. So a
process that dies at any point leaves a layout that is valid, at worst with a `.tmp` file in it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tasks.kernel.errors import SlipwayError
from tasks.kernel.facts import write_bytes

from . import names, oci

CHUNK = 1024 * 1024
_MARKER = b'{"imageLayoutVersion":"1.0.0"}'


class Blobs:
    """The content-addressed files of one layout."""

    def __init__(self, layout: Path) -> None:
        self.layout = layout
        self.folder = layout / "blobs" / "sha256"

    def path(self, digest: str) -> Path:
        """Return where a blob stands, or would stand."""
        return self.folder / names.digest(digest).removeprefix("sha256:")

    def has(self, digest: str) -> bool:
        """Return whether the blob is there and its content is what its name says."""
        try:
            with self.open(digest):
                return True
        except SlipwayError:
            return False

    @contextmanager
    def open(self, digest: str) -> Iterator[IO[bytes]]:
        """Open a blob for reading; it was verified before the caller sees the first byte.

        Raises:
            SlipwayError: the blob is missing, or its content does not have this digest.
        """
        path = self.path(digest)
        try:
            stream = path.open("rb")
        except FileNotFoundError:
            raise SlipwayError(
                f"blob {digest} is missing", where=str(self.layout), fix="push the image again"
            ) from None
        except OSError as error:
            raise _unreadable(path, error) from None
        with stream:
            found = _hash(stream)
            if found != digest:
                raise SlipwayError(
                    "the content of a blob does not have its digest",
                    where=str(path),
                    fix="push the image again, which repairs it",
                    detail=[f"expected {digest}", f"found    {found}"],
                )
            stream.seek(0)
            yield stream

    def read(self, digest: str) -> bytes:
        """Return the whole content of a blob; see `open`."""
        with self.open(digest) as stream:
            return stream.read()

    def add(self, source: IO[bytes], digest: str | None = None) -> tuple[str, int]:
        """Write a blob durably.

        Args:
            source: the content.
            digest: what the content must have, when that is known already.

        Returns:
            Digest and size in bytes.

        Raises:
            SlipwayError: the content has another digest than `digest`; nothing was written.
        """
        with self.create() as draft:
            while chunk := source.read(CHUNK):
                draft.write(chunk)
            if digest is not None and draft.digest != digest:
                raise SlipwayError(
                    "the content does not have its digest",
                    where=str(self.layout),
                    detail=[f"expected {digest}", f"found    {draft.digest}"],
                )
        return draft.digest, draft.size

    @contextmanager
    def create(self) -> Iterator[Draft]:
        """Yield a blob to write to, which gets its name when the block ends without an error."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as stream:
                draft = Draft(stream)
                yield draft
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(self.path(draft.digest))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def sweep(self) -> None:
        """Remove what killed processes left; the caller must be the layout's only writer."""
        for folder in (self.folder, self.layout):
            for path in folder.glob(".*.tmp"):
                path.unlink(missing_ok=True)


class Draft:
    """A blob while it is written: counts and hashes what passes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> int:
        """Append `chunk`."""
        self._hash.update(chunk)
        self.size += len(chunk)
        self._stream.write(chunk)
        return len(chunk)

    @property
    def digest(self) -> str:
        """The digest of what was written so far."""
        return f"sha256:{self._hash.hexdigest()}"


def mark(layout: Path) -> None:
    """Write the file that makes `layout` an OCI image layout."""
    write_bytes(layout / "oci-layout", _MARKER)


def read_index(layout: Path) -> list[dict[str, Any]]:
    """Return the descriptors of `index.json`, each checked, empty when there is no index yet.

    Raises:
        SlipwayError: the index is damaged.
    """
    path = layout / "index.json"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(path, error) from None
    entries = oci.decode(content, str(path)).get("manifests")
    if not isinstance(entries, list):
        raise SlipwayError("the index has no list of manifests", where=str(path))
    for entry in entries:
        oci.descriptor(entry, str(path))
    return entries


def write_index(layout: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Replace `index.json` atomically."""
    value = {"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": list(entries)}
    write_bytes(layout / "index.json", oci.encode(value))


def sole(layout: Path) -> oci.Descriptor:
    """Return the one image of a layout.

    Raises:
        SlipwayError: `layout` is not an image layout, or holds none or several images.
    """
    if not (layout / "oci-layout").is_file():
        raise SlipwayError(
            "this is not an OCI image layout", where=str(layout), fix="build the image first"
        )
    found = [oci.descriptor(entry, str(layout / "index.json")) for entry in read_index(layout)]
    if len({entry.digest for entry in found}) != 1:
        raise SlipwayError(
            f"the layout holds {len(found)} images, not one",
            where=str(layout),
            fix="build the image again, into a folder of its own",
        )
    return found[0]


def _unreadable(path: Path, error: OSError) -> SlipwayError:
    return SlipwayError(
        f"it cannot be read: {error.strerror}", where=str(path), fix="check its owner and mode"
    )


def _hash(stream: IO[bytes]) -> str:
    state = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        state.update(chunk)
    return f"sha256:{state.hexdigest()}"
