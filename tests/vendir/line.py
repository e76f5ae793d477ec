"""Two repositories, and the facts that the stages before `vendor` have left."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.config import load
from tasks.kernel.effects import Effect, carry_out
from tasks.kernel.world import UNKNOWN, World
from tasks.promotion import head
from tasks.vendir import vendor
from tests.project import WHO

PIPELINE = """\
project: bank
remotes:
  source: {url: world/source.git, branch: main}
  charts: {url: world/charts.git, branch: main}
  deployments: {url: world/deployments.git, branch: main}
inputs: {web: [web]}
checks: {}
images:
  web: {inputs: [web], context: web, dockerfile: Dockerfile}
registry: {kind: local, path: world/registry}
forge: {kind: local, path: world/forge}
chart: {path: charts/bank, values: values.yaml, images: {web: web.digest}}
deployments: {vendored: vendor/bank/chart}
testflight: {root: testflight}
environments: {staging: {}}
"""
VENDIR = """\
# Kept by the release.
apiVersion: vendir.k14s.io/v1alpha1
kind: Config
directories:
  - path: vendor/bank
    contents:
      - path: chart
        git:
          url: ../charts.git
          ref: origin/main   # a tested commit
        includePaths:
          - charts/bank/**/*
        newRootPath: charts/bank
"""
CHART = {
    "charts/bank/Chart.yaml": "name: bank\nversion: 1.0.0\n",
    "charts/bank/values.yaml": "web: {digest: a}\n",
    "charts/bank/.helmignore": "*.bak\n",
    "charts/bank/templates/web.yaml": "kind: Deployment\n",
    "LICENSE": "MIT\n",
}
FOLDER = "vendor/bank/chart"


class Line:
    """Two repositories, and the facts that the stages before have left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = 1767225600
        (folder / "pipeline.yml").write_text(PIPELINE)
        for name in ("charts", "deployments"):
            g.git("init", "--bare", "--quiet", str(folder / f"world/{name}.git"))
        self.world = World(load(folder / "pipeline.yml"), folder)
        self.first = self.commit("charts", "feat: the chart", CHART)
        self.commit(
            "deployments",
            "feat: deployments",
            {"vendir.yml": VENDIR, ".gitignore": "*.yaml\n", ".gitattributes": "* text eol=crlf\n"},
        )
        self.look()

    def commit(self, remote: str, message: str, files: Mapping[str, str | None]) -> str:
        """Commit to a remote as somebody would; None deletes. Return the commit."""
        self.clock += 60
        tree = self.folder / ".clone"
        g.git("clone", "--quiet", str(self.folder / f"world/{remote}.git"), str(tree))
        for name, content in files.items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink() if content is None else path.write_text(content)
        g.git("add", "--all", "--force", repo=tree)
        who = g.identity(*WHO, f"{self.clock} +0000")
        g.git("commit", "--quiet", "-m", message, repo=tree, env=who)
        g.git("push", "--quiet", "origin", "HEAD:refs/heads/main", repo=tree)
        commit = g.text("rev-parse", "HEAD", repo=tree)
        shutil.rmtree(tree)
        return commit

    def look(self) -> None:
        """Observe the deployments, as every run does first."""
        head.write_head(self.world, head.ask(self.world))

    def fly(self, commit: str, version: str = "1.0.0", **changes: Any) -> None:
        """Have a chart merged, and flown."""
        where = self.folder / "world/charts.git"
        known = commit != UNKNOWN
        tree = g.text("rev-parse", f"{commit}:charts/bank", repo=where) if known else UNKNOWN
        chart = {"commit": commit, "tree": tree, "version": version, "release": "0.42.0"}
        self.world.write_json(paths.CHART, chart)
        verdict = {"chart": commit, "tree": tree, "release": "0.42.0"} | changes
        self.world.write_json(paths.TESTFLIGHT, verdict)

    def vendor(self, effect: Effect[vendor.Wanted] = vendor.EFFECT) -> str:
        return carry_out(effect, self.world)

    @property
    def head(self) -> str:
        return g.text("rev-parse", "main", repo=self.folder / "world/deployments.git")

    def show(self, path: str) -> bytes:
        return g.git("cat-file", "blob", f"main:{path}", repo=self.folder / "world/deployments.git")

    def log(self) -> list[str]:
        how = ("log", "--format=%s", "main")
        return g.lines(*how, repo=self.folder / "world/deployments.git")

    def vendored(self) -> dict[str, str]:
        """Return path → mode and blob of the vendored folder."""
        where = self.folder / "world/deployments.git"
        listed = g.lines("ls-tree", "-r", f"main:{FOLDER}", repo=where)
        return {line.split("\t")[1]: line.split("\t")[0] for line in listed}

    def charted(self, commit: str) -> dict[str, str]:
        """Return the same of the chart's own folder."""
        listed = g.lines(
            "ls-tree", "-r", f"{commit}:charts/bank", repo=self.folder / "world/charts.git"
        )
        return {line.split("\t")[1]: line.split("\t")[0] for line in listed}
