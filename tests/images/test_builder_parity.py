"""The same Dockerfile given to buildah makes the same files and the same settings."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.images.contexts import CREATED, config, make, manifest, members, run

DOCKERFILE = """
FROM scratch
ARG VERSION=0
ENV APP="a b" \\
    # between
    X=${VERSION:-none}
ENV OLD one two  "three"
LABEL a.b="c d" "q"=$VERSION
WORKDIR /srv
WORKDIR app
COPY f1 f2 ./
COPY --chmod=0700 --chown=12:34 d /data/
COPY --chown=5 d newdir
COPY *.txt /txt/
COPY link /followed
COPY d/../f1 /usr/bin/
COPY f2 /usr/bin
ADD f2 /plain/renamed
COPY f* /glob/
EXPOSE 80 90/udp
VOLUME ["/w"]
USER 1000:1000
ENTRYPOINT ["/usr/bin/f1"]
CMD echo hi
STOPSIGNAL SIGINT
"""
FILES = {
    "f1": "one",
    "f2": "two",
    "a.txt": "a",
    "b.txt": "b",
    "d/sub/file": "s",
    "d/skip.md": "",
    ".dockerignore": "**/*.md\n",
}


def _tree(layout: Path) -> dict[str, tuple[str, int, int, int, str]]:
    found = {}
    for layer in range(len(manifest(layout)["layers"])):
        for member in members(layout, layer):
            what = (oct(member.mode & 0o7777), member.uid, member.gid, member.size, member.linkname)
            found[member.name] = what
    return found


def _settings(layout: Path) -> dict[str, Any]:
    settings: dict[str, Any] = config(layout)["config"]
    settings["Labels"].pop("io.buildah.version", None)
    return settings


@pytest.mark.skipif(
    shutil.which("buildah") is None or os.geteuid() != 0, reason="needs buildah and root"
)
def test_buildah_makes_the_same(tmp_path: Path) -> None:
    context = make(tmp_path / "context", DOCKERFILE, FILES)
    (context / "f1").chmod(0o755)
    (context / "d" / "empty").mkdir()
    (context / "d" / "l").symlink_to("sub/file")
    (context / "link").symlink_to("f1")
    run(context, {"VERSION": "1.2.3"})

    store = f"--storage-driver vfs --root {tmp_path}/R --runroot {tmp_path}/RR"
    options = f"--isolation chroot --timestamp {CREATED} --build-arg VERSION=1.2.3"
    where = f"-t oci:{tmp_path}/theirs:x {context}"
    command = f"buildah {store} bud {options} {where}".split()
    subprocess.run(command, check=True, capture_output=True)

    assert _tree(tmp_path / "image") == _tree(tmp_path / "theirs")
    assert _settings(tmp_path / "image") == _settings(tmp_path / "theirs")
