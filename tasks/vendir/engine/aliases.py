"""How large a document is for whoever follows its aliases: a few kB can stand for billions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yaml

if TYPE_CHECKING:
    from .documents import Document

_MOST_ADDED: Final = 400_000  # values: from there on Go's own reader begins to refuse


def refuse_too_much(document: Document, top: yaml.Node) -> None:
    """Refuse a document whose aliases make far more of it than there is to see.

    Raises:
        WrongUsage: they do, or one of them has no end.
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
                raise document.wrong(node, "an alias in here stands for what it is in")
            waiting += missing
    if sizes[id(top)] - len(sizes) > _MOST_ADDED:
        what = f"the aliases in this document add more than {_MOST_ADDED} values to it"
        raise document.wrong(top, what, "write out what is needed, without aliases")


def _below(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [each for pair in node.value for each in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []
