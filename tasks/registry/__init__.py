"""The registry of images: one port, embedded in a folder, or real over HTTP(S).

`port` says what a registry can do; `layout` and `http` do it; `open_registry` chooses by the
configuration. Images come and go as OCI image layouts, and everything is addressed and verified by
its digest. `find_file` takes one file out of an image. `elsewhere` reads what other registries
have, with nothing of what the pipeline's own is opened with.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .files import find_file
from .layout import LayoutRegistry
from .port import Pushed, Registry, TagTaken

if TYPE_CHECKING:
    from tasks.kernel.config import model

    from . import elsewhere

__all__ = [
    "LayoutRegistry",
    "Pushed",
    "Registry",
    "TagTaken",
    "elsewhere",
    "find_file",
    "open_registry",
]


def open_registry(settings: model.Registry, root: Path) -> Registry:
    """Return the registry that the configuration names; nothing is asked of it yet.

    Args:
        settings: the section `registry` of the configuration. Its `prefix` is not looked at:
            callers name repositories in full.
        root: what a relative `path` is relative to.

    Raises:
        WrongUsage: the address is not one, or half of the credentials is missing.
    """
    if settings.kind == "local":
        return LayoutRegistry(root / settings.path)
    from .http import HttpRegistry  # requests is heavy, and the embedded registry needs none of it

    return HttpRegistry(settings.url, insecure=settings.insecure)
