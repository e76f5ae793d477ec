"""Secrets: which environment variables hold one, and how to keep them off file and screen."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cache

_NAMES = re.compile(
    r"(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL"
    r"|(PRIVATE|ACCESS|API|SIGNING|DEPLOY)_?KEY|(^|_)(AUTH|PASS|PAT)($|_))",
    re.IGNORECASE,
)
_SHORTEST = 6  # a shorter value would blank out innocent words
# On the web a token may stand alone; before other schemes a name does (ssh://git@…).
# These are compiled when they are first needed: a quick command starts with this module.
_LOGIN = r"(?i)(?P<scheme>https?://(?=[^/\s]+@)|[a-z][a-z0-9+.-]*://(?=[^/\s:@]*:))[^/\s]+@"
_BEARER = r"(?i)\b(authorization:\s*)?(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}"
MASK = "•••"
_declared: set[str] = set()  # names of variables that somebody said hold one
UNSHOWN = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"  # control characters, and bytes that are no text
_COMMAND = r"(?<![\w./-])doit (?=[a-z])"


def secret_names() -> list[str]:
    """Return the names of environment variables that look like they hold a secret, sorted."""
    return sorted(name for name in os.environ if _NAMES.search(name))


def names_secret(name: str) -> bool:
    """Say whether a variable of that name looks like it holds a secret."""
    return _NAMES.search(name) is not None


def declare(names: Iterable[str]) -> None:
    """Hide the values of variables from here on, whatever these are called."""
    _declared.update(names)


def secret_values(extra: Iterable[str] = ()) -> list[str]:
    """Return the secrets to hide, longest first, so that one inside another leaves no rest."""
    names = {*secret_names(), *_declared.intersection(os.environ)}
    whole = [*(os.environ[name] for name in names), *extra]
    # A key of many lines is printed, indented and cut line by line; a newline at the end is not.
    lines = [line.strip() for value in whole for line in value.splitlines()]
    found = {value for value in (*whole, *lines) if len(value) >= _SHORTEST}
    # A path to a key file is not a secret; hiding it would make messages useless.
    found = {value for value in found if not os.path.exists(value)}  # noqa: PTH110 - str, hot path
    return sorted(found, key=len, reverse=True)


@cache
def _forms(value: str) -> frozenset[str]:
    """Return a secret as it is, as JSON writes it (Go's too), JSON in JSON, and as a URL does."""
    if re.fullmatch(r"[\w.~-]+", value, re.ASCII):
        return frozenset({value})  # the same in all of them
    import json
    from urllib.parse import quote, quote_plus

    found = {value}
    for _ in range(2):  # a quoted text in a message, and the message in a line of JSON
        written = {
            json.dumps(form, ensure_ascii=no)[1:-1] for form in found for no in (True, False)
        }
        found |= written | {_as_go_has_it(form) for form in written}
    quoted = (quote(value, safe, errors="surrogateescape") for safe in ("", "/"))
    return frozenset({*found, *quoted, quote_plus(value, errors="surrogateescape")})


def _as_go_has_it(json: str) -> str:
    """Return a text of JSON with what Go (so Terraform) escapes in it besides."""
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", json)


def redact(text: str) -> str:
    """Return `text` with every known secret, and every password inside a URL, masked."""
    forms = {form for value in secret_values() for form in _forms(value)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    text = re.sub(_LOGIN, rf"\g<scheme>{MASK}@", text)
    return re.sub(_BEARER, MASK, text)


def one_line(text: str) -> str:
    """Return `text` in one line, for where a line is a statement: a trailer, a field of a note.

    What cannot be shown, control characters and bytes that are no text, becomes a blank.
    """
    return " ".join(re.sub(UNSHOWN, " ", text).split())


def printable(text: str) -> str:
    """Return `text` as it may be shown.

    Characters that steer a terminal are left out, since commits and tools may bring any; and a
    command to type next is the one that works here: whoever came in by the wrapper has no `doit`.
    """
    text = "".join(char for char in text if char in "\n\t" or char.isprintable())
    return re.sub(_COMMAND, "./doitw ", text) if "SLIPWAY_CWD" in os.environ else text


def without_secrets(keep: Iterable[str] = ()) -> dict[str, str]:
    """Return the environment for a program that has no business with our secrets.

    Args:
        keep: names that this program does need.
    """
    kept = {"SSH_AUTH_SOCK", *keep}  # the agent's address, and no key
    hidden = {name for name in secret_names() if name not in kept}
    return {name: value for name, value in os.environ.items() if name not in hidden}
