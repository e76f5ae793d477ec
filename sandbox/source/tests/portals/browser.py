"""A small browser: opens pages over HTTP, reads headings, tables and forms, sends forms."""

import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

PATIENCE = 20  # seconds for an answer
BLOCKS = {"h1", "p", "footer"}


@dataclass
class Page:
    """What a person sees of a page."""

    url: str
    title: str = ""
    blocks: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)

    def sees(self, text: str) -> bool:
        """Say whether a text stands on the page, outside of tables."""
        return any(text in block for block in self.blocks)

    def column(self, name: str) -> list[str]:
        """Return the cells below a heading of the page's table."""
        head, *body = self.rows
        return [row[head.index(name)] for row in body]


class Reader(HTMLParser):
    """Fills a page from its HTML."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.inside = ""
        self.text = ""
        self.select = ""
        self.selected = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        told = {name: value or "" for name, value in attrs}
        if tag == "input":
            self.page.fields[told["name"]] = told.get("value", "")
        elif tag == "select":
            self.select = told["name"]
        elif tag == "tr":
            self.page.rows.append([])
        elif tag in BLOCKS | {"title", "td", "th", "option", "button"}:
            self.inside, self.text, self.selected = tag, "", "selected" in told

    def handle_data(self, data: str) -> None:
        """Read on."""
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        if tag != self.inside:
            return
        text, self.inside = " ".join(self.text.split()), ""
        if tag == "title":
            self.page.title = text
        elif tag in ("td", "th"):
            self.page.rows[-1].append(text)
        elif tag == "option":
            self._choose(text)
        elif tag == "button":
            self.page.buttons.append(text)
        else:
            self.page.blocks.append(text)

    def _choose(self, text: str) -> None:
        self.page.choices.setdefault(self.select, []).append(text)
        if self.selected or self.select not in self.page.fields:
            self.page.fields[self.select] = text


def visit(url: str) -> Page:
    """Open a page."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        text = answer.read().decode()
    page = Page(url)
    Reader(page).feed(text)
    return page


def send(page: Page, **changes: str) -> Page:
    """Fill in the form of a page and send it, as its button does."""
    unknown = set(changes) - set(page.fields)
    if unknown:
        raise AssertionError(f"the form of {page.url} has no {', '.join(sorted(unknown))}")
    return visit(urljoin(page.url, "?" + urlencode({**page.fields, **changes})))
