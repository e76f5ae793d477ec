"""HTTP and Helm sources, from servers on this machine."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.needs import need
from tests.registry.loopback import Asked, Loopback, Reply
from tests.vendir.conftest import DEPTH, Place

Serve = Callable[[Mapping[str, Reply]], Loopback]


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[Loopback] = []

    def start(replies: Mapping[str, Reply]) -> Loopback:
        def answer(asked: Asked) -> Reply:
            return replies.get(asked.path, Reply(404))

        server = Loopback(answer)
        server.thread.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.server.shutdown()
        server.server.server_close()


def _tar(members: Mapping[str, str], how: str = "w:gz", link: str = "") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=how) as file:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            file.addfile(member, io.BytesIO(content.encode()))
        folder = tarfile.TarInfo("empty")
        folder.type = tarfile.DIRTYPE
        file.addfile(folder)
        if link:
            member = tarfile.TarInfo("link")
            member.type, member.linkname = tarfile.SYMTYPE, link
            file.addfile(member)
    return stream.getvalue()


def _zip(members: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


TREE = {"d/x": "one\n", "run": "#!/bin/sh\n"}


@pytest.mark.parametrize(
    "body", [_tar(TREE), _tar(TREE, "w"), _zip(TREE)], ids=["tar.gz", "tar", "zip"]
)
def test_archives_are_unpacked(place: Place, serve: Serve, body: bytes) -> None:
    url = serve({"/a?b=c": Reply(body=body)}).url
    digest = hashlib.sha256(body).hexdigest()
    place.configure(f"[{{path: a, http: {{url: '{url}/a?b=c', sha256: '{digest}'}}}}]")
    assert "  - http: {}\n    path: a\n" in place.sync()
    assert place.files("vendor/a") == TREE
    assert (place.folder / "vendor/a/run").stat().st_mode & 0o777 == 0o644
    assert not (place.folder / "vendor/a/empty").exists()


@pytest.mark.parametrize(
    ("path", "more", "name", "mode"),
    [
        ("/d/file.yml?x=1", "", "file.yml", 0o644),
        ("/", "", "content", 0o644),
        ("/d/file.yml?x=1", ", disableUnpack: true", "file.yml?x=1", 0o600),
    ],
)
def test_anything_else_is_a_file(
    place: Place, serve: Serve, path: str, more: str, name: str, mode: int
) -> None:
    url = serve({path: Reply(body=b"plain\n")}).url
    place.configure(f"[{{path: a, http: {{url: '{url}{path}'{more}}}}}]")
    place.sync()
    assert place.files("vendor/a") == {name: "plain\n"}
    assert (place.folder / "vendor/a" / name).stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("how", ["w:bz2", "w:xz"])
def test_other_compressions_stay_a_file(place: Place, serve: Serve, how: str) -> None:
    body = _tar(TREE, how)
    url = serve({"/a.tar": Reply(body=body)}).url
    place.configure(f"[{{path: a, http: {{url: '{url}/a.tar'}}}}]")
    place.sync()
    assert (place.folder / "vendor/a/a.tar").read_bytes() == body


def test_what_a_server_packs_for_the_journey_is_unpacked_again(place: Place, serve: Serve) -> None:
    packed = Reply(body=gzip.compress(b"a: 1\n"), headers={"Content-Encoding": "gzip"})
    url = serve({"/a.yml": packed}).url
    digest = hashlib.sha256(b"a: 1\n").hexdigest()
    place.configure(f"[{{path: a, http: {{url: '{url}/a.yml', sha256: '{digest}'}}}}]")
    place.sync()
    assert place.files("vendor/a") == {"a.yml": "a: 1\n"}


def test_an_empty_answer_is_nothing_to_vendor(place: Place, serve: Serve) -> None:
    url = serve({"/a": Reply()}).url
    place.configure(f"[{{path: a, http: {{url: '{url}/a'}}}}]")
    assert "nothing is left" in place.refused()


def test_passwords_of_this_person_are_not_sent(
    place: Place, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password hunter22\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = serve({"/a": Reply(body=b"x")})
    place.configure(f"[{{path: a, http: {{url: '{server.url}/a'}}}}]")
    place.sync()
    assert "authorization" not in server.asked[0].headers


def test_an_archive_may_be_kept_as_it_is(place: Place, serve: Serve) -> None:
    url = serve({"/a.zip": Reply(body=_zip(TREE))}).url
    place.configure(f"[{{path: a, http: {{url: '{url}/a.zip', disableUnpack: true}}}}]")
    place.sync()
    assert (place.folder / "vendor/a/a.zip").read_bytes() == _zip(TREE)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(404), "the answer is 404"),
        (Reply(204), "the answer is 204"),
        (Reply(body=_tar({"../out": "x"})), "leaves it"),
        (Reply(body=_tar({"/out": "x"})), "leaves it"),
        (Reply(body=_zip({"../out": "x"})), "leaves it"),
        (Reply(body=_tar(TREE, link="d/x")), "is no file"),
        (Reply(body=_tar({"big": "x" * 99999}, "w")[:50000]), "damaged"),
        (Reply(body=b"half", cut=True), "broke"),
        (Reply(cut=True), "there is no answer"),
    ],
)
def test_answers_that_cannot_be_taken(
    place: Place, serve: Serve, reply: Reply, reason: str
) -> None:
    url = serve({"/a": reply}).url
    place.configure(f"[{{path: a, http: {{url: '{url}/a'}}}}]")
    assert reason in place.refused()
    assert place.left == ["vendir.yml"]
    assert not (place.folder.parent / "out").exists()


BIG = {"big": "".join(f"{n:x}" for n in range(20_000)), "small": "x"}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.tgz", _tar(BIG)[:-20000]),
        ("a.tgz", _tar(BIG)[:40]),
        ("a.yml.gz", gzip.compress(BIG["big"].encode())[:-9]),
        ("a.yml.gz", gzip.compress(b"a: 1\n")[:-8] + b"\1" * 8),
        ("a.yml.gz", gzip.compress(b"a: 1\n")[:-4] + b"\1" * 4),
        ("a", _zip({"inner.zip": _zip(TREE).decode("latin-1")})[:-30]),
        ("a", _zip(BIG)[:-100]),
        ("a", _zip(BIG)[:10]),
        ("a", _tar(BIG, "w")[:1500]),
        ("a", _tar({"one": "x", "two": "y"}, "w")[:1200]),
        ("a", _tar({"one": "x", "two": "y"}, "w").replace(b"two", b"tWo")),
        ("a.tar", _tar(BIG, "w")[:300]),
    ],
)
def test_an_archive_that_is_cut_off_or_spoilt_is_no_plain_file(
    place: Place, serve: Serve, name: str, body: bytes
) -> None:
    url = serve({f"/{name}": Reply(body=body)}).url
    place.configure(f"[{{path: a, http: {{url: '{url}/{name}'}}}}]")
    said = place.refused()
    assert "the archive is damaged" in said
    assert "disableUnpack: true takes it as it is" in said
    assert place.left == ["vendir.yml"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.yml.gz", gzip.compress(b"a: 1\n")),
        ("a.gz", gzip.compress(b"a: 1\n") + b"more"),
        ("a.gz", b"\x1f\x8b no stream at all"),
        ("a.zip", b"PK is how somebody signs"),
        ("a", b"PK\3\4 a note that somebody has written\n"),
        ("a.zip", _zip(BIG) + b"x" * 70_000),
        ("a", b"short"),
        ("a.tar", b"x" * 1024),
    ],
)
def test_what_is_no_archive_stays_a_file(
    place: Place, serve: Serve, name: str, body: bytes
) -> None:
    url = serve({f"/{name}": Reply(body=body)}).url
    place.configure(f"[{{path: a, http: {{url: '{url}/{name}'}}}}]")
    place.sync()
    assert (place.folder / "vendor/a" / name).read_bytes() == body


@pytest.mark.parametrize("how", ["w", "w:gz"])
def test_a_tar_may_lack_the_blocks_at_its_end(place: Place, serve: Serve, how: str) -> None:
    body = _tar({"one": "x", "two": "y"}, "w")[:2048]
    url = serve({"/a": Reply(body=gzip.compress(body) if how == "w:gz" else body)}).url
    place.configure(f"[{{path: a, http: {{url: '{url}/a'}}}}]")
    place.sync()
    assert place.files("vendor/a") == {"one": "x", "two": "y"}


@pytest.mark.usefixtures("shallow_stack")
@pytest.mark.parametrize("body", [_tar({"d/" * DEPTH + "f": "x"}), _zip({"d/" * DEPTH + "f": "x"})])
def test_an_archive_of_many_folders_in_one_another(place: Place, serve: Serve, body: bytes) -> None:
    url = serve({"/a": Reply(body=body)}).url
    place.configure(f"[{{path: a, http: {{url: '{url}/a'}}}}]")
    place.sync()
    assert (place.folder / "vendor/a" / ("d/" * DEPTH) / "f").read_text() == "x"


def test_another_checksum_is_an_error(place: Place, serve: Serve) -> None:
    url = serve({"/a": Reply(body=b"x")}).url
    place.configure(f"[{{path: a, http: {{url: '{url}/a', sha256: '{'0' * 64}'}}}}]")
    said = place.refused()
    assert "0" * 64 in said
    assert hashlib.sha256(b"x").hexdigest() in said


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "''"])
def test_only_the_web_is_asked(place: Place, url: str) -> None:
    place.configure(f"[{{path: a, http: {{url: {url}}}}}]")
    assert "http" in place.refused()


def _login() -> str:
    values = {"username": "ada", "password": "hunter22"}
    data = ", ".join(f"{k}: {base64.b64encode(v.encode()).decode()}" for k, v in values.items())
    return f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{{data}}}\n"


def test_a_password_goes_to_the_server_it_is_for_alone(place: Place, serve: Serve) -> None:
    other = serve({"/b": Reply(body=b"x")})
    elsewhere = other.url.replace("127.0.0.1", "localhost") + "/b"
    first = serve({"/a": Reply(302, headers={"Location": elsewhere})})
    place.configure(
        f"[{{path: a, http: {{url: '{first.url}/a', secretRef: {{name: s}}}}}}]", more=_login()
    )
    place.sync()
    token = base64.b64encode(b"ada:hunter22").decode()
    assert first.asked[0].headers["authorization"] == f"Basic {token}"
    assert "authorization" not in other.asked[0].headers


@pytest.mark.parametrize("secret", [False, True])
def test_a_chart_of_a_chart_repository(
    place: Place, serve: Serve, tmp_path: Path, secret: bool
) -> None:
    helm = need("helm")
    chart = tmp_path / "app"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.2.0\nappVersion: v7\n")
    (chart / "templates/web.yaml").write_text("kind: Service\n")
    package = [helm, "package", str(chart), "--destination", str(tmp_path)]
    subprocess.run(package, check=True, capture_output=True)
    replies = {"/app-1.2.0.tgz": Reply(body=(tmp_path / "app-1.2.0.tgz").read_bytes())}
    server = serve(replies)
    index = [helm, "repo", "index", str(tmp_path), "--url", server.url]
    subprocess.run(index, check=True, capture_output=True)
    replies["/index.yaml"] = Reply(body=(tmp_path / "index.yaml").read_bytes())
    login = ", secretRef: {name: s}" if secret else ""
    place.configure(
        "[{path: app, helmChart: {name: app, version: '1.2.0',"
        f" repository: {{url: '{server.url}'{login}}}}}}}]",
        more=_login(),
    )
    assert (
        "  - helmChart:\n      appVersion: v7\n      version: 1.2.0\n    path: app\n"
        in place.sync()
    )
    assert place.files("vendor/app")["templates/web.yaml"] == "kind: Service\n"
    assert ("authorization" in server.asked[0].headers) == secret
    assert place.run("verify").code == 0


@pytest.mark.parametrize(
    "chart",
    ["{name: ''}", "{name: x, repository: {url: 'oci://h/x'}}", "{name: x, repository: {url: x}}"],
)
def test_charts_that_are_not_told_completely(place: Place, chart: str) -> None:
    place.configure(f"[{{path: app, helmChart: {chart}}}]")
    place.refused()
    assert place.left == ["vendir.yml"]
