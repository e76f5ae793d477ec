"""A small world in which a change has travelled to production: real repositories and images."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasks.cluster import LocalCluster
from tasks.forge import Approved, mark, proof_ref, trailers
from tasks.forge.local import LocalForge
from tasks.forge.port import NewPull
from tasks.images.context import REVISION, VERSION
from tasks.kernel import git as g
from tasks.kernel.config import load
from tasks.kernel.world import World
from tasks.promotion import engine
from tasks.registry import LayoutRegistry
from tasks.vendir.engine.lock import Lock, LockedContent, LockedDirectory
from tests.cluster import samples
from tests.images.contexts import make, run
from tests.project import PIPELINE

CHART = "charts/shop"
VENDORED = "modules/shop/vendor/shop/chart"
MORE = f"""\
chart:
  path: {CHART}
  values: values.yaml
  images: {{server: server.image.digest, web: web.image.digest}}
cluster: {{kind: local, path: world/cluster}}
deployments: {{vendored: {VENDORED}, state: world/terraform}}
testflight: {{timeout: 1m}}
smoketest: {{endpoints: {{server: {{service: server}}}}}}
environments:
  staging: {{}}
  qa: {{passed: staging}}
  production: {{passed: qa, gate: true}}
"""
CEPLER = """\
deployment: shop
environments:
  staging: {latest: [modules/**, staging/*]}
  qa: {passed: staging, propagated: [modules/**], latest: [qa/*]}
  production: {passed: qa, propagated: [modules/**], latest: [production/*]}
"""
VENDIR = f"""\
apiVersion: vendir.k14s.io/v1alpha1
kind: Config
directories:
- path: modules/shop/vendor/shop
  contents:
  - path: chart
    git: {{url: ../charts.git, ref: origin/main}}
    includePaths: [{CHART}/**/*]
    excludePaths: [{CHART}/ci/*]
    newRootPath: {CHART}
"""
LINE = "# METADATA:: repository=https://example.org/shop;commit_ref={ref};app={app};"


@dataclass
class Bare:
    """A bare repository whose commits are made one by one, a minute apart."""

    path: Path
    clock: int = 1767225600
    who: tuple[str, str] = ("Ada", "ada@example.org")

    def init(self) -> Bare:
        g.git("init", "--bare", "--quiet", str(self.path))
        return self

    def at(self, ref: str = "refs/heads/main") -> str:
        return g.text("rev-parse", "--verify", "--quiet", ref, repo=self.path, ok=(0, 1))

    def point(self, ref: str, commit: str) -> None:
        g.git("update-ref", *([ref, commit] if commit else ["-d", ref]), repo=self.path)

    def commit(
        self,
        message: str,
        files: Mapping[str, str | None] | None = None,
        *,
        ref: str = "refs/heads/main",
        onto: str = "",
        merged: str = "",
        by: str = "",
    ) -> str:
        """Commit some files (None removes) and move a ref there; return the commit."""
        self.clock += 60
        parent = onto or self.at(ref)
        index = {"GIT_INDEX_FILE": str(self.path / "test.index")}
        (self.path / "test.index").unlink(missing_ok=True)
        if parent:
            g.git("read-tree", parent, repo=self.path, env=index)
        for name, content in (files or {}).items():
            if content is None:
                gone = f"0 {'0' * 40}\t{name}\n".encode()
                g.git("update-index", "--index-info", repo=self.path, env=index, stdin=gone)
                continue
            blob = g.text("hash-object", "-w", "--stdin", repo=self.path, stdin=content.encode())
            entry = f"100644,{blob},{name}"
            g.git("update-index", "--add", "--cacheinfo", entry, repo=self.path, env=index)
        tree = g.text("write-tree", repo=self.path, env=index)
        above = [word for one in (parent, merged) if one for word in ("-p", one)]
        who = g.identity(by or self.who[0], self.who[1], f"{self.clock} +0000")
        told = message.encode()
        new = g.text("commit-tree", tree, *above, "-F", "-", repo=self.path, env=who, stdin=told)
        self.point(ref, new)
        return new

    def files(self, commit: str, folder: str = "") -> dict[str, str]:
        """Return path → text of a commit's files below a folder."""
        names = g.lines("ls-tree", "-r", "--name-only", commit, repo=self.path)
        start = f"{folder}/" if folder else ""
        return {
            name.removeprefix(start): g.text("show", f"{commit}:{name}", repo=self.path) + "\n"
            for name in names
            if name.startswith(start)
        }


@dataclass
class Travelled:
    """The world; `root` is a working tree with nothing but `pipeline.yml` in it."""

    root: Path
    built: str = ""  # what the newest release was built from
    digests: dict[str, str] = field(default_factory=dict)
    clock: int = 1767225600

    def __post_init__(self) -> None:
        outside = self.root / "world"
        self.source = Bare(outside / "source.git")
        self.charts = Bare(outside / "charts.git", who=("Bo", "bo@example.org"))
        self.deployments = Bare(outside / "deployments.git", who=("Cy", "cy@example.org"))
        self.registry = LayoutRegistry(outside / "registry")
        self.forge = LocalForge(outside / "forge", str(self.source.path))

    def world(self) -> World:
        return World(load(self.root / "pipeline.yml"), self.root)

    def copy(self, to: Path) -> Travelled:
        shutil.copytree(self.root, to)
        other = Travelled(to, self.built, dict(self.digests))
        for name in ("source", "charts", "deployments"):
            getattr(other, name).clock = getattr(self, name).clock
        return other

    # the steps of the line

    def begin(self) -> None:
        (self.root / "world").mkdir(parents=True)
        pipeline = PIPELINE.replace("environments: {}\n", MORE)
        (self.root / "pipeline.yml").write_text(pipeline)
        first = self.source.init().commit("feat: the first shop", {"shop": "1\n"})
        self.source.point("refs/tags/0.1.0", first)
        self.charts.init().commit(
            "feat: a chart",
            {
                "README.md": "charts\n",
                f"{CHART}/values.yaml": values({"server": "sha256:" + "0" * 64}, "0" * 7),
                f"{CHART}/templates/server.yaml": "kind: Deployment\n",
                f"{CHART}/ci/test.yaml": "never: vendored\n",
                **chart_yaml("0.1.0", "0.1.0"),
            },
        )
        self.deployments.init().commit(
            "feat: environments",
            {
                "cepler.yml": CEPLER,
                "vendir.yml": VENDIR,
                **{f"{name}/main.tf": f"# {name}\n" for name in ("staging", "qa", "production")},
            },
        )

    def change(self, message: str = "feat(shelf): weekly repayments") -> str:
        return self.source.commit(message, {"shop": f"{message}\n"})

    def candidate(self, version: str, number: int = 1) -> str:
        """Reserve and tag a candidate of the source's head."""
        commit = self.source.at()
        name = f"{version}-rc.{number}"
        self.source.point(f"refs/slipway/candidates/{name}", commit)
        self.source.point(f"refs/tags/{name}", commit)
        return commit

    def promote(self, version: str, by: str = "Grace") -> int:
        """Open the promotion of a candidate of the head and merge it; return its number."""
        commit, candidate = self.source.at(), f"{version}-rc.1"
        told = trailers(candidate, version, commit, Approved({}, {}))
        branch = "bot-promote-rc"
        head = self.source.commit(
            f"chore(release): {version}\n\n{told}",
            {"CHANGELOG.md": f"# {version}\n"},
            ref=f"refs/heads/{branch}",
            onto=commit,
        )
        self.source.point(proof_ref(candidate, head), head)
        body = f"{mark(candidate)}\nplease\n"
        pull = self.forge.open_pull(NewPull(f"Release {version}", body, branch, "main", ()))
        self.forge.merge_pull(pull.number, head, by, "looks right")
        return pull.number

    def publish(self, version: str, commit: str) -> None:
        """Make the final images, the release and its tag."""
        self.built = commit
        self.digests = {name: self.image(name, version, commit) for name in ("server", "web")}
        self.source.point(f"refs/tags/{version}", commit)
        self.forge.draft(version, commit, version, "notes")
        self.forge.attach(version, "checksums.txt", b"none\n")
        self.forge.publish(version)

    def image(self, name: str, version: str, commit: str, **labels: str) -> str:
        """Push an image of a service that runs, and return its digest."""
        folder = self.root.parent / "images" / self.root.name / f"{name}-{version}"
        shutil.rmtree(folder, ignore_errors=True)
        files = {"app.py": samples.APP, "version": f"{name} {version}\n"}
        told = {VERSION: version, REVISION: commit, **labels}
        context = make(folder / "context", samples.DOCKERFILE, files)
        built = run(context, labels=told, output=folder / "layout")
        self.registry.push(name, folder / "layout", "-".join([version, *labels.values()]))
        return built.digest

    def bump(self, version: str, chart: str = "") -> str:
        """Take the release into the chart, as a merge; return the merge."""
        files = {
            f"{CHART}/values.yaml": values(self.digests, self.built[:7]),
            f"{CHART}/templates/server.yaml": f"kind: Deployment # {version}\n",
            **chart_yaml(chart or version, version),
        }
        before = self.charts.at()
        side = self.charts.commit(f"chore(shop): {version}", files, ref="refs/heads/bot-bump")
        self.charts.point("refs/heads/bot-bump", "")
        words = f"Merge pull request #1 from bot-bump\n\n{version}\n"
        return self.charts.commit(words, files, onto=before, merged=side, by="Grace")

    def vendor(
        self, sha: str = "", tampered: Mapping[str, str | None] | None = None, locked: str = ""
    ) -> str:
        """Copy the chart into the deployments repository, with its lock."""
        sha = sha or self.charts.at()
        chart = self.charts.files(sha, CHART)
        files: dict[str, str | None] = {
            f"{VENDORED}/{name}": text for name, text in chart.items() if not name.startswith("ci/")
        }
        there = self.deployments.files(self.deployments.at(), VENDORED)
        files |= {f"{VENDORED}/{name}": None for name in there if name not in chart}
        files |= {f"{VENDORED}/{name}": text for name, text in (tampered or {}).items()}
        entry = LockedContent("chart", "git", {"commitTitle": "x", "sha": locked or sha})
        lock = Lock((LockedDirectory("modules/shop/vendor/shop", (entry,)),))
        files["vendir.lock.yml"] = lock.render().decode()
        return self.deployments.commit(f"ci(vendir): {sha[:7]}", files)

    def record(self, environment: str, words: str = "", start: str | None = None) -> str:
        """Record that an environment has what it should have now; return the commit."""
        repo, head = engine.Repository(self.deployments.path), self.deployments.at()
        settings = engine.config_at(repo, head)
        state = engine.desired(repo, head, settings, environment, start=start)
        self.deployments.clock += 60
        who = g.identity("Cepler", "bot@cepler.io", f"{self.deployments.clock} +0000")
        commit = engine.record_commit(
            repo, head, environment, state, settings, who=who, words=words or None
        )
        self.deployments.point("refs/heads/main", commit)
        return commit

    def gate(self, commit: str, by: str = "Hedy", why: str = "qa is fine", more: str = "") -> str:
        """Open production's gate up to a commit."""
        message = f"ci(gates): production\n\nApproved-by: {by}\nReason: {why}\n{more}"
        files = {"gates.yml": f"staging: HEAD\nqa: HEAD\nproduction: {commit}\n"}
        return self.deployments.commit(message, files, ref="refs/heads/cepler-gates")

    def cluster(self) -> LocalCluster:
        return LocalCluster(self.root / "world/cluster", self.registry)


def values(digests: Mapping[str, str], ref: str) -> str:
    """Return a values file with breadcrumbs."""
    lines = []
    for app in ("server", "web"):
        digest = digests.get(app, "sha256:" + "0" * 64)
        crumb = LINE.format(ref=ref, app=app)
        lines += [f"{app}:", "  image:", f'    digest: "{digest}" {crumb}']
    return "\n".join(lines) + "\n"


def chart_yaml(version: str, app_version: str) -> dict[str, str]:
    """Return the chart's own file."""
    text = f"apiVersion: v2\nname: shop\nversion: {version}\nappVersion: {app_version}\n"
    return {f"{CHART}/Chart.yaml": text}


def trailed(told: Travelled, version: str, chart: str) -> str:
    """Return a record's message with what it says of the chart."""
    digests = "".join(f"Slipway-Digest: {name} {at}\n" for name, at in told.digests.items())
    return (
        f"ci(cepler): Updated 'shop' state\n\nSlipway-Release: {version}\n"
        f"Slipway-Chart: shop {version} {chart}\n{digests}Slipway-Deployed-By: cy@laptop\n"
    )


def everywhere(root: Path) -> Travelled:
    """Return a world in which one release is deployed everywhere."""
    told = Travelled(root)
    told.begin()
    told.change()
    commit = told.candidate("0.2.0")
    told.promote("0.2.0")
    told.publish("0.2.0", commit)
    chart = told.bump("0.2.0")
    told.vendor()
    for name in ("staging", "qa"):
        told.record(name, trailed(told, "0.2.0", chart))
    gate = told.deployments.at()
    told.gate(gate)
    told.record("production", trailed(told, "0.2.0", chart), start=gate)
    return told
