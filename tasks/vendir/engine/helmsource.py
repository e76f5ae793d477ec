"""Helm charts from a chart repository or a registry, fetched by Helm itself."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tasks.kernel import paths, programs
from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.tools import find_tool

from . import auth
from .addresses import parts
from .documents import Document, Shape, root, text
from .gitsource import Place
from .model import Content

_CHART: Final = Shape(
    {"version": text, "appVersion": text}, always={"version": "", "appVersion": ""}
)
_ALIAS: Final = "vendored"
_SLOW: Final = 600.0


def fetch(content: Content, at: Place, into: Path) -> dict[str, Any]:
    """Write a chart's files, and return its versions as its own Chart.yaml has them.

    Raises:
        WrongUsage: the source is not complete.
        SlipwayError: Helm refused, or what came is no chart.
    """
    source, where = content.source, f"{content.where}.helmChart"
    name, version = str(source.get("name", "")), str(source.get("version", ""))
    repository = source.get("repository", {})
    url = str(repository.get("url", ""))
    _refuse(name, version, url, where)
    env = _home(at.scratch)
    login = auth.login(repository, at.config, where)
    helm, out = _helm(str(source.get("helmVersion", ""))), at.scratch / "charts"
    out.mkdir()
    chart = _registered(url, name, login, env) if url.startswith("oci://") else ""
    if not chart:
        chart = _listed(helm, url, name, login, env, at) if url else name
    command = [helm, "pull", chart, "--untar", "--untardir", str(out)]
    programs.run(
        command + ([f"--version={version}"] if version else []),
        cwd=at.root, env=env, timeout=_SLOW, what="helm pull",
    )  # fmt: skip
    found = [path for path in out.iterdir() if path.is_dir()]
    if len(found) != 1:
        raise SlipwayError(f"helm has left {len(found)} folders, and not one chart", where=where)
    found[0].rename(into)
    return _versions(into, where)


def _refuse(name: str, version: str, url: str, where: str) -> None:
    if not name or name.startswith("-") or version.startswith("-"):
        raise WrongUsage(f"helmChart needs a name, this is {name!r}", where=where)
    if url and parts(url, where).scheme not in ("http", "https", "oci"):
        raise WrongUsage(f"{url!r} is no address of a chart repository", where=where)
    if (url.startswith("oci://") or name.startswith("oci://")) and not version:
        raise WrongUsage("a chart of a registry (oci://) needs a version", where=where)


def _helm(wanted: str) -> str:
    """Return the program: what VENDIR_HELM_BINARY names, helm3 for version 3, or ours."""
    named = os.environ.get("VENDIR_HELM_BINARY", "")
    if named:
        return programs.find(named)
    if wanted == "3" and (found := shutil.which("helm3")):
        return found
    return str(find_tool("helm", paths.ROOT))


def _home(scratch: Path) -> dict[str, str]:
    """Return Helm's variables: what this person has configured for themselves plays no part."""
    home = scratch / "helm"
    home.mkdir(mode=0o700)
    env = {f"HELM_{part}_HOME": str(home / part) for part in ("CACHE", "CONFIG", "DATA")}
    return env | {
        "HELM_REPOSITORY_CONFIG": str(home / "repositories.yaml"),
        "HELM_REPOSITORY_CACHE": str(home / "cache"),
        "HELM_REGISTRY_CONFIG": str(home / "registry.json"),
    }


def _listed(
    helm: str, url: str, name: str, login: tuple[str, str] | None, env: Mapping[str, str], at: Place
) -> str:
    """Write a repository down in a file, where its password is nobody else's to see."""
    entry = {"name": _ALIAS, "url": url}
    if login:
        entry |= {"username": login[0], "password": login[1]}
    _write(env["HELM_REPOSITORY_CONFIG"], {"apiVersion": "", "repositories": [entry]})
    command = [helm, "repo", "update", _ALIAS]
    programs.run(command, cwd=at.root, env=env, timeout=_SLOW, what="helm repo update")
    return f"{_ALIAS}/{name}"


def _registered(url: str, name: str, login: tuple[str, str] | None, env: Mapping[str, str]) -> str:
    if login:
        token = base64.b64encode(":".join(login).encode()).decode()
        _write(env["HELM_REGISTRY_CONFIG"], {"auths": {parts(url, "").netloc: {"auth": token}}})
    return f"{url.rstrip('/')}/{name}"


def _write(path: str, value: Any) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(value, file)  # which is YAML, too


def _versions(chart: Path, where: str) -> dict[str, Any]:
    try:
        document = Document((chart / "Chart.yaml").read_text(), "Chart.yaml")
    except (OSError, UnicodeDecodeError):
        raise SlipwayError("what helm has fetched has no Chart.yaml", where=where) from None
    node = root(document)
    if node is None:
        raise SlipwayError("the chart's Chart.yaml is empty", where=where)
    return _CHART.read(document, node, "Chart.yaml")
