"""State files of commits that a rebase has made anew: they name those commits by their new ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from .state import Record, State, path_of


def renamed(record: Record, again: Mapping[str, str]) -> Record:
    """Return a record in which every commit that was made again has its new id.

    Args:
        record: what a state file says.
        again: old commit id → new one.
    """
    return replace(
        record,
        current=_state(record.current, again),
        propagation_queue=tuple(_state(state, again) for state in record.propagation_queue),
    )


def _state(state: State, again: Mapping[str, str]) -> State:
    head, taken = state.head_commit, state.propagated_head
    return replace(
        state,
        head_commit=again.get(head, head),
        propagated_head=again.get(taken, taken) if taken is not None else None,
        files={
            key: replace(file, from_commit=again.get(file.from_commit, file.from_commit))
            for key, file in state.files.items()
        },
    )


def origins(record: Record) -> Iterator[tuple[str, str]]:
    """Yield each file's path, and the commit that its content is to be had from."""
    for state in (record.current, *record.propagation_queue):
        for key, file in state.files.items():
            yield path_of(key), file.from_commit
