"""Render a chart with Helm: the one place that knows where Helm is and how it is called."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.kernel import programs
from tasks.kernel.errors import SlipwayError, WrongUsage

from .port import Manifest, label

_TIMEOUT = 120.0  # seconds; rendering asks no network


def find() -> str:
    """Return the path of Helm: what SLIPWAY_HELM names, else the one on PATH.

    Raises:
        SlipwayError: there is none.
    """
    named = os.environ.get("SLIPWAY_HELM", "")
    found = shutil.which(named or "helm")
    if found is None:
        raise SlipwayError(
            f"{named or 'helm'} is not installed",
            where="SLIPWAY_HELM" if named else "",
            fix="install helm, or name it in SLIPWAY_HELM",
        )
    return str(Path(found).absolute())


def render(chart: Path, release: str, namespace: str, values: Sequence[Path]) -> list[Manifest]:
    """Return the manifests of a chart, without its hooks and tests.

    Args:
        chart: its folder.
        release: name of the release.
        namespace: that it is for.
        values: files, a later one over an earlier one.

    Raises:
        Failed: Helm refused; with its words.
        WrongUsage: the chart or a file is not there.
    """
    label(release, "release")
    label(namespace, "namespace")
    if not (chart / "Chart.yaml").is_file():
        raise WrongUsage("this is not the folder of a chart", where=str(chart))
    for file in values:
        if not file.is_file():
            raise WrongUsage("there is no such values file", where=str(file))
    # Helm knows no `--`; absolute paths cannot be taken for options. Its own settings and caches
    # of whoever runs this decide nothing.
    with tempfile.TemporaryDirectory(prefix="slipway-helm-") as home:
        own = {f"HELM_{part}_HOME": f"{home}/{part}" for part in ("CACHE", "CONFIG", "DATA")}
        done = programs.run(
            [
                *(find(), "template", release, str(chart.absolute())),
                *("--namespace", namespace, "--no-hooks", "--skip-tests"),
                *(f"--values={file.absolute()}" for file in values),
            ],
            cwd=home,
            env=own,
            timeout=_TIMEOUT,
            what="helm",
        )
    return load(done.out, str(chart))


def load(text: str, where: str) -> list[Manifest]:
    """Read rendered manifests: YAML documents, empty ones left out.

    Args:
        text: the documents.
        where: where they come from, for messages.

    Raises:
        WrongUsage: they are no YAML, or a document is no mapping.
    """
    import yaml

    try:
        documents: list[Any] = list(yaml.load_all(text, Loader=_loader()))
    except yaml.YAMLError as error:
        raise WrongUsage(f"these are no manifests: {error}", where=where) from None
    found = [document for document in documents if document is not None]
    if any(not isinstance(document, dict) for document in found):
        raise WrongUsage("a document is not a mapping", where=where)
    return found


def _loader() -> Any:
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc, valid-type]
        """Leaves dates as texts, as Kubernetes does."""

        yaml_implicit_resolvers = {  # noqa: RUF012
            key: [(tag, form) for tag, form in forms if tag != "tag:yaml.org,2002:timestamp"]
            for key, forms in base.yaml_implicit_resolvers.items()
        }

    return Loader
