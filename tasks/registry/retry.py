"""When to ask a registry again; `kernel.retry` has the rule, which every server is asked by."""

from __future__ import annotations

from tasks.kernel.retry import Patience, Transient, pause, seconds

__all__ = ["Patience", "Transient", "pause", "seconds"]
