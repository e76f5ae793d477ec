"""The pins against the real package index: needs a network, and takes 37 MB of it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.kernel import tools
from tasks.kernel.tools import TOOLS, machine, search


@pytest.mark.slow
@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the wheel is for linux/amd64"
)
def test_the_pinned_wheel_holds_programs_that_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("helm", "kubectl"):
        path = tools.find_tool(name, tmp_path)
        member = TOOLS[name].sources[machine.here()].members[name]
        assert path == tmp_path / f".tools/{name}-{member.version}/{name}"
        (tmp_path / ".tools/versions.json").unlink()
        assert search.ask(TOOLS[name], path, tmp_path) == member.version
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    (chart / "templates/a.yaml").write_text("kind: {{ .Values.kind }}\n")
    done = subprocess.run(
        [tools.find_tool("helm", tmp_path), "template", "--set", "kind=List", str(chart)],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "---\n# Source: shop/templates/a.yaml\nkind: List\n"
