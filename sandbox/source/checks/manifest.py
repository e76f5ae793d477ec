#!/usr/bin/env python3
"""Check `build.toml` against the files: complete, true, and built to the same bytes twice."""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
KEYS = {
    "executable": {"command", "sources"},
    "image": {"context", "dockerfiles", "port", "made"},
}
STAMP = {"VERSION": "0.0.0", "COMMITHASH": "0" * 40}


def shape(manifest: dict[str, Any]) -> Iterator[str]:
    """Yield what is missing in the manifest, or unknown there."""
    for kind in manifest.keys() - KEYS.keys():
        yield f"{kind}: unknown section"
    for kind, keys in KEYS.items():
        for name, told in manifest.get(kind, {}).items():
            for key in sorted(keys ^ told.keys()):
                yield f"{kind}.{name}.{key}: {'missing' if key in keys else 'unknown key'}"


def image(name: str, told: dict[str, Any]) -> Iterator[str]:
    """Yield where an image's Dockerfiles differ from what the manifest says."""
    context = ROOT / told["context"]
    for file in told["dockerfiles"]:
        if not (context / file).is_file():
            yield f"image.{name}: {told['context']}/{file} does not exist"
            continue
        text = (context / file).read_text()
        if f'image.title="{name}"' not in text:
            yield f"image.{name}: {file} gives it another title"
        if re.findall(r"^EXPOSE (\d+)$", text, re.M) != [str(told["port"])]:
            yield f"image.{name}: {file} does not expose {told['port']}"
        for line in re.findall(r"^COPY (.*) \S+$", text, re.M):
            for source in line.split():
                if source not in told["made"] and not (context / source).exists():
                    yield f"image.{name}: {file} copies {source}, which is not there"


def named(manifest: dict[str, Any]) -> Iterator[str]:
    """Yield Dockerfiles and programs that the manifest does not name."""
    known = {
        (ROOT / told["context"] / file).resolve()
        for told in manifest["image"].values()
        for file in told["dockerfiles"]
    }
    for file in sorted(ROOT.rglob("Dockerfile*")):
        if file.resolve() not in known:
            yield f"{file.relative_to(ROOT)} is in no image of build.toml"


def executable(name: str, told: dict[str, Any]) -> Iterator[str]:
    """Yield why an executable cannot be built, or not twice the same."""
    missing = [source for source in told["sources"] if not (ROOT / source).exists()]
    yield from (f"executable.{name}: {source} does not exist" for source in missing)
    if missing:
        return
    made = set()
    with tempfile.TemporaryDirectory() as folder:
        for number, umask in enumerate((0o022, 0o077)):
            output = Path(folder) / str(number) / name
            done = subprocess.run(
                [*told["command"], str(output)],
                cwd=ROOT,
                env={**os.environ, **STAMP},
                umask=umask,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                yield f"executable.{name}: {done.stderr.strip().splitlines()[-1]}"
                return
            made.add(output.read_bytes())
    if len(made) > 1:
        yield f"executable.{name}: two builds of it differ"


def main() -> int:
    """Print what is wrong, and return how it went."""
    manifest = tomllib.loads((ROOT / "build.toml").read_text())
    wrong = list(shape(manifest))
    if not wrong:
        wrong += named(manifest)
        for name, told in manifest["image"].items():
            wrong += image(name, told)
        for name, told in manifest["executable"].items():
            wrong += executable(name, told)
    for line in wrong:
        print(f"build.toml: {line}", file=sys.stderr)
    print(f"{sum(map(len, manifest.values()))} outputs, {len(wrong)} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
