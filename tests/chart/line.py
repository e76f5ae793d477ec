"""A shop with a published release, and the charts and deployments that it goes into."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.chart import merge, observe, propose, values
from tasks.chart.proposal import mark
from tasks.forge import NewPull, Pull
from tasks.forge.local import LocalForge
from tasks.images.builder import build
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.effects import Effect, carry_out
from tasks.kernel.world import World
from tasks.promotion import head
from tasks.registry import LayoutRegistry
from tests.project import PIPELINE, ROOT
from tests.rooms import Outside, Repository, world_of

BRANCH = "bot-bump-shop"
LABELS = ("galoybot", "shop")
SETTINGS = """\
environments:
  staging: {}
  production: {passed: staging, gate: true}
testflight: {}
deployments: {vendored: modules/shop/vendor/shop/chart}
chart:
  path: charts/shop
  images: {server: server.image.digest, web: parts.0.image.digest}
"""
MODULES = "  modules: {tf/bq: infra/bq, tf/watch: infra/watch}\n"
NAMES = ("staging", "production", "testflight")
OLD = {"server": "sha256:" + "a" * 64, "web": "sha256:" + "b" * 64}
VALUES = f"""\
# Which images run.
imageRegistry: ""
server:
  image:
    repository: server
    digest: "{OLD["server"]}" # METADATA:: repository=https://git.example.org/shop;commit_ref=5c1f0ae;app=server;
  replicas: 1
parts:
  - name: web
    image:
      repository: web
      digest: {OLD["web"]}
    replicas: 1
"""
ABOUT = "apiVersion: v2\nname: shop\ntype: application\nversion: 1.2.3\nappVersion: 0.1.0\n"
TEMPLATE = """\
{{- range $name, $part := dict "server" .Values.server "web" (index .Values.parts 0) }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $.Release.Name }}-{{ $name }}
  namespace: {{ $.Release.Namespace }}
spec:
  replicas: {{ $part.replicas }}
  selector: {matchLabels: {app: {{ $name }}}}
  template:
    metadata: {labels: {app: {{ $name }}}}
    spec:
      containers:
        - name: {{ $name }}
          image: {{ with $.Values.imageRegistry }}{{ . }}/{{ end -}}
            {{ $part.image.repository }}@{{ $part.image.digest }}
          resources: {limits: {cpu: "1", memory: 1Gi}}
{{- end }}
"""
CHART = {
    "README.md": "The charts.\n",
    "charts/shop/Chart.yaml": ABOUT,
    "charts/shop/values.yaml": VALUES,
    "charts/shop/templates/all.yaml": TEMPLATE,
}
PLACES = {
    "README.md": "What runs where.\n",
    "staging/main.tf": "",
    "staging/values.yml": "server: {replicas: 2}\n",
    "production/main.tf": "",
    "production/values.yml": "# Two of each.\nserver:\n  replicas: 2\n",
    "testflight/values.yml": "{}\n",
}


class Remote(Repository):
    """A remote with one branch that people push to; the files not named stay."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        super().__init__(folder)
        self._tree("the first", files)

    @classmethod
    def at_folder(cls, folder: Path) -> Remote:
        """Return one that is there already."""
        remote = cls.__new__(cls)
        remote.folder, remote.clock = folder, 1767225600 + 3600
        return remote

    @property
    def head(self) -> str:
        """The commit of the branch."""
        return self.at("main")

    def push(self, message: str, files: Mapping[str, str | None], branch: str = "main") -> str:
        """Commit changed files on top of a branch; None deletes."""
        return self._tree(message, files, branch)

    def link(self, path: str, target: str) -> str:
        """Commit a symbolic link."""
        return self._tree("a link", {path: target}, mode="120000")

    def _tree(
        self,
        message: str,
        files: Mapping[str, str | None],
        branch: str = "main",
        mode: str = "100644",
    ) -> str:
        self.clock += 60
        parent = self.at(branch) or self.at("main")
        index = {"GIT_INDEX_FILE": str(self.folder / "test-index")}
        g.git("read-tree", *([parent] if parent else ["--empty"]), repo=self.folder, env=index)
        rows = ""
        for name, content in files.items():
            told = (content or "").encode()
            blob = g.text("hash-object", "-w", "--stdin", repo=self.folder, stdin=told)
            rows += f"{'0' if content is None else mode} {blob}\t{name}\n"
        told = rows.encode()
        g.git("update-index", "--index-info", repo=self.folder, env=index, stdin=told)
        tree = g.text("write-tree", repo=self.folder, env=index)
        who = g.identity("Ada", "ada@example.org", f"{self.clock} +0000")
        above = ["-p", parent] if parent else []
        new = g.text("commit-tree", tree, *above, "-m", message, repo=self.folder, env=who)
        self.point(branch, new)
        return new

    def log(self, branch: str = "main") -> list[str]:
        """Return the subjects of a branch, newest first."""
        return g.lines("log", "--format=%s", f"refs/heads/{branch}", repo=self.folder)


