"""Where a root keeps its state: what its files say, and what `init` is told besides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..kernel.errors import SlipwayError
from ..kernel.world import World

_COMMENT = re.compile(
    r'(?P<text>"(?:\\.|[^"\\\n])*")|(?:#|//)[^\n]*|/\*.*?\*/', re.DOTALL
)  # texts first: a `#` in one begins no comment
_BACKEND = re.compile(r'\bbackend\s+"(?P<kind>[^"]+)"\s*\{(?P<body>[^{}]*)')
_CLOUD = re.compile(r"^\s*cloud\s*\{", re.MULTILINE)
_PATH = re.compile(r'(?:^|\s)path\s*=\s*"(?P<path>[^"$%\n]*)"')
_EITHER, _TOFU = ("*.tf", "*.tf.json"), ("*.tofu", "*.tofu.json")


@dataclass(frozen=True, slots=True)
class Backend:
    """What a root's files say of its state.

    Attributes:
        kind: the type of the backend; "" when there is none.
        blank: its block is empty.
        path: of a local one, as it is written; "" when it says none, or none in plain words.
    """

    kind: str
    blank: bool = False
    path: str = ""


def files_of(folder: Path) -> list[Path]:
    """Return the files that make a folder a Terraform root; none when it is no root."""
    return sorted(file for ending in (*_EITHER, *_TOFU) for file in folder.glob(ending))


def only_for_tofu(folder: Path) -> bool:
    """Say whether a root has files that OpenTofu alone reads, and no others."""
    return bool(files_of(folder)) and not any(any(folder.glob(ending)) for ending in _EITHER)


def backend_of(folder: Path) -> Backend:
    """Return the backend that a root names."""
    for file in files_of(folder):
        text = file.read_text(errors="replace")
        found = _in_json(text) if file.suffix == ".json" else _in_words(text)
        if found:
            return found
    return Backend("")


def _in_words(text: str) -> Backend | None:
    text = _COMMENT.sub(lambda match: match["text"] or " ", text)
    if found := _BACKEND.search(text):
        path = _PATH.search(found["body"])
        return Backend(found["kind"], not found["body"].strip(), path["path"] if path else "")
    return Backend("cloud") if _CLOUD.search(text) else None


def _in_json(text: str) -> Backend | None:
    """Return the same from JSON, where each block may as well be a list of such blocks."""
    try:
        told = json.loads(text)
    except ValueError:
        return None  # Terraform says what is wrong with it
    for block in _blocks(told, "terraform"):
        for kinds in _blocks(block, "backend"):
            for kind in kinds:
                settings: dict[str, Any] = {}
                for one in _blocks(kinds, kind):
                    settings |= {key: value for key, value in one.items() if value is not None}
                path = settings.get("path", "")
                plain = isinstance(path, str) and not set(path) & set("$%")
                return Backend(kind, not settings, path if plain else "")
        if "cloud" in block:
            return Backend("cloud")
    return None


def _blocks(told: Any, name: str) -> Iterator[dict[str, Any]]:
    found = told.get(name) if isinstance(told, dict) else None
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, dict):
            yield one


def state_config(world: World, folder: Path, name: str) -> dict[str, str]:
    """Return what `init` is to be told of the backend: a path for an empty local one.

    For another empty one it is what the configuration says, the state's name filled in. How to log
    in is no part of it: backends read that from variables of the environment.

    Args:
        world: its configuration says where such states are.
        folder: the root.
        name: of the state, such as that of the environment.

    Raises:
        SlipwayError: the root names no backend, or one in its own folder, so its state would be
            lost with this copy of it.
    """
    backend = backend_of(folder)
    empty = 'backend "local" {}'
    if not backend.kind:
        raise SlipwayError(
            "the root does not say where its state is kept",
            where=folder.name,
            fix=f'add a backend to its block "terraform", such as: {empty}',
        )
    if backend.kind == "local" and not backend.blank and not Path(backend.path).is_absolute():
        raise SlipwayError(
            f'its backend "local" keeps the state in the root\'s own folder ({_said(backend)}),'
            " which is written anew for each deployment",
            where=folder.name,
            fix=f"write {empty} (the state is kept in {world.config.deployments.state} then; put"
            f" one that there is already there as {name}.tfstate), or a path that begins with /",
        )
    if not backend.blank:
        return {}
    if backend.kind != "local":
        told = world.config.deployments.backend
        return {key: value.replace("{environment}", name) for key, value in told.items()}
    states = (world.root / world.config.deployments.state).absolute()
    states.mkdir(parents=True, exist_ok=True)
    return {"path": str(states / f"{name}.tfstate")}


def _said(backend: Backend) -> str:
    return f'path = "{backend.path}"' if backend.path else "no path in plain words"
