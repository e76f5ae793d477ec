"""One chart out of a repository of 9,000 commits, against the least that git needs for it."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.timed import Command, Stream, Times, imported, in_turn

RUNS = 9
CONFIG = """\
apiVersion: vendir.k14s.io/v1alpha1
kind: Config
directories:
- path: vendor
  contents:
  - path: app
    git: {{url: '{url}', ref: origin/main}}
    includePaths: [charts/c7/**/*]
    newRootPath: charts/c7
"""
FLOOR = """\
set -e
rm -rf floor
git init --quiet floor
cd floor
git remote add origin '{url}'
git fetch --quiet --depth 1 --filter=blob:none origin main
git sparse-checkout set charts/c7
git checkout --quiet FETCH_HEAD
test -f charts/c7/Chart.yaml
"""


def _charts(folder: Path) -> None:
    stream = Stream()
    files = {
        f"charts/c{chart}/templates/{number}.yaml": f"kind: A{chart}{number}\n" * 40
        for chart in range(60)
        for number in range(20)
    }
    files |= {f"charts/c{chart}/Chart.yaml": f"name: c{chart}\n" for chart in range(60)}
    stream.commit("feat: sixty charts", files)
    for number in range(9000):
        text = f"number: {number}\n" * 30
        stream.commit(f"chore: bump {number}", {f"charts/c{number % 60}/values.yaml": text})
    tree = folder.with_suffix("")
    imported(tree, stream.bytes())
    subprocess.run(["git", "clone", "--quiet", "--bare", str(tree), str(folder)], check=True)
    for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        subprocess.run(["git", "-C", str(folder), "config", setting, "true"], check=True)
    subprocess.run(["git", "-C", str(folder), "gc", "--quiet"], check=True)


def _place(tmp_path: Path, url: str) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    (place / "vendir.yml").write_text(CONFIG.format(url=url))
    (place / "floor.sh").write_text(FLOOR.format(url=url))
    return place


def _ratio(ours: Times, floor: Times) -> str:
    """Return by how much one is slower: at its best, and in the middle of all rounds."""
    rounds = statistics.median(a / b for a, b in zip(ours.clock, floor.clock, strict=True))
    return (
        f"{ours.best / floor.best:.2f} times at best, {rounds:.2f} in the median of the rounds,"
        f" {ours.least / floor.least:.2f} by the processors"
    )


@pytest.mark.bench
def test_one_chart_of_a_long_history(tmp_path: Path) -> None:
    remote = tmp_path / "charts.git"
    _charts(remote)
    url = remote.as_uri()
    place = _place(tmp_path, url)
    vendir = [sys.executable, "-m", "tasks.vendir"]
    times = in_turn(
        {
            "floor": Command(["bash", "floor.sh"], place),
            "sync": Command([*vendir, "sync"], place),
            "mirror": Command([*vendir, "sync", "--mirror", f"{url}={remote}"], place),
            "python": Command([sys.executable, "-c", ""], place),
        },
        RUNS,
    )
    mirror = [
        ours - start
        for ours, start in zip(times["mirror"].clock, times["python"].clock, strict=True)
    ]
    print(
        f"\nfetch and sparse checkout by git {times['floor']}\nsync {times['sync']}\n"
        f"sync from a mirror {times['mirror']}\nPython alone {times['python']}\n"
        f"sync is git {_ratio(times['sync'], times['floor'])};\nfrom the mirror it takes"
        f" {min(mirror) * 1000:.0f} ms and Python's start at best,"
        f" {statistics.median(mirror) * 1000:.0f} in the median"
    )
    assert (place / "vendor/app/Chart.yaml").read_text() == "name: c7\n"
    assert times["sync"].best < 2 * times["floor"].best
    # By the clock a busy machine decides; what the processors do it does not.
    assert times["mirror"].least - times["python"].least < 0.1


@pytest.mark.bench
@pytest.mark.parametrize(
    ("tags", "filters"), [(1, True), (301, True), (301, False)], ids=["tag", "tags", "unfiltered"]
)
def test_one_chart_behind_a_tag(tmp_path: Path, tags: int, filters: bool) -> None:
    """The lock names the newest tag before the commit, and that is a hundred commits away.

    No more than git itself takes to find that out: a complete clone, and `describe`. A server that
    leaves nothing out sends that clone in any case; then Python, the refs and the one commit that
    was asked for before it said so come on top.
    """
    remote = tmp_path / "charts.git"
    _charts(remote)
    names = "".join(
        f"create refs/tags/v1.{number}.0 main~{100 + 25 * number}\n" for number in range(tags)
    )
    told = ["git", "-C", str(remote)]
    subprocess.run([*told, "update-ref", "--stdin"], input=names.encode(), check=True)
    subprocess.run([*told, "pack-refs", "--all"], check=True)
    subprocess.run([*told, "config", "uploadpack.allowFilter", str(filters).lower()], check=True)
    url = remote.as_uri()
    place = _place(tmp_path, url)
    own = f"rm -rf clone; git clone -q --bare '{url}' clone; git -C clone describe --tags main"
    times = in_turn(
        {
            "floor": Command(["bash", "floor.sh"], place),
            "sync": Command([sys.executable, "-m", "tasks.vendir", "sync"], place),
            "clone": Command(["sh", "-c", own], place),
        },
        RUNS,
    )
    found = subprocess.run(
        [*told, "describe", "--tags", "main"], capture_output=True, text=True, check=True
    )
    print(
        f"\nfetch and sparse checkout by git {times['floor']}\nsync {times['sync']}\n"
        f"a complete clone and describe {times['clone']}\n"
        f"sync is the fetch {_ratio(times['sync'], times['floor'])};\n"
        f"it is the clone {_ratio(times['sync'], times['clone'])}"
    )
    assert f"- {found.stdout.strip()}\n" in (place / "vendir.lock.yml").read_text()
    more = 0 if filters else times["floor"].best
    assert times["sync"].best < times["clone"].best + more
