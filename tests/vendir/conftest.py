"""A folder to sync into, repositories to sync from, and the command line in between."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.vendir.engine.commands import main

CHART = {
    "charts/app/Chart.yaml": "name: app\nversion: 1.0.0\n",
    "charts/app/values.yaml": "replicas: 1\n",
    "charts/app/templates/web.yaml": "kind: Deployment\n",
    "charts/app/.helmignore": "*.bak\n",
    "charts/other/Chart.yaml": "name: other\n",
    "LICENSE": "MIT\n",
    "README.md": "charts\n",
}


DEPTH = 350


class Origin:
    """A repository with a work tree, whose commits are as fixed as their dates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = 1767225600
        g.git("init", "--quiet", str(folder))

    def git(self, *args: str) -> str:
        self.clock += 60
        who = g.identity("Ada", "ada@example.org", f"{self.clock} +0000")
        return g.text(*args, repo=self.folder, env=who)

    def commit(self, message: str, files: Mapping[str, str | None] | None = None) -> str:
        for name, content in (files or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_text(content)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "-m", message)
        return self.git("rev-parse", "HEAD")


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


class Place:
    """The folder that a sync runs in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def configure(self, contents: str, *, path: str = "vendor", more: str = "") -> None:
        """Write a configuration with one directory; contents is YAML, a list in flow style."""
        (self.folder / "vendir.yml").write_text(
            "apiVersion: vendir.k14s.io/v1alpha1\nkind: Config\ndirectories:\n"
            f"- path: {path}\n  contents: {contents}\n{more}"
        )

    def run(self, *args: str) -> Said:
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    code = main(list(args))
                except SystemExit as stop:
                    code = int(stop.code or 0)
        finally:
            os.chdir(before)
        out.flush()
        return Said(code, out.buffer.getvalue().decode(), err.getvalue())

    def sync(self, *args: str) -> str:
        """Sync, and return the lock."""
        said = self.run("sync", *args)
        assert said.code == 0, said.err
        return said.out

    def refused(self, *args: str) -> str:
        """Sync in vain, and return the reason."""
        said = self.run("sync", *args)
        assert said.code == 1, said.out
        assert "Traceback" not in said.err
        return said.err

    def files(self, folder: str = "vendor") -> dict[str, str]:
        """Return path → content; a link is shown as "→ target"."""
        top = self.folder / folder
        return {
            path.relative_to(top).as_posix(): (
                f"→ {path.readlink()}" if path.is_symlink() else path.read_text()
            )
            for path in sorted(top.rglob("*"))
            if path.is_symlink() or path.is_file()
        }

    @property
    def lock(self) -> str:
        return (self.folder / "vendir.lock.yml").read_text()

    @property
    def left(self) -> list[str]:
        """What stands in the folder itself."""
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    origin = Origin(tmp_path / "charts")
    origin.commit("feat: an app", CHART)
    return origin


@pytest.fixture
def new_origin(tmp_path: Path) -> Callable[[str], Origin]:
    return lambda name: Origin(tmp_path / name)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    assert sys.stdin is not None
    return Place(tmp_path / "work")


@pytest.fixture
def shallow_stack() -> Iterator[None]:
    """Allow so few calls in one another that no recursion goes through `DEPTH` folders."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(DEPTH)
    yield
    sys.setrecursionlimit(before)


def lock_of(commit: str, title: str = "'feat: an app'", tags: str = "") -> str:
    """Return the lock of one git content."""
    named = f"      tags:\n      - {tags}\n" if tags else ""
    return (
        "apiVersion: vendir.k14s.io/v1alpha1\ndirectories:\n- contents:\n  - git:\n"
        f"      commitTitle: {title}\n      sha: {commit}\n{named}    path: app\n"
        "  path: vendor\nkind: LockConfig\n"
    )
