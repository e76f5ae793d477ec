"""Any registry that speaks the OCI distribution API over HTTP(S).

A registry has no create-only tag: `push` looks first, uploads, sets the tag, and reads it back.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tasks.kernel.errors import SlipwayError

from . import address, content, credentials, names, oci, ocidir
from .client import Client
from .port import Pushed, revision, tag_taken
from .retry import Patience
from .transport import Transport

_SPOOL = 8 * 1024 * 1024  # bytes of a blob kept in memory before it goes to a temporary file


class HttpRegistry:
    """A registry over HTTP(S); see `port.Registry` for what the methods promise.

    Args:
        url: `https://HOST[:PORT][/PREFIX]`.
        insecure: allow plain HTTP to another machine.
        environ: where to look for credentials and their files; the process environment by default.
        patience: how often to try, and how to wait.
        timeout: seconds to wait for a connection, and for each piece of an answer.
        login: what to log in with instead of looking for it. Needed for every registry but the
            pipeline's own: the variables of the environment are for that one alone.
        verify: whether the registry must have a certificate that is good.
    """

    def __init__(
        self,
        url: str,
        *,
        insecure: bool = False,
        environ: Mapping[str, str] | None = None,
        patience: Patience | None = None,
        timeout: float = 30.0,
        login: credentials.Credentials | None = None,
        verify: bool = True,
    ) -> None:
        self.address = address.parse(url, insecure=insecure)
        where = self.address.host, self.address.prefix
        if login is None:
            login = credentials.find(*where, os.environ if environ is None else environ)
        transport = Transport(self.address, login, timeout, verify=verify)
        self._client = Client(transport, patience or Patience())

    def resolve(self, repository: str, tag: str) -> str | None:
        """Return the digest a tag stands on, None when there is none."""
        return self._client.resolve(self.address.repository(repository), names.tag(tag))

    def tags(self, repository: str) -> list[str]:
        """Return all tags, sorted."""
        return self._client.tags(self.address.repository(repository))

    def manifest(self, repository: str, reference: str) -> dict[str, Any] | None:
        """Return an image's manifest or index, None when there is no such image."""
        name = self.address.repository(repository)
        found = self._client.manifest(name, names.reference(reference))
        return oci.decode(found[0], f"{name}:{reference}") if found else None

    def config(self, repository: str, digest: str) -> dict[str, Any]:
        """Return the configuration of an image."""
        return content.config(self, repository, digest)

    def blob(self, repository: str, digest: str) -> bytes:
        """Return a blob whole, verified."""
        with self.open_blob(repository, digest) as stream:
            return stream.read()

    @contextmanager
    def open_blob(self, repository: str, digest: str) -> Iterator[IO[bytes]]:
        """Fetch a blob into a temporary file and open that, verified."""
        name = self.address.repository(repository)
        names.digest(digest)
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
            self._client.fetch_blob(name, digest, spool)
            spool.seek(0)
            yield spool

    def push(self, repository: str, layout: Path, tag: str) -> Pushed:
        """Upload the one image of an OCI layout and tag it.

        Raises:
            TagTaken: the tag stands on another image, or somebody was quicker just now.
        """
        name = self.address.repository(repository)
        names.tag(tag)
        image = content.in_layout(layout)
        digest = image.root.digest
        standing = self._client.resolve(name, tag)
        if standing == digest:
            return Pushed(digest, (), tuple(blob.digest for blob in image.blobs))
        if standing is None:
            new, present = self._upload(name, image, ocidir.Blobs(layout))
            standing = self._claim(name, tag, image)
            if standing == digest:
                return Pushed(digest, new, present)
        there = (standing, self._revision(repository, standing))
        place = f"{self.address.host}/{name}"
        raise tag_taken(place, tag, there, (digest, revision(image.config)))

    def move(self, repository: str, tag: str, digest: str) -> None:
        """Put a moving name on an image that is there already."""
        name = self.address.repository(repository)
        names.tag(tag)
        found = self._client.manifest(name, names.digest(digest))
        if found is None:
            raise SlipwayError(
                f"tag {tag} cannot be moved to an image that is not there",
                where=f"{self.address.host}/{name}@{digest}",
                fix="push the image first",
            )
        body, kind = found
        if self._client.resolve(name, tag) == digest:
            return
        self._client.put_manifest(name, tag, oci.Descriptor(kind, digest, len(body)), body)
        standing = self._client.resolve(name, tag)
        if standing != digest:
            raise SlipwayError(
                f"tag {tag} was moved elsewhere at the same time",
                where=f"{self.address.host}/{name}:{tag}",
                fix="run the same again",
                detail=[f"wanted {digest}", f"found  {standing}"],
            )

    def delete_tag(self, repository: str, tag: str) -> None:
        """Take a tag away, and no other.

        Raises:
            SlipwayError: the registry deletes whole images only, and this one has other tags.
        """
        name = self.address.repository(repository)
        digest = self._client.resolve(name, names.tag(tag))
        if digest is None or self._client.delete(name, tag):
            return
        others = [
            other
            for other in self._client.tags(name)
            if other != tag and self._client.resolve(name, other) == digest
        ]
        if others or not self._client.delete(name, digest):
            raise SlipwayError(
                "the registry cannot delete this tag and nothing else",
                where=f"{self.address.host}/{name}:{tag}",
                fix="allow deletion in the registry's settings, or delete it in its own interface",
                detail=[f"other tags of the image: {', '.join(others) or 'none'}"],
            )

    def check(self) -> None:
        """Return when the registry answers and takes our credentials."""
        self._client.ping()

    def _revision(self, repository: str, digest: str) -> str | None:
        try:
            return revision(self.config(repository, digest))
        except SlipwayError:
            return None

    def _claim(self, name: str, tag: str, image: content.Image) -> str:
        """Set a tag that was free; return what it stands on then, which may be another's image."""
        # Uploads take long: look again, so that another's tag is hardly ever written over.
        standing = self._client.resolve(name, tag)
        if standing is None:
            self._client.put_manifest(name, tag, *image.manifests[-1])
            standing = self._client.resolve(name, tag)
        if standing is None:
            raise SlipwayError(
                f"the registry took tag {tag} and does not show it",
                where=f"{self.address.host}/{name}:{tag}",
                fix="run the same again; if it stays so, see the registry's log",
            )
        return standing

    def _upload(
        self, name: str, image: content.Image, store: ocidir.Blobs
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        new: list[str] = []
        present: list[str] = []
        for blob in image.blobs:
            with store.open(blob.digest) as stream:
                sent = self._client.put_blob(name, blob, stream)
            (new if sent else present).append(blob.digest)
        for node, body in image.manifests:
            self._client.put_manifest(name, node.digest, node, body)
        return tuple(new), tuple(present)
