"""One binary from the candidate to the final image: the very bytes that were tested are shipped.

The candidate's number lives beside it: in the image's environment, its label and one VERSION file.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from tasks.kernel import paths
from tasks.registry import Registry, find_file, open_registry
from tests.project import Project
from tests.rooms import world_of

pytestmark = pytest.mark.slow

DOCS = """
docs:
  commands:
    api:
      inputs: [server]
      command: [python3, docs-site/api.py]
      outputs: [docs-site/docs/api.md]
"""
PAGES = {
    "docs-site/docs/intro.md": "# The shop\n",
    "docs-site/api.py": (
        "import os, pathlib\n"
        "pathlib.Path('docs-site/docs/api.md').write_text(f\"API of {os.environ['VERSION']}\\n\")\n"
    ),
}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one release made by it, 0.2.0 from 0.2.0-rc.2."""
    project = Project(tmp_path_factory.mktemp("released") / "project")
    project.seed()
    project.commit("docs: a site", PAGES)
    project.configure(DOCS)
    for message in ("feat: third shelf", "fix: third shelf"):
        project.commit(message, {"server/main.py": f"print('{message}')\n"})
        assert project.doit("release").code == 4
    assert project.approve().code == 0
    done = project.doit("release")
    assert done.code == 0, done.err
    return project


def _image(project: Project, tag: str) -> tuple[Registry, str]:
    registry = open_registry(world_of(project).config.registry, project.folder)
    return registry, project.images()["server"][tag]


def _binary(project: Project, tag: str) -> bytes:
    registry, digest = _image(project, tag)
    content = find_file(registry, "server", digest, "shop")
    assert content is not None
    return content


def _config(project: Project, tag: str) -> dict[str, Any]:
    registry, digest = _image(project, tag)
    config: dict[str, Any] = registry.config("server", digest)["config"]
    return config


def test_the_binary_is_the_same_in_candidate_asset_and_final_image(released: Project) -> None:
    candidate, final = _binary(released, "0.2.0-rc.2"), _binary(released, "0.2.0")
    asset = next((released.world / "forge/releases").rglob("shop")).read_bytes()
    digests = {sha256(each).hexdigest() for each in (candidate, asset, final)}
    assert digests == {world_of(released).json(paths.BINARY)["sha256"]}
    checksums = next((released.world / "forge/releases").rglob("checksums.txt")).read_text()
    assert checksums == f"{digests.pop()}  shop\n"


def test_it_carries_commit_and_core_and_no_candidate(released: Project) -> None:
    line = _binary(released, "0.2.0-rc.2").decode().splitlines()[1]
    assert line == f"# 0.2.0 {released.tags()['0.2.0']}"
    assert _binary(released, "0.2.0-rc.1") != _binary(released, "0.2.0-rc.2")


@pytest.mark.parametrize("version", ["0.2.0-rc.2", "0.2.0"])
def test_the_number_lives_in_environment_label_and_one_file(
    released: Project, version: str
) -> None:
    config = _config(released, version)
    assert f"VERSION={version}" in config["Env"]
    assert config["Labels"]["org.opencontainers.image.version"] == version
    registry, digest = _image(released, version)
    assert find_file(registry, "server", digest, "VERSION") == f"{version}\n".encode()


@pytest.mark.parametrize("version", ["0.2.0-rc.2", "0.2.0"])
def test_each_app_is_told_its_version_once(released: Project, version: str) -> None:
    registry = open_registry(world_of(released).config.registry, released.folder)
    content = find_file(registry, "web", released.images()["web"][version], ".env")
    assert content == f"COLOUR=green\nAPP_VERSION={version}\n".encode()


# The docs of the same release.


def test_the_promotion_brought_the_docs_beside_the_changelog(released: Project) -> None:
    assert released.file("docs-site/versions.json") == '[\n  "0.2.0"\n]\n'
    assert released.file("docs-site/docs/api.md") == "API of 0.2.0\n"
    assert released.file("docs-site/versioned_docs/version-0.2.0/api.md") == "API of 0.2.0\n"
    assert released.file("docs-site/versioned_docs/version-0.2.0/intro.md") == "# The shop\n"
    assert "## [0.2.0]" in released.file("CHANGELOG.md")


def test_merging_them_makes_no_new_candidate(released: Project) -> None:
    before = released.outside()
    done = released.doit("release")
    assert (done.code, done.acted) == (0, set())
    assert released.outside() == before


def test_release_notes_are_the_section_of_the_changelog(released: Project) -> None:
    notes = next((released.world / "forge/releases").rglob("release.json")).read_text()
    for line in ("## [0.2.0] - ", "- Third shelf"):
        assert line in notes
        assert line in released.file("CHANGELOG.md")
