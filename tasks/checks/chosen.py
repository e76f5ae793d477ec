"""The observer `ref`: what `ref=` names → its commit, and a fingerprint of each input set there."""

from __future__ import annotations

import difflib
import re

from ..kernel import chosen, paths, remotes
from ..kernel import git as g
from ..kernel.errors import SlipwayError, WrongUsage
from ..kernel.lock import exclusively
from ..kernel.world import World
from ..source import fingerprints
from .snapshot import Snapshot, snapshot

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_WHOLE = (40, 64)  # characters of a full commit id


def observe(ref: str, world: World) -> str:
    """Write the commit that `ref=` names and its fingerprints.

    Raises:
        SlipwayError: there is no such thing, or it lacks a declared path.
        WrongUsage: it could be two things.
    """
    folder = chosen.folder(ref)
    if folder is not None:
        found = snapshot(world, folder, ref)
    else:
        commit = _commit(world, ref)
        found = Snapshot(commit, commit, changed=False)
    mirror = world.mirror("source")
    told, missing = fingerprints(mirror, found.commit, world.config.inputs)
    if missing:
        raise SlipwayError(
            "paths of input sets do not exist there",
            where=f"ref={ref}",
            detail=[f"inputs.{name}: {path}" for name, path in missing],
            fix="is it a commit, or the top folder, of the source?",
        )
    main = world.json(paths.HEAD)["commit"]
    base = g.text("merge-base", main, found.tip, repo=mirror, ok=(0, 1))
    title = ("log", "-1", "--format=%s", found.tip, "--")
    subject = g.git(*title, repo=mirror).decode(errors="replace").strip()
    fact = {"ref": ref, "commit": found.commit, "tip": found.tip, "base": base, "subject": subject}
    world.write_json(paths.CHOSEN, fact)
    for name, text in told.items():
        world.write(paths.chosen_input(name), text.encode("utf-8", "surrogateescape"))
    if found.changed:
        return f"{ref} as it is, on {found.tip[:7]}  “{subject}”"
    return f"{ref} is at {found.commit[:7]}  “{subject}”"


def _commit(world: World, ref: str) -> str:
    """Return the commit of a branch, a tag, or any other ref or commit that the remote has."""
    refs = world.sightings("source")
    branch, tag = refs.get(f"refs/heads/{ref}", ""), refs.get(f"refs/tags/{ref}", "")
    if branch and tag and branch != tag:
        raise WrongUsage(
            f"ref={ref} is a branch at {branch[:7]} and a tag at {tag[:7]}",
            fix=f"write ref=refs/heads/{ref} or ref=refs/tags/{ref}",
        )
    found = branch or tag or refs.get(ref, "") or _other(world, ref)
    if found:
        return found
    known = [name.partition("/")[2].partition("/")[2] for name in refs]
    near = difflib.get_close_matches(ref, known, 1)
    raise SlipwayError(
        f"there is no branch, tag or commit {ref}"
        + (f" (did you mean {near[0]}?)" if near else ""),
        where="the source remote",
        fix=f"push it first, or check a folder as it is: ref=./{ref}",
    )


def _other(world: World, ref: str) -> str:
    """Return a commit by its id, or of a ref that is not followed, such as a pull request's."""
    mirror = world.mirror("source")
    wanted = ref if _COMMIT.fullmatch(ref) else ""
    if ref.startswith("refs/"):
        where = remotes.address(world, world.config.remotes.source)
        listed = g.lines("ls-remote", "--end-of-options", where, ref)
        wanted = next((line.split("\t")[0] for line in listed if line.endswith(f"\t{ref}")), "")
    if not wanted:
        return ""
    if not (found := _peeled(mirror, wanted)) and len(wanted) in _WHOLE:
        _fetch(world, wanted)
        found = _peeled(mirror, wanted)
    return found


def _peeled(mirror: object, commit: str) -> str:
    how = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    return g.text(*how, repo=str(mirror), ok=(0, 1, 128))


def _fetch(world: World, commit: str) -> None:
    """Fetch one commit into our mirror; a remote that does not have it, or gives none, says so."""
    mirror = world.mirror("source")
    where = remotes.address(world, world.config.remotes.source)
    how = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--end-of-options")
    with exclusively(mirror.parent / "source.lock"):
        g.returncode(*how, where, commit, repo=mirror, timeout=1800)
