"""Input that no source can use ends in words: where it stands, and what is wrong with it."""

from __future__ import annotations

import base64

import pytest

from tests.vendir.conftest import Place

BINARY = base64.b64encode(b"\xff\xfe").decode()


@pytest.mark.parametrize(
    "source",
    [
        "http: {url: 'http://[::1'}",
        "http: {url: 'http://host:port/x'}",
        "helmChart: {name: x, repository: {url: 'http://[::1'}}",
        "helmChart: {name: x, version: '1', repository: {url: 'oci://[::1'}}",
        "githubRelease: {url: 'http://[::1'}",
        "image: {url: '[::1/x'}",
        "git: {url: 'https://[::1/x', ref: main, secretRef: {name: s}}",
    ],
)
def test_addresses_that_are_none(place: Place, source: str) -> None:
    login = f"data: {{username: {_coded('ada')}, password: {_coded('x')}}}"
    place.configure(
        f"[{{path: a, {source}}}]",
        more=f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{login}\n",
    )
    assert place.refused()
    assert place.left == ["vendir.yml"]


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("http: {url: 'http://127.0.0.1:9/', secretRef: {name: s}}", ("username", "password")),
        (
            "helmChart: {name: x, repository: {url: 'http://127.0.0.1:9', secretRef: {name: s}}}",
            ("username", "password"),
        ),
        ("git: {url: 'https://h.invalid/x', ref: main, secretRef: {name: s}}",
         ("username", "password")),
        ("githubRelease: {url: 'http://127.0.0.1:9/', secretRef: {name: s}}", ("token",)),
    ],
)  # fmt: skip
def test_secrets_that_are_no_text(place: Place, source: str, fields: tuple[str, ...]) -> None:
    data = ", ".join(f"{field}: {BINARY}" for field in fields)
    place.configure(
        f"[{{path: a, {source}}}]",
        more=f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{{data}}}\n",
    )
    assert "UTF-8" in place.refused()


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ("{path: a, manual: {}}", '"v\\0"'),
        ('{path: "a\\0", manual: {}}', "vendor"),
        ('{path: a, inline: {paths: {"x\\0": ""}}}', "vendor"),
        ('{path: a, newRootPath: "x\\0", inline: {paths: {x: ""}}}', "vendor"),
        ('{path: a, directory: {path: "x\\0"}}', "vendor"),
        ('{path: a, git: {url: "x\\0", ref: main}}', "vendor"),
        ('{path: a, git: {url: ., ref: "ma\\0"}}', "vendor"),
        ('{path: a, helmChart: {name: "x\\0", version: "1"}}', "vendor"),
        ('{path: a, http: {url: "http://127.0.0.1:9/\\0"}}', "vendor"),
    ],
)
def test_names_with_a_nul(place: Place, content: str, path: str) -> None:
    place.configure(f"[{content}]", path=path)
    assert "has a NUL in it" in place.refused()


def test_a_file_may_have_one(place: Place) -> None:
    place.configure('[{path: a, inline: {paths: {x: "a\\0b"}}}]')
    place.sync()
    assert (place.folder / "vendor/a/x").read_bytes() == b"a\0b"


def test_the_version_that_this_does_the_same_as(place: Place) -> None:
    said = place.run("version")
    assert (said.code, said.out) == (0, "vendir version 0.40.0\n")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/etc", "Invalid symlink found to outside parent directory"),
        ("none", "Unable to resolve symlink"),
        ("link", "Unable to resolve symlink"),
    ],
)
def test_links_are_refused_in_the_words_that_scripts_look_for(
    place: Place, target: str, words: str
) -> None:
    (place.folder / "local").mkdir()
    (place.folder / "local/link").symlink_to(target)
    place.configure("[{path: a, directory: {path: local}}]")
    assert words in place.refused()
