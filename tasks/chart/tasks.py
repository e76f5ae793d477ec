"""Declares `charts`, and how a release gets into the chart and the chart to every environment."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..kernel import declare, paths
from ..kernel.config import Config
from ..kernel.pipeline import embedded, pipeline
from . import candidate, compare, looks, merge, packing, propose, values
from .observe import observe
from .places import TESTFLIGHT, places
from .rendering import TEMPLATE


def task_charts() -> Iterator[declare.Task]:
    """`charts`: the remote → its refs, the chart's tree, whether our release stands there."""
    config = pipeline()
    if config.chart is None:
        return
    yield declare.observer(
        "charts",
        observe,
        doc="observe the charts: what the chart is, and whether our release is in it",
        writes=[paths.sighting("charts")],
        # The modules that a release brings are read from the mirror of the source.
        after=[*embedded(config), "source"],
    )


def task_chart() -> Iterator[declare.Task]:
    """`chart:bump` → `chart:merge` → `chart:lint`; `chart:values:ENV` → `chart:render:ENV`.

    Beside them `chart:package`, and `chart:diff:ENV` for a person who wants to know.
    """
    config = pipeline()
    if config.chart is None:
        return
    if config.chart.candidate:
        yield _candidate(config)
    yield _bump(config)
    yield _merge(config)
    yield _package(config)
    names = places(config)
    if not names:
        return
    for name in names:
        yield _values(config, name)
    yield _all_values(names)
    yield _lint(config, names)
    for name in names:
        yield _render(config, name)
    for name in config.environments:
        yield _diff(name)


def _candidate(config: Config) -> declare.Task:
    return declare.effect(
        candidate.EFFECT,
        doc="show the candidate in the chart: a draft that nobody merges, closed when it is over",
        room="chart",
        reads=[
            paths.VERSION,
            paths.CHART,  # what it holds by now: the draft is over with the release
            paths.receipt("candidate"),
            *(paths.receipt(f"push:{name}") for name in config.images),
        ],
        observers=["charts"],
        settings=config.slice("chart", "forge", "registry", "remotes.source", "remotes.charts"),
    )


def _bump(config: Config) -> declare.Task:
    return declare.effect(
        propose.EFFECT,
        doc="offer the published release to the chart: its digests in one pull request",
        room="chart",
        reads=[paths.receipt("publish")],
        observers=["charts"],
        settings=config.slice("chart", "forge", "registry", "remotes.source", "remotes.charts"),
    )


def _merge(config: Config) -> declare.Task:
    return declare.effect(
        merge.EFFECT,
        doc="merge that pull request by its labels, and say which chart everything goes on from",
        room="chart",
        reads=[paths.receipt(propose.TASK)],
        observers=["charts"],
        writes=[paths.CHART],
        settings=config.slice("chart", "forge", "registry", "remotes.source", "remotes.charts"),
    )


def _values(config: Config, name: str) -> declare.Task:
    own = f"environments.{name}" if name in config.environments else TESTFLIGHT
    return declare.effect(
        values.effect(name),
        doc=f"render the values of {name} for the chart, in a commit on deployments",
        room="chart",
        reads=[paths.environment_values(name), f"templates/{TEMPLATE}"],
        observers=["deployments"],
        writes=[paths.rendered_values(name)],
        settings=config.slice("project", "chart", "registry", "remotes.deployments", own),
    )


def _all_values(names: list[str]) -> declare.Task:
    return {
        "basename": values.TASK,
        "actions": None,
        "task_dep": [f"{values.TASK}:{name}" for name in names],
        "doc": "render the values of every environment for the chart",
    }


def _lint(config: Config, names: list[str]) -> declare.Task:
    return declare.stage(
        "chart:lint",
        looks.lint,
        doc="have Helm judge the chart with every environment's values",
        room="chart",
        reads=[paths.CHART, *map(paths.rendered_values, names)],
        writes=[paths.LINT],
        settings=config.slice("chart", "environments", "testflight", "registry"),
        forecast=looks.foresee_lint,
    )


def _render(config: Config, name: str) -> declare.Task:
    return declare.stage(
        f"chart:render:{name}",
        partial(looks.render, name),
        doc=f"have Helm render the chart for {name}, and hold the manifests against the policy",
        room="chart",
        reads=[paths.CHART, paths.rendered_values(name)],
        writes=[paths.manifests(name)],
        settings=config.slice("chart", "environments", "testflight"),
        forecast=partial(looks.foresee_render, name),
    )


def _package(config: Config) -> declare.Task:
    return declare.stage(
        packing.TASK,
        packing.package,
        doc="have Helm pack the chart into one file, the same bytes whoever packs it",
        room="chart",
        reads=[paths.CHART],
        writes=[paths.PACKAGE, paths.PACKAGE_FILE],
        settings=config.slice("chart"),
        forecast=packing.foresee,
    )


def _diff(name: str) -> declare.Task:
    return declare.command(
        f"chart:diff:{name}",
        partial(compare.compare, environment=name),
        doc=f"show what the newest chart would change in what {name} runs",
        after=["charts", "deployments"],
        shows=True,
    )
