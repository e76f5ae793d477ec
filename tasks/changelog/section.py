"""Pure: sections of a changelog, and how a new one is put in front of the others."""

from __future__ import annotations

import re

HEADER = "# Changelog\n\nAll notable changes, newest first.\n"
# A byte order mark is no part of the first line, and stays where it is.
_LINE = r"(?:^|(?<=\A\ufeff))"
_NUMBERS = r"\d+\.\d+\.\d+"
# A tag's prefix or a word may stand before the version: `## app-1.2.3`, `# Release 1.2.3`.
_BEFORE = r"\[?(?:[A-Za-z@][\w./@-]*?[-@/ ])?v?"
# Of headings below the second level only those of a whole version: there are others in a section.
_ANY = re.compile(
    rf"{_LINE}(?:## \[?v?\d|#{{1,3}} {_BEFORE}{_NUMBERS}|\*\*{_BEFORE}{_NUMBERS}"
    rf"|{_BEFORE}{_NUMBERS}[^\n]*\n(?:===|---))",
    re.MULTILINE,
)
_OTHER = re.compile(r"^## (?!\[?unreleased\b)", re.MULTILINE | re.IGNORECASE)


def _heading(version: str) -> re.Pattern[str]:
    told = rf"{_BEFORE}{re.escape(version)}\]?(?![\w.+-])[^\n]*\n?"
    return re.compile(rf"{_LINE}(?:#{{1,3}} {told}|\*\*{told}|{told}(?=(?:===|---)))", re.MULTILINE)


def section_of(changelog: str, version: str) -> str:
    """Return a version's section, heading first, no blank lines last; "" when there is none."""
    start = _heading(version).search(changelog)
    if start is None:
        return ""
    following = _ANY.search(changelog, start.end())
    return (
        changelog[start.start() : following.start() if following else len(changelog)].rstrip()
        + "\n"
    )


def dated(section: str, version: str, date: str) -> str:
    """Return a section whose heading carries this date, whatever it said before.

    Args:
        section: with its heading.
        version: the version in the heading.
        date: "YYYY-MM-DD"; git-cliff knows only today, which no run can repeat.
    """
    section = section.strip("\n") + "\n"
    heading = _heading(version).search(section)
    if heading is None:
        return f"## [{version}] - {date}\n\n{section.lstrip()}"
    line = re.sub(r"\d{4}-\d{2}-\d{2}", date, heading[0])
    return section[: heading.start()] + line + section[heading.end() :]


def prepended(changelog: str, section: str, version: str) -> str:
    """Return a changelog with a new section before the others; what was there stays byte for byte.

    A section of this version that somebody has written already is kept as it is.
    """
    if _heading(version).search(changelog):
        return changelog
    if not changelog.strip("\ufeff \t\r\n"):
        mark = "\ufeff" if changelog.startswith("\ufeff") else ""
        return f"{mark}{HEADER}\n{section.rstrip()}\n"
    # In a form that is not known here it goes before what looks like a section, below the title.
    first = _ANY.search(changelog) or _OTHER.search(changelog)
    body = section.rstrip() + "\n"
    if first is None:
        gap = "" if changelog.endswith("\n\n") else "\n" if changelog.endswith("\n") else "\n\n"
        return f"{changelog}{gap}{body}"
    return changelog[: first.start()] + body + "\n" + changelog[first.start() :]
