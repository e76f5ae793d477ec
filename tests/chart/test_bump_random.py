"""Thousands of made-up files: only the intended bytes differ.

The generator writes a file piece by piece and remembers which pieces are a scalar's characters and
which a breadcrumb's reference. What a bump has to make of it follows from the pieces alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from tasks.chart.bump import Edit, bump, old_ref, read_crumb
from tasks.chart.bump.document import document

_WORDS = (
    "a",
    "x-y",
    "image",
    "digest",
    "größe",
    "漢字",
    "k8s.io/name",
    "tag",
    "0",
    "😀",
    "git_ref",
)
_PLAIN = ("v1.2.0", "edge", "sha256:" + "ab" * 32, "a b", "漢 字", "x#y", "1.0", "7", "true", "a'b")
_QUOTED = ("", " x ", "# METADATA:: commit_ref=no;", "a: b", "{", "é😀", "5c1f0ae", "&a *b", "\t")
_NEW = ("v9", "sha256:" + "cd" * 32, "dev 2", "übung", "a#b", "next/x")


@dataclass
class Written:
    """A file in pieces: the text, whose scalar it is, and whose breadcrumb's reference."""

    dice: random.Random
    newline: str
    pieces: list[tuple[str, str, str]] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    keys: int = 0

    def put(self, text: str, scalar: str = "", ref: str = "") -> None:
        self.pieces.append((text, scalar, ref))

    def text(self, edits: dict[str, str] | None = None, ref: str = "") -> bytes:
        edits = edits or {}
        made = []
        for text, scalar, crumb in self.pieces:
            quote = text[0] if text[:1] in {"'", '"'} else ""
            new = f"{quote}{edits[scalar]}{quote}" if scalar in edits else text
            made.append(ref if ref and crumb in edits else new)
        return "".join(made).encode()


def written(dice: random.Random) -> Written:
    file = Written(dice, dice.choice(("\n", "\n", "\r\n")))
    file.put(dice.choice(("", "", "\ufeff")))
    file.put(dice.choice(("", "# head: 'x\n".replace("\n", file.newline), f"---{file.newline}")))
    _mapping(file, "", 0, "", first_indent=True)
    if dice.random() < 0.3:
        *file.pieces, (last, scalar, ref) = file.pieces
        file.put(last.removesuffix(file.newline), scalar, ref)
    return file


def _mapping(file: Written, path: str, depth: int, indent: str, *, first_indent: bool) -> None:
    for number in range(file.dice.randint(1, 4)):
        file.keys += 1
        key = file.dice.choice(_WORDS) + (
            str(file.keys) if file.dice.random() < 0.9 else f"_{number}_{file.keys}"
        )
        file.put(indent if number or first_indent else "")
        file.put(file.dice.choice((key, key, f'"{key}"', f"'{key}'")) + ":")
        step = key.replace(".", r"\.")
        _value(file, f"{path}.{step}" if path else step, depth, indent)
        if file.dice.random() < 0.1:
            file.put(
                file.dice.choice(("", "  ", f"{indent}# METADATA:: commit_ref=no;")) + file.newline
            )


def _value(file: Written, path: str, depth: int, indent: str) -> None:
    kind = file.dice.random()
    deeper = indent + file.dice.choice(("  ", "    ", " "))
    if depth < 4 and kind < 0.35:
        _line_end(file, "")
        _mapping(file, path, depth + 1, deeper, first_indent=True)
    elif depth < 4 and kind < 0.5:
        _line_end(file, "")
        _sequence(file, path, depth + 1, file.dice.choice((indent, deeper)))
    elif kind < 0.6:
        _flow(file, path)
    elif kind < 0.65:
        lines = (" |", f"{deeper}# METADATA:: commit_ref=no;", f"{deeper}a: 'b", "")
        file.put(file.newline.join(lines))
    else:
        file.put(file.dice.choice((" ", "  ", "\t", " \t")))
        _scalar(file, path, flow=False)
        _line_end(file, path)


