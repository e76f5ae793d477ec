"""`python -m tasks.chart bump`, as a shell sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_TREE = Path(__file__).parents[2]
OLD = "sha256:" + "0" * 64
NEW = "sha256:" + "f" * 64
URL = "https://git.example.com/lana/lana-bank"
VALUES = f"""\
lanaBank:
  image:
    digest: "{OLD}" # METADATA:: repository={URL};commit_ref=5c1f0ae;app=lana-bank;
dagster:
  deployments:
    - name: x   # kept
      image: {{digest: {OLD}}}
"""
CHART = "name: lana-bank\r\nversion: 0.1.0\r\nappVersion: 0.41.0"
SET = (f"lanaBank.image.digest={NEW}", f"dagster.deployments.0.image.digest={NEW}")


def run(folder: Path, *arguments: str | bytes) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tasks.chart", *arguments]
    environment = os.environ | {"PYTHONPATH": str(_TREE)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "values.yaml").write_bytes(VALUES.encode())
    (tmp_path / "Chart.yaml").write_bytes(CHART.encode())
    return tmp_path


def files(folder: Path) -> tuple[str, str]:
    assert sorted(p.name for p in folder.iterdir()) == ["Chart.yaml", "values.yaml"]
    values, chart = folder / "values.yaml", folder / "Chart.yaml"
    return values.read_bytes().decode(), chart.read_bytes().decode()


def test_it_sets_every_path_and_renews_what_is_there(folder: Path) -> None:
    for said in ("changed", "already so"):
        done = run(
            folder, "bump", "values.yaml", "--set", SET[0], "--set", SET[1], "--ref", "abc1234"
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, f"values.yaml: {said}\n", "")
        assert files(folder) == (VALUES.replace(OLD, NEW).replace("5c1f0ae", "abc1234"), CHART)


def test_without_a_reference_the_breadcrumb_stays(folder: Path) -> None:
    assert run(folder, "bump", "values.yaml", "--set", *SET).returncode == 0
    assert files(folder) == (VALUES.replace(OLD, NEW), CHART)


def test_a_missing_breadcrumb_is_added_when_repository_and_app_are_given(folder: Path) -> None:
    origin = ("--repository", URL, "--app", "dagster")
    done = run(folder, "bump", "values.yaml", "--set", *SET, "--ref", "abc1234", *origin)
    assert done.returncode == 0
    crumb = f" # METADATA:: repository={URL};commit_ref=abc1234;app=dagster;"
    renewed = VALUES.replace(OLD, NEW).replace("5c1f0ae", "abc1234")
    assert files(folder)[0] == renewed[:-1] + crumb + "\n"


def test_it_sets_the_chart_too(folder: Path) -> None:
    chart = ("--chart", "Chart.yaml", "--app-version", "0.42.0")
    done = run(folder, "bump", "values.yaml", "--set", SET[0], *chart)
    assert (done.returncode, done.stdout) == (0, "values.yaml: changed\nChart.yaml: changed\n")
    assert files(folder)[1] == CHART.replace("0.41.0", "0.42.0")


# arguments behind `bump`, what stderr says
IMPOSSIBLE = {
    "no such path": (
        ("values.yaml", "--set", SET[0], "a.b=c"), "values.yaml:1: a.b does not exist",
    ),
    "no scalar": (("values.yaml", "--set", "dagster=c"), "values.yaml:5: dagster is a mapping"),
    "no digest": (
        ("values.yaml", "--set", SET[0], f"{SET[1]}0"),
        "values.yaml:7: dagster.deployments.0.image.digest takes sha256:",
    ),
    "no reference": (("values.yaml", "--set", SET[0], "--ref", "a;b"), "'a;b' is no reference"),
    "no file": (("missing.yaml", "--set", "a=b"), "missing.yaml: cannot be read"),
    "a folder": ((".", "--set", "a=b"), ".: not a file"),
    "no chart": (
        ("values.yaml", "--set", SET[0], "--chart", "missing.yaml", "--app-version", "1.0.0"),
        "missing.yaml: cannot be read",
    ),
    "no appVersion": (
        ("values.yaml", "--set", SET[0], "--chart", "other.yaml", "--app-version", "1.0.0"),
        "other.yaml:1: appVersion does not exist",
    ),
    "one file for both": (
        ("values.yaml", "--set", SET[0], "--chart", "./values.yaml", "--app-version", "1.0.0"),
        "named twice",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_be_done_changes_no_file(
    folder: Path, case: tuple[tuple[str, ...], str]
) -> None:
    arguments, says = case
    other = folder / "other.yaml"
    other.write_text("name: x\n")
    done = run(folder, "bump", *arguments)
    other.unlink()
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert files(folder) == (VALUES, CHART)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("bump",),
        ("bump", "values.yaml"),
        ("bump", "values.yaml", "--set"),
        ("bump", "values.yaml", "--set", "a"),
        ("bump", "values.yaml", "--set", "=x"),
        ("bump", "values.yaml", "--set", SET[0], "--repository", URL, "--ref", "a"),
        ("bump", "values.yaml", "--set", SET[0], "--app", "a", "--ref", "a"),
        ("bump", "values.yaml", "--set", SET[0], "--app", "a", "--repository", URL),
        ("bump", "values.yaml", "--set", SET[0], "--chart", "Chart.yaml"),
        ("bump", "values.yaml", "--set", SET[0], "--app-version", "1"),
        ("bump", "--ref=x", "--", "--set"),
    ],
)
def test_wrong_usage_is_3(folder: Path, arguments: tuple[str, ...]) -> None:
    done = run(folder, *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr
    assert files(folder) == (VALUES, CHART)


def test_names_of_any_bytes_are_files(folder: Path) -> None:
    for name in (b"--set", b"\xff.yaml", "ä b.yaml".encode()):
        path = folder / os.fsdecode(name)
        path.write_text("a: x # = \n")
        done = run(folder, "bump", "--set=a=b=c", "--", name)
        assert (done.returncode, done.stderr) == (0, "")
        assert path.read_text() == "a: b=c # = \n"


def test_a_path_may_hold_an_equals_sign(folder: Path) -> None:
    (folder / "values.yaml").write_text("a=b: x\n")
    assert run(folder, "bump", "values.yaml", "--set", r"a\=b=c=d").returncode == 0
    assert files(folder)[0] == "a=b: c=d\n"


def test_help_names_the_exit_codes(folder: Path) -> None:
    done = run(folder, "bump", "--help")
    assert done.returncode == 0
    assert "3 wrong usage" in done.stdout
