"""The command line, for people and for Terraform's local-exec: `python -m tasks.cluster`.

Exit codes: 0 done, 1 something did not become ready or is not, 2 an error, 3 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from tasks.kernel import paths
from tasks.kernel.errors import Failed, SlipwayError, WrongUsage
from tasks.kernel.redact import printable, redact

from . import helm
from .local import LocalCluster
from .opening import CONTEXT, kubernetes

if TYPE_CHECKING:
    from tasks.registry import Registry

    from .port import Cluster, Manifest, Workload

DONE, NO, BROKEN, MISUSED = 0, 1, 2, 3
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class _Parser(argparse.ArgumentParser):
    """Ends with 3 when it is used wrongly, as all of Slipway does."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(MISUSED, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stopped)
    try:
        cluster = _cluster(asked)
        run: Callable[[Cluster, argparse.Namespace], int] = asked.run
        return run(cluster, asked)
    except SlipwayError as error:
        print(printable(redact(str(error))), file=sys.stderr)
        if isinstance(error, WrongUsage):
            return MISUSED
        return NO if isinstance(error, Failed) else BROKEN
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _cluster(asked: argparse.Namespace) -> Cluster:
    """Return the real cluster when a context is named, else the embedded one."""
    if asked.context:
        return kubernetes(asked.context, paths.ROOT)
    return LocalCluster(Path(asked.root), _registry(asked.registry), asked.image_prefix)


def _stopped(_sign: int, _frame: FrameType | None) -> NoReturn:
    """Turn SIGTERM into an exception, so that a half-done installation is taken back."""
    raise SystemExit(128 + signal.SIGTERM)


def _create(cluster: Cluster, asked: argparse.Namespace) -> int:
    told = os.environ.get("SLIPWAY_NAMESPACE_LABELS", "")  # whoever runs Terraform adds its own
    labels = dict(entry.split("=", 1) for entry in (*asked.label, *filter(None, told.split(","))))
    cluster.create(asked.name, labels, asked.secrets_from, asked.secret or None)
    return DONE


def _delete(cluster: Cluster, asked: argparse.Namespace) -> int:
    _say(f"{asked.name} is removed" if cluster.delete(asked.name) else f"there is no {asked.name}")
    return DONE


def _list(cluster: Cluster, asked: argparse.Namespace) -> int:
    for name, labels in sorted(cluster.namespaces(asked.prefix).items()):
        told = " ".join(f"{key}={value}" for key, value in sorted(labels.items()))
        print(f"{name}  {told}".rstrip())
    return DONE


def _install(cluster: Cluster, asked: argparse.Namespace) -> int:
    if asked.chart is not None:
        manifests = helm.render(asked.chart, asked.release, asked.namespace, asked.values)
    else:
        manifests = _read(asked.manifests)
    done = cluster.install(asked.namespace, asked.release, manifests, asked.timeout)
    _say(f"{done.name} in {asked.namespace} is ready, revision {done.revision}, {done.digest}")
    return DONE


def _history(cluster: Cluster, asked: argparse.Namespace) -> int:
    for one in cluster.history(asked.namespace, asked.release):
        print(f"{one.revision}  {one.digest}  {one.since}")
    return DONE


def _rollback(cluster: Cluster, asked: argparse.Namespace) -> int:
    done = cluster.rollback(asked.namespace, asked.release, asked.revision, asked.timeout)
    _say(f"{done.name} in {asked.namespace} is ready, revision {done.revision}, {done.digest}")
    return DONE


def _uninstall(cluster: Cluster, asked: argparse.Namespace) -> int:
    found = cluster.uninstall(asked.namespace, asked.release)
    _say(f"{asked.release} is removed" if found else f"there is no {asked.release}")
    return DONE


def _status(cluster: Cluster, asked: argparse.Namespace) -> int:
    _show(cluster.workloads(asked.namespace), as_json=asked.json)
    return DONE


def _wait(cluster: Cluster, asked: argparse.Namespace) -> int:
    _show(cluster.wait(asked.namespace, asked.timeout), as_json=False)
    return DONE


def _logs(cluster: Cluster, asked: argparse.Namespace) -> int:
    found = cluster.logs(asked.namespace, asked.workload, asked.lines)
    for pod, lines in found.items():
        for line in lines:
            print(printable(f"{pod}  {line}" if len(found) > 1 else line))
    return DONE


def _events(cluster: Cluster, asked: argparse.Namespace) -> int:
    for line in cluster.events(asked.namespace):
        print(printable(line))
    return DONE


def _sweep(cluster: Cluster, asked: argparse.Namespace) -> int:
    for name in cluster.sweep(asked.prefix):
        print(name)
    return DONE


def _show(found: list[Workload], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=2, sort_keys=True))
        return
    for one in found:
        ready = sum(pod.ready for pod in one.pods)
        where = " ".join(f"{key}→{at}" for key, at in sorted(one.endpoints.items()))
        print(
            f"{one.name}  {'ready' if one.ready else 'NOT READY'} {ready}/{one.replicas}"
            f"  {one.digest[:19]}  restarts {one.restarts}  since {one.since or '-'}  {where}"
        )


