"""What a notice says: one event of a run, in plain data, without secrets."""

from __future__ import annotations

import re
from hashlib import sha256

from ..kernel import git as g
from ..kernel import paths
from ..kernel.events import Event
from ..kernel.facts import canonical
from ..kernel.redact import printable, redact
from ..kernel.world import World

Notice = dict[str, str]

_LONGEST = 4000  # characters of text
_URL = re.compile(r"https?://[^\s()<>“”\"']+")
_KEY = 12  # characters of a key


def kind_of(event: Event) -> str:
    """Return what `notify.on` calls an event; "" for what nobody is told of."""
    if event.kind != "done":
        return event.kind
    if not event.acted:
        return ""
    if event.task == "publish":
        return "release"
    return "deploy" if event.task.startswith("deploy:") else ""


def notice_of(world: World, event: Event) -> Notice:
    """Return the notice of an event; every value is text, "" for what does not apply.

    Args:
        world: the facts as they are right behind the event.
        event: one that has a kind.
    """
    version, commit = _what(world, event)
    text = printable(redact(event.text)).strip()
    link = _URL.search(text)
    return {
        "event": kind_of(event),
        "project": world.config.project,
        "task": event.task,
        "version": version,
        "commit": commit,
        "text": text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…",
        "command": _command(event, text),
        "url": link[0].rstrip(".,;:") if link else "",
    }


def key_of(notice: Notice) -> str:
    """Return what two notices of one event share.

    What it is about decides; of a gate and a failure the words belong to it as well.
    """
    told = [notice[name] for name in ("event", "project", "task", "version", "commit")]
    if notice["event"] in ("gate", "failure"):
        told.append(notice["text"])
    return f"{notice['event']}:{notice['task']}:{sha256(canonical(told)).hexdigest()[:_KEY]}"


def _command(event: Event, text: str) -> str:
    """Return what to type next: what the message says, else the task again when it failed."""
    said = re.findall(r"^  ((?:\./)?doitw? \S.*)$", text, re.MULTILINE)
    if said:
        return str(said[-1])
    return printable(f"doit {event.task}") if event.kind == "failure" else ""


def _what(world: World, event: Event) -> tuple[str, str]:
    """Return the version and the commit that an event is about, as far as facts tell."""
    if event.task.startswith("deploy:"):
        return _deployed(world, event)
    receipt = world.json_or(paths.receipt(event.task), {})
    told = receipt if event.kind == "done" else world.json_or(paths.VERSION, {})
    if ":" in event.task and event.kind == "gate":
        return "", ""  # an environment's: it is about files, which the words name
    version, commit = told.get("version"), told.get("commit")
    return (version or "", commit or "") if isinstance(version, str) else ("", "")


def _deployed(world: World, event: Event) -> tuple[str, str]:
    """Return the release that an environment has, and the commit that records it."""
    commit = world.json_or(paths.receipt(event.task), {}).get("commit")
    if event.kind != "done" or not isinstance(commit, str):
        return "", ""
    mirror = world.mirror("deployments")
    form = "--format=%(trailers:key=Slipway-Release,valueonly,separator=%x2C)"
    version = g.git("log", "-1", form, commit, "--", repo=mirror, ok=(0, 128))
    return version.decode(errors="replace").strip(), commit
