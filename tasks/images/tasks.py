"""Declares `image:*`, `push:*`, `final:*`: inputs and stamps → layouts → tags in the registry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..kernel import declare, paths
from ..kernel.config import Config, Image
from ..kernel.pipeline import pipeline
from . import candidate, final


def _settings(config: Config, image: Image) -> object:
    return config.slice(f"images.{image.name}", "registry", "release", "remotes.source")


def task_image() -> Iterator[declare.Task]:
    """`image:*`: the candidate's images as OCI layouts."""
    config = pipeline()
    yield declare.group("image", "all images of the candidate")
    for name, image in config.images.items():
        stamps = [paths.BINARY] if image.binary else []
        stamps += [paths.app(image.app)] if image.app else []
        yield declare.stage(
            f"image:{name}",
            partial(candidate.build_image, image),
            doc=f"build {name} from {image.context}/{image.dockerfile_candidate}, without a daemon",
            room="images",
            reads=[paths.VERSION, *map(paths.candidate_input, image.inputs), *stamps],
            writes=[paths.image(name)],
            settings=_settings(config, image),
            wakes=[candidate.Layout(name)],
            forecast=partial(candidate.foresee_image, image),
            grouped=True,
        )


def task_push() -> Iterator[declare.Task]:
    """`push:*`: the candidate's tags; the layouts are only looked at when a tag is missing."""
    config = pipeline()
    yield declare.group("push", "all images of the candidate, in the registry")
    for name, image in config.images.items():
        yield declare.effect(
            candidate.push_effect(image),
            doc=f"push {name} under the candidate's version and {config.release.moving.candidate}",
            room="images",
            reads=[paths.image(name)],
            observers=["registry"],
            after=["image"],  # all of them or none: one that cannot be built leaves `edge` alone
            settings=_settings(config, image),
            grouped=True,
        )


def task_final() -> Iterator[declare.Task]:
    """`final:*`: the released images, built from the promoted commit."""
    config = pipeline()
    yield declare.group("final", "all images of the approved release")
    for name, image in config.images.items():
        yield declare.effect(
            final.effect(image),
            doc=f"push {name} under the released version and {config.release.moving.release}",
            room="images",
            reads=[paths.receipt("draft")],
            observers=["registry"],
            settings=_settings(config, image),
            grouped=True,
        )
