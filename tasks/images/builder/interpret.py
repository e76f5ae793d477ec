"""What the instructions mean: from a parsed Dockerfile to the base, the layers and the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.kernel.errors import SlipwayError

from . import instructions
from .base_image import Base
from .context import Context
from .copies import Entry
from .parse import Dockerfile, Instruction
from .settings import Settings
from .stage import Bases, Stage


@dataclass(frozen=True)
class Step:
    """One instruction's part in the image: a line of history, and a layer or none."""

    created_by: str
    layer: tuple[Entry, ...] | None


@dataclass(frozen=True)
class Plan:
    """Everything that is to be written."""

    base: Base
    base_name: str  # as FROM calls it, variables filled in
    steps: tuple[Step, ...]
    settings: Settings


def interpret(
    dockerfile: Dockerfile,
    file: str,
    context: Context,
    args: Mapping[str, str],
    bases: Bases | None,
) -> Plan:
    """Work out the image; the context's files are looked for, but not read.

    Args:
        dockerfile: parsed.
        file: its name, for messages.
        context: where COPY finds its sources.
        args: values for ARG, by name; those the Dockerfile does not declare are not used.
        bases: finds the base image's OCI layout by the name in FROM.

    Raises:
        SlipwayError: an instruction is wrong, or cannot be done without a container engine.
    """
    stage = Stage(dockerfile.escape, context, args, bases)
    steps: list[Step] = []
    for instruction in dockerfile.instructions:
        begun = stage.base is not None
        layer = _run(stage, instruction)
        if begun:
            steps.append(Step(_shown(instruction), layer))
    if stage.base is None:
        raise SlipwayError("there is no FROM", where=file, fix="begin with FROM scratch")
    return Plan(stage.base, stage.base_name, tuple(steps), stage.settings)


def _run(stage: Stage, instruction: Instruction) -> tuple[Entry, ...] | None:
    name, place = instruction.name, instruction.place
    if instruction.flags and name in instructions.HANDLERS.keys() - instructions.WITH_FLAGS:
        raise place.unsupported(f"does not know {name} --{next(iter(instruction.flags))}")
    if name == "FROM":
        _from(stage, instruction)
        return None
    if name == "RUN":
        raise place.unsupported("cannot run commands")
    handler = instructions.HANDLERS.get(name)
    if handler is None:
        raise place.unsupported(f"does not know the instruction {name[:40]}")
    if stage.base is None and name != "ARG":
        raise place.error(f"{name} stands before FROM", fix="begin with FROM scratch")
    return handler(stage, instruction)


def _from(stage: Stage, instruction: Instruction) -> None:
    place = instruction.place
    if stage.base is not None:
        raise place.unsupported("knows one stage only")
    for flag, text in instruction.flags.items():
        wanted = stage.expand(text, instruction)
        if flag != "platform" or wanted not in {"", stage.before["TARGETPLATFORM"]}:
            raise place.unsupported(f"does not know FROM --{flag}={wanted}")
    match instruction.rest.split():
        case [image]:
            pass
        case [image, middle, _] if middle.lower() == "as":
            pass
        case _:
            raise place.error("FROM does not name one image", fix="write FROM scratch")
    name = stage.expand(image, instruction)
    if not name:
        raise place.error(
            f"FROM {image} is empty", fix="give the argument, or a default with ARG before FROM"
        )
    stage.begin(name, instruction)


def _shown(instruction: Instruction) -> str:
    """Return an instruction for the history; variables stay as written, they may be private."""
    flags = [f"--{name}={value}" for name, value in instruction.flags.items()]
    return " ".join([instruction.name, *flags, instruction.rest])
