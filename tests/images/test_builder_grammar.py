"""The small parts of the Dockerfile's language, each by itself."""

from __future__ import annotations

import pytest

from tasks.images.builder.ignore import parse as parse_ignore
from tasks.images.builder.parse import parse
from tasks.images.builder.patterns import compiled
from tasks.images.builder.problem import Place
from tasks.images.builder.substitute import substitute
from tasks.images.builder.words import json_list, pairs, quoted

HERE = Place("Dockerfile", 1)


def _instructions(text: str) -> list[tuple[int, str, str]]:
    parsed = parse(text.encode(), "Dockerfile")
    return [(found.place.line, found.name, found.rest) for found in parsed.instructions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM x\n", [(1, "FROM", "x")]),
        ("\ufefffrom\tx", [(1, "FROM", "x")]),
        ("  FROM x  \r\nCMD y\r\n", [(1, "FROM", "x"), (2, "CMD", "y")]),
        ("# c\n\nFROM x # y\n", [(3, "FROM", "x # y")]),
        ("ENV a=1 \\\n  b=2\n", [(1, "ENV", "a=1   b=2")]),
        ("ENV a=1 \\  \n # c\n\n  b=2\nCMD z", [(1, "ENV", "a=1   b=2"), (5, "CMD", "z")]),
        ("ENV a=b\\\\\nCMD z\n", [(1, "ENV", "a=b\\\\"), (2, "CMD", "z")]),
        ("COPY a b \\\n", [(1, "COPY", "a b")]),
        ("# escape=`\nENV a=1 `\n b=\\\n", [(2, "ENV", "a=1  b=\\")]),
        ("# syntax=x\n# escape=`\nENV a `\nb", [(3, "ENV", "a b")]),
        ("# c\n# escape=`\nENV a=`\nCMD b", [(3, "ENV", "a=`"), (4, "CMD", "b")]),
        ("BOGUS\n", [(1, "BOGUS", "")]),
    ],
)
def test_lines(text: str, expected: list[tuple[int, str, str]]) -> None:
    assert _instructions(text) == expected


def test_flags_are_told_from_words() -> None:
    found = parse(b"COPY --chmod=644 --link a --b /c\n", "Dockerfile").instructions[0]
    assert found.flags == {"chmod": "644", "link": ""}
    assert found.rest == "a --b /c"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("plain", "plain"),
        ("$A", "a"),
        ("${A}b$A", "aba"),
        ("$AB", ""),
        ("$A-b", "a-b"),
        ("\\$A", "$A"),
        ("'$A'", "$A"),
        ('"$A b"', "a b"),
        ('"\\"\\$A\\x"', '"$A\\x'),
        ("a'b'\"c\"", "abc"),
        ("$", "$"),
        ("a$", "a$"),
        ("$1", "$1"),
        ("${A:-d}", "a"),
        ("${U:-d}", "d"),
        ("${E:-d}", "d"),
        ("${E-d}", ""),
        ("${U-d}", "d"),
        ("${A:+o}", "o"),
        ("${U:+o}", ""),
        ("${E:+o}", ""),
        ("${E+o}", "o"),
        ("${U:-${A}x}", "ax"),
        ("${U:-'}'}", "}"),
        ("${U:-a b}", "a b"),
        ("${A:?no}", "a"),
        ("\\", ""),
    ],
)
def test_variables(word: str, expected: str) -> None:
    assert substitute(word, {"A": "a", "E": ""}, "\\", HERE) == expected


def test_what_was_filled_in_is_not_looked_at_again() -> None:
    assert substitute("$A", {"A": "$B'"}, "\\", HERE) == "$B'"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["a", "b c"]', ["a", "b c"]),
        (" [ ] ", []),
        ("['a']", None),
        ('["a"', None),
        ('["a", 1]', None),
        ("a [b]", None),
    ],
)
def test_json_lists(text: str, expected: list[str] | None) -> None:
    assert json_list(text) == expected


def test_quotes_hold_words_together() -> None:
    assert quoted("a=\"b c\" d='e f' g\\ h", "\\") == ['a="b c"', "d='e f'", "g\\ h"]


def test_pairs_have_an_old_form() -> None:
    assert pairs("A=1 B=x=y", "\\", HERE) == [("A", "1"), ("B", "x=y")]
    assert pairs("A b  c=d", "\\", HERE) == [("A", "b  c=d")]


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("*.txt", ["a.txt", ".txt"], ["a/b.txt", "a.txts"]),
        ("a?c", ["abc"], ["ac", "a/c"]),
        ("[a-c]x", ["ax", "cx"], ["dx"]),
        ("[^a]", ["b"], ["a", "/"]),
        ("a.b+c", ["a.b+c"], ["aXb+c", "a.bbc"]),
        ("\\*", ["*"], ["x"]),
        ("[[]x", ["[x"], ["x"]),
    ],
)
def test_wildcards(pattern: str, fits: list[str], fits_not: list[str]) -> None:
    expression = compiled(pattern)
    assert all(expression.fullmatch(text) for text in fits)
    assert not any(expression.fullmatch(text) for text in fits_not)


@pytest.mark.parametrize(
    ("rules", "hidden", "shown"),
    [
        ("a", ["a", "a/b"], ["ab", "x/a"]),
        ("/a/", ["a", "a/b"], ["x/a"]),
        ("**/a", ["a", "x/a", "x/y/a/b"], ["xa", "x/ab"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab"]),
        ("**", ["a", "a/b"], []),
        ("*\n!a", ["b", "b/c"], ["a", "a/b"]),
        ("!a\n*", ["a", "b"], []),
        ("a/*\n!a/b", ["a/c"], ["a", "a/b"]),
        ("# a\n\n   \n.", [], ["a", "# a"]),
        ("x/../a", ["a"], ["x"]),
    ],
)
def test_dockerignore(rules: str, hidden: list[str], shown: list[str]) -> None:
    ignore = parse_ignore(rules, ".dockerignore")
    assert [path for path in hidden if not ignore.hides(path)] == []
    assert [path for path in shown if ignore.hides(path)] == []
