"""The documentation as facts: what it is made from, its files, and what a commit needs of it."""

from __future__ import annotations

import io
import tarfile
from hashlib import sha256
from typing import Any

from ..kernel import facts, paths
from ..kernel.config import Docs
from ..kernel.errors import Failed
from ..kernel.world import World
from .snapshot import Settings, listed
from .tree import AtCommit, Changed, Changes


def settings_of(docs: Docs) -> Settings:
    """Return how versions are kept, as configured."""
    return Settings(docs.keep, docs.labels, docs.copies)


def save(world: World, told: dict[str, Any], generated: Changes, kept: Changes) -> None:
    """Write the facts.

    Args:
        world: where to.
        told: what it is made from.
        generated: what the commands changed.
        kept: the files of the new version.
    """
    contents = {f"generated/{name}": body for name, body in generated.items()}
    contents |= {f"kept/{name}": body for name, body in kept.items()}
    world.write(paths.DOCS_FILES, _packed(contents))
    digests = {
        name: sha256(body).hexdigest() if body is not None else None
        for name, body in contents.items()
    }
    world.write_json(paths.DOCS, told | {"files": digests})


def _packed(contents: Changes) -> bytes:
    """Return an archive that is the same for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, body in sorted(contents.items()):
            if body is not None:
                entry = tarfile.TarInfo(name)
                entry.size = len(body)
                archive.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()


def _unpacked(world: World) -> tuple[Changes, Changes]:
    """Return what the commands changed, and the files of the new version.

    Raises:
        Failed: the archive is not the one that its fact tells of.
    """
    told = world.json(paths.DOCS)["files"]
    try:
        with tarfile.open(fileobj=io.BytesIO(world.read(paths.DOCS_FILES) or b"")) as archive:
            bodies = {
                entry.name: stream.read()
                for entry in archive
                if (stream := archive.extractfile(entry)) is not None
            }
    except tarfile.TarError:
        bodies = {}
    digests = {name: sha256(body).hexdigest() for name, body in bodies.items()}
    if digests != {name: digest for name, digest in told.items() if digest is not None}:
        raise Failed(
            f"{paths.DOCS_FILES} was changed after it was made", fix="rm -r build/docs, then again"
        )
    all_of = {name: bodies.get(name) for name in told}
    parts = ("generated/", "kept/")
    generated, kept = (
        {n.removeprefix(part): body for n, body in all_of.items() if n.startswith(part)}
        for part in parts
    )
    return generated, kept


def files_for(world: World, base: str) -> dict[str, bytes | None]:
    """Return what the promotion changes besides the changelog, on top of a commit.

    The commit is the candidate's, or a later one: then a page that went on since the candidate
    stays as it is there, and the list of versions is that commit's, with one more.

    Args:
        world: whose facts.
        base: the commit that the promotion stands on.

    Returns:
        Path in the source → content; None for what goes.

    Raises:
        Failed: what was generated is not whole any more.
    """
    docs = world.config.docs
    told = world.json_or(paths.DOCS, {}) if docs else {}
    if docs is None or "files" not in told:
        return {}
    generated, kept = _unpacked(world)
    mirror = world.mirror("source")
    here, then = AtCommit(mirror, base, docs.site), AtCommit(mirror, told["commit"], docs.site)
    changes: Changes = {
        name: body
        for name, body in generated.items()
        if here.blobs.get(name) == then.blobs.get(name)
    }
    changes |= _stale(here, kept, told["core"])
    changes |= kept
    changes |= listed(Changed(here, changes), told["core"], settings_of(docs))
    return {
        f"{docs.site}/{name}": body
        for name, body in sorted(changes.items())
        if body is not None or name in here.blobs
    }


def _stale(here: AtCommit, kept: Changes, version: str) -> Changes:
    """Return the files of a version of that name that were kept before and are no part of it."""
    folder = f"versioned_docs/version-{version}/"
    if not any(name.startswith(folder) for name in kept):
        return {}
    return {name: None for name in here.names() if name.startswith(folder)}


def key_of(world: World, docs: Docs, version: dict[str, Any]) -> str:
    """Return what the documentation is made from, as one digest."""
    inputs = {
        name: (world.read(paths.candidate_input(name)) or b"").decode(errors="replace")
        for name in docs.inputs
    }
    kept = {name: world.json_or(paths.verdict(name), {}).get("artifacts") for name in docs.checks}
    told = [version["commit"], version["core"], inputs, kept, world.config.slice("docs")]
    return sha256(facts.canonical(told)).hexdigest()
