"""What a commit message says, and what is wrong with one that says nothing (rules 6 and 9)."""

from __future__ import annotations

import random

import pytest

from tasks.version.commits import Conventional, complaint, parse
from tasks.version.rules import Rules, parse_rules

READ = [
    ("feat: add", "feat", None, False, "add"),
    ("FEAT: add", "feat", None, False, "add"),
    ("Fix: Upper case is fine", "fix", None, False, "Upper case is fine"),
    ("fix(ledger): sum", "fix", "ledger", False, "sum"),
    ("fix(a/b-c_d.é,1): sum", "fix", "a/b-c_d.é,1", False, "sum"),
    ("feat!: drop", "feat", None, True, "drop"),
    ("feat(api)!: drop", "feat", "api", True, "drop"),
    ("doc: unknown types parse", "doc", None, False, "unknown types parse"),
    ("fix: x", "fix", None, False, "x"),
    ("fix: a: b", "fix", None, False, "a: b"),
    (
        "fix: “typographic” 'quotes' `ticks` 🚀",
        "fix",
        None,
        False,
        "“typographic” 'quotes' `ticks` 🚀",
    ),
    ("fix: x\r\n\r\nbody\r\n", "fix", None, False, "x"),
    ("fix: x\rbody", "fix", None, False, "x"),
    ("fix: line\u2028separator", "fix", None, False, "line\u2028separator"),
    ("\n\n  fix: blanks around\n\n", "fix", None, False, "blanks around"),
]

DROPPED = [
    "",
    "  \n\t\n",
    "Merge branch 'main' into feature",
    "feat add",
    "feat:add",
    "feat : add",
    "feat:: add",
    "feat:  two blanks",
    "feat:\tadd",
    "feat:\u00a0add",
    "feat：add",
    "feat: ",
    "feat: \n\nbody",
    "feat:",
    "feat",
    "feat(): add",
    "feat(a b): add",
    "feat(a(b)): add",
    "feat(a: add",
    "feat(a\nb): add",
    "feat(a)(b): add",
    "feat (a): add",
    "feat!(a): add",
    "feat!!: add",
    "feat(a) !: add",
    "f-x: add",
    "feat2: add",
    "féat: add",
    "ﬁx: a ligature is not ASCII",
    ": add",
    "(a): add",
    '"feat: add"',
    "“feat: add”",
    "'feat: add'",
    "`feat: add`",
    "🚀 feat: add",
    "\ufefffeat: a byte order mark",
    "[JIRA-1] feat: add",
    "-x",
]


@pytest.mark.parametrize(("message", "kind", "scope", "breaking", "summary"), READ)
def test_a_conventional_message_is_read(
    message: str, kind: str, scope: str | None, breaking: bool, summary: str
) -> None:
    assert parse(message) == Conventional(kind, scope, breaking, summary)
    assert complaint(message) is None


@pytest.mark.parametrize("message", DROPPED)
def test_any_other_message_is_dropped_in_silence_and_explained_when_asked(message: str) -> None:
    assert parse(message) is None
    assert complaint(message) is not None


@pytest.mark.parametrize(
    ("rest", "breaking"),
    [
        ("\n\nBREAKING CHANGE: gone", True),
        ("\n\nBREAKING-CHANGE: gone", True),
        ("\nBREAKING CHANGE: no blank line before it", True),
        ("\n\nbody\nBREAKING CHANGE: in the body's own paragraph", True),
        ("\n\nbody\n\nRefs: 1\nBREAKING CHANGE: the last footer", True),
        ("\n\nBREAKING CHANGE:\non the next line", True),
        ("\r\n\r\nBREAKING CHANGE:\r\non the next line", True),
        ("\r\rBREAKING CHANGE: old line ends", True),
        ("\n\nBREAKING CHANGE #12", True),
        ("\n\nbreaking change: lower case", False),
        ("\n\nBreaking Change: title case", False),
        ("\n\nthis is no BREAKING CHANGE: at all", False),
        ("\n\n  BREAKING CHANGE: not at the start", False),
        ("\n\nBREAKING CHANGE gone", False),
        ("\n\nBREAKING CHANGE:gone", False),
        ("\n\nBREAKING CHANGES: many", False),
        ("\n\nBREAKING_CHANGE: underscore", False),
        ("\n\nBREAKING CHANGE:\n", False),
        ("\n\nBREAKING CHANGE #\n", False),
        (" BREAKING CHANGE: in the header", False),
    ],
)
def test_a_footer_breaks_only_in_its_exact_form(rest: str, breaking: bool) -> None:
    said = parse("fix: x" + rest)
    assert said is not None
    assert said.breaking is breaking


