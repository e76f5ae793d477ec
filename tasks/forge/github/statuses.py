"""What is said of a commit on GitHub: statuses, and the runs of checks beside them."""

from __future__ import annotations

from collections.abc import Mapping

from ...kernel.errors import SlipwayError
from ..port import Verdict
from .api import Api

_STATES: Mapping[str, Verdict] = {"success": "success", "pending": "pending"}
_GOOD = frozenset({"success", "neutral", "skipped"})
_WORST: tuple[Verdict, ...] = ("failure", "pending", "success")
_LONGEST = 140  # characters of a status's words


class Statuses:
    """The statuses of a repository's commits; see `port.Forge` for what the methods promise."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def statuses(self, commit: str) -> Mapping[str, Verdict]:
        """See `Forge.statuses`."""
        what, api = f"the statuses of {commit[:7]} cannot be read", self.api
        found: dict[str, Verdict] = {}

        def add(name: str, verdict: Verdict) -> None:
            """Keep the worse one of two that have one name: green means that nobody objects."""
            found[name] = min(verdict, found.get(name, verdict), key=_WORST.index)

        for told in api.pages(what, api.path("commits", commit, "status"), key="statuses"):
            add(told["context"], _STATES.get(told["state"], "failure"))
        for told in api.pages(what, api.path("commits", commit, "check-runs"), key="check_runs"):
            if told["status"] != "completed":
                add(told["name"], "pending")
            else:
                add(told["name"], "success" if told["conclusion"] in _GOOD else "failure")
        return dict(sorted(found.items()))

    def set_status(
        self, commit: str, name: str, verdict: Verdict, says: str, link: str = ""
    ) -> None:
        """See `Forge.set_status`."""
        if not name:
            raise SlipwayError("a status needs a name")
        words = says if len(says) <= _LONGEST else says[: _LONGEST - 1] + "…"
        body = {"state": verdict, "context": name, "description": words}
        if link:
            body["target_url"] = link
        what = f"the status {name} of {commit[:7]} cannot be set"
        self.api.change(what, "POST", self.api.path("statuses", commit), body)
