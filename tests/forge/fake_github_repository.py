"""The repository of the fake GitHub: all its endpoints together."""

from __future__ import annotations

from typing import Any

from tasks.kernel import git as g
from tests.forge.fake_github_pulls import FakePulls
from tests.forge.fake_github_releases import FakeReleases
from tests.forge.fake_github_state import Answer, Refused, invalid

__all__ = ["Answer", "FakeRepository", "Refused"]


class FakeRepository(FakePulls, FakeReleases):
    """What GitHub has of one repository."""

    def about(self, _call: Any) -> Answer:
        may = {"admin": False, "push": self.push, "pull": True}
        told = {"id": 1, "full_name": self.name, "archived": self.archived, "permissions": may}
        return Answer(200, told | {"owner": {"login": self.owner}, "default_branch": "main"})

    def branch(self, _call: Any, branch: str) -> Answer:
        at = self.ref(f"heads/{branch}")
        if not at:
            raise Refused(404, "Not Found")
        told = {"sha": at, "type": "commit"}
        return Answer(200, {"ref": f"refs/heads/{branch}", "object": told})

    def git_commit(self, _call: Any, commit: str) -> Answer:
        if not self.has(commit):
            raise Refused(404, "Not Found")
        message = g.text("log", "-1", "--format=%B", commit, "--", repo=self.source)
        return Answer(200, {"sha": commit, "message": message.rstrip("\n")})

    def commit(self, _call: Any, ref: str) -> Answer:
        return Answer(200, {"sha": self._commit_of(ref)})

    def _commit_of(self, ref: str) -> str:
        for spec in (f"refs/{ref}", f"refs/tags/{ref}", f"refs/heads/{ref}", ref):
            if self.has(spec) and (spec != ref or len(ref) == 40):
                return g.text("rev-parse", f"{spec}^{{commit}}", repo=self.source)
        raise Refused(422, f"No commit found for SHA: {ref}")

    # statuses

    def _refuse_reading(self, what: str) -> None:
        if what in self.unreadable:
            raise Refused(403, "Resource not accessible by integration")

    def combined_status(self, _call: Any, ref: str) -> Answer:
        self._refuse_reading("statuses")
        commit = self._commit_of(ref)
        found = list(self.state["statuses"].get(commit, {}).values())
        states = {status["state"] for status in found}
        state = "failure" if states & {"failure", "error"} else "pending"
        state = "success" if states == {"success"} else state
        told = {"sha": commit, "state": state, "total_count": len(found), "statuses": found}
        return Answer(200, told)

    def check_runs(self, _call: Any, ref: str) -> Answer:
        self._refuse_reading("checks")
        found = self.state["checks"].get(self._commit_of(ref), [])
        return Answer(200, {"total_count": len(found), "check_runs": found})

    def set_status(self, call: Any, commit: str) -> Answer:
        told = call.body
        if not self.statuses_too:
            raise Refused(403, "Resource not accessible by personal access token")
        if not self.has(commit):
            raise Refused(422, f"No commit found for SHA: {commit}")
        if told["state"] not in ("error", "failure", "pending", "success"):
            raise invalid("Status", "state")
        if len(told.get("description", "")) > 140:
            message = "description is too long (maximum is 140 characters)"
            raise invalid("Status", "description", "custom", message)
        status = {"context": "default", "target_url": None, **told}
        self.state["statuses"].setdefault(commit, {})[status["context"]] = status
        return Answer(201, status)
