"""Where a root keeps its state: what its files say, and what `init` is told besides."""

from __future__ import annotations

import re
from pathlib import Path

from ..kernel.errors import SlipwayError
from ..kernel.world import World

_COMMENT = re.compile(
    r'(?P<text>"(?:\\.|[^"\\\n])*")|(?:#|//)[^\n]*|/\*.*?\*/', re.DOTALL
)  # texts first: a `#` in one begins no comment
_BACKEND = re.compile(r'\bbackend\s+"(?P<kind>[^"]+)"\s*\{(?P<body>[^{}]*)')
_CLOUD = re.compile(r"^\s*cloud\s*\{", re.MULTILINE)


def backend_of(folder: Path) -> tuple[str, bool]:
    """Return the type of a root's backend, and whether its block is empty; "" when it has none."""
    for file in sorted([*folder.glob("*.tf"), *folder.glob("*.tofu")]):
        text = _COMMENT.sub(lambda match: match["text"] or " ", file.read_text(errors="replace"))
        if found := _BACKEND.search(text):
            return found["kind"], not found["body"].strip()
        if _CLOUD.search(text):
            return "cloud", False
    return "", False


def state_config(world: World, folder: Path, name: str) -> dict[str, str]:
    """Return what `init` is to be told of the backend: a path for an empty local one.

    For another empty one it is what the configuration says, the state's name filled in. How to log
    in is no part of it: backends read that from variables of the environment.

    Args:
        world: its configuration says where such states are.
        folder: the root.
        name: of the state, such as that of the environment.

    Raises:
        SlipwayError: the root names no backend, so its state would be lost with this copy of it.
    """
    kind, blank = backend_of(folder)
    if not kind:
        raise SlipwayError(
            "the root does not say where its state is kept",
            where=folder.name,
            fix='add a backend to its block "terraform", such as: backend "local" {}',
        )
    if not blank:
        return {}
    if kind != "local":
        told = world.config.deployments.backend
        return {key: value.replace("{environment}", name) for key, value in told.items()}
    states = (world.root / world.config.deployments.state).absolute()
    states.mkdir(parents=True, exist_ok=True)
    return {"path": str(states / f"{name}.tfstate")}
