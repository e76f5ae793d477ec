"""A version's tag: pushed once, adopted when it is ours, refused when it is somebody else's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.images import candidate, pushed_images, tagging
from tasks.images.context import KEY, REVISION, VERSION, Recipe
from tasks.kernel import paths
from tasks.kernel.effects import carry_out, foresee
from tasks.kernel.receipts import ANY, broken
from tasks.kernel.world import UNKNOWN, Forecast, World
from tasks.registry import LayoutRegistry, TagTaken
from tests.images.contexts import DOCKERFILE, SAMPLE, make, run
from tests.rooms import Outside, head, receipt


class Shelf:
    """A candidate's image, and the registry it belongs in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shop = Outside(folder / "shop")
        self.world: World = self.shop.start()
        image = self.world.config.images["server"]
        self.recipe = Recipe(image, head(self.world), "1.0.0-rc.2", "Dockerfile", "b" * 64)
        self.registry = LayoutRegistry(self.shop.world / "registry")

    def layout(self, content: str = "x", **labels: str) -> tuple[Path, str]:
        """Build an image with labels; return layout and digest."""
        place = self.folder / f"image-{len(list(self.folder.glob('image-*')))}"
        context = make(place / "context", DOCKERFILE, SAMPLE | {"app": content})
        told = {VERSION: "1.0.0-rc.2", REVISION: self.recipe.commit, KEY: self.recipe.key}
        return place / "image", run(context, labels=told | labels).digest

    def push(self, tag: str, content: str = "x", **labels: str) -> str:
        """Push such an image as somebody else would."""
        layout, digest = self.layout(content, **labels)
        self.registry.push("server", layout, tag)
        return digest

    def built(self, content: str = "x") -> str:
        """Let the image be what was built here."""
        from shutil import copytree, rmtree

        layout, digest = self.layout(content)
        target = self.world.path(paths.image_layout("server"))
        rmtree(target, ignore_errors=True)
        copytree(layout, target)
        fact = {
            "version": self.recipe.version,
            "commit": self.recipe.commit,
            "binary": self.recipe.binary_sha256,
            "digest": digest,
        }
        self.world.write_json(paths.image("server"), fact)
        return digest

    def carry_out(self) -> str:
        effect = candidate.push_effect(self.world.config.images["server"])
        return carry_out(effect, self.world)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    shelf = Shelf(tmp_path)
    monkeypatch.setattr(paths, "ROOT", shelf.shop.folder)  # logs go below the folder of the run
    return shelf


def test_what_is_missing_is_pushed_under_both_names(shelf: Shelf) -> None:
    digest = shelf.built()
    assert "edge moved" in shelf.carry_out()
    assert shelf.registry.resolve("server", "1.0.0-rc.2") == digest
    assert shelf.registry.resolve("server", "edge") == digest
    assert receipt(shelf.world, "push:server") == {
        "claims": {"registry": {"server:1.0.0-rc.2": digest, "server:edge": ANY}},
        "binary": None,
        "digest": digest,
        "image": "server",
        "repository": "server",
    }


def test_twice_is_once(shelf: Shelf) -> None:
    shelf.built()
    shelf.carry_out()
    index = (shelf.registry.root / "server/index.json").read_bytes()
    assert "is there" in shelf.carry_out()
    assert (shelf.registry.root / "server/index.json").read_bytes() == index
    assert len(shelf.shop.effects()) == 1


def test_ours_by_its_key_is_adopted_whatever_its_bytes(shelf: Shelf) -> None:
    """A lost build folder and a compiler that gives other bytes: what was pushed counts."""
    there = shelf.push("1.0.0-rc.2", "first bytes")
    here = shelf.built("second bytes")
    assert here != there
    shelf.carry_out()
    assert shelf.registry.resolve("server", "1.0.0-rc.2") == there
    assert receipt(shelf.world, "push:server")["digest"] == there
    assert shelf.registry.resolve("server", "edge") == there


def test_an_image_of_something_else_under_our_version_names_both(shelf: Shelf) -> None:
    there = shelf.push("1.0.0-rc.2", "theirs", **{KEY: "sha256:other", REVISION: "f" * 40})
    here = shelf.built()
    with pytest.raises(TagTaken) as error:
        shelf.carry_out()
    text = str(error.value)
    for told in (there, here, "f" * 12, shelf.recipe.commit[:12], "1.0.0-rc.2", "server"):
        assert told in text
    assert shelf.registry.resolve("server", "1.0.0-rc.2") == there
    assert shelf.registry.resolve("server", "edge") is None
    assert not shelf.world.exists(paths.receipt("push:server"))


def test_an_image_without_labels_is_not_ours(shelf: Shelf) -> None:
    plain = make(shelf.folder / "plain/context", DOCKERFILE, SAMPLE)
    run(plain)
    shelf.registry.push("server", shelf.folder / "plain/image", "1.0.0-rc.2")
    shelf.built()
    with pytest.raises(TagTaken, match="an unknown"):
        shelf.carry_out()


def test_the_very_same_image_is_ours_even_without_a_key(shelf: Shelf) -> None:
    digest = shelf.push("1.0.0-rc.2", **{KEY: "an older form of key"})
    wanted = tagging.Tagged(shelf.recipe, "server", digest, "edge")
    assert tagging.observe(shelf.world, wanted).facts["digest"] == digest


def test_only_the_moving_name_is_missing(shelf: Shelf) -> None:
    digest = shelf.built()
    shelf.carry_out()
    shelf.registry.delete_tag("server", "edge")
    assert "0 blobs new, edge moved" in shelf.carry_out()
    assert shelf.registry.resolve("server", "edge") == digest


def test_a_late_run_makes_its_tag_and_leaves_edge_alone(shelf: Shelf) -> None:
    newer = shelf.push("1.0.0-rc.3", "newer", **{VERSION: "1.0.0-rc.3", KEY: "sha256:newer"})
    shelf.registry.move("server", "edge", newer)
    digest = shelf.built()
    assert "edge" not in shelf.carry_out()
    assert shelf.registry.resolve("server", "1.0.0-rc.2") == digest
    assert shelf.registry.resolve("server", "edge") == newer


def test_a_prefix_of_the_registry_goes_into_repository_and_claims(shelf: Shelf) -> None:
    registry = replace(shelf.world.config.registry, prefix="team/shop")
    shelf.world.config = replace(shelf.world.config, registry=registry)
    digest = shelf.built()
    shelf.carry_out()
    assert shelf.registry.resolve("team/shop/server", "1.0.0-rc.2") == digest
    assert shelf.registry.tags("server") == []
    told = receipt(shelf.world, "push:server")
    assert told["repository"] == "team/shop/server"
    assert set(told["claims"]["registry"]) == {
        "team/shop/server:1.0.0-rc.2",
        "team/shop/server:edge",
    }


def test_with_nothing_to_release_nothing_is_claimed(shelf: Shelf) -> None:
    shelf.world.write_json(paths.image("server"), {"skipped": candidate.NOTHING})
    assert shelf.carry_out() == candidate.NOTHING
    assert receipt(shelf.world, "push:server") == {"claims": {}, "skipped": candidate.NOTHING}
    assert shelf.registry.tags("server") == []


def test_a_plan_foresees_the_push_and_touches_nothing(shelf: Shelf, tmp_path: Path) -> None:
    digest = shelf.built()
    ahead = Forecast(shelf.world, tmp_path / "scratch")
    told = foresee(candidate.push_effect(shelf.recipe.image), ahead)
    assert told.means == "push server:1.0.0-rc.2 and edge"
    assert told.says == "server:1.0.0-rc.2 is not there"
    assert not shelf.registry.root.exists()
    assert not shelf.world.exists(paths.receipt("push:server"))
    claims = ahead.json(paths.receipt("push:server"))["claims"]
    assert claims["registry"]["server:1.0.0-rc.2"] == digest
    assert broken(claims, ahead) == []


def test_what_is_not_built_yet_has_no_digest_yet(shelf: Shelf) -> None:
    wanted = tagging.Tagged(shelf.recipe, "server", None, "latest")
    seen = tagging.observe(shelf.world, wanted)
    assert (seen.done, seen.facts["digest"]) == (False, UNKNOWN)


def test_later_stages_take_the_digest_of_the_registry(shelf: Shelf) -> None:
    there = shelf.push("1.0.0-rc.2", "first bytes")
    shelf.built("second bytes")
    shelf.carry_out()
    shelf.world.write_json(paths.receipt("push:web"), {"claims": {}, "skipped": "nothing"})
    assert pushed_images(shelf.world) == {
        "server": {"repository": "server", "digest": there, "binary": ""}
    }


def test_a_lost_index_is_made_again_with_the_same_digest(shelf: Shelf) -> None:
    digest = shelf.built()
    shelf.carry_out()
    (shelf.registry.root / "server/index.json").write_text(
        json.dumps({"schemaVersion": 2, "manifests": []})
    )
    shelf.carry_out()
    assert shelf.registry.resolve("server", "1.0.0-rc.2") == digest
