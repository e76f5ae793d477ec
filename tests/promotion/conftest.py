"""A deployments repository in a folder of its own, and the command line in it."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.promotion.engine import statefile
from tasks.promotion.engine.commands import main
from tasks.promotion.engine.state import Record

WHO = g.identity("Ada", "ada@example.org", "1767225600 +0000")


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def trigger(self) -> str:
        """The commit that `check` named."""
        return self.out.split()[-1]


@dataclass(frozen=True)
class Deployments:
    """A work tree; its commits are as fixed as their dates."""

    root: Path

    def git(self, *args: str) -> str:
        return g.text(*args, repo=self.root, env=WHO)

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def write(self, files: dict[str, str]) -> None:
        for path, content in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(content)

    def commit(self, message: str, files: dict[str, str] | None = None) -> str:
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.head

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def record_of(self, environment: str, deployment: str = "default") -> Record:
        path = self.root / ".cepler" / deployment / f"{environment}.state"
        return statefile.parse(path.read_bytes(), str(path))

    def cepler(self, *words: str, stdin: str = "", here: Path | None = None) -> Said:
        """Run the command line in this process, in the work tree's root."""
        out, err = io.StringIO(), io.StringIO()
        before = sys.stdin
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
        try:
            with (
                contextlib.chdir(here or self.root),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                code = main(list(words))
        finally:
            sys.stdin = before
        return Said(code, out.getvalue(), err.getvalue())


@pytest.fixture
def new(tmp_path: Path) -> Callable[..., Deployments]:
    """Make a repository with a configuration and some files."""

    def make(config: str, files: dict[str, str] | None = None, name: str = "tree") -> Deployments:
        tree = Deployments(tmp_path / name)
        g.git("init", "--quiet", str(tree.root))
        tree.commit("first", {"cepler.yml": config, **(files or {})})
        return tree

    return make


TRACK = """\
environments:
  staging:
    latest: [app/*, staging.yml]
  qa:
    passed: staging
    propagated: [app/*]
    latest: [qa.yml]
  production:
    passed: qa
    propagated: [app/*]
    latest: [production.yml]
"""
FILES = {
    "app/a.yml": "a 1",
    "app/b.yml": "b 1",
    "staging.yml": "s 1",
    "qa.yml": "q 1",
    "production.yml": "p 1",
    "README": "hello",
}


@pytest.fixture
def track(new: Callable[..., Deployments]) -> Deployments:
    """Staging, qa and production, one behind the other."""
    return new(TRACK, FILES)


@pytest.fixture
def pair(track: Deployments, tmp_path: Path) -> tuple[Deployments, Deployments, Path]:
    """Two clones of one bare remote."""
    remote = tmp_path / "remote.git"
    g.git("clone", "--quiet", "--bare", str(track.root), str(remote))
    clones = []
    for name in ("one", "two"):
        g.git("clone", "--quiet", str(remote), str(tmp_path / name))
        clones.append(Deployments(tmp_path / name))
    return clones[0], clones[1], remote
