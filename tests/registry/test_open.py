"""Which registry the configuration means, and what that costs while the graph loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.kernel.config.model import Registry as Settings
from tasks.kernel.errors import WrongUsage
from tasks.registry import LayoutRegistry, open_registry
from tasks.registry.http import HttpRegistry


def _settings(kind: str, *, path: str = "", url: str = "") -> Settings:
    return Settings(kind=kind, path=path, url=url, prefix="", insecure=False)


def test_a_folder(tmp_path: Path) -> None:
    found = open_registry(_settings("local", path=".sandbox/registry"), tmp_path)
    assert isinstance(found, LayoutRegistry)
    assert found.root == tmp_path / ".sandbox" / "registry"


def test_a_real_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "none"))
    found = open_registry(_settings("http", url="https://r.test/team/"), tmp_path)
    assert isinstance(found, HttpRegistry)
    assert str(found.address) == "r.test/team"


def test_an_address_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="plain http"):
        open_registry(_settings("http", url="http://r.test"), tmp_path)


def test_nothing_heavy_is_loaded_with_the_graph() -> None:
    heavy = "{'requests', 'urllib3', 'ssl', 'asyncio'} & set(sys.modules)"
    code = f"import sys, tasks.registry, tasks.images.builder; print({heavy})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"
