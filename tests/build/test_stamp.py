"""Stamping an app's environment: one variable once, everything else as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.build.stamp import stamp, stamped_env
from tests.rooms import Outside, head

CASES = {
    "the first assignment is replaced where it stands": (
        "A=1\nV=old\nB=2\n",
        "A=1\nV=1.0.0\nB=2\n",
    ),
    "a file without one gets it at its end": ("A=1\n", "A=1\nV=1.0.0\n"),
    "an empty file": ("", "V=1.0.0\n"),
    "no newline at its end": ("A=1", "A=1\nV=1.0.0\n"),
    "the assignment itself has no newline": ("A=1\nV=old", "A=1\nV=1.0.0\n"),
    "empty before": ("V=\nA=1\n", "V=1.0.0\nA=1\n"),
    "more than one": ("V=1\nA=1\nV=2\nexport V=3\nB=2\nV=4", "V=1.0.0\nA=1\nB=2\n"),
    "two in a row": ("V=1\nV=2\n", "V=1.0.0\n"),
    "exported": ("export V=old\nA=1\n", "export V=1.0.0\nA=1\n"),
    "exported with blanks": ("  export \t V=old\n", "export \t V=1.0.0\n"),
    "blanks around": (" \tV \t= old # why\nA=1\n", "V=1.0.0\nA=1\n"),
    "quoted": ("V=\"it's = old\"\nA='1'\n", "V=1.0.0\nA='1'\n"),
    "windows": ("A=1\r\nV=old\r\nB=2\r\n", "A=1\r\nV=1.0.0\r\nB=2\r\n"),
    "windows without one": ("A=1\r\nB=2", "A=1\r\nB=2\r\nV=1.0.0\r\n"),
    "a comment is no assignment": ("# V=old\n#V=old\nA=1\n", "# V=old\n#V=old\nA=1\nV=1.0.0\n"),
    "nor is a longer name": ("VV=1\nXV=1\nV_=1\n", "VV=1\nXV=1\nV_=1\nV=1.0.0\n"),
    "nor the name in a value": ("A=V=old\nB=export V=x\n", "A=V=old\nB=export V=x\nV=1.0.0\n"),
    "nor another case": ("v=old\n", "v=old\nV=1.0.0\n"),
    "blank lines stay": ("\n\nV=old\n\n\nA=1\n\n", "\n\nV=1.0.0\n\n\nA=1\n\n"),
    "odd bytes stay": ("A=\udcff\x00\x0c\nV=old\n", "A=\udcff\x00\x0c\nV=1.0.0\n"),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_stamped_once_however_often(before: str, after: str) -> None:
    assert stamp(before, "V", "1.0.0") == after
    assert stamp(after, "V", "1.0.0") == after
    assert stamp(stamp(before, "V", "0.9.0-rc.1"), "V", "1.0.0") == after


@pytest.mark.parametrize("value", ["1.0.0-rc.10+b.5", r"\1", r"\g<0>", "$1 & `x`"])
def test_a_value_is_taken_as_it_is(value: str) -> None:
    assert stamp("V=old\nA=1\n", "V", value) == f"V={value}\nA=1\n"


@pytest.mark.parametrize("variable", ["V.*", "V+", "A|V"])
def test_a_name_is_no_pattern(variable: str) -> None:
    assert stamp("V=old\nVV=1\n", variable, "1") == f"V=old\nVV=1\n{variable}=1\n"


def test_it_is_the_file_of_the_commit_that_is_stamped(tmp_path: Path) -> None:
    shop = Outside(tmp_path / "shop")
    world = shop.start()
    app = world.config.apps["web"]
    before = head(world)
    shop.commit("feat: another colour", {"web/.env": "COLOUR=blue\nAPP_VERSION=dev\n"})
    after = head(shop.look())
    assert stamped_env(world, app, before, "1.0.0") == b"COLOUR=green\nAPP_VERSION=1.0.0\n"
    assert stamped_env(world, app, after, "1.0.0") == b"COLOUR=blue\nAPP_VERSION=1.0.0\n"
    shop.commit("feat: no colour", {"web/.env": None})
    assert stamped_env(world, app, head(shop.look()), "1.0.0") == b"APP_VERSION=1.0.0\n"
