"""`doit status`: where things stand, and what to type next. Asks the outside, changes nothing."""

from __future__ import annotations

from typing import Any

from doit import Globals

from ..forge import connect, is_yanked, marked, yank_of, yanks
from ..kernel import graph, paths
from ..kernel.errors import SlipwayError
from ..kernel.redact import printable
from ..kernel.world import Forecast, World
from ..version import commits_since_release
from . import environments
from .plan import forecast
from .walk import Step, walk


def _line(name: str, says: str, command: str = "") -> str:
    return f"{name:<12} {says}" + (f"\n{'':<12} → {command}" if command else "")


def _source(ahead: Forecast) -> str:
    head = ahead.json(paths.HEAD)
    commits, since = commits_since_release(ahead, head["commit"])
    some = f"{len(commits)} commit{'' if len(commits) == 1 else 's'}"
    return _line(
        "source",
        f"{head['branch']} is at {head['commit'][:7]}, {some} after {since}"
        f"  “{head['subject'][:50]}”",
    )


def _release(ahead: Forecast, world: World) -> list[str]:
    promotion = ahead.json(paths.MERGED)["promotion"]
    published = world.json_or(paths.receipt("publish"), {})
    if promotion is None:
        return [_line("release", "nothing was promoted yet")]
    version = promotion["version"]
    release = connect(ahead).release(_tag_of(ahead, promotion))
    if release is None or release.draft:
        return [
            _line(
                "release",
                f"{version} is approved by {promotion['by']}, but not published",
                "doit release",
            )
        ]
    if yank := yank_of(ahead, release.tag):
        return [_line("release", f"{version} is {yank.spoken}")]
    known = "" if published.get("version") == version else "  (published elsewhere)"
    return [_line("release", f"{version} is published, from {promotion['commit'][:7]}{known}")]


def _tag_of(ahead: Forecast, promotion: dict[str, Any]) -> str:
    from ..version import tag_prefix

    return tag_prefix(ahead, promotion["commit"]) + str(promotion["version"])


def _candidate(ahead: Forecast, steps: list[Step]) -> str:
    if not ahead.exists(paths.VERSION):
        return _line("candidate", "none")
    version = ahead.json(paths.VERSION)
    if version["version"] is None:
        return _line("candidate", "nothing to release")
    at = f"{version['version']} at {version['commit'][:7]}"
    working = [step for step in steps if step.state == "runs" and step.foreseen.means]
    if any(
        step.name in ("version", "candidate", "promote") or step.name.startswith("push:")
        for step in working
    ):
        return _line("candidate", f"next: {at}", "doit release")
    if is_yanked(ahead, version["core"], version["commit"]):
        return _line("candidate", f"{at} was released and yanked; a fix is the next release")
    if not any(step.state == "waits" for step in steps):
        return _line("candidate", f"{at} is released; nothing waits")
    for pull in connect(ahead).pulls(ahead.config.promotion.branch):
        if marked(pull.body) == version["version"]:
            if pull.state == "open":
                return _line(
                    "candidate", f"{at} waits for a human: {pull.where}", "doit approve:release"
                )
            if pull.state == "closed":
                return _line("candidate", f"{at} was refused: {pull.where} is closed")
    return _line("candidate", at, "doit release")


def _places(ahead: Forecast) -> list[str]:
    """Return a line for the chart and one for each environment."""
    lines = []
    try:
        if said := environments.chart_line(ahead):
            lines.append(_line("chart", said))
        if ahead.config.environments:
            gone = {yank.version: yank.spoken for yank in yanks(ahead)}
            for one in environments.standings(ahead):
                below = f"\n{'':<12} {one.runs} is {gone[one.runs]}" if one.runs in gone else ""
                lines.append(_line(one.name, one.plain() + below, one.command))
    except SlipwayError as error:
        lines.append(_line("deployments", "\n             ".join(str(error).split("\n"))))
    return lines


def _troubles(steps: list[Step]) -> list[str]:
    return [
        _line(step.name, "\n             ".join(step.foreseen.says.split("\n")))
        for step in steps
        if step.state == "fails"
    ]


def status(world: World) -> str:
    """Print where things stand."""
    with forecast(world) as ahead:
        steps = walk(graph.current(), ["release"], ahead, Globals.dep_manager)
        lines = [_line("pipeline", f"{world.config.project}  ({world.config.file})")]
        seen = {step.name for step in steps if step.state == "runs"}
        if "source" in seen:
            lines.append(_source(ahead))
        if "forge" in seen:
            lines += _release(ahead, world)
        if {"source", "forge"} <= seen:
            lines.append(_candidate(ahead, steps))
        if "source" in seen:
            lines += _places(ahead)
        lines += _troubles(steps)
    print(printable("\n".join(lines)))
    return ""
