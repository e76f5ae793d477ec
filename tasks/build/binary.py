"""Compiling the binary: the configured command in a clean checkout, stamped by its environment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..kernel import facts, journal, paths, programs, remotes
from ..kernel import git as g
from ..kernel.config import Binary
from ..kernel.effects import Foreseen
from ..kernel.errors import Failed, SlipwayError
from ..kernel.world import UNKNOWN, Forecast, World

FILE = f"{paths.BUILD}/binary"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled binary.

    Attributes:
        content: its bytes.
        sha256: their digest, in hex.
        outputs: what else the command left, as declared: path → content.
    """

    content: bytes
    sha256: str
    outputs: dict[str, bytes] = field(default_factory=dict)


def compile_binary(world: World, binary: Binary, commit: str, core: str, task: str) -> Compiled:
    """Compile the binary of a commit.

    Args:
        world: whose mirror of the source.
        binary: as configured.
        commit: full commit id.
        core: the version without a candidate's number.
        task: whose scratch folder to use.

    Raises:
        Failed: the command failed, as often as it may be tried.
        SlipwayError: it ended well but left nothing at a declared place, or not a plain file.
    """
    for attempt in range(1, binary.attempts):
        try:
            return _compile_once(world, binary, commit, core, task)
        except Failed as error:
            journal.say(f"attempt {attempt} of {binary.attempts}: {error}")
    return _compile_once(world, binary, commit, core, task)


def _compile_once(world: World, binary: Binary, commit: str, core: str, task: str) -> Compiled:
    date = g.text("log", "-1", "--format=%ct", commit, "--", repo=world.mirror("source"))
    stamps = {"VERSION": core, "COMMITHASH": commit, "SOURCE_DATE_EPOCH": date}
    with remotes.checkout(world, "source", commit, task) as tree:
        programs.run(
            binary.command,
            cwd=tree,
            env=stamps | binary.env,
            needs=binary.secrets,
            timeout=binary.timeout,
            what=binary.name,
        )
        content = _left(binary, tree, binary.output, "output")
        outputs = {path: _left(binary, tree, path, "outputs") for path in binary.outputs}
    for name, path in binary.assets.items():
        if not outputs[path]:
            raise Failed(
                f"{binary.name} left {path} empty, and a release has no empty asset {name}"
            )
    return Compiled(content, hashlib.sha256(content).hexdigest(), outputs)


def _left(binary: Binary, tree: Path, path: str, key: str) -> bytes:
    """Return a file that the command left; what is elsewhere on this machine is none of them."""
    output = tree / path
    places = [tree.resolve(), *([Path(binary.store).resolve()] if binary.store else [])]
    inside = any(output.resolve().is_relative_to(place) for place in places)
    if inside and output.is_file():
        return output.read_bytes()
    outside = output.is_file() and not inside
    raise SlipwayError(
        f"the command for {binary.name} ended well but left no file {path}"
        + (f" in its checkout: it is a link to {output.resolve()}" if outside else ""),
        where=f"pipeline.yml: artifacts.binary.{key}",
        fix="name the folder that it leads to as artifacts.binary.store (Nix: /nix/store)"
        if outside
        else "correct the path, or the command",
    )


def _key(world: World, binary: Binary, version: dict[str, Any]) -> str:
    """Return what the binary is made from, as one digest."""
    inputs = {
        name: (world.read(paths.candidate_input(name)) or b"").decode(errors="replace")
        for name in binary.inputs
    }
    told = [
        version["commit"],
        version["core"],
        inputs,
        list(binary.command),
        binary.output,
        binary.env,
        list(binary.outputs),
        *([binary.assets] if binary.assets else []),
    ]
    return hashlib.sha256(facts.canonical(told)).hexdigest()


def build(binary: Binary, world: World) -> str:
    """Compile the candidate's binary and write its fact."""
    version = world.json(paths.VERSION)
    if version["version"] is None:
        for place in (f"{FILE}/{binary.name}", *beside(binary)):
            world.write(place, b"")
        world.write_json(paths.BINARY, {"skipped": "nothing to release"})
        return "nothing to release"
    made = compile_binary(world, binary, version["commit"], version["core"], "binary")
    known = world.json_or(paths.BINARY, {})
    key = _key(world, binary, version)
    if known.get("key") == key and known.get("sha256") != made.sha256:
        journal.say("the same inputs gave other bytes: this build is not reproducible")
    world.write(f"{FILE}/{binary.name}", made.content)
    world.path(f"{FILE}/{binary.name}").chmod(0o755)
    for place, path in zip(beside(binary), binary.outputs, strict=True):
        world.write(place, made.outputs[path])
    fact = _fact(binary, version, key, made.sha256, len(made.content))
    world.write_json(paths.BINARY, fact | _assets(binary, made.outputs))
    return f"{binary.name} {len(made.content) / 1000:.0f} kB"


def _fact(
    binary: Binary, version: dict[str, Any], key: str, sha256: str, size: int | str
) -> dict[str, Any]:
    return {
        "name": binary.name,
        "core": version["core"],
        "commit": version["commit"],
        "key": key,
        "sha256": sha256,
        "size": size,
    }


def _assets(binary: Binary, outputs: Mapping[str, bytes] | None) -> dict[str, Any]:
    """Return what the fact says of further assets: name → SHA-256; unknown without the files."""
    if not binary.assets:
        return {}
    return {
        "assets": {
            name: UNKNOWN if outputs is None else hashlib.sha256(outputs[path]).hexdigest()
            for name, path in binary.assets.items()
        }
    }


def asset_of(world: World, binary: Binary, name: str) -> bytes:
    """Return a further asset as it was built here last; b"" when it is not there."""
    return world.read(f"{FILE}.outputs/{binary.assets[name]}") or b""


def beside(binary: Binary) -> Iterator[str]:
    """Yield where the further outputs are kept, in their order and by their own paths."""
    for path in binary.outputs:
        yield f"{FILE}.outputs/{path}"


def foresee(binary: Binary, world: Forecast) -> Foreseen:
    """Foresee a build: equal inputs are taken to give equal bytes; others give unknown bytes."""
    version = world.json(paths.VERSION)
    if version["version"] is None:
        world.write_json(paths.BINARY, {"skipped": "nothing to release"})
        return Foreseen("nothing to release")
    key = _key(world, binary, version)
    known = world.json_or(paths.BINARY, {})
    if known.get("key") != key or not world.exists(f"{FILE}/{binary.name}"):
        world.write_json(
            paths.BINARY, _fact(binary, version, key, UNKNOWN, UNKNOWN) | _assets(binary, None)
        )
    return Foreseen(f"{binary.name} of {version['commit'][:7]}")


def content_of(world: World, binary: Binary) -> bytes:
    """Return the candidate's binary as it was built.

    Raises:
        Failed: the file is not the one its fact tells of.
    """
    fact = world.json(paths.BINARY)
    content = world.read(f"{FILE}/{binary.name}") or b""
    if hashlib.sha256(content).hexdigest() != fact["sha256"]:
        raise Failed(
            f"{FILE}/{binary.name} was changed after it was built",
            fix="rm -r build/binary*, then again",
        )
    return content
