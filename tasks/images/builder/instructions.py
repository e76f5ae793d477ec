"""The instructions that may stand after FROM, one function each."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence

from . import copies, words
from .copies import Copy, Entry
from .parse import Instruction
from .stage import Stage

_MODE = re.compile(r"0?[0-7]{3}")
_OWNER = re.compile(r"([0-9]{1,9})(?::([0-9]{1,9}))?")
_PORT = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REMOTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://|git@")
_LAST_PORT = 65535

Layer = tuple[Entry, ...] | None


def arg(stage: Stage, instruction: Instruction) -> Layer:
    """ARG NAME[=default] …, before FROM too."""
    for word in _some(words.quoted(instruction.rest, stage.escape), instruction):
        name, equals, value = word.partition("=")
        if not _NAME.fullmatch(name):
            raise instruction.place.error(f"{name} is not a name", fix="write ARG NAME=DEFAULT")
        stage.argument(name, stage.expand(value, instruction) if equals else None)
    return None


def env(stage: Stage, instruction: Instruction) -> Layer:
    """ENV name=value …, and the old ENV name value."""
    stage.settings.set_environment(_pairs(stage, instruction))
    return None


def label(stage: Stage, instruction: Instruction) -> Layer:
    """LABEL name=value …."""
    stage.settings.set_labels(_pairs(stage, instruction))
    return None


def workdir(stage: Stage, instruction: Instruction) -> Layer:
    """WORKDIR path; a relative one goes on from the last."""
    path = _one(stage, instruction)
    stage.settings.raw["WorkingDir"] = _clean(posixpath.join("/", stage.settings.workdir, path))
    return None


def user(stage: Stage, instruction: Instruction) -> Layer:
    """USER name or number, and a group."""
    stage.settings.raw["User"] = _one(stage, instruction)
    return None


def stopsignal(stage: Stage, instruction: Instruction) -> Layer:
    """STOPSIGNAL name or number."""
    stage.settings.raw["StopSignal"] = _one(stage, instruction)
    return None


def volume(stage: Stage, instruction: Instruction) -> Layer:
    """VOLUME path …."""
    paths = _some(words.plain(instruction.rest), instruction)
    stage.settings.add("Volumes", [stage.expand(path, instruction) for path in paths])
    return None


def expose(stage: Stage, instruction: Instruction) -> Layer:
    """EXPOSE port[-port][/protocol] …."""
    text = " ".join(stage.expand(word, instruction) for word in instruction.rest.split())
    ports: list[str] = []
    for word in _some(text.split(), instruction):
        found = _PORT.fullmatch(word)
        first = int(found[1]) if found else 0
        last = int(found[2] or first) if found else 0
        if not found or not 0 < first <= last <= _LAST_PORT:
            raise instruction.place.error(f"{word} is not a port", fix="write 8080 or 8080/udp")
        protocol = (found[3] or "tcp").lower()
        ports += [f"{port}/{protocol}" for port in range(first, last + 1)]
    stage.settings.add("ExposedPorts", ports)
    return None


def entrypoint(stage: Stage, instruction: Instruction) -> Layer:
    """ENTRYPOINT, JSON or shell form."""
    stage.settings.set_entrypoint(_command(instruction))
    return None


def command(stage: Stage, instruction: Instruction) -> Layer:
    """CMD, JSON or shell form."""
    stage.settings.set_command(_command(instruction))
    return None


def copy(stage: Stage, instruction: Instruction) -> Layer:
    """COPY [--chmod=] [--chown=] source … destination."""
    return _copied(stage, _copy(stage, instruction))


def add(stage: Stage, instruction: Instruction) -> Layer:
    """ADD of plain local files, where it does what COPY does."""
    wanted = _copy(stage, instruction)
    for source in wanted.sources:
        if _REMOTE.match(source):
            raise instruction.place.error(
                f"ADD cannot fetch {source.partition('?')[0]}: an image is built from its context",
                fix="fetch it before the build, check its digest, and COPY it",
            )
    copies.refuse_unpacking(wanted, stage.context)
    return _copied(stage, wanted)


HANDLERS: dict[str, Callable[[Stage, Instruction], Layer]] = {
    "ADD": add,
    "ARG": arg,
    "CMD": command,
    "COPY": copy,
    "ENTRYPOINT": entrypoint,
    "ENV": env,
    "EXPOSE": expose,
    "LABEL": label,
    "STOPSIGNAL": stopsignal,
    "USER": user,
    "VOLUME": volume,
    "WORKDIR": workdir,
}
WITH_FLAGS = frozenset({"ADD", "COPY", "FROM"})


def _copied(stage: Stage, wanted: Copy) -> Layer:
    tree = stage.base.tree if stage.base else None
    if tree is None:
        raise wanted.place.error("FROM has to come first", fix="begin with FROM scratch")
    return tuple(copies.entries(wanted, stage.context, tree, stage.settings.workdir))


def _copy(stage: Stage, instruction: Instruction) -> Copy:
    place = instruction.place
    mode, owner = None, (0, 0)
    for flag, text in instruction.flags.items():
        value = stage.expand(text, instruction)
        if flag == "chmod":
            if not _MODE.fullmatch(value):
                raise place.error(f"--chmod={value} is not an octal mode", fix="write --chmod=0755")
            mode = int(value, 8)
        elif flag == "chown":
            found = _OWNER.fullmatch(value)
            if not found:
                raise place.error(
                    f"--chown={value} is not numeric",
                    fix="write --chown=1000:1000; names mean something in a running image only",
                )
            owner = (int(found[1]), int(found[2] or found[1]))
        elif flag == "from":
            raise place.unsupported("has no other stage or image to copy from")
        else:
            raise place.unsupported(f"does not know {instruction.name} --{flag}")
    parts = [stage.expand(word, instruction) for word in words.plain(instruction.rest)]
    if len(parts) < 2 or not all(parts):
        raise place.error(
            f"{instruction.name} has no source or no destination",
            fix="look at its variables: one that is not set is empty",
            detail=[instruction.rest],
        )
    return Copy(place, parts[:-1], parts[-1], mode, owner)


def _pairs(stage: Stage, instruction: Instruction) -> dict[str, str]:
    # All of an instruction's values see the variables as they were before it.
    found = {
        stage.expand(name, instruction): stage.expand(value, instruction)
        for name, value in words.pairs(instruction.rest, stage.escape, instruction.place)
    }
    if "" in found:
        raise instruction.place.error("a name is empty", fix="write NAME=VALUE")
    return found


def _command(instruction: Instruction) -> list[str]:
    exact = words.json_list(instruction.rest)
    if exact is not None:
        return exact
    return ["/bin/sh", "-c", instruction.rest] if instruction.rest else []


def _one(stage: Stage, instruction: Instruction) -> str:
    value = stage.expand(instruction.rest, instruction)
    if not value:
        raise instruction.place.error(
            f"{instruction.name} has no value",
            fix="look at its variables: one that is not set is empty",
        )
    return value


def _some(found: Sequence[str], instruction: Instruction) -> Sequence[str]:
    if not found:
        raise instruction.place.error(f"{instruction.name} has no value", fix="give it one")
    return found


def _clean(path: str) -> str:
    return "/" + posixpath.normpath(path).lstrip("/")
