"""Sections of a changelog: found, dated, and put in front of what is there."""

from __future__ import annotations

import pytest

from tasks.changelog.section import HEADER, dated, prepended, section_of

NEW = "## [1.1.0] - 2026-02-01\n\n### Features\n\n- New\n"
OLD = "## [1.0.0] - 2026-01-01\n\n- Old\n"


HEADINGS = [
    "## [1.0.0] - 2026-01-01",
    "## 1.0.0",
    "## v1.0.0 (2026-01-01)",
    "## [v1.0.0](https://example.org/compare/v0.9.0...v1.0.0) - 2026-01-01",
    "## [1.0.0]",
    "# [1.0.0](https://example.org/compare/v0.9.0...v1.0.0) (2026-01-01)",
    "### [1.0.0](https://example.org/compare/v0.9.0...v1.0.0) (2026-01-01)",
    "## app-1.0.0 - 2026-01-01",
    "# Release 1.0.0 (2026-01-01)",
    "## @bank/portal@1.0.0",
    "**1.0.0** (2026-01-01)",
    "1.0.0 / 2026-01-01\n==================",
]


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_section_is_found_by_its_version(heading: str) -> None:
    text = f"# Changelog\n\n## [1.0.1] - x\n\n- no\n\n{heading}\n\n- yes\n\n\n## 0.9.0\n\n- no\n"
    assert section_of(text, "1.0.0") == f"{heading}\n\n- yes\n"


@pytest.mark.parametrize(
    "heading",
    [
        "## [1.0.0-rc.1] - 2026-01-01",
        "## [1.0.0+build]",
        "## 1.0.01",
        "## 1.0.0.1",
        "## [11.0.0]",
        "## 1x0.0",
        "#### 1.0.0",
        "### Notes for 1.0.0",
        " ## 1.0.0",
        "see ## 1.0.0",
    ],
)
def test_no_other_heading_is_taken_for_it(heading: str) -> None:
    assert section_of(f"# Changelog\n\n{heading}\n\n- no\n", "1.0.0") == ""


def test_the_last_section_goes_to_the_end() -> None:
    assert section_of(f"{NEW}\n{OLD}\n\n", "1.0.0") == OLD
    assert section_of("## 1.0.0", "1.0.0") == "## 1.0.0\n"
    assert section_of("", "1.0.0") == ""


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_new_section_goes_before_the_newest_whatever_its_form(heading: str) -> None:
    above, below = "# Changelog\n\nAll of it.\n\n", f"{heading}\n\n- yes\n\n## 0.9.0\n\n- no\n"
    assert prepended(above + below, NEW, "1.1.0") == f"{above}{NEW}\n{below}"


def test_in_a_form_that_is_not_known_it_goes_below_the_title() -> None:
    above, below = "# Changelog\n\n## [Unreleased]\n\n- Soon\n\n", "## Winter\n\n- Old\n"
    assert prepended(above + below, NEW, "1.1.0") == f"{above}{NEW}\n{below}"


def test_a_heading_that_is_no_version_belongs_to_the_section() -> None:
    text = f"{OLD}\n## How to upgrade\n\nSlowly.\n"
    assert section_of(text, "1.0.0") == text


CHANGELOGS = {
    "a title and a section": (f"# Changelog\n\nAll.\n\n{OLD}", "# Changelog\n\nAll.\n\n"),
    "sections only": (OLD, ""),
    "what is not released yet stays on top": (
        f"# Changelog\n\n## [Unreleased]\n\n- Soon\n\n{OLD}",
        "# Changelog\n\n## [Unreleased]\n\n- Soon\n\n",
    ),
    "windows": (f"# Changelog\r\n\r\n{OLD}".replace("\n", "\r\n"), "# Changelog\r\r\n\r\r\n"),
    "odd ends": (f"# Changelog\t \n\n{OLD}  \n\n\n\t", "# Changelog\t \n\n"),
    "no newline at its end": (f"{OLD}- Last", ""),
    "bytes that are no text": (f"# Ch\udcffnges\n\n{OLD}\x00\x0c\u2028", "# Ch\udcffnges\n\n"),
}


@pytest.mark.parametrize(("text", "above"), CHANGELOGS.values(), ids=CHANGELOGS)
def test_a_new_section_goes_before_the_others_and_the_rest_stays(text: str, above: str) -> None:
    after = prepended(text, f"\n{NEW}\n\n".lstrip("\n"), "1.1.0")
    assert after == above + NEW + "\n" + text[len(above) :]
    assert after.replace(NEW + "\n", "", 1) == text
    assert section_of(after, "1.1.0") == NEW


WITHOUT_SECTIONS = {
    "a title": ("# Changelog\n", "\n"),
    "a title and a blank line": ("# Changelog\n\n", ""),
    "no newline at its end": ("# Changelog", "\n\n"),
}


@pytest.mark.parametrize(("text", "gap"), WITHOUT_SECTIONS.values(), ids=WITHOUT_SECTIONS)
def test_the_first_section_goes_below_the_title(text: str, gap: str) -> None:
    assert prepended(text, NEW, "1.1.0") == text + gap + NEW


@pytest.mark.parametrize("text", ["", "\n", " \r\n\t"])
def test_the_first_changelog_gets_a_title(text: str) -> None:
    assert prepended(text, NEW, "1.1.0") == f"{HEADER}\n{NEW}"


def test_once_is_as_good_as_twice() -> None:
    once = prepended(f"# Changelog\n\n{OLD}", NEW, "1.1.0")
    assert prepended(once, NEW, "1.1.0") == once
    assert prepended(prepended("", NEW, "1.1.0"), NEW, "1.1.0") == f"{HEADER}\n{NEW}"


def test_a_section_that_somebody_wrote_already_is_kept() -> None:
    written = f"# Changelog\n\n## v1.1.0\n\n- By hand\n\n{OLD}"
    assert prepended(written, NEW, "1.1.0") == written


def test_the_heading_gets_the_day_it_should_have_and_nothing_else_does() -> None:
    text = "\n\n## [1.1.0] - 2026-11-23\n\n- Since 2025-01-01\n\n\n"
    assert dated(text, "1.1.0", "2026-02-01") == "## [1.1.0] - 2026-02-01\n\n- Since 2025-01-01\n"


@pytest.mark.parametrize("text", ["### Features\n\n- New\n", "\n\n### Features\n\n- New\n\n"])
def test_a_section_without_a_heading_gets_one(text: str) -> None:
    assert dated(text, "1.1.0", "2026-02-01") == NEW


def test_an_empty_section_is_a_heading() -> None:
    assert dated("", "1.1.0", "2026-02-01").startswith("## [1.1.0] - 2026-02-01\n")


def test_a_heading_without_a_day_stays_without() -> None:
    assert dated("## v1.1.0\n\n- New\n", "1.1.0", "2026-02-01") == "## v1.1.0\n\n- New\n"
