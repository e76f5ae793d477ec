"""Scalars are replaced in place; every other byte stays."""

from __future__ import annotations

import pytest

from tasks.chart.bump import Edit, chart_edits, edit, next_version, value_at
from tasks.kernel.errors import SlipwayError

OLD = "sha256:" + "0123456789abcdef" * 4
NEW = "sha256:" + "fedcba9876543210" * 4

# before, path, value, after
IN_PLACE = {
    "double quotes stay": ('a: "x"\n', "a", "w", 'a: "w"\n'),
    "single quotes stay": ("a: 'x'\n", "a", "it's", "a: 'it''s'\n"),
    "no quotes stay none": ("a: x # c\n", "a", "w", "a: w # c\n"),
    "a digest": (f'i:\n  digest: "{OLD}"\n', "i.digest", NEW, f'i:\n  digest: "{NEW}"\n'),
    "a plain digest": (f"digest: {OLD}\n", "digest", NEW, f"digest: {NEW}\n"),
    "the path decides, not the text": (
        f"a: {{digest: {OLD}}}\nb:\n  digest: {OLD}\n",
        "b.digest",
        NEW,
        f"a: {{digest: {OLD}}}\nb:\n  digest: {NEW}\n",
    ),
    "an index of a list": ("a:\n- b: 1\n- b: 2\n", "a.1.b", "7", "a:\n- b: 1\n- b: 7\n"),
    "a list of lists": ("- [x, y]\n- [z]\n", "0.1", "w", "- [x, w]\n- [z]\n"),
    "a number as a key": ("a:\n  0: x\n", "a.0", "w", "a:\n  0: w\n"),
    "a dot in a key": ("a.b: x\na:\n  b: y\n", r"a\.b", "z", "a.b: z\na:\n  b: y\n"),
    "a quoted key": ('"a b":  \'x\'\n', "a b", "w", "\"a b\":  'w'\n"),
    "CRLF": ("a: 1\r\nb: 2\r\n", "b", "3", "a: 1\r\nb: 3\r\n"),
    "a lone CR": ("a: 1\rb: 2\r", "b", "3", "a: 1\rb: 3\r"),
    "tabs": ("a:\tx\t# c\n", "a", "w", "a:\tw\t# c\n"),
    "a byte order mark": ("\ufeffa: x\n", "a", "w", "\ufeffa: w\n"),
    "characters of many bytes": ("é: 😀 # ü\nb: 漢\n", "b", "字", "é: 😀 # ü\nb: 字\n"),
    "no newline at the end": ("a: 1\nb: 2", "b", "3", "a: 1\nb: 3"),
    "blanks at line ends": ("a: x  \n\n\n", "a", "w", "a: w  \n\n\n"),
    "flow": ("a: {b: x, c: [1, '2']}\n", "a.c.1", "3", "a: {b: x, c: [1, '3']}\n"),
    "JSON": ('{"a":{"b":"x"}}', "a.b", "w", '{"a":{"b":"w"}}'),
    "a start of the document": (
        "%YAML 1.1\n---\na: x\n...\n", "a", "w", "%YAML 1.1\n---\na: w\n...\n",
    ),
    "an anchor's own scalar": ("a: &v x\nb: *v\n", "a", "w", "a: &v w\nb: *v\n"),
    "an anchor and a tag": ("a: &v !!str 'x'\n", "a", "w", "a: &v !!str 'w'\n"),
    "an anchor on a line before": ("a: &v # !c\n  x\n", "a", "w", "a: &v # !c\n  w\n"),
    "a value that looks like an anchor": ('a: "&v x"\n', "a", "w", 'a: "w"\n'),
    "a key beside a merge": (
        "a: &v {b: 1}\nc:\n  <<: *v\n  b: 2\n", "c.b", "3",
        "a: &v {b: 1}\nc:\n  <<: *v\n  b: 3\n",
    ),
    "a scalar of two lines": ("a: x\n  y # c\nb: 1\n", "a", "z", "a: z # c\nb: 1\n"),
    "blocks elsewhere": ("s: |\n  a: no\na: x\n", "a", "w", "s: |\n  a: no\na: w\n"),
    "no value yet": ("a:\nb: 1\n", "a", "w", "a: w\nb: 1\n"),
    "no value yet, with a comment": ("a:  # c\n", "a", "w", "a: w  # c\n"),
    "no item yet": ("a:\n-\n- x\n", "a.0", "w", "a:\n- w\n- x\n"),
    "a number stays one": ("replicas: 2\n", "replicas", "3", "replicas: 3\n"),
    "a truth value stays one": ("on: true\n", "on", "false", "on: false\n"),
    "an empty value": ("a: x\n", "a", "", 'a: ""\n'),
    "a number where text was": ("git_ref: abc1234\n", "git_ref", "1234567", 'git_ref: "1234567"\n'),
    "a commit like 12e4567": ("git_ref: abc1234\n", "git_ref", "12e4567", 'git_ref: "12e4567"\n'),
    "a blank at its end": ("a: x\n", "a", "z ", 'a: "z "\n'),
    "a truth value of Go": ("a: x\n", "a", "y", 'a: "y"\n'),
    "null where text was": ("a: x\n", "a", "null", 'a: "null"\n'),
    "a colon that would end it": ("a: x\n", "a", "b: c", 'a: "b: c"\n'),
    "a comment that would begin": ("a: x\n", "a", "b # c", 'a: "b # c"\n'),
    "a comma in flow": ("{a: x}\n", "a", "b, c: d", '{a: "b, c: d"}\n'),
    "a comma in a block": ("a: x\n", "a", "b, c", "a: b, c\n"),
    "an indicator": ("a: x\n", "a", "*v", 'a: "*v"\n'),
    "quotes and backslashes": ('a: "x"\n', "a", 'b"\\n', 'a: "b\\"\\\\n"\n'),
    "a text in place of a number": ("tag: 1.9\n", "tag", "v2", "tag: v2\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", IN_PLACE.values(), ids=IN_PLACE)
def test_only_the_scalar_changes(case: tuple[str, str, str, str]) -> None:
    before, path, value, after = case
    made = edit(before.encode(), [Edit(path, value)])
    assert made.decode() == after
    assert value_at(made, path) == value
    assert edit(made, [Edit(path, value)]) == made


# text, path, value, what the message says, in which line
REFUSED = {
    "no such key": ("a: 1\nb:\n  c: 2\n", "b.d", "x", "b.d does not exist: no b.d", 3),
    "below a scalar": ("a: 1\n", "a.b.c", "x", "a is a scalar", 1),
    "a mapping": ("a: 1\nb:\n  c: 2\n", "b", "x", "b is a mapping, not a scalar", 3),
    "a list": ("a: []\n", "a", "x", "a is a list, not a scalar", 1),
    "an index too high": ("a: [x]\n", "a.1", "x", "a.1 is no item of a list of 1", 1),
    "an index from the end": ("a: [x]\n", "a.-1", "x", "no item", 1),
    "an index with a zero": ("a: [x, y]\n", "a.01", "x", "no item", 1),
    "an index in other digits": ("a: [x, y]\n", "a.١", "x", "no item", 1),
    "a huge index": ("a: [x]\n", "a." + "9" * 5000, "x", "no item", 1),
    "an alias": ("a: &v x\nb: *v\n", "b", "y", "b is an alias of &v", 2),
    "through an alias": ("a: &v {c: x}\nb: *v\n", "b.c", "y", "b is an alias of &v", 2),
    "a merged key": ("a: &v {b: 1}\nc:\n  <<: *v\n", "c.b", "y", "comes from a merge", 3),
    "the merge itself": ("a:\n  <<: {b: 1}\n", "a.<<.b", "y", "does not exist", 2),
    "a key twice": ("a: 1\nb: 2\na: 3\n", "a", "4", "a stands there 2 times, in lines 1 and 3", 3),
    "a key twice above": ("a: {b: 1}\na: {c: 2}\n", "a.b", "4", "a stands there 2 times", 2),
    "a key twice, once quoted": ("0: 1\n'0': 2\n", "0", "4", "0 stands there 2 times", 2),
    "a key twice, once an alias": ("z: &k a\na: 1\n*k : 2\n", "a", "4", "stands there 2 times", 3),
    "a block": ("a: 1\nb: |\n  x\n", "b", "y", "b is a block of several lines", 2),
    "a folded block": ("b: >-\n  x\n", "b", "y", "b is a block of several lines", 1),
    "another tag": ("a: !!int '1'\n", "a", "2", "carries the tag", 1),
    "its own tag": ("a: !secret x\n", "a", "y", "carries the tag !secret", 1),
    "only an anchor": ("a: &v\nb: *v\n", "a", "y", "no clear place", 1),
    "nothing in flow": ("{a: , b: 1}\n", "a", "y", "no clear place", 1),
    "a set": ("? a\n? b\n", "a", "y", "no clear place", 2),
    "a digest too short": ("digest: x\n", "digest", OLD[:-1], "takes sha256: and 64", 1),
    "a digest in capitals": ("digest: x\n", "digest", "sha256:" + "A" * 64, "takes sha256:", 1),
    "a digest and a newline": ("digest: x\n", "digest", OLD + "\n", "takes sha256:", 1),
    "a tag for a digest": ("a:\n  digest: x\n", "a.digest", "latest", "a.digest takes sha256:", 2),
    "a newline": ("a: x\n", "a", "y\nb: z", "control characters", 1),
    "a NUL": ("a: 'x'\n", "a", "\0", "control characters", 1),
    "half a character": ("a: x\n", "a", "\udce9", "control characters", 1),
    "a separator of lines": ("a: \"x\"\n", "a", "y\u2028z", "control characters", 1),
    "several documents": ("a: 1\n---\na: 2\n", "a", "y", "several documents", 2),
    "no YAML": ("a: [1\n", "a", "y", "not YAML", 2),
    "an alias of nothing": ("a: x\nb: *v\n", "a", "y", "nothing is anchored as &v", 2),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_with_file_and_line(
    case: tuple[str, str, str, str, int],
) -> None:
    text, path, value, says, line = case
    with pytest.raises(SlipwayError) as raised:
        edit(text.encode(), [Edit(path, value)], name="charts/x/values.yaml")
    assert says in raised.value.what
    assert raised.value.where == f"charts/x/values.yaml:{line}"


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a\\"])
def test_a_path_without_parts_is_refused_with_the_file(path: str) -> None:
    with pytest.raises(SlipwayError, match="no path") as raised:
        edit(b"a: x\n", [Edit(path, "y")], name="values.yaml")
    assert raised.value.where == "values.yaml"


@pytest.mark.parametrize(
    "text", [b"", b"# only this\n", b"a: \xff\n", "a: x\n".encode("utf-16"), b"a: x\0\n"]
)
def test_what_is_no_text_with_a_document_is_refused(text: bytes) -> None:
    with pytest.raises(SlipwayError) as raised:
        edit(text, [Edit("a", "y")])
    assert raised.value.where.startswith("values.yaml")


def test_many_edits_are_made_at_once_in_any_order() -> None:
    text = b"a: 'x'\nb: [1, 2, 3]\nc: z\n"
    made = edit(text, [Edit("c", "longer"), Edit("b.2", "33"), Edit("a", ""), Edit("b.0", "0")])
    assert made == b"a: ''\nb: [0, 2, 33]\nc: longer\n"


def test_one_wrong_edit_of_many_makes_none() -> None:
    with pytest.raises(SlipwayError, match=r"b\.z does not exist"):
        edit(b"a: x\nb: {}\n", [Edit("a", "y"), Edit("b.z", "1")])


def test_a_scalar_is_set_once() -> None:
    with pytest.raises(SlipwayError, match="set twice"):
        edit(b"a: x\n", [Edit("a", "y"), Edit("a", "y")])


def test_no_edit_is_no_change() -> None:
    assert edit(b"a: x\r\n", []) == b"a: x\r\n"


def test_deep_nesting_is_no_danger() -> None:
    text = b"a: x\nb: " + b"[" * 3000 + b"]" * 3000
    assert edit(text, [Edit("a", "z")]) == b"a: z" + text[4:]


def test_the_versions_of_a_chart() -> None:
    text = b"apiVersion: v2\nname: lana # version: 9\nversion: 0.3.9\nappVersion: '0.41.0'\n"
    version = next_version(text, "patch")
    made = edit(text, chart_edits(app_version="0.42.0", version=version), name="Chart.yaml")
    assert made == text.replace(b"0.3.9", b"0.3.10").replace(b"0.41.0", b"0.42.0")
    assert next_version(text, "minor") == "0.4.0"
    assert next_version(text, "major") == "1.0.0"
    assert chart_edits() == ()


def test_a_chart_version_is_semantic() -> None:
    with pytest.raises(SlipwayError, match=r"no semantic version: '1\.2'"):
        chart_edits(version="1.2")
    with pytest.raises(SlipwayError, match=r"Chart\.yaml: version is no semantic version"):
        next_version(b"version: one\n", "patch")
