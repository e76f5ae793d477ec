"""What a first `pipeline.yml` could say, from what stands in the repositories; pure but for reads.

Every guess is one that a person can check at a glance: the file says where it comes from.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..kernel.config import grammar
from .looking import Look

_NEVER_RELEASED = ("CHANGELOG.md", "docs-site", "docs", "LICENSE", "README.md")
_ASIDE = {"vendor", "node_modules", "ci", "dev", "test", "tests", "examples"}
_REGISTRY = re.compile(r"(?P<host>[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?|localhost:[0-9]+)/(?P<at>.+)")


@dataclass(frozen=True, slots=True)
class Image:
    """An image, and where its digest stands in the chart ("" when it does not)."""

    name: str
    context: str
    candidate: str
    release: str
    inputs: tuple[str, ...]
    digest: str = ""
    there: bool = True


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment; `passed` is "" for one that waits for none."""

    name: str
    passed: str
    root: str
    gate: bool
    there: bool


@dataclass(slots=True)
class Proposal:
    """All that was found out.

    Attributes:
        branches: remote → the branch that is followed.
        registry: where the chart says that images are, "HOST/PREFIX"; "" for nowhere.
        others: digests of the chart that belong to none of the images.
    """

    project: str
    branches: dict[str, str]
    tag_prefix: str = ""
    prefix_from: str = ""
    images: list[Image] = field(default_factory=list)
    chart: str = ""
    values: str = ""
    others: list[str] = field(default_factory=list)
    registry: str = ""
    cepler: str = ""
    environments: list[Environment] = field(default_factory=list)
    vendored: str = ""
    testflight: str = ""


def propose(project: str, source: Look, charts: Look, deployments: Look) -> Proposal:
    """Look through the three repositories."""
    told = Proposal(
        project,
        {"source": source.branch, "charts": charts.branch, "deployments": deployments.branch},
    )
    told.tag_prefix, told.prefix_from = tag_prefix(source)
    told.chart, told.values = chart_of(project, charts.names)
    found = digests(charts.yaml(f"{told.chart}/{told.values}")) if told.values else {}
    told.images = images(project, source.names, found)
    mine = {image.digest for image in told.images}
    told.others = sorted(path for path in found if path not in mine)
    told.registry = registry_of([found[path] for path in found if path in mine])
    told.cepler = cepler_of(project, deployments.names)
    if told.cepler:
        told.environments = environments(project, deployments.yaml(told.cepler), deployments.names)
    if told.chart:
        told.vendored = vendored(deployments.yaml("vendir.yml"), told.chart, charts.url)
        told.testflight = next(
            (folder for folder in _roots(deployments.names) if "testflight" in folder), ""
        )
    return told


def project_of(url: str) -> str:
    """Return what a repository would call the project."""
    last = re.split(r"[/:]", url.rstrip("/"))[-1]
    return named(last.removesuffix(".git"))


def named(text: str) -> str:
    """Return a text as a name; "" when nothing of it is left."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")


def tag_prefix(source: Look) -> tuple[str, str]:
    """Return what stands before a version in tags, and who says so."""
    import tomllib

    try:
        told = tomllib.loads(source.text("cog.toml")).get("tag_prefix")
    except tomllib.TOMLDecodeError:
        told = None
    if isinstance(told, str) and not grammar.TAG_PREFIX.complaint(told):
        return told, "cog.toml"
    bare, with_v = (
        sum(bool(re.fullmatch(rf"{begin}\d+\.\d+\.\d+", tag)) for tag in source.tags)
        for begin in ("", "v")
    )
    return ("v", f"{with_v} tags") if with_v > bare else ("", f"{bare} tags" if bare else "")


def chart_of(project: str, names: Sequence[str]) -> tuple[str, str]:
    """Return the chart's folder and its values file; "" and "" when it is not plain which."""
    found = [name.removesuffix("/Chart.yaml") for name in names if name.endswith("/Chart.yaml")]
    own = [path for path in found if "/charts/" not in path.removeprefix("charts/")]
    mine = [path for path in own if path.rpartition("/")[2] == project] or own
    if len(mine) != 1 or grammar.PATH.complaint(mine[0]):
        return "", ""
    return mine[0], "values.yaml" if f"{mine[0]}/values.yaml" in names else ""


