"""Helm on a chart that stands in a folder: judged, and rendered."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..kernel import paths, programs, remotes
from ..kernel.errors import Failed
from ..kernel.world import World
from .remote import REMOTE, chart_of

_MISSING = re.compile(r"missing (?:in charts/ directory|these dependencies): *(.+)")
_TIMEOUT = 120.0  # seconds; neither asks a network


@dataclass(frozen=True, slots=True)
class Exported:
    """A chart's files, and Helm to look at them.

    Attributes:
        program: Helm's path.
        folder: a scratch folder, for Helm's own files too.
        name: the chart's name, which is also its release's.
    """

    program: Path
    folder: Path
    name: str

    @property
    def chart(self) -> Path:
        """The chart's folder."""
        return self.folder / "chart" / self.name

    def values(self, environment: str, content: bytes) -> Path:
        """Write the values of an environment and return their file."""
        file = self.folder / "values" / f"{environment}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        return file

    def run(self, *arguments: str, ok: tuple[int, ...] | None = (0,)) -> programs.Done:
        """Run Helm, without anybody's settings, plugins or cluster."""
        home = self.folder / "home"
        env = {f"HELM_{part}_HOME": str(home / part) for part in ("CACHE", "CONFIG", "DATA")}
        env |= {"HELM_NO_PLUGINS": "1", "HELM_DEBUG": "false", "KUBECONFIG": os.devnull}
        command = [str(self.program), *arguments]
        return programs.run(command, cwd=self.folder, env=env, timeout=_TIMEOUT, ok=ok, what="helm")


@contextmanager
def opened(world: World, task: str) -> Iterator[Exported]:
    """Yield Helm with an empty scratch folder, gone afterwards, for a chart to be laid out in.

    Raises:
        SlipwayError: Helm cannot be had.
    """
    from ..kernel.tools import find_tool  # downloading brings a lot along

    program = find_tool("helm", world.root)
    with remotes.scratch(world, task) as folder:
        # Helm wants the folder of a chart to have the chart's name.
        yield Exported(program, folder, chart_of(world).name)


@contextmanager
def exported(world: World, task: str, commit: str = "") -> Iterator[Exported]:
    """Yield the chart at a commit, in a folder that is gone afterwards.

    Args:
        world: with the mirror of the charts.
        task: whose scratch folder to use.
        commit: by default the one that everything behind the merge goes on from, of the fact CHART.

    Raises:
        Failed: a link leads out of the chart.
        SlipwayError: Helm cannot be had, or the chart is not there.
    """
    at = commit or world.json(paths.CHART)["commit"]
    with opened(world, task) as found:
        remotes.export(world, REMOTE, at, chart_of(world).path, found.chart)
        refuse_links_out(found.chart)
        yield found


def refuse_links_out(chart: Path) -> None:
    """Refuse links that lead out of the chart: Helm would follow them into this machine."""
    inside = chart.resolve()
    for path in sorted(chart.rglob("*")):
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            raise Failed(
                f"{path.relative_to(chart)} is a link out of the chart",
                detail=[f"to {path.readlink()}"],
                fix="make it a plain file in the charts repository",
            )


def version(chart: Exported) -> str:
    """Return Helm's version, as it says it: "v4.1.4"."""
    return chart.run("version", "--template={{.Version}}").out.strip()


def complaints(chart: Exported, values: Path, namespace: str) -> list[str]:
    """Return what `helm lint --strict` says against a chart with these values; empty for nothing.

    Raises:
        Failed: it did not end in time.
    """
    done = chart.run(
        "lint",
        "--strict",
        str(chart.chart),
        f"--values={values}",
        f"--namespace={namespace}",
        ok=None,
    )
    if done.code == 0:
        return []
    said = [line.strip().replace(f"{chart.folder}/", "") for line in done.tail()]
    noise = ("==> Linting", "[INFO]", "Error: 1 chart(s) linted")
    return [line for line in said if not line.startswith(noise)] or said


def manifests(chart: Exported, values: Path, namespace: str) -> str:
    """Return all that a chart renders to, hooks too.

    Raises:
        Failed: Helm refused; with its words.
    """
    try:
        return chart.run(
            "template",
            chart.name,
            str(chart.chart),
            f"--values={values}",
            f"--namespace={namespace}",
        ).out
    except Failed as error:
        raise _told(chart, error) from None


def _told(chart: Exported, error: Failed) -> Failed:
    """Return Helm's error without this machine's folders, and with what is to be done."""
    said = [line.replace(f"{chart.folder}/", "") for line in error.detail]
    return Failed(error.what, detail=said, fix=advice(said) or error.fix)


def advice(said: Iterable[str]) -> str:
    """Return what to type when Helm has said that charts are missing that a chart is made of.

    They are never fetched here: what is judged, flown, vendored and deployed has to be the same
    bytes, and those are the commit's.
    """
    found = [match[1].strip() for line in said if (match := _MISSING.search(line))]
    if not found:
        return ""
    missing = ", ".join(dict.fromkeys(found))
    return (
        "in the charts repository: helm dependency build CHART, then git add --force"
        f" CHART/charts/*.tgz and commit (it lacks {missing}; nothing is fetched while a release"
        " is on its way)"
    )


def package(chart: Exported, stamp: int) -> Path:
    """Pack a chart, the same bytes for the same files, and return the file.

    Args:
        chart: its files get the time below, since Helm puts their times into the archive.
        stamp: seconds since 1970.

    Raises:
        Failed: Helm refused; or it is Helm 3, which puts the time of day in.
    """
    if version(chart).startswith("v3."):
        raise Failed(
            "Helm 3 packs the time of day into a chart, so that no two packages are the same",
            fix="use Helm 4: python -m tasks.kernel.tools fetch helm",
        )
    for path in [*chart.chart.rglob("*"), chart.chart]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
            os.utime(path, (stamp, stamp))
    place = chart.folder / "package"
    place.mkdir()
    try:
        chart.run("package", str(chart.chart), f"--destination={place}")
    except Failed as error:
        raise _told(chart, error) from None
    [file] = place.iterdir()
    return file
