"""Pure: what `cog.toml` says about versions (specs/versioning.md, 2, 5, 7 and 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tasks.kernel.errors import SlipwayError


class CommitType(NamedTuple):
    """What a commit of one type does to the version; with both set it is a minor."""

    bump_minor: bool = False
    bump_patch: bool = False


DEFAULT_TYPES: Mapping[str, CommitType] = MappingProxyType(
    {
        "feat": CommitType(bump_minor=True),
        "fix": CommitType(bump_patch=True),
        "perf": CommitType(),
        "revert": CommitType(),
        "docs": CommitType(),
        "test": CommitType(),
        "build": CommitType(),
        "ci": CommitType(),
        "refactor": CommitType(),
        "chore": CommitType(),
        "style": CommitType(),
    }
)


class Rules(NamedTuple):
    """The settings of one repository at one commit.

    Attributes:
        tag_prefix: what stands before the version in a tag's name; empty for none.
        ignore_merge_commits: whether commits with two or more parents are left out.
        types: the types that count, in lower case.
        scopes: the scopes that count, or None for any.
    """

    tag_prefix: str = ""
    ignore_merge_commits: bool = False
    types: Mapping[str, CommitType] = DEFAULT_TYPES
    scopes: frozenset[str] | None = None


def parse_rules(text: str, where: str) -> Rules:
    """Read `cog.toml`; settings that have no say in versions are left to cocogitto.

    Args:
        text: the file's content; empty means all defaults.
        where: the file's name for messages.

    Raises:
        SlipwayError: it is not TOML, or one of the settings has the wrong kind of value; with the
            line.
    """
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem, line = _place(str(error), text)
        raise SlipwayError(
            f"not valid TOML: {problem}",
            where=f"{where}:{line}",
            fix="mend that line and commit it",
        ) from None
    reader = _Reader(text, where)
    return Rules(
        tag_prefix=reader.value(table, "tag_prefix", str, ""),
        ignore_merge_commits=reader.value(table, "ignore_merge_commits", bool, False),
        types=MappingProxyType(_types(reader, table)),
        scopes=_scopes(reader, table),
    )


def _types(reader: _Reader, table: Mapping[str, Any]) -> dict[str, CommitType]:
    types = dict(DEFAULT_TYPES)
    wanted: Mapping[str, Any] = reader.value(table, "commit_types", dict, {})
    for key in wanted:
        settings: Mapping[str, Any] = reader.value(wanted, key, dict, {})
        name = key.lower()
        if not settings:
            types.pop(name, None)
            continue
        before = types.get(name, CommitType())
        types[name] = CommitType(
            reader.value(settings, "bump_minor", bool, before.bump_minor),
            reader.value(settings, "bump_patch", bool, before.bump_patch),
        )
    return types


def _scopes(reader: _Reader, table: Mapping[str, Any]) -> frozenset[str] | None:
    if "scopes" not in table:
        return None
    scopes: list[Any] = reader.value(table, "scopes", list, [])
    if not all(isinstance(scope, str) for scope in scopes):
        raise reader.wrong("scopes", "a list of texts")
    return frozenset(scopes)


class _Reader(NamedTuple):
    """Takes values out of the file's tables and knows how to complain about them."""

    text: str
    where: str

    def value(self, table: Mapping[str, Any], key: str, kind: type[Any], default: Any) -> Any:
        value = table.get(key, default)
        if not isinstance(value, kind):
            raise self.wrong(key, _KINDS[kind])
        return value

    def wrong(self, key: str, kind: str) -> SlipwayError:
        # tomllib keeps no positions; the first line that sets the key is the best that can be said.
        sets = re.compile(rf"""(?:^|[\s\[{{.,])["']?{re.escape(key)}["']?\s*[\]=.]""")
        lines = self.text.split("\n")
        line = next((n for n, content in enumerate(lines, 1) if sets.search(content)), 1)
        return SlipwayError(
            f"{key} must be {kind}",
            where=f"{self.where}:{line}",
            fix="mend that line and commit it",
        )


_KINDS: Mapping[type[Any], str] = {
    str: "a text",
    bool: "true or false",
    dict: "a table",
    list: "a list of texts",
}


def _place(words: str, text: str) -> tuple[str, int]:
    """Split "what (at line 3, column 5)", as Python 3.11 to 3.14 word it, into what and line."""
    problem, _, place = words.rpartition(" (at ")
    found = re.match(r"line (\d+), column (\d+)", place)
    if found is None:
        return problem or words, text.rstrip("\n").count("\n") + 1
    return f"{problem} (column {found[2]})", int(found[1])
