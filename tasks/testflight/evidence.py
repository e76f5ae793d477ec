"""What is kept of a flight that failed: what was installed, what happened, and what pods said."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from ..kernel import journal, paths
from ..kernel.errors import SlipwayError
from ..kernel.redact import MASK, redact
from ..kernel.world import World
from . import verdict

if TYPE_CHECKING:
    from ..cluster import Cluster

FOLDER = f"{paths.BUILD}/testflight/failure"
_LINES = 2000  # of each log


def clear(world: World) -> None:
    """Remove what an earlier flight left."""
    rmtree(world.path(FOLDER), ignore_errors=True)


def keep(world: World, cluster: Cluster, namespace: str, error: SlipwayError) -> None:
    """Keep the error, the manifests, the events and the logs.

    Args:
        world: whose failure.
        cluster: still with the namespace.
        namespace: of the flight.
        error: what went wrong.
    """
    folder = world.path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "error.txt").write_text(redact(f"{error}\n"))
    manifests = world.read(paths.manifests("testflight")) or b""
    (folder / "manifests.yaml").write_text(masked(manifests.decode(errors="replace")))
    _events(cluster, namespace, folder / "events.txt")
    for workload in verdict.speakers(manifests.decode(errors="replace")):
        _logs(cluster, namespace, workload, folder / "logs")


def masked(manifests: str) -> str:
    """Return manifests with what Secrets hold masked; the error tells of one that is no YAML."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = list(yaml.load_all(manifests, Loader=loader))
    except yaml.YAMLError:
        return redact(manifests)
    for one in found:
        if isinstance(one, dict) and one.get("kind") == "Secret":
            for key in ("data", "stringData"):
                if isinstance(one.get(key), dict):
                    one[key] = dict.fromkeys(one[key], MASK)
    return redact(yaml.safe_dump_all(found, sort_keys=False, allow_unicode=True))


def said_also(error: BaseException, line: str) -> BaseException:
    """Return an error with a further line of detail; one that is not ours as it is."""
    if not isinstance(error, SlipwayError):
        return error
    detail = [*error.detail, line]
    return type(error)(error.what, where=error.where, fix=error.fix, detail=detail)


def _events(cluster: Cluster, namespace: str, file: Path) -> None:
    try:
        events = cluster.events(namespace)
    except SlipwayError as error:  # the failure itself is what matters
        journal.say(f"no events of {namespace}: {error.what}")
        return
    file.write_text(redact("\n".join([*events, ""])))


def _logs(cluster: Cluster, namespace: str, workload: str, folder: Path) -> None:
    try:
        logs = cluster.logs(namespace, workload, _LINES)
    except SlipwayError as error:  # the failure itself is what matters
        journal.say(f"no log of {workload}: {error.what}")
        return
    for pod, lines in logs.items():
        folder.mkdir(exist_ok=True)
        (folder / f"{pod}.log").write_text(redact("\n".join([*lines, ""])))
