"""Build contexts for the tests of the builder, and looks into what came out."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.images.builder import Built, build

CREATED = 1767225600
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def make(folder: Path, dockerfile: str, files: Mapping[str, str] | None = None) -> Path:
    """Write a build context."""
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    return folder


def run(
    context: Path,
    args: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    bases: Callable[[str], Path | None] | None = None,
    output: Path | None = None,
) -> Built:
    """Build; the image goes beside the context unless said otherwise."""
    return build(
        context,
        "Dockerfile",
        output or context.with_name("image"),
        args=args or {},
        labels=labels or {},
        created=CREATED,
        bases=bases,
    )


def blob(layout: Path, digest: str) -> bytes:
    return (layout / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()


def config(layout: Path) -> dict[str, Any]:
    digest = manifest(layout)["config"]["digest"]
    value: dict[str, Any] = json.loads(blob(layout, digest))
    return value


def manifest(layout: Path) -> dict[str, Any]:
    index = json.loads((layout / "index.json").read_text())
    value: dict[str, Any] = json.loads(blob(layout, index["manifests"][0]["digest"]))
    return value


def members(layout: Path, layer: int = -1) -> Iterator[tarfile.TarInfo]:
    digest = manifest(layout)["layers"][layer]["digest"]
    path = layout / "blobs" / "sha256" / digest.removeprefix("sha256:")
    with tarfile.open(path) as archive:
        yield from archive


def names(layout: Path, layer: int = -1) -> list[str]:
    return [member.name for member in members(layout, layer)]


SAMPLE = {"app": "#!/bin/sh\n", "conf/a.yml": "a", "conf/deep/b.yml": "b", "README": "r"}
DOCKERFILE = 'FROM scratch\nCOPY app /usr/bin/app\nCOPY conf /etc/app/\nCMD ["/usr/bin/app"]\n'
