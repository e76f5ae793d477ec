"""Nothing secret may stand in the pipeline file, and what might be one is never shown."""

from __future__ import annotations

import re

from ..redact import MASK, redact

_KINDS = (
    # Without a slash, so that a port and a later "@" in a path are not taken for one.
    ("a password in a URL", re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*:[^/\s]*@")),
    (
        "an access token",
        re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,})"),
    ),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")),
)
# Looser than what is refused: what is hidden by mistake costs nothing.
_LOGIN = re.compile(r"(^|://)[^/\s:@]*:[^/\s]*@")
_LONGEST = 60

ADVICE = (
    "expected it without; passwords and tokens come from the environment, "
    "git's from a credential helper or an SSH key"
)


def kind_of_secret(text: str) -> str:
    """Return what secret `text` holds ("an access token"), or "" when it looks innocent."""
    return next((kind for kind, pattern in _KINDS if pattern.search(text)), "")


def safe(text: str, longest: int = _LONGEST) -> str:
    """Return text from the file fit to be shown: on one line, short, and without secrets."""
    masked = MASK if kind_of_secret(text) else redact(_LOGIN.sub(rf"\g<1>{MASK}@", text))
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in masked)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def quoted(text: str) -> str:
    """Return `safe(text)` in quotes."""
    return f'"{safe(text)}"'
