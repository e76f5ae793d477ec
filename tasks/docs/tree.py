"""A site's files, wherever they are: names relative to the site, contents when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ..kernel import git as g
from ..kernel.errors import SlipwayError

Changes = dict[str, bytes | None]  # path → new content; None takes it away


class Tree(Protocol):
    """Files by name."""

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""

    def read(self, name: str) -> bytes:
        """Return a file's content."""


class Folder:
    """A site in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Return the names of all files, sorted; folders that tools fill are not looked into."""
        return sorted(self._below(self.root))

    def _below(self, folder: Path) -> list[str]:
        found: list[str] = []
        for path in folder.iterdir():
            name = path.relative_to(self.root).as_posix()
            if path.is_symlink():
                found.append(name)  # `read` refuses it, if it is asked for
            elif path.is_dir():
                if path.name not in {"node_modules", ".git"}:
                    found += self._below(path)
            else:
                found.append(name)
        return found

    def read(self, name: str) -> bytes:
        """Return a file's content.

        Raises:
            SlipwayError: it is a link.
        """
        path = self.root / name
        if path.is_symlink():
            raise SlipwayError(f"{path} is a link", fix="a version holds plain files: copy it")
        return path.read_bytes()

    def apply(self, changes: Mapping[str, bytes | None]) -> None:
        """Write the files, and take away those that go, with the folders that this empties."""
        for name, content in sorted(changes.items()):
            path = self.root / name
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                continue
            path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == self.root or not folder.is_dir() or any(folder.iterdir()):
                    break
                folder.rmdir()


class AtCommit:
    """A site as it is at a commit of a repository."""

    def __init__(self, repo: Path, commit: str, site: str) -> None:
        self.repo, self.commit, self.site = repo, commit, site
        self._blobs: dict[str, str] | None = None

    @property
    def blobs(self) -> dict[str, str]:
        """The id of each file's content; links and submodules are left out."""
        if self._blobs is None:
            listed = g.git(
                *("--literal-pathspecs", "ls-tree", "-r", "-z", self.commit, "--"),
                f"{self.site}/",
                repo=self.repo,
            )
            rows = listed.decode("utf-8", "surrogateescape").split("\0")[:-1]
            told = (row.partition("\t") for row in rows)
            self._blobs = {
                name.removeprefix(f"{self.site}/"): kind.split()[2]
                for kind, _, name in told
                if kind.startswith("100")
            }
        return self._blobs

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        return sorted(self.blobs)

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        return g.git("cat-file", "blob", self.blobs[name], repo=self.repo)


class Changed:
    """A tree with changes upon it."""

    def __init__(self, below: Tree, changes: Mapping[str, bytes | None]) -> None:
        self.below, self.changes = below, changes

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        there = {name for name in self.below.names() if name not in self.changes}
        return sorted(
            there | {name for name, content in self.changes.items() if content is not None}
        )

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        content = self.changes.get(name)
        return self.below.read(name) if content is None else content
