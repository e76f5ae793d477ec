"""The daemonless builder: the same image from the same input, and what is in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.images.contexts import (
    CREATED,
    DOCKERFILE,
    PATH,
    SAMPLE,
    blob,
    config,
    make,
    manifest,
    members,
    names,
    run,
)
from tests.registry.conftest import without


def test_the_same_input_gives_the_same_image_wherever_it_is_built(tmp_path: Path) -> None:
    first = make(tmp_path / "one" / "context", DOCKERFILE, SAMPLE)
    (first / "app").chmod(0o755)
    before = run(first)

    old = os.umask(0o077)
    try:
        second = make(
            tmp_path / "elsewhere" / "context", DOCKERFILE, dict(reversed(list(SAMPLE.items())))
        )
        (second / "app").chmod(0o700)
        for path in second.rglob("*"):
            os.utime(path, (1, 1))
        if os.geteuid() == 0:
            os.chown(second / "app", 1234, 1234)
        after = run(second)
    finally:
        os.umask(old)

    assert after == before
    assert run(first) == before, "and again over the image that is there"


def test_this_digest_is_a_promise(tmp_path: Path) -> None:
    # Whoever changes what the builder writes changes every image: this number tells.
    run(make(tmp_path / "context", DOCKERFILE, SAMPLE))
    assert config(tmp_path / "image")["rootfs"]["diff_ids"] == [
        "sha256:8bf203bf6ac17a5f6330b58b9153281cca70d5539fba471179c8333d2f5dfa2a",
        "sha256:6dfebe379154ba34661aae5534f99f39a2f59bd3ce245db19e0d2fb75a8ec403",
    ]


def test_nothing_of_this_machine_is_in_a_layer(tmp_path: Path) -> None:
    context = make(tmp_path / "context", DOCKERFILE, SAMPLE)
    (context / "app").chmod(0o711)
    run(context)
    both = [*members(tmp_path / "image", 0), *members(tmp_path / "image", 1)]
    assert [(member.name, oct(member.mode)) for member in both] == [
        ("usr", "0o755"),
        ("usr/bin", "0o755"),
        ("usr/bin/app", "0o755"),
        ("etc", "0o755"),
        ("etc/app", "0o755"),
        ("etc/app/a.yml", "0o644"),
        ("etc/app/deep", "0o755"),
        ("etc/app/deep/b.yml", "0o644"),
    ]
    for member in both:
        assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
        assert member.mtime == CREATED
        assert not member.pax_headers


def test_long_and_foreign_names_arrive(tmp_path: Path) -> None:
    long = "/".join(["folder-with-a-rather-long-name"] * 9)
    files = {"ünïcode-λ": "u", f"{long}/file": "l", "blank name": "b"}
    run(make(tmp_path / "context", "FROM scratch\nCOPY . /all/\n", files))
    found = names(tmp_path / "image")
    assert {f"all/{name}" for name in files} <= set(found)


def test_the_configuration_says_what_the_dockerfile_says(tmp_path: Path) -> None:
    text = r"""
# escape=\
ARG DEFAULT=one
FROM scratch AS only
ARG DEFAULT
ARG VERSION=0 OTHER=${DEFAULT:-none}
ENV A=1 B="two words" C='$A' D=$A$OTHER \
    # a comment, and an empty line

    E=e\ f
ENV OLD the  old form
ENV PATH=/bin:${UNSET:+never}${A:+/usr/bin}
LABEL "org.opencontainers.image.version"="$VERSION" plain=yes
WORKDIR /srv
WORKDIR app/../web
EXPOSE 80 90-91/UDP
USER 1000:100
VOLUME /data /more
VOLUME ["/with blank"]
STOPSIGNAL SIGINT
ENTRYPOINT ["/bin/app", "$A"]
CMD run "$A" now
"""
    context = make(tmp_path / "context", text)
    run(context, {"VERSION": "1.2.3", "UNKNOWN": "x"}, {"plain": "no", "revision": "abc"})
    found = config(tmp_path / "image")
    assert found["config"] == {
        "Env": [
            "PATH=/bin:/usr/bin",
            "A=1",
            "B=two words",
            "C=$A",
            "D=one",
            "E=e f",
            "OLD=the  old form",
        ],
        "Labels": {"org.opencontainers.image.version": "1.2.3", "plain": "no", "revision": "abc"},
        "WorkingDir": "/srv/web",
        "ExposedPorts": {"80/tcp": {}, "90/udp": {}, "91/udp": {}},
        "User": "1000:100",
        "Volumes": {"/data": {}, "/more": {}, "/with blank": {}},
        "StopSignal": "SIGINT",
        "Entrypoint": ["/bin/app", "$A"],
        "Cmd": ["/bin/sh", "-c", 'run "$A" now'],
    }
    assert (found["os"], found["created"]) == ("linux", "2026-01-01T00:00:00Z")
    assert found["architecture"] in {"amd64", "arm64"}
    assert all(step["empty_layer"] for step in found["history"])


def test_labels_about_the_image_are_annotations_too(tmp_path: Path) -> None:
    labels = {f"org.opencontainers.image.{key}": key for key in ("version", "revision", "title")}
    run(make(tmp_path / "context", "FROM scratch\nLABEL x=y\n"), labels=labels)
    assert manifest(tmp_path / "image")["annotations"] == labels


def test_an_argument_that_is_not_declared_is_not_seen(tmp_path: Path) -> None:
    text = "ARG GLOBAL=g\nFROM scratch\nARG MINE\nENV A=$GLOBAL. B=$MINE. C=$TARGETOS.\n"
    run(make(tmp_path / "context", text), {"MINE": "given"})
    assert config(tmp_path / "image")["config"]["Env"] == [PATH, "A=.", "B=given.", "C=."]


def test_each_copy_is_a_layer_with_its_history(tmp_path: Path) -> None:
    built = run(make(tmp_path / "context", DOCKERFILE, SAMPLE))
    found = manifest(tmp_path / "image")
    assert [layer.created_by for layer in built.layers] == [
        "COPY app /usr/bin/app",
        "COPY conf /etc/app/",
    ]
    assert [layer.digest for layer in built.layers] == [e["digest"] for e in found["layers"]]
    sizes = [found["config"]["size"], *(layer.size for layer in built.layers)]
    assert built.size == sum(sizes) + len(blob(tmp_path / "image", built.digest))


def test_skopeo_reads_the_image(tmp_path: Path) -> None:
    if shutil.which("skopeo") is None:
        without("skopeo")
    built = run(make(tmp_path / "context", DOCKERFILE, SAMPLE))
    place = f"oci:{tmp_path}/image"
    seen = subprocess.run(["skopeo", "inspect", place], capture_output=True, text=True, check=True)
    copied = subprocess.run(["skopeo", "copy", "-q", place, f"dir:{tmp_path}/copy"], check=False)
    assert json.loads(seen.stdout)["Digest"] == built.digest
    assert copied.returncode == 0, "skopeo checks digests and diff ids when it copies"
