"""What goes into an image: the folder at one commit, our stamps, the binary, labels and the key."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.images.context import BINARY, KEY, REVISION, VERSION, Recipe, assemble, repository_of
from tasks.images.context import _place as place
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.config import Image
from tasks.kernel.errors import SlipwayError
from tasks.kernel.world import World
from tests.images.contexts import config, names
from tests.rooms import Outside, changed_image, head

ENV = b"COLOUR=green\nAPP_VERSION=1.0.0-rc.1\n"


@pytest.fixture
def shop(tmp_path: Path) -> Outside:
    shop = Outside(tmp_path / "shop")
    shop.start()
    return shop


def _recipe(world: World, name: str = "web", version: str = "1.0.0-rc.1", **changes: Any) -> Recipe:
    image = changed_image(world, name, **changes)
    sha256 = "b" * 64 if image.binary else None
    return Recipe(image, head(world), version, image.dockerfile_candidate, sha256)


def _build(
    world: World, recipe: Recipe, binary: bytes | None = None, env: bytes | None = ENV
) -> Path:
    layout = world.path("layout")
    assemble(world, recipe, layout, "image:x", binary, env)
    return layout


def _labels(layout: Path) -> dict[str, str]:
    labels: dict[str, str] = config(layout)["config"]["Labels"]
    return labels


def _content(layout: Path, name: str) -> bytes:
    for blob in (layout / "blobs/sha256").iterdir():
        if not tarfile.is_tarfile(blob):
            continue
        with tarfile.open(blob) as layer:
            if name in layer.getnames() and (stream := layer.extractfile(name)):
                return stream.read()
    raise AssertionError(f"{name} is not in the image")


def test_the_stamps_go_in_where_the_files_were(shop: Outside) -> None:
    world = shop.look()
    layout = _build(world, _recipe(world))
    assert _content(layout, "srv/web/.env") == ENV
    assert _content(layout, "srv/web/VERSION") == b"1.0.0-rc.1\n"
    assert _content(layout, "srv/web/index.html") == b"<h1>shop</h1>\n"
    assert not world.path(paths.work("image:x")).exists()


def test_the_binary_goes_in_as_an_executable(shop: Outside) -> None:
    world = shop.look()
    layout = _build(world, _recipe(world, "server"), b"\x7fELF", None)
    assert _content(layout, "srv/shop") == b"\x7fELF"
    [blob] = [blob for blob in (layout / "blobs/sha256").iterdir() if tarfile.is_tarfile(blob)]
    with tarfile.open(blob) as layer:
        assert layer.getmember("srv/shop").mode == 0o755
        assert layer.getmember("srv/VERSION").mode == 0o644


def test_it_is_the_folder_of_the_commit_and_nothing_beside_it(shop: Outside) -> None:
    world = shop.look()
    recipe = _recipe(world)
    shop.commit("feat: later", {"web/later.html": "later\n"})
    layout = _build(shop.look(), recipe)
    assert "srv/web/later.html" not in names(layout)
    assert not [name for name in names(layout) if "main.py" in name or ".git" in name]


def test_the_labels_say_where_it_comes_from(shop: Outside) -> None:
    world = shop.look()
    recipe = _recipe(world, "server")
    labels = _labels(_build(world, recipe, b"x", None))
    assert labels == {
        VERSION: "1.0.0-rc.1",
        REVISION: head(world),
        "org.opencontainers.image.title": "server",
        KEY: recipe.key,
        BINARY: "b" * 64,
    }


def test_an_image_without_the_binary_claims_none(shop: Outside) -> None:
    world = shop.look()
    assert BINARY not in _labels(_build(world, _recipe(world)))


def test_a_source_on_the_web_is_named_and_a_folder_is_not(shop: Outside) -> None:
    world = shop.look()
    there = replace(world.config.remotes.source, url="https://forge.example.org/shop.git")
    world.config = replace(world.config, remotes=replace(world.config.remotes, source=there))
    labels = _labels(_build(world, _recipe(world)))
    assert labels["org.opencontainers.image.source"] == "https://forge.example.org/shop"


def test_the_day_of_the_image_is_that_of_the_commit(shop: Outside) -> None:
    world = shop.look()
    layout = _build(world, _recipe(world))
    day = g.text(
        "log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%cd", "main",
        repo=shop.source, env={"TZ": "UTC"},
    )  # fmt: skip
    assert config(layout)["created"] == day


def test_the_same_recipe_gives_the_same_image_in_any_folder(shop: Outside, tmp_path: Path) -> None:
    world = shop.look()
    one = assemble(world, _recipe(world), world.path("one"), "image:x", None, ENV)
    elsewhere = Outside.copy(shop.folder, tmp_path / "elsewhere")
    before = os.umask(0o077)
    try:
        other = World(world.config, elsewhere.folder)
        two = assemble(other, _recipe(world), other.path("two"), "final:x", None, ENV)
    finally:
        os.umask(before)
    assert one.digest == two.digest


# the key

CHANGES: dict[str, dict[str, Any]] = {
    "another context": {"context": "server"},
    "another binary": {"binary": None},
    "another app": {"app": "web"},
    "other arguments": {"args": {"A": "1"}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_key_names_what_goes_in(shop: Outside, change: Mapping[str, Any]) -> None:
    world = shop.look()
    first = Recipe(changed_image(world, "server", app=None, context="."), "c" * 40, "1", "D", None)
    assert first.key == replace(first).key
    image: Image = replace(first.image, **change)
    assert replace(first, image=image).key != first.key


def test_so_do_commit_version_and_dockerfile_but_not_the_bytes_of_the_binary(shop: Outside) -> None:
    """A compiler that is not reproducible must not make our own image look like another's."""
    recipe = _recipe(shop.look(), "server")
    others = [
        replace(recipe, commit="d" * 40),
        replace(recipe, version="1.0.0"),
        replace(recipe, dockerfile="Dockerfile.release"),
    ]
    assert len({recipe.key, *(other.key for other in others)}) == 4
    assert replace(recipe, binary_sha256="e" * 64).key == recipe.key


