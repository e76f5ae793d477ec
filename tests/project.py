"""A project for tests: a copy of this tree with its own small source, driven as by a person."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tasks.kernel import git as g

ROOT = Path(__file__).resolve().parents[1]
WHO = ("Ada", "ada@example.org")

PIPELINE = """\
project: shop
remotes:
  source: {url: world/source.git, branch: main}
  charts: {url: world/charts.git, branch: main}
  deployments: {url: world/deployments.git, branch: main}
inputs:
  server: [server, build.py]
  web: [web]
  tests: [tests]
checks:
  unit: {inputs: [server, tests], command: [python3, tests/check.py], timeout: 30s}
  web: {inputs: [web], command: [python3, tests/check.py, web], timeout: 30s}
  messages: {rule: conventional-commits}
artifacts:
  binary: {name: shop, inputs: [server], command: [python3, build.py], output: dist/shop}
  apps:
    web: {inputs: [web], env-file: web/.env, variable: APP_VERSION}
images:
  server: {inputs: [server], context: server, dockerfile: Dockerfile, binary: shop}
  web: {inputs: [web], context: web, dockerfile: Dockerfile, app: web}
registry: {kind: local, path: world/registry}
forge: {kind: local, path: world/forge}
environments: {}
"""

FILES = {
    "build.py": (
        "import os, pathlib\n"
        "pathlib.Path('dist').mkdir()\n"
        "text = pathlib.Path('server/main.py').read_text()\n"
        "pathlib.Path('dist/shop').write_text(\n"
        "    f\"#!/usr/bin/env python3\\n# {os.environ['VERSION']}"
        " {os.environ['COMMITHASH']}\\n{text}\"\n"
        ")\n"
    ),
    "server/main.py": "print('shop')\n",
    "server/Dockerfile": (
        "ARG BASE=scratch\nFROM ${BASE}\nARG VERSION\nENV VERSION=$VERSION\n"
        'COPY shop VERSION /srv/\nENTRYPOINT ["python3", "/srv/shop"]\n'
    ),
    "web/index.html": "<h1>shop</h1>\n",
    "web/.env": "COLOUR=green\n",
    "web/Dockerfile": (
        'FROM scratch\nCOPY . /srv/web\nENTRYPOINT ["python3", "-m", "http.server"]\n'
    ),
    "tests/check.py": "import pathlib, sys\nsys.exit(pathlib.Path('broken').exists())\n",
    "CHANGELOG.md": "# Changelog\n\n## [0.1.0] - 2026-01-01\n\n- First.\n",
}


@dataclass(frozen=True)
class Run:
    """One finished command."""

    code: int
    out: str
    err: str

    @property
    def ran(self) -> list[str]:
        """Return the tasks that ran, observers left out, in the order of the screen."""
        names: list[str] = []
        same = False
        for line in self.err.splitlines():
            if line[:1] in set("✓·║✗"):
                names.append(line.split()[1])
            same = line.startswith(" ") and (same or line.lstrip().startswith("the same: "))
            if same:  # with the one above, and with what was wrapped
                told = line.replace("the same: ", "").split(",")
                names += [name.strip() for name in told if name.strip()]
        return [name for name in names if name not in ("source", "forge", "registry", "sandbox")]

    @property
    def acted(self) -> set[str]:
        """Return the tasks that ran and had something to do, observers and the gate left out."""
        signs = {
            line.split()[1]: line[0] for line in self.err.splitlines() if line[:1] in set("✓·║✗")
        }
        idle = ("source", "forge", "registry", "sandbox", "gate")
        return {name for name, sign in signs.items() if sign == "✓" and name not in idle}


class Project:
    """A working tree of Slipway in a folder of its own, and the world outside it."""

    world_folder = "world"

    def __init__(self, folder: Path, world: Path | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for name in ("tasks", "templates"):
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copy(ROOT / "dodo.py", folder)
        if (ROOT / ".tools").is_dir():  # what was fetched once need not be fetched again
            (folder / ".tools").symlink_to(ROOT / ".tools")
        (folder / "pipeline.yml").write_text(PIPELINE)
        if world:
            (folder / "world").symlink_to(world)
        self.clock = 1767225600

    @classmethod
    def copy(cls, folder: Path, to: Path) -> Self:
        """Return a copy of a project with all that stands inside and outside of it."""
        shutil.copytree(folder, to, symlinks=True)
        project = cls.__new__(cls)
        project.folder, project.clock = to, 1767225600 + 3600
        return project

    @property
    def world(self) -> Path:
        """Return the folder of the remotes, the registry and the forge."""
        return self.folder / self.world_folder

    @property
    def source(self) -> Path:
        """Return the source remote."""
        inside = "remotes/source.git" if self.world_folder == ".sandbox" else "source.git"
        return self.world / inside

    def seed(self) -> None:
        """Make the remotes: one release, and a feature after it."""
        for kind in ("source", "charts", "deployments"):
            g.git("init", "--bare", "--quiet", str(self.world / f"{kind}.git"))
        self.commit("feat: the first shop", FILES)
        g.git("tag", "0.1.0", "main", repo=self.source)
        self.commit("feat: a second shelf", {"server/main.py": "print('two shelves')\n"})

    def commit(self, message: str, files: Mapping[str, str | None], branch: str = "main") -> str:
        """Commit files to the source remote; None deletes. Return the commit."""
        self.clock += 60
        tree = self.folder / ".clone"
        shutil.rmtree(tree, ignore_errors=True)
        g.git("clone", "--quiet", "--no-checkout", str(self.source), str(tree))
        if g.returncode("rev-parse", "--verify", "--quiet", f"origin/{branch}", repo=tree) == 0:
            g.git("checkout", "--quiet", "-B", branch, f"origin/{branch}", repo=tree)
        else:
            g.git("checkout", "--quiet", "--orphan", branch, repo=tree)
        for name, content in files.items():
            path = tree / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
        g.git("add", "--all", repo=tree)
        who = g.identity(*WHO, f"{self.clock} +0000")
        g.git(
            "commit",
            "--quiet",
            "--allow-empty",
            "-F",
            "-",
            repo=tree,
            env=who,
            stdin=message.encode(),
        )
        g.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}", repo=tree)
        commit = g.text("rev-parse", "HEAD", repo=tree)
        shutil.rmtree(tree)
        return commit

    def doit(self, *args: str, env: Mapping[str, str] | None = None, timeout: float = 120) -> Run:
        """Run doit as a person would and return what came of it."""
        done = subprocess.run(
            [sys.executable, "-m", "doit", *args],
            cwd=self.folder,
            env=dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": ""} | dict(env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    def approve(self) -> Run:
        """Say yes at the release gate."""
        return self.doit("approve:release", "--by=Grace", "--why=looks right")

    def replace(self, old: str, new: str) -> None:
        """Edit pipeline.yml."""
        file = self.folder / "pipeline.yml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def configure(self, more: str) -> None:
        """Add a section to pipeline.yml."""
        file = self.folder / "pipeline.yml"
        file.write_text(file.read_text() + more)

    def configure_remote(self, name: str, url: str) -> None:
        """Point a remote elsewhere."""
        self.replace(f"{name}: {{url: world/{name}.git", f"{name}: {{url: {json.dumps(url)}")

    def configure_branch(self, name: str, branch: str) -> None:
        """Follow another branch of a remote."""
        self.replace(
            f"{name}: {{url: world/{name}.git, branch: main}}",
            f"{name}: {{url: world/{name}.git, branch: {json.dumps(branch)}}}",
        )

    # what people and accidents do

    def commit_link(self, message: str, path: str, target: str) -> str:
        """Commit a symbolic link to the source remote."""
        tree = self.folder / ".clone"
        g.git("clone", "--quiet", str(self.source), str(tree))
        (tree / path).unlink(missing_ok=True)
        (tree / path).symlink_to(target)
        g.git("add", "--all", repo=tree)
        who = g.identity(*WHO, f"{self.clock} +0000")
        g.git("commit", "--quiet", "-F", "-", repo=tree, env=who, stdin=message.encode())
        g.git("push", "--quiet", "origin", "HEAD:refs/heads/main", repo=tree)
        shutil.rmtree(tree)
        return g.text("rev-parse", "main", repo=self.source)

    def merge_by_hand(self, branch: str) -> str:
        """Merge a branch into main with git alone, as somebody would on their machine."""
        tree = self.folder / ".clone"
        g.git("clone", "--quiet", str(self.source), str(tree))
        who = g.identity("Linus", "linus@example.org", f"{self.clock} +0000")
        g.git(
            "merge", "--quiet", "--no-ff", "-m", "Merge it", f"origin/{branch}", repo=tree, env=who
        )
        g.git("push", "--quiet", "origin", "HEAD:refs/heads/main", repo=tree)
        merge = g.text("rev-parse", "HEAD", repo=tree)
        shutil.rmtree(tree)
        return merge

    def squash_by_hand(self, branch: str, title: str) -> None:
        """Squash a branch into main as forges do: a title above the branch messages."""
        tree = self.folder / ".clone"
        g.git("clone", "--quiet", str(self.source), str(tree))
        who = g.identity("Linus", "linus@example.org", f"{self.clock} +0000")
        g.git("merge", "--squash", "--quiet", f"origin/{branch}", repo=tree, env=who)
        below = g.text("log", "-1", "--format=%B", f"origin/{branch}", repo=tree)
        message = f"{title}\n\n* {below}\n".encode()
        g.git("commit", "--quiet", "-F", "-", repo=tree, env=who, stdin=message)
        g.git("push", "--quiet", "origin", "HEAD:refs/heads/main", repo=tree)
        shutil.rmtree(tree)

    def close_pull(self, number: int) -> None:
        """Close a pull request without merging it."""
        file = self.world / f"forge/pulls/{number}.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"state": "closed"}))

    def lose_image(self, repository: str) -> None:
        """Lose all images of a repository, with every blob."""
        shutil.rmtree(self.world / "registry" / repository)

    def move_image(self, repository: str, tag: str, other: str) -> None:
        """Put a tag on another repository's image of that tag, as somebody with a token could."""
        registry = self.world / "registry"
        shutil.copytree(
            registry / other / "blobs", registry / repository / "blobs", dirs_exist_ok=True
        )
        index, theirs = registry / repository / "index.json", self.images()
        index.write_text(index.read_text().replace(theirs[repository][tag], theirs[other][tag]))

    def lose_build(self) -> None:
        """Lose everything that can be made again."""
        shutil.rmtree(self.folder / "build")
        (self.folder / ".doit.db").unlink()

    def start_over(self) -> None:
        """Lose everything, outside as well."""
        self.lose_build()
        shutil.rmtree(self.world)
        self.clock = 1767225600

    def effects(self) -> list[str]:
        """Return what this working tree changed outside, in order."""
        log = self.folder / "build/logs/effects.log"
        return (
            [line.split("\t")[1] for line in log.read_text().splitlines()] if log.exists() else []
        )

    def file(self, path: str, branch: str = "main") -> str:
        """Return a file of the source remote."""
        return g.git("cat-file", "blob", f"refs/heads/{branch}:{path}", repo=self.source).decode()

    # what stands outside

    def refs(self, pattern: str = "") -> dict[str, str]:
        """Return the source remote's refs."""
        found = g.lines(
            "for-each-ref",
            "--format=%(refname) %(objectname)",
            *filter(None, [pattern]),
            repo=self.source,
        )
        return dict(line.split(" ") for line in found)

    def tags(self) -> dict[str, str]:
        """Return the source remote's tags."""
        return {name.removeprefix("refs/tags/"): at for name, at in self.refs("refs/tags").items()}

    def pulls(self) -> list[dict[str, object]]:
        """Return the pull requests of the forge, oldest first."""
        files = sorted((self.world / "forge/pulls").glob("*.json"), key=lambda path: int(path.stem))
        return [json.loads(file.read_text()) for file in files]

    def releases(self) -> dict[str, bool]:
        """Return the releases of the forge: tag → published."""
        files = (self.world / "forge/releases").glob("*/release.json")
        found = [json.loads(file.read_text()) for file in files]
        return {release["tag"]: not release["draft"] for release in found}

    def outside(self) -> dict[str, object]:
        """Return all that stands outside, to compare; no ids of merges, which carry the hour."""
        refs = {name: at for name, at in self.refs().items() if name != "refs/heads/main"}
        pulls = [
            {key: pull[key] for key in ("number", "state", "title", "body")}
            for pull in self.pulls()
        ]
        return {"refs": refs, "pulls": pulls, "releases": self.releases(), "images": self.images()}

    def images(self) -> dict[str, dict[str, str]]:
        """Return the registry: repository → tag → digest."""
        found: dict[str, dict[str, str]] = {}
        for index in sorted((self.world / "registry").glob("*/index.json")):
            manifests = json.loads(index.read_text())["manifests"]
            name = "org.opencontainers.image.ref.name"
            found[index.parent.name] = {
                entry["annotations"][name]: entry["digest"]
                for entry in manifests
                if name in entry.get("annotations", {})
            }
        return found
