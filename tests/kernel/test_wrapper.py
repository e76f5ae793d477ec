"""`./doitw`, in a small project of its own whose only requirement is a wheel made here."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from doit.cmd_base import get_loader
from doit.doit_cmd import DoitMain

from tasks.kernel import wrapper

HERE = Path(__file__).resolve().parents[2]
PYTHON = os.path.realpath(sys.executable)
FOLDER = """it's "one" $HOME `of` ours"""

STUB = """
import json, os, signal, sys, time
def stop(number, frame): sys.exit(42)
signal.signal(signal.SIGTERM, stop)
names = ("SLIPWAY_CWD", "PYTHONPATH", "PYTHONHOME", "PYTHONNOUSERSITE")
print(json.dumps({"args": sys.argv[1:], "cwd": os.getcwd(), "release": RELEASE,
                  "env": {name: os.environ.get(name) for name in names}}), flush=True)
if "wait" in sys.argv: time.sleep(60)
if "fail" in sys.argv: sys.exit(7)
"""


def make_wheel(folder: Path, release: str) -> str:
    """Write a `doit` that prints what it was started with; return its line of requirements.txt."""
    info = f"doit-{release}.dist-info"
    files = {
        "doit/__init__.py": "",
        "doit/__main__.py": f"RELEASE = {release!r}\n{STUB}",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: doit\nVersion: {release}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\ndoit-path = doit:__name__.upper\n",
    }
    record = f"{info}/RECORD,,\n"
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{name},sha256={digest.decode()},{len(text.encode())}\n"
    path = folder / f"doit-{release}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(name, text)
    return f"doit=={release} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@dataclass
class Project:
    root: Path
    wheels: Path
    env: dict[str, str] = field(default_factory=dict)

    def start(
        self,
        *args: str,
        start: Path | None = None,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(start or self.root / "doitw"), *args],
            cwd=cwd or self.root,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        *args: str,
        start: Path | None = None,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        process = self.start(*args, start=start, cwd=cwd, env=env)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def got(self, *args: str) -> list[str]:
        """The arguments that arrive at doit."""
        ran = self.run(*args)
        assert (ran.returncode, ran.stderr) == (0, "")
        return told(ran)["args"]  # type: ignore[no-any-return]


