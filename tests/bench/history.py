"""A long history, made in one go: thousands of commits, and a tag for nearly every other one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tasks.kernel import git as g

COMMITS, TAGS, SINCE = 4000, 1700, 300
_KINDS = ("feat", "fix", "chore", "docs", "refactor", "test")
_EACH = 6  # tags of one release: five candidates and the final


def make(folder: Path) -> str:
    """Make a bare repository and return its last final tag; `SINCE` commits come after it."""
    g.git("init", "--bare", "--quiet", str(folder))
    text = "".join([*_commits(), *_tags()])
    g.git("fast-import", "--quiet", repo=folder, stdin=text.encode())
    g.git("pack-refs", "--all", repo=folder)  # as in every clone
    return _final(TAGS // _EACH + 1)


def _commits() -> Iterator[str]:
    for number in range(1, COMMITS + 1):
        said = (
            f"{_KINDS[number % len(_KINDS)]}(part{number % 17}): change number {number}\n\n"
            f"A body of some words about it, with a number {number * 7919 % 1000}.\n"
        )
        parent = f"from :{number - 1}\n" if number > 1 else ""
        content = f"content {number}\n"
        yield (
            f"commit refs/heads/main\nmark :{number}\n"
            f"committer Ada <ada@example.org> {1700000000 + number * 600} +0000\n"
            f"data {len(said)}\n{said}{parent}"
            f"M 100644 inline src/part{number % 97}.txt\ndata {len(content)}\n{content}\n"
        )


def _tags() -> Iterator[str]:
    for number in range(TAGS):
        release, step = divmod(number, _EACH)
        last = step == _EACH - 1 or number == TAGS - 1
        name = _final(release + 1) if last else f"{_final(release + 1)}-rc.{step + 1}"
        at = max(1, (number + 1) * (COMMITS - SINCE) // TAGS)
        yield f"reset refs/tags/{name}\nfrom :{at}\n\n"


def _final(release: int) -> str:
    return f"0.{release}.0"
