"""The binary: compiled in a clean checkout, stamped, taken only from where it was promised."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.build import binary_content, compile_binary
from tasks.build.binary import FILE, build
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.config import Binary
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.world import World
from tests.rooms import Outside, head


@pytest.fixture
def shop(tmp_path: Path) -> Outside:
    shop = Outside(tmp_path / "shop")
    shop.start()
    return shop


def _binary(world: World, *command: str, output: str = "dist/shop") -> Binary:
    assert world.config.binary
    return replace(world.config.binary, command=command, output=output)


def _shell(world: World, script: str, output: str = "out") -> Binary:
    return _binary(world, "sh", "-c", script, output=output)


def _compile(world: World, binary: Binary) -> bytes:
    return compile_binary(world, binary, head(world), "1.0.0", "binary").content


def _nothing_left(world: World) -> bool:
    return not world.path(paths.work("binary")).exists()


def test_it_is_stamped_with_version_and_commit_and_the_day_of_the_commit(shop: Outside) -> None:
    world = shop.look()
    binary = _shell(world, 'echo "$VERSION $COMMITHASH $SOURCE_DATE_EPOCH $LC_ALL" > out')
    date = g.text("log", "-1", "--format=%ct", "main", repo=shop.source)
    assert _compile(world, binary).decode() == f"1.0.0 {head(world)} {date} C.UTF-8\n"
    assert _nothing_left(world)


def test_the_same_commit_gives_the_same_bytes(shop: Outside) -> None:
    world = shop.look()
    assert world.config.binary
    one, two = (
        compile_binary(world, world.config.binary, head(world), "1.0.0", task)
        for task in ("binary", "draft")
    )
    assert one == two
    assert one.sha256 == hashlib.sha256(one.content).hexdigest()


def test_it_is_compiled_from_the_commit_and_nothing_else(shop: Outside) -> None:
    """Neither a later commit nor what an earlier build has left gets in."""
    world = shop.look()
    commit = head(world)
    shop.commit("feat: later", {"server/main.py": "print('later')\n", "extra": "x"})
    world = shop.look()
    binary = _shell(world, "ls -A > out; cat server/main.py >> out; touch stale")
    for _ in range(2):
        content = compile_binary(world, binary, commit, "1.0.0", "binary").content.decode()
        assert "extra" not in content
        assert "stale" not in content
        assert "print('shop')" in content


def test_the_settings_win_over_the_stamps_and_secrets_stay_out(
    shop: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORGE_TOKEN", "hunter2-hunter2")
    world = shop.look()
    binary = replace(_shell(world, "env > out"), env={"MODE": "fast"})
    content = _compile(world, binary).decode()
    assert "MODE=fast\n" in content
    assert "hunter2" not in content


def test_a_command_that_fails_says_its_last_words(shop: Outside) -> None:
    world = shop.look()
    with pytest.raises(Failed, match="shop ended with 3") as error:
        _compile(world, _shell(world, "echo half > out; echo 'no such shelf' >&2; exit 3"))
    assert error.value.detail == ("no such shelf",)
    assert _nothing_left(world)


def test_a_command_that_is_not_there(shop: Outside) -> None:
    world = shop.look()
    with pytest.raises(SlipwayError, match="no-such-compiler is not installed"):
        _compile(world, _binary(world, "no-such-compiler"))


LEFT = {
    "nothing": "true",
    "another file": "touch other",
    "a folder": "mkdir out",
    "a link out of the tree": "ln -s /etc/hostname out",
    "a link to nowhere": "ln -s nowhere out",
    "a pipe": "mkfifo out",
}


@pytest.mark.parametrize("script", LEFT.values(), ids=LEFT)
def test_a_command_that_ends_well_but_leaves(shop: Outside, script: str) -> None:
    world = shop.look()
    with pytest.raises(SlipwayError, match="left no file out") as error:
        _compile(world, _shell(world, script))
    assert error.value.where == "pipeline.yml: artifacts.binary.output"
    assert _nothing_left(world)


def test_a_folder_that_leads_out_of_the_tree_is_no_output(shop: Outside, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/shop").write_text("planted")
    world = shop.look()
    with pytest.raises(SlipwayError, match="left no file dist/shop"):
        _compile(world, _shell(world, f"ln -s {tmp_path}/elsewhere dist", output="dist/shop"))


def test_a_link_inside_the_tree_is_followed(shop: Outside) -> None:
    """Compilers leave `app` beside `app-1.0.0`."""
    world = shop.look()
    assert _compile(world, _shell(world, "echo x > real; ln -s real out")) == b"x\n"


def test_an_output_with_a_leading_dash_inside_its_name_is_a_name(shop: Outside) -> None:
    world = shop.look()
    assert _compile(world, _shell(world, "echo x > ./-o", output="./-o")) == b"x\n"


# the stage


def _candidate(world: World) -> dict[str, object]:
    told: dict[str, object] = {
        "version": "1.0.0-rc.1",
        "core": "1.0.0",
        "commit": head(world),
    }
    world.write_json(paths.VERSION, told)
    return told


def test_the_fact_tells_what_was_built_and_the_file_is_executable(shop: Outside) -> None:
    world = shop.look()
    told = _candidate(world)
    assert world.config.binary
    build(world.config.binary, world)
    fact = world.json(paths.BINARY)
    content = world.read(f"{FILE}/shop") or b""
    assert (fact["core"], fact["commit"]) == (told["core"], told["commit"])
    assert (fact["sha256"], fact["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert os.access(world.path(f"{FILE}/shop"), os.X_OK)
    assert b"1.0.0-rc.1" not in content
    assert binary_content(world, world.config.binary) == content


def test_a_failed_build_leaves_what_was_there(shop: Outside) -> None:
    world = shop.look()
    _candidate(world)
    assert world.config.binary
    build(world.config.binary, world)
    before = (world.read(paths.BINARY), world.read(f"{FILE}/shop"))
    with pytest.raises(Failed):
        build(_shell(world, "exit 1"), world)
    assert (world.read(paths.BINARY), world.read(f"{FILE}/shop")) == before


def test_a_binary_that_somebody_changed_goes_into_no_image(shop: Outside) -> None:
    world = shop.look()
    _candidate(world)
    assert world.config.binary
    build(world.config.binary, world)
    world.path(f"{FILE}/shop").write_bytes(b"patched")
    with pytest.raises(Failed, match="was changed after it was built"):
        binary_content(world, world.config.binary)


def test_with_nothing_to_release_nothing_is_compiled(shop: Outside) -> None:
    world = shop.look()
    world.write_json(paths.VERSION, {"version": None})
    assert build(_shell(world, "exit 1"), world) == "nothing to release"
    assert world.json(paths.BINARY) == {"skipped": "nothing to release"}


# attempts, further outputs, and what other tools leave


def test_a_command_that_may_be_flaky_is_tried_again_in_a_new_checkout(
    shop: Outside, tmp_path: Path
) -> None:
    world = shop.look()
    fresh = f"test ! -e stale && touch stale && echo x >> {tmp_path}/n"
    script = f"{fresh} && test $(wc -l < {tmp_path}/n) = 2 && echo ok > out"
    assert _compile(world, replace(_shell(world, script), attempts=3)) == b"ok\n"
    assert (tmp_path / "n").read_text() == "x\nx\n"


def test_it_is_tried_no_more_often_than_allowed(shop: Outside, tmp_path: Path) -> None:
    world = shop.look()
    binary = replace(_shell(world, f"echo >> {tmp_path}/n; exit 1"), attempts=2)
    with pytest.raises(Failed, match="shop ended with 1"):
        _compile(world, binary)
    assert (tmp_path / "n").read_text() == "\n\n"


def test_what_left_nothing_is_not_tried_again(shop: Outside, tmp_path: Path) -> None:
    world = shop.look()
    binary = replace(_shell(world, f"echo >> {tmp_path}/n"), attempts=3)
    with pytest.raises(SlipwayError, match="left no file out"):
        _compile(world, binary)
    assert (tmp_path / "n").read_text() == "\n"


def test_a_command_that_does_not_end_is_stopped(shop: Outside) -> None:
    world = shop.look()
    with pytest.raises(Failed, match=r"did not end within 0\.3 s"):
        _compile(world, replace(_shell(world, "sleep 60"), timeout=0.3))


def test_a_secret_is_seen_only_when_it_is_named(
    shop: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_TOKEN", "hunter2-hunter2")
    world = shop.look()
    binary = _shell(world, 'echo "${CACHE_TOKEN:-none}" > out')
    assert _compile(world, binary) == b"none\n"
    assert _compile(world, replace(binary, secrets=("CACHE_TOKEN",))) == b"hunter2-hunter2\n"


def test_a_link_into_the_store_is_followed_when_that_is_named(
    shop: Outside, tmp_path: Path
) -> None:
    """`nix build` leaves `result`, a link to a folder of its store."""
    (tmp_path / "store/abc/bin").mkdir(parents=True)
    (tmp_path / "store/abc/bin/shop").write_text("built")
    world = shop.look()
    binary = _shell(world, f"ln -s {tmp_path}/store/abc result", output="result/bin/shop")
    with pytest.raises(SlipwayError, match="it is a link to") as error:
        _compile(world, binary)
    assert "artifacts.binary.store" in error.value.fix
    assert _compile(world, replace(binary, store=str(tmp_path / "store"))) == b"built"


def test_further_outputs_are_kept_beside_the_binary(shop: Outside) -> None:
    world = shop.look()
    _candidate(world)
    script = "mkdir share; echo b > out; echo man > share/shop.1"
    binary = replace(_shell(world, script), outputs=("share/shop.1",))
    build(binary, world)
    assert world.read(f"{FILE}.outputs/share/shop.1") == b"man\n"
    with pytest.raises(SlipwayError, match=r"left no file share/shop\.2") as error:
        build(replace(binary, outputs=("share/shop.2",)), world)
    assert error.value.where == "pipeline.yml: artifacts.binary.outputs"
