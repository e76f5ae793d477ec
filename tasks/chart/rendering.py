"""An environment's values for the chart: the template's, with the environment's own over them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from ..kernel import paths, templates
from ..kernel.config import Config
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from .places import namespace_of, root_of

TEMPLATE = "chart/values.yaml.j2"
OWN = "values.yml"
NOTHING = b"{}\n"  # what the observer notes where there is no such file
_DIGEST = re.compile(r"(?:\S*@)?sha256:[0-9a-f]{64}")


def file_of(config: Config, place: str, name: str) -> str:
    """Return the path of a file of a place in the deployments repository."""
    return posixpath.normpath(posixpath.join(root_of(config, place), name))


def image_registry(config: Config) -> str:
    """Return what stands before every image's name in a cluster; "" for the embedded registry."""
    from urllib.parse import urlsplit

    told = config.registry
    host = urlsplit(told.url).netloc if told.kind == "http" else ""
    return posixpath.join(host, told.prefix).rstrip("/")


def rendered(world: World, place: str) -> bytes:
    """Return the rendered values of a place; the same facts always give the same bytes.

    Args:
        world: with the fact of its own values.
        place: an environment, or the testflight.

    Raises:
        SlipwayError: its values are no YAML mapping, or name a digest; or the template is broken.
    """
    from . import own_values

    config = world.config
    remote = config.remotes.deployments
    file = f"{file_of(config, place, OWN)} in {remote.url} ({remote.branch})"
    own = own_values.read(world.read(paths.environment_values(place)) or NOTHING, file)
    _refuse_digests(config, own, file)
    head, below = _template(config, place)
    _refuse_digests(config, below, f"templates/{TEMPLATE}")
    return (head + own_values.written(own_values.merged(below, own))).encode()


def _template(config: Config, place: str) -> tuple[str, dict[str, Any]]:
    """Return the comment and the values that the template gives a place."""
    from . import own_values

    text = templates.render(
        TEMPLATE,
        environment=place,
        namespace=namespace_of(config, place),
        own=file_of(config, place, OWN),
        project=config.project,
        registry=image_registry(config),
        template=f"templates/{TEMPLATE}",
    )
    head = "".join(re.findall(r"\A(?:#.*\n)*", text))
    return head, own_values.read(text.encode(), f"templates/{TEMPLATE}")


def _refuse_digests(config: Config, values: dict[str, Any], file: str) -> None:
    """Refuse digests: they stand in the chart, where a release puts all of them at once."""
    from .bump.lookup import parts_of, written_path

    fixed = {parts_of(path) for path in (config.chart.images.values() if config.chart else ())}
    for parts, value in _scalars(values, ()):
        if parts in fixed or (isinstance(value, str) and _DIGEST.fullmatch(value)):
            raise SlipwayError(
                f"{written_path(parts)} is an image's digest, and those stand in the chart alone",
                where=file,
                fix="take it out: which images an environment runs, a release decides",
            )


def _scalars(value: Any, parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _scalars(item, (*parts, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _scalars(item, (*parts, str(number)))
    else:
        yield parts, value
