"""Values as Helm reads them: the same before and after they were read and written here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.chart.own_values import merged, read, written
from tasks.kernel import programs
from tasks.kernel.errors import SlipwayError

TRICKY = b"""\
yes: yes please
word: yes
letter: y
not: n
octal: 0644
modern: 0o17
hexadecimal: 0x1F
binary: 0b11
thousand: 1e3
half: .5
sixty: 22:22
long: 190:20:30
day: 2020-01-01
"quoted exponent": "1e3"
sha: "123e456"
"quoted hexadecimal": "0x1F"
leading: 08
nothing: ~
"the word": 'null'
block: |
  two
  lines
umlaut: "\xc3\xbc \xe2\x82\xac"
spaces: "trailing \\nspace "
big: 99999999999999999999
grouped: 1_000
empty: ""
list: [a, 1, null, {b: c}]
base: &base {a: 1, b: 2}
more: {<<: *base, b: 3}
again: *base
"""
LAUGHS = b"a0: &a0 ha\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 9)
)


@pytest.fixture
def as_helm(helm: Path, tmp_path: Path) -> Any:
    """Return a function from a values file to what a chart's templates see of it."""
    chart = tmp_path / "c"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n")
    (chart / "templates/all.yaml").write_text("{{ toJson .Values }}\n")

    def seen(content: bytes) -> Any:
        file = tmp_path / "values.yaml"
        file.write_bytes(content)
        command = [str(helm), "template", "c", str(chart), f"--values={file}"]
        told = programs.run(command, cwd=tmp_path).out
        return json.loads(told.split("\n", 2)[2])

    return seen


def test_helm_sees_the_same_values_before_and_after(as_helm: Any) -> None:
    content = TRICKY.replace(b"yes: yes", b'"yes": yes')
    before, after = as_helm(content), as_helm(written(read(content, "x")).encode())
    assert before == after
    assert (before["word"], before["letter"], before["octal"]) == (True, True, 420)
    assert (before["sixty"], before["sha"], before["thousand"]) == ("22:22", "123e456", 1000)


def test_what_is_written_is_the_same_each_time_and_reads_as_it_was() -> None:
    content = TRICKY.replace(b"yes: yes", b'"yes": yes')
    told = written(read(content, "x"))
    assert written(read(told.encode(), "x")) == told
    assert "&" not in told


@pytest.mark.parametrize("key", ["yes", "n", "8080", "null", "1.5", "~"])
def test_a_key_that_helm_would_read_as_something_else_is_refused(key: str) -> None:
    with pytest.raises(SlipwayError, match="is no text: quote it") as error:
        read(f"a: 1\n{key}: 2\n".encode(), "values.yml")
    assert error.value.where == "values.yml:2"


@pytest.mark.parametrize(
    "content",
    [
        b"a: &a [*a]\n",
        b"a: &a {b: *a}\n",
        LAUGHS,
        b"a: " + b"[" * 200 + b"]" * 200 + b"\n",
    ],
    ids=["circle", "circle of keys", "laughs", "deep"],
)
def test_what_would_never_end_is_refused(content: bytes) -> None:
    with pytest.raises(SlipwayError, match="too deep or too much"):
        read(content, "values.yml")


def test_what_is_not_utf_8_is_told_with_its_line() -> None:
    with pytest.raises(SlipwayError, match="not UTF-8") as error:
        read(b"a: 1\nb: \xff\n", "values.yml")
    assert error.value.where == "values.yml:2"


@pytest.mark.parametrize("content", [b"a: \x07\n", b"a: !!python/name:os.system\n", b"a: !x 1\n"])
def test_what_no_values_file_holds_is_refused(content: bytes) -> None:
    with pytest.raises(SlipwayError, match="this is no YAML"):
        read(content, "values.yml")


def test_an_empty_file_has_no_values() -> None:
    assert read(b"", "x") == read(b"# nothing\n", "x") == read(b"\xef\xbb\xbf{}\n", "x") == {}


def test_mappings_are_merged_and_all_else_is_replaced() -> None:
    below = {"a": {"b": 1, "c": [1, 2]}, "d": {"e": 1}, "f": 1}
    above = {"a": {"c": [3], "g": 2}, "d": None, "f": {"h": 1}, "i": 0}
    assert merged(below, above) == {
        "a": {"b": 1, "c": [3], "g": 2},
        "d": None,
        "f": {"h": 1},
        "i": 0,
    }
    assert below == {"a": {"b": 1, "c": [1, 2]}, "d": {"e": 1}, "f": 1}
