"""One deployments repository by the drop-in commands alone, one by the tasks: the same trees.

Both begin with the same two remotes. A chart is vendored, deployed to staging, a second one to
staging and production behind a gate, and the gate goes back. What a deployment itself does stands
in neither: it takes the files that it is given.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.kernel.actions import Gate
from tasks.kernel.config import load
from tasks.kernel.world import World
from tasks.promotion import due, engine, head
from tasks.promotion.observe import observe
from tasks.promotion.wanted import repository_of, settings_at, state_in, wanted_by
from tests.vendir import line

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = line.PIPELINE.replace(
    "environments: {staging: {}}\n",
    "environments:\n  staging: {}\n  production: {passed: staging, gate: true}\n",
)
CEPLER = """\
environments:
  staging:
    latest:
      - vendor/**/*
      - staging.yml
  production:
    passed: staging
    propagated:
      - vendor/**/*
    latest:
      - production.yml
"""
START = {
    "cepler.yml": CEPLER,
    "vendir.yml": line.VENDIR,
    "staging.yml": "replicas: 1\n",
    "production.yml": "replicas: 3\n",
    "README.md": "Deployments of the bank.\n",
}
GATES = "cepler-gates"
Said = subprocess.CompletedProcess[bytes]


class Place(line.Line):
    """The two remotes, at the same commits in either journey."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.clock = folder, 1767225600
        (folder / "pipeline.yml").write_text(PIPELINE)
        for name in ("charts", "deployments"):
            g.git("init", "--bare", "--quiet", str(folder / f"world/{name}.git"))
        self.world = World(load(folder / "pipeline.yml"), folder)
        self.first = self.commit("charts", "feat: the chart", line.CHART)
        self.commit("deployments", "feat: deployments", dict(START))

    @property
    def remote(self) -> Path:
        return self.folder / "world/deployments.git"

    def next_chart(self) -> str:
        return self.commit(
            "charts",
            "feat: two of them",
            {"charts/bank/values.yaml": "web: {digest: b}\n", "charts/bank/new.yaml": "n: 1\n"},
        )

    def open(self, commit: str) -> None:
        """Open the gate of production up to a commit, as a person does: on a branch of its own."""
        text = f"staging: HEAD\nproduction: {commit}\n".encode()
        blob = g.text("hash-object", "-w", "--stdin", repo=self.remote, stdin=text)
        listed = f"100644 blob {blob}\tgates.yml\n".encode()
        tree = g.text("mktree", repo=self.remote, stdin=listed)
        who = g.identity("Grace", "grace@example.org", "1767229200 +0000")
        new = g.text("commit-tree", tree, "-m", "open", repo=self.remote, env=who)
        g.git("update-ref", f"refs/heads/{GATES}", new, repo=self.remote)

    def tree(self) -> dict[str, str]:
        """Return path → mode and blob of the branch, less the records: commit ids differ."""
        listed = g.lines("ls-tree", "-r", "main", repo=self.remote)
        entries = {path: entry for entry, path in (row.split("\t") for row in listed)}
        return {path: entry for path, entry in entries.items() if not path.endswith(".state")}

    def records(self) -> dict[str, object]:
        """Return what is recorded, with everything that is no commit id."""
        settings = engine.config_at(self.remote, self.head)
        return {
            name: (
                record.version,
                record.propagated_from,
                _contents(record.current),
                [_contents(state) for state in record.propagation_queue],
            )
            for name, record in engine.records_at(self.remote, self.head, settings).items()
        }


def _contents(state: engine.State) -> dict[str, tuple[str | None, bool, str]]:
    return {key: (f.file_hash, f.dirty, f.message) for key, f in state.files.items()}


@dataclass(frozen=True)
class ByTasks:
    """The journey by what the tasks do."""

    place: Place

    def vendor(self, chart: str) -> None:
        self.place.look()
        self.place.fly(chart)
        self.place.vendor()

    def deploy(self, environment: str) -> dict[str, bytes]:
        """Ask, export, record; return the files that a deployment would be made of."""
        world = self.place.world
        observe(world)
        due.promote(environment, world)
        repository, state = repository_of(world), state_in(wanted_by(world, environment))
        parent = head.head_of(world).commit
        files = _exported(repository, state, self.place.folder / f"files-{parent[:8]}")
        settings = settings_at(world, repository, parent)
        commit = engine.record_commit(repository, parent, environment, state, settings)
        head.push(world, commit, parent)
        return files

    def due(self, environment: str) -> bool:
        """Say whether anything else is wanted than what is recorded."""
        world = self.place.world
        observe(world)
        try:
            due.promote(environment, world)
        except Gate:
            return False
        wanted = state_in(wanted_by(world, environment))
        settings = engine.config_at(self.place.remote, self.place.head)
        known = engine.records_at(self.place.remote, self.place.head, settings)
        return engine.compare(wanted, known.get(environment)).due


