"""One chart out of a repository of 9,000 commits, against the least that git needs for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.timed import Command, Stream, imported, in_turn

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


@pytest.mark.bench
def test_one_chart_of_a_long_history(tmp_path: Path) -> None:
    remote = tmp_path / "charts.git"
    _charts(remote)
    url = remote.as_uri()
    place = tmp_path / "work"
    place.mkdir()
    (place / "vendir.yml").write_text(CONFIG.format(url=url))
    (place / "floor.sh").write_text(FLOOR.format(url=url))
    vendir = [sys.executable, "-m", "tasks.vendir"]
    loaded = [sys.executable, "-c", "import tasks.vendir.engine.commands"]
    times = in_turn(
        {
            "floor": Command(["bash", "floor.sh"], place),
            "sync": Command([*vendir, "sync"], place),
            "mirror": Command([*vendir, "sync", "--mirror", f"{url}={remote}"], place),
            "python": Command(loaded, place),
        },
        RUNS,
    )
    start = times["python"].best
    print(
        f"\nfetch and sparse checkout by git {times['floor']}\nsync {times['sync']}\n"
        f"sync from a mirror {times['mirror']}\nPython with our modules {times['python']}\n"
        f"sync is {times['sync'].best / times['floor'].best:.1f} times git,"
        f" {(times['sync'].best - start) / times['floor'].best:.1f} without Python's start;"
        f" from the mirror {(times['mirror'].best - start) * 1000:.0f} ms and the start"
    )
    assert (place / "vendor/app/Chart.yaml").read_text() == "name: c7\n"
    # By the clock a busy machine decides; what the processors do it does not.
    assert times["mirror"].least < times["sync"].least
    assert times["sync"].least - times["python"].least < 3 * times["floor"].least