def told(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert ran.stdout, ran.stderr
    return json.loads(ran.stdout)  # type: ignore[no-any-return]


def programs(folder: Path, *names: str, **scripts: str) -> str:
    """Make a PATH that holds nothing but these programs."""
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(shutil.which(name) or f"/{name} is missing")
    for name, text in scripts.items():
        (folder / name).write_text("#!/bin/sh\n" + text)
        (folder / name).chmod(0o755)
    return str(folder)


def new_project(folder: Path) -> Project:
    root, wheels = folder / FOLDER, folder / "wheels"
    (root / "tasks" / "kernel").mkdir(parents=True)
    wheels.mkdir()
    for name in ("doitw", "tasks/kernel/wrapper.py", "tasks/kernel/start.py"):
        shutil.copy(HERE / name, root / name)
    (root / "requirements.txt").write_text(make_wheel(wheels, "1.0"))
    return Project(
        root,
        wheels,
        {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "SLIPWAY_PYTHON": PYTHON,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_TARGET": "/nowhere",  # must be without effect
        },
    )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return new_project(tmp_path)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has been started before; its tests leave it as it is."""
    made = new_project(tmp_path_factory.mktemp("ready"))
    first = made.run("status")
    assert first.returncode == 0, first.stderr
    assert first.stderr.startswith("slipway  setting up .venv (1 packages) …\n")
    assert re.search(r"slipway  \.venv is ready \(\d+ s\)\n\Z", first.stderr)
    assert told(first)["args"] == ["status"]
    return made


# --- setting up -----------------------------------------------------------------------------------


def change(project: Project, ready: Project) -> None:
    """Give a project the environment of version 1.0, and requirements that want 2.0."""
    shutil.copytree(ready.root / ".venv", project.root / ".venv", symlinks=True)
    (project.root / "requirements.txt").write_text(make_wheel(project.wheels, "2.0"))


def started(project: Project, *args: str) -> subprocess.Popen[str]:
    """Start a setup and return once it is at work."""
    process = project.start(*args)
    assert process.stderr is not None
    assert "setting up" in process.stderr.readline()
    while not list(project.root.glob(".venv.new.*/pyvenv.cfg")):
        assert process.poll() is None
        time.sleep(0.01)
    return process


def installed(project: Project) -> str:
    return (project.root / ".venv" / "requirements.txt").read_text().split()[0]


@pytest.mark.slow
def test_changed_requirements_that_cannot_be_installed_leave_the_former_ones(
    ready: Project, project: Project
) -> None:
    change(project, ready)
    failed = project.run(env={"PIP_FIND_LINKS": ""})
    assert failed.returncode == 2
    assert "slipway: .venv could not be made: pip install ended with 1\n" in failed.stderr
    assert "No matching distribution found for doit==2.0" in failed.stderr
    assert "full log: build/logs/setup.log" in failed.stderr
    assert "doit==2.0" in (project.root / "build/logs/setup.log").read_text()
    assert installed(project) == "doit==1.0"
    assert sorted(path.name for path in project.root.glob(".venv*")) == [".venv", ".venv.lock"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_setup_leaves_nothing(project: Project, number: signal.Signals) -> None:
    process = started(project)
    process.send_signal(number)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 128 + number
    assert said == "slipway: stopped, and nothing half done is left\n"
    assert [path.name for path in project.root.glob(".venv*")] == [".venv.lock"]


def test_a_folder_that_is_no_environment_is_not_touched(project: Project) -> None:
    (project.root / ".venv").mkdir()
    (project.root / ".venv" / "mine").write_text("kept")
    ran = project.run()
    assert ran.returncode == 2
    assert "is no virtual environment" in ran.stderr
    assert (project.root / ".venv" / "mine").read_text() == "kept"


def test_missing_requirements_are_named(project: Project) -> None:
    (project.root / "requirements.txt").unlink()
    ran = project.run()
    assert ran.returncode == 2
    assert "No such file or directory" in ran.stderr
    assert "requirements.txt" in ran.stderr


# --- the usual start ------------------------------------------------------------------------------


def test_the_second_start_is_silent_and_needs_no_other_python(
    ready: Project, tmp_path: Path
) -> None:
    bare = {"PATH": programs(tmp_path / "bin", "git", "cmp"), "SLIPWAY_PYTHON": "/nowhere"}
    ran = ready.run("plan", "release", env=bare)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert told(ran)["args"] == ["plan", "release"]


def test_without_cmp_the_files_are_compared_all_the_same(ready: Project, tmp_path: Path) -> None:
    bare = {"PATH": programs(tmp_path / "bin", "git", "cat"), "SLIPWAY_PYTHON": "/nowhere"}
    assert ready.run("plan", env=bare).stderr == ""


def test_it_starts_from_any_folder_and_through_links(ready: Project, tmp_path: Path) -> None:
    other = tmp_path / "an other"
    other.mkdir()
    (tmp_path / "absolute").symlink_to(ready.root / "doitw")
    (other / "relative").symlink_to("../absolute")
    (tmp_path / "project").symlink_to(ready.root)
    for start in (other / "relative", tmp_path / "project" / "doitw", Path("relative")):
        env = {"PATH": f"{other}:{os.environ['PATH']}", "CDPATH": "/tmp"}
        ran = ready.run("status", start=start, cwd=other, env=env)
        assert told(ran)["cwd"] == str(ready.root)
        assert told(ran)["env"]["SLIPWAY_CWD"] == str(other)


def test_what_was_meant_for_another_python_is_dropped(ready: Project) -> None:
    ran = ready.run("status", env={"PYTHONPATH": "/elsewhere", "PYTHONHOME": "/elsewhere"})
    env = told(ran)["env"]
    assert (env["PYTHONPATH"], env["PYTHONHOME"], env["PYTHONNOUSERSITE"]) == (None, None, "1")


def test_exit_codes_and_signals_are_those_of_doit(ready: Project) -> None:
    assert ready.run("fail").returncode == 7
    waits = ready.start("wait")
    assert waits.stdout is not None
    waits.stdout.readline()
    waits.terminate()
    waits.communicate(timeout=10)
    assert waits.returncode == 42


def test_scripts_of_the_environment_run_after_its_renaming(ready: Project) -> None:
    for script in (ready.root / ".venv" / "bin" / "doit-path", ready.root / ".venv" / "pyvenv.cfg"):
        assert ".venv.new" not in script.read_text()


# --- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "arrives"),
    [
        ([], []),
        (["*", "a b", "'", '"', "$HOME", "-x", "-", "ünï", "a\nb\n"], None),
        (["-n", "2", "check", "--", "--why", "a=b"], None),
        (["approve", "--why", ""], ["approve", "--why="]),
        (["approve", "--why", "a=b"], ["approve", "--why=a=b"]),
        (["approve", "--why", "pipeline=x"], ["approve", "--why=pipeline=x"]),
        (["approve", "--why", "-5 = x"], ["approve", "--why=-5 = x"]),
        (["approve", "--by", "me", "--why", "--x"], ["approve", "--by=me", "--why=--x"]),
        (["approve", "--why=a=b", "--by=me"], None),
        (["task", "--note", "a=b", "c"], ["task", "--note=a=b", "c"]),
        (["task", "--note", "plain", "--other"], None),
        (["task", "--json", "pipeline=x.yml"], None),
        (["--always-execute", "other=1", "release"], None),
        (["pipeline=../a b.yml", "plan"], None),
        (["approve", "--why"], None),
        (["approve", "--", "--"], None),
    ],
)
def test_arguments_reach_doit_as_they_were_meant(
    ready: Project, given: list[str], arrives: list[str] | None
) -> None:
    assert ready.got(*given) == (given if arrives is None else arrives)


@pytest.mark.parametrize("given", [[""], ["plan", ""], ["--continue", ""], ["where", "--", ""]])
def test_an_empty_argument_is_refused(ready: Project, given: list[str]) -> None:
    ran = ready.run(*given)
    assert ran.returncode == 3
    assert ran.stderr.startswith("slipway: an argument is empty\n")


def test_the_flags_that_doitw_knows_are_the_flags_that_doit_has() -> None:
    commands = DoitMain().get_cmds()
    flags = {"--help", "--version"}
    for command in commands.to_dict().values():
        loader = get_loader({}, None, {})
        parser = command(task_loader=loader, config={}, bin_name="doit", cmds=commands).cmdparser
        for option in parser.options:
            if option.type is bool:
                flags |= {f"--{name}" for name in (option.long, option.inverse) if name}
    function = re.search(r"^is_flag\(\).*?^}", (HERE / "doitw").read_text(), re.S | re.M)
    assert function is not None
    assert set(re.findall(r"--[\w-]+", function[0])) == flags


# --- machines that lack something -----------------------------------------------------------------


def pretend(change: str) -> str:
    """A script that is this Python, but for one thing; it only has to answer doitw's question."""
    return f"""exec '{PYTHON}' -c "import sys; {change}; exec(sys.argv[1])" "$2"\n"""


OLD = pretend("sys.version_info = (3, 9, 2)")
LACKS = pretend("sys.modules['ensurepip'] = None")


def test_a_python_that_is_too_old_is_named(project: Project, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", "git", "cmp", python3=OLD)
    ran = project.run(env={"PATH": path, "SLIPWAY_PYTHON": ""})
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[:2] == [
        "slipway: Python 3.11 or newer is needed, and none on PATH will do",
        "    python3 is Python 3.9.2",
    ]


def test_no_python_at_all(project: Project, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", "git", "cmp")
    ran = project.run(env={"PATH": path, "SLIPWAY_PYTHON": ""})
    assert ran.returncode == 2
    assert "apt install python3 python3-venv" in ran.stderr


def test_a_python_without_venv_says_which_package_to_install(
    project: Project, tmp_path: Path
) -> None:
    version = "{}.{}".format(*sys.version_info)
    path = programs(tmp_path / "bin", "git", "cmp", python3=LACKS)
    ran = project.run(env={"PATH": path, "SLIPWAY_PYTHON": ""})
    assert ran.returncode == 2
    assert f"python3 is Python {version}." in ran.stderr
    assert "but its module ensurepip is missing" in ran.stderr
    assert f"apt install python3-venv (or python{version}-venv)" in ran.stderr


def test_a_better_python_is_found_behind_bad_ones(project: Project, tmp_path: Path) -> None:
    good = f"""case $1 in -c) exec '{PYTHON}' "$@" ;; *) echo "$@" ;; esac\n"""
    path = programs(
        tmp_path / "bin", "git", "cmp", python3=OLD, **{"python3.13": LACKS, "python3.11": good}
    )
    ran = project.run("plan", env={"PATH": path, "SLIPWAY_PYTHON": ""})
    assert ran.stdout == f"-I tasks/kernel/wrapper.py {project.root} -m tasks.kernel.start plan\n"


def test_a_python_that_was_named_is_the_only_one_tried(project: Project) -> None:
    ran = project.run(env={"SLIPWAY_PYTHON": "/nowhere/python"})
    assert ran.returncode == 3
    assert ran.stderr.startswith("slipway: SLIPWAY_PYTHON is /nowhere/python: no Python 3.11")


def test_git_is_missed_before_anything_is_set_up(project: Project, tmp_path: Path) -> None:
    ran = project.run(env={"PATH": programs(tmp_path / "bin", "cmp")})
    assert ran.returncode == 2
    assert ran.stderr.startswith("slipway: git is not installed\n")
    assert not list(project.root.glob(".venv*"))


# --- the words ------------------------------------------------------------------------------------


def test_packages_are_counted_without_those_for_windows() -> None:
    text = (HERE / "requirements.txt").read_text()
    names = wrapper.packages(text)
    assert {"doit", "jinja2", "git-cliff", "ruff"} <= set(names)
    assert "colorama" in text
    assert "colorama" not in names


def test_every_requirement_has_hashes_and_no_index_is_named() -> None:
    text = (HERE / "requirements.txt").read_text()
    pins = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert all(re.fullmatch(r"[\w.-]+==\S+( ; .*)? \\", line) for line in pins)
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|file:", text)


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "free some space"),
        ("NewConnectionError: Temporary failure in name resolution", "not reachable"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "tell its owner"),
        ("something new", "put that right"),
    ],
)
def test_a_failure_comes_with_what_to_do(words: str, advice: str) -> None:
    assert advice in wrapper.advice(words)


