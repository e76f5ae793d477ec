"""What goes into an image: the folder at one commit, the stamps, the binary; the key of it all."""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from ..kernel import facts, remotes
from ..kernel import git as g
from ..kernel.config import Config, Image
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from .bases import Bases

if TYPE_CHECKING:
    from .builder import Built

KEY = "slipway.key"
BINARY = "slipway.binary.sha256"
VERSION = "org.opencontainers.image.version"
REVISION = "org.opencontainers.image.revision"
BASE = "BASE"  # the Dockerfiles' argument
_FORMAT = 1  # raised when equal inputs would give another image


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image to build.

    Attributes:
        image: as configured.
        commit: the commit it is built from.
        version: what it is stamped with: the candidate's version, or the final one.
        dockerfile: which of the two Dockerfiles.
        binary_sha256: of the binary that goes in; None when none does.
    """

    image: Image
    commit: str
    version: str
    dockerfile: str
    binary_sha256: str | None

    @property
    def key(self) -> str:
        """Name everything that goes in; an image there with this key is ours, whatever its digest.

        The binary's bytes are no part of it: a compiler that is not reproducible must not make a
        pushed candidate look like somebody else's.
        """
        image = self.image
        told: list[Any] = [
            _FORMAT,
            self.commit,
            self.version,
            image.context,
            self.dockerfile,
            image.args,
            image.binary,
            image.app,
        ]
        if image.base:  # without one the key is what it was before there were any
            told.append(image.base)
        return "sha256:" + hashlib.sha256(facts.canonical(told)).hexdigest()


def repository_of(config: Config, image: Image) -> str:
    """Return an image's repository in the registry, with the registry's prefix."""
    return posixpath.join(config.registry.prefix, image.repository)


def _place(folder: Path, relative: str, content: bytes, *, executable: bool = False) -> None:
    """Write a file of ours into a context, never through a link that the repository put there.

    Raises:
        SlipwayError: a folder on the way is a link or a file, or a folder stands in its place.
    """
    target = folder
    for part in Path(relative).parts:
        if target.is_symlink():
            raise SlipwayError(
                f"{relative} would be written through the link {target.name}",
                fix="make that a real folder in the source",
            )
        target = target / part
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
    except OSError as error:  # unlinking a folder has another name on every system
        raise SlipwayError(
            f"{relative} is ours to write, but {Path(error.filename).name} is in the way",
            fix="give that another name in the source",
        ) from None
    target.write_bytes(content)
    target.chmod(0o755 if executable else 0o644)


def _labels(world: World, recipe: Recipe) -> dict[str, str]:
    labels = {
        VERSION: recipe.version,
        REVISION: recipe.commit,
        "org.opencontainers.image.title": recipe.image.name,
        KEY: recipe.key,
    }
    url = world.config.remotes.source.url
    if url.startswith(("https://", "http://")):  # a folder on one machine would make digests differ
        labels["org.opencontainers.image.source"] = url.removesuffix(".git")
    if recipe.binary_sha256:
        labels[BINARY] = recipe.binary_sha256
    return labels


def assemble(
    world: World, recipe: Recipe, output: Path, task: str, binary: bytes | None, env: bytes | None
) -> Built:
    """Bring an image's context together and build it.

    Args:
        world: whose mirror of the source.
        recipe: what to build.
        output: where the OCI layout goes.
        task: whose scratch folder to use.
        binary: the compiled binary, for an image that carries it.
        env: the stamped environment file, for an image of an app.

    Raises:
        SlipwayError: the context leaves its folder, the Dockerfile asks for what this builder
            does not do, or its base is nowhere.
    """
    from .builder import build

    image = recipe.image
    bases = Bases(world, image)
    date = g.text("log", "-1", "--format=%ct", recipe.commit, "--", repo=world.mirror("source"))
    with remotes.scratch(world, task) as scratch:
        folder = scratch / "context"
        remotes.export(world, "source", recipe.commit, image.context, folder)
        _place(folder, "VERSION", f"{recipe.version}\n".encode())
        if image.binary and binary is not None:
            _place(folder, image.binary, binary, executable=True)
        if image.app and env is not None:
            inside = posixpath.relpath(world.config.apps[image.app].env_file, image.context)
            _place(folder, inside, env)
        built = build(
            folder,
            recipe.dockerfile,
            output,
            args={
                **{"VERSION": recipe.version, "COMMITHASH": recipe.commit, **image.args},
                **({BASE: image.base} if image.base else {}),
            },
            labels=_labels(world, recipe),
            created=int(date),
            bases=bases,
        )
    try:
        bases.check()
    except SlipwayError:
        rmtree(output)  # it is not what anybody wanted, and must not be pushed
        raise
    return built
