"""What COPY and ADD put where, and what .dockerignore keeps out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.images.contexts import (
    make,
    members,
    names,
    run,
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("COPY a.txt b.txt /d/", ["d", "d/a.txt", "d/b.txt"]),
        ("COPY *.txt /d/", ["d", "d/a.txt", "d/b.txt"]),
        ("COPY [ab].??? /d/", ["d", "d/a.txt", "d/b.txt"]),
        ("COPY [^a].txt /d", ["d"]),
        ("COPY */x.yml /d/", ["d", "d/x.yml"]),
        ('COPY ["with blank", "/d/"]', ["d", "d/with blank"]),
        ("COPY folder /d", ["d", "d/sub", "d/sub/y.yml", "d/x.yml"]),
        ("COPY folder/ a.txt /d/", ["d", "d/a.txt", "d/sub", "d/sub/y.yml", "d/x.yml"]),
        ("COPY folder/../a.txt /d", ["d"]),
        ("COPY a.txt .", ["a.txt"]),
        ("ADD a.txt folder /d/", ["d", "d/a.txt", "d/sub", "d/sub/y.yml", "d/x.yml"]),
        ("WORKDIR /w\nCOPY a.txt .", ["w", "w/a.txt"]),
        ("WORKDIR /w\nCOPY a.txt sub/", ["w", "w/sub", "w/sub/a.txt"]),
        ("COPY a.txt /x/a.txt\nCOPY b.txt /x", ["x/b.txt"]),
        ("COPY a.txt ../../../etc/x", ["etc", "etc/x"]),
        ("copy --chmod=600 a.txt /d", ["d"]),
    ],
)
def test_where_copy_puts_things(tmp_path: Path, line: str, expected: list[str]) -> None:
    files = {
        "a.txt": "a",
        "b.txt": "b",
        "with blank": "w",
        "folder/x.yml": "x",
        "folder/sub/y.yml": "y",
    }
    run(make(tmp_path / "context", f"FROM scratch\n{line}\n", files))
    assert names(tmp_path / "image") == expected


def test_mode_and_owner_can_be_set(tmp_path: Path) -> None:
    text = "FROM scratch\nARG WHO=12\nCOPY --chmod=0640 --chown=$WHO:34 a /d/\n"
    run(make(tmp_path / "context", text, {"a": "a"}))
    found = list(members(tmp_path / "image"))
    assert [(m.name, oct(m.mode), m.uid, m.gid) for m in found] == [
        ("d", "0o755", 12, 34),
        ("d/a", "0o640", 12, 34),
    ]


def test_links_inside_a_folder_stay_links_and_named_ones_are_followed(tmp_path: Path) -> None:
    text = "FROM scratch\nCOPY d /d\nCOPY link /file\nCOPY dirlink /e\n"
    context = make(tmp_path / "context", text, {"d/sub/f": "content"})
    (context / "d" / "l").symlink_to("sub/f")
    (context / "d" / "up").symlink_to("../Dockerfile")
    (context / "d" / "dead").symlink_to("nothing")
    (context / "link").symlink_to("d/l")
    (context / "dirlink").symlink_to("d/sub")
    run(context)
    links = {m.name: m.linkname for m in members(tmp_path / "image", 0) if m.issym()}
    assert links == {"d/l": "sub/f", "d/up": "../Dockerfile", "d/dead": "nothing"}
    assert [(m.name, m.isreg()) for m in members(tmp_path / "image", 1)] == [("file", True)]
    assert names(tmp_path / "image", 2) == ["e", "e/f"]


def test_dockerignore_keeps_things_out(tmp_path: Path) -> None:
    rules = "# notes\n*.md\n!README.md\n**/node_modules\nsecret\nlogs/**\n!logs/keep\n/top\n"
    files = {
        ".dockerignore": rules,
        "a.md": "",
        "README.md": "",
        "deep/a.md": "",
        "x/y/node_modules/m": "",
        "secret/key": "",
        "logs/a": "",
        "logs/keep": "",
        "top": "",
        "deep/top": "",
    }
    run(make(tmp_path / "context", "FROM scratch\nCOPY . /\n", files))
    assert names(tmp_path / "image") == [
        ".dockerignore",
        "Dockerfile",
        "README.md",
        "deep",
        "deep/a.md",
        "deep/top",
        "logs",
        "logs/keep",
        "x",
        "x/y",
    ]


def test_a_dockerfile_may_have_an_ignore_file_of_its_own(tmp_path: Path) -> None:
    files = {".dockerignore": "*", "Dockerfile.dockerignore": "Dockerfile*\n.docker*", "a": ""}
    run(make(tmp_path / "context", "FROM scratch\nCOPY . /\n", files))
    assert names(tmp_path / "image") == ["a"]
