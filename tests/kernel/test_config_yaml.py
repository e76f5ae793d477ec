"""The file as YAML: what is broken is told with line and column, and nothing in it is ever run."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.kernel.config import document, load
from tasks.kernel.errors import WrongUsage

DEFAULT = Path(__file__).resolve().parents[2] / "pipeline.yml"


@pytest.fixture(params=["C", "Python"])
def file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipeline file to be written, read with each of yaml's two loaders."""
    loader: Any = yaml.SafeLoader
    if request.param == "C":
        loader = getattr(yaml, "CSafeLoader", None) or pytest.skip("yaml has no C loader here")
    monkeypatch.setattr(document, "_LOADER", loader)
    monkeypatch.chdir(tmp_path)
    return Path("pipeline.yml")


def refused(file: Path) -> str:
    with pytest.raises(WrongUsage) as caught:
        load(file)
    return str(caught.value)


def test_both_loaders_read_the_default_file_alike(file: Path) -> None:
    file.write_bytes(DEFAULT.read_bytes())
    config = load(file)
    assert config == load(DEFAULT)
    assert config.where("gates") == f"pipeline.yml:{config.lines['gates']}: gates"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"project: x\nremotes\ninputs: y\n", "3:1"),
        (b"project: {a: 1\n", "2:1"),
        (b"project: *nowhere\n", "1:10"),
        (b"project: x\n---\nproject: y\n", "2:1"),
        (b"project:\n\t- x\n", "2:1"),
        (b"project: \xff\n", "1:10"),
        ("# é\nproject: \x07\n".encode(), "2:10"),
        (b"", "1:1"),
        (b"# nothing but a remark\n", "1:1"),
        (b"\n\nproject: " + b"[" * 50_000, "3:49"),
    ],
)
def test_broken_yaml_is_told_with_line_and_column(file: Path, content: bytes, place: str) -> None:
    file.write_bytes(content)
    first, last = refused(file).splitlines()
    assert re.match(rf"pipeline\.yml:{place}: \S.* \(expected .*\)$", first), first
    assert last == "1 mistake; nothing was run."


@pytest.mark.parametrize("content", ["just text\n", "- a\n- b\n", "5\n", "null\n"])
def test_a_file_that_is_no_mapping(file: Path, content: str) -> None:
    file.write_text(content)
    assert refused(file).splitlines()[0].startswith("pipeline.yml:1: ")


def test_a_tag_that_would_make_an_object_is_only_a_mistake(file: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    text = DEFAULT.read_text().replace(
        "project: lana-bank", f"project: !!python/object/apply:os.mkdir [{proof}]"
    )
    file.write_text(text)
    assert "project: expected a name, found a value with the tag python/object" in refused(file)
    assert not proof.exists()
    file.write_text(DEFAULT.read_text().replace("gates: {", "gates: !!set {"))
    assert "gates: expected a mapping, found a value with the tag set" in refused(file)
    file.write_text(DEFAULT.read_text().replace("project: ", "project: !secret "))
    assert "project: expected a name, found a value with the tag !secret" in refused(file)


def test_anchors_and_merges_save_writing(file: Path) -> None:
    text = DEFAULT.read_text()
    text = text.replace("  nextest:\n", "  nextest: &tests\n")
    start = text.index("  bats:\n")
    end = text.index("    attempts: 2\n")
    text = text[:start] + "  bats:\n    <<: *tests\n    timeout: 5m\n" + text[end:]
    file.write_text(text)
    checks = load(file).checks
    assert checks["bats"].command == checks["nextest"].command
    assert (checks["nextest"].timeout, checks["bats"].timeout) == (120.0, 300.0)
    assert (checks["nextest"].attempts, checks["bats"].attempts) == (1, 2)


def test_an_anchor_that_holds_itself_ends(file: Path) -> None:
    gates = "gates: {branch: cepler-gates, file: gates.yml}"
    text = DEFAULT.read_text().replace(gates, "gates: &g {<<: *g}")
    file.write_text(text)
    assert load(file).gates.branch == "cepler-gates"
    file.write_text(text.replace("gates: &g {<<: *g}", "gates: &g {branch: *g}"))
    assert "gates.branch: expected a branch, found a mapping" in refused(file)
    file.write_text(text.replace("gates: &g {<<: *g}", "gates: &g {<<: [x, *g]}"))
    assert "gates: << merges no mapping (expected *ANCHOR of one)" in refused(file)


def test_a_key_that_is_no_text(file: Path) -> None:
    file.write_text(DEFAULT.read_text().replace("gates: {", "gates: {[a]: b, "))
    assert "gates: a key is not text (expected text)" in refused(file)


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + DEFAULT.read_bytes().replace(b"\n", b"\r\n"))
    assert load(file) == load(DEFAULT)


def test_a_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(Path("pipeline.yml")) == (
        "pipeline.yml is missing\n"
        "  name the pipeline file with pipeline=PATH or SLIPWAY_PIPELINE=PATH, "
        "or get the default one back: git checkout -- pipeline.yml"
    )


def test_a_file_that_cannot_be_a_pipeline(tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in refused(tmp_path)
    large = tmp_path / "large.yml"
    large.write_bytes(b"#" * ((1 << 20) + 1))
    assert "which is no pipeline file" in refused(large)


JUNK: list[Any] = [
    *(None, [], {}, "", "-x", "../x", "\0", "a\nb", -1, True, 1.5),
    *([None], [[]], ["a", "a"], {"a": "b"}, {"": {}}, {"x": None}),
]
SPLINTERS = [
    b"[",
    b"{",
    b"]",
    b": ",
    b"\n",
    b"- ",
    b"&a ",
    b"*a ",
    b"!!x ",
    b"\xff",
    b"\t",
    b"<<: ",
]


def damaged(value: Any, dice: random.Random) -> Any:
    if dice.random() < 0.05:
        return dice.choice(JUNK)
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if dice.random() > 0.03}
        return {
            f"{key}x" if dice.random() < 0.03 else key: damaged(each, dice)
            for key, each in kept.items()
        }
    if isinstance(value, list):
        return [damaged(each, dice) for each in value]
    return value


def splintered(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content))
    gone = dice.choice([0, 0, 1, 30])
    return content[:at] + dice.choice(SPLINTERS) + content[at + gone :]


@pytest.mark.parametrize("seed", range(120))
def test_whatever_is_in_the_file_the_answer_is_a_pipeline_or_its_mistakes(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file, dice, content = Path("pipeline.yml"), random.Random(seed), DEFAULT.read_bytes()
    tree = damaged(yaml.safe_load(content), dice)
    file.write_bytes(
        yaml.safe_dump(tree).encode() if seed % 2 else splintered(splintered(content, dice), dice)
    )
    try:
        load(file)
    except WrongUsage as error:
        *told, count = str(error).splitlines()
        assert count.endswith("; nothing was run.")
        assert all(re.match(r"pipeline\.yml:\d+:", line) for line in told)
        assert len(set(told)) == len(told), "each mistake is told once"
