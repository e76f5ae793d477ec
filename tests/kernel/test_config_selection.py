"""Which file is the pipeline: the command line, then the environment, then the checkout's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from doit import doit_cmd

from tasks.kernel.config import selected_path
from tasks.kernel.errors import WrongUsage

ROOT = Path("/checkout")


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SLIPWAY_PIPELINE", "SLIPWAY_CWD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doit_cmd, "_CMDLINE_VARS", None)
    monkeypatch.chdir(tmp_path)


def test_the_checkouts_own_file_is_the_default() -> None:
    assert selected_path(ROOT) == ROOT / "pipeline.yml"


def test_the_command_line_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SLIPWAY_PIPELINE", "env.yml")
    assert selected_path(ROOT) == tmp_path / "env.yml"
    monkeypatch.setattr(doit_cmd, "_CMDLINE_VARS", {"pipeline": "line.yml"})
    assert selected_path(ROOT) == tmp_path / "line.yml"


def test_a_relative_path_is_relative_to_where_the_command_was_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLIPWAY_CWD", "/home/me/work")
    monkeypatch.setenv("SLIPWAY_PIPELINE", "my.yml")
    assert selected_path(ROOT) == Path("/home/me/work/my.yml")
    monkeypatch.setenv("SLIPWAY_PIPELINE", "/etc/slipway/my.yml")
    assert selected_path(ROOT) == Path("/etc/slipway/my.yml")


def test_an_empty_variable_of_the_environment_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_PIPELINE", "")
    monkeypatch.setenv("SLIPWAY_CWD", "")
    assert selected_path(ROOT) == ROOT / "pipeline.yml"


def test_an_empty_one_on_the_command_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # `doit pipeline=$FILE release` with FILE unset must not release the default pipeline.
    monkeypatch.setattr(doit_cmd, "_CMDLINE_VARS", {"pipeline": ""})
    with pytest.raises(WrongUsage, match="names no file"):
        selected_path(ROOT)


def test_a_real_doit_hands_it_over(tmp_path: Path) -> None:
    tree = Path(__file__).resolve().parents[2]
    (tmp_path / "dodo.py").write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(tree)!r})\n"
        "from pathlib import Path\n"
        "from tasks.kernel.config import selected_path\n"
        "print(selected_path(Path('root')))\n"
        "def task_x():\n"
        "    return {'actions': None}\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "doit", "pipeline=other/p.yml", "list"],
        cwd=tmp_path,
        env={**os.environ, "SLIPWAY_CWD": "/typed/here"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines()[0] == "/typed/here/other/p.yml"
