"""Pure: the files that keep a version of a Docusaurus site, and those of the versions that go.

What Docusaurus lays out by `docs:version` stands in `_COPIES`; it reads `versions.json`, newest
first, and looks for each version where these say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..kernel.errors import SlipwayError
from .tree import Changed, Changes, Tree

VERSIONS = "versions.json"
_VERSION = "{version}"
_TRANSLATED = "i18n/{language}/docusaurus-plugin-content-docs"
_DOCS, _SIDEBARS = "docs", "sidebars.json"
_LABELS = re.compile(r"i18n/([^/]+)/docusaurus-plugin-content-docs/version-([^/]+)\.json")
_COPIES = {
    _DOCS: "versioned_docs/version-{version}",
    _SIDEBARS: "versioned_sidebars/version-{version}-sidebars.json",
    f"{_TRANSLATED}/current": f"{_TRANSLATED}/version-{{version}}",
    f"{_TRANSLATED}/current.json": f"{_TRANSLATED}/version-{{version}}.json",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """How versions are kept.

    Attributes:
        keep: how many of them.
        labels: language → what a translated page calls a version; the bare version by default.
        copies: further places: where from → where to, `{version}` standing for the version.
    """

    keep: int = 5
    labels: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)


def snapshot(tree: Tree, version: str, settings: Settings) -> Changes:
    """Return what keeps a version of the site as it is now, and takes the oldest ones away.

    A version that is there already stays as it is.

    Raises:
        SlipwayError: there are no pages, or the site has something in it that cannot be kept.
    """
    made = copied(tree, version, settings)
    return made | listed(Changed(tree, made), version, settings)


def copied(tree: Tree, version: str, settings: Settings) -> Changes:
    """Return the files of a version, copied from the current ones."""
    names = tree.names()
    if not any(name.startswith(f"{_DOCS}/") for name in names):
        raise SlipwayError(
            f"the site has no pages in {_DOCS}/",
            fix="is the right folder named? (docs.site in pipeline.yml, --root for the command)",
        )
    made: Changes = {}
    for source, target in _pairs(names, settings):
        goal = target.replace(_VERSION, version)
        if not any(_inside(name, goal) for name in names):
            made |= {
                goal + name.removeprefix(source): tree.read(name)
                for name in names
                if _inside(name, source)
            }
    _refuse_script_sidebars([*names, *made], version)
    return made


def listed(tree: Tree, version: str, settings: Settings) -> Changes:
    """Return the list of versions with a new one on top, what goes, and every label set right."""
    names = tree.names()
    before = _versions(tree, names)
    after = [version, *(each for each in before if each != version)]
    kept, gone = after[: settings.keep], after[settings.keep :]
    changes: Changes = {}
    if kept != before:
        changes[VERSIONS] = _json(kept)
    for _, target in _pairs(names, settings):
        for old in gone:
            place = target.replace(_VERSION, old)
            changes |= {name: None for name in names if _inside(name, place)}
    for name in names:
        found = _LABELS.fullmatch(name)
        if found and name not in changes and found[2] in kept:
            content = tree.read(name)
            right = labelled(content, found[2], settings.labels.get(found[1], _VERSION), name)
            if right != content:
                changes[name] = right
    return changes


def labelled(content: bytes, version: str, label: str, name: str) -> bytes:
    """Return a file of translations with the version's label set right, all else as it was.

    Raises:
        SlipwayError: it is not a JSON object.
    """
    told = _parsed(content, name)
    if not isinstance(told, dict):
        raise SlipwayError(f"{name} is not a JSON object", fix="mend it and commit it")
    right = {
        "message": label.replace(_VERSION, version),
        "description": f"The label for version {version}",
    }
    if told.get("version.label") == right:
        return content
    first = {} if "version.label" in told else {"version.label": right}
    return _json(first | told | {"version.label": right})


def _pairs(names: Sequence[str], settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield where from and where to, with each language of the site filled in."""
    languages = sorted({name.split("/")[1] for name in names if re.match("i18n/[^/]+/", name)})
    for source, target in (_COPIES | dict(settings.copies)).items():
        if "{language}" in source:
            for language in languages:
                yield (
                    source.replace("{language}", language),
                    target.replace("{language}", language),
                )
        else:
            yield source, target


def _refuse_script_sidebars(names: Sequence[str], version: str) -> None:
    """Refuse a sidebar that only JavaScript can tell, since a version needs it as JSON."""
    if _COPIES[_SIDEBARS].replace(_VERSION, version) in names:
        return
    script = next((name for name in names if re.fullmatch(r"sidebars\.[cm]?[jt]s", name)), None)
    if script:
        raise SlipwayError(
            f"{script} is a program, and a version keeps its sidebar as JSON",
            fix=f"let a command of docs.commands write {_SIDEBARS} beside it",
        )


def _versions(tree: Tree, names: Sequence[str]) -> list[str]:
    told = _parsed(tree.read(VERSIONS), VERSIONS) if VERSIONS in names else []
    if not isinstance(told, list) or not all(isinstance(each, str) for each in told):
        raise SlipwayError(f"{VERSIONS} is not a list of versions", fix="mend it and commit it")
    odd = [each for each in told if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z.+_-]*", each)]
    if odd:
        raise SlipwayError(f"{VERSIONS} names {odd[0]!r}, which is no version", fix="take it out")
    return told


def _parsed(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise SlipwayError(f"{name} is not JSON: {error}", fix="mend it and commit it") from None


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


def _inside(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}/")
