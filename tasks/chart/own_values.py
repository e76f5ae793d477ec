"""Values files as Helm understands them: read with the line of every mistake, and written again.

PyYAML alone would read other things than Helm does (see `kernel.goyaml`), and would write texts
that Helm then takes for numbers. Pure.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from ..kernel import goyaml
from ..kernel.bounds import refuse_depth
from ..kernel.errors import SlipwayError

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_TAG = goyaml.TAG
# A text that no reader can take for anything else; all others are quoted.
_PLAIN = re.compile(r"(?![yYnN]\Z)[A-Za-z/][A-Za-z0-9_./-]*")
_LARGEST = 20_000  # nodes with what aliases repeat
_DEEPEST = 60


class _Dumper(_DUMPER):  # type: ignore[misc]
    """Writes every value out, and quotes what could be taken for something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        """Write what is shared twice."""
        return True


def _text(dumper: Any, text: str) -> Any:
    style = None if _PLAIN.fullmatch(text) else "|" if "\n" in text else '"'
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


_Dumper.add_representer(str, _text)


def read(content: bytes, file: str) -> dict[str, Any]:
    """Return a values file as plain data.

    Args:
        content: its bytes.
        file: its name with the remote, for messages.

    Raises:
        SlipwayError: it is no mapping of texts to values; names file and line.
    """
    loader = _loader(content, file)
    try:
        root = loader.get_single_node()
        if root is None:
            return {}
        _Look(file).at(root, 0)
        if not isinstance(root, yaml.MappingNode):
            raise _mistake(file, root, "values are a mapping, such as `replicas: 2`")
        found: dict[str, Any] = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise SlipwayError(
            f"this is no YAML: {error.problem or error.context}",
            where=f"{file}{line}",
            fix="mend the file and push it",
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        what = f"this is no YAML: {error}".replace("\n", " ")
        raise SlipwayError(what, where=file, fix="mend the file and push it") from None
    finally:
        loader.dispose()
    return found


def _loader(content: bytes, file: str) -> Any:
    try:
        text = content.decode("utf-8-sig")
        refuse_depth(text)
        return goyaml.loader()(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SlipwayError(
            "this is not UTF-8", where=f"{file}:{line}", fix="save the file as UTF-8"
        ) from None
    except yaml.YAMLError as error:
        what = f"this is no YAML: {error}".replace("\n", " ")
        raise SlipwayError(what, where=file, fix="mend the file and push it") from None


def _mistake(file: str, node: Any, what: str) -> SlipwayError:
    where = f"{file}:{node.start_mark.line + 1}"
    return SlipwayError(what, where=where, fix="mend the file and push it")


class _Look:
    """A look at the nodes for what PyYAML lets pass: keys twice, keys that are no text, circles."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.left = _LARGEST

    def at(self, node: Any, depth: int) -> None:
        """Look at a node and what is below it, once more for each alias of it."""
        self.left -= 1
        if depth > _DEEPEST or not self.left:
            raise _mistake(self.file, node, "too deep or too much for a values file")
        if isinstance(node, yaml.MappingNode):
            self._keys(node)
            for key, value in node.value:
                self.at(key, depth + 1)
                self.at(value, depth + 1)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self.at(item, depth + 1)

    def _keys(self, node: Any) -> None:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == f"{_TAG}merge":
                continue
            if key.tag != f"{_TAG}str":
                raise _mistake(self.file, key, f"the key {key.value!r} is no text: quote it")
            if key.value in seen:
                raise _mistake(self.file, key, f"the key {key.value!r} stands there twice")
            seen.add(key.value)


def written(values: dict[str, Any]) -> str:
    """Return values as YAML: in their order, one line each, the same for the same values."""
    told: str = yaml.dump(
        values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9, indent=2
    )
    return told


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return values over other values, as Helm lays one file over another.

    Mappings are merged, anything else is replaced; the order is that of `below`, then of `above`.
    """
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        both = isinstance(under, dict) and isinstance(value, dict)
        result[key] = merged(under, value) if both and isinstance(under, dict) else value
    return result
