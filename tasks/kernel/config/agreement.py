"""What must agree between the sections: names in use, places that may not meet, no circles.

It runs over values that may hold blanks where a mistake was noted already; a blank never causes a
second one.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from . import checking, docsite
from .document import Sheet
from .model import Config
from .records import dangling
from .secrets import quoted

# `approve:release` opens the release's own gate; an environment's is `approve:ENV`.
_RESERVED_ENVIRONMENT = "release"
_TERRAFORM = 1800.0  # seconds
_OF_A_CHART = ("Chart.yaml", "is-release", "templates", "charts", "crds")


def check(config: Config, sheet: Sheet) -> None:
    """Note everything in `config` that does not go together."""
    dangling(sheet)
    _something_to_release(sheet)
    checking.agree(config, sheet)
    docsite.agree(config, sheet)
    _environments(config, sheet)
    _circles(config, sheet)
    _one_place_each(config, sheet)
    _digests(config, sheet)
    _branches(config, sheet)
    _promotion(config, sheet)
    _chart(config, sheet)
    _states(config, sheet)


def _something_to_release(sheet: Sheet) -> None:
    if all(sheet.names.get(kind) == set() for kind in ("binary", "apps", "images")):
        sheet.mistake_at("images", "there is nothing to release (expected an image, app or binary)")


def _environments(config: Config, sheet: Sheet) -> None:
    if _RESERVED_ENVIRONMENT in config.environments:
        message = "cannot be an environment, since approve:release is the release's own gate"
        key = f"environments.{_RESERVED_ENVIRONMENT}"
        sheet.mistake_at(key, f"{message} (expected another name)")


def _chart(config: Config, sheet: Sheet) -> None:
    """Nothing is vendored without a testflight's verdict, and two releases share no namespace."""
    vendored = config.deployments.vendored
    for key, there in (("chart", config.chart), ("testflight", config.testflight)):
        if vendored and there is None:
            message = f"{quoted(vendored)} needs the section {key} (expected in the file)"
            sheet.mistake_at("deployments.vendored", message)
    if config.testflight and not vendored:
        message = "has nothing to fly (expected deployments.vendored)"
        sheet.mistake_at("testflight", message)
    _modules(config, sheet)
    if config.cluster.kind == "kubernetes" and config.registry.kind == "local":
        message = "cannot pull images from a folder (expected registry.kind: http)"
        sheet.mistake_at("cluster.kind", message)
    _distinct(
        [(f"environments.{e.name}.namespace", e.namespace) for e in config.environments.values()],
        sheet,
    )
    roots = [(f"environments.{e.name}.root", e.root) for e in config.environments.values()]
    if config.testflight:
        roots.append(("testflight.root", config.testflight.root))
    _distinct(roots, sheet)


def _modules(config: Config, sheet: Sheet) -> None:
    """A module is copied over whatever stands in its folder: nothing else may be kept there."""
    if config.chart is None:
        return
    others = [*(_OF_A_CHART), config.chart.values]
    taken: list[str] = []
    for target in config.chart.modules:
        for other in [*taken, *others]:
            if target and other and _overlap(target, other, "/"):
                message = f"{quoted(target)} meets {other} (expected a folder of its own)"
                sheet.mistake_at(f"chart.modules.{target}", message)
                break
        taken.append(target)


def _states(config: Config, sheet: Sheet) -> None:
    """No state has two writers: by a lock that runs out too early, or by one place for all."""
    if 0 < config.deployments.lease <= _TERRAFORM:
        message = "is shorter than Terraform may take for a plan or an apply (expected over 30m)"
        sheet.mistake_at("deployments.lease", message)
    told = config.deployments.backend
    if told and not any("{environment}" in value for value in told.values()):
        message = "gives every environment the same state (expected {environment} in one value)"
        sheet.mistake_at("deployments.backend", message)


def _circles(config: Config, sheet: Sheet) -> None:
    """Note each circle of environments once, at its first one in the file."""
    told: set[str] = set()
    for start in config.environments:
        way: list[str] = []
        at: str | None = start
        while at is not None and at in config.environments and at not in way:
            way.append(at)
            at = config.environments[at].passed
        if at == start and told.isdisjoint(way):
            told.update(way)
            circle = " → ".join([*way, start])
            message = f"waits for itself: {circle} (expected an end to it)"
            sheet.mistake_at(f"environments.{start}.passed", message)


