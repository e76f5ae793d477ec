"""Promotions: which commits of the source say "release this candidate", and which one is merged.

A promotion is a commit made by us on the promotion branch; its trailers name the candidate, and a
ref of ours stands on it as a proof, since anybody may write trailers. It is merged when the release
branch stands on it. That is read from git's history of merges, so a kill between a merge and any
note of it, or a merge made by hand, leaves no doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ..kernel import git as g

CANDIDATE = "Slipway-Candidate"
COMMIT = "Slipway-Commit"
VERSION = "Slipway-Version"
IMAGE = "Slipway-Image"
BINARY = "Slipway-Binary"
SETTINGS = "Slipway-Settings"
_NUMBER = "(?:0|[1-9][0-9]*)"
_CANDIDATE = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}-rc\.{_NUMBER}")
_PROOFS = "refs/slipway/promotions/"
Told = tuple[str, str, str]  # candidate, version, commit
Proofs = Mapping[str, Sequence[str]]  # candidate → every commit that we have made for it
_NEAR = 30  # commits that people may have put on top of a promotion


@dataclass(frozen=True, slots=True)
class Approved:
    """What a promotion stands for, byte for byte; it is written into its commit.

    Attributes:
        images: name → "REPOSITORY@DIGEST" of the candidate's images.
        binary: name → SHA-256 in hex of the compiled binary; empty when there is none.
        settings: image → SHA-256 in hex of the settings that it was built by.
    """

    images: dict[str, str]
    binary: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)


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
    lines += [f"{SETTINGS}: {name} {sha256}" for name, sha256 in sorted(told.settings.items())]
    return "".join(f"{line}\n" for line in lines)


def proof_ref(candidate: str, commit: str) -> str:
    """Return the ref that proves that a promotion's commit is ours."""
    return f"{_PROOFS}{candidate}/{commit[:12]}"


def proofs_in(refs: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the commits that refs of the source prove to be ours: candidate → commits."""
    found: dict[str, list[str]] = {}
    for ref, commit in sorted(refs.items()):
        if ref.startswith(_PROOFS):
            candidate = ref.removeprefix(_PROOFS).partition("/")[0]
            found.setdefault(candidate, []).append(commit)
    return found


def proven_below(mirror: Path, tip: str, commits: Iterable[str]) -> str:
    """Return the one of these commits that a branch stands on, the nearest; "" for none."""
    known = set(commits)
    near = g.lines("rev-list", f"--max-count={_NEAR}", tip, "--", repo=mirror) if known else []
    return next((commit for commit in near if commit in known), "")


def approved_by(mirror: Path, commit: str) -> Approved:
    """Return what a promotion's commit stands for."""
    return parse_approved(_log(mirror, "--no-walk", commit, "--")[0][3])


def parse_approved(message: str) -> Approved:
    """Return what a promotion's message says was built."""

    def pairs(key: str, value: str) -> dict[str, str]:
        return dict(re.findall(rf"^[ *]*{key}: (\S+) ({value}) *$", message, re.MULTILINE))

    images = pairs(IMAGE, r"\S+@sha256:[0-9a-f]{64}")
    return Approved(images, pairs(BINARY, "[0-9a-f]{64}"), pairs(SETTINGS, "[0-9a-f]{64}"))


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


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a merged promotion is told from what only looks like one.

    Attributes:
        proofs: the commits that are ours.
        files: patterns of the only files that a promotion may touch.
        changelog: the one that it must touch.
    """

    proofs: Proofs
    files: tuple[str, ...]
    changelog: str


def merged_promotion(mirror: Path, head: str, rules: Rules, since: str = "") -> Promotion | None:
    """Return the promotion that the newest merge brought in.

    "Newest" follows the history of merges of the release branch, not the numbers of pull requests,
    since an older candidate may be approved after a newer one was made.

    Args:
        mirror: a repository with the objects.
        head: the release branch's commit.
        rules: what counts.
        since: look only at what came after this commit (an ancestor of head).

    Returns:
        None when no promotion was merged in that range.
    """
    if not rules.proofs:
        return None
    scope = [head, *([f"^{since}"] if since else [])]
    told = {commit: candidate for candidate, ours in rules.proofs.items() for commit in ours}
    inside = set(g.lines("rev-list", *scope, "--", repo=mirror))
    quoted = {row[0]: row[3] for row in _log(mirror, f"--grep=^[ *]*{CANDIDATE}: ", *scope, "--")}
    if not (quoted or inside & set(told)):
        return None
    for merge, parents, author, message in _log(mirror, "--first-parent", *scope, "--"):
        found = _brought(mirror, (merge, parents, message), set(told), quoted, rules)
        if found:
            ours, standing = found
            named = parse_trailers(_log(mirror, "--no-walk", ours, "--")[0][3])
            if named and _stands_on(mirror, merge, named[2]):
                approved = approved_by(mirror, ours)
                return Promotion(*named, standing, merge, author, approved)
    return None


def _brought(
    mirror: Path,
    commit: tuple[str, list[str], str],
    ours: set[str],
    quoted: Mapping[str, str],
    rules: Rules,
) -> tuple[str, str] | None:
    """Return the promotion that one commit of the release branch brought in.

    Returns:
        Our commit, and the one that stands for it in the history: the same, or what a person made
        of it by a squash, a rebase or an amendment.
    """
    merge, parents, message = commit
    if merge in ours:
        return merge, merge  # fast-forward
    brought: list[str] = []
    for parent in parents[1:]:
        brought += g.lines("rev-list", parent, f"^{parents[0]}", "--", repo=mirror)
    if exact := next((each for each in brought if each in ours), None):
        return exact, exact
    words = [quoted[each] for each in brought if each in quoted] if len(parents) > 1 else [message]
    for text in words:
        told = parse_trailers(text)
        known = rules.proofs.get(told[0], ()) if told else ()
        if not (told and known) or _told_before(mirror, parents[:1], told):
            continue
        if _is_a_promotion(mirror, merge, parents, told[1], rules):
            return known[-1], merge
    return None


def _is_a_promotion(
    mirror: Path, commit: str, parents: list[str], version: str, rules: Rules
) -> bool:
    """Say whether a commit does what a promotion does: a new section, and other files of it."""
    if not parents:
        return False
    names = ("diff", "--name-only", "--no-renames", "-z", parents[0], commit, "--")
    touched = [name for name in g.text(*names, repo=mirror).split("\0") if name]
    if rules.changelog not in touched or any(is_strange(name, rules.files) for name in touched):
        return False
    added = ("diff", "--unified=0", "--no-color", parents[0], commit, "--", rules.changelog)
    heading = re.compile(rf"^\+.*(?<![0-9.]){re.escape(version)}(?![0-9.])", re.MULTILINE)
    return heading.search(g.git(*added, repo=mirror).decode(errors="replace")) is not None


def is_strange(name: str, files: tuple[str, ...]) -> bool:
    """Say whether a promotion may not touch a file."""
    return not any(fnmatchcase(name, pattern) for pattern in files)


def _stands_on(mirror: Path, commit: str, older: str) -> bool:
    """Say whether a commit is there and in a history: nothing else can have been promoted in it."""
    return g.returncode("merge-base", "--is-ancestor", older, commit, repo=mirror) == 0


def _told_before(mirror: Path, parents: list[str], told: tuple[str, str, str]) -> bool:
    """Say whether this promotion was merged before, so that a message only quotes it."""
    wanted = f"--grep=^[ *]*{CANDIDATE}: {told[0]} *$"
    rows = _log(mirror, wanted, *parents, "--") if parents else []
    return any(parse_trailers(row[3]) == told for row in rows)
