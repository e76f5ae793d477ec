"""Which terraform, helm or kubectl is run: the first on PATH that fits, and each is asked once."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.kernel import tools
from tasks.kernel.errors import SlipwayError
from tasks.kernel.tools import TOOLS, memory, progress, search, versions
from tasks.kernel.tools.__main__ import main

HELM = replace(TOOLS["helm"], sources={})
NOWHERE = "plan9/mips"


def put(folder: Path, name: str, says: str, log: Path | None = None) -> Path:
    """Write a program that prints its version, and a line to `log` each time it is asked."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{f'echo asked >> {log}' if log else ''}\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on PATH besides the system's own shell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("v4.1.4", "4.1.4"),
        ('{\n  "terraform_version": "1.11.4",\n  "platform": "linux_amd64"\n}', "1.11.4"),
        (
            '{"clientVersion": {"major": "1", "gitVersion": "v1.32.4-dispatcher"}}',
            "1.32.4-dispatcher",
        ),
        ("v3.17.3+ge4da497", "3.17.3+ge4da497"),
        ("git version 2.39.5 (Apple Git-154)", "2.39.5"),
        ("git version 2.39", "2.39"),
        ("Error: unknown flag: --template", ""),
        ("", ""),
    ],
)
def test_the_version_in_what_a_program_prints(printed: str, version: str) -> None:
    assert versions.told(printed) == version


@pytest.mark.parametrize(
    ("version", "fit"),
    [
        ("3.12.0", True),
        ("3.12", True),
        ("3.11.9", False),
        ("4.1.4", True),
        ("4.99.0-rc.1", True),
        ("5.0.0", False),
        ("5.0.0-rc.1", False),
        ("2.17.0", False),
        ("", False),
    ],
)
def test_helm_fits_from_3_12_up_to_below_5(version: str, fit: bool) -> None:
    assert versions.fits(version, TOOLS["helm"]) is fit


def test_the_first_on_path_that_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "old", "helm", "v2.17.0")
    good = put(tmp_path / "good", "helm", "v3.14.0")
    put(tmp_path / "later", "helm", "v4.0.0")
    monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / x) for x in ("old", "good", "later")))
    assert tools.find_tool("helm", tmp_path) == good


def test_opentofu_stands_in_for_terraform(path: Path, tmp_path: Path) -> None:
    tofu = put(path, "tofu", '{"terraform_version": "1.9.0"}')
    assert tools.find_tool("terraform", tmp_path) == tofu
    terraform = put(path, "terraform", '{"terraform_version": "1.11.4"}')
    assert tools.find_tool("terraform", tmp_path) == terraform
    assert tools.find_tool("tofu", tmp_path) == tofu


def test_a_relative_entry_of_path_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "helm", "v3.14.0")
    monkeypatch.chdir(tmp_path)
    for entry in ("", "."):
        monkeypatch.setenv("PATH", entry)
        assert list(search.on_path(HELM, tmp_path)) == []


def test_what_is_missing_says_how_to_get_it(path: Path, tmp_path: Path) -> None:
    with pytest.raises(SlipwayError) as caught:
        tools.find_tool("terraform", tmp_path)
    assert str(caught.value) == (
        "terraform or tofu is not installed (needed: >= 1.4, < 2)\n"
        "  install it and put it on PATH:"
        " Terraform: https://developer.hashicorp.com/terraform/install"
        "    OpenTofu: https://opentofu.org/docs/intro/install"
    )


def test_what_does_not_fit_is_named(path: Path, tmp_path: Path) -> None:
    put(path, "helm", "v2.17.0")
    (path / "kubectl").write_bytes(b"\x7fELF of another machine")
    (path / "kubectl").chmod(0o755)
    for name, words in {"helm": "2.17.0", "kubectl": "a file that does not run"}.items():
        with pytest.raises(SlipwayError) as caught:
            tools.locate(TOOLS[name], tmp_path, NOWHERE)
        assert caught.value.what.startswith(f"no {name} on PATH fits (needed: >= ")
        assert caught.value.detail == (f"{path / name} is {words}",)
        assert caught.value.fix.endswith("(.tools/ has none for plan9/mips)")


def test_nobody_is_asked_twice(path: Path, tmp_path: Path) -> None:
    compiled = path / "helm"
    compiled.write_bytes(b"\x7fELF")
    compiled.chmod(0o755)
    memory.keep(tmp_path, compiled, "4.0.0")  # as if it had told: this one cannot
    assert tools.find_tool("helm", tmp_path) == compiled
    os.utime(compiled, ns=(1, 1))
    assert memory.recall(tmp_path, compiled) is None
    memory.keep(tmp_path, compiled, "4.0.0")
    compiled.write_bytes(b"\x7fELF and more")
    os.utime(compiled, ns=(1, 1))
    assert memory.recall(tmp_path, compiled) is None


def test_a_shim_is_asked_each_time(path: Path, tmp_path: Path) -> None:
    """It may choose another program by the folder that it is started in."""
    log = tmp_path / "log"
    put(path, "helm", "v3.14.0", log)
    for _ in range(2):
        tools.find_tool("helm", tmp_path)
    assert log.read_text() == "asked\nasked\n"
    (path / "dispatcher").write_bytes(b"\x7fELF")
    (path / "kubectl").symlink_to("dispatcher")
    memory.keep(tmp_path, path / "kubectl", "1.30.0")
    assert memory.recall(tmp_path, path / "kubectl") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"x": 1}', b"\xff", b'{"x": [null]}'])
def test_a_spoilt_memory_is_no_memory(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / ".tools/versions.json"
    file.parent.mkdir()
    file.write_bytes(content)
    program = tmp_path / "helm"
    program.write_bytes(b"\x7fELF")
    assert memory.recall(tmp_path, program) is None
    memory.keep(tmp_path, program, "4.0.0")
    assert memory.recall(tmp_path, program) == "4.0.0"


def test_the_memory_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_LONGEST", 5)
    for number in range(13):
        program = tmp_path / f"helm{number}"
        program.write_bytes(b"\x7fELF")
        memory.keep(tmp_path, program, "4.0.0")
    assert memory.recall(tmp_path, program) == "4.0.0"
    assert len(json.loads((tmp_path / ".tools/versions.json").read_text())) <= 5


def test_looking_writes_nothing(path: Path, tmp_path: Path) -> None:
    put(path, "helm", "v2.17.0")
    seen = tools.look("helm", tmp_path)
    assert [(each.version, each.fits) for each in seen] == [("2.17.0", False)]
    assert not (tmp_path / ".tools").exists()


def test_the_command_line(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = put(path, "helm", "v3.14.0")
    assert main(["fetch", "helm"]) == 0
    assert capsys.readouterr() == (f"{good}\n", "")
    assert main(["fetch", "terraform"]) == 2
    for wrong in (["fetch"], ["fetch", "emacs"], ["sums", "--help"], []):
        assert main(wrong) == 3
        out, err = capsys.readouterr()
        assert out == ""
        assert "NAME is one of terraform, tofu, helm, kubectl" in err


def test_a_bar_is_never_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_FRAME", 0.01)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    main_side, terminal = os.openpty()
    with os.fdopen(terminal, "w") as stream, progress.Progress("helm 4.1.4", stream) as bar:
        bar.does("downloading", lambda: 5 << 20, 20 << 20)
        shown = os.read(main_side, 4096).decode()
    os.close(main_side)
    assert shown.startswith("[██████··················] helm 4.1.4: downloading, 5.0 MiB")
    assert len(shown.partition("\r")[0]) < 60