def _exported(repository: engine.Repository, state: engine.State, to: Path) -> dict[str, bytes]:
    engine.export(repository, state, to)
    return _read(to)


def _read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


@dataclass(frozen=True)
class ByCommands:
    """The journey by the two programs and git, in a work tree."""

    place: Place

    @property
    def clone(self) -> Path:
        return self.place.folder / "world/clone"  # the charts' url is relative

    def run(self, room: str, *words: str, ok: int = 0) -> Said:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "GATES_BRANCH": GATES}
        env |= {"CEPLER_GATES": "gates.yml", "GIT_URL": "x", "GIT_PRIVATE_KEY": "x"}
        done = subprocess.run(
            [sys.executable, "-m", f"tasks.{room}", *words],
            cwd=self.clone, env=env, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == ok, done.stderr.decode()
        return done

    def git(self, *args: str) -> str:
        who = g.identity("Ada", "ada@example.org", "1767229200 +0000")
        return g.text(*args, repo=self.clone, env=who)

    def fetch(self) -> None:
        if not self.clone.exists():
            g.git("clone", "--quiet", str(self.place.remote), str(self.clone))
        self.git("fetch", "--quiet")
        self.git("reset", "--quiet", "--hard", "origin/main")

    def vendor(self, chart: str) -> None:
        self.fetch()
        file = self.clone / "vendir.yml"
        before = next(row for row in file.read_text().splitlines() if row.strip()[:4] == "ref:")
        ref = before.split()[1]
        file.write_text(file.read_text().replace(f"ref: {ref}", f"ref: {chart}"))
        self.run("vendir", "sync")
        self.run("vendir", "verify")
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "chore(deps): bump bank chart to 1.0.0")
        self.git("push", "--quiet", "origin", "main")

    def deploy(self, environment: str) -> dict[str, bytes]:
        self.fetch()
        assert b"trigger commit" in self.run("promotion", "check", "-e", environment).stdout
        listed = self.run("promotion", "ls", "-e", environment).stdout.decode().splitlines()
        self.run("promotion", "prepare", "-e", environment, "--force-clean")
        there = _read(self.clone)
        files = {path: there[path] for path in listed}
        beside = {p for p in there.keys() - files.keys() if not p.startswith(".cepler/")}
        assert beside == {"cepler.yml"}
        self.run("promotion", "record", "-e", environment, "--reset-head", "--push")
        self.run("promotion", "check", "-e", environment, ok=2)
        return files

    def due(self, environment: str) -> bool:
        self.fetch()
        return self.run("promotion", "check", "-e", environment, ok=2).returncode == 0


Way = ByTasks | ByCommands


def _travel(way: Way) -> list[dict[str, bytes]]:
    """Go the whole way; return the files of each deployment."""
    place, files = way.place, []
    place.open(g.text("rev-parse", "main", repo=place.remote))
    way.vendor(place.first)
    files.append(way.deploy("staging"))
    once = place.head
    place.open(once)
    files.append(way.deploy("production"))
    way.vendor(place.next_chart())
    files.append(way.deploy("staging"))
    twice = place.head
    assert not way.due("production")  # the gate holds it
    place.open(twice)
    files.append(way.deploy("production"))
    place.open(once)
    files.append(way.deploy("production"))  # and back
    return files


@pytest.mark.slow
def test_both_ways_end_in_the_same_trees(tmp_path: Path) -> None:
    ways: list[Callable[[Place], Way]] = [ByTasks, ByCommands]
    journeys = [way(Place(tmp_path / way.__name__)) for way in ways]
    files = [_travel(journey) for journey in journeys]
    assert files[0] == files[1]
    chart = ("Chart.yaml", "templates/web.yaml", "values.yaml")  # a dot wants to be written out
    assert sorted(files[0][0]) == ["staging.yml", *(f"vendor/bank/chart/{one}" for one in chart)]
    assert files[0][1] == files[0][4] != files[0][3]
    trees, records = zip(
        *((way.place.tree(), way.place.records()) for way in journeys), strict=True
    )
    assert trees[0] == trees[1]
    assert records[0] == records[1]
