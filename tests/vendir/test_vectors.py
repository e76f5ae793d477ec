"""The pure parts answer as the original does, for all that was recorded from it.

`vectors/*.jsonl` hold, a line each, what it was given and what it said: globs (pattern, name,
verdict), versions (names, constraint, pre-releases, choice), bare scalars, digests of lazy
contents, locks. The exceptions are named: `_refused_here`, and `FAILS_THERE`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.vendir.engine import config, documents, lock
from tasks.vendir.engine.emit import emit
from tasks.vendir.engine.globs import compiled
from tasks.vendir.engine.lock import Lock, LockedContent, LockedDirectory
from tasks.vendir.engine.versions import highest

FAILS_THERE = "a\x7fb"  # a title for which the original writes no lock at all
SHA = "0c18d91f1b5bff905eb5e14ee3ba7f1c2db2595b"


def _recorded(name: str) -> list[list[Any]]:
    text = (Path(__file__).parent / f"vectors/{name}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def _refused_here(pattern: str) -> bool:
    """Say whether a pattern is one that the original only stumbles over when it gets that far."""
    return pattern.partition("/")[0] == ".." or pattern in ("a[", "a\\", "**/[a", "a/[b")


def test_globs() -> None:
    wrong, refused = [], set()
    for pattern, name, verdict in _recorded("globs"):
        try:
            found: object = compiled(pattern).matches(name)
        except WrongUsage:
            found = "error"
        expected = "error" if _refused_here(pattern) else verdict
        if found != expected:
            wrong.append((pattern, name, found))
        if expected != verdict:
            refused.add((pattern, name))
    assert wrong == []
    assert len(refused) == 37


def test_a_folder_is_passed_over_only_when_nothing_below_it_can_match() -> None:
    for pattern, name, verdict in _recorded("globs"):
        if verdict is True and not _refused_here(pattern) and "/" in name:
            assert compiled(pattern).may_match_below(name.rpartition("/")[0]), (pattern, name)
    assert not compiled("charts/x/**/*").may_match_below("charts/y")
    assert not compiled("{a,b}/c").may_match_below("d")


def test_versions() -> None:
    wrong = []
    for names, constraint, prereleases, choice in _recorded("semver"):
        try:
            found: str | None = highest(names, constraint, prereleases)
        except SlipwayError:
            found = None
        if found != choice:
            wrong.append((constraint, prereleases, found, choice))
    assert wrong == []


def test_bare_scalars() -> None:
    shape = documents.Shape({"path": documents.text}, always={"path": ""})
    wrong = []
    for text, value in _recorded("scalars"):
        document = documents.Document(text, "vendir.yml")
        try:
            node = documents.root(document)
            found = shape.read(document, node, "it")["path"] if node else None
        except WrongUsage:
            found = None
        if found != value:
            wrong.append((text, found, value))
    assert wrong == []


@pytest.mark.parametrize(("text", "digests", "rendered"), _recorded("digests"))
def test_digests_of_lazy_contents(text: str, digests: list[str], rendered: list[str]) -> None:
    contents = [c for d in config.parse([("vendir.yml", text)]).directories for c in d.contents]
    assert [emit(content.entry) for content in contents] == rendered
    assert [lock.digest(content) for content in contents] == digests


def test_locks() -> None:
    wrong = []
    for path, title, tags, text in _recorded("lock"):
        facts = {"commitTitle": title, "sha": SHA} | ({"tags": tags} if tags else {})
        made = Lock((LockedDirectory(path, (LockedContent(".", "git", facts),)),))
        rendered = made.render().decode()
        expected = rendered if title == FAILS_THERE else text
        if rendered != expected or lock.parse(rendered, "vendir.lock.yml") != made:
            wrong.append((path, title, tags))
    assert wrong == []
