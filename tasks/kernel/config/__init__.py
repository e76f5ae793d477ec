"""What `pipeline.yml` says, checked once and whole, as frozen values that every room may ask.

    document     YAML text in, nodes with their lines out; collects the mistakes
    secrets      what must never stand in the file, and how text from it is shown
    grammar      the words of the file: what is a name, a path, a branch, a URL
    readers      text, lists, mappings and records, read from a node
    sections     one reader for each section
    checking     the reader of checks
    docsite      the documentation of a release
    outward      what goes by itself: automerge and notify
    agreement    what must agree between the sections
    model        the values that come out: all of them together, and their parts
    made, outside    values of what a release is made of, and of what stands outside
    value        what all values have in common
    selection    which file is meant

Every graph load passes through here, so nothing but the standard library and yaml is imported.
"""

from __future__ import annotations

from pathlib import Path

from ..paths import ROOT
from . import agreement, document, sections
from .docsite import Docs, DocsCommand
from .model import (
    App,
    Binary,
    Chart,
    Check,
    Cluster,
    Config,
    Deployments,
    Endpoint,
    Environment,
    Forge,
    Gates,
    Image,
    Moving,
    Promotion,
    Registry,
    Release,
    Remote,
    Remotes,
    Smoketest,
    Testflight,
)
from .outward import Automerge, Notice
from .readers import Spot
from .selection import selected_path

__all__ = [
    "App",
    "Automerge",
    "Binary",
    "Chart",
    "Check",
    "Cluster",
    "Config",
    "Deployments",
    "Docs",
    "DocsCommand",
    "Endpoint",
    "Environment",
    "Forge",
    "Gates",
    "Image",
    "Moving",
    "Notice",
    "Promotion",
    "Registry",
    "Release",
    "Remote",
    "Remotes",
    "Smoketest",
    "Testflight",
    "blank",
    "load",
    "selected_path",
]


def load(path: Path | None = None) -> Config:
    """Read and check a pipeline file.

    Args:
        path: the file; by default the one that `selected_path` chooses for this checkout.

    Raises:
        WrongUsage: the file is missing or not YAML, or something in it is wrong. Its message has a
            line for each mistake, `FILE:LINE: dotted.key[2]: message (expected …)`, then a count.
    """
    chosen = selected_path(ROOT) if path is None else path
    sheet = document.Sheet(document.display(chosen))
    root = document.compose(document.read(chosen), sheet)
    config = sections.pipeline(Spot(sheet, "", 1, root))
    agreement.check(config, sheet)
    sheet.close()
    return config


_BLANK = b"""\
project: none
remotes: {source: {url: none.git}, charts: {url: none.git}, deployments: {url: none.git}}
inputs: {}
registry: {kind: local, path: none}
forge: {kind: local, path: none}
environments: {}
"""


def blank() -> Config:
    """Return a pipeline of nothing, for a command that has to work while the file is broken."""
    sheet = document.Sheet("pipeline.yml")
    return sections.pipeline(Spot(sheet, "", 1, document.compose(_BLANK, sheet)))
