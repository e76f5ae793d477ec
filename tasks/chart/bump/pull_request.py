"""The words of the pull request that takes a build's images into a chart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .breadcrumb import checked_ref

_SSH = re.compile(r"(?:ssh://)?[\w.-]+@([\w.-]+)[:/](?!\d+/)(.+)")
_WEB = re.compile(r"https?://[^\s()<>\[\]|`]+")


@dataclass(frozen=True, slots=True)
class Bumped:
    """One image of a bump.

    Attributes:
        name: what it is called in the body: the image's name or its path in the values.
        digest: its new digest.
        old_ref: the reference it was built from before; empty when nothing says it.
    """

    name: str
    digest: str
    old_ref: str = ""


@dataclass(frozen=True, slots=True)
class PullRequestText:
    """Title and body (Markdown) of a pull request."""

    title: str
    body: str


def pull_request(
    *,
    chart: str,
    ref: str,
    repository: str,
    images: Sequence[Bumped],
    version: str = "",
    note: str = "",
) -> PullRequestText:
    """Return what the pull request of a bump says.

    Args:
        chart: the chart's name.
        ref: the commit the new images were built from, as it stands in the breadcrumbs.
        repository: the source's address; a link is made when it is, or has, an address for
            browsers.
        images: what is bumped, in the order of the body.
        version: the version of the images, when they have one.
        note: a paragraph of its own before the table; "" for none.

    Raises:
        SlipwayError: the reference is none.
    """
    checked_ref(ref)
    title = f"chore-bump-{_line(chart)}-image-{ref}"
    of = f" {_line(version)}" if version else ""
    begin = [f"Bumps the images of `{_code(chart)}`{of} to what was built from `{ref}`.", ""]
    begin += [_line(note), ""] if note else []
    table = ["| image | digest |", "| --- | --- |"]
    table += [f"| `{_code(image.name)}` | `{_code(image.digest)}` |" for image in images]
    return PullRequestText(
        title, "\n".join([*begin, *table, "", *_code_changes(ref, repository, images)]) + "\n"
    )


def compare_link(repository: str, old: str, new: str) -> str:
    """Return the address that shows what changed, empty when browsers cannot open the source."""
    web = web_address(repository)
    return f"{web}/compare/{old}...{new}" if web else ""


def web_address(repository: str) -> str:
    """Return a git remote's address for browsers, empty when it has none (a folder)."""
    ssh = _SSH.fullmatch(repository)
    address = f"https://{ssh[1]}/{ssh[2]}" if ssh else repository
    address = address.rstrip("/").removesuffix(".git")
    return address if _WEB.fullmatch(address) and "@" not in address else ""


def _code_changes(ref: str, repository: str, images: Sequence[Bumped]) -> list[str]:
    """Return a line for each reference that is replaced; the images need not have had the same."""
    lines = []
    for old in dict.fromkeys(image.old_ref for image in images):
        concerned = [f"`{_code(image.name)}`" for image in images if image.old_ref == old]
        those = "" if len(concerned) == len(images) else f"{', '.join(concerned)}: "
        lines.append(f"- {those}{_change(old, ref, repository)}")
    return ["Code changes:", "", *lines] if lines else []


def _change(old: str, ref: str, repository: str) -> str:
    if old == ref:
        return f"none, `{ref}` was there before"
    if not old or not _is_ref(old):
        return f"the reference before `{ref}` is not known"
    link = compare_link(repository, old, ref)
    return f"[{old}...{ref}]({link})" if link else f"`{old}...{ref}`"


def _is_ref(text: str) -> bool:
    return re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._/+-]*", text) is not None


def _line(text: str) -> str:
    return " ".join(text.split())


def _code(text: str) -> str:
    """Return a text that stays inside of its back quotes and its cell."""
    return _line(text).replace("`", "'").replace("|", r"\|")
