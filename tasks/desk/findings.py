"""What the doctor says about one thing."""

from __future__ import annotations

from dataclasses import dataclass

OK, NOTE, WRONG = "ok", "note", "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        part: the headline it stands under.
        name: what was looked at.
        state: `OK`, `NOTE` (worth a word, in nobody's way) or `WRONG`.
        says: what was found; lines after the first are evidence.
        by: which tasks need it.
        fix: what to do or to type; empty when there is nothing to do.
        code: the exit code that something wrong calls for.
    """

    part: str
    name: str
    state: str
    says: str
    by: str = ""
    fix: str = ""
    code: int = 0