def _one_place_each(config: Config, sheet: Sheet) -> None:
    """Refuse two things that would be written to one place."""
    files = [(f"artifacts.apps.{app.name}.env-file", app.env_file) for app in config.apps.values()]
    if config.binary:
        files.append(("artifacts.binary.output", config.binary.output))
    repositories = [
        (f"images.{image.name}.repository", image.repository) for image in config.images.values()
    ]
    _distinct(files, sheet)
    _distinct(repositories, sheet)
    for name in config.images:
        if f"{name}.json" in config.images:
            message = f"collides with the facts of {quoted(name)} (expected another name)"
            sheet.mistake_at(f"images.{name}.json", message)
    moving = config.release.moving
    candidate, release = ("release.moving.candidate", "release.moving.release")
    _distinct([(candidate, moving.candidate), (release, moving.release)], sheet)


def _distinct(places: list[tuple[str, str]], sheet: Sheet) -> None:
    first: dict[str, str] = {}
    for key, value in places:
        if value and value in first:
            message = f"{quoted(value)} is already that of {first[value]} (expected one of its own)"
            sheet.mistake_at(key, message)
        first.setdefault(value, key)


def _digests(config: Config, sheet: Sheet) -> None:
    """Two images cannot share the place of a digest, nor one stand inside the other's."""
    seen: dict[str, str] = {}
    for name, path in (config.chart.images if config.chart else {}).items():
        for other, taken in seen.items():
            if path and taken and _overlap(path, taken, "."):
                message = f"{quoted(path)} meets the path of {other} (expected one of its own)"
                sheet.mistake_at(f"chart.images.{name}", message)
                break
        seen[name] = path


def _branches(config: Config, sheet: Sheet) -> None:
    """A branch that the pipeline writes is nobody else's in that repository, nor inside one."""
    remotes = config.remotes
    followed = [
        (f"remotes.{name}.branch", remote.url, remote.branch)
        for name, remote in (
            ("source", remotes.source),
            ("charts", remotes.charts),
            ("deployments", remotes.deployments),
        )
    ]
    ours = [
        ("promotion.branch", remotes.source.url, config.promotion.branch),
        ("release.version-branch", remotes.source.url, config.release.version_branch),
        ("gates.branch", remotes.deployments.url, config.gates.branch),
    ]
    for index, (key, url, branch) in enumerate(ours):
        for other, place, taken in [*followed, *ours[:index]]:
            if url and url == place and branch and taken and _overlap(branch, taken, "/"):
                message = f"{quoted(branch)} meets {other} in the same repository"
                sheet.mistake_at(key, f"{message} (expected a branch of its own)")
                break


def _overlap(one: str, other: str, mark: str) -> bool:
    return f"{one}{mark}".startswith(f"{other}{mark}") or f"{other}{mark}".startswith(
        f"{one}{mark}"
    )


def _promotion(config: Config, sheet: Sheet) -> None:
    """The promotion must hold the changelog, and merging it must not ask for another candidate."""
    files, changelog = config.promotion.files, config.release.changelog
    known = changelog and files and "" not in files
    if known and not any(_matches(changelog, each) for each in files):
        message = f"{quoted(changelog)} is not among promotion.files (expected there as well)"
        sheet.mistake_at("release.changelog", message)
    for key, path in _released(config):
        for pattern in files:
            if path and pattern and _reaches(path, pattern):
                message = (
                    f"{quoted(path)} holds files of the promotion ({quoted(pattern)}), so that"
                )
                sheet.mistake_at(
                    key, f"{message} each release would call for the next (expected a smaller path)"
                )
                break


def _released(config: Config) -> Iterator[tuple[str, str]]:
    for name in config.release_inputs:
        for index, path in enumerate(config.inputs.get(name, ())):
            yield f"inputs.{name}[{index}]", path


def _matches(path: str, pattern: str) -> bool:
    return path == pattern or fnmatch.fnmatchcase(path, pattern)


def _reaches(path: str, pattern: str) -> bool:
    """Return whether an input path may hold a file that `pattern` matches."""
    if path == ".":
        return True
    fixed = pattern
    for sign in "*?[":
        fixed = fixed.partition(sign)[0]
    if fixed == pattern:
        return _overlap(path, pattern, "/") or _matches(path, pattern)
    folder = fixed.rpartition("/")[0]
    return bool(folder) and _overlap(path, folder, "/")
