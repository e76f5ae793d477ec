"""What an approval binds besides bytes: how each image is built, which `pipeline.yml` says."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from ..forge import Approved
from ..kernel.config import Config
from ..kernel.errors import SlipwayError
from ..kernel.facts import canonical
from ..kernel.world import World


def settings_of(config: Config) -> dict[str, str]:
    """Return one value for all that decides what a final image is: image → SHA-256 in hex.

    How the binary is compiled is no part of it: the binary that ships is the one that was tested,
    and its bytes are named by themselves.
    """
    found = {}
    for name, image in config.images.items():
        app = config.slice(f"apps.{image.app}") if image.app else {}
        told = [image.repository, image.context, image.dockerfile_release, image.binary, image.args]
        found[name] = sha256(canonical([told, app])).hexdigest()
    return found


def refuse_other_settings(world: World, approved: Approved) -> None:
    """Refuse to build what was approved by other settings than it was built and tested by.

    Raises:
        SlipwayError: an image has left the pipeline, or is configured otherwise by now.
    """
    missing = sorted(set(approved.images) - set(world.config.images))
    if missing:
        raise SlipwayError(
            f"approved, but not in {world.config.file}: {', '.join(missing)}",
            fix="put them back until it is published",
        )
    changed = sorted(_changed(approved.settings, settings_of(world.config)))
    if changed:
        raise SlipwayError(
            f"{world.config.file} has other settings than the candidate was built by:"
            f" {', '.join(changed)}",
            where=world.config.where(f"images.{changed[0]}"),
            fix="put them back until it is published; other settings are for the next candidate",
        )


def _changed(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [name for name, value in then.items() if now.get(name) != value]
