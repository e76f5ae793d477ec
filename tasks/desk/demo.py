"""`doit demo`: the whole journey in the sandbox, with the human's part played out loud.

Each command is a process of its own, as a person would type it; what stands outside afterwards is
what they would have left, and the demo can be run again and again.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..kernel import git as g
from ..kernel import paths, remotes
from ..kernel.errors import Failed, WrongUsage
from ..kernel.redact import printable
from ..kernel.world import World

DONE, WAITING = 0, 4
_WIDTH = 88  # columns of a headline
_COUNTER = re.compile(r'^ *DEMO_RUN: "(\d+)"$', re.MULTILINE)
_WHO = "Demo <demo@lana.example>"


Command = tuple[tuple[str, ...], tuple[int, ...]]  # what is typed, and how it may end


@dataclass(frozen=True, slots=True)
class Scene:
    """One part of the journey.

    Attributes:
        title: its headline.
        commands: what is typed, each with the exit codes that the story can go on from.
        before: what somebody outside does first; returns words for it.
        waited: it is played only if the command before it ended at a gate. (A demo that was stopped
            halfway may have gone through it already.)
    """

    title: str
    commands: tuple[Command, ...]
    before: Callable[[World], str] | None = None
    waited: bool = False


def scenes(world: World) -> list[Scene]:
    """Return the journey of this pipeline, from a waiting commit to every environment."""
    names = first_track(world)
    yes = "approve:release", "--by=demo", "--why=the changelog reads well"
    told = [
        Scene("a commit is waiting", ((("release",), (WAITING, DONE)),), a_commit),
        Scene(
            "you are the human: is this what should be released?",
            ((yes, (DONE,)), (("release",), (DONE,))),
            waited=True,
        ),
    ]
    for place, name in enumerate(names):
        told += _gated(world, name) if world.config.environments[name].gate else [_to(name)]
        if place == min(1, len(names) - 1):  # the next one is there to see that it is not its own
            told.append(_own_value(names[0], names[1:2]))
    if names:
        title = f"what runs in {names[-1]}, and where does it come from?"
        told.append(Scene(title, (((f"trace:{names[-1]}",), (DONE,)),)))
    return told


def first_track(world: World) -> list[str]:
    """Return the first environment, and those that follow it one after the other."""
    environments = world.config.environments
    track = list(environments)[:1]
    while behind := [name for name, one in environments.items() if one.passed in track[-1:]]:
        track.append(behind[0])
    return track


def _to(name: str) -> Scene:
    return Scene(f"to {name}", (((f"deploy:{name}",), (DONE,)),))


def _own_value(name: str, others: Sequence[str]) -> Scene:
    """Change a value of one environment, and show that others have nothing to do."""
    title = f"somebody changes a value of {name}, and of {name} alone"
    commands = tuple(((f"deploy:{each}",), (DONE,)) for each in (name, *others))
    return Scene(title, commands, a_value(name))


def _gated(world: World, name: str) -> list[Scene]:
    before = world.config.environments[name].passed
    yes = (
        f"approve:{name}",
        "--by=demo",
        f"--why={before} is well" if before else "--why=it is well",
    )
    return [
        Scene(f"to {name}", (((f"deploy:{name}",), (WAITING, DONE)),)),
        Scene(
            f"you are the human: may this go to {name}?",
            ((yes, (DONE,)), ((f"deploy:{name}",), (DONE,))),
            waited=True,
        ),
    ]


def a_commit(world: World) -> str:
    """Play a developer who pushes a feature, unless one is waiting already."""
    from ..sandbox.repository import commit_change
    from ..version import commits_since_release

    remote = world.config.remotes.source
    where = remotes.address(world, remote)
    refs = remotes.ls(where)
    head = refs[f"refs/heads/{remote.branch}"]
    remotes.mirror(world, "source", where, refs)
    world.see("source", refs)
    waiting, since = commits_since_release(world, head)
    if any(commit.message.startswith(("feat", "fix")) for commit in waiting):
        return f"{len(waiting)} commits stand on {remote.branch} since {since}"
    page = "apps/customer-portal/page.html"
    mirror = world.mirror("source")
    now = (remotes.files_at(mirror, head, page) or b"").decode("utf-8", "replace")
    number = now.count("<!-- demo") + 1
    date = int(g.text("log", "-1", "--format=%ct", head, "--", repo=mirror)) + 3600
    made = commit_change(
        world.root / remote.url,
        remote.branch,
        f"feat(portal): greet visitors, demo {number}\n",
        {page: f"{now.rstrip()}\n<!-- demo {number} -->\n".encode()},
        author=_WHO,
        date=f"{date} +0000",
    )
    return f"a developer pushes {made[:7]} to {remote.branch}: feat(portal): greet visitors"


def a_value(name: str) -> Callable[[World], str]:
    """Return the act of somebody who edits one value of an environment."""

    def act(world: World) -> str:
        from ..sandbox.repository import commit_change

        remote = world.config.remotes.deployments
        where = remotes.address(world, remote)
        refs = remotes.ls(where)
        head = refs[f"refs/heads/{remote.branch}"]
        mirror = remotes.mirror(world, "deployments", where, refs)
        file = f"{world.config.environments[name].root}/values.yml"
        text, number = counted((remotes.files_at(mirror, head, file) or b"").decode())
        date = int(g.text("log", "-1", "--format=%ct", head, "--", repo=mirror)) + 60
        made = commit_change(
            world.root / remote.url,
            remote.branch,
            f"feat({name}): run {number} of the demo\n",
            {file: text.encode()},
            author=_WHO,
            date=f"{date} +0000",
        )
        return f"somebody pushes {made[:7]} to the deployments: {file} sets DEMO_RUN to {number}"

    return act


def counted(text: str) -> tuple[str, int]:
    """Return an environment's values with the demo's counter one higher, and its number.

    One line is changed and no other, so that edits which the user of the sandbox makes in the seed
    of the same file still go together with it.
    """
    found = _COUNTER.search(text)
    if found is None:
        number = text.count("# demo run ") + 1
        return f"{text.rstrip()}\n# demo run {number}\n", number
    number = int(found[1]) + 1
    return f"{text[: found.start(1)]}{number}{text[found.end(1) :]}", number


def demo(world: World) -> str:
    """Play the journey.

    Raises:
        WrongUsage: a part of this pipeline is no sandbox.
        Failed: a command ended as the story cannot go on from.
    """
    _refuse_what_is_real(world)
    begin = time.monotonic()
    code = DONE
    for scene in scenes(world):
        if scene.waited and code != WAITING:
            continue
        _say(f"\n── {scene.title} ".ljust(_WIDTH, "─"))
        if scene.before:
            _type(["sandbox"], (DONE,), show=False)
            _say(scene.before(world))
        for words, expected in scene.commands:
            code = _type(words, expected)
    _say(f"\nDone in {time.monotonic() - begin:.0f} s.")
    first = next(iter(world.config.environments), "")
    try_this = ["doit status", "doit plan release"]
    if first:
        root = world.config.environments[first].root
        try_this.append(f"edit envs/{root}/values.yml and doit deploy:{first}")
    _say("Try: " + " · ".join(try_this))
    return ""


def _refuse_what_is_real(world: World) -> None:
    """Refuse to play with anything but toys that the sandbox can make again."""
    config = world.config
    told = (config.remotes.source, config.remotes.charts, config.remotes.deployments)
    real = [remote.url for remote in told if not remote.embedded]
    for place in (config.registry.path, config.forge.path, config.cluster.path):
        if not place.startswith(f"{paths.SANDBOX}/"):
            real.append(place or "a registry or forge on the network")
    if real:
        raise WrongUsage(
            "the demo plays in the sandbox, and this pipeline is real",
            where=config.file,
            detail=real,
            fix="doit pipeline=PATH demo, with a file whose places all stand below .sandbox/",
        )


def _say(text: str) -> None:
    print(printable(text), flush=True)


def _type(words: Sequence[str], expected: tuple[int, ...], *, show: bool = True) -> int:
    """Run a command as a person would, on this very screen."""
    if show:
        _say("\n$ doit " + " ".join(_quoted(word) for word in words))
    env = dict(os.environ)
    out = None if show else subprocess.DEVNULL
    done = subprocess.run(
        [sys.executable, "-m", "doit", *_variables(), *words],
        cwd=paths.ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=None if show else subprocess.DEVNULL,
        check=False,
    )
    if done.returncode not in expected:
        raise Failed(
            f"doit {' '.join(words)} ended with {done.returncode},"
            f" and the story goes on from {' or '.join(map(str, expected))} only",
            fix="doit sandbox:reset --yes starts the sandbox over; doit status says where it is",
        )
    return done.returncode


def _variables() -> list[str]:
    """Return the variables of this command line (`pipeline=PATH`), for its commands."""
    return [word for word in sys.argv[1:] if word.startswith("pipeline=")]


def _quoted(word: str) -> str:
    option, equals, value = word.partition("=")
    return f'{option}="{value}"' if equals and " " in value else word
