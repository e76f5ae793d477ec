"""Pure: a history and a seed in, a stream for `git fast-import` out, equal everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks.kernel.errors import WrongUsage

from .history import MAIN, Step
from .trees import EXECUTABLE, FILE, Blob, Tree

CHANGELOG = "CHANGELOG.md"


@dataclass(frozen=True)
class Made:
    """A commit with its whole tree; parents are numbers of earlier ones, from 0."""

    step: Step
    parents: tuple[int, ...]
    tree: Tree


def play(steps: Sequence[Step], seed: Tree) -> list[Made]:
    """Return the commits of a history; the last one on main has exactly the seed's tree.

    Raises:
        WrongUsage: `changelog` asks for a section that the seed's CHANGELOG.md does not have.
    """
    made: list[Made] = []
    tips: dict[str, int] = {}
    touched: dict[str, set[str]] = {}
    last = max(number for number, step in enumerate(steps) if step.branch == MAIN)
    for number, step in enumerate(steps):
        start = None if step.orphan else tips.get(step.branch, tips.get(MAIN))
        parents: tuple[int, ...] = () if start is None else (start,)
        tree = {} if start is None else dict(made[start].tree)
        if step.merge:
            side = tips.pop(step.merge)
            parents += (side,)
            tree.update({path: made[side].tree[path] for path in touched[step.merge]})
        changes = _changes(step, seed)
        tree.update(changes)
        touched.setdefault(step.branch, set()).update(changes)
        tips[step.branch] = number
        made.append(Made(step, parents, seed if number == last else tree))
    return made


def _changes(step: Step, seed: Tree) -> dict[str, Blob]:
    changes = {
        path: blob
        for path, blob in seed.items()
        if any(
            path == name or (name.endswith("/") and path.startswith(name)) for name in step.takes
        )
    }
    for path, content in step.writes.items():
        executable = path in seed and seed[path].executable
        changes[path] = Blob(content.encode(), executable)
    if step.changelog and CHANGELOG in seed:
        changes[CHANGELOG] = Blob(since(seed[CHANGELOG].content, step.changelog))
    return changes


def since(changelog: bytes, version: str) -> bytes:
    """Return a changelog as it was when `version` was its newest section."""
    heading = f"## [{version}]".encode()
    lines = changelog.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.startswith(heading):
            return b"".join(lines[number:])
    raise WrongUsage(f"{CHANGELOG} has no section {version}", fix="doit sandbox:reset, or write it")


def stream(made: Sequence[Made]) -> bytes:
    """Return the commits for `git fast-import`, and what `refs` names."""
    # "done" at the end makes a stream that was cut off an error and not a shorter history.
    out = [b"feature done\n"]
    marks: dict[bytes, int] = {}
    for number, commit in enumerate(made):
        for blob in commit.tree.values():
            if blob.content not in marks:
                marks[blob.content] = len(made) + len(marks) + 1
                out.append(b"blob\nmark :%d\n" % marks[blob.content] + _data(blob.content))
        out.append(_commit(number, commit, marks))
    for ref, number in refs(made).items():
        out.append(b"reset %s\nfrom :%d\n\n" % (ref.encode(), number + 1))
    return b"".join([*out, b"done\n"])


def refs(made: Sequence[Made]) -> dict[str, int]:
    """Return what the finished repository names: tags, and the branches that were never merged."""
    merged = {commit.step.merge for commit in made}
    named = {}
    for number, commit in enumerate(made):
        if commit.step.branch not in merged:
            named[f"refs/heads/{commit.step.branch}"] = number
        named.update({f"refs/tags/{tag}": number for tag in commit.step.tags})
    return named


def _commit(number: int, commit: Made, marks: dict[bytes, int]) -> bytes:
    # One scratch ref each: with parents told by mark, the names of branches matter only in `refs`.
    who = f"{commit.step.author} {commit.step.date}".encode()
    head = b"commit refs/slipway/replay/%d\nmark :%d\n" % (number, number + 1)
    people = b"author %s\ncommitter %s\n" % (who, who)
    ties = (b"from", b"merge")
    parents = [b"%s :%d\n" % (tie, p + 1) for tie, p in zip(ties, commit.parents, strict=False)]
    message = _data(commit.step.message.encode())
    files = b"".join(_files(commit.tree.items(), marks))
    return head + people + message + b"".join(parents) + b"deleteall\n" + files + b"\n"


def _files(items: Iterable[tuple[str, Blob]], marks: dict[bytes, int]) -> Iterable[bytes]:
    for path, blob in sorted(items):
        mode = EXECUTABLE if blob.executable else FILE
        quoted = path.replace("\\", "\\\\").replace('"', '\\"')
        yield f'M {mode} :{marks[blob.content]} "{quoted}"\n'.encode()


def _data(content: bytes) -> bytes:
    return b"data %d\n" % len(content) + content + b"\n"
