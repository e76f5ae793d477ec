"""A real git repository, made step by step; the same steps give the same commit ids."""

from __future__ import annotations

from pathlib import Path

from tasks.kernel.git import git, identity, text

_START = 1767225600


class Repository:
    """A work tree with a history of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds = _START
        git("init", "--quiet", "--initial-branch=main", str(folder))

    def commit(self, message: str, **files: str) -> str:
        """Commit `files` (two underscores in a name stand for a dot) and return the commit's id."""
        for name, content in files.items():
            (self.folder / name.replace("__", ".")).write_text(content)
        git("add", "--all", repo=self.folder)
        return self._commit("commit", "--allow-empty", "--cleanup=verbatim", message=message)

    def merge(self, other: str, message: str) -> str:
        """Merge another commit or branch, always with a merge commit."""
        self._commit("merge", "--no-ff", "--quiet", "--no-edit", other, message="merge\n")
        return self._commit("commit", "--amend", "--cleanup=verbatim", message=message)

    def branch(self, name: str, start: str = "HEAD") -> None:
        git("checkout", "--quiet", "-B", name, start, repo=self.folder)

    def tag(self, name: str, target: str = "HEAD", *, annotated: bool = False) -> None:
        kind = ("--annotate", "--message=release") if annotated else ()
        git("tag", *kind, name, target, repo=self.folder, env=self._identity())

    def reserve(self, version: str, commit: str = "HEAD") -> None:
        git("update-ref", f"refs/slipway/candidates/{version}", commit, repo=self.folder)

    def bare(self, folder: Path) -> Path:
        """Return a bare mirror, every ref included."""
        git("clone", "--quiet", "--mirror", str(self.folder), str(folder))
        return folder

    def _commit(self, *command: str, message: str) -> str:
        self.seconds += 60
        source = ("--file=-",) if command[0] == "commit" else ("-m", message)
        git(
            *command,
            *source,
            "--quiet",
            repo=self.folder,
            stdin=message.encode("utf-8", "surrogateescape"),
            env=self._identity(),
        )
        return text("rev-parse", "HEAD", repo=self.folder)

    def _identity(self) -> dict[str, str]:
        return identity("Ada", "ada@example.org", f"{self.seconds} +0000")
