"""Where a root's state is: what its files say, however they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.kernel.config import load
from tasks.kernel.errors import SlipwayError
from tasks.kernel.world import World
from tasks.terraform import backend_of, state_config
from tests.project import PIPELINE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('terraform {\n  backend "local" {}\n}', ("local", True)),
        ('terraform { backend "local" {\n  # nothing\n} }', ("local", True)),
        ('terraform {\n  backend "local" {\n    path = "x"\n  }\n}', ("local", False)),
        ('terraform {\n  backend "gcs" {\n    bucket = "b"\n  }\n}', ("gcs", False)),
        ('terraform {\n  cloud {\n    organization = "o"\n  }\n}', ("cloud", False)),
        ('# backend "gcs" {}\nterraform {\n  backend "local" {}\n}', ("local", True)),
        ('// backend "gcs" {}\n/* backend "s3" {} */', ("", False)),
        ('locals {\n  a = "#"\n}\nterraform {\n  backend "s3" {}\n}', ("s3", True)),
        ("", ("", False)),
    ],
)
def test_the_backend_of_a_root(tmp_path: Path, text: str, found: tuple[str, bool]) -> None:
    (tmp_path / "a.tf").write_text('variable "x" {}\n')
    (tmp_path / "main.tf").write_text(text)
    assert backend_of(tmp_path) == found


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
