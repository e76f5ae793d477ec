"""Bumps in every form that bots have made, replayed one upon the other, byte for byte.

The forms, and how often each was seen, are those of 2,296 real bumps. A history has several;
what a bump must leave is told by the pieces that the file was written from, never by the editor.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.chart.__main__ import main
from tests.project import ROOT

URL = "https://github.com/example/shop"
Form = Callable[[str, str, str], str]  # digest, reference, application → the lines of an image


def _line(crumb: str) -> Form:
    return lambda digest, ref, app: f'digest: "{digest}"{crumb.format(url=URL, ref=ref, app=app)}'


def _sibling(digest: str, ref: str, _app: str) -> str:
    return f'digest: "{digest}"\n@git_ref: "{ref}" # Not used by helm'


FORMS: dict[str, tuple[int, Form]] = {
    "with a subfolder": (
        562,
        _line(
            " # METADATA:: repository={url};commit_ref={ref};app={app};monorepo_subdir=apps/{app};"
        ),
    ),
    "full": (300, _line(" # METADATA:: repository={url};commit_ref={ref};app={app};")),
    "with a target": (
        11,
        _line(
            " # METADATA:: repository={url};commit_ref={ref};app={app};buck_target_pattern=a/{app};"
        ),
    ),
    "a comma for a semicolon": (
        2,
        _line(" # METADATA:: repository={url},commit_ref={ref};app={app};"),
    ),
    "without an app": (2, _line(" # METADATA:: repository={url};commit_ref={ref};")),
    "two blanks": (1, _line("  # METADATA:: repository={url};commit_ref={ref};app={app};")),
    "a sibling": (1404, _sibling),
    "bare": (60, _line("")),
    "unquoted": (20, lambda digest, _ref, _app: f"digest: {digest}"),
    "single quotes": (20, lambda digest, _ref, _app: f"digest: '{digest}' # by hand"),
}
BEFORE = (
    "# Values of the shop.\n",
    "---\n",
    '# \'odd\nglobal: {a: [1, 2], b: "x # y"}\n\n',
    "ingress:\n    enabled:   true   # spaces kept\n    hosts: [ a.example.org ]\n",
    "text: |\n  digest: no\n  # METADATA:: commit_ref=no;\n",
)
WRONG = "more.image.digest"
AFTER = ("resources: {}\n", "tail: &t x\nalso: *t\n", "\n\n# the end\n", "last: ~")


@dataclass
class Chart:
    """A values file: what is around, and its images as (path, form, indentation, application)."""

    before: str
    images: list[tuple[str, str, str, str]]
    after: str
    newline: str

    def text(self, digests: list[str], refs: list[str]) -> bytes:
        made = self.before
        for (path, form, indent, app), digest, ref in zip(self.images, digests, refs, strict=True):
            *keys, _ = path.split(".")
            lines = FORMS[form][1](digest, ref, app).replace("@", indent * len(keys))
            for depth, key in enumerate(keys):
                made += f"{indent * depth}{key}:\n"
            made += f"{indent * len(keys)}repository: example/{app}\n"
            made += f"{indent * len(keys)}{lines}\n"
        return (made + self.after).replace("\n", self.newline).encode()


def _chart(dice: random.Random) -> Chart:
    names, weights = list(FORMS), [seen for seen, _ in FORMS.values()]
    images = []
    for number in range(dice.randint(1, 5)):
        app = f"{dice.choice(('web', 'api', 'mempool', 'price'))}{number}"
        form = dice.choices(names, weights)[0] if dice.random() < 0.5 else dice.choice(names)
        keys = f"{app}.image" if dice.random() < 0.6 else f"{app}.jobs.image"
        images.append((f"{keys}.digest", form, dice.choice(("  ", "    ")), app))
    before = "".join(dice.sample(BEFORE[2:], dice.randint(0, 3)))
    head = "".join(one for one in BEFORE[:2] if dice.random() < 0.5)
    return Chart(head + before, images, dice.choice(AFTER), dice.choice(("\n", "\n", "\n", "\r\n")))


def _digest(dice: random.Random) -> str:
    return f"sha256:{dice.getrandbits(256):064x}"


def _ref(dice: random.Random) -> str:
    return f"{dice.getrandbits(28):07x}"


def _arguments(
    chart: Chart, file: Path, digests: list[str], refs: list[str], ref: str
) -> list[str]:
    told = ["bump", str(file)]
    for number, (path, form, _, _) in enumerate(chart.images):
        told += ["--set", f"{path}={digests[number]}"]
        if form == "a sibling":
            told += ["--set", f"{path.removesuffix('digest')}git_ref={refs[number]}"]
    return [*told, "--ref", ref]


@pytest.mark.parametrize("seed", range(100))
def test_a_history_of_bumps_is_replayed_byte_for_byte(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(f"forms {seed}")
    chart, file = _chart(dice), tmp_path / "values.yaml"
    digests = [_digest(dice) for _ in chart.images]
    if dice.random() < 0.2:
        digests = digests[:1] * len(digests)  # a path decides, never a search for the text
    refs = [_ref(dice) for _ in chart.images]
    file.write_bytes(chart.text(digests, refs))
    for _ in range(4):
        ref = _ref(dice)
        digests, refs = [_digest(dice) for _ in chart.images], [ref] * len(chart.images)
        assert main(_arguments(chart, file, digests, refs, ref)) == 0
        assert file.read_bytes() == chart.text(digests, refs)
    assert capsys.readouterr().out == f"{file}: changed\n" * 4


@pytest.mark.parametrize("form", FORMS)
def test_every_form_alone_and_through_a_shell(form: str, tmp_path: Path) -> None:
    dice = random.Random(form)
    chart = Chart("", [("web.image.digest", form, "  ", "web")], "", "\n")
    file = tmp_path / "values.yaml"
    file.write_bytes(chart.text([_digest(dice)], [_ref(dice)]))
    digest, ref = _digest(dice), _ref(dice)
    arguments = _arguments(chart, file, [digest], [ref], ref)
    command = [sys.executable, "-m", "tasks.chart", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert file.read_bytes() == chart.text([digest], [ref])


@pytest.mark.parametrize("seed", range(20))
def test_one_wrong_edit_of_many_changes_nothing(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(f"wrong {seed}")
    chart, file = _chart(dice), tmp_path / "values.yaml"
    chart.images.append((WRONG, "full", "  ", "more"))
    chart.images = [chart.images[-1], *chart.images[:-1]]
    digests, refs = [_digest(dice) for _ in chart.images], [_ref(dice) for _ in chart.images]
    before = chart.text(digests, refs)
    file.write_bytes(before)
    wrong = dice.choice(("nobody.image.digest=" + _digest(dice), f"{WRONG}=1.2.3"))
    kept = Chart("", [one for one in chart.images if one[0] != WRONG], "", "")
    told = _arguments(kept, file, digests[::-1], refs, "abc1234")
    assert main([*told, "--set", wrong]) == 2
    assert file.read_bytes() == before
    said = capsys.readouterr()
    assert said.out == ""
    assert wrong.partition("=")[0].split(".")[0] in said.err
    assert "values.yaml" in said.err