def digests(values: Any) -> dict[str, str]:
    """Return where digests stand in a chart's values: dotted path → the image's repository."""

    def walk(at: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
        if depth > 20:  # deeper than any chart; anchors may form a circle
            return
        if isinstance(at, dict):
            told = at.get("digest")
            if isinstance(told, str) and (not told or told.startswith("sha256:")):
                yield f"{path}digest", str(at.get("repository") or "")
            for key, item in at.items():
                if isinstance(key, str) and key and "." not in key and not re.search(r"\s", key):
                    yield from walk(item, f"{path}{key}.", depth + 1)
        elif isinstance(at, list):
            for index, item in enumerate(at):
                yield from walk(item, f"{path}{index}.", depth + 1)

    return dict(walk(values, "", 0))


def images(project: str, names: Sequence[str], found: dict[str, str]) -> list[Image]:
    """Return an image for each folder with a Dockerfile, named as the chart names it."""
    folders = dockerfiles(names)
    if not folders:
        inputs = _top(names, []) or ("Dockerfile",)
        return [Image(project, ".", "Dockerfile", "Dockerfile", inputs, there=False)]
    left = dict(found)
    made: list[Image] = []
    for folder, (candidate, release) in sorted(folders.items(), key=lambda each: each[0] != "."):
        path = _matching(project, folder, left)
        repository = left.pop(path) if path else ""
        base = project if folder == "." else f"{project}-{posixpath.basename(folder)}"
        name = named(repository.rpartition("/")[2]) if repository else named(base)
        inputs = (folder,) if folder != "." else _top(names, [f for f in folders if f != "."])
        if not name or len(inputs) == 0 or name in {image.name for image in made}:
            continue
        made.append(Image(name, folder, candidate, release, inputs, path))
    return made


def dockerfiles(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return folder → the Dockerfile of candidates and that of releases."""
    inside: dict[str, set[str]] = {}
    for name in names:
        folder, _, file = name.rpartition("/")
        if file.startswith("Dockerfile") and not _ASIDE & set(folder.split("/")):
            inside.setdefault(folder or ".", set()).add(file)
    found = {}
    for folder, files in inside.items():
        if {"Dockerfile.rc", "Dockerfile.release"} <= files:
            found[folder] = ("Dockerfile.rc", "Dockerfile.release")
        elif "Dockerfile" in files:
            found[folder] = ("Dockerfile", "Dockerfile")
    return {path: both for path, both in found.items() if not grammar.PATH.complaint(path)}


def _matching(project: str, folder: str, found: dict[str, str]) -> str:
    """Return the path of the digest of a folder's image; "" when no repository is like it."""
    base = project if folder == "." else named(posixpath.basename(folder))
    last = {path: at.rpartition("/")[2] for path, at in found.items() if at}
    ways = [rf"({re.escape(project)}-)?{re.escape(base)}"]
    if folder != ".":
        ways += [rf".*-{re.escape(base)}", rf"{re.escape(base)}-.*"]
    for way in ways:
        if path := next((path for path, name in last.items() if re.fullmatch(way, name)), ""):
            return path
    return ""


def _top(names: Sequence[str], elsewhere: Sequence[str]) -> tuple[str, ...]:
    """Return what lies at the top of the source, without documents and what is another image's."""
    top = dict.fromkeys(name.partition("/")[0] for name in names)
    return tuple(
        name
        for name in top
        if not name.startswith(".")
        and name not in _NEVER_RELEASED
        and not any(f"{folder}/".startswith(f"{name}/") for folder in elsewhere)
        and not grammar.PATH.complaint(name)
    )


def registry_of(repositories: Sequence[str]) -> str:
    """Return HOST/PREFIX that most repositories share; "" when they name no host."""
    found = [match for at in repositories if (match := _REGISTRY.fullmatch(at))]
    places = [f"{each['host']}/{each['at'].rpartition('/')[0]}".rstrip("/") for each in found]
    return max(places, key=places.count) if places else ""


def cepler_of(project: str, names: Sequence[str]) -> str:
    """Return the file with the environments' rules; "" when it is not plain which."""
    for name in (f"cepler/{project}.yml", f"{project}.yml", "cepler.yml"):
        if name in names:
            return name
    found = [name for name in names if re.fullmatch(r"cepler/[^/]+\.ya?ml", name)]
    return found[0] if len(found) == 1 else ""


def environments(project: str, told: Any, names: Sequence[str]) -> list[Environment]:
    """Return the environments of cepler's file, in its order."""
    listed = told.get("environments") if isinstance(told, dict) else None
    listed = listed if isinstance(listed, dict) else {}
    fine = {
        name: rules if isinstance(rules, dict) else {}
        for name, rules in listed.items()
        if isinstance(name, str) and not grammar.NAME.complaint(name) and name != "release"
    }
    roots, made = _roots(names), []
    for name, rules in fine.items():
        patterns = [word for word in rules.get("latest") or () if isinstance(word, str)]
        folders = [re.sub(r"(/\*+)+$", "", word) for word in patterns]
        own = [at for at in folders if at in roots and not at.startswith("modules/")]
        own.sort(key=lambda at: posixpath.basename(at) != project)
        passed = rules.get("passed")
        made.append(
            Environment(
                name,
                passed if isinstance(passed, str) and passed in fine else "",
                own[0] if own else name,
                "prod" in name,
                bool(own) or name in roots,
            )
        )
    return made


def _roots(names: Sequence[str]) -> list[str]:
    """Return the folders that hold Terraform files, sorted."""
    found = {name.rpartition("/")[0] for name in names if name.endswith(".tf") and "/" in name}
    return sorted(folder for folder in found if not grammar.PATH.complaint(folder))


def vendored(told: Any, chart: str, url: str) -> str:
    """Return DIRECTORY/CONTENT of vendir's file that is the chart; "" when none is."""
    for directory in (told.get("directories") if isinstance(told, dict) else None) or ():
        for content in directory.get("contents") or ():
            git = content.get("git") or {}
            same = project_of(str(git.get("url", ""))) == project_of(url)
            inside = [str(path) for path in content.get("includePaths") or ()]
            of_it = not inside or any(path.startswith(f"{chart}/") for path in inside)
            place = f"{directory.get('path', '')}/{content.get('path', '')}"
            if same and of_it and not grammar.FILE.complaint(place):
                return place
    return ""
