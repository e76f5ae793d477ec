#!/usr/bin/env python3
"""Check both web apps: they compile, are typed, import nothing in vain, and fit their pages."""

import ast
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parent.parent
APPS = ("admin-panel", "customer-portal")
EMPTY = {"meta", "input", "br", "hr", "img", "link"}
Finding = tuple[Path, int, str]


class Balance(HTMLParser):
    """Notes elements that are opened and not closed, or the other way round."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, int]] = []
        self.wrong: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        if tag not in EMPTY:
            self.open.append((tag, self.getpos()[0]))

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if self.open and self.open[-1][0] == tag:
            self.open.pop()
        else:
            self.wrong.append((self.getpos()[0], f"</{tag}> closes nothing"))


def page_findings(file: Path, program: str) -> Iterator[Finding]:
    """Look at a page: balanced, and every $name of it filled by the program."""
    text = file.read_text()
    balance = Balance()
    balance.feed(text)
    for line, wrong in [*balance.wrong, *((at, f"<{tag}> stays open") for tag, at in balance.open)]:
        yield file, line, wrong
    for name in Template(text).get_identifiers():
        if f"{name}=" not in program and f'"{name}"' not in program:
            line = text[: text.index(f"${name}")].count("\n") + 1
            yield file, line, f"${name} is filled by nobody"


def code_findings(file: Path) -> Iterator[Finding]:
    """Look at a program: every function typed, every import used, every public name explained."""
    tree = ast.parse(file.read_text(), str(file))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in (alias.asname or alias.name.partition(".")[0] for alias in node.names):
                if name not in used:
                    yield file, node.lineno, f"{name} is imported in vain"
        elif isinstance(node, ast.FunctionDef):
            named = [*node.args.args, *node.args.kwonlyargs]
            bare = [each.arg for each in named if each.annotation is None and each.arg != "self"]
            if bare or node.returns is None:
                yield file, node.lineno, f"{node.name} has no type for {', '.join(bare) or 'its value'}"
            if not node.name.startswith("_") and ast.get_docstring(node) is None:
                yield file, node.lineno, f"{node.name} does not say what it is for"


def findings(app: str) -> Iterator[Finding]:
    """Look at one app."""
    folder = ROOT / "apps" / app
    program = folder / "main.py"
    yield from code_findings(program)
    yield from page_findings(folder / "page.html", program.read_text())
    variables = [line.partition("=")[0] for line in (folder / ".env").read_text().splitlines()]
    if "NEXT_PUBLIC_APP_VERSION" not in variables:
        yield folder / ".env", 1, "NEXT_PUBLIC_APP_VERSION is missing, so no version can be shown"


def main() -> int:
    """Print what is wrong, and return how it went."""
    found = [each for app in APPS for each in findings(app)]
    for file, line, wrong in found:
        print(f"{file.relative_to(ROOT)}:{line}: {wrong}", file=sys.stderr)
    print(f"{len(APPS)} apps, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
