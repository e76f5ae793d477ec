"""The sandbox as delivered: fresh clones of it, stations of a release, and what stands outside.

A station is made once a session and copied. A copied folder cannot own the processes of another
one, so every station lies before the first deployment.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tasks.cluster import LocalCluster
from tasks.kernel import git as g
from tests.cluster.conftest import leftovers
from tests.needs import need
from tests.project import ROOT, Project, Run

FILES = ("dodo.py", "pipeline.yml", "sandbox", "envs", "tasks", "templates")
KINDS = ("source", "charts", "deployments")
ENVIRONMENTS = ("staging", "qa", "production")
_OBSERVERS = ("charts", "deployments", "promotion:", "live:")  # those of Run.ran besides
_PATIENCE = 60.0  # seconds until something that is waited for has to be there


class Sandbox(Project):
    """A fresh working tree with the pipeline as delivered, and the world below `.sandbox/`."""

    world_folder = ".sandbox"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for name in FILES:
            target = folder / name
            if target.is_dir():
                shutil.rmtree(target)
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".terraform")
                shutil.copytree(ROOT / name, target, ignore=ignored)
            else:
                shutil.copy(ROOT / name, target)

    def beside(self, folder: Path) -> Sandbox:
        """Return the fresh clone of somebody else whose `pipeline.yml` names this very world."""
        other = Sandbox(folder)
        other.replace("url: .sandbox/", f"url: {self.world}/")
        (folder / ".sandbox").symlink_to(self.world)  # as a folder that both machines have mounted
        return other

    # what people do

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a piece of a file of the working tree, which must be there."""
        file = self.folder / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def deploy(self, name: str) -> Run:
        """Deploy to an environment."""
        return self.doit(f"deploy:{name}")

    def says_yes(self, name: str) -> Run:
        """Open the gate of an environment."""
        return self.doit(f"approve:{name}", "--by=Hedy", "--why=qa is well")

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start doit and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "doit", *args],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    # accidents

    def killed_at(self, point: str, *args: str) -> None:
        """Run a command that dies at a point."""
        run = self.doit(*args, env={"SLIPWAY_KILL_AT": point})
        assert run.code == -signal.SIGKILL, f"{point}: {run.err}"

    def killed_when(self, there: Callable[[], object], *args: str) -> None:
        """Run a command, and kill it as soon as something is there."""
        run = self.start(*args)
        until(lambda: there() or run.poll() is not None)
        run.kill()
        _, err = run.communicate(timeout=_PATIENCE)
        assert run.returncode == -signal.SIGKILL, err

    # what stands outside

    @property
    def source(self) -> Path:
        """Return the source remote."""
        return self.remote("source")

    def remote(self, kind: str) -> Path:
        """Return one of the remotes."""
        return self.world / f"remotes/{kind}.git"

    @property
    def cluster(self) -> LocalCluster:
        """Return the cluster."""
        return LocalCluster(self.world / "cluster")

    def namespaces(self) -> list[str]:
        """Return the namespaces that somebody deployed to, or left; those have labels."""
        return sorted(name for name, labels in self.cluster.namespaces().items() if labels)

    def pods(self, name: str) -> list[tuple[str, str]]:
        """Return what runs in an environment: name and start of each pod."""
        found = self.cluster.workloads(f"lana-bank-{name}")
        return sorted((pod.name, pod.since) for one in found for pod in one.pods)

    def log(self, kind: str, branch: str = "main") -> list[str]:
        """Return the subjects of a branch, the oldest first."""
        listed = ("log", "--reverse", "--topo-order", "--format=%s", f"refs/heads/{branch}", "--")
        return g.lines(*listed, repo=self.remote(kind))

    def records(self, name: str) -> int:
        """Return how many state commits there are for an environment."""
        return self.log("deployments").count(record_of(name))

    def deployments(self) -> str:
        """Return where the deployments stand."""
        return g.text("rev-parse", "refs/heads/main", repo=self.remote("deployments"))

    def upstream(self) -> dict[str, object]:
        """Return all that a release consists of, which no deployment may touch."""
        refs = {kind: self._refs(kind, "%(objectname)") for kind in ("source", "charts")}
        return {"refs": refs, **self._made()}

    def outcome(self) -> dict[str, object]:
        """Return what stands outside, to compare with another world.

        Left out are the ids of commits, since a merge carries its hour.
        """
        merged = g.text("rev-parse", "refs/heads/main", repo=self.remote("charts"))
        return {
            "refs": {kind: sorted(self._refs(kind, "")) for kind in KINDS},
            "files": {
                f"{kind} {ref}": self._files(kind, ref, merged)
                for kind in KINDS
                for ref in self._refs(kind, "")
                if ref.startswith(("refs/heads/", "refs/tags/"))
            },
            "log": {kind: self.log(kind) for kind in KINDS},
            "namespaces": self.namespaces(),
            "states": sorted(path.name for path in (self.world / "terraform").glob("*.tfstate")),
            **self._made(),
        }

    def _made(self) -> dict[str, object]:
        offered = sorted((self.world / "forge/charts/pulls").glob("*.json"))
        return {
            "pulls": self.pulls(),
            "charts": [json.loads(file.read_text()) for file in offered],
            "releases": self.releases(),
            "images": self.images(),
        }

    def _refs(self, kind: str, told: str) -> dict[str, str]:
        listed = g.lines("for-each-ref", f"--format=%(refname) {told}", repo=self.remote(kind))
        return dict(line.split(" ") for line in listed)

    def _files(self, kind: str, ref: str, merged: str) -> dict[str, str]:
        """Return path → blob id, and what vendir wrote as text without the chart's commit."""
        rows = g.lines("ls-tree", "-r", ref, "--", repo=self.remote(kind))
        found = {row.partition("\t")[2]: row.partition("\t")[0] for row in rows}
        for path in {"vendir.yml", "vendir.lock.yml"} & found.keys():
            text = g.text("cat-file", "blob", f"{ref}:{path}", repo=self.remote(kind))
            found[path] = text.replace(merged, "CHART")
        return found

    def everything(self) -> dict[str, str]:
        """Return a digest of every file inside and outside.

        Left out are doit's database, fetched objects, and what the pods themselves write.
        """
        left_out = (".doit.db", "build/mirrors/", "tasks/", "sandbox/", ".sandbox/cluster/")
        found = tree(self.folder).items()
        return {name: sha for name, sha in found if not name.startswith(left_out)}


