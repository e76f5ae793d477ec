"""Checks as a person runs them: `doit check`, `doit check:NAME`, `doit ref=… check`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tests.project import Project

MORE = """\
  cloud:
    inputs: [web]
    before: [python3, tests/cloud.py, up]
    command: [python3, tests/cloud.py, test]
    after: [python3, tests/cloud.py, down]
    guards: pull-request
  late: {inputs: [web], command: [python3, tests/check.py], guards: candidate}
  promote-files: {rule: promote-files}
  pull-limit: {rule: pull-limit, limit: 2}
artifacts:
"""
CLOUD = """\
import os, pathlib, sys, time
place = pathlib.Path(os.environ['CLOUD']) / os.environ['SLIPWAY_CHECK_RUN']
if sys.argv[1] == 'up': place.touch()
if sys.argv[1] == 'down': place.unlink()
if sys.argv[1] == 'test': time.sleep(60 if pathlib.Path('web/slow').exists() else 0)
"""


class Shop(Project):
    """A project with a check that sets something up outside."""

    def start(self) -> None:
        """Seed it."""
        self.seed()
        self.replace("artifacts:\n", MORE)
        self.commit("test: the cloud", {"tests/cloud.py": CLOUD})
        self.cloud = self.folder / "cloud"
        self.cloud.mkdir()
        os.environ["CLOUD"] = str(self.cloud)

    def branch(self, name: str, files: dict[str, str | None]) -> str:
        """Make a branch with one commit."""
        g.git("update-ref", f"refs/heads/{name}", self.refs()["refs/heads/main"], repo=self.source)
        return self.commit(f"feat: {name}", files, branch=name)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("CLOUD", "")
    shop = Shop(tmp_path / "shop")
    shop.start()
    return shop


@pytest.mark.slow
def test_all_results_are_reported_and_summed_up(shop: Shop) -> None:
    run = shop.doit("check")
    assert run.code == 0, run.err
    assert re.search("^✓ check +7 checks: 7 passed$", run.err, re.MULTILINE)
    again = shop.doit("check")  # the forge is asked once more, nothing is judged again
    assert "7 checks: 1 passed, 6 passed before" in again.err

    shop.commit("fix: break it", {"broken": "", "web/a": "", "server/a": ""})
    run = shop.doit("check")
    assert run.code == 1
    assert "✗ check:web" in run.err
    assert "3 failed (unit, web, late)" in run.err
    assert "  full log: build/logs/check.web.log" in run.err


@pytest.mark.slow
def test_a_candidate_waits_for_what_guards_it_and_for_nothing_else(shop: Shop) -> None:
    shop.commit("fix: only slow", {"tests/cloud.py": "raise SystemExit(1)\n"})
    run = shop.doit("version")
    assert run.code == 0, run.err
    judged = {name for name in run.ran if name.startswith("check:")}
    assert judged == {"check:unit", "check:web", "check:messages", "check:late"}
    assert shop.doit("check:cloud").code == 1


@pytest.mark.slow
def test_a_branch_is_judged_and_its_pass_counts_for_main(shop: Shop) -> None:
    shop.branch("topic", {"web/index.html": "<h1>topic</h1>\n"})
    run = shop.doit("ref=topic", "check")
    assert run.code == 0, run.err
    assert re.search("^✓ ref +topic is at", run.err, re.MULTILINE)
    # What guards the candidate alone says nothing about a branch.
    assert "check:late" not in run.err
    assert "6 checks: 6 passed" in run.err
    assert not (shop.folder / "build/checks/web.json").exists()
    assert shop.doit("ref=topic", "check:late").code == 0

    merge = shop.merge_by_hand("topic")
    run = shop.doit("check")
    assert run.code == 0
    assert f"(the same tree, at {shop.refs()['refs/heads/topic'][:7]})" in run.err
    assert "✓ check:web" in run.err
    assert merge != shop.refs()["refs/heads/topic"]

    shop.branch("bad", {"web/index.html": "<h1>bad</h1>\n", "broken": ""})
    assert shop.doit("ref=bad", "check:web").code == 1
    run = shop.doit("version")
    assert run.code == 0, run.err


@pytest.mark.slow
def test_a_working_tree_is_judged_as_it_is(shop: Shop, tmp_path: Path) -> None:
    tree = tmp_path / "mine"
    g.git("clone", "--quiet", str(shop.source), str(tree))
    (tree / "broken").write_text("")
    here = {"SLIPWAY_CWD": str(tree)}
    run = shop.doit("ref=.", "check:web", env=here)
    assert run.code == 1
    assert ". as it is, on " in run.err
    (tree / "broken").unlink()
    assert shop.doit("ref=.", "check:web", env=here).code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["ref=topic", "release"], 3, "ref=topic says what checks look at, and release is none"),
        (["ref=topic"], 3, "doit ref=topic check"),
        (["ref=topic", "check", "version"], 3, "and version is none"),
        (["ref=", "check"], 3, "names nothing that can be checked"),
        (["ref=--all", "check"], 3, "names nothing that can be checked"),
        (["ref=nowhere", "check:unit"], 2, "there is no branch, tag or commit nowhere"),
    ],
)
def test_what_ref_cannot_be(shop: Shop, words: list[str], code: int, said: str) -> None:
    run = shop.doit(*words)
    assert (run.code, shop.effects()) == (code, [])
    assert said in run.err + run.out


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_leaves_nothing_up(shop: Shop, sign: signal.Signals) -> None:
    head = shop.refs()["refs/heads/main"]
    shop.commit("test: slow", {"web/slow": ""})
    with subprocess.Popen(
        [sys.executable, "-m", "doit", "check:cloud"],
        cwd=shop.folder,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        until = time.monotonic() + 60
        while not list(shop.cloud.iterdir()) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(sign)
        process.wait(60)
    assert len(list(shop.cloud.iterdir())) == (sign == signal.SIGKILL)
    # Whatever is judged next: here the commit before, which is another tree.
    g.git("update-ref", "refs/heads/main", head, repo=shop.source)
    run = shop.doit("check:cloud")
    assert run.code == 0, run.err
    assert list(shop.cloud.iterdir()) == []
