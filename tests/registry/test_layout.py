"""The embedded registry: two processes at once, processes that die, files that got lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.lock import exclusively
from tasks.registry import LayoutRegistry, TagTaken
from tests.registry.conftest import without
from tests.registry.images import image
from tests.registry.processes import at_once, killed_at


def _push(root: Path, layout: Path, tag: str) -> int:
    try:
        LayoutRegistry(root).push("app", layout, tag)
    except TagTaken:
        return 7
    return 0


def test_skopeo_reads_it_as_it_is(tmp_path: Path) -> None:
    if shutil.which("skopeo") is None:
        without("skopeo")
    layout, built = image(tmp_path)
    LayoutRegistry(tmp_path / "registry").push("team/app", layout, "1.0.0")

    place = f"oci:{tmp_path}/registry/team/app:1.0.0"
    seen = subprocess.run(
        ["skopeo", "inspect", "--format", "{{.Digest}}", place],
        capture_output=True,
        text=True,
        check=True,
    )
    copied = subprocess.run(["skopeo", "copy", place, f"oci:{tmp_path}/copy:x"], check=False)

    assert seen.stdout.strip() == built.digest
    assert copied.returncode == 0


def test_processes_that_push_at_once_lose_nothing(tmp_path: Path) -> None:
    layouts = [image(tmp_path / str(number), str(number))[0] for number in range(8)]
    root = tmp_path / "registry"

    codes = at_once([partial(_push, root, one, f"1.{n}") for n, one in enumerate(layouts)])

    assert codes == [0] * 8
    assert LayoutRegistry(root).tags("app") == [f"1.{number}" for number in range(8)]


def test_of_two_that_want_one_tag_one_gets_it(tmp_path: Path) -> None:
    layouts = [image(tmp_path / str(number), str(number)) for number in range(4)]
    root = tmp_path / "registry"

    codes = at_once([partial(_push, root, one[0], "1") for one in layouts])

    assert sorted(codes) == [0, 7, 7, 7]
    winner = layouts[codes.index(0)][1].digest
    assert LayoutRegistry(root).resolve("app", "1") == winner


def test_a_push_that_is_killed_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    old, before = image(tmp_path / "old", "old")
    new, after = image(tmp_path / "new", "new")
    step = 0
    killed = True
    while killed:
        step += 1
        root = tmp_path / f"registry-{step}"
        registry = LayoutRegistry(root)
        registry.push("app", old, "1")

        killed = killed_at(step, partial(_push, root, new, "2"))

        assert registry.resolve("app", "1") == before.digest
        assert registry.resolve("app", "2") in {None, after.digest}
        assert registry.push("app", new, "2").digest == after.digest
        assert registry.config("app", after.digest)["os"] == "linux"
        assert not list(root.rglob("*.tmp"))
        shutil.rmtree(root)
    assert step > 20, "the push touches the disk more often than that"


def test_the_first_push_of_all_may_be_killed_too(tmp_path: Path) -> None:
    layout, built = image(tmp_path)
    for step in range(1, 40, 2):
        root = tmp_path / f"registry-{step}"
        killed_at(step, partial(_push, root, layout, "1"))
        assert LayoutRegistry(root).resolve("app", "1") in {None, built.digest}
        assert _push(root, layout, "1") == 0


def test_a_writer_that_does_not_end_is_named(tmp_path: Path) -> None:
    layout, _ = image(tmp_path)
    registry = LayoutRegistry(tmp_path / "registry", patience=0.1)
    with (
        exclusively(tmp_path / "registry" / "app" / ".lock", 1),
        pytest.raises(SlipwayError, match=f"process {os.getpid()}"),
    ):
        registry.push("app", layout, "1")


def test_a_blob_that_was_damaged_is_noticed_and_repaired(tmp_path: Path) -> None:
    layout, built = image(tmp_path)
    registry = LayoutRegistry(tmp_path / "registry")
    registry.push("app", layout, "1")
    blob = tmp_path / "registry" / "app" / "blobs" / "sha256" / built.layers[0].digest[7:]
    blob.write_bytes(b"something else")

    with pytest.raises(SlipwayError, match="does not have its digest"):
        registry.blob("app", built.layers[0].digest)
    pushed = registry.push("app", layout, "1")

    assert pushed.new_blobs == (built.layers[0].digest,)
    assert registry.blob("app", built.layers[0].digest)


def test_a_tag_whose_image_was_deleted_by_hand_stands_for_nothing(tmp_path: Path) -> None:
    one, first = image(tmp_path / "a", "one")
    two, second = image(tmp_path / "b", "two")
    registry = LayoutRegistry(tmp_path / "registry")
    registry.push("app", one, "1")
    (tmp_path / "registry" / "app" / "blobs" / "sha256" / first.digest[7:]).unlink()

    assert registry.resolve("app", "1") is None
    assert registry.push("app", two, "1").digest == second.digest
    assert registry.tags("app") == ["1"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"manifests": {}}', '{"manifests": [{}]}'])
def test_an_index_that_was_edited_is_named(tmp_path: Path, content: str) -> None:
    layout, _ = image(tmp_path)
    registry = LayoutRegistry(tmp_path / "registry")
    registry.push("app", layout, "1")
    (tmp_path / "registry" / "app" / "index.json").write_text(content)
    with pytest.raises(SlipwayError, match=r"app/index\.json"):
        registry.resolve("app", "1")


@pytest.mark.parametrize("name", ["blobs", "app/blobs", "app/index.json", "oci-layout/x"])
def test_a_repository_cannot_be_called_like_a_part_of_a_layout(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUsage, match="cannot be called"):
        LayoutRegistry(tmp_path).resolve(name, "1")


def test_a_repository_may_stand_inside_another(tmp_path: Path) -> None:
    layout, built = image(tmp_path)
    registry = LayoutRegistry(tmp_path / "registry")
    registry.push("app", layout, "1")
    registry.push("app/web", layout, "2")
    assert (registry.tags("app"), registry.tags("app/web")) == (["1"], ["2"])
    assert registry.resolve("app/web", "2") == built.digest


def test_the_check_names_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    LayoutRegistry(tmp_path / "not" / "yet").check()
    with pytest.raises(SlipwayError, match="not a folder"):
        LayoutRegistry(tmp_path / "file" / "registry").check()
