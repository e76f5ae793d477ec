"""Follows an environment back, link by link; each is read outside and held against the next."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..chart.bump import value_at
from ..forge import yank_among
from ..images.tagging import registry_of
from ..kernel.config import Config
from ..kernel.errors import SlipwayError, WrongUsage
from ..kernel.world import World
from ..promotion import head, judge
from ..registry import Registry
from . import built, environments, gated, recorded, running, vendored
from .built import IMAGES, Carried, Origin, said_by
from .links import Link, Trace, missing, unasked, unread
from .recorded import Deployed, deployed
from .sides import Side, Sides

_CHART = "Chart.yaml"


def follow(world: World, environment: str) -> Trace:
    """Follow an environment back to who approved what it has, and verify each link.

    Args:
        world: whose configuration says where everything is.
        environment: its name.

    Raises:
        WrongUsage: there is no chart to follow.
        SlipwayError: the deployments repository cannot be read, so nothing is known.
    """
    folder = vendored_folder(world.config)
    sides = Sides(world)
    told = deployed(sides["deployments"], world.config, environment)
    if told is None:
        side = sides["deployments"]
        failed = environments.last_failure(world, side.refs, environment, 0)
        says = environments.failure(failed) if failed else ""
        return Trace(environment, fix=_first(world, side, environment), says=says)
    return _Following(world, told, folder, sides).trace()


def vendored_folder(config: Config) -> str:
    """Return where the chart is vendored.

    Raises:
        WrongUsage: it is not.
    """
    if config.chart is None or config.deployments.vendored is None:
        key = "deployments.vendored" if config.chart else "chart"
        raise WrongUsage(
            "there is no chart to follow a release by",
            where=config.where(key),
            fix="say where the chart is, and where it is vendored",
        )
    return posixpath.normpath(config.deployments.vendored)


def _first(world: World, side: Side, environment: str) -> str:
    """Return what to type when an environment was never deployed."""
    config, told = world.config, world.config.environments[environment]
    if told.passed and deployed(side, config, told.passed) is None:
        return _first(world, side, told.passed)
    lock = posixpath.join(posixpath.dirname(config.deployments.vendir), vendored.LOCK)
    if side.file(side.head, lock) is None:
        return "doit release"
    try:
        return judge(world, environment, head.ask(world)).fix or f"doit deploy:{environment}"
    except SlipwayError:
        return "doit status says what is in its way"


@dataclass(slots=True)
class _Following:
    """One trace while it is made; what a link finds out is there for the next."""

    world: World
    told: Deployed
    folder: str
    sides: Sides
    images: list[Carried] = field(default_factory=list)
    version: str = ""
    origin: Origin | None = None

    def trace(self) -> Trace:
        """Follow every link."""
        config, told = self.world.config, self.told
        assert config.chart  # `vendored_folder` has looked  # noqa: S101
        values = posixpath.normpath(posixpath.join(self.folder, config.chart.values))
        content = told.content(values)
        self.images = built.carried(config, content, values) if content is not None else []
        self.version = self._of_chart("appVersion")
        found = vendored.vendored(told, config, self.folder)
        chart = self._chart(found)
        digests = {image.name: image.digest for image in self.images}
        links = [
            recorded.state_link(told, self.version, found.chart, digests),
            *self._passed(),
            recorded.values_link(told, values),
            recorded.files_link(told, values),
            *chart,
            *self._release(),
            *self._gate(),
            *self._images(),
            *self._running(),
        ]
        origin = self.origin
        return Trace(
            told.environment,
            self.version,
            origin.commit if origin else "",
            origin.subject if origin else "",
            tuple(links),
        )

    def _of_chart(self, key: str) -> str:
        """Return what the vendored Chart.yaml says; "" when it does not."""
        name = f"{self.folder}/{_CHART}"
        content = self.told.content(name)
        try:
            return value_at(content, key, name=name) if content is not None else ""
        except SlipwayError:
            return ""

    def _passed(self) -> list[Link]:
        link = recorded.passed_link(self.told)
        return [link] if link else []

    def _chart(self, found: vendored.Vendored) -> list[Link]:
        """Follow the lock to the charts repository."""
        folder = Link("vendored", self.folder, self.told.side.at(found.commit))
        if not found.chart:
            return [found.link, unasked(folder, "which chart commit it was is not known")]
        config = self.world.config
        try:
            charts = self.sides["charts"]
        except SlipwayError as error:
            return [unread(found.link, said_by(error)), unread(folder, said_by(error))]
        return [
            vendored.chart_link(found, charts, self._of_chart("version")),
            vendored.vendored_link(self.told, found, charts, config, self.folder),
        ]

    def _release(self) -> list[Link]:
        """Follow breadcrumbs and version to the release, its commit and who approved it."""
        names = ("release", "tag", "commit", "promotion", "approver")
        rows = {name: Link(name, "", "") for name in names}
        if not self.images:
            return [unasked(row, "the images in the chart are not known") for row in rows.values()]
        try:
            source = self.sides["source"]
        except SlipwayError as error:
            return [unread(row, said_by(error)) for row in rows.values()]
        self.origin = built.origin(source, self.images)
        rows["commit"] = self.origin.link
        if not (self.origin.commit and self.version):
            for name in ("release", "tag", "promotion", "approver"):
                rows[name] = unasked(rows[name], "not asked: its commit or version is not known")
            if not self.version:
                rows["release"] = missing(rows["release"], f"{_CHART} has no appVersion")
            return list(rows.values())
        return [
            *self._published(source, self.origin.commit),
            self.origin.link,
            *self._approval(source, self.origin.commit),
        ]

    def _published(self, source: Side, commit: str) -> list[Link]:
        tag = built.tag_of(self.world, source, self.version, commit)
        row = Link("release", tag, "forge")
        release = _asked(row, lambda: built.release_link(self.world, tag, commit))
        yank = yank_among(source.mirror, source.refs, tag)
        if yank and not release.says:
            facts = {**release.facts, "yanked": {"by": yank.by, "why": yank.why}}
            release = replace(release, says=yank.spoken, facts=facts)
        return [release, built.tag_link(source, tag, commit)]

    def _approval(self, source: Side, commit: str) -> list[Link]:
        promotion = built.promotion_of(self.world.config, source, self.version)
        row = Link("promotion", "", "forge")
        link = _asked(row, lambda: built.promotion_link(self.world, source, promotion, commit))
        if promotion is None:
            return [link, unasked(Link("approver", "", ""), "nobody merged a promotion")]
        return [link, built.approver_link(source, promotion)]

    def _gate(self) -> list[Link]:
        gated_here = self.world.config.environments[self.told.environment].gate
        return [gated.gate_link(self.told, self.world.config)] if gated_here else []

    def _images(self) -> list[Link]:
        try:
            registry = registry_of(self.world)
        except SlipwayError as error:
            return [unread(Link("registry", "", "", part=IMAGES), said_by(error))]
        return [self._image(registry, image) for image in self.images]

    def _image(self, registry: Registry, image: Carried) -> Link:
        where = f"registry  {image.repository}"
        row = Link(image.name, image.digest[:19], where, part=IMAGES)
        return _asked(row, lambda: built.image_link(registry, image, self.version))

    def _running(self) -> list[Link]:
        return running.running_links(self.world, self.told.environment, self.images)


def _asked(link: Link, ask: Callable[[], Link]) -> Link:
    """Return the link that comes of a question, or that the other side could not be asked."""
    try:
        return ask()
    except SlipwayError as error:
        return unread(link, said_by(error))