def test_the_name_of_an_image_does_not_count(shop: Outside) -> None:
    recipe = _recipe(shop.look())
    renamed = replace(recipe, image=replace(recipe.image, repository="elsewhere/web"))
    assert renamed.key == recipe.key


def test_a_repository_gets_the_prefix_of_the_registry(shop: Outside) -> None:
    world = shop.look()
    image = changed_image(world, "web", repository="a/web")
    assert repository_of(world.config, image) == "a/web"
    registry = replace(world.config.registry, prefix="team/shop")
    assert repository_of(replace(world.config, registry=registry), image) == "team/shop/a/web"


# our stamps stay in the context


def test_a_stamp_replaces_a_link_and_not_what_it_leads_to(shop: Outside, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    shop.commit_link("feat: a trap", "web/VERSION", str(outside))
    world = shop.look()
    layout = _build(world, _recipe(world))
    assert outside.read_text() == "mine"
    assert _content(layout, "srv/web/VERSION") == b"1.0.0-rc.1\n"


def test_a_stamp_is_not_written_through_a_folder_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    context = tmp_path / "context"
    (context / "deep").mkdir(parents=True)
    (context / "deep/link").symlink_to(tmp_path / "outside")
    with pytest.raises(SlipwayError, match="through the link link"):
        place(context, "deep/link/further/VERSION", b"x")
    assert not list((tmp_path / "outside").iterdir())


def test_an_environment_file_in_a_linked_folder_is_refused(shop: Outside, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    shop.commit_link("feat: a trap", "web/conf", str(tmp_path / "outside"))
    shop.replace("env-file: web/.env", "env-file: web/conf/.env")
    world = shop.look()
    with pytest.raises(SlipwayError, match="would be written through the link conf"):
        _build(world, _recipe(world))
    assert not list((tmp_path / "outside").iterdir())
    assert not world.path("layout").exists()


def test_a_folder_or_a_file_in_the_way_is_named(shop: Outside) -> None:
    shop.commit("feat: in the way", {"web/VERSION/file": "x\n"})
    world = shop.look()
    with pytest.raises(SlipwayError, match="VERSION is ours to write"):
        _build(world, _recipe(world))
    shop.commit("feat: in the way", {"web/VERSION/file": None, "web/conf": "a file\n"})
    shop.replace("env-file: web/.env", "env-file: web/conf/.env")
    world = shop.look()
    with pytest.raises(SlipwayError, match=r"conf/\.env is ours to write, but conf is in the way"):
        _build(world, _recipe(world))


def test_a_file_there_before_loses_its_mode_and_its_content(tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text("a longer text than the new one")
    (tmp_path / "VERSION").chmod(0o700)
    other = tmp_path / "hard-link"
    other.hardlink_to(tmp_path / "VERSION")
    place(tmp_path, "VERSION", b"1\n")
    assert (tmp_path / "VERSION").read_bytes() == b"1\n"
    assert (tmp_path / "VERSION").stat().st_mode & 0o777 == 0o644
    assert other.read_text() == "a longer text than the new one"


def test_the_checksum_in_the_label_is_that_of_the_recipe(shop: Outside) -> None:
    world = shop.look()
    sha256 = hashlib.sha256(b"tested").hexdigest()
    recipe = replace(_recipe(world, "server"), binary_sha256=sha256)
    assert _labels(_build(world, recipe, b"tested", None))[BINARY] == sha256


def test_a_context_that_is_not_there_is_named(shop: Outside) -> None:
    world = shop.look()
    with pytest.raises(SlipwayError, match="nowhere does not exist in"):
        _build(world, _recipe(world, context="nowhere"))
    with pytest.raises(SlipwayError, match=r"build\.py is not a folder in"):
        _build(world, _recipe(world, context="build.py"))


def test_a_failed_build_leaves_no_scratch(shop: Outside) -> None:
    shop.commit("feat: no Dockerfile", {"web/Dockerfile": None})
    world = shop.look()
    with pytest.raises(SlipwayError):
        _build(world, _recipe(world))
    assert not world.path(paths.work("image:x")).exists()
    assert not world.path("layout").exists()
