"""Images as a source, from a real registry on this machine: layers, the lock, and whose login."""

from __future__ import annotations

import base64
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tasks.kernel.errors import WrongUsage
from tasks.registry import oci, ocidir
from tasks.registry.elsewhere import reference
from tasks.registry.http import HttpRegistry
from tests.registry.conftest import Served
from tests.registry.loopback import Asked, Loopback, Reply
from tests.vendir.conftest import Place

# htpasswd -nbB slipway s3cret-of-the-test
HTPASSWD = "slipway:$2y$05$abcdefghijklmnopqrstuujsWknM8pfBPdRxoOJt8hu.sWw2vTXTq"
SECRET = "s3cret-of-the-test"

Member = tuple[str, object]
Push = Callable[..., str]


def _layer(members: Sequence[Member]) -> bytes:
    """Return a layer: text is a file, ("→", target) a link, None a folder, bytes a tar type."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT) as file:
        for name, what in members:
            member = tarfile.TarInfo(name)
            member.mode = 0o644
            if isinstance(what, tuple):
                member.type, member.linkname = what
            elif isinstance(what, bytes):
                member.type = what
            elif what is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(what, int):
                member.mode = what
            content = what.encode() if isinstance(what, str) else b""
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _layout(folder: Path, layers: Sequence[Sequence[Member]]) -> tuple[Path, str]:
    """Make a layout of one image; return it and the image's digest."""
    folder.mkdir(parents=True)
    ocidir.mark(folder)
    blobs = ocidir.Blobs(folder)

    def added(content: bytes, kind: str) -> dict[str, object]:
        digest, size = blobs.add(io.BytesIO(content))
        return {"mediaType": kind, "digest": digest, "size": size}

    manifest = {
        "schemaVersion": 2,
        "mediaType": oci.MANIFEST,
        "config": added(oci.encode({"os": "linux", "architecture": "amd64"}), oci.CONFIG),
        "layers": [added(_layer(members), oci.LAYER_GZIP) for members in layers],
    }
    root = added(oci.encode(manifest), oci.MANIFEST)
    ocidir.write_index(folder, [root])
    return folder, str(root["digest"])


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A docker-registry that anybody may use."""
    registry = Served(tmp_path_factory.mktemp("docker-registry"))
    yield registry.host
    registry.stop()


@pytest.fixture
def push(host: str, tmp_path: Path) -> Push:
    name = re.sub(r"[^a-z0-9]+", "-", tmp_path.name.lower()).strip("-")

    def pushed(*layers: Sequence[Member], tag: str = "1.0.0") -> str:
        """Push an image; return its repository."""
        layout, _ = _layout(tmp_path / f"layout-{tag}", layers)
        HttpRegistry(f"http://{host}", environ={}).push(name, layout, tag)
        return f"{host}/{name}"

    return pushed


def _image(place: Place, url: str, more: str = "", source: str = "", docs: str = "") -> None:
    place.configure(f"[{{path: app, image: {{url: '{url}'{source}}}{more}}}]", more=docs)


def _move(url: str) -> None:
    """Put the tag 1.0.0 on the image of 2.0.0."""
    host, _, name = url.partition("/")
    client = HttpRegistry(f"http://{host}", environ={})
    client.move(name, "1.0.0", client.resolve(name, "2.0.0") or "")


def _digest(place: Place) -> str:
    found = re.search(r"sha256:[0-9a-f]{64}", place.lock)
    assert found
    return found[0]


def test_layers_on_top_of_one_another(push: Push, place: Place) -> None:
    """What an upper layer replaces or takes away is not there, and nothing else is missing."""
    first: list[Member] = [
        ("./", None), ("etc/", None), ("etc/a", "old"), ("etc/b", "b"), ("gone/x", "x"),
        ("opaque/below", "below"), ("file", "a file"), ("folder/inner", "inner"), ("/rooted", "r"),
        ("unit\\x2d.service", "odd"), ("lib/link", (tarfile.SYMTYPE, "x")), ("lib/b", "b"),
        ("etc/sub/link", (tarfile.SYMTYPE, "x")),
    ]  # fmt: skip
    second: list[Member] = [
        ("etc/a", "new"), ("etc/.wh.b", ""), (".wh.gone", ""), ("opaque/kept", "kept"),
        ("opaque/.wh..wh..opq", ""), ("file/now", "a folder"), ("folder", "a file"),
        ("lib", "a file"), ("etc/.wh.sub", ""), ("etc/a/.wh.x", ""), ("new/.wh.x", ""),
    ]  # fmt: skip
    url = push(first, second)
    _image(place, f"{url}:1.0.0")
    lock = place.sync()
    assert place.files() == {
        "app/etc/a": "new",
        "app/opaque/kept": "kept",
        "app/file/now": "a folder",
        "app/folder": "a file",
        "app/lib": "a file",
        "app/rooted": "r",
        "app/unit\\x2d.service": "odd",
    }
    assert lock == (
        "apiVersion: vendir.k14s.io/v1alpha1\ndirectories:\n- contents:\n  - image:\n"
        f"      tag: 1.0.0\n      url: {url}@{_digest(place)}\n    path: app\n"
        "  path: vendor\nkind: LockConfig\n"
    )


def test_modes_are_the_images_and_never_for_the_owner_alone(push: Push, place: Place) -> None:
    _image(place, push([("run", 0o755), ("key", 0o600), ("tool", 0o700), ("x", 0o640)]) + ":1.0.0")
    place.sync()
    modes = {p.name: p.stat().st_mode & 0o777 for p in (place.folder / "vendor/app").iterdir()}
    assert modes == {"run": 0o755, "key": 0o666, "tool": 0o777, "x": 0o640}


def test_the_lock_pins_the_digest(push: Push, place: Place) -> None:
    url = push([("a", "one")])
    _image(place, f"{url}:1.0.0")
    lock = place.sync()
    push([("a", "two")], tag="2.0.0")
    _move(url)
    assert place.sync("--locked").endswith(lock)
    _image(place, f"{url}@{_digest(place)}")
    assert "tag:" not in place.sync()
    assert place.files() == {"app/a": "one"}


def test_the_highest_tag_of_a_range(push: Push, place: Place) -> None:
    for tag in ("1.0.0", "1.3.0", "2.0.0-rc.1", "latest"):
        url = push([("version", tag)], tag=tag)
    semver = ", tagSelection: {semver: {constraints: '>=1.0.0'}}"
    _image(place, url, source=semver)
    assert "tag: 1.3.0" in place.sync()
    assert place.files() == {"app/version": "1.3.0"}
    _image(place, f"{url}:1.0.0", source=semver)
    assert "without tag" in place.refused()
    _image(place, url)
    place.sync()
    assert place.files() == {"app/version": "latest"}


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (("../outside", "x"), "leaves it"),
        (("a/../../outside", "x"), "leaves it"),
        (("../.wh.outside", ""), "leaves it"),
        (("a\0b" + "x" * 100, "x"), "leaves it"),
        ((".wh...", ""), "whiteout of what is no file"),
        (("sub/.wh...", ""), "whiteout of what is no file"),
        (("link", (tarfile.SYMTYPE, "../../../etc/passwd")), "link → ../../../etc/passwd"),
        (("link", (tarfile.SYMTYPE, "kept")), "link → kept"),
        (("hard", (tarfile.LNKTYPE, "kept")), "hard → kept"),
        (("hard", (tarfile.LNKTYPE, "/etc/passwd")), "hard → /etc/passwd"),
        (("null", tarfile.CHRTYPE), "device or a pipe"),
        (("disk", tarfile.BLKTYPE), "device or a pipe"),
        (("pipe", tarfile.FIFOTYPE), "device or a pipe"),
    ],
)
def test_what_is_refused_leaves_everything_as_it_was(
    push: Push, place: Place, member: Member, reason: str
) -> None:
    outside = place.folder / "outside"
    outside.write_text("mine")
    old = place.folder / "vendor/app/old"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    _image(place, push([("kept", "x"), ("sub/y", "y")], [member]) + ":1.0.0")
    assert reason in place.refused()
    assert outside.read_text() == "mine"
    assert place.left == ["outside", "vendir.yml", "vendor"]
    assert place.files() == {"app/old": "old"}


def test_nothing_is_written_through_a_link(push: Push, place: Place, tmp_path: Path) -> None:
    """A link in one layer, and a file behind it in the next."""
    target = tmp_path / "target"
    target.mkdir()
    url = push(
        [("kept", "x"), ("way", (tarfile.SYMTYPE, str(target))), ("in", (tarfile.SYMTYPE, ".."))],
        [("way/file", "x"), ("in/vendir.yml", "x")],
    )
    _image(place, f"{url}:1.0.0")
    assert "way → " in place.refused()
    assert list(target.iterdir()) == []


def test_a_link_that_is_not_asked_for_is_no_matter(push: Push, place: Place) -> None:
    """Left out by the filters or the new root, hidden or replaced by an upper layer."""
    link = (tarfile.SYMTYPE, "usr/bin")
    url = push(
        [("bin", link), ("etc/hidden", link), ("etc/replaced", link), ("etc/a", "a")],
        [("etc/.wh.hidden", ""), ("etc/replaced", "a file")],
    )
    _image(place, f"{url}:1.0.0", ", newRootPath: etc")
    place.sync()
    assert place.files() == {"app/a": "a", "app/replaced": "a file"}
    _image(place, f"{url}:1.0.0", ", includePaths: ['etc/*']")
    place.sync()
    assert place.files() == {"app/etc/a": "a", "app/etc/replaced": "a file"}
    _image(place, f"{url}:1.0.0", ", excludePaths: [etc/a]")
    assert "bin → usr/bin" in place.refused()


def test_gits_own_folder_stays_out(push: Push, place: Place) -> None:
    _image(place, push([("a", "a"), (".git/config", "x"), ("sub/.git/hooks/x", "x")]) + ":1.0.0")
    place.sync()
    assert place.files() == {"app/a": "a"}


def test_an_image_that_is_not_there_and_one_of_many(host: str, push: Push, place: Place) -> None:
    url = push([("a", "a")])
    _image(place, f"{url}:2.0.0")
    assert "there is no image" in place.refused()
    _image(place, f"{url}@sha256:{'0' * 64}")
    assert "there is no such image" in place.refused()
    client = HttpRegistry(f"http://{host}", environ={})
    name = url.partition("/")[2]
    image = client.resolve(name, "1.0.0")
    index = oci.encode(
        {
            "schemaVersion": 2,
            "mediaType": oci.INDEX,
            "manifests": [{"mediaType": oci.MANIFEST, "digest": image, "size": 1}],
        }
    )
    node = oci.Descriptor(oci.INDEX, oci.digest_of(index), len(index))
    client._client.put_manifest(name, "many", node, index)
    _image(place, f"{url}:many")
    said = place.refused()
    assert "index of several images" in said
    assert str(image) in said


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag"),
    [
        ("nginx", "index.docker.io", "library/nginx", ""),
        ("docker.io/nginx:1", "index.docker.io", "library/nginx", "1"),
        ("team/app:v1", "index.docker.io", "team/app", "v1"),
        ("localhost/app", "localhost", "app", ""),
        ("r.test:5000/team/app:1.0", "r.test:5000", "team/app", "1.0"),
    ],
)
def test_names_of_images(text: str, host: str, repository: str, tag: str) -> None:
    assert reference(text, "") == (host, repository, tag, "")
    digest = f"sha256:{'a' * 64}"
    assert reference(f"{text}@{digest}", "") == (host, repository, tag, digest)


@pytest.mark.parametrize("text", ["", "https://r.test/app", "r.test/UPPER", "r.test/app@md5:1"])
def test_what_is_no_name_of_an_image(text: str) -> None:
    with pytest.raises(WrongUsage):
        reference(text, "")


# --- whose login ----------------------------------------------------------------------------------
def _secret(kind: str = "Opaque", **data: str) -> str:
    rows = "".join(
        f"  {key.replace('_', '.')}: {base64.b64encode(text.encode()).decode()}\n"
        for key, text in data.items()
    )
    return (
        f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: key}}\ntype: {kind}\ndata:\n{rows}"
    )


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image in a docker-registry that wants a password."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "htpasswd").write_text(f"{HTPASSWD}\n")
    more = f"auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}"
    registry = Served(folder / "registry", more)
    layout, _ = _layout(folder / "layout", [[("a", "a")]])
    environ = {"SLIPWAY_REGISTRY_USERNAME": "slipway", "SLIPWAY_REGISTRY_PASSWORD": SECRET}
    HttpRegistry(f"http://{registry.host}", environ=environ).push("app", layout, "1")
    yield f"{registry.host}/app"
    registry.stop()


def _docker_file(host: str) -> str:
    pair = base64.b64encode(f"slipway:{SECRET}".encode()).decode()
    return json.dumps({"auths": {host: {"auth": pair}}})


def test_a_secret_opens_a_registry(guarded: str, place: Place) -> None:
    host = guarded.partition("/")[0]
    reference = ", secretRef: {name: key}"
    docs = [
        _secret(username="slipway", password=SECRET),
        _secret(username="slipway", password=SECRET, hostname=host),
        _secret("kubernetes.io/dockerconfigjson", _dockerconfigjson=_docker_file(host)),
    ]
    for doc in docs:
        _image(place, f"{guarded}:1", source=reference, docs=doc)
        place.sync()
        assert place.files() == {"app/a": "a"}
        assert SECRET not in place.lock
    wrong = [
        (_secret(username="slipway", password="another"), "does not accept our credentials"),
        (_secret(username="slipway", password=SECRET, hostname="r.test"), "credentials"),
        (_secret(_dockerconfigjson=_docker_file("r.test")), "credentials"),
        (_secret(username="slipway", colour="green"), "unknown field colour"),
        ("", "there is no secret"),
    ]
    for doc, reason in wrong:
        _image(place, f"{guarded}:1", source=reference, docs=doc)
        said = place.refused()
        assert reason in said
        assert SECRET not in said


def test_dockers_own_file_opens_a_registry(
    guarded: str, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    _image(place, f"{guarded}:1")
    (tmp_path / "config.json").write_text(_docker_file("elsewhere.test"))
    assert "secretRef" in place.refused()
    (tmp_path / "config.json").write_text(_docker_file(guarded.partition("/")[0]))
    place.sync()
    assert place.files() == {"app/a": "a"}


def test_what_opens_our_own_registry_goes_to_no_other(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipeline's own login stands in the environment, and a stranger asks for one."""
    monkeypatch.setenv("SLIPWAY_REGISTRY_USERNAME", "slipway")
    monkeypatch.setenv("SLIPWAY_REGISTRY_PASSWORD", SECRET)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for challenge in ('Basic realm="x"', 'Bearer realm="http://{host}/token",service="x"'):

        def answer(asked: Asked, challenge: str = challenge) -> Reply:
            if asked.path.startswith("/token"):
                return Reply(200, b'{"token": "for-everybody"}')
            headers = {"WWW-Authenticate": challenge.format(host=asked.headers["host"])}
            return Reply(401, headers=headers)

        with Loopback(answer) as stranger:
            _image(place, f"{stranger.url.removeprefix('http://')}/app:1")
            said = place.refused()
            seen = _said(stranger)
        assert "does not accept our credentials" in said
        assert "SLIPWAY" not in said
        assert stranger.asked
        assert SECRET not in seen
        assert base64.b64encode(f"slipway:{SECRET}".encode()).decode() not in seen
        assert "slipway" not in seen