def _sequence(file: Written, path: str, depth: int, indent: str) -> None:
    for number in range(file.dice.randint(1, 3)):
        file.put(f"{indent}- ")
        if depth < 4 and file.dice.random() < 0.4:
            _mapping(file, f"{path}.{number}", depth + 1, f"{indent}  ", first_indent=False)
        else:
            _scalar(file, f"{path}.{number}", flow=False)
            _line_end(file, f"{path}.{number}")


def _flow(file: Written, path: str) -> None:
    file.put(" {")
    for number in range(file.dice.randint(1, 3)):
        file.put(file.dice.choice((", ", ",  ")) if number else "")
        file.put(f"k{number}: ")
        _scalar(file, f"{path}.k{number}", flow=True)
    file.put(file.dice.choice(("}", " }")))
    _line_end(file, "")


def _scalar(file: Written, path: str, *, flow: bool) -> None:
    if not flow and file.dice.random() < 0.1:
        file.keys += 1
        file.put(file.dice.choice((f"&anchor{file.keys} ", "!!str ", f"!!str &anchor{file.keys} ")))
    style = file.dice.choice(("", "'", '"'))
    value = file.dice.choice(_QUOTED if style and file.dice.random() < 0.5 else _PLAIN)
    value = value.replace("'", "") if style == "'" else value
    file.values[path] = value
    file.put(f"{style}{value}{style}", scalar=path)


def _line_end(file: Written, path: str) -> None:
    kind = file.dice.random()
    if path and kind < 0.3:
        file.put(file.dice.choice((" # ", "  # ", " #", "\t# ", " # by hand # ")))
        file.put(
            file.dice.choice(("METADATA:: ", "METADATA::", "METADATA:: repository=https://h/ü,v;"))
        )
        file.put(
            file.dice.choice(("commit_ref=", "app=x;commit_ref=", "old_commit_ref=1,commit_ref="))
        )
        file.put(file.dice.choice(("5c1f0ae", "0", "v1.0/x", "")), ref=path)
        file.put(file.dice.choice((";", ",app=é;", ";app=a;monorepo_subdir=b/c;", "")))
    elif kind < 0.45:
        file.put(file.dice.choice((" # mine", "\t# commit_ref=no", " # 'x", " #")))
    elif kind < 0.55:
        file.put(file.dice.choice(("  ", "\t")))
    file.put(file.newline)


@pytest.mark.parametrize("seed", range(40))
def test_only_the_intended_bytes_differ(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(50):
        file = written(dice)
        chosen = sorted(file.values)
        chosen = dice.sample(chosen, dice.randint(0, min(4, len(chosen))))
        edits = {path: _fitting(path, dice) for path in chosen}
        ref = dice.choice(("", "abc1234", "1234567890" * 4))
        before = file.text()
        made = bump(before, [Edit(p, v) for p, v in edits.items()], ref=ref or None)
        assert made == file.text(edits, ref), before.decode()
        after = document(made, "values.yaml")
        for path, value in file.values.items():
            assert after.scalar(path).value == edits.get(path, value)


@pytest.mark.parametrize("seed", range(5))
def test_each_breadcrumb_belongs_to_its_own_line(seed: int) -> None:
    dice = random.Random(1000 + seed)
    for _ in range(40):
        file = written(dice)
        text = file.text()
        said = {crumb: piece for piece, _, crumb in file.pieces if crumb}
        for path in file.values:
            crumb = read_crumb(text, path)
            assert (crumb.commit_ref if crumb else None) == said.get(path)
            if said.get(path):
                assert old_ref(text, path) == said[path]


def _fitting(path: str, dice: random.Random) -> str:
    """Return a value that stays plain where the old one was: quotes are another test's matter."""
    return _NEW[1] if path.rpartition(".")[2] == "digest" else dice.choice(_NEW)
