"""Images on a real base: taken by its digest from a real registry, once, and told in the image."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.images.bases import Bases
from tasks.images.builder import build
from tasks.images.builder.build import BASE_DIGEST, BASE_NAME
from tasks.images.context import BINARY, Recipe, assemble
from tasks.images.tagging import Tagged, observe
from tasks.kernel.config import load
from tasks.kernel.errors import SlipwayError
from tasks.kernel.world import World
from tasks.registry import LayoutRegistry
from tasks.registry.http import HttpRegistry
from tests.images.contexts import CREATED, config, make, manifest, names, run
from tests.project import FILES, PIPELINE, ROOT, Project
from tests.registry.conftest import Served
from tests.registry.loopback import Loopback, Reply
from tests.registry.processes import at_once
from tests.rooms import Outside, changed_image, head

DOCKERFILE = (
    'FROM scratch\nENV LAYER=base\nLABEL team=base\nCOPY python /usr/bin/python3\nCMD ["x"]\n'
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    registry = Served(tmp_path_factory.mktemp("docker-registry"))
    yield registry.host
    registry.stop()


def _base(folder: Path, host: str, repository: str, text: str = "1") -> str:
    """Push a small base image to a registry that is real, and return its name with its digest."""
    context = make(folder / f"base-{text}" / "context", DOCKERFILE, {"python": text})
    built = run(context)
    layout = context.with_name("image")
    HttpRegistry(f"http://{host}", environ={}).push(repository, layout, f"v{text}")
    return f"{host}/{repository}@{built.digest}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    shop = Outside(tmp_path / "shop")
    shop.start()
    return shop.look()


def _recipe(world: World, base: str = "", name: str = "server") -> Recipe:
    image = changed_image(world, name, base=base)
    return Recipe(image, head(world), "1.0.0-rc.1", image.dockerfile_candidate, "b" * 64)


def _assemble(world: World, recipe: Recipe) -> Path:
    layout = world.path("layout")
    assemble(world, recipe, layout, "image:x", b"binary", None)
    return layout


def test_an_image_begins_with_its_base_and_says_so(
    world: World, served: str, tmp_path: Path
) -> None:
    base = _base(tmp_path, served, "team/python")
    layout = _assemble(world, _recipe(world, base))

    told = config(layout)["config"]
    assert "usr/bin/python3" in names(layout, 0)
    assert "srv/shop" in names(layout, -1)
    assert "LAYER=base" in told["Env"]
    repository, _, digest = base.partition("@")
    assert (told["Labels"][BASE_NAME], told["Labels"][BASE_DIGEST]) == (repository, digest)
    assert manifest(layout)["annotations"][BASE_DIGEST] == digest


def test_without_one_nothing_is_different(world: World) -> None:
    recipe = _recipe(world)
    told = config(_assemble(world, recipe))["config"]["Labels"]
    assert not {BASE_NAME, BASE_DIGEST} & told.keys()
    assert recipe.key != _recipe(world, f"x.org/y@sha256:{'0' * 64}").key


def test_another_base_is_another_image_under_another_key(
    world: World, served: str, tmp_path: Path
) -> None:
    one, two = (_base(tmp_path, served, "team/python", text) for text in "12")
    digests = set()
    for base in (one, two, one):
        recipe = _recipe(world, base)
        built = assemble(world, recipe, world.path("layout"), "image:x", b"binary", None)
        digests.add((recipe.key, built.digest))
    assert len({key for key, _ in digests}) == len(digests) == 2


def test_a_base_without_a_host_is_in_the_pipelines_own_registry(
    world: World, tmp_path: Path
) -> None:
    context = make(tmp_path / "base" / "context", DOCKERFILE, {"python": "own"})
    built = run(context)
    LayoutRegistry(world.path("world/registry")).push("base", context.with_name("image"), "1")
    layout = _assemble(world, _recipe(world, f"base@{built.digest}"))
    assert config(layout)["config"]["Labels"][BASE_NAME] == "base"
    assert "usr/bin/python3" in names(layout, 0)


def test_a_dockerfile_may_pin_its_base_itself(world: World, served: str, tmp_path: Path) -> None:
    base = _base(tmp_path, served, "team/python")
    for text, good in ((base, True), (base.replace("@", ":3.12@"), True), (f"{served}/x:1", False)):
        bases = Bases(world, world.config.images["server"])
        if good:
            assert (bases(text) / "index.json").is_file()
        else:
            with pytest.raises(SlipwayError, match="not pinned by its registry and digest"):
                bases(text)
    with pytest.raises(SlipwayError, match="not pinned"):  # whose registry would that be?
        Bases(world, world.config.images["server"])(f"python@{base.partition('@')[2]}")


def test_a_base_that_is_nowhere_is_named_with_its_image(world: World, served: str) -> None:
    base = f"{served}/team/none@sha256:{'0' * 64}"
    with pytest.raises(SlipwayError, match="the base image of server is in no registry") as error:
        _assemble(world, _recipe(world, base))
    assert error.value.where == f"team/none@sha256:{'0' * 64}"
    assert not world.path("layout").exists()


def test_a_dockerfile_that_does_not_begin_with_it_leaves_nothing_to_push(
    tmp_path: Path, served: str
) -> None:
    shop = Outside(tmp_path / "shop")
    shop.start(FILES | {"server/Dockerfile": "FROM scratch\nCOPY shop /srv/\n"})
    world = shop.look()
    base = _base(tmp_path, served, "team/python")
    with pytest.raises(SlipwayError, match="Dockerfile of server does not begin with its base"):
        _assemble(world, _recipe(world, base))
    assert not world.path("layout").exists()


def test_it_is_fetched_once(world: World, served: str, tmp_path: Path) -> None:
    base = _base(tmp_path, served, "team/python")
    image = changed_image(world, "server", base=base)
    place = Bases(world, image)(base)
    before = {file: file.stat().st_mtime_ns for file in place.rglob("*")}
    assert Bases(world, image)(base) == place
    assert {file: file.stat().st_mtime_ns for file in place.rglob("*")} == before


def test_several_images_at_once_fetch_the_same_base(
    world: World, served: str, tmp_path: Path
) -> None:
    base = _base(tmp_path, served, "team/python")
    image = changed_image(world, "server", base=base)

    def fetched() -> int:
        return 0 if (Bases(world, image)(base) / "index.json").is_file() else 1

    assert at_once([fetched] * 4) == [0] * 4
    place = Bases(world, image)(base)
    for blob in (place / "blobs/sha256").iterdir():
        blob.chmod(0o644)
    (place / "index.json").unlink()  # as if it had been killed before its end
    next((place / "blobs/sha256").iterdir()).write_text("half")
    assert (Bases(world, image)(base) / "index.json").is_file()
    assert "usr/bin/python3" in names(_assemble(world, _recipe(world, base)), 0)


def test_our_own_credentials_go_to_our_own_registry_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("SLIPWAY_REGISTRY_PASSWORD", "hunter2-long")
    basic = {"WWW-Authenticate": 'Basic realm="x"'}
    with Loopback(lambda _: Reply(401, b"{}", basic)) as other:
        shop = Outside(tmp_path / "shop")
        shop.start()
        world = shop.look()
        host = other.url.partition("//")[2]
        base = f"{host}/team/python@sha256:{'0' * 64}"
        with pytest.raises(SlipwayError):
            Bases(world, changed_image(world, "server", base=base))(base)
        assert other.asked
        assert not any("authorization" in one.headers for one in other.asked)
        # The same host as the pipeline's own registry is the pipeline's own.
        text = PIPELINE.replace(
            "{kind: local, path: world/registry}", f'{{kind: http, url: "{other.url}"}}'
        )
        (shop.folder / "pipeline.yml").write_text(text)
        own = World(load(shop.folder / "pipeline.yml"), shop.folder)
        with pytest.raises(SlipwayError):
            Bases(own, changed_image(own, "server", base=base))(base)
        assert any("authorization" in one.headers for one in other.asked)


def test_a_binary_in_the_base_is_not_ours(tmp_path: Path) -> None:
    shop = Outside(tmp_path / "shop")
    text = "ARG BASE\nFROM ${BASE}\nCOPY index.html VERSION /srv/\n"
    shop.start(FILES | {"web/Dockerfile": text})
    world = shop.look()
    context = make(tmp_path / "base" / "context", DOCKERFILE, {"python": "own"})
    built = run(context, labels={BINARY: "c" * 64})
    registry = LayoutRegistry(world.path("world/registry"))
    registry.push("base", context.with_name("image"), "1")
    image = changed_image(world, "web", base=f"base@{built.digest}")
    recipe = Recipe(image, head(world), "1.0.0-rc.1", image.dockerfile_candidate, None)
    made = assemble(world, recipe, world.path("layout"), "image:x", None, b"X=1\n")
    assert config(world.path("layout"))["config"]["Labels"][BINARY] == "c" * 64
    registry.push("web", world.path("layout"), recipe.version)
    seen = observe(world, Tagged(recipe, "web", made.digest, "edge"))
    assert seen.facts["binary"] is None


SANDBOX = ["Dockerfile.rc", "Dockerfile.release", "apps/admin-panel/Dockerfile"]
SANDBOX += ["apps/customer-portal/Dockerfile", "dagster/Dockerfile"]


@pytest.mark.parametrize("dockerfile", SANDBOX)
def test_the_sandboxs_dockerfiles_take_a_base(
    world: World, served: str, tmp_path: Path, dockerfile: str
) -> None:
    base = _base(tmp_path, served, "team/python")
    context = tmp_path / "context"
    shutil.copytree((ROOT / "sandbox/source" / dockerfile).parent, context)
    for name in ("lana-cli", "VERSION", ".env"):
        (context / name).write_text("x")
    build(
        *(context, Path(dockerfile).name, tmp_path / "made"),
        args={"BASE": base, "VERSION": "1", "COMMITHASH": "2"},
        labels={},
        created=CREATED,
        bases=Bases(world, changed_image(world, "server", base=base)),
    )
    assert "usr/bin/python3" in names(tmp_path / "made", 0)
    told = config(tmp_path / "made")["config"]
    assert told["Labels"][BASE_DIGEST] == base.partition("@")[2]
    assert told["Entrypoint"][0] == "python3"


@pytest.mark.slow
def test_a_new_base_builds_the_image_again_and_no_other(tmp_path: Path, served: str) -> None:
    project = Project(tmp_path / "shop")
    project.seed()
    one, two = (_base(tmp_path, served, "team/python", text) for text in "12")
    line = "dockerfile: Dockerfile, binary: shop"

    def built(base: str) -> tuple[list[str], str]:
        text = PIPELINE.replace(line, f"{line}, base: '{base}'")
        (project.folder / "pipeline.yml").write_text(text)
        run = project.doit("image")
        assert run.code == 0, run.err
        fact = json.loads((project.folder / "build/images/server.json").read_text())
        return [task for task in run.ran if task.startswith("image:")], fact["digest"]

    first, digest = built(one)
    assert sorted(first) == ["image:server", "image:web"]
    assert built(one) == ([], digest)
    again, other = built(two)
    assert again == ["image:server"]
    assert other != digest
