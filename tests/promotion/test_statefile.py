"""State files: the same bytes as the original's, and everything that it reads."""

from __future__ import annotations

import pytest

from tasks.kernel.errors import SlipwayError
from tasks.promotion.engine import quick, statefile
from tasks.promotion.engine.scalars import quoted
from tasks.promotion.engine.state import Difference, File, Record, State, diff, path_of

A, B, C = "a" * 40, "b" * 40, "c" * 40
FULL = f"""---
version: 3
current:
  head_commit: {A}
  propagated_head: {B}
  any_dirty: true
  files:
    "{{dev}}/x.yml":
      file_hash: ~
      dirty: true
      from_commit: {B}
      message: "feat: x"
    "{{latest}}/a b.yml":
      file_hash: "1234567890123456789012345678901234567890"
      from_commit: {A}
      message: ""
    "{{stage}}/é.yml":
      file_hash: "12345678901234567890e2345678901234567890"
      from_commit: {A}
      message: naïve
propagated_from: dev
propagation_queue:
  - head_commit: {B}
    files: {{}}
  - head_commit: {C}
    files:
      "{{latest}}/x":
        file_hash: {C}
        from_commit: {C}
        message: one

"""


def test_what_was_read_is_written_back_to_the_same_bytes() -> None:
    record = statefile.parse(FULL.encode(), "dev.state")
    assert statefile.emit(record).decode() == FULL
    assert record.version == 3
    assert record.current.files["{dev}/x.yml"] == File(None, B, "feat: x", dirty=True)
    assert [state.head_commit for state in record.propagation_queue] == [B, C]


FILE = f'    "{{latest}}/x":\n      file_hash: {A}\n      from_commit: {B}\n      message: '


@pytest.mark.parametrize(
    "text",
    [
        FULL,
        FULL.replace("version: 3", "version: 12"),
        f"---\nversion: 1\ncurrent:\n  head_commit: {A}\n  files: {{}}\n\n",
        *(
            f"---\nversion: 1\ncurrent:\n  head_commit: {A}\n  files:\n{FILE}{message}\n\n"
            for message in (
                *("plain", '"feat: x"', '""', "naïve", "a 'b'", "'a: b'", "a # b", "~", "null"),
                *('"a\\tb"', '"plain"', "1.5", "- x", "[a]", "a\x07b", "|", "yes", '"yes"'),
            )
        ),
    ],
)
def test_the_quick_way_of_reading_reads_the_same(text: str) -> None:
    found = quick.parse(text.encode())
    try:
        whole = statefile.read(text.encode(), "x")
    except SlipwayError:
        assert found is None
    else:
        assert found in (None, whole)


def test_the_quick_way_reads_what_is_written() -> None:
    messages = ("feat: x", "plain words", "", "naïve", "1.5", "yes", "#5", "a 'b'", "it's")
    files = {f"{{latest}}/{n}": File(A, B, one, dirty=n == 1) for n, one in enumerate(messages)}
    record = Record(State(A, files, B), 7, "dev", (State(C, files), State(B, {})))
    assert quick.parse(statefile.emit(record)) == record
    assert quick.parse(FULL.encode()) == statefile.read(FULL.encode(), "x")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain words", "plain words"),
        ("", '""'),
        (" x", '" x"'),
        ("x ", '"x "'),
        ("\tx", '"\\tx"'),
        *((f"{char}x", f'"{char}x"') for char in "&*?|-<>=!%@."),
        *((f"x{char}", f"x{char}") for char in "&*?|-<>=!%@."),
        *((f"x{char}y", f'"x{char}y"') for char in ":{}[],#`'"),
        ('say "hi"', '"say \\"hi\\""'),
        ("a\\b", '"a\\\\b"'),
        ("a\nb\rc", '"a\\nb\\rc"'),
        ("0x1f", '"0x1f"'),
        ("a\x01\x08\x0c\x1f\x7f", '"a\\u0001\\b\\f\\u001f\\u007f"'),
        *((raw, raw) for raw in ("\x07", "a\x08", "a\x0b", "a\x0c", "a\x1b", "a\x7f")),
        *((word, f'"{word}"') for word in ("yes", "No", "TRUE", "off", "Null", "~", "ON")),
        *((word, word) for word in ("y", "N", "2024-01-01", "1_000", "0o17", "1.5.2", "tRue")),
        *((word, f'"{word}"') for word in ("1", "-1", "+5", "1e5", "5.", "5.e3", "1E+5", "12")),
        *((word, f'"{word}"') for word in ("inf", "NaN", "-Infinity", "99999999999999999999")),
        *((word, word) for word in ("e5", "1e", "1e5x", "+", "٣", "infinit")),
        ("ünï", "ünï"),
    ],
)
def test_strings_are_quoted_as_the_original_quotes_them(text: str, written: str) -> None:
    assert quoted(text) == written


