"""The schema for editors says what the readers say, and takes every file that they take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tasks.kernel.config import schema as made
from tests.project import PIPELINE, ROOT

FILE = ROOT / "docs/reference/pipeline.schema.json"
_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "integer": int,
    "null": type(None),
}


class Yaml12(yaml.SafeLoader):
    """YAML as editors read it: `on` is a word there."""

    yaml_implicit_resolvers = {
        sign: [(tag, form) for tag, form in ways if tag != "tag:yaml.org,2002:bool"]
        for sign, ways in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])


def read(text: str) -> Any:
    return yaml.load(text, Yaml12)  # noqa: S506 - a safe loader


def schema() -> Any:
    return json.loads(FILE.read_text())


def complaints(value: Any, told: Any, at: str = "") -> Iterator[str]:
    """Yield what a schema of the few words that we use has against a value."""
    if "anyOf" in told:
        if all(list(complaints(value, way, at)) for way in told["anyOf"]):
            yield f"{at}: fits none"
        return
    kinds = told.get("type", list(_TYPES))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not any(isinstance(value, _TYPES[kind]) for kind in kinds):
        yield f"{at}: is no {kinds}"
        return
    if "enum" in told and value not in told["enum"]:
        yield f"{at}: is none of {told['enum']}"
    if "pattern" in told and not re.search(told["pattern"], value):
        yield f"{at}: does not match"
    if "minimum" in told and not told["minimum"] <= value <= told["maximum"]:
        yield f"{at}: is out of range"
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from complaints(item, told.get("items", {}), f"{at}[{index}]")
    if isinstance(value, dict):
        yield from (f"{at}: lacks {key}" for key in told.get("required", []) if key not in value)
        more = told.get("additionalProperties", True)
        for key, item in value.items():
            below = told.get("properties", {}).get(key, more)
            if below is False:
                yield f"{at}: knows no {key}"
            elif below is not True:
                yield from complaints(item, below, f"{at}.{key}")


def documents() -> dict[str, str]:
    page = (ROOT / "docs/reference/pipeline.md").read_text()
    return {
        "the sandbox": (ROOT / "pipeline.yml").read_text(),
        "the reference": page[page.index("## A whole file") :].split("```")[1].partition("\n")[2],
        "galoy": (ROOT / "docs/examples/galoy.yml").read_text(),
        "the tests": PIPELINE,
    }


@pytest.mark.slow
def test_it_is_what_the_readers_say() -> None:
    again = "python -m tasks.kernel.config.schema > docs/reference/pipeline.schema.json"
    assert json.loads(json.dumps(made.schema())) == schema(), f"make it again: {again}"


@pytest.mark.parametrize("name", ["the sandbox", "the reference", "galoy", "the tests"])
def test_it_takes_what_the_readers_take(name: str) -> None:
    assert list(complaints(read(documents()[name]), schema())) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("project:", "projekt:", ": knows no projekt"),
        ("kind: local, path: world/registry", "kind: lokal", ".registry.kind: is none of"),
        ("timeout: 30s", "timeout: soon", ".checks.unit.timeout: does not match"),
        ("[server, build.py]", "server", ".inputs.server: is no"),
        ("command: [python3, build.py]", "command: python3", ".artifacts.binary.command: is no"),
        ("binary: shop}", "binari: shop}", ".images.server: knows no binari"),
    ],
)
def test_it_refuses_what_an_editor_should_underline(old: str, new: str, complaint: str) -> None:
    text = PIPELINE.replace(old, new, 1)
    assert text != PIPELINE
    assert complaint in " ".join(complaints(read(text), schema()))
