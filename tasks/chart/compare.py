"""`chart:diff:ENV`: what the newest chart would change in what an environment runs."""

from __future__ import annotations

from typing import Any

from ..kernel import paths
from ..kernel.errors import SlipwayError
from ..kernel.redact import printable
from ..kernel.world import World
from ..promotion import head, repository_of, settings_at
from . import helm, manifests
from .places import namespace_of, root_of
from .remote import ask, chart_of
from .rendering import rendered


def compare(world: World, environment: str) -> None:
    """Print the unified diff between what is recorded of an environment and the newest chart.

    Both are rendered here: the recorded files' chart and values, and the head of the charts with
    the environment's own values of now.

    Raises:
        Failed: Helm refuses one of them.
        SlipwayError: a remote cannot be read.
    """
    before, which = _recorded(world, environment)
    charts = ask(world)
    with helm.exported(world, f"chart:diff:{environment}", charts.head) as found:
        values = found.values(environment, rendered(world, environment))
        after = _rendered(world, found, values, environment, f"charts@{charts.head[:7]}")
    lines = manifests.differences(before, after)
    for line in lines:
        print(printable(line))
    differing = sum(line.startswith("--- ") for line in lines)
    to = f"the chart at {charts.head[:7]}"
    if differing:
        some = f"{differing} manifest{'s differ' if differing > 1 else ' differs'}"
        print(f"{some}: {which} → {to}")
    else:
        print(f"{which} and {to} render to the same")


def _recorded(world: World, environment: str) -> tuple[list[dict[str, Any]], str]:
    """Return what an environment runs, as its record says, and words for it."""
    from ..promotion import engine

    commit = head.ask(world).commit
    repository = repository_of(world)
    settings = settings_at(world, repository, commit)
    record = engine.records_at(repository, commit, settings).get(environment)
    vendored = world.config.deployments.vendored
    if record is None or vendored is None:
        return [], f"{environment} has nothing yet"
    which = f"state {record.version} of {environment}"
    with helm.opened(world, f"chart:diff:{environment}") as found:
        tree = found.folder / "recorded"
        engine.export(repository, record.current, tree)
        if not (tree / vendored).is_dir():
            return [], f"{which}, which has no chart,"
        found.chart.parent.mkdir()
        (tree / vendored).rename(found.chart)
        helm.refuse_links_out(found.chart)
        file = tree / root_of(world.config, environment) / paths.RENDERED
        if file.is_symlink():
            raise SlipwayError(f"{paths.RENDERED} is a link in {which}")
        told = file.read_bytes() if file.is_file() else b"{}\n"
        values = found.values(environment, told)
        return _rendered(world, found, values, environment, which), which


def _rendered(
    world: World, chart: helm.Exported, values: Any, environment: str, where: str
) -> list[dict[str, Any]]:
    text = helm.manifests(chart, values, namespace_of(world.config, environment))
    return manifests.read(text, f"{where}: {chart_of(world).name}")
