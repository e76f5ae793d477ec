"""How deep and how large a YAML document is for its reader: a few kB can end any of them."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DEEPEST = 1000  # lists and maps in one another; Python's own calls end there as well
_HARMLESS = 5000  # the process is killed at some ten thousand


def refuse_depth(text: str) -> None:
    """Refuse what is nested so deeply that a reader in C, which calls itself, kills the process.

    Raises:
        yaml.YAMLError: it is, or is no YAML.
    """
    # At most: two for each column of a line, and one for each bracket.
    brackets = text.count("[") + text.count("{")
    if 2 * max(map(len, text.splitlines()), default=0) + brackets < _HARMLESS:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise yaml.YAMLError(f"more than {_DEEPEST} lists and maps in one another")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class Endless(Exception):
    """An alias stands for what it is in; `node` is that."""

    def __init__(self, node: yaml.Node) -> None:
        super().__init__("an alias stands for what it is in")
        self.node = node


def added(top: yaml.Node) -> int:
    """Return by how many values a document is larger for whoever follows its aliases.

    Raises:
        Endless: it has no end.
    """
    sizes: dict[int, int] = {}  # of each node with all below it
    begun: set[int] = set()
    waiting = [top]
    while waiting:
        node, inner = waiting[-1], _below(waiting[-1])
        if id(node) in sizes:
            waiting.pop()
        elif id(node) in begun:
            sizes[id(node)] = 1 + sum(sizes[id(each)] for each in inner)
        else:
            begun.add(id(node))
            missing = [each for each in inner if id(each) not in sizes]
            if any(id(each) in begun for each in missing):
                raise Endless(node)
            waiting += missing
    return sizes[id(top)] - len(sizes)


def _below(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [each for pair in node.value for each in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []
