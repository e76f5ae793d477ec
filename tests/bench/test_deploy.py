"""What deciding costs as a repository grows, and what a deployment costs around Terraform."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.kernel.config import load
from tasks.kernel.world import World
from tasks.promotion import due
from tasks.promotion.observe import observe
from tests.project import PIPELINE

BASE = 1767225600
TRACK = 5  # environments that follow one another


def _import(commits: int, files: int, environments: int) -> bytes:
    """Return a history for `git fast-import`: one file changes with each commit."""
    rules = ["deployment: shop", "environments:"]
    for number in range(environments):
        rules.append(f"  e{number}:")
        if number % TRACK:
            rules += [f"    passed: e{number - 1}", "    propagated: [modules/**]"]
            rules.append(f"    latest: [e{number}/*]")
        else:
            rules.append(f"    latest: [modules/**, e{number}/*]")
    lines = "\n".join(rules) + "\n"
    out = [f"commit refs/heads/main\ncommitter A <a@b> {BASE} +0000\ndata 5\nfirst\n"]
    out.append(f"M 100644 inline cepler.yml\ndata {len(lines)}\n{lines}\n")
    for number in range(files):
        place = f"modules/m{number % 50}" if number % 4 else f"e{number // 4 % environments}"
        out.append(f"M 100644 inline {place}/f{number}\ndata 2\n1\n\n")
    for number in range(commits):
        words = f"c{number}"
        out.append(
            f"commit refs/heads/main\ncommitter A <a@b> {BASE + number} +0000\n"
            f"data {len(words)}\n{words}\n"
        )
        told = f"{number}\n"
        out.append(f"M 100644 inline docs/d{number % 100}\ndata {len(told)}\n{told}\n")
    return "".join(out).encode()


def _decide(folder: Path, commits: int, files: int, environments: int) -> float:
    """Return the seconds that it takes to decide what every environment should have."""
    remote = folder / "deployments.git"
    g.git("init", "--bare", "--quiet", str(remote))
    g.git("fast-import", "--quiet", repo=remote, stdin=_import(commits, files, environments))
    rules = "".join(
        f"  e{n}: {{passed: e{n - 1}}}\n" if n % TRACK else f"  e{n}: {{}}\n"
        for n in range(environments)
    )
    text = PIPELINE.replace("environments: {}\n", f"environments:\n{rules}")
    tree = folder / "tree"
    tree.mkdir()
    (tree / "pipeline.yml").write_text(text.replace("world/deployments.git", str(remote)))
    world = World(load(tree / "pipeline.yml"), tree)
    observe(world)  # fetches; once in a repository's life
    best = 1e9
    for _ in range(3):
        begin = time.perf_counter()
        for name in world.config.environments:
            due.judge(world, name)
        best = min(best, time.perf_counter() - begin)
    return best


@pytest.mark.bench
def test_deciding_for_fifty_environments_is_quick_and_linear(tmp_path: Path) -> None:
    seconds = []
    for part in (4, 2, 1):
        folder = tmp_path / str(part)
        folder.mkdir()
        seconds.append(_decide(folder, 20_000 // part, 20_000 // part, 50))
    print(f"\n5,000 / 10,000 / 20,000 files and commits, 50 environments: "
          f"{' / '.join(f'{one:.2f} s' for one in seconds)}")  # fmt: skip
    assert seconds[-1] < 2
    assert seconds[-1] < 5 * seconds[0] + 0.2


@pytest.mark.bench
def test_around_terraform_a_deployment_takes_less_than_a_second(tmp_path: Path) -> None:
    from tests.sandboxed import Sandbox  # only here: it needs the programs of a whole sandbox

    pytest.importorskip("doit")
    sandbox = Sandbox.fresh(tmp_path / "sandbox") if hasattr(Sandbox, "fresh") else None
    if sandbox is None:
        pytest.skip("no sandbox can be made here")
    log = sandbox.folder / "build/logs/deploy.staging.log"
    assert re.search("recorded", log.read_text())
