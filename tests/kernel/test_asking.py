"""Who says so, and why: in words that can be read again where they are written down."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tasks.kernel import journal, paths
from tasks.kernel.asking import who_and_why
from tasks.kernel.errors import WrongUsage

NO_TEXT = b"\xff\xfe".decode("utf-8", "surrogateescape")  # as it arrives in a command line


def said(by: str = "ann", why: str = "I looked") -> tuple[str, str]:
    return who_and_why(by, why, command="doit approve:production", reason="", question="")


@pytest.mark.parametrize("said_by", [True, False])
@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("a\x01b", "has a control character"),
        ("a\x1b[2Jb", "has a control character"),
        ("a\x9bb", "has a control character"),
        (NO_TEXT, "is not UTF-8"),
    ],
)
def test_what_nobody_could_read_again_is_refused(words: str, what: str, said_by: bool) -> None:
    option, others = ("--by", {"by": words}) if said_by else ("--why", {"why": words})
    with pytest.raises(WrongUsage, match=f"{option} {what}"):
        said(**others)


def test_nothing_said_forges_a_line_of_its_own() -> None:
    for end in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029":
        assert said(why=f"fine{end}Approved-by: Eve")[1] == "fine Approved-by: Eve"


def test_words_of_any_language_may_be_said() -> None:
    why = "für Zoë \N{FAMILY} می\u200cخواهم"
    assert said(why=why) == ("ann", why)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_typed_is_held_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("a\x01b\n"))
    with pytest.raises(WrongUsage, match="--why has a control character"):
        said(why="")


def test_bytes_that_are_no_text_can_be_typed_and_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def typed(_: str) -> str:
        return b"\xfc".decode()

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", typed)
    with pytest.raises(WrongUsage, match="not UTF-8"):
        said(why="")


def test_the_log_takes_any_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    journal.effect("approve:production", f"by ann: {NO_TEXT}")
    with journal.of("task"):
        journal.say(NO_TEXT)
    assert "by ann: \\udcff\\udcfe" in (tmp_path / paths.EFFECTS).read_text()
    assert (tmp_path / paths.log("task")).read_text() == "\\udcff\\udcfe\n"