def test_a_folder_that_cannot_be_written_is_named() -> None:
    error = OSError(errno.EROFS, os.strerror(errno.EROFS), "/there/.venv.lock")
    said = wrapper.explain(Path("/there"), error)
    assert "Read-only file system: /there/.venv.lock" in said
    assert "/there must be writable for you" in said


def test_only_pips_sources_are_the_users() -> None:
    given = {"PIP_INDEX_URL": "u", "PIP_TARGET": "t", "PIP_PYTHON": "p", "HOME": "h"}
    env = wrapper.pip_environment(given)
    assert (env["PIP_INDEX_URL"], env["HOME"], env["PIP_USER"]) == ("u", "h", "0")
    assert not env.keys() & {"PIP_TARGET", "PIP_PYTHON"}


def test_a_terminal_sees_one_line_that_moves() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    progress = wrapper.Progress(screen)
    progress.last -= 1
    progress.tick("working")
    progress.line("done")
    assert screen.getvalue() == "slipway  working (0 s)\r\033[Kslipway  done\n"


# --- several at once ------------------------------------------------------------------------------


@pytest.mark.slow
def test_after_a_kill_one_of_two_starts_sets_up_again_and_both_go_on(
    ready: Project, project: Project
) -> None:
    change(project, ready)
    killed = started(project)
    killed.kill()
    killed.communicate(timeout=10)
    assert installed(project) == "doit==1.0"

    one = started(project, "one")
    two = project.run("two")
    waits = f"slipway  waiting: process {one.pid} is setting up .venv …\n"
    assert two.stderr.startswith(waits)
    assert "(1 packages)" not in two.stderr
    assert (told(two)["args"], told(two)["release"]) == (["two"], "2.0")
    out, _ = one.communicate(timeout=60)
    assert (json.loads(out)["args"], json.loads(out)["release"]) == (["one"], "2.0")
    assert project.run("three").stderr == ""
