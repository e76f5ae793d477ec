"""What a fake GitHub knows, in a folder, and the git repository below it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.kernel import git as g

Told = dict[str, Any]
WHEN = "2026-01-01T00:00:00Z"


@dataclass
class Answer:
    """An answer: JSON, or bytes as they are."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """GitHub's no."""

    def __init__(self, status: int, message: str, *errors: Told) -> None:
        super().__init__(message)
        self.status, self.message, self.errors = status, message, list(errors)


def invalid(resource: str, field_name: str, code: str = "invalid", message: str = "") -> Refused:
    """Return what GitHub says of a field that is wrong."""
    error = {"resource": resource, "field": field_name, "code": code}
    if message:
        error["message"] = message
    return Refused(422, "Validation Failed", error)


class FakeState:
    """The state, and what git says.

    Args:
        folder: where it stands.
        source: the bare repository.
        name: OWNER/NAME.
    """

    def __init__(self, folder: Path, source: Path, name: str) -> None:
        self.folder, self.source, self.name = folder, source, name
        self.owner = name.partition("/")[0]
        self.api = ""
        self.immutable = True  # published releases cannot be changed: a setting of the repository
        self.digests = True  # an older server tells none
        self.lazy = 0  # how often it is asked whether something merges before it knows
        self.archived = False
        self.push = True
        self.statuses_too = True  # whether the token may set statuses
        self.unreadable: set[str] = set()  # of "statuses" and "checks", what it may not even read
        self.file = folder / "github.json"
        self.state: Told = {"number": 0, "id": 1000, "pulls": {}, "releases": {}, "assets": {}}
        self.state |= {"comments": {}, "statuses": {}, "checks": {}}
        if self.file.exists():
            self.state = json.loads(self.file.read_text())
        (folder / "assets").mkdir(parents=True, exist_ok=True)

    def at(self, port: int) -> None:
        """Say where it is served: the API by one name of this machine, the files by another."""
        self.api = f"http://127.0.0.1:{port}"
        self.files = f"http://localhost:{port}"

    def save(self) -> None:
        """Write down what it knows."""
        self.file.write_text(json.dumps(self.state))

    def next_id(self) -> int:
        """Return a new id."""
        self.state["id"] += 1
        return int(self.state["id"])

    # git

    def ref(self, name: str) -> str:
        """Return where a ref stands; "" when it is not there."""
        return g.text(
            *("rev-parse", "--quiet", "--verify", f"refs/{name}"), repo=self.source, ok=(0, 1)
        )

    def has(self, commit: str) -> bool:
        """Say whether a commit is there."""
        spec = f"{commit}^{{commit}}"
        return g.returncode("rev-parse", "--quiet", "--verify", spec, repo=self.source) == 0

    def stands_on(self, older: str, newer: str) -> bool:
        """Say whether a commit is in the history of another."""
        return g.returncode("merge-base", "--is-ancestor", older, newer, repo=self.source) == 0

    def merged_tree(self, base: str, head: str) -> str:
        """Return the tree of a merge; "" when the two collide."""
        done = g.text("merge-tree", "--write-tree", base, head, repo=self.source, ok=(0, 1)).split(
            "\n"
        )
        return done[0] if len(done) == 1 else ""
