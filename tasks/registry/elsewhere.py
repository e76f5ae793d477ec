"""Registries that are not the pipeline's own: whichever an image's name says.

They are logged in to with what was given for them, else with what docker's file keeps for them; the
variables that open the pipeline's own registry are never looked at here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from tasks.kernel.errors import SlipwayError, WrongUsage

from . import address, content, names, oci
from .credentials import Credentials, in_docker_file, kept
from .http import HttpRegistry

_HUB: Final = "index.docker.io"
_REFERENCE: Final = r"(?P<name>[^@]+?)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>[\w+.-]+:\w+))?"
_DOCKER: Final = ".dockerconfigjson"
_FIELDS: Final = frozenset({"username", "password", "token"})
_HOST_FIELDS: Final = frozenset({"username", "password", "hostname", "identitytoken"})


class Reference(NamedTuple):
    """The name of an image.

    Attributes:
        host: of the registry, with its port.
        repository: in it.
        tag: "" for none.
        digest: "" for none.
    """

    host: str
    repository: str
    tag: str
    digest: str


def reference(text: str, where: str = "") -> Reference:
    """Take the name of an image apart, with the defaults that docker gave them.

    Raises:
        WrongUsage: it is no such name.
    """
    found = re.fullmatch(_REFERENCE, text, re.ASCII)
    if not found or "://" in text:
        raise WrongUsage(
            f"{text!r} names no image", where=where, fix="write it as HOST[:PORT]/NAME[:TAG]"
        )
    host, _, rest = found["name"].partition("/")
    if not rest or not (set(".:") & set(host) or host == "localhost"):
        host, rest = _HUB, found["name"]
    host = _HUB if host in ("docker.io", "registry-1.docker.io") else host
    rest = f"library/{rest}" if host == _HUB and "/" not in rest else rest
    tag, digest = found["tag"] or "", found["digest"] or ""
    names.repository(rest)
    _server(host, where)
    if digest:
        names.digest(digest)
    return Reference(host, rest, tag, digest)


def _server(host: str, where: str = "") -> str:
    """Return the host that is asked: the Hub's goes by several names."""
    try:
        return address.parse(host).host
    except WrongUsage as error:
        raise WrongUsage(error.what, where=where, fix="write it as HOST[:PORT]") from None


def _login(held: Mapping[str, bytes], wanted: Reference, place: str) -> Credentials | None:
    """Return what a secret holds for an image's registry; None when that is nothing."""
    if _DOCKER in held:
        return in_docker_file(held[_DOCKER], place, _server(wanted.host), wanted.repository)
    known = _HOST_FIELDS if "hostname" in held else _FIELDS
    if unknown := sorted(set(held) - known):
        raise WrongUsage(f"{place} has an unknown field {unknown[0]}")
    texts = {key: value.decode("utf-8", "replace") for key, value in held.items()}
    if _server(texts.get("hostname", wanted.host), place) != _server(wanted.host):
        return None  # they are for another registry
    found = Credentials(
        texts.get("username", ""),
        texts.get("password", ""),
        texts.get("identitytoken", ""),
        source=f"from {place}",
        bearer=texts.get("token", ""),
    )
    return found or None


def open_other(
    wanted: Reference, remedy: str, *, held: Mapping[str, bytes] | None = None, place: str = "",
    timeout: float = 30.0, verify: bool = True,
) -> HttpRegistry:  # fmt: skip
    """Return the registry that an image is in; nothing is asked of it yet.

    Args:
        wanted: the image.
        remedy: what to do when the registry does not accept our credentials, or wants some.
        held: a secret that was given for it: `username` and `password`, or `token`; with
            `hostname` for that registry alone; or `.dockerconfigjson`.
        place: where that secret is from, for messages.
        timeout: seconds to wait for a connection, and for each piece of an answer.
        verify: whether the registry must have a certificate that is good.

    Raises:
        WrongUsage: the secret has a field that is not known.
        SlipwayError: docker's file cannot be read.
    """
    login = _login(held, wanted, place) if held is not None else None
    login = login or kept(_server(wanted.host), wanted.repository, os.environ)
    login = replace(login, remedy=remedy)
    return HttpRegistry(wanted.host, login=login, timeout=timeout, verify=verify)


def layers(registry: HttpRegistry, repository: str, digest: str) -> list[oci.Descriptor]:
    """Return the layers of one image, the lowest first.

    Raises:
        SlipwayError: there is none, or it is an index of several.
    """
    where = f"{registry.address.host}/{repository}@{digest}"
    manifest = registry.manifest(repository, digest)
    if manifest is None:
        raise SlipwayError("there is no such image", where=where, fix="push it again")
    if "manifests" in manifest:
        raise SlipwayError(
            "this is an index of several images",
            where=where,
            detail=[str(each.get("digest")) for each in manifest["manifests"]],
            fix="name the image of one platform by its digest",
        )
    return content.layers_of(manifest, where)
