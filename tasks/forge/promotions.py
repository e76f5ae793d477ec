"""Promotions: which commits of the source say "release this candidate", and which one is merged.

A promotion is a commit made by us on the promotion branch; its trailers name the candidate. It
is merged when the release branch stands on it. That is read from git's history of merges, so a kill
between a merge and any note of it, or a merge made by hand, leaves no doubt.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..kernel import git as g

CANDIDATE = "Slipway-Candidate"
COMMIT = "Slipway-Commit"
VERSION = "Slipway-Version"
IMAGE = "Slipway-Image"
BINARY = "Slipway-Binary"
_NUMBER = "(?:0|[1-9][0-9]*)"
_CANDIDATE = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}-rc\.{_NUMBER}")
Told = tuple[str, str, str]  # candidate, version, commit
_NEAR = 30  # commits that people may have put on top of a promotion


@dataclass(frozen=True, slots=True)
class Approved:
    """What a promotion stands for, byte for byte; it is written into its commit.

    Attributes:
        images: name → "REPOSITORY@DIGEST" of the candidate's images.
        binary: name → SHA-256 in hex of the compiled binary; empty when there is none.
    """

    images: dict[str, str]
    binary: dict[str, str]


@dataclass(frozen=True, slots=True)
class Promotion:
    """A merged promotion.

    Attributes:
        candidate: the candidate's version, "0.42.0-rc.1".
        version: the version to release, "0.42.0".
        commit: the commit the candidate was built from, and that is released.
        head: the promotion's own commit, with the changelog as it was reviewed.
        merge: the commit of the release branch that brought it in.
        by: who made that commit.
        approved: what was built, tested and shown.
    """

    candidate: str
    version: str
    commit: str
    head: str
    merge: str
    by: str
    approved: Approved

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def trailers(candidate: str, version: str, commit: str, approved: Approved | None = None) -> str:
    """Return the trailers of a promotion's commit message."""
    told = approved or Approved({}, {})
    lines = [f"{CANDIDATE}: {candidate}", f"{VERSION}: {version}", f"{COMMIT}: {commit}"]
    lines += [f"{IMAGE}: {name} {at}" for name, at in sorted(told.images.items())]
    lines += [f"{BINARY}: {name} {sha256}" for name, sha256 in sorted(told.binary.items())]
    return "".join(f"{line}\n" for line in lines)


def approved_in(mirror: Path, tip: str) -> Approved:
    """Return what the newest promotion below a commit stands for."""
    rows = _log(mirror, f"--max-count={_NEAR}", tip, "--")
    message = next((row[3] for row in rows if parse_trailers(row[3])), "")
    return parse_approved(message)


def parse_approved(message: str) -> Approved:
    """Return what a promotion's message says was built."""

    def pairs(key: str, value: str) -> dict[str, str]:
        return dict(re.findall(rf"^[ *]*{key}: (\S+) ({value}) *$", message, re.MULTILINE))

    return Approved(pairs(IMAGE, r"\S+@sha256:[0-9a-f]{64}"), pairs(BINARY, "[0-9a-f]{64}"))


def parse_trailers(message: str) -> tuple[str, str, str] | None:
    """Return (candidate, version, commit) from a commit message; None when it is no promotion.

    A squash merge keeps the message inside its own, so the lines may stand anywhere; the last
    ones count.
    """
    found: dict[str, str] = dict(
        re.findall(rf"^[ *]*({CANDIDATE}|{VERSION}|{COMMIT}): (\S+) *$", message, re.MULTILINE)
    )
    if len(found) != 3 or not re.fullmatch(r"[0-9a-f]{40,64}", found[COMMIT]):
        return None
    candidate, version = found[CANDIDATE], found[VERSION]
    # What is no version would end up in the names of tags and folders.
    if not _CANDIDATE.fullmatch(candidate) or candidate.partition("-")[0] != version:
        return None
    return candidate, version, found[COMMIT]


def _any(_told: Told) -> bool:
    return True


