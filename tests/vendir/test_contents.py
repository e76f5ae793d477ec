"""What of a source arrives: the other sources, filters, the new root, kept files, modes, links."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from tasks.vendir.engine.folders import make_folders
from tests.vendir.conftest import DEPTH, Origin, Place


def _folder(place: Place, files: dict[str, str], name: str = "local") -> Path:
    top = place.folder.parent / name
    for path, content in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(content)
    return top


FILES = {
    "charts/app/Chart.yaml": "app\n",
    "charts/app/.hidden/f": "h\n",
    "charts/other/Chart.yaml": "other\n",
    "LICENSE": "MIT\n",
    "sub/LICENSE": "MIT\n",
    "COPYING": "no\n",
    "docs/a.md": "a\n",
}


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ("", sorted(FILES)),
        (
            "includePaths: [charts/app/**]",
            ["LICENSE", "charts/app/.hidden/f", "charts/app/Chart.yaml"],
        ),
        ("includePaths: [docs/*], legalPaths: []", ["docs/a.md"]),
        ("excludePaths: ['**/*']", ["LICENSE"]),
        (
            "includePaths: [docs/*], legalPaths: ['**/LICENSE']",
            ["LICENSE", "docs/a.md", "sub/LICENSE"],
        ),
        (
            "includePaths: ['**/*'], excludePaths: [charts/**, sub/**]",
            ["COPYING", "LICENSE", "docs/a.md"],
        ),
    ],
)
def test_filters(place: Place, more: str, kept: list[str]) -> None:
    _folder(place, FILES)
    place.configure(f"[{{path: ., directory: {{path: ../local}}, {more}}}]")
    place.sync()
    assert sorted(place.files()) == kept
    empty = [p for p in (place.folder / "vendor").rglob("*") if p.is_dir() and not any(p.iterdir())]
    assert empty == []


def test_nothing_left_is_an_error_and_changes_nothing(place: Place) -> None:
    _folder(place, FILES)
    place.configure("[{path: a, inline: {paths: {x: '1'}}}]")
    place.sync()
    place.configure(
        "[{path: a, directory: {path: ../local}, includePaths: [charts/app], legalPaths: []}]"
    )
    assert "nothing is left" in place.refused()
    assert place.files() == {"a/x": "1"}
    assert place.left == ["vendir.lock.yml", "vendir.yml", "vendor"]


def test_git_s_own_folder_never_comes_along(origin: Origin, place: Place) -> None:
    place.configure("[{path: a, directory: {path: ../charts}}]")
    place.sync()
    assert not any(".git" in path.split("/") for path in place.files())


@pytest.mark.parametrize(
    ("root", "files"),
    [
        ("charts/app", [".hidden/f", "Chart.yaml"]),
        ("/charts/./app/", [".hidden/f", "Chart.yaml"]),
        (".", sorted(FILES)),
    ],
)
def test_the_new_root(place: Place, root: str, files: list[str]) -> None:
    _folder(place, FILES)
    place.configure(f"[{{path: a, directory: {{path: ../local}}, newRootPath: {root}}}]")
    place.sync()
    assert sorted(place.files("vendor/a")) == files


def test_the_new_root_may_be_a_file(place: Place) -> None:
    _folder(place, FILES)
    place.configure("[{path: a, directory: {path: ../local}, newRootPath: docs/a.md}]")
    place.sync()
    assert place.files() == {"a": "a\n"}


@pytest.mark.parametrize("root", ["charts/none", "../..", "link/inner"])
def test_a_new_root_that_is_not_there(place: Place, root: str) -> None:
    top = _folder(place, FILES)
    (top / "link").symlink_to("docs")
    place.configure(f"[{{path: a, directory: {{path: ../local}}, newRootPath: {root}}}]")
    assert "newRootPath" in place.refused()
    assert place.left == ["vendir.yml"]


def test_files_that_stay_as_they_are(place: Place) -> None:
    top = _folder(place, {"values.yaml": "new\n", "Chart.yaml": "new\n"})
    place.configure("[{path: a, directory: {path: ../local}, ignorePaths: [values.yaml, own/*]}]")
    place.sync()
    assert place.files("vendor/a")["values.yaml"] == "new\n"
    _folder(place, {"vendor/a/values.yaml": "mine\n", "vendor/a/own/x": "mine\n"}, "work")
    (place.folder / "vendor/a/own/x").chmod(0o755)
    (top / "Chart.yaml").write_text("newer\n")
    place.sync()
    assert place.files("vendor/a") == {
        "Chart.yaml": "newer\n",
        "own/x": "mine\n",
        "values.yaml": "mine\n",
    }
    assert (place.folder / "vendor/a/own/x").stat().st_mode & 0o777 == 0o644
    place.configure("[{path: a, directory: {path: ../local}, ignorePaths: ['*']}]")
    assert "own is no file" in place.refused()


def test_modes(place: Place) -> None:
    place.configure(
        "[{path: a, permissions: 0750, inline: {paths: {x: '1'}}},"
        " {path: b, inline: {paths: {z: '1'}}}]",
        more="  permissions: 0o755\n",
    )
    place.sync()
    modes = {
        name: (place.folder / name).stat().st_mode & 0o777
        for name in ("vendor", "vendor/a", "vendor/b", "vendor/a/x")
    }
    assert modes == {"vendor": 0o755, "vendor/a": 0o750, "vendor/b": 0o755, "vendor/a/x": 0o600}


def test_a_folder_that_may_not_be_written_to_is_replaced_all_the_same(place: Place) -> None:
    place.configure(
        "[{path: a, permissions: 0555, inline: {paths: {d/x: '1'}}}]", more="  permissions: 0555\n"
    )
    place.sync()
    place.sync()
    place.sync("-d", "vendor/a")
    assert place.files() == {"a/d/x": "1"}
    (place.folder / "vendor").chmod(0o755)


def test_inline_files(place: Place) -> None:
    value = base64.b64encode(b"hidden").decode()
    place.configure(
        "[{path: a, inline: {paths: {/x: one, d/z: two}, pathsFrom: ["
        "{secretRef: {name: s, directoryPath: keys}}, {configMapRef: {name: m}}]}}]",
        more=(
            f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{k: {value}}}\n"
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {x: later wins}\n"
        ),
    )
    assert "inline: {}" in place.sync()
    assert place.files("vendor/a") == {"x": "later wins", "d/z": "two", "keys/k": "hidden"}


@pytest.mark.parametrize(
    "inline",
    [
        "{paths: {../x: '1'}}",
        "{paths: {.: '1'}}",
        "{paths: {y: 'a file called true'}}",
        "{}",
        "{pathsFrom: [{secretRef: {name: no}}]}",
    ],
)
def test_inline_files_that_cannot_be(place: Place, inline: str) -> None:
    place.configure(f"[{{path: a, inline: {inline}}}]")
    place.refused()
    assert place.left == ["vendir.yml"]
    assert not (place.folder.parent / "x").exists()


@pytest.mark.parametrize("inline", ["{}", "{paths: {}}"])
def test_of_inline_files_there_is_one(place: Place, inline: str) -> None:
    place.configure(f"[{{path: a, inline: {inline}}}]")
    assert "contents[0]: nothing is left of this content" in place.refused()


def test_a_folder_of_this_machine(place: Place) -> None:
    top = _folder(place, {"x": "x\n"})
    (top / "run").write_text("#!/bin/sh\n")
    (top / "run").chmod(0o755)
    (top / "link").symlink_to("x")
    place.configure("[{path: a, directory: {path: ../local}}]")
    place.sync()
    assert place.files("vendor/a") == {"x": "x\n", "run": "#!/bin/sh\n", "link": "→ x"}
    assert (place.folder / "vendor/a/run").stat().st_mode & 0o100
    place.configure("[{path: a, directory: {path: .}, includePaths: [vendir.yml]}]")
    place.sync()  # the folder that the sync itself works in is left out
    assert sorted(place.files("vendor/a")) == ["vendir.yml"]


@pytest.mark.parametrize("path", ["../none", "../file", "../link"])
def test_what_is_no_folder(place: Place, path: str) -> None:
    (place.folder.parent / "file").write_text("x")
    (place.folder.parent / "link").symlink_to(place.folder)
    place.configure(f"[{{path: a, directory: {{path: {path}}}}}]")
    assert "is no folder" in place.refused()


def test_files_kept_by_hand_survive_the_failure_of_their_neighbour(place: Place) -> None:
    _folder(place, {"vendor/own/x": "mine\n"}, "work")
    place.configure("[{path: own, manual: {}}, {path: b, directory: {path: ../none}}]")
    place.refused()
    assert place.files() == {"own/x": "mine\n"}
    place.configure("[{path: own, manual: {}}, {path: b, inline: {paths: {z: '1'}}}]")
    assert "  - manual: {}\n    path: own\n" in place.sync()
    assert place.files() == {"b/z": "1", "own/x": "mine\n"}
    place.configure("[{path: gone, manual: {}}]")
    assert "nothing to keep" in place.refused()


@pytest.mark.usefixtures("shallow_stack")
def test_a_folder_of_many_folders_in_one_another(place: Place) -> None:
    step = _folder(place, {"x": "x\n"})
    deep = step.joinpath(*["d"] * DEPTH)
    make_folders(deep)
    (deep / "f").write_text("deep\n")
    (deep / "link").symlink_to("f")
    place.configure(
        "[{path: a, directory: {path: ../local}, includePaths: ['**/f', '**/link'],"
        " ignorePaths: ['**/f']}]"
    )
    place.sync()
    place.sync()
    assert (place.folder / "vendor/a").joinpath(*["d"] * DEPTH, "link").read_text() == "deep\n"
    assert place.run("verify").out == ""
    assert place.left == ["vendir.lock.yml", "vendir.yml", "vendor"]


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077])
def test_files_that_stay_have_the_mode_of_a_new_file_of_one_s_own(place: Place, umask: int) -> None:
    _folder(place, {"x": "x\n"})
    own = _folder(place, {"vendor/a/own": "mine\n"}, "work") / "vendor/a/own"
    own.chmod(0o666)
    place.configure("[{path: a, directory: {path: ../local}, ignorePaths: [own]}]")
    before = os.umask(umask)
    try:
        place.sync()
    finally:
        os.umask(before)
    assert own.stat().st_mode & 0o777 == 0o644 & ~umask
