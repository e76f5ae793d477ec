"""Render a chart with Helm: the one place that knows where Helm is and how it is called."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tasks.kernel import goyaml, programs
from tasks.kernel.errors import SlipwayError, WrongUsage

from . import hooks
from .port import Manifest, label

_TIMEOUT = 120.0  # seconds; rendering asks no network
_BELOW = r"/(?:charts/[^/\n]+/)*"


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
    """Return the manifests of a chart, its hooks and CRDs too; what `helm test` runs stays out.

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
                *("--namespace", namespace, "--include-crds"),
                *(f"--values={file.absolute()}" for file in values),
            ],
            cwd=home,
            env=own,
            timeout=_TIMEOUT,
            what="helm",
        )
    [about] = load((chart / "Chart.yaml").read_text(), f"{chart}/Chart.yaml")
    crds, rest = _apart(done.out, str(about.get("name")))
    told = load(rest, str(chart))
    found = [hooks.crd(one) for one in load(crds, str(chart))]
    return [*found, *(one for one in told if not hooks.is_test(one))]


def _apart(text: str, chart: str) -> tuple[str, str]:
    """Return the text of the CRDs, which Helm puts first and as they are, and the text behind."""
    place = rf"---\n# Source: {re.escape(chart)}{_BELOW}"
    if not re.match(rf"\s*{place}crds/", text):
        return "", text
    first = re.search(rf"^{place}templates/", text, re.MULTILINE)
    at = first.start() if first else len(text)
    return text[:at], text[at:]


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
        documents = goyaml.documents(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise WrongUsage(f"these are no manifests: {error}", where=where) from None
    found = [document for document in documents if document is not None]
    if any(not isinstance(document, dict) for document in found):
        raise WrongUsage("a document is not a mapping", where=where)
    return found