def test_every_character_that_is_written_is_read_again() -> None:
    odd = (*range(0x01, 0x250), 0x2028, 0x2029, 0xE000, 0xE001, 0xFEFF, 0xFFFE, 0xFFFF, 0x1F680)
    for char in map(chr, odd):
        texts = (char, f"a{char}", f"{char}b", f"a{char}b", f"a {char} b", f"{char}{char}: b")
        files = {f"{{latest}}/{text}": File(A, B, text) for text in texts}
        record = Record(State(A, files), 1, char)
        told = statefile.emit(record)
        assert statefile.read(told, ascii(char)) == record
        assert quick.parse(told) in (None, record)
        assert statefile.emit(statefile.parse(told, ascii(char))) == told


def test_a_null_byte_is_in_no_text() -> None:
    with pytest.raises(SlipwayError, match="not valid YAML"):
        statefile.parse(f"current: {{head_commit: {A}\0}}".encode(), "x")


def test_reading_is_lenient_where_the_original_is() -> None:
    record = statefile.parse(f"current: {{head_commit: {A}, new: 1}}\nmore: [1]".encode(), "x")
    assert record == Record(State(A), version=0)


@pytest.mark.parametrize(
    "text",
    [
        "version: 1",
        "current: {}",
        f"current: {{head_commit: {A}}}\nversion: x",
        f"current: {{head_commit: {A}}}\npropagation_queue: ~",
        f"current: {{head_commit: {A}, files: {{'{{latest}}/x': {{file_hash: {A}}}}}}}",
        "<<<<<<< HEAD",
    ],
)
def test_a_broken_state_file_is_named(text: str) -> None:
    with pytest.raises(SlipwayError) as broken:
        statefile.parse(text.encode(), "here/dev.state")
    assert "here/dev.state" in str(broken.value)


def test_a_name_that_is_not_utf8_is_refused_before_anything_is_written() -> None:
    record = Record(State(A, {"{latest}/\udcff.yml": File(A, A, "m")}))
    with pytest.raises(SlipwayError, match="not UTF-8"):
        statefile.emit(record)


def test_a_difference_is_told_by_key_additions_first_removals_last() -> None:
    def file(content: str | None, *, dirty: bool = False) -> File:
        return File(content, A, "m", dirty)

    old = State(A, {
        "{latest}/a": file("1"), "{latest}/gone": file("1"), "{latest}/null": file(None),
        "{latest}/was-null": file(None), "{dev}/moved": file("1"), "{latest}/same": file("1"),
        "{latest}/dirty": file("1", dirty=True),
    })  # fmt: skip
    new = State(B, {
        "{latest}/a": file("2"), "{latest}/null": file(None), "{latest}/was-null": file("1"),
        "{latest}/moved": file("1"), "{latest}/same": file("1"), "{latest}/dirty": file("1"),
        "{latest}/b": file("1"),
    })  # fmt: skip
    assert [str(one) for one in diff(new, old)] == [
        "File a changed",
        "File b was added",
        "File dirty changed",
        "File moved was added",
        "File was-null was added",
        "File moved was removed",
        "File gone was removed",
    ]
    assert diff(new, None)[0] == Difference("{latest}/a", "added", None, new.files["{latest}/a"])


def test_the_path_of_a_key_follows_its_first_brace_and_slash() -> None:
    assert path_of("{latest}/a/{b}/c") == "a/{b}/c"
