"""A published release as the chart takes it in: pure, from a chart's two files to two others.

The editor in `bump` is imported where it is used: an idle run does without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..kernel.config import Chart
from ..kernel.world import UNKNOWN
from .modules import Files, ref_files

if TYPE_CHECKING:
    from .bump import PullRequestText

CHART_FILE = "Chart.yaml"
IS_RELEASE = "is-release"
NO_RELEASE = (
    "This is a candidate, for a look at the chart before it is released. It is not merged by"
    " itself, and no environment gets it; its release comes in a pull request of its own."
)


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
    def final(self) -> bool:
        """Whether it is a release, and no candidate of one."""
        return "-" not in self.version

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
    """What of a chart a release changes, at one commit.

    Attributes:
        told: the chart as configured.
        at: the commit, for messages: "charts@9c1d04e".
        values: the values file.
        about: `Chart.yaml`.
        notes: the small files that are ours alone, by path in the chart, those that are there:
            whether it is a release, and which commit its modules are of.
        modules: the files in the folders that are copied from the source, by path in the chart.
    """

    told: Chart
    at: str
    values: bytes
    about: bytes
    notes: Mapping[str, bytes] = field(default_factory=dict)
    modules: Files = field(default_factory=dict)

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

    @property
    def is_candidate(self) -> bool:
        """Whether it holds what has not been released."""
        return self.notes.get(IS_RELEASE) == b"false\n"

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


def notes_with(content: Content, release: Release) -> dict[str, bytes]:
    """Return the small files that are ours alone, as they should be: path in the chart → content.

    `is-release` says whether the chart holds a release or a candidate, which no environment gets;
    `repo-ref` beside the modules says of which commit they are.
    """
    notes = {IS_RELEASE: b"true\n" if release.final else b"false\n"}
    return notes | dict.fromkeys(ref_files(content.told), f"{release.commit}\n".encode())


def carries(content: Content, release: Release, repository: str, modules: Files) -> bool:
    """Say whether a chart has a release: the bump of its files would change nothing.

    The chart's own version does not count: it may have gone on since then.

    Args:
        content: the chart.
        release: what it should have.
        repository: the source's address.
        modules: the files of the source that it should have taken along.

    Raises:
        SlipwayError: as `values_with`, or there is no `appVersion`.
    """
    if not release.known or content.app_version != release.version:
        return False
    if content.notes != notes_with(content, release) or content.modules != modules:
        return False
    return values_with(content, release, repository) == content.values


def files_with(content: Content, release: Release, repository: str) -> dict[str, bytes]:
    """Return the chart's files as they should be: path in the repository → content.

    Those of its modules are not among them; see `modules`.

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
        **{f"{told.path}/{path}": note for path, note in notes_with(content, release).items()},
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
        note="" if release.final else NO_RELEASE,
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
