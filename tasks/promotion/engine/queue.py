"""The propagation queue: which upstream state comes next, and which ones are still waited for.

A downstream steps through the recorded states of its upstream one change at a time. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from .globs import Matches
from .state import Record, State, path_of


def choose(
    own: State | None, upstream: Record, wanted: Matches, *, ignore_queue: bool = False
) -> State:
    """Return the upstream's state that an environment should take over.

    Args:
        own: what the environment has been recorded with; None when it never was.
        upstream: the upstream's record.
        wanted: the test whether a path is propagated.
        ignore_queue: jump to the upstream's current state.

    Returns:
        The oldest state not taken over yet that changes a wanted file; else the current one. A
        state that only removes files is no change to stop at.
    """
    taken = own.propagated_head if own is not None else None
    if own is None or taken is None or ignore_queue or taken == upstream.current.head_commit:
        return upstream.current
    have = own.hashes()
    chosen = upstream.current
    for state in upstream.propagation_queue:
        if state.head_commit == taken:
            break
        if any(
            wanted(path) and (path not in have or have[path] != file.file_hash)
            for path, file in ((path_of(key), file) for key, file in state.files.items())
        ):
            chosen = state
    return chosen


def recorded(name: str, state: State, passed: str | None, records: Mapping[str, Record]) -> Record:
    """Return the next record of an environment.

    Args:
        name: the environment.
        state: what it has now.
        passed: whom it follows.
        records: every record of the deployment, the environment's own among them.

    Returns:
        One version on, with the replaced state in the queue and the queue cut to what
        downstreams may still need.
    """
    before = records.get(name)
    if before is None:
        return Record(state, 1, passed)
    queue = (before.current, *before.propagation_queue)
    return Record(state, before.version + 1, passed, queue[: _needed(name, state, queue, records)])


def _needed(
    name: str, state: State, queue: tuple[State, ...], records: Mapping[str, Record]
) -> int:
    """Return how many of the newest entries downstreams have not taken yet.

    Each search goes on from what is kept already, as in the original: a downstream that is ahead
    of one that stands before it in the alphabet keeps the whole queue. Files stay byte-equal so.
    """
    keep = 0
    for other in sorted(records, key=lambda one: one.encode("utf-8", "surrogateescape")):
        record = records[other]
        taken = record.current.propagated_head
        if other == name or record.propagated_from != name or taken is None:
            continue
        if taken == state.head_commit:
            continue
        while keep < len(queue) and queue[keep].head_commit != taken:
            keep += 1
    return keep
