"""YAML as Go reads it, and JSON that every reader of YAML takes alike."""

from __future__ import annotations

import pytest
import yaml

from tasks.kernel import goyaml

READ = {
    "y": True,
    "No": False,
    "on": True,
    "22:22": "22:22",
    "2026-01-31": "2026-01-31",
    "1e3": 1000.0,
    "1234e56": 1234e56,
    "0o17": 15,
    "017": 15,
    "0x1F": 31,
    "08": 8.0,
    "1_000": 1000,
    "~": None,
    "yep": "yep",
    "1.2.3": "1.2.3",
    '"y"': "y",
}


@pytest.mark.parametrize(("text", "value"), READ.items())
def test_plain_scalars_are_what_go_takes_them_for(text: str, value: object) -> None:
    [found] = goyaml.documents(f"a: {text}\n")
    assert (type(found["a"]), found["a"]) == (type(value), value)


def test_keys_become_the_texts_that_json_has() -> None:
    [found] = goyaml.documents("n: 1\n2: {y: 3}\n0x10: 4\n1.5: 5\nlist: [{off: 6}]\n")
    assert found == {"false": 1, "2": {"true": 3}, "16": 4, "1.5": 5, "list": [{"false": 6}]}
    with pytest.raises(yaml.YAMLError, match="cannot be a key"):
        goyaml.documents("? ~\n: 1\n")


def test_aliases_stand_for_their_values_as_long_as_these_are_not_too_many() -> None:
    [found] = goyaml.documents("a: &a {b: 1}\nc: *a\nd: {<<: *a}\n")
    assert found == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1}}
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 40)]
    with pytest.raises(yaml.YAMLError, match="more than 1000000 values"):
        goyaml.documents("\n".join(lines))
    with pytest.raises(yaml.YAMLError, match="contains itself"):
        goyaml.documents("a: 1\nb: &b [*b]\n")


@pytest.mark.parametrize("deep", ["[" * 100_000, "- " * 100_000 + "x", "[" * 990 + "]" * 990])
def test_what_is_nested_without_end_is_refused(deep: str) -> None:
    with pytest.raises(yaml.YAMLError, match=r"in one another|nested too deeply"):
        goyaml.documents(f"a:\n  {deep}\n")


ODD = "y 1e3 \x7f\x85\u2028\u2029\ufeff\U0001f389 é \t\n---\n{{ x }} \\ \" '"


def test_what_is_written_is_one_line_and_comes_back() -> None:
    told = {"n": ODD, ODD: ["y", 1, 1.5, None, True, {"no": "1_0"}]}
    line = goyaml.written(told)
    assert len(line.splitlines()) == 1
    assert all(sign.isprintable() for sign in line)
    assert goyaml.documents(f"---\n{line}\n---\n{line}\n") == [told, told]
    assert yaml.safe_load(line) == told


def test_what_json_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        goyaml.written({"a": float("nan")})
