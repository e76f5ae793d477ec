"""What is said of a commit on GitHub: statuses, and the runs of checks beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...kernel.errors import SlipwayError
from ..port import Verdict
from .api import Api, Told

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
        what = f"the statuses of {commit[:7]} cannot be read"
        listed = self.api.pages(what, self.api.path("commits", commit, "status"), key="statuses")
        return _worst((one["context"], _STATES.get(one["state"], "failure")) for one in listed)

    def verdicts(self, commit: str) -> Mapping[str, Verdict]:
        """See `Forge.verdicts`; runs of checks take `checks: read`, which statuses do not."""
        said, path = self.statuses(commit), self.api.path("commits", commit, "check-runs")
        what = f"what checks say of {commit[:7]} cannot be read"
        runs = self.api.pages(what, path, key="check_runs")
        return _worst([*said.items(), *((run["name"], _verdict(run)) for run in runs)])

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


def _verdict(run: Told) -> Verdict:
    """Return what a run of a check says."""
    if run["status"] != "completed":
        return "pending"
    return "success" if run["conclusion"] in _GOOD else "failure"


def _worst(said: Iterable[tuple[str, Verdict]]) -> Mapping[str, Verdict]:
    """Keep the worse one of two that have one name: green means that nobody objects."""
    found: dict[str, Verdict] = {}
    for name, verdict in said:
        found[name] = min(verdict, found.get(name, verdict), key=_WORST.index)
    return dict(sorted(found.items()))