def record_of(name: str) -> str:
    """Return the subject of an environment's state commits."""
    return f"ci(cepler): Updated 'lana-bank' state in '{name}'"


def did(run: Run) -> list[str]:
    """Return the tasks that ran, everything left out that only observes, in order."""
    return [name for name in run.ran if not name.startswith(_OBSERVERS)]


def tree(folder: Path) -> dict[str, str]:
    """Return a digest of every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def until(there: Callable[[], object]) -> None:
    """Wait for something."""
    end = time.monotonic() + _PATIENCE
    while not there():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


# the stations


def _waiting(sandbox: Sandbox) -> None:
    assert sandbox.doit("release").code == 4


def _approved(sandbox: Sandbox) -> None:
    assert sandbox.approve().code == 0


def _released(sandbox: Sandbox) -> None:
    run = sandbox.doit("release")
    assert run.code == 0, run.err


def _edited(sandbox: Sandbox) -> None:
    """Somebody has edited a value of staging, and nobody has deployed it."""
    sandbox.edit(
        "envs/gcp/galoy-staging/lana-bank/values.yml", '"true"', '"true"\n    GREETING: hello'
    )
    assert sandbox.doit("sandbox").code == 0


STATIONS: Mapping[str, Callable[[Sandbox], None]] = {
    "waiting": _waiting,
    "approved": _approved,
    "released": _released,
    "edited": _edited,
}
At = Callable[[str], Sandbox]


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the stations, one for all workers."""
    ours = tmp_path_factory.getbasetemp()
    folder = (ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours) / "shelf"
    folder.mkdir(exist_ok=True)
    return folder


def _station(shelf: Path, wanted: str) -> Path:
    with (shelf / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before: Path | None = None
        for name, go_on in STATIONS.items():
            folder = shelf / name
            if not folder.exists():
                making = shelf / f"{name}.making"
                shutil.rmtree(making, ignore_errors=True)  # what a failed attempt left
                go_on(Sandbox.copy(before, making) if before else Sandbox(making))
                making.rename(folder)
            if name == wanted:
                return folder
            before = folder
    raise AssertionError(f"there is no station {wanted}")


@pytest.fixture
def sandboxed(shelf: Path, tmp_path: Path) -> Iterator[At]:
    """Return sandboxes: fresh clones (""), or at a station; nothing of them outlives the test."""
    need("terraform")
    need("helm")
    made: list[Sandbox] = []

    def make(station: str) -> Sandbox:
        folder = tmp_path / f"sandbox{len(made)}"
        one = Sandbox.copy(_station(shelf, station), folder) if station else Sandbox(folder)
        made.append(one)
        return one

    yield make
    for one in made:
        one.cluster.sweep("")
    left = leftovers(tmp_path)
    for one in made:
        shutil.rmtree(one.folder, ignore_errors=True)
    assert left == []
