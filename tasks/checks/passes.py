"""Every pass, by the fingerprint of what passed: the very same tree is not judged twice."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

from ..kernel import paths
from ..kernel.config import Check
from ..kernel.facts import canonical
from ..kernel.world import World
from . import artifacts
from .subject import Subject

_MOST = 50  # passes to remember of one check


def sources(world: World, check: Check, subject: Subject) -> dict[str, str]:
    """Return the digests of the artifacts that a check is given."""
    verdicts = {name: subject.verdict(name) for name in check.from_}
    return artifacts.digests(world, check.from_, verdicts)


def inputs(world: World, check: Check, subject: Subject) -> dict[str, str]:
    """Return the digest of each input set's fingerprint."""
    told = {name: world.read(subject.input(name)) or b"" for name in check.inputs}
    return {name: sha256(content).hexdigest() for name, content in told.items()}


def key(world: World, check: Check, subject: Subject) -> str:
    """Return what a pass is found by: the inputs, the artifacts given, and the settings."""
    settings = world.config.slice(f"checks.{check.name}")[f"checks.{check.name}"]
    for name in ("guards", "status"):  # who waits for it, or is told, is not what it judges
        del settings[name]
    told = [settings, inputs(world, check, subject), sources(world, check, subject)]
    return sha256(canonical(told)).hexdigest()


def find(world: World, check: Check, subject: Subject) -> dict[str, Any] | None:
    """Return the pass of the very same tree; None when there is none, or its artifacts are gone."""
    name = f"{_folder(check.name)}/{key(world, check, subject)}.json"
    found: dict[str, Any] | None = world.json_or(name, None)
    if found is None or not {"commit", "says", "artifacts"} <= set(found):
        return None
    kept = found["artifacts"]
    return None if kept and not artifacts.is_whole(world, check.name, kept) else found


def remember(
    world: World, check: Check, subject: Subject, says: str, kept: artifacts.Kept | None
) -> None:
    """Keep a pass, and forget what is old."""
    told = {"commit": subject.commit(world), "says": says, "artifacts": kept}
    world.write_json(f"{_folder(check.name)}/{key(world, check, subject)}.json", told)
    _forget(world, check.name)


def forget(check: Check, subject: Subject, world: World) -> None:
    """Forget that this very tree has passed; what is empty is no pass."""
    if find(world, check, subject):
        world.write(f"{_folder(check.name)}/{key(world, check, subject)}.json", b"")


def _folder(check: str) -> str:
    return f"{paths.kept_of(check)}/passed"


def _forget(world: World, check: str) -> None:
    """Drop the oldest passes, and the artifacts that no pass and no verdict names."""
    folder = world.path(_folder(check))
    newest = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in newest[_MOST:]:
        file.unlink(missing_ok=True)
    named: set[Path] = set()
    passes = [f"{_folder(check)}/{file.name}" for file in newest[:_MOST]]
    for name in (*passes, paths.verdict(check), paths.chosen_verdict(check)):
        kept = world.json_or(name, {}).get("artifacts")
        if isinstance(kept, dict):
            named.add(artifacts.folder_of(world, check, kept))
    for left in world.path(f"{paths.kept_of(check)}/artifacts").glob("*"):
        if left not in named:
            rmtree(left, ignore_errors=True)
