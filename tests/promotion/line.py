"""A deployments remote with three environments, and the facts of a tree that looks at it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.config import load
from tasks.kernel.world import Forecast, World
from tasks.promotion import due, head
from tasks.promotion.engine import record_commit
from tasks.promotion.observe import observe
from tasks.promotion.wanted import repository_of, settings_at, state_in, wanted_by
from tests.project import PIPELINE

ENVIRONMENTS = """\
environments:
  staging: {}
  qa: {passed: staging}
  production: {passed: qa, gate: true}
"""
CEPLER = """\
deployment: shop
environments:
  staging:
    latest: [modules/**, staging/*]
  qa:
    passed: staging
    propagated: [modules/**]
    latest: [qa/*]
  production:
    passed: qa
    propagated: [modules/**]
    latest: [production/*]
"""
FILES: dict[str, str | None] = {
    "cepler.yml": CEPLER,
    "modules/app/main.tf": "# 1\n",
    **{f"{name}/main.tf": f"# {name}\n" for name in ("staging", "qa", "production")},
    "staging/values.yml": "replicas: 1\n",
}
RECORDED = g.identity("Cepler", "bot@cepler.io", "1767229200 +0000")


class Remote:
    """A bare repository that is changed file by file, as by people who push to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = 1767225600
        g.git("init", "--bare", "--quiet", str(path))

    def at(self, branch: str = "main") -> str:
        ref = f"refs/heads/{branch}"
        return g.text("rev-parse", "--quiet", "--verify", ref, repo=self.path, ok=(0, 1))

    def commit(
        self, message: str, files: Mapping[str, str | None], branch: str = "main", mode: str = ""
    ) -> str:
        """Change files on a branch; None removes one. Return the commit."""
        self.clock += 60
        parent = self.at(branch)
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            if parent:
                g.git("read-tree", parent, repo=self.path, env=index)
            for path, content in files.items():
                self._stage(path, content, mode or "100644", index)
            tree = g.text("write-tree", repo=self.path, env=index)
        above = ("-p", parent) if parent else ()
        who = g.identity("Ada", "ada@example.org", f"{self.clock} +0000")
        told = message.encode()
        new = g.text("commit-tree", tree, *above, repo=self.path, env=who, stdin=told)
        g.git("update-ref", f"refs/heads/{branch}", new, repo=self.path)
        return new

    def _stage(self, path: str, content: str | None, mode: str, index: Mapping[str, str]) -> None:
        if content is None:
            gone = f"0 {'0' * 40}\t{path}\n".encode()
            g.git("update-index", "--index-info", repo=self.path, env=index, stdin=gone)
            return
        told = content.encode()
        blob = g.text("hash-object", "-w", "--stdin", repo=self.path, stdin=told)
        entry = f"{mode},{blob},{path}"
        g.git("update-index", "--add", "--cacheinfo", entry, repo=self.path, env=index)

    def file(self, path: str, branch: str = "main") -> str:
        return g.git("cat-file", "blob", f"refs/heads/{branch}:{path}", repo=self.path).decode()

    def log(self, branch: str = "main") -> list[str]:
        """Return the subjects of a branch, the newest first."""
        return g.lines("log", "--format=%s", f"refs/heads/{branch}", "--", repo=self.path)

    def message(self, branch: str = "main") -> str:
        return g.text("log", "-1", "--format=%B", f"refs/heads/{branch}", "--", repo=self.path)


class Line:
    """One working tree's facts; several may look at one remote."""

    def __init__(self, folder: Path, remote: Remote, environments: str = ENVIRONMENTS) -> None:
        folder.mkdir(parents=True)
        self.folder, self.remote = folder, remote
        text = PIPELINE.replace("environments: {}\n", environments)
        self.configure(text.replace("world/deployments.git", str(remote.path)))

    def configure(self, text: str) -> None:
        """Write pipeline.yml and read it."""
        (self.folder / "pipeline.yml").write_text(text)
        self.world = World(load(self.folder / "pipeline.yml"), self.folder)

    def look(self) -> str:
        return observe(self.world)

    def promote(self, name: str) -> str:
        return due.promote(name, self.world)

    def foresee(self, name: str) -> Any:
        return due.foresee(name, Forecast(self.world, self.folder / "scratch"))

    def record(self, name: str) -> str:
        """Record what an environment should have, as a deployment would at its end."""
        self.look()
        repository, state = repository_of(self.world), state_in(wanted_by(self.world, name))
        parent = head.head_of(self.world).commit
        settings = settings_at(self.world, repository, parent)
        commit = record_commit(repository, parent, name, state, settings, who=RECORDED)
        head.push(self.world, commit, parent)
        self.look()
        return commit

    def step(self, name: str) -> str:
        """Go through one environment: ask, then record."""
        self.look()
        says = self.promote(name)
        self.record(name)
        return says

    def approve(self, name: str, commit: str = "", **others: str) -> None:
        """Open a gate by hand, as an engineer with git alone would."""
        lines = {name: commit or self.remote.at(), **others}
        text = "".join(f"{one}: {at}\n" for one, at in lines.items())
        self.remote.commit("open", {"gates.yml": text}, branch="cepler-gates")
        self.look()

    def fact(self, name: str) -> bytes | None:
        return self.world.read(paths.promotion(name))
