"""Prepare, reproduce and export: exactly the wanted files, and never one outside the folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError
from tasks.promotion.engine import File, State, config_at, desired, export

from .conftest import Deployments

_WITH_DEEP = "environments: {dev: {latest: [app/**/*.yml]}}\n"


def _files(folder: Path) -> set[str]:
    return {
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if ".git" not in file.parts and not file.is_dir()
    }


def test_prepare_brings_the_files_to_the_next_state(track: Deployments) -> None:
    track.cepler("record", "-e", "staging")
    track.commit("two", {"app/a.yml": "a 2", "app/c.yml": "c 2", "qa.yml": "q 2"})
    track.write({"qa.yml": "edited", "README": "edited", "notes.txt": "mine"})
    said = track.cepler("prepare", "-e", "qa")
    assert (said.code, said.out) == (0, "")
    assert track.read("app/a.yml") == "a 1"
    assert track.read("qa.yml") == "q 2"
    assert track.read("README") == "edited"
    assert track.read("notes.txt") == "mine"
    # What merely matches a propagated glob and is not in the upstream's state stays.
    assert track.read("app/c.yml") == "c 2"
    assert track.git("diff", "--cached", "--name-only") == ""


def test_untracked_files_that_match_latest_go(track: Deployments) -> None:
    track.write({"app/new.yml": "untracked"})
    track.cepler("prepare", "-e", "staging")
    assert "app/new.yml" not in _files(track.root)


def test_force_clean_leaves_the_environment_and_what_is_ignored(track: Deployments) -> None:
    track.commit("ignore", {".gitignore": "*.log\nREADME\n", "sub/.gitignore": "x"})
    track.cepler("record", "-e", "staging")
    track.write({"a.log": "ignored", "junk": "x", ".cepler/other/x.state": "y", ".hidden": "z"})
    (track.root / "broken").symlink_to("nowhere")
    (track.root / "empty").mkdir()
    said = track.cepler("prepare", "-e", "qa", "--force-clean")
    assert said.out == "WARNING removing all non-cepler specified files\n"
    assert _files(track.root) == {
        ".cepler/default/staging.state", ".gitignore", "README", "a.log", "app/a.yml", "app/b.yml",
        "broken", "cepler.yml", "qa.yml",
    }  # fmt: skip
    assert (track.root / "empty").is_dir()


def test_a_dry_run_says_what_would_happen_and_does_nothing(track: Deployments) -> None:
    before = _files(track.root)
    said = track.cepler("prepare", "-e", "production", "--force-clean", "--dry-run")
    assert "would remove README" in said.err
    assert "would write production.yml" in said.err
    assert (said.out, _files(track.root)) == ("", before)


def test_modes_and_links_are_kept_and_names_are_literal(track: Deployments) -> None:
    (track.root / "app/run").write_text("#!/bin/sh\n")
    (track.root / "app/run").chmod(0o755)
    (track.root / "app/link").symlink_to("a.yml")
    track.commit("odd", {"app/*.yml": "star", "app/-x": "dash", "app/é b": "ü"})
    track.write({"app/*.yml": "edited", "app/b.yml": "b edited", "app/-x": "edited"})
    (track.root / "app/run").unlink()
    (track.root / "app/link").unlink()
    track.cepler("prepare", "-e", "staging")
    assert (track.root / "app/run").stat().st_mode & 0o111
    assert (track.root / "app/link").readlink() == Path("a.yml")
    assert [track.read(f"app/{n}") for n in ("*.yml", "b.yml", "-x")] == ["star", "b 1", "dash"]


def test_reproduce_brings_back_what_was_recorded(track: Deployments) -> None:
    track.cepler("record", "-e", "staging")
    track.commit("two", {"app/a.yml": "a 2"})
    assert track.cepler("reproduce", "-e", "staging").code == 0
    assert track.read("app/a.yml") == "a 1"
    assert track.read("README") == "hello"
    track.cepler("reproduce", "-e", "staging", "--force-clean")
    assert _files(track.root) == {
        ".cepler/default/staging.state", "app/a.yml", "app/b.yml", "cepler.yml", "staging.yml",
    }  # fmt: skip


def test_reproduce_needs_the_commits(track: Deployments) -> None:
    track.cepler("record", "-e", "staging")
    path = ".cepler/default/staging.state"
    track.write({path: track.read(path).replace("from_commit: ", "from_commit: 0")})
    before = _files(track.root)
    said = track.cepler("reproduce", "-e", "staging", "--force-clean")
    assert said.code == 1
    assert "not in this repository" in said.err
    assert _files(track.root) == before


@pytest.mark.parametrize(
    "path", ["../out.yml", "/tmp/out.yml", "app/../../out.yml", ".git/hooks/x", "a//b", ".GIT/x"]
)
def test_a_state_that_names_a_path_outside_is_refused_untouched(
    track: Deployments, path: str
) -> None:
    track.cepler("record", "-e", "staging")
    name = ".cepler/default/staging.state"
    track.write({name: track.read(name).replace("app/a.yml", path)})
    before = _files(track.root)
    said = track.cepler("reproduce", "-e", "staging", "--force-clean")
    assert said.code == 1
    assert "refused to touch" in said.err
    assert _files(track.root) == before


def test_nothing_is_written_or_removed_through_a_link(track: Deployments, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("a.yml", "b.yml", "precious"):
        (outside / name).write_text("theirs")
    for file in (track.root / "app").iterdir():
        file.unlink()
    (track.root / "app").rmdir()
    (track.root / "app").symlink_to(outside)
    assert track.cepler("prepare", "-e", "staging", "--force-clean").code == 0
    assert {file.read_text() for file in outside.iterdir()} == {"theirs"}
    assert not (track.root / "app").is_symlink()
    assert track.read("app/a.yml") == "a 1"


def _attributed(track: Deployments, *rules: str) -> None:
    track.commit("rules", {".gitattributes": "".join(f"{rule}\n" for rule in rules)})
    track.commit("lines", {"app/a.yml": "1\n2\n", "app/deep/.gitattributes": "*.yml -text\n"})


@pytest.mark.parametrize("how", [(), ("--force-clean",)])
def test_line_ends_are_those_of_gits_own_checkout(track: Deployments, how: tuple[str]) -> None:
    _attributed(track, "*.yml text eol=crlf")
    track.commit("deep", {"app/deep/b.yml": "1\n2\n", "cepler.yml": _WITH_DEEP})
    for _ in range(2):
        assert track.cepler("prepare", "-e", "dev", *how).code == 0
        assert (track.root / "app/a.yml").read_bytes() == b"1\r\n2\r\n"
        assert (track.root / "app/deep/b.yml").read_bytes() == b"1\n2\n"
    assert (track.root / "README").exists() == (not how)


def test_line_ends_are_those_that_are_configured_for_the_work_tree(track: Deployments) -> None:
    track.commit("lines", {"app/a.yml": "1\n2\n", "README": "1\n2\n"})
    track.git("config", "core.autocrlf", "true")
    track.write({"README": "edited"})
    assert track.cepler("prepare", "-e", "staging").code == 0
    assert track.cepler("record", "-e", "staging", "--reset-head").code == 0
    assert (track.root / "app/a.yml").read_bytes() == b"1\r\n2\r\n"
    assert (track.root / "README").read_bytes() == b"1\r\n2\r\n"


def test_a_setting_about_line_ends_without_a_value_is_true(track: Deployments) -> None:
    track.commit("lines", {"app/a.yml": "1\n2\n"})
    with (track.root / ".git/config").open("a") as config:
        config.write("[core]\n\tautocrlf\n")
    assert track.cepler("prepare", "-e", "staging").code == 0
    assert (track.root / "app/a.yml").read_bytes() == b"1\r\n2\r\n"


def test_no_filter_is_run_and_the_raw_bytes_are_no_news(track: Deployments) -> None:
    _attributed(track, "*.yml filter=my.large-files")
    for key, value in (("smudge", "sed s/1/BIG/"), ("clean", "sed s/BIG/1/"), ("process", "false")):
        track.git("config", f"filter.my.large-files.{key}", value)
    track.git("config", "filter.my.large-files.required", "true")
    track.write({"app/a.yml": "edited"})
    assert track.cepler("prepare", "-e", "staging").code == 0
    assert track.read("app/a.yml") == "1\n2\n"
    track.cepler("record", "-e", "staging", "--no-commit")
    assert track.cepler("check", "-e", "staging").code == 2


def test_no_filter_is_run_by_whatever_writes_files(
    pair: tuple[Deployments, Deployments, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, remote = pair
    two.commit("theirs", {"app/b.yml": "theirs"})
    one.commit("rules", {".gitattributes": "* filter=big\n"})
    (tmp_path / "gitconfig").write_text(
        '[filter "big"]\nsmudge = no-such smudge\nclean = no-such clean\nrequired = true\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    two.git("push", "--quiet", "origin", "main")
    keys = ("--git-url", str(remote), "--git-private-key", "x")
    one.write({"app/a.yml": "edited", "README": "edited"})
    assert one.cepler("prepare", "-e", "staging").code == 0
    said = one.cepler("record", "-e", "staging", "--reset-head", "--push", *keys)
    assert (said.code, "warning" in said.err) == (0, False), said.err
    assert [one.read(f"app/{name}.yml") for name in "ab"] == ["a 1", "theirs"]
    assert one.read("README") == "hello"
    clone = Deployments(tmp_path / "clone")
    for _ in range(2):  # made, then followed
        words = ("--clone", str(clone.root), *keys, "check", "-e", "staging")
        assert one.cepler(*words).err == "File app/b.yml changed\n"
        assert clone.read("app/b.yml") == "theirs"
        (clone.root / "app/b.yml").unlink()
    one.cepler("reproduce", "-e", "staging")
    (one.root / "app/b.yml").unlink()
    one.write({"app/b.yml/untracked": "precious"})
    assert "    app/b.yml/untracked\n" in one.cepler("reproduce", "-e", "staging").err


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("app/a.yml/secret.log", ("prepare",)),
        ("app/a.yml/secret.log", ("prepare", "--force-clean")),
        ("app/a.yml/secret.log", ("reproduce",)),
        ("app/a.yml/untracked", ("reproduce",)),
        ("app", ("reproduce", "--force-clean")),
    ],
)
def test_what_is_in_the_way_and_would_be_lost_is_not_touched(
    track: Deployments, lost: str, words: tuple[str, ...]
) -> None:
    track.commit("ignore", {".gitignore": "*.log\n/app\n"})
    track.cepler("record", "-e", "staging")
    for path in ("app/a.yml", "app/b.yml"):
        (track.root / path).unlink()
    if lost == "app":
        (track.root / "app").rmdir()
    track.write({lost: "precious", "staging.yml": "edited"})
    before = _files(track.root)
    said = track.cepler(*words, "-e", "staging")
    assert said.code == 1
    assert f"    {lost}\n" in said.err
    assert "nothing was changed" in said.err
    assert (_files(track.root), track.read(lost)) == (before, "precious")
    assert track.read("staging.yml") == "edited"


def test_a_submodule_in_the_way_is_not_touched(track: Deployments) -> None:
    track.cepler("record", "-e", "staging")
    (track.root / "app/a.yml").unlink()
    inside = Deployments(track.root / "app/a.yml")
    g.git("init", "--quiet", str(inside.root))
    inside.commit("unpushed", {"only-here": "precious"})
    track.commit("a submodule")
    assert track.git("ls-files", "--stage", "app/a.yml").startswith("160000")
    for words in (("prepare", "-e", "qa"), ("reproduce", "-e", "staging")):
        said = track.cepler(*words)
        assert (said.code, "    app/a.yml\n" in said.err) == (1, True)
    assert inside.git("log", "--format=%s") == "unpushed"
    shutil.rmtree(inside.root)
    inside.root.mkdir()  # as a clone without its submodules has it
    assert track.cepler("reproduce", "-e", "staging").code == 0
    assert track.read("app/a.yml") == "a 1"


@pytest.mark.parametrize("flag", ["--skip-worktree", "--assume-unchanged"])
def test_an_edit_in_the_way_that_git_is_told_to_ignore_is_not_touched(
    track: Deployments, flag: str
) -> None:
    track.cepler("record", "-e", "staging")
    (track.root / "app/a.yml").unlink()
    track.commit("a folder", {"app/a.yml/part": "x"})
    track.git("update-index", flag, "app/a.yml/part")
    track.write({"app/a.yml/part": "precious"})
    said = track.cepler("reproduce", "-e", "staging")
    assert (said.code, "    app/a.yml/part\n" in said.err) == (1, True)
    assert track.read("app/a.yml/part") == "precious"
    track.write({"app/a.yml/part": "x"})
    assert track.cepler("reproduce", "-e", "staging").code == 0


def test_what_is_in_the_way_and_is_committed_gives_way(track: Deployments) -> None:
    track.cepler("record", "-e", "staging")
    (track.root / "app/a.yml").unlink()
    track.commit("a folder", {"app/a.yml/part": "x"})
    assert track.cepler("prepare", "-e", "qa").code == 0
    assert track.read("app/a.yml") == "a 1"


def test_export_writes_the_state_alone_from_a_bare_repository(
    track: Deployments, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    track.git("clone", "--quiet", "--bare", str(track.root), str(bare))
    state = desired(bare, track.head, config_at(bare, track.head), "staging")
    export(bare, state, tmp_path / "out")
    assert _files(tmp_path / "out") == {"app/a.yml", "app/b.yml", "staging.yml"}
    assert (tmp_path / "out/app/a.yml").read_text() == "a 1"
    with pytest.raises(SlipwayError, match="not empty"):
        export(bare, state, tmp_path / "out")
    config = config_at(bare, track.head)
    export(bare, desired(bare, track.head, config, "staging", origin=False), tmp_path / "quick")
    assert _files(tmp_path / "quick") == _files(tmp_path / "out")
    hostile = State(track.head, {"{latest}/../x": File("0" * 40, track.head, "m")})
    with pytest.raises(SlipwayError, match="refused to touch"):
        export(bare, hostile, tmp_path / "other")
    assert not (tmp_path / "other").exists()
