"""`check` on 200 files and 1,000 commits that have nothing to do with them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.timed import Command, Stream, imported, in_turn

RUNS = 9
CONFIG = """\
environments:
  dev:
    latest: ['k8s/*.yml']
  production:
    passed: dev
    propagated: ['k8s/*.yml']
"""


@pytest.mark.bench
def test_check_behind_a_thousand_commits(tmp_path: Path) -> None:
    tree = tmp_path / "deployments"
    stream = Stream()
    files = {f"k8s/{number}.yml": f"number: {number}\n" for number in range(200)}
    stream.commit("feat: first", {"cepler.yml": CONFIG, **files})
    for number in range(1000):
        stream.commit(f"docs: {number}", {f"notes/{number % 50}.md": f"{number}\n"})
    imported(tree, stream.bytes())
    cepler = [sys.executable, "-m", "tasks.promotion"]
    times = in_turn(
        {
            "check": Command([*cepler, "check", "-e", "dev"], tree),
            "python": Command([sys.executable, "-c", ""], tree),
            "history": Command(["git", "log", "--raw", "--format=%H", "main"], tree),
        },
        RUNS,
    )
    print(
        f"\ncheck {times['check']}\npython alone {times['python']}\n"
        f"git log --raw of the same history {times['history']}\n"
        f"check is {times['check'].best / times['history'].best:.1f} times that log"
    )
    assert times["check"].least < 0.5
