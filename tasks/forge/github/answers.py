"""What GitHub's answers mean: their own words, and which failures pass by themselves; pure."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from ...kernel.retry import Transient, seconds

_LONGEST = 64 * 1024
_SECONDARY = 60.0  # seconds; GitHub's advice when it does not say how long
_LATER = "wait, then run the same again; an app has a limit of its own, and a higher one"


def object_in(value: object) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def _object(response: requests.Response) -> dict[str, Any]:
    try:
        return object_in(json.loads(response.content[:_LONGEST]))
    except ValueError:
        return {}


def message(response: requests.Response) -> str:
    """Return the one line that GitHub says of an error."""
    return str(_object(response).get("message", ""))


def words(response: requests.Response) -> list[str]:
    """Return what GitHub says of an error: its line, and what is wrong with which field."""
    told = _object(response)
    found = [str(told["message"])] if told.get("message") else []
    errors = told.get("errors")
    for error in errors[:5] if isinstance(errors, list) else ():
        if isinstance(error, dict):
            field = ".".join(str(error[key]) for key in ("resource", "field") if error.get(key))
            said = error.get("message") or error.get("code", "")
            found.append(f"{field}: {said}" if field else str(said))
        else:
            found.append(str(error))
    return [" ".join(line.split()) for line in found]


def says(response: requests.Response, part: str) -> bool:
    """Say whether GitHub's words hold this part, in whatever case."""
    return part.lower() in "\n".join(words(response)).lower()


def passing(response: requests.Response) -> Transient | None:
    """Return why an answer may be another one later; None when it is final.

    GitHub has two limits: so many requests an hour, told by `x-ratelimit-…`, and a secondary one on
    bursts, told by `Retry-After` or only in words. Both come as 403 or 429.
    """
    status, headers = response.status_code, response.headers
    after = seconds(headers.get("Retry-After"))
    if status >= 500:
        return Transient(f"HTTP {status} {response.reason or ''}".rstrip(), after)
    if status not in (403, 429):
        return None
    if after is not None:
        return Transient("GitHub asks to slow down (secondary rate limit)", after, _LATER)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        until = datetime.fromtimestamp(int(reset), UTC)
        reason = (
            f"GitHub's limit of {headers.get('x-ratelimit-limit', '?')[:8]} requests an hour"
            f" is used up until {until:%H:%M:%S} UTC"
        )
        return Transient(reason, max(1.0, int(reset) - _now(response) + 1), _LATER)
    if says(response, "rate limit") or says(response, "abuse detection"):
        return Transient("GitHub asks to slow down (secondary rate limit)", _SECONDARY, _LATER)
    return Transient("HTTP 429", None, _LATER) if status == 429 else None


def _now(response: requests.Response) -> float:
    """Return the hour by the clock that the limit is told in, when the answer says it."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
    except (ValueError, TypeError):
        return time.time()
