"""The breadcrumb beside an image: `# METADATA:: repository=…;commit_ref=…;app=…;`.

Real charts hold malformed ones as well (a comma for a semicolon, no `app`, two blanks before the
`#`): what can be read of them is read, and everything but the reference stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tasks.kernel.errors import SlipwayError

_MARK = re.compile(r"#[ \t]*METADATA::")
# A separator counts only before the next key: an address may hold commas.
_SEPARATOR = re.compile(r"[;,][ \t]*(?=[A-Za-z_][A-Za-z0-9_]*=|$)|;")
_COMMIT_REF = re.compile(r"(?:(?<=::)|(?<=[;,\s]))commit_ref=([^;,\s]*)")
_REF = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/+-]*")
_FIELD = re.compile(r"[^\s;,#\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Crumb:
    """What a breadcrumb says; empty where a malformed one does not say it.

    Attributes:
        repository: the address of the source.
        commit_ref: the commit the image was built from, usually its first seven digits.
        app: the application's name.
        rest: further keys with their values, in order (`monorepo_subdir`, `buck_target_pattern`).
    """

    repository: str = ""
    commit_ref: str = ""
    app: str = ""
    rest: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an image comes from: what a new breadcrumb says beside the commit."""

    repository: str
    app: str


def parse(comment: str) -> Crumb | None:
    """Return the breadcrumb in a comment, None when the comment is none."""
    mark = _MARK.search(comment)
    if mark is None:
        return None
    known = {"repository": "", "commit_ref": "", "app": ""}
    rest = []
    for piece in _SEPARATOR.split(comment[mark.end() :]):
        key, is_field, value = piece.strip().partition("=")
        if key in known:
            known[key] = known[key] or value.strip()
        elif is_field:
            rest.append((key, value.strip()))
    return Crumb(**known, rest=tuple(rest))


def ref_span(comment: str) -> tuple[int, int] | None:
    """Return where the value of `commit_ref` stands in a comment, None when it is no breadcrumb.

    Raises:
        SlipwayError: the breadcrumb names no commit, or several.
    """
    mark = _MARK.search(comment)
    if mark is None:
        return None
    found = list(_COMMIT_REF.finditer(comment, mark.start()))
    if len(found) != 1:
        says = f"{len(found)} times" if found else "nowhere"
        raise SlipwayError(
            f"the breadcrumb says commit_ref {says}",
            fix="mend it: # METADATA:: repository=URL;commit_ref=REF;app=NAME;",
            detail=[comment[:200]],
        )
    return found[0].span(1)


def new_crumb(origin: Origin, ref: str) -> str:
    """Return the full form of a breadcrumb.

    Raises:
        SlipwayError: a value could not be read back out of it.
    """
    for key, value in (("repository", origin.repository), ("app", origin.app)):
        if not _FIELD.fullmatch(value):
            raise SlipwayError(f"{value!r} cannot stand as {key} in a breadcrumb")
    return f"# METADATA:: repository={origin.repository};commit_ref={ref};app={origin.app};"


def checked_ref(ref: str) -> str:
    """Return a reference that may stand in a breadcrumb and in a title.

    Raises:
        SlipwayError: it may not.
    """
    if not _REF.fullmatch(ref):
        raise SlipwayError(f"{ref!r} is no reference: letters, digits, and ._/+- inside")
    return ref
