"""Assets: named tables, each computed from others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Asset:
    """A table, the tables it needs, and how it is computed from them, in that order."""

    name: str
    needs: tuple[str, ...]
    compute: Callable[..., object]


def materialize(assets: Mapping[str, Asset], name: str) -> object:
    """Return the table `name`; every table on the way to it is computed once."""
    done: dict[str, object] = {}
    _materialize(assets, name, done, ())
    return done[name]


def _materialize(
    assets: Mapping[str, Asset], name: str, done: dict[str, object], path: tuple[str, ...]
) -> None:
    if name in path:
        raise ValueError(f"assets need one another: {' -> '.join((*path, name))}")
    if name in done:
        return
    asset = assets[name]
    for need in asset.needs:
        _materialize(assets, need, done, (*path, name))
    done[name] = asset.compute(*(done[need] for need in asset.needs))
