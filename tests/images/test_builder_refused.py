"""Everything the builder refuses, and what it says: the line, the path, what to do."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from pathlib import Path

import pytest

from tasks.images.builder import build
from tasks.kernel.errors import SlipwayError
from tests.images.contexts import make, run


def refused(context: Path) -> SlipwayError:
    """Build, see it refused, and see that nothing is left of it."""
    before = sorted(context.parent.iterdir())
    with pytest.raises(SlipwayError) as caught:
        run(context)
    assert sorted(context.parent.iterdir()) == before
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("FROM scratch\nRUN make\n", 2, "cannot run commands"),
        ("FROM scratch\n# one\n\nRUN make \\\n  all\n", 4, "cannot run commands"),
        ("FROM scratch\nFROM scratch\n", 2, "one stage only"),
        ("FROM scratch\nCOPY --from=build /a /b\n", 2, "no other stage"),
        ("FROM scratch\nCOPY --link a /b\n", 2, "does not know COPY --link"),
        ("FROM scratch\nADD --checksum=sha256:ab a /b\n", 2, "does not know ADD --checksum"),
        ("FROM scratch\nHEALTHCHECK CMD true\n", 2, "instruction HEALTHCHECK"),
        ("FROM scratch\nONBUILD COPY a /\n", 2, "instruction ONBUILD"),
        ('FROM scratch\nSHELL ["/bin/bash"]\n', 2, "instruction SHELL"),
        ("FROM scratch\nCOPPY a /b\n", 2, "instruction COPPY"),
        ("FROM scratch\nCOPY <<EOF /b\nEOF\n", 2, "here-documents"),
        ("FROM --platform=linux/s390x scratch\n", 1, "FROM --platform=linux/s390x"),
        ("FROM scratch\nCMD --help\n", 2, "CMD --help"),
    ],
)
def test_what_needs_another_builder(tmp_path: Path, text: str, line: int, says: str) -> None:
    error = refused(make(tmp_path / "context", text, {"a": ""}))
    assert error.where == f"Dockerfile:{line}"
    assert says in error.what
    assert "artifacts.binary" in error.fix


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("COPY a /b\nFROM scratch\n", 1, "COPY stands before FROM"),
        ("FROM\n", 1, "does not name one image"),
        ("FROM a b c d\n", 1, "does not name one image"),
        ("ARG BASE\nFROM ${BASE}\n", 2, "FROM ${BASE} is empty"),
        ("FROM debian:12\n", 1, "base image debian:12 is not here"),
        ("FROM scratch\nENV A\n", 2, "A has no value"),
        ("FROM scratch\nENV A=1 B\n", 2, "B has no name and value"),
        ("FROM scratch\nENV\n", 2, "a name and a value are missing"),
        ("FROM scratch\nENV A='1\n", 2, "a closing ' is missing"),
        ('FROM scratch\nENV A="1\n', 2, 'a closing " is missing'),
        ("FROM scratch\nENV A=${B\n", 2, "} is missing"),
        ("FROM scratch\nENV A=${B:-c\n", 2, "} is missing"),
        ("FROM scratch\nENV A=${}\n", 2, "this is no variable"),
        ('FROM scratch\nENV A="${B:?must be given}"\n', 2, "B is not set: must be given"),
        ("FROM scratch\nARG 1=2\n", 2, "1 is not a name"),
        ("FROM scratch\nEXPOSE http\n", 2, "http is not a port"),
        ("FROM scratch\nEXPOSE 70000\n", 2, "70000 is not a port"),
        ("FROM scratch\nUSER $NOBODY\n", 2, "USER has no value"),
        ("FROM scratch\nWORKDIR\n", 2, "WORKDIR has no value"),
        ("FROM scratch\nCOPY a\n", 2, "no source or no destination"),
        ("FROM scratch\nCOPY $UNSET /b\n", 2, "no source or no destination"),
        ("FROM scratch\nCOPY --chmod=u+x a /b\n", 2, "--chmod=u+x is not an octal mode"),
        ("FROM scratch\nCOPY --chmod=4755 a /b\n", 2, "--chmod=4755 is not an octal mode"),
        ("FROM scratch\nCOPY --chown=root a /b\n", 2, "--chown=root is not numeric"),
        ("FROM scratch\nCOPY a b /c\n", 2, "2 sources cannot go to one file"),
        ("FROM scratch\nCOPY missing /c\n", 2, "the source missing is not in the context"),
        ("FROM scratch\nCOPY *.none /c\n", 2, "no file fits the source *.none"),
        ("FROM scratch\nCOPY [a /c\n", 2, "[a is not a pattern"),
        ("FROM scratch\nCOPY a /x\nCOPY b /x/y\n", 3, "/x is a file in the image"),
        ("FROM scratch\nCOPY a /x/\nCOPY d /x/a\n", 3, "/x/a is a file in the image"),
        ("FROM scratch\nCOPY d /x\nCOPY e /x/\n", 3, "/x/f is a folder in the image"),
        ("# escape=x\nFROM scratch\n", 1, "escape character cannot be x"),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, line: int, says: str) -> None:
    files = {"a": "", "b": "", "d/f/g": "", "e/f": ""}
    error = refused(make(tmp_path / "context", text, files))
    assert error.where == f"Dockerfile:{line}"
    assert says in error.what


@pytest.mark.parametrize("text", ["", "# nothing\n", "ARG A\n"])
def test_a_dockerfile_without_from(tmp_path: Path, text: str) -> None:
    error = refused(make(tmp_path / "context", text))
    assert (error.what, error.where) == ("there is no FROM", "Dockerfile")


@pytest.mark.parametrize(
    "source", ["..", "../secret", "../*", "a/../../secret", "./../secret", "d/../../context/a"]
)
@pytest.mark.parametrize("verb", ["COPY", "ADD"])
def test_sources_that_climb_out(tmp_path: Path, verb: str, source: str) -> None:
    (tmp_path / "secret").write_text("s")
    error = refused(make(tmp_path / "context", f"FROM scratch\n{verb} {source} /\n", {"a": ""}))
    assert error.where == "Dockerfile:2"
    assert f"{source} leads out of the build context" in error.what


def test_absolute_sources(tmp_path: Path) -> None:
    error = refused(make(tmp_path / "context", "FROM scratch\nCOPY /etc/passwd /\n"))
    assert "/etc/passwd is an absolute path" in error.what


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "../../../../etc/passwd", ".."])
@pytest.mark.parametrize(
    ("link", "source"),
    [("l", "l"), ("l", "*"), ("l", "l/passwd"), ("l", "."), ("d/l", "d"), ("d/deep/l", "d")],
)
def test_links_that_lead_out(tmp_path: Path, target: str, link: str, source: str) -> None:
    (tmp_path / "secret").write_text("s")
    context = make(tmp_path / "context", f"FROM scratch\nCOPY {source} /x/\n", {"d/deep/f": ""})
    depth = "../" * link.count("/") if not target.startswith("/") else ""
    (context / link).symlink_to(f"{depth}{target}")
    error = refused(context)
    assert error.where == "Dockerfile:2"
    assert "leads out of the build context" in error.what
    assert "l" in error.what


def test_a_folder_reached_through_a_link_that_leads_out(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_text("secret")
    context = make(tmp_path / "context", "FROM scratch\nCOPY one/f /\n")
    (context / "one").symlink_to("two")
    (context / "two").symlink_to("../outside")
    assert "leads out of the build context" in refused(context).what


def test_links_that_go_round_in_a_circle(tmp_path: Path) -> None:
    context = make(tmp_path / "context", "FROM scratch\nCOPY a /\n")
    (context / "a").symlink_to("b")
    (context / "b").symlink_to("a")
    assert "go round in a circle" in refused(context).what


@pytest.mark.parametrize("source", ["special", "."])
@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_special_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, source: str
) -> None:
    context = make(tmp_path / "context", f"FROM scratch\nCOPY {source} /x/\n")
    monkeypatch.chdir(context)  # the path of a socket must be short
    if kind == "fifo":
        os.mkfifo("special")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("special")
    else:
        try:
            os.mknod("special", 0o020600, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("only root makes devices")
    error = refused(context)
    assert error.where == "Dockerfile:2"
    assert "special is neither a file nor a folder" in error.what


def test_what_dockerignore_keeps_out_is_said_to_be(tmp_path: Path) -> None:
    files = {".dockerignore": "a\n", "a": ""}
    error = refused(make(tmp_path / "context", "FROM scratch\nCOPY a /\n", files))
    assert "kept out of the context" in error.what
    assert ".dockerignore" in error.fix


def test_a_pattern_of_dockerignore_that_is_none(tmp_path: Path) -> None:
    files = {".dockerignore": "ok\n[a\n"}
    error = refused(make(tmp_path / "context", "FROM scratch\n", files))
    assert error.where == ".dockerignore:2"


@pytest.mark.parametrize(
    "source",
    [
        "https://example.org/f",
        "http://example.org/f?token=hunter2",
        "git@example.org:a/b.git",
        "git://example.org/a",
    ],
)
def test_add_fetches_nothing(tmp_path: Path, source: str) -> None:
    error = refused(make(tmp_path / "context", f"FROM scratch\nADD {source} /\n"))
    assert "ADD cannot fetch" in error.what
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_add_unpacks_nothing(tmp_path: Path, mode: str) -> None:
    context = make(tmp_path / "context", "FROM scratch\nADD data /\n")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:  # type: ignore[call-overload]
        archive.addfile(tarfile.TarInfo("x"))
    (context / "data").write_bytes(content.getvalue())
    error = refused(context)
    assert "would unpack the archive data" in error.what
    assert "COPY" in error.fix


def test_a_dockerfile_outside_of_the_context(tmp_path: Path) -> None:
    context = make(tmp_path / "context", "FROM scratch\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (context / "linked").symlink_to("../Dockerfile")
    for name in ("../Dockerfile", str(tmp_path / "Dockerfile"), "linked"):
        with pytest.raises(SlipwayError, match="outside of the build context"):
            build(context, name, tmp_path / "image", args={}, labels={}, created=0)
    with pytest.raises(SlipwayError, match="cannot be read"):
        build(context, "missing", tmp_path / "image", args={}, labels={}, created=0)
    with pytest.raises(SlipwayError, match="not a folder"):
        build(tmp_path / "none", "Dockerfile", tmp_path / "image", args={}, labels={}, created=0)


def test_a_dockerfile_that_is_not_text(tmp_path: Path) -> None:
    context = make(tmp_path / "context", "")
    (context / "Dockerfile").write_bytes(b"FROM scratch\nLABEL a=\xff\n")
    error = refused(context)
    assert (error.what, error.where) == ("this is not UTF-8 text", "Dockerfile:2")


def test_a_file_name_that_is_not_text(tmp_path: Path) -> None:
    context = make(tmp_path / "context", "FROM scratch\nCOPY . /\n")
    Path(os.fsdecode(os.fsencode(context) + b"/bad-\xff")).write_text("")
    assert "a file's name is not UTF-8" in refused(context).what


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    context = make(tmp_path / "context", "FROM scratch\nCOPY a /\n", {"a": ""})
    (context / "a").chmod(0)
    assert "cannot be read" in refused(context).what
