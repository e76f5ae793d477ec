"""Releases of GitHub, from a server on this machine that speaks as its API does."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.vendir.engine import releasesource
from tests.registry.loopback import Asked, Loopback, Reply
from tests.vendir.conftest import Place


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("chart/Chart.yaml", "name: app\n")
    return stream.getvalue()


ASSETS = {"app.yml": b"kind: App\n", "app.zip": _zip(), "notes.txt": b"hello\n"}


class Api:
    """The part of the API that is asked; it remembers."""

    def __init__(self) -> None:
        self.server = Loopback(self.answer)
        self.server.thread.start()
        self.body = "Sums:\r\n" + "".join(
            f"  {hashlib.sha256(data).hexdigest()}  ./{name}\r\n" for name, data in ASSETS.items()
        )
        self.sizes = {name: len(data) for name, data in ASSETS.items()}
        self.pages = [["v1.0.0", "v1.1.0"], ["v2.0.0-rc1"], []]

    @property
    def url(self) -> str:
        return self.server.url

    def release(self, tag: str = "v1.1.0") -> dict[str, Any]:
        assets = [
            {"name": name, "url": f"{self.url}/assets/{name}", "size": self.sizes[name]}
            for name in ASSETS
        ]
        return {"tag_name": tag, "url": f"{self.url}/r/{tag}", "body": self.body, "assets": assets}

    def answer(self, asked: Asked) -> Reply:
        path, _, query = asked.path.partition("?")
        if path.startswith("/assets/"):
            assert asked.headers["accept"] == "application/octet-stream"
            return Reply(302, headers={"Location": f"{self.url}/blobs/{path.split('/')[-1]}"})
        if path.startswith("/blobs/"):
            return Reply(body=ASSETS[path.split("/")[-1]])
        if path == "/repos/o/app/tags":
            page = int(query.partition("page=")[2].partition("&page=")[2] or 1)
            return _json([{"name": name} for name in self.pages[page - 1]])
        if path == "/repos/o/app/releases/latest":
            return _json(self.release())
        if path.startswith(("/repos/o/app/releases/tags/", "/r/")):
            return _json(self.release(path.rpartition("/")[2]))
        return Reply(404, b"{}")


def _json(value: Any) -> Reply:
    return Reply(body=json.dumps(value).encode())


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    api = Api()
    monkeypatch.setattr(releasesource, "API", api.url)
    monkeypatch.delenv("VENDIR_GITHUB_API_TOKEN", raising=False)
    yield api
    api.server.server.shutdown()
    api.server.server.server_close()


def _lock(api: Api, tag: str = "v1.1.0") -> str:
    return (
        "apiVersion: vendir.k14s.io/v1alpha1\ndirectories:\n- contents:\n  - githubRelease:\n"
        f"      tag: {tag}\n      url: {api.url}/r/{tag}\n    path: a\n  path: vendor\n"
        "kind: LockConfig\n"
    )


def _configure(place: Place, release: str, more: str = "") -> None:
    place.configure(f"[{{path: a, githubRelease: {{{release}}}}}]", more=more)


@pytest.mark.parametrize(
    ("how", "tag"),
    [
        ("tag: v1.0.0", "v1.0.0"),
        ("latest: true", "v1.1.0"),
        ("tagSelection: {semver: {constraints: '>=1.0.0'}}", "v1.1.0"),
        ("tagSelection: {semver: {prereleases: {}}}", "v2.0.0-rc1"),
    ],
)
def test_a_release_is_named_in_several_ways(place: Place, api: Api, how: str, tag: str) -> None:
    _configure(place, f"slug: o/app, {how}")
    assert place.sync() == _lock(api, tag)
    folder = place.folder / "vendor/a"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == ASSETS
    assert (folder / "app.yml").stat().st_mode & 0o777 == 0o644


def test_a_locked_sync_asks_for_the_release_of_the_lock(place: Place, api: Api) -> None:
    _configure(place, "slug: o/app, tagSelection: {semver: {constraints: '1.0.x'}}")
    assert place.sync() == _lock(api, "v1.0.0")
    api.pages = [["v1.0.1"], []]
    api.server.asked.clear()
    assert place.sync("--locked").endswith(_lock(api, "v1.0.0"))
    assert api.server.asked[0].path == "/r/v1.0.0"


def test_some_assets_or_what_one_of_them_holds(place: Place, api: Api) -> None:
    _configure(place, f"url: '{api.url}/r/v1.1.0', assetNames: ['*.{{yml,txt}}']")
    place.sync()
    assert sorted(place.files("vendor/a")) == ["app.yml", "notes.txt"]
    _configure(place, f"url: '{api.url}/r/v1.1.0', unpackArchive: {{path: app.zip}}")
    place.sync()
    assert place.files("vendor/a") == {"chart/Chart.yaml": "name: app\n"}


def test_an_address_with_the_tag_in_it(place: Place, api: Api) -> None:
    _configure(
        place, f"slug: o/app, latest: true, http: {{url: '{api.url}/blobs/app.yml?v={{tag}}'}}"
    )
    place.sync()
    assert place.files("vendor/a") == {"app.yml": "kind: App\n"}
    assert api.server.asked[-1].path == "/blobs/app.yml?v=v1.1.0"


@pytest.mark.parametrize(
    ("release", "reason"),
    [
        ("slug: o/none, latest: true", "the answer is 404"),
        ("slug: o/app", "one of url, tag"),
        ("slug: nothing, latest: true", "slug OWNER/NAME"),
        ("slug: o/app, latest: true, checksums: {app.yml: abc}", "no checksum for app.zip"),
        ("slug: o/app, latest: true, assetNames: [app.yml], checksums: {app.yml: abc}", "not what"),
        ("slug: o/app, latest: true, assetNames: [nothing]", "nothing is left"),
        ("slug: o/app, latest: true, unpackArchive: {path: no.zip}", "not among"),
        ("slug: o/app, latest: true, unpackArchive: {path: app.yml}", "neither zip"),
        ("slug: o/app, latest: true, unpackArchive: {path: ../x}", "leaves"),
    ],
)
def test_releases_that_cannot_be_had(place: Place, api: Api, release: str, reason: str) -> None:
    _configure(place, release)
    assert reason in place.refused()
    assert place.left == ["vendir.yml"]


def test_assets_are_what_the_release_says_they_are(place: Place, api: Api) -> None:
    _configure(place, "slug: o/app, latest: true")
    api.sizes["app.yml"] += 1
    assert "10 bytes, and the release says 11" in place.refused()
    api.sizes["app.yml"] -= 1
    api.body = "no sums"
    assert "no checksum for app.yml" in place.refused()
    _configure(place, "slug: o/app, latest: true, disableAutoChecksumValidation: true")
    place.sync()


def test_a_token_goes_to_the_api(
    place: Place, api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VENDIR_GITHUB_API_TOKEN", "of-the-machine")
    _configure(place, "slug: o/app, latest: true")
    place.sync()
    assert api.server.asked[0].headers["authorization"] == "token of-the-machine"
    value = base64.b64encode(b"of-the-secret").decode()
    secret = f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{token: {value}}}\n"
    _configure(place, "slug: o/app, latest: true, secretRef: {name: s}", secret)
    api.server.asked.clear()
    place.sync()
    assert {asked.headers["authorization"] for asked in api.server.asked} == {"token of-the-secret"}
    _configure(
        place, "slug: o/app, latest: true, secretRef: {name: s}", secret.replace("token:", "key:")
    )
    assert "unknown field key" in place.refused()
    assert not list(tmp_path.glob("**/answer"))
