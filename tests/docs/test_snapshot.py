"""A version of the site is kept, the oldest one goes, and every label says what it should."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.docs.snapshot import Settings, labelled, snapshot
from tasks.docs.tree import Folder
from tasks.kernel.errors import SlipwayError

ROOT = Path(__file__).resolve().parents[2]
I18N = "i18n/es/docusaurus-plugin-content-docs"
SITE = {
    "docs/intro.md": "# Intro\n",
    "docs/api/http.md": "# HTTP\n",
    "sidebars.json": '{"docs": ["intro"]}\n',
    "src/page.js": "code\n",
    f"{I18N}/current/intro.md": "# Hola\n",
    f"{I18N}/current.json": '{"version.label": {"message": "Próxima"}, "x": {"message": "y"}}',
}


def site(folder: Path, files: dict[str, str]) -> Folder:
    made = Folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made.apply({name: text.encode() for name, text in files.items()})
    return made


def text_of(tree: Folder, name: str) -> str:
    return tree.read(name).decode()


def kept(tree: Folder, version: str, **how: object) -> list[str]:
    """Keep a version and return what changed, names only."""
    changes = snapshot(tree, version, Settings(**how))  # type: ignore[arg-type]
    tree.apply(changes)
    return sorted(changes)


def test_a_version_is_what_docusaurus_looks_for(tmp_path: Path) -> None:
    tree = site(tmp_path / "site", SITE)
    assert kept(tree, "0.42.0") == [
        f"{I18N}/version-0.42.0.json",
        f"{I18N}/version-0.42.0/intro.md",
        "versioned_docs/version-0.42.0/api/http.md",
        "versioned_docs/version-0.42.0/intro.md",
        "versioned_sidebars/version-0.42.0-sidebars.json",
        "versions.json",
    ]
    assert text_of(tree, "versions.json") == '[\n  "0.42.0"\n]\n'
    assert text_of(tree, "versioned_docs/version-0.42.0/api/http.md") == "# HTTP\n"
    assert text_of(tree, "versioned_sidebars/version-0.42.0-sidebars.json") == SITE["sidebars.json"]


def test_twice_is_once(tmp_path: Path) -> None:
    tree = site(tmp_path / "site", SITE)
    kept(tree, "0.42.0")
    assert kept(tree, "0.42.0") == []
    (tmp_path / "site/docs/intro.md").write_text("# Another\n")
    assert kept(tree, "0.42.0") == []
    assert text_of(tree, "versioned_docs/version-0.42.0/intro.md") == "# Intro\n"


def test_five_stay_and_what_is_older_goes_without_a_trace(tmp_path: Path) -> None:
    tree = site(tmp_path / "site", SITE | {"schemas/current/a.json": "{}"})
    copies = {"schemas/current": "schemas/versions/{version}"}
    for minor in range(1, 8):
        kept(tree, f"0.{minor}.0", copies=copies)
    assert json.loads(text_of(tree, "versions.json")) == [f"0.{n}.0" for n in (7, 6, 5, 4, 3)]
    assert not [name for name in tree.names() if "0.1.0" in name or "0.2.0" in name]
    assert {name.split("/")[2] for name in tree.names() if name.startswith("schemas/v")} == {
        f"0.{n}.0" for n in (3, 4, 5, 6, 7)
    }
    assert not (tmp_path / "site/versioned_docs/version-0.1.0").exists()
    assert kept(tree, "0.8.0", copies=copies, keep=2)
    assert json.loads(text_of(tree, "versions.json")) == ["0.8.0", "0.7.0"]


def test_a_version_whose_name_begins_like_another_stays(tmp_path: Path) -> None:
    tree = site(tmp_path / "site", SITE)
    for version in ("0.1.0", "0.1.0-old", "0.2.0"):
        kept(tree, version, keep=2)
    assert json.loads(text_of(tree, "versions.json")) == ["0.2.0", "0.1.0-old"]
    assert "versioned_docs/version-0.1.0-old/intro.md" in tree.names()


def test_labels_are_as_configured_in_every_version_that_stays(tmp_path: Path) -> None:
    old = {"version.label": {"message": "Next", "description": "d"}, "s": {"message": "t"}}
    files = {f"{I18N}/version-0.1.0.json": json.dumps(old), "versions.json": '["0.1.0"]'}
    tree = site(tmp_path / "site", SITE | files)
    kept(tree, "0.2.0", labels={"es": "Versión {version}"})
    for version in ("0.1.0", "0.2.0"):
        told = json.loads(text_of(tree, f"{I18N}/version-{version}.json"))
        assert told["version.label"] == {
            "message": f"Versión {version}",
            "description": f"The label for version {version}",
        }
    assert json.loads(text_of(tree, f"{I18N}/version-0.1.0.json"))["s"] == {"message": "t"}
    assert "Próxima" in text_of(tree, f"{I18N}/current.json")


def test_a_label_that_is_right_leaves_the_file_alone() -> None:
    content = b'{"version.label":{"description":"The label for version 1.0.0","message":"1.0.0"}}'
    assert labelled(content, "1.0.0", "{version}", "x") == content
    told = labelled(b'{"a": {"message": "\xc3\xa9"}}', "1.0.0", "v{version}", "x").decode()
    assert list(json.loads(told)) == ["version.label", "a"]
    assert "é" in told


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"docs/intro.md": None}, "no pages in docs/"),
        ({"versions.json": "["}, "versions.json is not JSON"),
        ({"versions.json": '{"a": 1}'}, "is not a list of versions"),
        ({"versions.json": '["../../etc"]'}, "which is no version"),
        ({f"{I18N}/current.json": "[]"}, "is not a JSON object"),
        ({"sidebars.json": None, "sidebars.js": "module.exports = {}"}, "sidebars.js is a program"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    tmp_path: Path, files: dict[str, str | None], said: str
) -> None:
    whole = {"docs/intro.md": SITE["docs/intro.md"]} | SITE
    del whole["docs/api/http.md"]
    told = {name: text for name, text in (whole | files).items() if text is not None}
    tree = site(tmp_path / "site", told)
    before = {name: tree.read(name) for name in tree.names()}
    with pytest.raises(SlipwayError, match=said):
        kept(tree, "0.2.0")
    assert {name: tree.read(name) for name in tree.names()} == before


def test_a_link_is_no_page(tmp_path: Path) -> None:
    tree = site(tmp_path / "site", SITE)
    (tmp_path / "site/docs/passwords.md").symlink_to("/etc/passwd")
    with pytest.raises(SlipwayError, match="is a link"):
        kept(tree, "0.2.0")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tasks.docs", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_keeps_a_version_of_any_folder(tmp_path: Path) -> None:
    tree = site(tmp_path / "site", SITE)
    done = run("snapshot", "--root", str(tmp_path / "site"), "--version", "0.2.0", "--keep", "5")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("0.2.0 kept, 6 files written, 0 taken away\n")
    assert "versioned_docs/version-0.2.0/intro.md" in tree.names()


@pytest.mark.parametrize(
    "arguments",
    [
        ["snapshot", "--version", "../../x"],
        ["snapshot", "--version", "0.2.0", "--keep", "0"],
        ["snapshot", "--version", "0.2.0", "--label", "es"],
        ["snapshot"],
        [],
    ],
)
def test_wrong_usage_is_1_and_writes_nothing(tmp_path: Path, arguments: list[str]) -> None:
    tree = site(tmp_path / "site", SITE)
    done = run(*arguments, *(["--root", str(tmp_path / "site")] if arguments else []))
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert tree.names() == sorted(SITE)
