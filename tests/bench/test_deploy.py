"""What deciding costs as a repository grows, for fifty environments in ten tracks.

Three files of four are modules, a tenth of them for each track; every environment was recorded. The
history touches none of them, as most commits touch none of the files of most environments: so it is
walked to its end each time.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tasks.deploy import lock, record
from tasks.deploy.prepare import _export
from tasks.kernel import git as g
from tasks.kernel import journal, paths
from tasks.kernel.config import load
from tasks.kernel.effects import carry_out
from tasks.kernel.world import World
from tasks.promotion import due, head, wanted
from tasks.promotion.engine import record_commit
from tasks.promotion.observe import observe
from tests.project import PIPELINE
from tests.promotion.line import FILES, Line, Remote

BASE = 1767225600
TRACK = 5  # environments that follow one another
_ROUNDS = 7


def _import(commits: int, files: int, environments: int) -> bytes:
    """Return a history for `git fast-import`: one file changes with each commit."""
    rules = ["deployment: shop", "environments:"]
    for number in range(environments):
        rules.append(f"  e{number}:")
        modules = f"modules/m{number // TRACK}/**"
        if number % TRACK:
            rules += [f"    passed: e{number - 1}", f"    propagated: [{modules}]"]
            rules.append(f"    latest: [e{number}/*]")
        else:
            rules.append(f"    latest: [{modules}, e{number}/*]")
    lines = "\n".join(rules) + "\n"
    out = [f"commit refs/heads/main\ncommitter A <a@b> {BASE} +0000\ndata 5\nfirst\n"]
    out.append(f"M 100644 inline cepler.yml\ndata {len(lines)}\n{lines}\n")
    for number in range(files):
        place = (
            f"modules/m{number % (environments // TRACK)}"
            if number % 4
            else f"e{number // 4 % environments}"
        )
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


def _decide(folder: Path, commits: int, files: int, environments: int) -> tuple[float, float]:
    """Return what it takes to decide what every environment should have, of the best round.

    In seconds, of the processors and on the clock.
    """
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
    for name in world.config.environments:
        _record(world, name)
    above = head.head_of(world).commit
    who = g.identity("A", "a@b", f"{BASE} +0000")
    words = ("commit-tree", f"{above}^{{tree}}", "-p", above, "-m", "later")
    now = g.text(*words, repo=world.mirror("deployments"), env=who)
    head.advance(world, now)
    rounds = []
    for _ in range(_ROUNDS):
        wanted._opened.clear()  # as in a process of its own
        begin, clock = _spent(), time.perf_counter()
        for name in world.config.environments:
            due.judge(world, name)
        rounds.append((_spent() - begin, time.perf_counter() - clock))
    return min(rounds)


def _spent() -> float:
    """Return the processor's seconds, those of git too: other tests may be busy beside this one."""
    return sum(os.times()[:4])


def _record(world: World, name: str) -> None:
    """Record what an environment should have, without a remote."""
    fact = due.judge(world, name).fact
    assert fact is not None
    commit, repository = head.head_of(world).commit, wanted.repository_of(world)
    settings = wanted.settings_at(world, repository, commit)
    made = record_commit(repository, commit, name, wanted.state_in(fact), settings)
    head.advance(world, made)


@pytest.mark.bench
def test_deciding_for_fifty_environments_is_quick_and_linear(tmp_path: Path) -> None:
    seconds = []
    for part in (4, 2, 1):
        folder = tmp_path / str(part)
        folder.mkdir()
        seconds.append(_decide(folder, 20_000 // part, 20_000 // part, 50))
    told = " / ".join(f"{used:.2f} s ({clock:.2f} on the clock)" for used, clock in seconds)
    print(f"\n5,000 / 10,000 / 20,000 files and commits, 50 environments: {told}")
    few, _, many = (used for used, _ in seconds)
    print(f"four times as much takes {many / few:.1f} times as long")
    assert many < 2
    assert many < 5 * few + 0.2


class _Applied:
    """Terraform after an apply."""

    def state(self) -> tuple[int, str]:
        return 7, "lineage"


@pytest.mark.bench
def test_around_terraform_a_deployment_takes_less_than_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measure the lock, the files in their folder, the record, its push and the lock's end."""
    monkeypatch.setattr(journal, "effect", lambda *_: None)
    monkeypatch.setattr(record, "opened", lambda *_: _Applied())
    remote = Remote(tmp_path / "deployments.git")
    remote.commit("first", FILES | {f"modules/app/f{n}": f"{n}\n" for n in range(60)})
    line = Line(tmp_path / "tree", remote)
    spent = []
    for number in range(_ROUNDS):
        remote.commit(f"change {number}", {"modules/app/main.tf": f"# {number}\n"})
        line.look()
        line.promote("staging")
        fact = wanted.wanted_by(line.world, "staging")
        applied = {"claims": {}, "key": fact["key"], "serial": 7, "lineage": "lineage"}
        line.world.write_json(paths.receipt("apply:staging"), applied)
        line.world.write_json(paths.health("staging"), {"key": fact["key"]})
        begin, cpu = time.perf_counter(), _spent()
        lock.take(line.world, "staging")
        _export(line.world, fact, tmp_path / f"files{number}")
        carry_out(record.effect("staging"), line.world)
        spent.append((_spent() - cpu, time.perf_counter() - begin))
    used, took = min(spent)
    print(f"\naround Terraform: {used:.2f} s of the processor, {took:.2f} s on the clock")
    assert used < 1