def test_a_token_is_sent_as_it_is_and_to_the_registry_alone(place: Place) -> None:
    layer = _layer([("a", "a")])
    config = oci.encode({})
    manifest = oci.encode(
        {
            "schemaVersion": 2,
            "mediaType": oci.MANIFEST,
            "config": _described(config, oci.CONFIG),
            "layers": [_described(layer, oci.LAYER_GZIP)],
        }
    )
    with Loopback(lambda _: Reply(200, layer)) as store:

        def answer(asked: Asked) -> Reply:
            if asked.headers.get("authorization") != f"Bearer {SECRET}":
                return Reply(401, headers={"WWW-Authenticate": f'Bearer realm="{store.url}/t"'})
            if "/blobs/" in asked.path:
                return Reply(307, headers={"Location": f"{store.url}/layer"})
            headers = {
                "Content-Type": oci.MANIFEST,
                "Docker-Content-Digest": oci.digest_of(manifest),
            }
            return Reply(200, manifest, headers)

        with Loopback(answer) as server:
            url = f"{server.url.removeprefix('http://')}/app:1"
            docs = _secret(token=SECRET)
            _image(place, url, source=", secretRef: {name: key}", docs=docs)
            place.sync()
    assert place.files() == {"app/a": "a"}
    assert store.asked
    assert SECRET not in _said(store)


def _described(content: bytes, kind: str) -> Mapping[str, object]:
    return {"mediaType": kind, "digest": oci.digest_of(content), "size": len(content)}


def _said(server: Loopback) -> str:
    """Return all that a server was told."""
    return "\n".join(
        f"{asked.path} {dict(asked.headers)} {asked.body.decode(errors='replace')}"
        for asked in server.asked
    )
