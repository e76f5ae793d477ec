"""Whose repository a remote is, and where the two halves of GitHub's API are; pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ...kernel.errors import WrongUsage
from ...kernel.redact import redact

PUBLIC = "https://api.github.com"
_LOOPBACK = re.compile(r"localhost|127(\.[0-9]+){3}|::1")
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?P<path>[^:\s]+)")
_NAME = re.compile(r"/*([A-Za-z0-9][A-Za-z0-9-]*)/([A-Za-z0-9._-]+?)(?:\.git)?/*")


def graphql(api: str) -> str:
    """Return where GraphQL is asked: beside the REST API of github.com, apart on a server."""
    return f"{api.removesuffix('/v3')}/graphql"


def is_loopback(url: str) -> bool:
    """Say whether a URL leads to this very machine."""
    return bool(_LOOPBACK.fullmatch(urlsplit(url).hostname or ""))


def _hosts(api: str) -> set[str]:
    """Return the names under which git finds the repositories that an API tells of."""
    host = urlsplit(api).hostname or ""
    bare = host.removeprefix("api.")
    return {host, bare, f"www.{bare}", f"ssh.{bare}"}


def repository_of(url: str, api: str) -> str:
    """Return OWNER/NAME of a git remote's URL.

    Args:
        url: `git@HOST:OWNER/NAME.git`, `ssh://…` or `https://…`.
        api: where the forge's API is: a repository elsewhere is none of its.

    Raises:
        WrongUsage: it is no repository of that forge.
    """
    if "://" in url:
        parts = urlsplit(url)
        host, path = parts.hostname or "", parts.path
    else:
        found = _SCP.fullmatch(url)
        host, path = (found["host"].lower(), found["path"]) if found else ("", "")
    named = _NAME.fullmatch(path)
    # A host without a dot is an alias of somebody's ssh configuration: one key a repository.
    known = host in _hosts(api) or (host and "." not in host) or is_loopback(api)
    if named is None or not known:
        raise WrongUsage(
            f"{redact(url)} is no repository of the forge at {urlsplit(api).hostname}",
            where="pipeline.yml",
            fix="its pull requests are asked for there: name a remote like git@github.com:O/N.git",
        )
    return f"{named[1]}/{named[2]}"
