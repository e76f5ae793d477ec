"""The grammar of repository names, tags and digests, as the OCI distribution specification has it.

Every name that comes from outside passes here before it becomes part of a path or of a URL.
"""

from __future__ import annotations

import re

from tasks.kernel.errors import WrongUsage

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST_REPOSITORY = 255


def repository(name: str) -> str:
    """Return `name` when it is a repository name.

    Raises:
        WrongUsage: it is not one.
    """
    if len(name) > _LONGEST_REPOSITORY or not _REPOSITORY.fullmatch(name):
        raise WrongUsage(
            f"{name!r} is not a repository name",
            fix="use lower-case letters and digits, joined by . _ - and parted by /",
        )
    return name


def tag(name: str) -> str:
    """Return `name` when it is a tag.

    Raises:
        WrongUsage: it is not one.
    """
    if not _TAG.fullmatch(name):
        raise WrongUsage(
            f"{name!r} is not a tag",
            fix="use at most 128 letters, digits and . _ -, and do not begin with . or -",
        )
    return name


def is_digest(name: str) -> bool:
    """Return whether `name` is a SHA-256 digest, the only kind that is in use."""
    return _DIGEST.fullmatch(name) is not None


def digest(name: str) -> str:
    """Return `name` when it is a SHA-256 digest.

    Raises:
        WrongUsage: it is not one.
    """
    if not is_digest(name):
        raise WrongUsage(
            f"{name!r} is not a digest", fix="a digest is sha256: and 64 hexadecimal digits"
        )
    return name


def reference(name: str) -> str:
    """Return `name` when it is a tag or a digest.

    Raises:
        WrongUsage: it is neither.
    """
    return name if is_digest(name) else tag(name)
