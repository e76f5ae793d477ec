"""What the chart among an environment's files renders to, and how that differs between two states.

Nobody asks the cluster: it is what was deployed against what would be, by the same Helm.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..kernel import paths, programs, remotes
from ..kernel.config import Environment
from ..kernel.errors import SlipwayError
from ..kernel.redact import redact
from ..kernel.world import World
from ..promotion import repository_of

if TYPE_CHECKING:
    from ..promotion import engine

_TIMEOUT = 120.0  # seconds; Helm asks no network
_AROUND = 2  # lines shown around a change


def changed(
    world: World, environment: Environment, before: engine.State | None, after: engine.State
) -> list[str]:
    """Return what differs between the manifests of two states, as a diff with a line each.

    Empty where there is no chart, nothing ran before, or all is the same. What cannot be rendered
    is said in one line, since it is no reason to say neither yes nor no.
    """
    chart, vendored = world.config.chart, world.config.deployments.vendored
    if before is None or chart is None or vendored is None:
        return []
    own = (f"{environment.root}/{paths.RENDERED}", f"{environment.root}/values.yml")
    files = [
        {path: blob for path, blob in state.hashes().items()
         if path in own or path.startswith(f"{vendored}/")}
        for state in (before, after)
    ]  # fmt: skip
    if files[0] == files[1] or not all(f"{vendored}/Chart.yaml" in one for one in files):
        return []
    try:
        was, becomes = (_rendered(world, environment, state) for state in (before, after))
    except SlipwayError as error:
        return [f"cannot be rendered: {redact(error.what)}"]
    lines: list[str] = []
    for name in sorted({*was, *becomes}):
        old, new = was.get(name, []), becomes.get(name, [])
        if old != new:
            told = difflib.unified_diff(old, new, lineterm="", n=_AROUND)
            lines += [name, *(f"  {redact(line)}" for line in told if line[:3] not in _HEADS)]
    return lines


_HEADS = ("---", "+++", "@@ ")


def _rendered(world: World, environment: Environment, state: engine.State) -> dict[str, list[str]]:
    """Return the manifests of a state: `Kind name` → its lines."""
    from ..kernel.tools import find_tool
    from ..promotion import engine

    chart = world.config.chart
    vendored = world.config.deployments.vendored
    assert chart is not None and vendored is not None  # noqa: PT018, S101 - the caller asked
    program = find_tool("helm", world.root)
    with remotes.scratch(world, f"approve:{environment.name}") as folder:
        engine.export(repository_of(world), state, folder / "tree", at=state.head_commit)
        values = folder / "tree" / environment.root / paths.RENDERED
        if not values.is_file():
            values = values.with_name("values.yml")
        # Helm wants the folder of a chart to have the chart's name, and no settings of this user.
        (folder / "chart").mkdir()
        (folder / "tree" / vendored).rename(folder / "chart" / chart.name)
        own = {f"HELM_{part}_HOME": str(folder / part) for part in ("CACHE", "CONFIG", "DATA")}
        own |= {"HELM_NO_PLUGINS": "1", "HELM_DEBUG": "false", "KUBECONFIG": os.devnull}
        done = programs.run(
            [
                *(str(program), "template", chart.name, str(folder / "chart" / chart.name)),
                *([f"--values={values}"] if values.is_file() else []),
                f"--namespace={environment.namespace}",
            ],
            cwd=folder,
            env=own,
            timeout=_TIMEOUT,
            what="helm template",
        )
    return _split(done.out)


def _split(text: str) -> dict[str, list[str]]:
    import yaml

    found: dict[str, list[str]] = {}
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        raise SlipwayError("the chart does not render to YAML") from None
    for one in documents:
        if isinstance(one, dict):
            about = one.get("metadata")
            name = about.get("name", "?") if isinstance(about, dict) else "?"
            shown = yaml.safe_dump(_masked(one), sort_keys=True, width=1000)
            found[f"{one.get('kind', '?')} {name}"] = shown.splitlines()
    return found


def _masked(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest with the values of a secret told apart, but not told."""
    if manifest.get("kind") != "Secret":
        return dict(manifest)
    masked = dict(manifest)
    for part in ("data", "stringData"):
        if isinstance(told := manifest.get(part), dict):
            masked[part] = {
                key: f"••• {sha256(str(value).encode()).hexdigest()[:8]}"
                for key, value in told.items()
            }
    return masked
