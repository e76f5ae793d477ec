"""The place of the image: replaced whole or not at all, whatever happens."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import pytest

from tasks.kernel.errors import SlipwayError
from tests.images.contexts import (
    DOCKERFILE,
    SAMPLE,
    config,
    make,
    names,
    run,
)
from tests.registry.processes import at_once, killed_at


def test_the_image_is_never_part_of_itself(tmp_path: Path) -> None:
    context = make(tmp_path / "context", "FROM scratch\nCOPY . /\n", {"a": ""})
    (context / "out").mkdir()
    first = run(context, output=context / "out" / "image")
    second = run(context, output=context / "out" / "image")
    assert first == second
    assert "out/image" not in names(context / "out" / "image")


def test_an_older_image_is_replaced_whole(tmp_path: Path) -> None:
    context = make(tmp_path / "context", DOCKERFILE, SAMPLE)
    run(context)
    before = {path.name for path in (tmp_path / "image" / "blobs" / "sha256").iterdir()}
    (context / "app").write_text("new")
    run(context)
    after = {path.name for path in (tmp_path / "image" / "blobs" / "sha256").iterdir()}
    assert len(before) == len(after) == 4
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["context", "image"]


def test_what_is_no_image_is_not_removed(tmp_path: Path) -> None:
    context = make(tmp_path / "context", "FROM scratch\n")
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "thesis.tex").write_text("years of work")
    with pytest.raises(SlipwayError, match="not an image"):
        run(context)
    shutil.rmtree(tmp_path / "image")
    (tmp_path / "image").symlink_to(context)
    with pytest.raises(SlipwayError, match="not an image"):
        run(context)
    assert (context / "Dockerfile").exists()


def test_a_build_that_fails_leaves_the_old_image(tmp_path: Path) -> None:
    context = make(tmp_path / "context", DOCKERFILE, SAMPLE)
    built = run(context)
    (context / "Dockerfile").write_text("FROM scratch\nCOPY app /\nRUN make\n")
    with pytest.raises(SlipwayError, match="cannot run commands"):
        run(context)
    assert (
        json.loads((tmp_path / "image" / "index.json").read_text())["manifests"][0]["digest"]
        == built.digest
    )
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["context", "image"]


def _quiet(context: Path) -> int:
    run(context)
    return 0


def test_a_build_that_is_killed_anywhere_leaves_a_whole_image_or_none(tmp_path: Path) -> None:
    context = make(tmp_path / "context", DOCKERFILE, SAMPLE)
    whole = {run(context).digest}
    (context / "app").write_text("new")
    whole.add(run(context, output=tmp_path / "other").digest)
    shutil.rmtree(tmp_path / "other")
    step, killed = 0, True
    while killed:
        step += 1
        killed = killed_at(step, partial(_quiet, context))
        if (tmp_path / "image").exists():
            index = json.loads((tmp_path / "image" / "index.json").read_text())
            digest = index["manifests"][0]["digest"]
            assert digest in whole
            assert config(tmp_path / "image")["os"] == "linux"
    assert step > 20
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["context", "image"]


def test_two_builds_at_once_do_not_meet(tmp_path: Path) -> None:
    context = make(tmp_path / "context", DOCKERFILE, SAMPLE)
    assert at_once([partial(_quiet, context)] * 6) == [0] * 6
    assert run(context).digest
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["context", "image"]