def _read(file: Path) -> list[Manifest]:
    try:
        return helm.load(file.read_text(), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"it cannot be read: {error}", where=str(file)) from None


def _registry(named: str) -> Registry | None:
    """Return the registry that a folder or a URL means, None for nothing."""
    from tasks.kernel.config import Registry as Settings
    from tasks.registry import open_registry

    if not named:
        return None
    far = "://" in named
    insecure = bool(os.environ.get("SLIPWAY_REGISTRY_INSECURE"))
    url, path = (named, "") if far else ("", named)
    settings = Settings("http" if far else "local", path, url, prefix="", insecure=insecure)
    return open_registry(settings, Path.cwd())


def _duration(text: str) -> float:
    found = re.fullmatch(r"([0-9]{1,6})([smh])", text)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 15m or 1h")
    return float(int(found[1]) * _SECONDS[found[2]])


def _pair(text: str) -> str:
    if not text.partition("=")[0] or "=" not in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no label; write KEY=VALUE")
    return text


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m tasks.cluster",
        description="The cluster: the embedded one, or with --context a real one.",
        epilog="Exit codes: 0 done, 1 not ready, 2 an error, 3 wrong usage.",
    )
    env = os.environ.get
    parser.add_argument(
        "--root",
        default=env("SLIPWAY_CLUSTER_ROOT") or str(paths.ROOT / paths.SANDBOX / "cluster"),
        help="the cluster's folder ($SLIPWAY_CLUSTER_ROOT, .sandbox/cluster)",
    )
    parser.add_argument(
        "--context",
        default=env(CONTEXT, ""),
        help=f"the kubeconfig's name of a real cluster, instead of the embedded one (${CONTEXT})",
    )
    parser.add_argument(
        "--registry",
        default=env("SLIPWAY_REGISTRY", ""),
        help="folder or URL of the registry that images come from ($SLIPWAY_REGISTRY)",
    )
    parser.add_argument(
        "--image-prefix",
        default=env("SLIPWAY_IMAGE_PREFIX", ""),
        help="what manifests put before the registry's names ($SLIPWAY_IMAGE_PREFIX)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _namespace_commands(commands)
    _release_commands(commands)
    return parser


def _namespace_commands(commands: Any) -> None:
    group = commands.add_parser("namespace", help="make, remove and list namespaces")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make one, or set its labels and secrets")
    create.add_argument("name")
    create.add_argument("--label", action="append", default=[], type=_pair, metavar="KEY=VALUE")
    create.add_argument("--secrets-from", default="", metavar="NAMESPACE")
    create.add_argument("--secret", action="append", help="copy this one only (repeatable)")
    create.set_defaults(run=_create)
    delete = actions.add_parser("delete", help="end everything in one and remove it")
    delete.add_argument("name")
    delete.set_defaults(run=_delete)
    listing = actions.add_parser("list", help="list them with their labels")
    listing.add_argument("--prefix", default="")
    listing.set_defaults(run=_list)
    sweep = commands.add_parser("sweep", help="delete all namespaces whose names begin so")
    sweep.add_argument("--prefix", required=True, help="empty for every one")
    sweep.set_defaults(run=_sweep)


def _release_commands(commands: Any) -> None:
    def command(name: str, run: Callable[..., int], about: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=about)
        made.add_argument("--namespace", required=True)
        made.set_defaults(run=run)
        return made

    install = command("install", _install, "install or update a release and wait for it")
    install.add_argument("--release", required=True)
    source = install.add_mutually_exclusive_group(required=True)
    source.add_argument("--chart", type=Path, metavar="DIR", help="rendered with Helm")
    source.add_argument("--manifests", type=Path, metavar="FILE", help="rendered already")
    install.add_argument("--values", type=Path, action="append", default=[], metavar="FILE")
    install.add_argument("--timeout", type=_duration, default=900.0, help="such as 15m")
    command("uninstall", _uninstall, "end a release").add_argument("--release", required=True)
    history = command("history", _history, "show the revisions of a release")
    history.add_argument("--release", required=True)
    back = command("rollback", _rollback, "run what an earlier revision did, and wait for it")
    back.add_argument("--release", required=True)
    back.add_argument("--revision", type=int, required=True)
    back.add_argument("--timeout", type=_duration, default=900.0, help="such as 15m")
    status = command("status", _status, "show what runs")
    status.add_argument("--json", action="store_true")
    wait = command("wait", _wait, "wait until all is ready")
    wait.add_argument("--timeout", type=_duration, default=900.0, help="such as 15m")
    command("events", _events, "show what happened in a namespace")
    logs = command("logs", _logs, "show what a workload said")
    logs.add_argument("--workload", required=True)
    logs.add_argument("--lines", type=int, default=100)


if __name__ == "__main__":
    sys.exit(main())
