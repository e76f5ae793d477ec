"""A published release as the chart takes it in: pure, from a chart's two files to two others.

The editor in `bump` is imported where it is used: an idle run does without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kernel.config import Chart
from ..kernel.world import UNKNOWN

if TYPE_CHECKING:
    from .bump import PullRequestText

CHART_FILE = "Chart.yaml"


@dataclass(frozen=True, slots=True)
class Release:
    """What should stand in the chart.

    Attributes:
        version: the published version.
        commit: the commit of the source that it was built from.
        images: the images that the chart names: name → `repository` and `digest`.
    """

    version: str
    commit: str
    images: dict[str, dict[str, str]]

    @property
    def ref(self) -> str:
        """The commit as breadcrumbs name it."""
        return self.commit[:7]

    @property
    def known(self) -> bool:
        """Whether all digests are known; in a plan they may be still to be built."""
        return all(image["digest"] != UNKNOWN for image in self.images.values())

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"version": self.version, "commit": self.commit, "images": self.images}


@dataclass(frozen=True, slots=True)
class Content:
    """The two files of a chart that a release changes, at one commit.

    Attributes:
        told: the chart as configured.
        at: the commit, for messages: "charts@9c1d04e".
        values: the values file.
        about: `Chart.yaml`.
    """

    told: Chart
    at: str
    values: bytes
    about: bytes

    @property
    def values_name(self) -> str:
        """The values file in messages."""
        return f"{self.at}:{self.told.path}/{self.told.values}"

    @property
    def about_name(self) -> str:
        """`Chart.yaml` in messages."""
        return f"{self.at}:{self.told.path}/{CHART_FILE}"

    @property
    def app_version(self) -> str:
        """What the chart installs."""
        return _value(self.about, "appVersion", self.about_name)

    @property
    def version(self) -> str:
        """The chart's own version."""
        return _value(self.about, "version", self.about_name)

    def digest(self, image: str) -> str:
        """Return the digest of an image that stands there."""
        return _value(self.values, self.told.images[image], self.values_name)

    def old_ref(self, image: str) -> str:
        """Return the commit that an image there was built from; "" when nothing says it."""
        from .bump import old_ref

        return old_ref(self.values, self.told.images[image], name=self.values_name) or ""


def _value(text: bytes, path: str, name: str) -> str:
    from .bump import value_at

    return value_at(text, path, name=name)


def values_with(content: Content, release: Release, repository: str) -> bytes:
    """Return the values file with a release's digests and breadcrumbs, else byte for byte the same.

    Args:
        content: what stands there.
        release: what should.
        repository: the source's address, for a breadcrumb that is missing.

    Raises:
        SlipwayError: a path is not there, or a breadcrumb cannot be renewed.
    """
    from .bump import Edit, Origin, bump, edit, git_ref_path

    text, name = content.values, content.values_name
    for image, at in release.images.items():
        path = content.told.images[image]
        edits = [Edit(path, at["digest"])]
        # Older charts name the commit in a scalar beside the digest.
        if beside := git_ref_path(text, path, name=name):
            edits.append(Edit(beside, release.ref))
        origin = Origin(repository, image)
        text = bump(text, edits[:1], ref=release.ref, origin=origin, name=name)
        text = edit(text, edits[1:], name=name) if edits[1:] else text
    return text


def carries(content: Content, release: Release, repository: str) -> bool:
    """Say whether a chart has a release: the bump of its files would change nothing.

    The chart's own version does not count: it may have gone on since then.

    Raises:
        SlipwayError: as `values_with`, or there is no `appVersion`.
    """
    if not release.known or content.app_version != release.version:
        return False
    return values_with(content, release, repository) == content.values


def files_with(content: Content, release: Release, repository: str) -> dict[str, bytes]:
    """Return the chart's files as they should be: path in the repository → content.

    Raises:
        SlipwayError: as `values_with`; or the chart's version is no semantic version.
    """
    from .bump import chart_edits, edit, next_version

    told, name = content.told, content.about_name
    raised = next_version(content.about, "patch", name=name) if told.version == "patch" else None
    about = edit(content.about, chart_edits(app_version=release.version, version=raised), name=name)
    return {
        f"{told.path}/{told.values}": values_with(content, release, repository),
        f"{told.path}/{CHART_FILE}": about,
    }


def words(content: Content, release: Release, repository: str) -> PullRequestText:
    """Return the words of the pull request.

    Args:
        content: what stands on the branch below.
        release: what the pull request brings.
        repository: the source's address.
    """
    from .bump import Bumped, pull_request

    images = [
        Bumped(name, at["digest"], content.old_ref(name)) for name, at in release.images.items()
    ]
    return pull_request(
        chart=content.told.name,
        ref=release.ref,
        repository=repository,
        images=images,
        version=release.version,
    )


def named(content: Content, images: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the images that stand in a chart: name → `repository` and `digest`.

    Args:
        content: the chart.
        images: name → repository, of the images to look for.
    """
    return {
        name: {"repository": repository, "digest": content.digest(name)}
        for name, repository in images.items()
    }
