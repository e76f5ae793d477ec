"""The screen by itself: plain lines for a log, one live line on a terminal."""

from __future__ import annotations

import io
import re
import time

import pytest

from tasks.kernel import screen as screens
from tasks.kernel.screen import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    return Terminal()


def test_a_line_says_sign_name_words_and_seconds() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    screen.done("version", "0.2.0-rc.1", 0.01)
    screen.done("push:web", "nothing to push", 0.01, skipped=True)
    screen.done("binary", "built\nand stripped", 1.25)
    screen.gate("gate", "a human decides\ndoit approve")
    screen.end(3, ["candidate", "promote"], asked=False)
    assert stream.getvalue().splitlines() == [
        "✓ version          0.2.0-rc.1",
        "· push:web         nothing to push",
        "✓ binary           built" + " " * 69 + "1.2 s",
        " " * 19 + "and stripped",
        "║ gate             a human decides",
        "    doit approve",
        "- not run: candidate, promote",
        "- 3 up to date",
    ]


def test_what_had_nothing_to_do_for_one_reason_shares_a_line() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    for name in ("draft", "final:web", "final:server", "tag"):
        screen.done(name, "nothing was promoted", 0.0, skipped=True)
    screen.done("counter", "it is right already", 0.0, skipped=True)
    screen.done("version", "0.2.0-rc.1", 0)
    screen.done("image:web", "it is there", 0.0, skipped=True)
    screen.end(0, [], asked=False)
    assert stream.getvalue().splitlines() == [
        "· draft            nothing was promoted",
        "                   the same: final:web, final:server, tag",
        "· counter          it is right already",
        "✓ version          0.2.0-rc.1",
        "· image:web        it is there",
    ]


def test_a_line_about_nothing_does_not_wait_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "_TOGETHER", 0.05)
    stream = io.StringIO()
    screen = Screen(stream)
    screen.begin("image:server")
    screen.done("image:web", "it is there", 0.0, skipped=True)
    end = time.monotonic() + 5
    while "it is there" not in stream.getvalue():
        assert time.monotonic() < end
        time.sleep(0.01)
    screen.end(0, [], asked=False)


def test_many_names_on_a_line_are_wrapped() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    for number in range(30):
        screen.done(f"final:dagster-{number}", "nothing was promoted", 0.0, skipped=True)
    screen.end(0, [], asked=False)
    assert max(map(len, stream.getvalue().splitlines())) <= 100
    assert "final:dagster-29" in stream.getvalue()


def test_an_answer_has_nothing_behind_it() -> None:
    stream = io.StringIO()
    Screen(stream).end(3, ["promote"], asked=True)
    assert stream.getvalue() == ""


def test_what_steers_a_terminal_never_reaches_it() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    hostile = "\x1b]0;title\x07\x1b[2J\rgone\x9b1m\u202eback\x7f"
    screen.done("one", hostile, 0)
    screen.gate("two", hostile)
    screen.problem("three", hostile)
    assert not re.search(r"[^\n\x20-\x7e✓║✗]", stream.getvalue())
    assert stream.getvalue().count("gone") == 3


def test_colour_is_for_terminals_and_can_be_declined(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    Screen(terminal).problem("one", "no")
    assert "\x1b[3" not in terminal.getvalue()  # NO_COLOR is set for all tests
    monkeypatch.delenv("NO_COLOR")
    Screen(terminal).problem("one", "no")
    assert "\x1b[31m✗\x1b[0m" in terminal.getvalue()
    monkeypatch.setenv("TERM", "dumb")
    plain = Terminal()
    Screen(plain).problem("one", "no")
    assert "\x1b" not in plain.getvalue()


def test_the_live_line_names_all_that_runs_and_never_breaks(terminal: Terminal) -> None:
    screen = Screen(terminal)
    for name in ("check:unit", "check:integration", "binary", "image:server"):
        screen.begin(name)
    end = time.monotonic() + 5
    while "check:unit 0 s, check:integration" not in terminal.getvalue():
        assert time.monotonic() < end
        time.sleep(0.02)
    screen.done("binary", "built", 0)
    screen.end(0, [], asked=False)
    shown = terminal.getvalue()
    drawn = re.split(r"\r\x1b\[2K|\n", shown)
    assert max(map(len, drawn)) < 40
    assert "\r\x1b[2K✓ binary" in shown
    assert shown.endswith(("\r\x1b[2K", "built\n"))


def test_a_long_task_is_told_in_a_log_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "_QUIET", 0.2)
    stream = io.StringIO()
    screen = Screen(stream)
    screen.begin("quick")
    screen.done("quick", "", 0)
    screen.begin("slow")
    time.sleep(0.5)
    screen.done("slow", "at last", 0)
    time.sleep(0.4)
    screen.end(0, [], asked=False)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("✓ quick")
    assert lines[1].startswith("… slow             running")
    assert lines[-1] == "✓ slow             at last"
