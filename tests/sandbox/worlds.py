"""Small seeds and their remotes, and the real ones, for the tests of the sandbox."""

from __future__ import annotations

import shutil
from pathlib import Path

from tasks.kernel import git
from tasks.sandbox.seeds import SEEDS
from tasks.sandbox.steps import Synced, sync

ROOT = Path(__file__).resolve().parents[2]
NOISE = shutil.ignore_patterns("__pycache__", "*.pyc", ".terraform", "*.tfstate*")

HISTORY = """\
authors:
  ada: Ada <ada@example.org>
source:
  - message: "feat: a shop"
    by: ada
    at: 2026-01-01T09:00:00+01:00
    takes: [shop.py, docs/]
    writes: {prices.txt: "1\\n2\\n"}
    tags: [0.1.0]
  - message: "fix: the third price"
    by: ada
    at: 2026-01-02T09:00:00+01:00
    takes: [prices.txt]
"""
FILES = {
    "shop.py": "".join(f"line {number}\n" for number in range(1, 21)),
    "prices.txt": "1\n2\n3\n",
    "docs/one.md": "one\n",
    ".gitignore": "made/\n",
}


class World:
    """A project's seed folder and the remote that follows it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seed = root / SEEDS["source"].folder
        self.remote = root / SEEDS["source"].remote

    @classmethod
    def small(cls, root: Path) -> World:
        """Return a world with four files and two commits, not yet made."""
        world = cls(root)
        for path, content in FILES.items():
            world.edit(path, content)
        (root / "sandbox" / "history.yml").write_text(HISTORY)
        return world

    @classmethod
    def real(cls, root: Path) -> World:
        """Return a copy of the seeds that are delivered, not yet made."""
        for name in ("sandbox", "envs"):
            shutil.copytree(ROOT / name, root / name, ignore=NOISE)
        return cls(root)

    def edit(self, path: str, content: str) -> Path:
        """Write a file of the seed."""
        file = self.seed / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def sync(self) -> Synced:
        """Bring the remote in step."""
        return sync("source", self.seed, self.remote)

    def refs(self) -> list[str]:
        """Return what the remote names, with ids."""
        return git.lines("for-each-ref", "--format=%(objectname) %(refname)", repo=self.remote)

    def show(self, path: str, at: str = "main") -> str:
        """Return a file at a branch or a commit."""
        return git.git("show", f"{at}:{path}", repo=self.remote).decode()

    def log(self, *options: str) -> list[str]:
        """Return the log of main."""
        return git.lines("log", *options, "main", repo=self.remote)