class Line(Outside):
    """Everything outside, and what the rooms leave inside."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, PIPELINE.replace("environments: {}\n", SETTINGS))
        for name in ("templates", ".tools"):
            if (ROOT / name).exists():
                (folder / name).symlink_to(ROOT / name)
        super().start()
        Remote(self.world / "charts.git", CHART)
        Remote(self.world / "deployments.git", PLACES)
        self._settle()

    def _settle(self) -> None:
        self.charts = Remote.at_folder(self.world / "charts.git")
        self.deployments = Remote.at_folder(self.world / "deployments.git")
        self.registry = LayoutRegistry(self.world / "registry")
        self.forge = LocalForge(self.world / "forge/charts", str(self.charts.folder))

    @classmethod
    def like(cls, folder: Path, to: Path) -> Line:
        """Return a copy of a line with all that stands inside and outside of it."""
        shutil.copytree(folder, to, symlinks=True)
        line = cls.__new__(cls)
        line.folder, line.clock = to, 1767225600 + 3600
        line._settle()
        return line

    def publish(self, version: str, **labels: str) -> dict[str, str]:
        """Publish a release of the source's head; return its digests."""
        commit = self.refs()["refs/heads/main"]
        told = {"org.opencontainers.image.revision": commit} | labels
        digests = {name: self.push(name, version, told) for name in ("server", "web")}
        images = {name: {"repository": name, "digest": digest} for name, digest in digests.items()}
        fact = {"claims": {}, "version": version, "commit": commit, "images": images}
        self.inside.write_json(paths.receipt("publish"), fact)
        return digests

    def push(self, name: str, version: str, labels: Mapping[str, str]) -> str:
        """Push an image and return its digest."""
        context = self.folder / f"images/{name}-{version}"
        context.mkdir(parents=True, exist_ok=True)
        (context / "main").write_text(f"{name} {version}")
        (context / "Dockerfile").write_text("FROM scratch\nCOPY main /main\n")
        layout = context.with_suffix(".oci")
        made = build(context, "Dockerfile", layout, args={}, labels=dict(labels), created=1)
        self.registry.push(name, layout, version)
        return made.digest

    @property
    def inside(self) -> World:
        """The facts, with the configuration as it is written now."""
        return world_of(self)

    def observe(self) -> World:
        """Look at the charts, as every run does first."""
        observe.observe(self.inside)
        return self.inside

    def bump(self) -> str:
        """Carry the bump out."""
        return carry_out(propose.EFFECT, self.inside)

    def merge(self) -> str:
        """Carry the merge out."""
        return carry_out(merge.EFFECT, self.inside)

    def take_in(self) -> World:
        """Bring the published release into the chart."""
        self.bump()
        self.merge()
        return self.observe()

    def look_at_deployments(self) -> World:
        """Write what the observer of the deployments would."""
        world = self.inside
        now = head.ask(world)
        head.write_head(world, now)
        for name in NAMES:
            found = g.git(
                *("cat-file", "blob", f"{now.commit}:{name}/values.yml"),
                repo=self.deployments.folder,
                ok=(0, 128),
            )
            world.write(paths.environment_values(name), found or b"{}\n")
        return world

    def render(self, *names: str) -> list[str]:
        """Carry the rendering of values out, by default of every place; return what each says."""
        return [carry_out(values.effect(name), self.inside) for name in names or NAMES]

    def told(self, name: str) -> dict[str, Any]:
        """Return a fact."""
        value: dict[str, Any] = self.inside.json(name)
        return value

    def offers(self, state: str = "") -> list[Pull]:
        """Return our pull requests on the charts, newest first."""
        return [pull for pull in self.forge.pulls(BRANCH) if state in ("", pull.state)]

    def offer_file(self, number: int) -> Path:
        """Return where the forge keeps a pull request."""
        return self.world / f"forge/charts/pulls/{number}.json"

    def propose_by_hand(self, version: str) -> Pull:
        """Open a pull request as another machine's run would."""
        told = NewPull("a bump", mark(version), BRANCH, "main", LABELS, draft=False)
        return self.forge.open_pull(told)

    def values_at(self, commit: str) -> str:
        """Return the chart's values at a commit."""
        return self.charts.file(commit, "charts/shop/values.yaml")


def kill_at(point: str, effect: Effect[Any], world: World) -> None:
    """Carry an effect out in a process of its own that dies there as by `kill -9`."""
    pid = os.fork()
    if pid == 0:
        os.environ["SLIPWAY_KILL_AT"] = point
        try:
            carry_out(effect, world)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), f"it never came to {point}"
    assert os.WTERMSIG(status) == signal.SIGKILL
