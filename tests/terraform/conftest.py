"""A root for each test, and the real Terraform to work on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.terraform import Terraform
from tests.needs import need

HEAD = 'terraform {\n  backend "local" {}\n}\n'


@dataclass
class Root:
    """A root whose files the test writes, with its state outside of it."""

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.folder.parent / "states" / "one.tfstate"

    @property
    def terraform(self) -> Terraform:
        return Terraform(Path(need("terraform")), self.folder, self.env)

    def write(self, text: str, name: str = "main.tf") -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_text(HEAD + text)

    def ready(self, text: str) -> Terraform:
        """Write the root, and prepare it."""
        self.write(text)
        self.terraform.init({"path": str(self.state)})
        return self.terraform

    def applied(self, text: str) -> Terraform:
        """Write the root, and apply it."""
        terraform = self.ready(text)
        plan = self.folder.parent / "plan"
        terraform.plan(plan)
        terraform.apply(plan)
        return terraform


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "root", {"PATH": os.environ["PATH"]})
