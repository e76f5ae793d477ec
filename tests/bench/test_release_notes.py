"""Next version and changelog on a long history, as multiples of what git and git-cliff take."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from tasks.changelog.cliff import Span, write_section
from tasks.kernel import git as g
from tests.bench.history import SINCE, make

ROOT = Path(__file__).resolve().parents[2]
CLIFF = str(Path(sys.executable).parent / "git-cliff")
RUNS = 15


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("long") / "history.git"
    return folder, make(folder)


def _once(command: Sequence[str]) -> float:
    begin = time.perf_counter()
    env = dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=True)
    return time.perf_counter() - begin


def _compare(
    title: str, ours: Callable[[], float], theirs: Sequence[Sequence[str]], goal: float
) -> None:
    """Print the ratio; both sides in turn, so that a machine that slows down slows both."""
    ours()  # what is read for the first time is not what is measured
    pairs = [(ours(), sum(map(_once, theirs))) for _ in range(RUNS)]
    ratios = sorted(mine / other for mine, other in pairs)
    mine, other = (min(side) for side in zip(*pairs, strict=True))
    print(
        f"\n{title}: {mine * 1000:.0f} ms, the same by hand {other * 1000:.0f} ms (min), ratio"
        f" {ratios[0]:.2f} / {statistics.median(ratios):.2f} / {ratios[-1]:.2f}"
        f" (min / median / max of {RUNS}; goal {goal:.2f})"
    )


@pytest.mark.bench
def test_next_version_against_git_and_the_interpreter(history: tuple[Path, str]) -> None:
    repo, final = history
    git = ["git", "-C", str(repo)]
    _compare(
        "next version",
        partial(_once, [sys.executable, "-m", "tasks.version", "next", "--repo", str(repo)]),
        [
            [*git, "log", "--format=%H%x00%P%x00%B", f"{final}..HEAD"],
            [*git, "for-each-ref"],
            [sys.executable, "-c", "pass"],
        ],
        goal=2.0,
    )


def _by_cliff(repo: Path, final: str) -> list[str]:
    told = ["--repository", str(repo), "--config", "templates/cliff.toml"]
    return [CLIFF, *told, "--ignore-tags", ".*rc.*", "--tag", "0.999.0", "--", f"{final}..HEAD"]


@pytest.mark.bench
def test_changelog_against_git_cliff_given_the_range(
    history: tuple[Path, str], tmp_path: Path
) -> None:
    """As the task does it: in a run that has its programs loaded."""
    repo, final = history
    head, since = (g.text("rev-parse", name, repo=repo) for name in ("HEAD", final))
    span = Span(head, since, final, "0.999.0")

    def stage() -> float:
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory(dir=tmp_path) as scratch:
            assert write_section(repo, span, None, Path(scratch)).count("\n- ") > SINCE / 2
        return time.perf_counter() - begin

    _compare(f"changelog of {SINCE} commits", stage, [_by_cliff(repo, final)], goal=1.5)


@pytest.mark.bench
def test_the_command_against_git_cliff(history: tuple[Path, str]) -> None:
    """From a shell: with the interpreter's start, and the range to be found."""
    repo, final = history
    command = [sys.executable, "-m", "tasks.changelog", "--repo", str(repo)]
    ours = partial(_once, [*command, "--version", "0.999.0", "--print"])
    _compare("changelog by command", ours, [_by_cliff(repo, final)], goal=1.5)
