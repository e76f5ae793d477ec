"""A lock may be older than what the configuration names, and never of something else."""

from __future__ import annotations

import copy
import re
import shutil
from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.vendir.engine import config, gitsource, pins
from tests.vendir.conftest import Origin, Place

LOCKED = "lock    vendor/app\n"


class Charts(Origin):
    """A repository whose commits are known by names."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.first = self.commit("feat: one", {"f": "1\n"})
        self.git("tag", "v1.0.0")
        self.second = self.commit("feat: two", {"f": "2\n"})
        self.git("tag", "-a", "-m", "two", "v2.0.0")
        self.tag = self.git("rev-parse", "v2.0.0")
        self.git("tag", "-a", "-m", "old", "old")
        self.old = self.git("rev-parse", "old")
        self.git("tag", "-d", "old")
        self.git("branch", "cafe", self.first)
        self.git("checkout", "--quiet", "-b", "other", self.first)
        self.side = self.commit("feat: side", {"f": "side\n"})
        self.git("branch", "side")
        self.git("branch", "origin/q")
        self.git("checkout", "--quiet", "main")

    def id_of(self, found: re.Match[str]) -> str:
        ids = {"FIRST": self.first, "SECOND": self.second, "SIDE": self.side}
        ids |= {"TAG": self.tag, "OLD": self.old}
        return ids[found[1]][: int(found[2] or 40)]

    def config(self, *settings: str) -> None:
        for setting in settings:
            self.git("config", setting, "true")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Charts:
    return Charts(tmp_path_factory.mktemp("made") / "charts")


@pytest.fixture
def charts(made: Charts, tmp_path: Path) -> Charts:
    own = copy.copy(made)
    own.folder = tmp_path / "charts"
    shutil.copytree(made.folder, own.folder)
    return own


def _configure(place: Place, ref: str) -> None:
    given = ref if ref.startswith("refSelection") else f"ref: '{ref}'"
    place.configure(f"[{{path: app, git: {{url: ../charts, {given}}}}}]")


def _range(constraints: str) -> str:
    return f"refSelection: {{semver: {{constraints: '{constraints}'}}}}"


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("v1.0.0", "v1.0.0", True),
        ("v1.0.0", "v2.0.0", False),
        ("v1.0.0", "refs/tags/v1.0.0", True),
        ("v1.0.0", "refs/tags/v9", False),
        ("v1.0.0", "v1.0.0^{commit}", True),
        ("v1.0.0", "v2.0.0~1", True),
        ("v1.0.0", "v2.0.0^{commit}", False),
        ("v1.0.0", "FIRST", True),
        ("v1.0.0", "FIRST-9", True),
        ("v1.0.0", "SECOND-9", False),
        ("v1.0.0", "SECOND", False),
        ("v1.0.0", "00000000", False),
        ("v1.0.0", "cafe", True),
        ("v2.0.0", "cafe", False),
        ("v1.0.0", "origin/main", True),
        ("v1.0.0", "origin/main~1", True),
        ("v2.0.0", "origin/main", True),
        ("v2.0.0", "main", True),
        ("v2.0.0", "origin/other", False),
        ("other", "origin/main", False),
        ("v1.0.0", "tags/v1.0.0", True),
        ("v1.0.0", "tags/v2.0.0", False),
        ("v1.0.0", "remotes/origin/main", True),
        ("other", "refs/remotes/origin/other", True),
        ("other", "refs/remotes/origin/main", False),
        ("v1.0.0", "refs/remotes/origin/main~1", True),
        ("v2.0.0", "SECOND-40^{commit}", True),
        ("v2.0.0", "SECOND-40^0", True),
        ("v1.0.0", "SECOND-40~1", True),
        ("v1.0.0", "SECOND-9~1", True),
        ("v1.0.0", "FIRST-9^{commit}", True),
        ("v2.0.0", "FIRST-9^{commit}", False),
        ("v2.0.0", "TAG", True),
        ("v2.0.0", "TAG-9", True),
        ("v1.0.0", "TAG", False),
        ("v1.0.0", "TAG-9", False),
        ("v2.0.0", "OLD", True),
        ("v1.0.0", "OLD", False),
        ("other", "v1.0.0-1-gSIDE-9", True),
        ("v1.0.0", "v1.0.0-1-gSIDE-9", False),
        ("side", "origin/q", True),
        ("v2.0.0", "origin/q", False),
        ("v1.0.0", f"{'0' * 40}", False),
        ("v1.0.0", f"{'0' * 40}~1", False),
        ("v1.0.0", "nothing", False),
        ("v1.0.0", _range(">=1.0.0"), True),
        ("v1.0.0", _range(">=2.0.0"), False),
        ("other", _range(">=1.0.0"), False),
    ],
)
def test_the_lock_is_of_what_the_configuration_names(
    place: Place, charts: Charts, before: str, after: str, same: bool
) -> None:
    _configure(place, before)
    place.sync()
    _configure(place, re.sub(r"([A-Z]{3,})(?:-(\d+))?", charts.id_of, after))
    said = place.run("verify")
    assert (said.code, said.out) == ((0, "") if same else (1, LOCKED))


@pytest.mark.parametrize("how", ["plain", "filters", "mirror"])
def test_a_branch_that_has_moved_on_is_what_a_lock_is_for(
    place: Place, charts: Charts, tmp_path: Path, how: str
) -> None:
    if how == "filters":
        charts.config("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant")
    _configure(place, "origin/main")
    place.sync()
    charts.commit("feat: three", {"f": "3\n"})
    more: tuple[str, ...] = ()
    if how == "mirror":
        mirror = tmp_path / "mirror.git"
        g.git("clone", "--quiet", "--mirror", str(charts.folder), str(mirror))
        more = ("--mirror", f"../charts={mirror}")
    assert place.run("verify", *more).code == 0
    _configure(place, "origin/other")
    assert place.run("verify", *more).out == LOCKED
    assert place.run("verify", "-d", "vendor/app", *more).out == LOCKED


@pytest.mark.parametrize("ref", ["tags/v1.0.0", "SECOND-40~1", "remotes/origin/other", "TAG"])
@pytest.mark.parametrize("how", ["filters", "mirror"])
def test_a_lock_that_a_sync_has_written_fits_its_configuration(
    place: Place, charts: Charts, tmp_path: Path, ref: str, how: str
) -> None:
    more: tuple[str, ...] = ()
    if how == "filters":
        charts.config("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant")
    else:
        g.git("clone", "--quiet", "--mirror", str(charts.folder), str(tmp_path / "mirror.git"))
        more = ("--mirror", f"../charts={tmp_path / 'mirror.git'}")
    _configure(place, re.sub(r"([A-Z]{3,})(?:-(\d+))?", charts.id_of, ref))
    place.sync(*more)
    said = place.run("verify", *more)
    assert (said.code, said.out) == (0, "")


def test_a_tag_that_was_moved_is_told(place: Place, charts: Charts) -> None:
    _configure(place, "v2.0.0")
    place.sync()
    charts.git("tag", "--force", "v2.0.0", charts.first)
    assert place.run("verify").out == LOCKED


def test_of_contents_that_are_not_asked_for_nothing_is_told(place: Place, charts: Charts) -> None:
    contents = "[{path: app, git: {url: ../charts, ref: %s}}, {path: b, inline: {paths: {x: y}}}]"
    place.configure(contents % "v1.0.0")
    place.sync()
    place.configure(contents % "v2.0.0")
    assert place.run("verify").out == LOCKED
    assert place.run("verify", "-d", "vendor/b").code == 0


DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


@pytest.mark.parametrize(
    ("source", "facts", "same"),
    [
        ("helmChart: {name: x, version: '1.2.0'}", {"version": "1.2.0"}, True),
        ("helmChart: {name: x, version: v1.2.0}", {"version": "1.2.0"}, True),
        ("helmChart: {name: x, version: 1.2.0+b}", {"version": "1.2.0"}, True),
        ("helmChart: {name: x, version: 1.3.0}", {"version": "1.2.0"}, False),
        ("helmChart: {name: x, version: 1.2.0-rc.1}", {"version": "1.2.0"}, False),
        ("helmChart: {name: x, version: ^2}", {"version": "1.2.0"}, True),
        ("helmChart: {name: x}", {"version": "1.2.0"}, True),
        ("githubRelease: {slug: o/x, tag: v1}", {"tag": "v1", "url": "u"}, True),
        ("githubRelease: {slug: o/x, tag: v2}", {"tag": "v1", "url": "u"}, False),
        ("githubRelease: {slug: o/x, latest: true}", {"tag": "v1", "url": "u"}, True),
        ("githubRelease: {url: u}", {"tag": "v1", "url": "u"}, True),
        (
            "githubRelease: {slug: o/x, tagSelection: {semver: {constraints: 1.x}}}",
            {"tag": "v1.0.0", "url": "u"},
            True,
        ),
        (
            "githubRelease: {slug: o/x, tagSelection: {semver: {constraints: 2.x}}}",
            {"tag": "v1.0.0", "url": "u"},
            False,
        ),
        (f"image: {{url: h:1/x@{DIGEST}}}", {"url": f"h:1/x@{DIGEST}"}, True),
        (f"image: {{url: h:1/x@{OTHER}}}", {"url": f"h:1/x@{DIGEST}"}, False),
        ("image: {url: h:1/x:v1}", {"url": f"h:1/x@{DIGEST}", "tag": "v1"}, True),
        ("image: {url: h:1/x:v2}", {"url": f"h:1/x@{DIGEST}", "tag": "v1"}, False),
        ("image: {url: h:1/x}", {"url": f"h:1/x@{DIGEST}"}, True),
        ("image: {url: h:1/y:v1}", {"url": f"h:1/x@{DIGEST}", "tag": "v1"}, False),
        (
            "image: {url: h:1/x, tagSelection: {semver: {constraints: 2.x}}}",
            {"url": f"h:1/x@{DIGEST}", "tag": "1.0.0"},
            False,
        ),
        ("inline: {paths: {x: y}}", {}, True),
    ],
)
def test_other_sources_are_compared_with_the_lock_alone(
    tmp_path: Path, source: str, facts: dict[str, str], same: bool
) -> None:
    text = (
        "apiVersion: vendir.k14s.io/v1alpha1\nkind: Config\ndirectories:\n"
        f"- {{path: vendor, contents: [{{path: app, {source}}}]}}\n"
    )
    parsed = config.parse([("vendir.yml", text)])
    at = gitsource.Place(tmp_path, parsed, tmp_path, {})
    assert pins.fits(parsed.directories[0].contents[0], facts, at) == same
