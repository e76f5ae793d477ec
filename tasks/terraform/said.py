"""Pure: what Terraform said went wrong, as an error that a person can act on."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..kernel.errors import Failed, SlipwayError
from ..kernel.redact import redact

_MOST = 30  # lines of detail
_MOST_HIDDEN = 10  # names of variables
_INFO = re.compile(r"^\s*(ID|Operation|Who|Created):\s+(.+?)\s*$", re.MULTILINE)
# The backend `http` prints our own lock beside it, as if that were the one in the way.
_ELSEWHERE = re.compile(r"HTTP remote state already locked(?:: ID=(?P<id>\S+))?")
_OPERATIONS = {
    "OperationTypePlan": "a plan",
    "OperationTypeApply": "an apply",
    "OperationTypeRefresh": "a refresh",
}
# How providers say that nobody told them who we are.
_STRANGER = re.compile(
    r"credential|authenticat|unauthori[sz]ed|forbidden|\b40[13]\b|permission denied|not logged in"
    r"|\b(api|app|access|auth|secret)[ _-]?(key|token)|\b(no|missing|valid) (\w+ )?token"
    r"|environment variable",
    re.IGNORECASE,
)
_FRAME = re.compile(r"^[╷│╵|]\s?")


class Locked(SlipwayError):
    """Somebody else works on the state."""


class Stale(Failed):
    """The state has changed since the plan was made: plan again."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that Terraform says is wrong.

    Attributes:
        address: the resource it happened at; "" for none.
        place: file and line; "" for none.
    """

    summary: str
    detail: str
    address: str = ""
    place: str = ""

    def lines(self) -> list[str]:
        """Return it in words."""
        at = self.address or self.place
        detail = [line.rstrip() for line in self.detail.splitlines() if line.strip()]
        return [f"{at}: {self.summary}" if at else self.summary, *(f"  {line}" for line in detail)]


def from_stream(out: str) -> list[Diagnostic]:
    """Return the errors among the lines that a command with `-json` printed."""
    found = []
    for line in out.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and told.get("type") == "diagnostic":
            found.extend(_errors([told["diagnostic"]]))
    return found


def drifted(out: str) -> list[str]:
    """Return the resources that a refresh found changed, in words without values, sorted."""
    found = set()
    for line in out.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and told.get("type") == "resource_drift":
            change = told.get("change", {})
            address = change.get("resource", {}).get("addr", "a resource")
            gone = change.get("action") == "delete"
            found.add(f"{address} {'is gone' if gone else 'was changed'}")
    return sorted(found) or ["an output is another one"]


def from_report(out: str) -> list[Diagnostic]:
    """Return the errors in what `validate -json` printed."""
    try:
        told = json.loads(out)
    except ValueError:
        return []
    return _errors(told.get("diagnostics", []))


def from_text(err: str) -> list[Diagnostic]:
    """Return the errors in plain words, which some commands have only."""
    found: list[Diagnostic] = []
    lines: list[str] | None = None
    for framed in [*err.splitlines(), "Error: end"]:
        line = _FRAME.sub("", framed)
        if line.startswith(("Error: ", "Warning: ")):
            if lines:
                summary = lines[0].removeprefix("Error: ")
                found.append(Diagnostic(summary, "\n".join(lines[1:])))
            lines = [line] if line.startswith("Error: ") else None
        elif lines is not None:
            lines.append(line)
    # `init` puts a general word before what is wrong.
    return [one for one in found if "encountered problems during" not in one.summary] or found


def plain(line: str) -> str:
    """Return the words of a line that a command with `-json` printed; another one as it is."""
    try:
        told = json.loads(line)
    except ValueError:
        return line
    return str(told.get("@message", line)) if isinstance(told, dict) else line


def _errors(told: Sequence[dict[str, Any]]) -> list[Diagnostic]:
    return [
        Diagnostic(
            str(one.get("summary", "")),
            str(one.get("detail", "")),
            str(one.get("address", "")),
            _place(one.get("range")),
        )
        for one in told
        if one.get("severity") == "error"
    ]


def _place(told: Any) -> str:
    return f"{told['filename']}:{told['start']['line']}" if isinstance(told, dict) else ""


def failure(
    what: str,
    found: Sequence[Diagnostic],
    tail: Sequence[str],
    where: str,
    unlock: str,
    hidden: Sequence[str] = (),
) -> SlipwayError:
    """Return the error for a command that failed.

    Args:
        what: the command, such as `terraform apply`.
        found: its diagnostics.
        tail: the last lines that it printed, for when there are none.
        where: the root.
        unlock: what to type, with a lock's id behind it, when its owner has died.
        hidden: names of variables with secrets that the command did not see.
    """
    for one in found:
        if "state lock" in one.summary:
            return _locked(one, where, unlock)
        if one.summary.startswith("Saved plan is stale"):
            return Stale(
                "the state has changed since the plan was made",
                where=where,
                fix="run the same again: it plans anew",
            )
    lines = [line for one in found for line in one.lines()] or list(tail)
    if len(lines) > _MOST:
        lines = [*lines[:2], "…", *lines[3 - _MOST :]]
    first = f": {found[0].summary}" if found else ""
    detail = [redact(line) for line in lines]
    return Failed(
        redact(f"{what} failed{first}"),
        where=where,
        detail=detail,
        fix="mend that in the deployments repository, then run the same again"
        + _unseen("\n".join(lines), hidden),
    )


def _unseen(text: str, hidden: Sequence[str]) -> str:
    """Return which variables it may have missed, those first that it names; "" when it did not."""
    if not hidden or not _STRANGER.search(text):
        return ""
    ordered = sorted(hidden, key=lambda name: name not in text)
    some = ", ".join(ordered[:_MOST_HIDDEN]) + (", …" if len(hidden) > _MOST_HIDDEN else "")
    return (
        f"; Terraform was not shown {some}: what a provider logs in with is named in"
        f" deployments.secrets or environments.ENV.secrets, such as [{ordered[0]}]"
    )


def _locked(told: Diagnostic, where: str, unlock: str) -> Locked:
    says, lock = _whose(told.detail)
    return Locked(
        f"the state is locked by {says}",
        where=where,
        fix=f"wait for it to end, then run the same again; if it has died: {unlock} {lock}",
    )


def just_freed(found: Sequence[Diagnostic]) -> bool:
    """Say whether a lock was in the way that was gone when Terraform looked whose it is.

    It tells of no lock then, and does not wait: the backend `s3`, when two take turns quickly.
    """
    return any(
        "state lock" in one.summary
        and not _ELSEWHERE.search(one.detail)
        and "ID" not in dict(_INFO.findall(one.detail))
        for one in found
    )


def _whose(detail: str) -> tuple[str, str]:
    """Return whose lock it is, in words, and its id."""
    if elsewhere := _ELSEWHERE.search(detail):
        return "somebody else; the server of the state knows whom", elsewhere["id"] or "ID"
    info: dict[str, str] = dict(_INFO.findall(detail))
    owner = info.get("Who", "somebody else")
    doing = _OPERATIONS.get(info.get("Operation", ""), "another command")
    since = info.get("Created", "").partition(".")[0]
    says = f"{owner}, for {doing}" + (f" since {since}" if since else "")
    return says, info.get("ID", "ID")
