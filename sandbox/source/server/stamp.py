"""Which version this is: stamped into the executable by build.py, else told by the environment."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Stamp:
    """The version and the commit that something was built from."""

    version: str
    commit: str


def stamp() -> Stamp:
    """Return what build.py stamped, or, in a checkout, what VERSION and COMMITHASH say."""
    try:
        from ._built import COMMIT, VERSION  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return Stamp(os.environ.get("VERSION") or "dev", os.environ.get("COMMITHASH") or "unknown")
    return Stamp(VERSION, COMMIT)
