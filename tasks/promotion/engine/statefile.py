"""State files: read whatever the original wrote, and written back to the same bytes."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.kernel.errors import SlipwayError

from . import documents as d
from . import quick
from .scalars import quoted
from .state import File, Record, State, in_order


def parse(content: bytes, where: str) -> Record:
    """Read a state file; unknown keys are ignored.

    Args:
        content: the file.
        where: what to call it in errors.

    Raises:
        SlipwayError: it is not a state file.
    """
    if (record := quick.parse(content)) is not None:
        return record
    return read(content, where)


def read(content: bytes, where: str) -> Record:
    """Read a state file in whatever form of YAML; see `parse`."""
    top = d.mapping(d.read(content, where), where)
    queue = top.get("propagation_queue", [])
    return Record(
        current=_state(_field(top, "current", where), f"{where}: current"),
        version=_integer(top.get("version"), f"{where}: version"),
        propagated_from=d.optional(top.get("propagated_from"), f"{where}: propagated_from"),
        propagation_queue=tuple(
            _state(entry, f"{where}: propagation_queue[{index}]")
            for index, entry in enumerate(d.sequence(queue, f"{where}: propagation_queue"))
        ),
    )


def _field(fields: dict[str, d.Node] | object, name: str, where: str) -> d.Node:
    found = fields.get(name) if isinstance(fields, dict) else None
    if found is None:
        raise d.NotReadable(f"the field '{name}' is missing", where=where)
    return found


def _integer(node: d.Node | None, where: str) -> int:
    text = "0" if node is None else d.string(node, where)
    if not (text.isascii() and text.isdigit()):
        raise d.NotReadable(f"{text!r} is not a count", where=where)
    return int(text)


def _state(node: d.Node, where: str) -> State:
    fields = d.mapping(node, where)
    files = d.mapping(fields.get("files", {}), f"{where}.files")
    return State(
        head_commit=d.string(_field(fields, "head_commit", where), f"{where}.head_commit"),
        propagated_head=d.optional(fields.get("propagated_head"), f"{where}.propagated_head"),
        any_dirty=d.boolean(fields.get("any_dirty"), f"{where}.any_dirty"),
        files={key: _file(body, f"{where}.files.{key}") for key, body in files.items()},
    )


def _file(node: d.Node, where: str) -> File:
    fields = d.mapping(node, where)
    return File(
        file_hash=d.optional(fields.get("file_hash"), f"{where}.file_hash"),
        dirty=d.boolean(fields.get("dirty"), f"{where}.dirty"),
        from_commit=d.string(_field(fields, "from_commit", where), f"{where}.from_commit"),
        message=d.string(_field(fields, "message", where), f"{where}.message"),
    )


def emit(record: Record) -> bytes:
    """Return a record as the original would write it, to the byte.

    Raises:
        SlipwayError: a path that is not UTF-8, which a state file cannot hold.
    """
    lines = ["---", f"version: {record.version}", "current:"]
    lines += (f"  {line}" for line in _state_lines(record.current))
    if record.propagated_from is not None:
        lines.append(f"propagated_from: {quoted(record.propagated_from)}")
    if record.propagation_queue:
        lines.append("propagation_queue:")
    for state in record.propagation_queue:
        first, *rest = _state_lines(state)
        lines.append(f"  - {first}")
        lines += (f"    {line}" for line in rest)
    try:
        return ("\n".join(lines) + "\n\n").encode()
    except UnicodeEncodeError as error:
        start = error.object.rfind("\n", 0, error.start) + 1
        line = error.object[start : error.object.find("\n", error.start)].strip()
        raise SlipwayError(
            "a name is not UTF-8, and a state file cannot hold it", where=ascii(line)
        ) from None


def _state_lines(state: State) -> Iterator[str]:
    yield f"head_commit: {quoted(state.head_commit)}"
    if state.propagated_head is not None:
        yield f"propagated_head: {quoted(state.propagated_head)}"
    if state.any_dirty:
        yield "any_dirty: true"
    if not state.files:
        yield "files: {}"
        return
    yield "files:"
    for key in in_order(state.files):
        file = state.files[key]
        yield f"  {quoted(key)}:"
        yield f"    file_hash: {'~' if file.file_hash is None else quoted(file.file_hash)}"
        if file.dirty:
            yield "    dirty: true"
        yield f"    from_commit: {quoted(file.from_commit)}"
        yield f"    message: {quoted(file.message)}"
