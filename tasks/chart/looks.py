"""The stages `chart:lint` and `chart:render:ENV`: Helm on the merged chart, per environment."""

from __future__ import annotations

from typing import Any

from ..kernel import paths
from ..kernel.effects import Foreseen, Skipped
from ..kernel.errors import Failed, SlipwayError
from ..kernel.world import UNKNOWN, Forecast, World
from . import helm, pinned
from .places import namespace_of, places
from .remote import REMOTE, chart_of


def _namespace(world: World, environment: str) -> str:
    """Return the namespace to render for; a testflight's own one gets its name when it flies."""
    return namespace_of(world.config, environment) or f"{chart_of(world).name}-{environment}"


def _values(world: World, environment: str) -> bytes:
    content = world.read(paths.rendered_values(environment))
    if content is None:
        raise SlipwayError(
            f"{paths.rendered_values(environment)} is missing", fix="doit chart:values"
        )
    return content


def _where(world: World, chart: dict[str, Any]) -> str:
    return f"{REMOTE}@{chart['commit'][:7]}:{chart_of(world).path}"


def lint(world: World) -> str:
    """Have Helm judge the chart with the values of every environment.

    Raises:
        Failed: it says no; with its words.
    """
    chart = world.json(paths.CHART)
    if chart["commit"] is None:
        world.write_json(paths.LINT, {"skipped": chart["why"]})
        return Skipped(chart["why"])
    names, against = places(world.config), {}
    with helm.exported(world, "chart:lint") as found:
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
            fix="mend the chart, or the values.yml of the environment",
        )
    verdict = {"commit": chart["commit"], "tree": chart["tree"], "helm": told}
    world.write_json(paths.LINT, verdict)
    return f"helm lint --strict: nothing against it, with the values of {', '.join(names)}"


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
    """Have Helm render the chart for an environment, and look whether every image is pinned.

    Raises:
        Failed: Helm refuses; or an image is not pinned by its digest.
    """
    chart = world.json(paths.CHART)
    if chart["commit"] is None:
        world.write_json(paths.manifests(environment), {"skipped": chart["why"]})
        return Skipped(chart["why"])
    with helm.exported(world, f"chart:render:{environment}") as found:
        values = found.values(environment, _values(world, environment))
        text = helm.manifests(found, values, _namespace(world, environment))
    documents = _documents(text, _where(world, chart))
    if loose := pinned.loose_images(documents):
        raise Failed(
            f"{len(loose)} image{'s' if len(loose) > 1 else ''} of {environment}"
            f" {'are' if len(loose) > 1 else 'is'} not pinned by a digest",
            where=_where(world, chart),
            detail=loose,
            fix="write REPOSITORY@sha256:… in the chart; a tag may be another image tomorrow",
        )
    world.write(paths.manifests(environment), text.encode())
    return f"{len(documents)} manifests, every image by its digest"


def _documents(text: str, where: str) -> list[dict[str, Any]]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = [document for document in yaml.load_all(text, Loader=loader) if document]
    except (yaml.YAMLError, ValueError) as error:
        raise Failed(
            f"the chart renders to what is no YAML: {error}".replace("\n", " "), where=where
        ) from None
    if any(not isinstance(document, dict) for document in found):
        raise Failed("the chart renders to a document that is no mapping", where=where)
    return found


def foresee_render(environment: str, world: Forecast) -> Foreseen:
    """Take it that Helm renders something new."""
    chart = world.json(paths.CHART)
    if chart["commit"] is None:
        return Foreseen(render(environment, world))
    world.write_json(paths.manifests(environment), UNKNOWN)
    return Foreseen("helm renders it")