def mark(candidate: str) -> str:
    """Return the line that tells, inside a pull request's text, which candidate it stands for."""
    return f"<!-- {CANDIDATE}: {candidate} -->"


def marked(body: str) -> str:
    """Return the candidate that a pull request's text names; "" when it names none."""
    found = re.search(rf"<!-- {CANDIDATE}: (\S+) -->", body)
    return found[1] if found else ""


def _log(mirror: Path, *args: str) -> list[tuple[str, list[str], str, str]]:
    """Return (commit, parents, author, message) of commits, as `git log` lists them."""
    form = ("-z", "--no-show-signature", "--basic-regexp", "--format=%H%x00%P%x00%an%x00%B")
    fields = g.git("log", *form, *args, repo=mirror).decode(errors="replace").split("\0")
    # Each record ends with NUL, the one character that no message and no name can hold.
    records = zip(*(fields[place::4] for place in range(4)), strict=False)
    return [(commit, parents.split(), by, message) for commit, parents, by, message in records]


def named_below(mirror: Path, tip: str) -> tuple[str, str, str] | None:
    """Return (candidate, version, commit) of the newest promotion below a commit; else None."""
    if g.returncode("cat-file", "-e", tip, repo=mirror):
        return None
    rows = _log(mirror, f"--max-count={_NEAR}", tip, "--")
    return next((told for row in rows if (told := parse_trailers(row[3]))), None)


def merged_promotion(
    mirror: Path, head: str, since: str = "", cut: Callable[[Told], bool] = _any
) -> Promotion | None:
    """Return the promotion that the newest merge brought in.

    "Newest" follows the history of merges of the release branch, not the numbers of pull requests,
    since an older candidate may be approved after a newer one was made.

    Args:
        mirror: a repository with the objects.
        head: the release branch's commit.
        since: look only at what came after this commit (an ancestor of head).
        cut: says whether such a candidate was ever cut from that commit; anybody may write three
            lines into a message, so what was not is no promotion.

    Returns:
        None when no promotion was merged in that range.
    """
    scope = [head, *([f"^{since}"] if since else [])]
    wanted = f"^[ *]*{CANDIDATE}: "
    notes = {row[0]: row for row in _log(mirror, f"--grep={wanted}", *scope, "--")}
    if not notes:
        return None
    for merge, parents, author, message in _log(mirror, "--first-parent", *scope, "--"):
        brought = _brought(mirror, merge, parents, message, notes)
        if brought and cut(brought[1]):
            commit, told = brought
            approved = parse_approved(notes[commit][3])
            return Promotion(told[0], told[1], told[2], commit, merge, author, approved)
    return None


def _brought(
    mirror: Path,
    merge: str,
    parents: list[str],
    message: str,
    notes: dict[str, tuple[str, list[str], str, str]],
) -> tuple[str, tuple[str, str, str]] | None:
    """Return the promotion that one commit of the release branch brought in, with what it says."""
    for parent in parents[1:]:
        inside = set(g.lines("rev-list", parent, f"^{parents[0]}", "--", repo=mirror))
        for commit in notes:  # newest first, as git lists them
            told = parse_trailers(notes[commit][3])
            if told and commit in inside and _stands_on(mirror, merge, told[2]):
                return commit, told
    told = parse_trailers(message) if len(parents) <= 1 else None
    if told and _stands_on(mirror, merge, told[2]) and not _told_before(mirror, parents, told):
        return merge, told  # fast-forward, rebase or squash
    return None


def _stands_on(mirror: Path, commit: str, older: str) -> bool:
    """Say whether a commit is there and in a history: nothing else can have been promoted in it."""
    return g.returncode("merge-base", "--is-ancestor", older, commit, repo=mirror) == 0


def _told_before(mirror: Path, parents: list[str], told: tuple[str, str, str]) -> bool:
    """Say whether this promotion was merged before, so that a message only quotes it."""
    wanted = f"--grep=^[ *]*{CANDIDATE}: {told[0]} *$"
    rows = _log(mirror, wanted, *parents, "--") if parents else []
    return any(parse_trailers(row[3]) == told for row in rows)
