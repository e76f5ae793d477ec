"""Compiling the binary: the configured command in a clean checkout, stamped by its environment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ..kernel import facts, journal, paths, programs, remotes
from ..kernel import git as g
from ..kernel.config import Binary
from ..kernel.effects import Foreseen
from ..kernel.errors import Failed, SlipwayError
from ..kernel.world import UNKNOWN, Forecast, World

FILE = f"{paths.BUILD}/binary"
_PATIENCE = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled binary.

    Attributes:
        content: its bytes.
        sha256: their digest, in hex.
    """

    content: bytes
    sha256: str


def compile_binary(world: World, binary: Binary, commit: str, core: str, task: str) -> Compiled:
    """Compile the binary of a commit.

    Args:
        world: whose mirror of the source.
        binary: as configured.
        commit: full commit id.
        core: the version without a candidate's number.
        task: whose scratch folder to use.

    Raises:
        Failed: the command failed.
        SlipwayError: it ended well but left nothing at the declared place, or not a plain file.
    """
    date = g.text("log", "-1", "--format=%ct", commit, "--", repo=world.mirror("source"))
    stamps = {"VERSION": core, "COMMITHASH": commit, "SOURCE_DATE_EPOCH": date}
    with remotes.checkout(world, "source", commit, task) as tree:
        programs.run(
            binary.command, cwd=tree, env=stamps | binary.env, timeout=_PATIENCE, what=binary.name
        )
        output = tree / binary.output
        if not output.resolve().is_relative_to(tree.resolve()) or not output.is_file():
            raise SlipwayError(
                f"the command for {binary.name} ended well but left no file {binary.output}",
                where="pipeline.yml: artifacts.binary.output",
                fix="correct the path, or the command",
            )
        content = output.read_bytes()
    return Compiled(content, hashlib.sha256(content).hexdigest())


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
    ]
    return hashlib.sha256(facts.canonical(told)).hexdigest()


def build(binary: Binary, world: World) -> str:
    """Compile the candidate's binary and write its fact."""
    version = world.json(paths.VERSION)
    if version["version"] is None:
        world.write(f"{FILE}/{binary.name}", b"")
        world.write_json(paths.BINARY, {"skipped": "nothing to release"})
        return "nothing to release"
    made = compile_binary(world, binary, version["commit"], version["core"], "binary")
    known = world.json_or(paths.BINARY, {})
    key = _key(world, binary, version)
    if known.get("key") == key and known.get("sha256") != made.sha256:
        journal.say("the same inputs gave other bytes: this build is not reproducible")
    world.write(f"{FILE}/{binary.name}", made.content)
    world.path(f"{FILE}/{binary.name}").chmod(0o755)
    world.write_json(paths.BINARY, _fact(binary, version, key, made.sha256, len(made.content)))
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


def foresee(binary: Binary, world: Forecast) -> Foreseen:
    """Foresee a build: equal inputs are taken to give equal bytes; others give unknown bytes."""
    version = world.json(paths.VERSION)
    if version["version"] is None:
        world.write_json(paths.BINARY, {"skipped": "nothing to release"})
        return Foreseen("nothing to release")
    key = _key(world, binary, version)
    known = world.json_or(paths.BINARY, {})
    if known.get("key") != key or not world.exists(f"{FILE}/{binary.name}"):
        world.write_json(paths.BINARY, _fact(binary, version, key, UNKNOWN, UNKNOWN))
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