POINTED = [
    ("", 1, 1, "the message is empty"),
    ("feat add x", 1, 5, "the colon is missing"),
    ("feat", 1, 5, "the colon is missing"),
    ("feat : x", 1, 5, "there is a blank before :"),
    ("feat (a): x", 1, 5, "there is a blank before ("),
    ("feat:x", 1, 6, "the blank behind the colon is missing"),
    ("feat:: x", 1, 6, "there is more than one colon"),
    ("feat:  x", 1, 7, "there is more than one blank behind the colon"),
    ("feat:\tx", 1, 6, "this blank is a tab"),
    ("feat:\u00a0x", 1, 6, "this blank is no-break space"),
    ("feat:", 1, 6, "the summary is missing"),
    ("feat： x", 1, 5, "this is ： (fullwidth colon), not a plain :"),
    ("feat（a）: x", 1, 5, "this is （ (fullwidth left parenthesis), not a plain ("),
    ("feat(): x", 1, 6, "the scope is empty"),
    ("feat(a: x", 1, 5, "the scope is never closed"),
    ("feat(a b): x", 1, 7, "a scope holds no blank"),
    ("feat(a(b)): x", 1, 7, "a scope holds no parenthesis"),
    ("feat(a)(b): x", 1, 8, "there is more than one scope"),
    ("feat(a)x: x", 1, 8, "a colon is missing here, before x"),
    ("feat!(a): x", 1, 6, "the ! stands before the scope"),
    ("feat!!: x", 1, 6, "there is more than one !"),
    ("feat-x: x", 1, 5, "a type is ASCII letters only, and this is -"),
    (
        "féat: x",
        1,
        2,
        "a type is ASCII letters only, and this is é (latin small letter e with acute)",
    ),
    ("2fix: x", 1, 1, "a type is ASCII letters, and this is 2"),
    (": x", 1, 1, "the type is missing before :"),
    ("“feat: x”", 1, 1, "the message starts with a quotation mark"),
    ("\n\n  feat x", 3, 7, "the colon is missing"),
    ("\r\n\rfeat x", 3, 5, "the colon is missing"),
    ("\u202efeat: x", 1, 1, "a type is ASCII letters, and this is right-to-left override"),
]


@pytest.mark.parametrize(("message", "line", "column", "problem"), POINTED)
def test_a_complaint_says_what_is_wrong_and_where(
    message: str, line: int, column: int, problem: str
) -> None:
    found = complaint(message)
    assert found is not None
    assert (found.line, found.column, found.problem) == (line, column, problem)
    assert found.fix


@pytest.mark.parametrize(
    ("message", "shown", "caret"),
    [
        ("feat add x", "feat add x", "    ^"),
        ("\n  feat x", "  feat x", "      ^"),
        ("feat(界界 x): y", "feat(界界 x): y", "         ^"),
        ("feat(e\u0301 x): y", "feat(e\u0301 x): y", "      ^"),
        ("feat(\x1b[31m x): y", "feat(\\x1b[31m x): y", "             ^"),
        ("feat(\udcff x): y", "feat(\\xff x): y", "         ^"),
        ("feat\t: x", "feat\\t: x", "    ^"),
        ("", "", "^"),
    ],
)
def test_the_caret_stands_below_the_place_on_any_terminal(
    message: str, shown: str, caret: str
) -> None:
    found = complaint(message)
    assert found is not None
    assert found.render() == [shown, caret]


def test_a_long_header_is_cut_around_the_caret() -> None:
    found = complaint(f"feat({'a' * 300} {'b' * 300}): x")
    assert found is not None
    line, caret = found.render()
    assert line.startswith("…")
    assert line.endswith("…")
    assert len(line) <= 100
    assert line[len(caret) - 1 :].startswith(" b")
    assert caret.endswith("^")


def test_types_and_scopes_are_asked_for_when_the_rules_are_known() -> None:
    rules = parse_rules('scopes = ["ledger", "loans"]\n[commit_types]\nstyle = {}', "cog.toml")
    assert complaint("fix(ledger): x", rules) is None
    assert complaint("Fix: x", rules) is None
    wrong_type = complaint("faet: x", rules)
    assert wrong_type is not None
    assert wrong_type.problem == "faet is not a type here"
    assert wrong_type.fix.startswith("did you mean feat?")
    removed = complaint("style: x", rules)
    assert removed is not None
    wrong_scope = complaint("  fix(loan): x", rules)
    assert wrong_scope is not None
    assert (wrong_scope.problem, wrong_scope.column) == ("loan is not a scope here", 7)
    assert wrong_scope.fix.startswith("did you mean loans?")
    assert complaint("fix(loan): x", Rules()) is None


def test_every_message_either_parses_or_has_a_complaint_never_both() -> None:
    dice = random.Random(6)
    pieces = [
        "feat",
        "fix",
        "(",
        ")",
        "a",
        " ",
        ":",
        ": ",
        "!",
        "\n",
        "\r",
        "\t",
        "é",
        "：",
        "“",
        "\0",
    ]
    for _ in range(20_000):
        message = "".join(dice.choices(pieces, k=dice.randint(0, 8)))
        found = complaint(message)
        assert (parse(message) is None) == (found is not None), repr(message)
        if found is not None:
            assert 1 <= found.column <= len(found.text) + 1
            assert len(found.render()) == 2
