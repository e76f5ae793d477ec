"""Whether a chart's images are those of one build of one commit, all of them in the registry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..images import BINARY_LABEL
from ..kernel.errors import Failed, SlipwayError
from ..kernel.world import UNKNOWN, World
from ..registry import Registry, open_registry
from .release import Content, Release
from .remote import chart_of

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_REVISION = "org.opencontainers.image.revision"
_NONE = "an unknown commit"
Images = Mapping[str, Mapping[str, str]]


def refuse_release(world: World, release: Release) -> None:
    """Refuse digests that are not of one build of the release's commit, all in the registry.

    Raises:
        SlipwayError: one is not there, or is of another commit; or two carry different binaries.
    """
    registry, told = open_registry(world.config.registry, world.root), chart_of(world)
    binaries: dict[str, str] = {}
    for name, image in release.images.items():
        if image["digest"] == UNKNOWN:
            continue  # a plan: it is built first
        labels = _labels(registry, image)
        if labels is None:
            raise SlipwayError(
                f"the image {name} is not in the registry",
                where=f"{image['repository']}@{image['digest']}",
                fix="doit publish says what the release stands on",
            )
        built_from = labels.get(_REVISION, "")
        if built_from != release.commit:
            raise SlipwayError(
                f"the image {name} is not of {release.version}",
                where=f"{image['repository']}@{image['digest']}",
                detail=[
                    f"for         {told.images[name]}",
                    f"built from  {built_from or _NONE}",
                    f"released    {release.commit}",
                ],
                fix="look who pushed it; a new release is of one build",
            )
        if binary := labels.get(BINARY_LABEL):
            binaries[name] = binary
    if len(set(binaries.values())) > 1:
        raise SlipwayError(
            f"the images of {release.version} carry different binaries",
            detail=[f"{told.images[name]}: {name} {one}" for name, one in binaries.items()],
            fix="push a commit: the next release is of one build",
        )


def refuse_chart(world: World, content: Content, where: str, images: Images | None) -> None:
    """Refuse a chart whose images are no digests, or not of one build; people can write it too.

    Args:
        world: whose registry is asked.
        content: the chart as it stands.
        where: for the message.
        images: name → repository of each image, to have the registry asked; None when it was, of
            this very chart.

    Raises:
        Failed: with a line for each path in the values that is wrong.
    """
    wrong = mistakes(content)
    if not wrong and images is not None:
        wrong = _foreign(open_registry(world.config.registry, world.root), content, images)
    if wrong:
        raise Failed(
            f"the images of {content.told.name} are not those of one release",
            where=where,
            detail=wrong,
            fix=f"take back what was changed in {content.told.values} by hand:"
            " a release sets all of them",
        )


def mistakes(content: Content) -> list[str]:
    """Return a line for each image of the chart that is not what a release puts there.

    It must stand where the configuration says, be a digest, and the breadcrumbs must name one
    commit. A release leaves one beside each digest, so a chart with some of them is of more than
    one hand; with none at all, the images themselves have to say where they are from.
    """
    wrong: list[str] = []
    refs: dict[str, str] = {}
    for image, path in content.told.images.items():
        try:
            digest, refs[path] = content.digest(image), content.old_ref(image)
        except SlipwayError as error:
            wrong.append(f"{error.where or content.values_name}: {error.what}")
            continue
        if not _DIGEST.fullmatch(digest):
            said = f"{path}: {digest!r} is no digest" if digest else f"{path}: there is no digest"
            wrong.append(f"{content.values_name}: {said}")
            del refs[path]
    if len(_apart(refs.values())) > 1 or (any(refs.values()) and not all(refs.values())):
        wrong.append(f"{content.values_name}: the images are of more than one build")
        wrong += [f"  {path}: built from {ref or _NONE}" for path, ref in refs.items()]
    return wrong


def _foreign(registry: Registry, content: Content, images: Images) -> list[str]:
    """Return a line for each image that the registry lacks, or knows as another build's."""
    wrong: list[str] = []
    commits: dict[str, str] = {}
    binaries: dict[str, str] = {}
    for name, path in content.told.images.items():
        if name not in images:
            wrong.append(f"{content.values_name}: {path}: no image {name} was published")
            continue
        repository, digest = images[name]["repository"], content.digest(name)
        labels = _labels(registry, {"repository": repository, "digest": digest})
        if labels is None:
            wrong.append(f"{content.values_name}: {path}: {digest} is not in {repository}")
            continue
        commits[path], crumb = labels.get(_REVISION, ""), content.old_ref(name)
        if commits[path] and not commits[path].startswith(crumb):
            wrong.append(f"{content.values_name}: {path}: the image is not of {crumb}")
        if binary := labels.get(BINARY_LABEL):
            binaries[path] = binary
    # Images that say nothing at all, an older tool's, have no more than their breadcrumbs.
    silent = not any(commits.values()) and all(map(content.old_ref, content.told.images))
    if len(set(commits.values())) > 1 or not (silent or all(commits.values())):
        wrong.append(f"{content.values_name}: the images are of more than one build")
    if wrong:
        wrong += [f"  {path}: built from {commit or _NONE}" for path, commit in commits.items()]
    if len(set(binaries.values())) > 1:
        wrong.append(f"{content.values_name}: the images carry different binaries")
        wrong += [f"  {path}: {binary}" for path, binary in binaries.items()]
    return wrong


def _labels(registry: Registry, image: Mapping[str, str]) -> dict[str, str] | None:
    """Return an image's labels; None when the registry has no such image."""
    where, digest = image["repository"], image["digest"]
    if registry.manifest(where, digest) is None:
        return None
    labels: dict[str, str] = registry.config(where, digest).get("config", {}).get("Labels") or {}
    return labels


def _apart(refs: Iterable[str]) -> set[str]:
    """Return the commits among references, of which one may be the beginning of another."""
    found: list[str] = []
    for ref in sorted(filter(None, refs), key=len, reverse=True):
        if not any(longer.startswith(ref) for longer in found):
            found.append(ref)
    return set(found)
