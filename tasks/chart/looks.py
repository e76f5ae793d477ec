"""The stages `chart:lint` and `chart:render:ENV`: Helm on the merged chart, per environment."""

from __future__ import annotations

from typing import Any

from ..kernel import paths
from ..kernel.effects import Foreseen, Skipped
from ..kernel.errors import Failed, SlipwayError
from ..kernel.world import UNKNOWN, Forecast, World
from . import builds, helm, manifests, policy
from .places import namespace_of, places
from .remote import REMOTE, Charts, chart_of


def _namespace(world: World, environment: str) -> str:
    """Return the namespace to render for; a testflight's own one gets its name when it flies."""
    return namespace_of(world.config, environment) or f"{chart_of(world).name}-{environment}"


def _values(world: World, environment: str) -> bytes:
    content = world.read(paths.rendered_values(environment))
    if content is None:
        raise SlipwayError(
            f"{paths.rendered_values(environment)} is missing",
            fix=f"doit chart:values:{environment}",
        )
    return content


def _where(world: World, chart: dict[str, Any]) -> str:
    return f"{REMOTE}@{chart['commit'][:7]}:{chart_of(world).path}"


def lint(world: World) -> str:
    """Have Helm judge the chart with the values of every environment.

    Raises:
        Failed: it says no, with its words; or the images are not of one build, with their paths.
    """
    chart = world.json(paths.CHART)
    if chart["commit"] is None:
        world.write_json(paths.LINT, {"skipped": chart["why"]})
        return Skipped(chart["why"])
    names, against = places(world.config), {}
    with helm.exported(world, "chart:lint") as found:
        _refuse_mixed(world, chart)
        for name in names:
            values = found.values(name, _values(world, name))
            against[name] = helm.complaints(found, values, _namespace(world, name))
        told = helm.version(found)
    refused = [name for name in names if against[name]]
    if refused:
        detail = [f"{name}: {line}" for name in refused for line in against[name]]
        raise Failed(
            f"helm lint --strict refuses the chart with the values of {', '.join(refused)}",
            where=_where(world, chart),
            detail=detail,
            fix=helm.advice(detail) or "mend the chart, or the values.yml of the environment",
        )
    verdict = {"commit": chart["commit"], "tree": chart["tree"], "helm": told}
    world.write_json(paths.LINT, verdict)
    return f"helm lint --strict: nothing against it, with the values of {', '.join(names)}"


def _refuse_mixed(world: World, chart: dict[str, Any]) -> None:
    """Refuse a chart whose images are not of one build; the registry is asked once a chart."""
    told, commit = chart_of(world), chart["commit"]
    charts = Charts(told, world.mirror(REMOTE), world.config.remotes.charts.branch, commit)
    before = world.json_or(paths.LINT, {})
    images = None if before.get("commit") == commit else chart["images"]
    builds.refuse_chart(world, charts.content(commit), _where(world, chart), images)


def foresee_lint(world: Forecast) -> Foreseen:
    """Take it that Helm says yes."""
    chart = world.json(paths.CHART)
    if chart["commit"] is None:
        return Foreseen(lint(world))
    helm_before = world.json_or(paths.LINT, {}).get("helm", UNKNOWN)
    verdict = {"commit": chart["commit"], "tree": chart["tree"], "helm": helm_before}
    world.write_json(paths.LINT, verdict)
    return Foreseen("helm looks at it")


def render(environment: str, world: World) -> str:
    """Have Helm render the chart for an environment, and hold the manifests against the policy.

    Raises:
        Failed: Helm refuses; or an image is not pinned by its digest, or a container has no limits.
    """
    chart = world.json(paths.CHART)
    if chart["commit"] is None:
        world.write_json(paths.manifests(environment), {"skipped": chart["why"]})
        return Skipped(chart["why"])
    with helm.exported(world, f"chart:render:{environment}") as found:
        values = found.values(environment, _values(world, environment))
        text = helm.manifests(found, values, _namespace(world, environment))
    documents = manifests.read(text, _where(world, chart))
    if wrong := policy.violations(documents):
        raise Failed(
            f"the manifests of {environment} break the policy in {len(wrong)}"
            f" place{'s' * (len(wrong) > 1)}",
            where=_where(world, chart),
            detail=wrong,
            fix="every image as REPOSITORY@sha256:… (a tag may be another image tomorrow), and"
            " limits for every container",
        )
    world.write(paths.manifests(environment), text.encode())
    return f"{len(documents)} manifests, all by digest, limits set"


def foresee_render(environment: str, world: Forecast) -> Foreseen:
    """Take it that Helm renders something new."""
    chart = world.json(paths.CHART)
    if chart["commit"] is None:
        return Foreseen(render(environment, world))
    world.write_json(paths.manifests(environment), UNKNOWN)
    return Foreseen("helm renders it")
