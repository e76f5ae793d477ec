"""The command line: exit codes, texts and variables that scripts rely on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from tasks.kernel import paths

from .conftest import Deployments

New = Callable[..., Deployments]


def test_check_says_0_for_new_and_2_for_nothing(track: Deployments) -> None:
    said = track.cepler("check", "-e", "staging")
    assert said.code == 0
    assert said.out == f"Found new state to deploy - trigger commit {track.head}\n"
    assert said.err.splitlines() == [
        "File app/a.yml was added",
        "File app/b.yml was added",
        "File staging.yml was added",
    ]
    track.cepler("record", "-e", "staging")
    said = track.cepler("check", "-e", "staging")
    assert (said.code, said.out, said.err) == (2, "Nothing new to deploy\n", "")


def test_check_says_1_for_anything_wrong_and_nothing_on_stdout(track: Deployments) -> None:
    for words, text in (
        (("check", "-e", "qa"), "Error: Previous environment 'staging' not deployed yet"),
        (("check", "-e", "x"), "Error: Environment 'x' not found in config 'cepler.yml'"),
        (("-c", "no.yml", "check", "-e", "x"), "Error: Couldn't open config file"),
        (("-g", "no.yml", "check", "-e", "x"), "Error: Couldn't open gates file"),
        (("latest", "-e", "staging"), "Environment 'staging' not deployed!"),
        (("reproduce", "-e", "qa"), "Error: No state recorded for qa"),
    ):
        said = track.cepler(*words)
        assert (said.code, said.out) == (1, ""), words
        assert said.err.startswith(text), words


def test_a_state_file_of_the_past_that_is_none_ends_a_check_as_it_does_for_cepler(
    track: Deployments,
) -> None:
    track.cepler("record", "-e", "staging")
    path = ".cepler/default/staging.state"
    good = track.read(path)
    broken = track.commit("oops", {path: "current: [\n"})
    track.commit("mended", {path: good})
    said = track.cepler("check", "-e", "qa")
    assert (said.code, said.out) == (1, "")
    assert f"{broken[:12]}:{path}" in said.err


def test_an_environment_without_files_is_new_once(new: New) -> None:
    tree = new("environments: {dev: {}}")
    assert tree.cepler("check", "-e", "dev").code == 0
    tree.cepler("record", "-e", "dev")
    assert tree.cepler("check", "-e", "dev").code == 2
    assert tree.cepler("ls", "-e", "dev").out == ""


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("frobnicate",),
        ("check",),
        ("check", "-e", "staging", "--what"),
        ("check", "-e", "staging", "-c", "cepler.yml"),  # global options come first
        ("--gates-branch", "b", "check", "-e", "staging"),
        ("--clone", "x", "check", "-e", "staging"),
        ("record", "-e", "staging", "--push"),
        ("record", "-e", "staging", "--push", "--reset-head"),
        ("prepare", "-e", "staging", "--force"),  # nothing is abbreviated
        ("concourse",),
        ("check", "-e", "staging", "-e", "qa"),  # nothing is given twice
        ("prepare", "-e", "staging", "--force-clean", "--force-clean"),
        ("help", "nobody"),
        # what stands before the command is for --clone, and not for the push
        (
            "--git-url",
            "x",
            "--git-private-key",
            "x",
            "record",
            "-e",
            "staging",
            "--reset-head",
            "--push",
        ),
    ],
)
def test_wrong_usage_is_1_and_never_2(track: Deployments, words: tuple[str, ...]) -> None:
    said = track.cepler(*words)
    assert (said.code, said.out) == (1, "")
    assert "usage: cepler" in said.err


def test_help_and_version(track: Deployments) -> None:
    assert track.cepler("--version").out.startswith("cepler 0.7")
    for words in (
        ("help",),
        ("help", "record"),
        ("help", "concourse", "ci_in"),
        ("--help",),
        ("check", "-h"),
    ):
        said = track.cepler(*words)
        assert (said.code, said.err) == (0, "")
        assert "usage: cepler" in said.out


def test_the_warning_comes_when_the_files_that_are_named_can_be_read(track: Deployments) -> None:
    warning = "WARNING removing all non-cepler specified files\n"
    force = ("-e", "nobody", "--force-clean")
    for command in ("prepare", "reproduce"):
        assert track.cepler(command, *force).out == warning
        assert track.cepler("-c", "no.yml", command, *force).out == ""
    assert track.cepler("-g", "no.yml", "prepare", *force).out == ""


def test_flag_beats_variable_beats_default(
    track: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    track.write({"other.yml": "environments: {dev: {latest: [README]}}"})
    monkeypatch.setenv("CEPLER_CONF", "other.yml")
    monkeypatch.setenv("CEPLER_ENVIRONMENT", "dev")
    assert track.cepler("ls").out == "README\n"
    assert track.cepler("--config=cepler.yml", "ls", "-eproduction").out == "production.yml\n"
    monkeypatch.setenv("CEPLER_CONF", "")
    assert "Couldn't open config file" in track.cepler("ls").err
    monkeypatch.setenv("CEPLER_CONF", "other.yml")
    monkeypatch.setenv("GATES_BRANCH", "b")
    assert "needs --gates" in track.cepler("ls").err


def test_any_spelling_of_the_configuration_and_any_folder_will_do(track: Deployments) -> None:
    track.cepler("record", "-e", "staging")
    track.commit("unrelated", {"README": "x"})
    usual = track.cepler("check", "-e", "qa")
    for spelled in ("./cepler.yml", str(track.root / "cepler.yml"), "app/../cepler.yml"):
        assert track.cepler("-c", spelled, "check", "-e", "qa") == usual
    below = track.cepler("-c", "../cepler.yml", "record", "-e", "staging", here=track.root / "app")
    assert below.code == 0
    assert not track.record_of("staging").current.any_dirty


def test_latest_needs_neither_git_nor_the_environment_in_the_configuration(
    track: Deployments,
) -> None:
    track.cepler("record", "-e", "staging")
    track.write({"cepler.yml": "environments: {}"})
    (track.root / ".git").rename(track.root / "away")
    head = track.record_of("staging").current.head_commit
    assert track.cepler("latest", "-e", "staging").out == f"{head}\n"
    said = track.cepler("-c", "cepler.yml", "check", "-e", "staging")
    assert said.code == 1
    assert "not found in config" in said.err


def test_one_broken_state_file_breaks_every_command(track: Deployments) -> None:
    track.write({".cepler/default/elsewhere.state": "]["})
    for command in ("check", "ls", "latest", "record"):
        said = track.cepler(command, "-e", "staging")
        assert said.code == 1
        assert "elsewhere.state" in said.err


def test_a_bad_glob_is_an_error_where_it_is_used(new: New) -> None:
    tree = new("environments:\n  a: {latest: ['***']}\n  b: {latest: [x]}\n", {"x": "1"})
    said = tree.cepler("check", "-e", "a")
    assert said.code == 1
    assert "wildcards are either" in said.err
    assert tree.cepler("check", "-e", "b").code == 0


def test_a_repository_without_a_commit_is_told_in_words(new: New) -> None:
    tree = new("environments: {dev: {}}")
    tree.git("update-ref", "-d", "HEAD")
    said = tree.cepler("check", "-e", "dev")
    assert (said.code, "no commit yet" in said.err) == (1, True)


def test_as_a_program(track: Deployments) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tasks.promotion", "check", "-e", "staging"],
        cwd=track.root, env={"PYTHONPATH": str(paths.ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.split()[-1]) == (0, track.head)
