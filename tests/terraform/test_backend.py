"""Where a root's state is: what its files say, however they are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.kernel.config import load
from tasks.kernel.errors import SlipwayError
from tasks.kernel.world import World
from tasks.terraform import Backend, backend_of, files_of, only_for_tofu, state_config
from tests.project import PIPELINE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('terraform {\n  backend "local" {}\n}', Backend("local", True)),
        ('terraform { backend "local" {\n  # nothing\n} }', Backend("local", True)),
        ('terraform {\n  backend "local" {\n    path = "x"\n  }\n}', Backend("local", path="x")),
        ('backend "local" {\n workspace_dir = "x"\n path="/a/b"\n}', Backend("local", path="/a/b")),
        ('backend "local" {\n workspace_dir = "/x"\n}', Backend("local")),
        ('backend "local" {\n path = "${var.folder}/x"\n}', Backend("local")),
        ('terraform {\n  backend "gcs" {\n    bucket = "b"\n  }\n}', Backend("gcs")),
        ('terraform {\n  cloud {\n    organization = "o"\n  }\n}', Backend("cloud")),
        ('# backend "gcs" {}\nterraform {\n  backend "local" {}\n}', Backend("local", True)),
        ('// backend "gcs" {}\n/* backend "s3" {} */', Backend("")),
        ('locals {\n  a = "#"\n}\nterraform {\n  backend "s3" {}\n}', Backend("s3", True)),
        ("", Backend("")),
    ],
)
@pytest.mark.parametrize("name", ["main.tf", "main.tofu"])
def test_the_backend_of_a_root(tmp_path: Path, name: str, text: str, found: Backend) -> None:
    (tmp_path / "a.tf").write_text('variable "x" {}\n')
    (tmp_path / name).write_text(text)
    assert backend_of(tmp_path) == found


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"terraform": {"backend": {"local": {}}}}, Backend("local", True)),
        ({"terraform": [{"backend": [{"local": [{}]}]}]}, Backend("local", True)),
        ({"terraform": {"backend": {"local": {"path": "x"}}}}, Backend("local", path="x")),
        ({"terraform": {"backend": {"local": {"path": "${a}/x"}}}}, Backend("local")),
        ({"terraform": {"backend": {"s3": {"bucket": "b"}}}}, Backend("s3")),
        ({"terraform": {"cloud": {"organization": "o"}}}, Backend("cloud")),
        ({"terraform": {"required_version": ">= 1"}}, Backend("")),
        ({"terraform": {"backend": "local"}}, Backend("")),
        ([], Backend("")),
    ],
)
@pytest.mark.parametrize("name", ["main.tf.json", "main.tofu.json"])
def test_the_backend_of_a_root_in_json(
    tmp_path: Path, name: str, told: object, found: Backend
) -> None:
    (tmp_path / name).write_text(json.dumps(told))
    assert backend_of(tmp_path) == found
    assert only_for_tofu(tmp_path) == ("tofu" in name)


def test_json_that_is_none_names_no_backend(tmp_path: Path) -> None:
    (tmp_path / "main.tf.json").write_text("{")
    assert backend_of(tmp_path) == Backend("")
    assert [file.name for file in files_of(tmp_path)] == ["main.tf.json"]


@pytest.mark.parametrize("body", ['path = "mine.tfstate"', 'workspace_dir = "x"', "path = var.x"])
def test_a_state_in_the_roots_own_folder_is_refused(tmp_path: Path, body: str) -> None:
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    world = World(load(tmp_path / "pipeline.yml"), tmp_path)
    main = tmp_path / "main.tf"
    main.write_text(f'terraform {{\n  backend "local" {{\n{body}\n}}\n}}\n')
    with pytest.raises(SlipwayError, match="the root's own folder") as caught:
        state_config(world, tmp_path, "staging")
    assert 'write backend "local" {}' in caught.value.fix
    assert "staging.tfstate" in caught.value.fix
    main.write_text('terraform {\n  backend "local" {\n path = "/states/x"\n}\n}\n')
    assert state_config(world, tmp_path, "staging") == {}


def test_what_init_is_told(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    world = World(load(tmp_path / "pipeline.yml"), tmp_path)
    main = tmp_path / "main.tf"

    main.write_text('terraform {\n  backend "local" {}\n}\n')
    path = tmp_path / ".sandbox/terraform/staging.tfstate"
    assert state_config(world, tmp_path, "staging") == {"path": str(path)}
    assert path.parent.is_dir()

    main.write_text('terraform {\n  backend "gcs" {}\n}\n')
    assert state_config(world, tmp_path, "staging") == {}

    text = PIPELINE + "deployments: {backend: {bucket: states, prefix: 'shop/{environment}'}}\n"
    (tmp_path / "pipeline.yml").write_text(text)
    world = World(load(tmp_path / "pipeline.yml"), tmp_path)
    told = {"bucket": "states", "prefix": "shop/staging"}
    assert state_config(world, tmp_path, "staging") == told

    main.write_text("")
    with pytest.raises(SlipwayError, match="does not say where its state is kept"):
        state_config(world, tmp_path, "staging")
