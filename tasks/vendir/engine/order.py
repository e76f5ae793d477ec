"""The order of keys in what Go's `yaml.v2` writes."""

from __future__ import annotations


def key_order(first: str, second: str) -> int:
    """Compare two keys: letters by code point, runs of digits by value, other signs first."""
    for at, (a, b) in enumerate(zip(first, second, strict=False)):
        if a == b:
            continue
        if a.isalpha() and b.isalpha():
            return -1 if a < b else 1
        if a.isalpha() or b.isalpha():
            return -1 if b.isalpha() else 1
        a_run, b_run = _digits(first, at), _digits(second, at)
        inside = "0" in (a, b) and bool(_run_before(first, at).lstrip("0"))
        a_value, b_value = (int(("1" if inside else "0") + run) for run in (a_run, b_run))
        if a_value != b_value:
            return -1 if a_value < b_value else 1
        if len(a_run) != len(b_run):
            return -1 if len(a_run) < len(b_run) else 1
        return -1 if a < b else 1
    return len(first) - len(second)


def _digits(text: str, at: int) -> str:
    end = at
    while end < len(text) and text[end].isdecimal():
        end += 1
    return text[at:end]


def _run_before(text: str, at: int) -> str:
    begin = at
    while begin > 0 and text[begin - 1].isdecimal():
        begin -= 1
    return text[begin:at]
