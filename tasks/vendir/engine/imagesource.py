"""Images: their layers on top of one another, as files, pinned by the image's digest.

Credentials are those of the source's own secret, or what docker's file keeps for that registry;
what the pipeline logs in with at its own registry never goes to another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.registry import elsewhere
from tasks.registry.layers import opened

from . import auth
from .addresses import parts
from .filters import keeper
from .gitsource import Place
from .layers import Tree
from .model import Content
from .paths import inside, is_within
from .versions import highest

if TYPE_CHECKING:
    from tasks.registry import Registry

_REMEDY: Final = "give the content a secretRef, or log in there with docker or skopeo"
_PATIENCE: Final = 30  # seconds until a registry begins to answer


def fetch(content: Content, at: Place, into: Path) -> dict[str, Any]:
    """Write the files of an image, and return its lock entry.

    Raises:
        WrongUsage: the source is not complete.
        SlipwayError: the registry refuses, or the image has what must not be written.
    """
    source, where = content.source, f"{content.where}.image"
    url = str(source.get("url", ""))
    parts(f"//{url}", where)
    wanted = elsewhere.reference(url, where)
    name = source.get("secretRef", {}).get("name", "")
    registry = elsewhere.open_other(
        wanted,
        _REMEDY,
        held=auth.secret(at.config, name, where) if "secretRef" in source else None,
        place=f"secret {name}",
        timeout=source.get("responseHeaderTimeout") or _PATIENCE,
        verify=not source.get("dangerousSkipTLSVerify"),
    )
    if (selection := source.get("tagSelection")) is not None:
        if wanted.tag or wanted.digest:
            raise WrongUsage("tagSelection wants a url without tag and digest", where=where)
        wanted = wanted._replace(tag=_selected(registry, wanted, selection, where))
    digest = wanted.digest or registry.resolve(wanted.repository, wanted.tag or "latest")
    if digest is None:
        raise SlipwayError(
            f"there is no image {wanted.repository}:{wanted.tag or 'latest'}",
            where=f"{where}: {wanted.host}",
            fix="correct the url, or push the image",
        )
    place = f"{wanted.host}/{wanted.repository}@{digest}"
    into.mkdir(mode=0o700)
    tree = Tree(into, place)
    for layer in elsewhere.layers(registry, wanted.repository, digest):
        with (
            registry.open_blob(wanted.repository, layer.digest) as blob,
            opened(blob, place) as archive,
        ):
            tree.add(archive)
    tree.finish(_asked_for(content))
    facts = {"url": place}
    tag = content.tag or wanted.tag
    return facts | ({"tag": tag} if tag else {})


def _selected(
    registry: Registry, wanted: elsewhere.Reference, selection: Mapping[str, Any], where: str
) -> str:
    semver = selection.get("semver")
    if semver is None:
        raise WrongUsage("tagSelection needs semver", where=where)
    allowed = semver.get("prereleases")
    identifiers = None if allowed is None else allowed.get("identifiers", [])
    return highest(registry.tags(wanted.repository), semver.get("constraints", ""), identifiers)


def _asked_for(content: Content) -> Callable[[str], bool]:
    """Return the test whether a path of the image becomes a part of the content."""
    root, keep = inside(content.new_root, "newRootPath", content.where), keeper(content)
    return lambda path: is_within(path, root) and keep(path)
