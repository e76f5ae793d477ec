"""A YAML file as it is edited: its bytes, its layout, its name; and what stands beside a scalar."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tasks.kernel.errors import SlipwayError

from . import breadcrumb
from .breadcrumb import Crumb
from .layout import BLOCKS, BOM, Kind, Layout, Node, read
from .lookup import container_at, parts_of, scalar_at, written_path

GIT_REF_KEY = "git_ref"
# A comment begins after a blank, or right behind a closing quote.
_COMMENT = re.compile(r"(?<=[\s\"'])#")


@dataclass(frozen=True, slots=True)
class Document:
    """One file's text, taken apart.

    Attributes:
        mark: its byte order mark, empty when there is none.
        layout: the text after that.
        name: the file, for messages.
    """

    mark: str
    layout: Layout
    name: str

    def scalar(self, path: str) -> Node:
        """Return the scalar at a path, or raise."""
        return scalar_at(self.layout, path, self.name)

    def where(self, node: Node) -> str:
        """Return file and line of a node, for a message."""
        return f"{self.name}:{self.layout.line(node.start)}"

    def comment(self, node: Node) -> tuple[int, str] | None:
        """Return the comment on the line on which a scalar ends, and where it begins."""
        if node.style in BLOCKS:  # it ends lines further down
            return None
        text, end = self.layout.text, self.layout.line_end(node.end)
        inside = [n for n in self.layout.scalars if n.start < end and n.end > node.end]
        for found in _COMMENT.finditer(text, node.end, end):
            if not any(n.start <= found.start() < n.end for n in inside):
                return found.start(), text[found.start() : end]
        return None


def document(text: bytes, name: str) -> Document:
    """Take a file apart.

    Raises:
        SlipwayError: it is not UTF-8, or no YAML with one document.
    """
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SlipwayError(f"not UTF-8: byte {error.start + 1}", where=name) from None
    mark = BOM if decoded.startswith(BOM) else ""
    return Document(mark, read(decoded[len(mark) :], name), name)


def value_at(text: bytes, path: str, *, name: str = "values.yaml") -> str:
    """Return the value of the scalar at a path, as the text says it.

    Raises:
        SlipwayError: the path is not there.
    """
    return document(text, name).scalar(path).value


def read_crumb(text: bytes, path: str, *, name: str = "values.yaml") -> Crumb | None:
    """Return the breadcrumb on the line of a scalar, None when there is none.

    Raises:
        SlipwayError: the path is not there.
    """
    return _crumb(document(text, name), path)


def git_ref_path(text: bytes, path: str, *, name: str = "values.yaml") -> str | None:
    """Return the path of the scalar `git_ref` beside another one, None when there is none."""
    found = _git_ref(document(text, name), path)
    return found[0] if found else None


def old_ref(text: bytes, path: str, *, name: str = "values.yaml") -> str | None:
    """Return the reference that a bump of this path replaces, None when nothing names it.

    The breadcrumb on its line says it, or else the scalar `git_ref` beside it.

    Raises:
        SlipwayError: the path is not there.
    """
    file = document(text, name)
    crumb = _crumb(file, path)
    if crumb is not None and crumb.commit_ref:
        return crumb.commit_ref
    beside = _git_ref(file, path)
    return beside[1].value or None if beside else None


def _crumb(file: Document, path: str) -> Crumb | None:
    comment = file.comment(file.scalar(path))
    return breadcrumb.parse(comment[1]) if comment else None


def _git_ref(file: Document, path: str) -> tuple[str, Node] | None:
    above = parts_of(path, file.name)[:-1]
    around = container_at(file.layout, path, file.name, above)
    if around.kind is not Kind.MAPPING:
        return None
    found = [value for key, value in around.pairs() if key.key_text() == GIT_REF_KEY]
    if len(found) != 1 or found[0].kind is not Kind.SCALAR:
        return None
    return written_path((*above, GIT_REF_KEY)), found[0]
