"""Several files are changed together, or none of them is."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from tasks.chart.bump import rewrite
from tasks.kernel.errors import SlipwayError


def upper(content: bytes) -> bytes:
    return content.upper()


def same(content: bytes) -> bytes:
    return content


def broken(content: bytes) -> bytes:
    raise SlipwayError("no")


def count(content: bytes) -> bytes:
    return str(int(content) + 1).encode()


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    first, second = tmp_path / "values.yaml", tmp_path / "Chart.yaml"
    first.write_bytes(b"a\r\n")
    second.write_bytes(b"b")
    return first, second


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_it_says_which_file_changed(pair: tuple[Path, Path]) -> None:
    first, second = pair
    untouched = second.stat().st_ino
    assert rewrite([(first, upper), (second, same)]) == (True, False)
    assert (first.read_bytes(), second.read_bytes()) == (b"A\r\n", b"b")
    assert second.stat().st_ino == untouched
    assert names(first.parent) == ["Chart.yaml", "values.yaml"]


def test_a_second_failure_leaves_the_first_unchanged(pair: tuple[Path, Path]) -> None:
    first, second = pair
    with pytest.raises(SlipwayError, match="no"):
        rewrite([(first, upper), (second, broken)])
    assert first.read_bytes() == b"a\r\n"
    assert names(first.parent) == ["Chart.yaml", "values.yaml"]


def test_a_replacement_that_fails_takes_the_first_one_back(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).name == "Chart.yaml":
            raise OSError(28, "No space left on device", str(self), None, str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SlipwayError, match="No space left on device") as raised:
        rewrite([(first, upper), (second, upper)])
    assert raised.value.where == str(second)
    assert (first.read_bytes(), second.read_bytes()) == (b"a\r\n", b"b")
    assert names(first.parent) == ["Chart.yaml", "values.yaml"]


def test_a_file_keeps_its_mode_and_a_link_its_target(pair: tuple[Path, Path]) -> None:
    first, second = pair
    first.chmod(0o640)
    link = first.parent / "link.yaml"
    link.symlink_to(first)
    assert rewrite([(link, upper)]) == (True,)
    assert link.is_symlink()
    assert first.read_bytes() == b"A\r\n"
    assert first.stat().st_mode & 0o777 == 0o640
    for other in (link, first.parent / "." / "values.yaml"):
        with pytest.raises(SlipwayError, match="named twice"):
            rewrite([(first, upper), (other, upper)])
    hard = first.parent / "hard.yaml"
    os.link(second, hard)
    with pytest.raises(SlipwayError, match="named twice"):
        rewrite([(second, upper), (hard, upper)])


def test_what_is_no_file_is_refused_with_its_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "round").symlink_to("round")
    for name in ("missing", "pipe", "round", "pipe/x", "", "a\0b", "n" * 300):
        with pytest.raises(SlipwayError) as raised:
            rewrite([(tmp_path / name, upper)])
        assert name[:1] in raised.value.where


def _count(path: Path) -> None:
    for _ in range(20):
        rewrite([(path, count)])


def test_processes_that_edit_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "number"
    path.write_text("0")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_count, args=(path,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert path.read_text() == "60"
    assert names(tmp_path) == ["number"]
