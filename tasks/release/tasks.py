"""Declares the release: `candidate`, `promote`; gate; `draft`, `tag`, `publish`, `counter`."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel import declare, paths
from ..kernel.config import Config
from ..kernel.pipeline import embedded, pipeline
from . import (
    approve,
    automerge,
    candidate,
    counter,
    draft,
    drop,
    gate,
    promote,
    publish,
    withdraw,
    yank,
)

_PARAMS = [
    {"name": "by", "long": "by", "default": "", "help": "who approves"},
    {"name": "why", "long": "why", "default": "", "help": "why it is right to release this"},
]


def task_draft() -> Iterator[declare.Task]:
    """`draft`: the newest merged promotion → a draft release with every asset."""
    config = pipeline()
    yield declare.effect(
        draft.EFFECT,
        doc="draft the approved release: binary, checksums, notes",
        room="release",
        reads=[paths.MERGED],
        observers=["source", "forge"],
        after=["registry"],
        settings=config.slice("release", "binary", "forge", "registry"),
        wakes=[withdraw.Withdrawn()],
    )


def task_withdraw() -> Iterator[declare.Task]:
    """`withdraw`: the refs of yanked releases → pages, latest, the chart's offer, deployments."""
    config = pipeline()
    yield declare.effect(
        withdraw.EFFECT,
        doc="have what shows and offers a yanked release say so, and stop",
        room="release",
        reads=[],
        observers=["source", "forge", *(["deployments"] if config.environments else [])],
        settings=config.slice("forge", "registry", "release", "chart", "environments", "remotes"),
        wakes=[withdraw.Changed()],
    )


def task_tag() -> Iterator[declare.Task]:
    """`tag`: when the final images stand, the final tag on the promoted commit."""
    config = pipeline()
    yield declare.effect(
        publish.TAG,
        doc="tag the approved commit with the released version",
        room="release",
        reads=[paths.receipt("draft"), *(paths.receipt(f"final:{name}") for name in config.images)],
        observers=["source"],
        settings=config.slice("release", "remotes.source"),
    )


def task_publish() -> Iterator[declare.Task]:
    """`publish`: everything read back, then public."""
    config = pipeline()
    finals = [paths.receipt(f"final:{name}") for name in config.images]
    yield declare.effect(
        publish.EFFECT,
        doc="read everything back, then publish the approved release",
        room="release",
        reads=[paths.receipt("draft"), paths.receipt("tag"), *finals],
        observers=["forge"],
        settings=config.slice("forge", "registry"),
    )


def task_counter() -> Iterator[declare.Task]:
    """`counter`: the version branch follows the publication."""
    yield declare.effect(
        counter.EFFECT,
        doc="set the version counter to the published version",
        room="release",
        reads=[paths.receipt("publish")],
        observers=["source"],
        settings=pipeline().slice("release", "remotes.source"),
    )


def task_intact() -> Iterator[declare.Task]:
    """`intact`: what is public against what was approved."""
    yield declare.stage(
        "intact",
        draft.judge,
        doc="say whether the published release is still what was approved",
        room="release",
        reads=[paths.receipt("draft")],
        writes=[],
        after=["publish"],
    )


def task_candidate() -> Iterator[declare.Task]:
    """`candidate`: when all its images are pushed, the public tag."""
    config = pipeline()
    yield declare.effect(
        candidate.EFFECT,
        doc="tag the candidate's commit, last of all it is made of",
        room="release",
        reads=[paths.VERSION, *(paths.receipt(f"push:{name}") for name in config.images)],
        observers=["source"],
        settings=config.slice("release", "remotes.source"),
    )


def task_promote() -> Iterator[declare.Task]:
    """`promote`: the changelog on a branch, and one draft pull request."""
    config = pipeline()
    yield declare.effect(
        promote.EFFECT,
        doc="open the promotion pull request, or bring the open one up to the candidate",
        room="release",
        reads=[
            paths.VERSION,
            paths.SECTION,
            paths.CHANGELOG,
            *([paths.DOCS, paths.DOCS_FILES] if config.docs else []),
            paths.receipt("candidate"),
            *(paths.receipt(f"push:{name}") for name in config.images),
            *([paths.BINARY] if config.binary and config.binary.assets else []),
            "templates/promotion/body.md.j2",
        ],
        observers=["forge", "source"],
        settings=config.slice("promotion", "release", "forge", "project"),
    )


def task_release() -> Iterator[declare.Task]:
    """`gate` waits for a human; `release` is both halves, up to the gate and past it."""
    yield declare.stage(
        "gate",
        gate.gate,
        doc="closed (exit code 4) while the newest candidate is not released; wait=30m waits",
        room="release",
        reads=[paths.VERSION, paths.receipt("promote"), paths.receipt("publish")],
        writes=[],
        after=["forge"],
        wakes=[gate.Released()],
        forecast=gate.foresee,
        opens=gate.opens,
    )
    yield {
        "basename": "release",
        "actions": None,
        "doc": "publish what was approved and take it to the deployments; then the next candidate",
        "task_dep": [
            "withdraw",
            "publish",
            "counter",
            "intact",
            *_onward(pipeline()),
            "statuses",
            "promote",
            *_shown(pipeline()),
            "gate",
        ],
    }


def _onward(config: Config) -> list[str]:
    """Return the end of a release's way: the deployments, the chart, or nothing behind it."""
    if config.deployments.vendored:
        return ["vendor"]
    return ["chart:merge"] if config.chart else []


def _shown(config: Config) -> list[str]:
    """Return what shows a candidate to people besides its promotion."""
    return ["chart:candidate"] if config.chart and config.chart.candidate else []


def task_approve() -> Iterator[declare.Task]:
    """`approve:release`: depends on observers alone."""
    yield declare.command(
        "approve:release",
        approve.approve,
        doc="open the human gate: merge the promotion that is shown (--by=NAME --why=TEXT)",
        after=["source", "forge"],
        params=_PARAMS,
        acts=True,
        shows=True,
    )


def task_drop() -> Iterator[declare.Task]:
    """`candidate:drop`: asks the forge afresh, and closes what is shown."""
    yield declare.command(
        "candidate:drop",
        drop.drop,
        doc="say no to the candidate that waits: close its promotion (--by=NAME --why=TEXT)",
        after=embedded(pipeline()),
        params=_PARAMS,
        acts=True,
        shows=True,
    )


def task_yank() -> Iterator[declare.Task]:
    """`release:yank`: a person withdraws what is public."""
    told = {"name": "version", "long": "version", "default": "", "help": "which release"}
    yield declare.command(
        "release:yank",
        yank.yank,
        doc="withdraw a published release, deleting nothing (--version=X.Y.Z --by=NAME --why=TEXT)",
        after=["source", "forge"],
        params=[told, *_PARAMS],
        acts=True,
        shows=True,
    )


def task_automerge() -> Iterator[declare.Task]:
    """`automerge`: asks the forge afresh, and merges what is green."""
    yield declare.command(
        "automerge",
        automerge.automerge,
        doc="merge the pull requests that carry every label and are green; say of others why not",
        after=embedded(pipeline()),
        acts=True,
        shows=True,
    )
