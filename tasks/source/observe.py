"""The `source` observer: asks the source remote once, and fixes the commit for the whole run."""

from __future__ import annotations

import difflib
from typing import Any

from ..kernel import git as g
from ..kernel import paths, remotes
from ..kernel.errors import SlipwayError
from ..kernel.redact import redact
from ..kernel.world import World
from .fingerprints import fingerprints


def head_of(world: World) -> dict[str, Any]:
    """Return the commit that this run looks at: `branch`, `commit`, `subject`."""
    head: dict[str, Any] = world.json(paths.HEAD)
    return head


def _head(refs: dict[str, str], branch: str, where: str) -> str:
    commit = refs.get(f"refs/heads/{branch}")
    if commit:
        return commit
    branches = [ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/")]
    near = difflib.get_close_matches(branch, branches, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise SlipwayError(
        f"there is no branch {branch}{hint}" if branches else "the repository has no branch yet",
        where=redact(where),
        fix="set remotes.source.branch in pipeline.yml, or push the branch",
    )


def observe(world: World) -> str:
    """Write the head, the fingerprints of all input sets at it, and every ref seen.

    Raises:
        SlipwayError: the remote cannot be read, is shallow or dirty, lacks the branch or a
            declared path.
    """
    remote = world.config.remotes.source
    where = remotes.address(world, remote)
    remotes.refuse_unfit(where)
    refs = remotes.ls(where)
    commit = _head(refs, remote.branch, where)
    mirror = remotes.mirror(world, "source", where, refs)
    told, missing = fingerprints(mirror, commit, world.config.inputs)
    if missing:
        raise SlipwayError(
            f"paths of input sets do not exist in {remote.branch} at {commit[:7]}",
            where="pipeline.yml",
            detail=[f"inputs.{name}: {path}" for name, path in missing],
            fix="correct the paths, or commit the files",
        )
    subject = (
        g.git("log", "-1", "--format=%s", commit, "--", repo=mirror)
        .decode(errors="replace")
        .strip()
    )
    world.write_json(paths.HEAD, {"branch": remote.branch, "commit": commit, "subject": subject})
    for name, text in told.items():
        world.write(paths.head_input(name), text.encode("utf-8", "surrogateescape"))
    world.see("source", refs)
    return f"{remote.branch} is at {commit[:7]}  “{subject}”"
