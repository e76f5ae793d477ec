"""The requests of the OCI distribution API, one method each; every digest is checked here.

Names of repositories are full ones here, the address's prefix included.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import IO

import requests

from tasks.kernel.errors import SlipwayError
from tasks.kernel.web import BROKEN_BODY, broken

from . import address, names, oci, ocidir
from .retry import Patience, Transient
from .transport import Body, Transport

_ACCEPT = ", ".join((*oci.MANIFESTS, *oci.INDEXES))
_DIGEST = "Docker-Content-Digest"
_PAGE = 1000


class Client:
    """The distribution API of one registry.

    Args:
        transport: sends the requests.
        patience: how often to try.
    """

    def __init__(self, transport: Transport, patience: Patience) -> None:
        self._transport = transport
        self._patience = patience
        self._address = transport.address

    def ping(self) -> None:
        """Ask for the API's root, as every client does first."""
        response = self._ask("GET", self._address.url(""), "")
        if response.status_code == 404:
            raise SlipwayError(
                "there is no registry at this address",
                where=self._address.host,
                fix="correct registry.url: it is the registry, not its web page",
            )
        self._expect(response, {200}, "the registry cannot be used", "v2/")

    def resolve(self, name: str, tag: str) -> str | None:
        """Return the digest a tag stands on, None when there is none."""
        url = self._address.url(f"{name}/manifests/{tag}")
        response = self._ask("HEAD", url, name, headers={"Accept": _ACCEPT})
        if response.status_code == 404:
            return None
        self._expect(response, {200}, "the tag cannot be read", f"{name}:{tag}")
        digest = response.headers.get(_DIGEST, "")
        if names.is_digest(digest):
            return digest
        found = self.manifest(name, tag)  # a registry that does not say: hash the manifest
        return oci.digest_of(found[0]) if found else None

    def tags(self, name: str) -> list[str]:
        """Return all tags, sorted, whatever number of pages they come in."""
        url = self._address.url(f"{name}/tags/list?n={_PAGE}")
        found: set[str] = set()
        seen: set[str] = set()
        while url and url not in seen:
            seen.add(url)
            response = self._ask("GET", url, name)
            if response.status_code == 404:
                break
            self._expect(response, {200}, "the tags cannot be listed", name)
            reply = oci.decode(response.content, f"{self._address.host}/{name}")
            found.update(str(tag) for tag in reply.get("tags") or [])
            following = response.links.get("next", {}).get("url")
            url = self._address.follow(url, following) if following else ""
        return sorted(found)

    def manifest(self, name: str, reference: str) -> tuple[bytes, str] | None:
        """Return a manifest's bytes and media type, verified."""
        url = self._address.url(f"{name}/manifests/{reference}")
        response = self._ask("GET", url, name, headers={"Accept": _ACCEPT})
        if response.status_code == 404:
            return None
        where = f"{name}@{reference}" if names.is_digest(reference) else f"{name}:{reference}"
        self._expect(response, {200}, "the image cannot be read", where)
        body = response.content
        if len(body) > oci.LARGEST_MANIFEST:
            raise SlipwayError("the image's manifest is too large", where=where)
        said = reference if names.is_digest(reference) else response.headers.get(_DIGEST)
        _same(said, oci.digest_of(body), f"{self._address.host}/{where}")
        return body, response.headers.get("Content-Type", oci.MANIFEST).partition(";")[0].strip()

    def put_manifest(self, name: str, reference: str, node: oci.Descriptor, body: bytes) -> None:
        """Upload a manifest under a tag or its digest."""
        url = self._address.url(f"{name}/manifests/{reference}")
        headers = {"Content-Type": node.media_type}
        response = self._ask("PUT", url, name, headers=headers, body=body)
        where = f"{name}:{reference}"
        self._expect(response, {200, 201, 202}, "the manifest cannot be uploaded", where)
        _same(response.headers.get(_DIGEST), node.digest, f"{self._address.host}/{where}")

    def delete(self, name: str, reference: str) -> bool:
        """Delete a tag, or an image with all its tags.

        Returns:
            Whether it is gone now; not when the registry cannot delete such a thing.
        """
        url = self._address.url(f"{name}/manifests/{reference}")
        response = self._ask("DELETE", url, name)
        if response.status_code in {400, 405}:
            return False
        self._expect(response, {200, 202, 404}, "it cannot be deleted", f"{name}:{reference}")
        return True

    def fetch_blob(self, name: str, digest: str, target: IO[bytes]) -> None:
        """Write a blob into a seekable file, verified."""
        self._patience.persist(self._address.host, lambda: self._fetch(name, digest, target))

    def put_blob(self, name: str, blob: oci.Descriptor, stream: IO[bytes]) -> bool:
        """Upload a blob in one piece unless it is there; return whether it was sent.

        Done again from its beginning when it breaks off: an upload that landed although its answer
        got lost is then found by the first question.
        """
        return self._patience.persist(
            self._address.host, lambda: not self._has(name, blob) and self._send(name, blob, stream)
        )

    def _fetch(self, name: str, digest: str, target: IO[bytes]) -> None:
        url = self._address.url(f"{name}/blobs/{digest}")
        response = self._transport.send("GET", url, repository=name, stream=True)
        with response:
            where = f"{name}@{digest}"
            self._expect(response, {200}, "the blob cannot be read", where)
            target.seek(0)
            target.truncate()
            state = hashlib.sha256()
            try:
                for chunk in response.raw.stream(ocidir.CHUNK, decode_content=False):
                    state.update(chunk)
                    target.write(chunk)
            except BROKEN_BODY as error:
                raise Transient(broken(error)) from None
            _same(digest, f"sha256:{state.hexdigest()}", f"{self._address.host}/{where}")

    def _has(self, name: str, blob: oci.Descriptor) -> bool:
        url = self._address.url(f"{name}/blobs/{blob.digest}")
        response = self._transport.send("HEAD", url, repository=name)
        if response.status_code == 404:
            return False
        where = f"{name}@{blob.digest}"
        self._expect(response, {200}, "the blob cannot be looked up", where)
        length = response.headers.get("Content-Length", "")
        if length.isdigit() and int(length) != blob.size:
            raise SlipwayError(
                f"the registry holds {length} bytes of a blob that has {blob.size}",
                where=f"{self._address.host}/{where}",
                fix="repair the registry's storage: it does not have what it says",
            )
        return True

    def _send(self, name: str, blob: oci.Descriptor, stream: IO[bytes]) -> bool:
        where = f"{name}@{blob.digest}"
        begin = self._address.url(f"{name}/blobs/uploads/")
        response = self._transport.send("POST", begin, repository=name, body=b"")
        self._expect(response, {202}, "the upload cannot begin", where)
        there = self._address.follow(begin, response.headers.get("Location", begin))
        response = self._transport.send(
            "PUT",
            address.with_digest(there, blob.digest),
            repository=name,
            headers={"Content-Type": "application/octet-stream"},
            body=stream if blob.size else b"",
        )
        self._expect(response, {201, 204}, "the blob cannot be uploaded", where)
        _same(response.headers.get(_DIGEST), blob.digest, f"{self._address.host}/{where}")
        return True

    def _ask(
        self,
        method: str,
        url: str,
        repository: str,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
    ) -> requests.Response:
        def once() -> requests.Response:
            send = self._transport.send
            return send(method, url, repository=repository, headers=headers, body=body)

        return self._patience.persist(self._address.host, once)

    def _expect(
        self, response: requests.Response, statuses: set[int], what: str, where: str
    ) -> None:
        if response.status_code not in statuses:
            raise self._transport.refused(response, what, where)


def _same(said: str | None, found: str, where: str) -> None:
    """Compare a digest the registry said, when it did, with that of the bytes."""
    if said and said != found:
        raise SlipwayError(
            "the registry's content does not have its digest",
            where=where,
            fix="something on the way or the registry's storage is broken; do not use this image",
            detail=[f"expected {said}", f"found    {found}"],
        )
