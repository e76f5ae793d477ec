"""A screenshot: what a page shows, drawn as SVG; dates are blurred, so that equal is equal."""

import html
import re
from pathlib import Path

from tests.portals.browser import Page

WIDTH, LINE, LEFT, COLUMN = 960, 24, 32, 128
SHOWN = 14  # rows of a table
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def take(page: Page, file: Path) -> None:
    """Write the screenshot of a page."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(draw(page))


def draw(page: Page) -> str:
    """Return the page as SVG."""
    drawn = [_bar(page.title)]
    y = 76
    lines = [block for block in page.blocks if not block.startswith("version ")]
    for number, block in enumerate(lines):
        drawn.append(_text(LEFT, y, block, size=22 if number == 0 else 15))
        y += LINE + 8 * (number == 0)
    for number, (name, value) in enumerate(page.fields.items()):
        x = LEFT + number * 220
        drawn.append(_text(x, y + 16, name, colour="#555"))
        drawn.append(f'<rect x="{x + 84}" y="{y}" width="112" height="24" fill="none" stroke="#999"/>')
        drawn.append(_text(x + 90, y + 17, value))
    y += 52 * bool(page.fields)
    for number, row in enumerate(page.rows[: SHOWN + 1]):
        drawn += [_text(LEFT + COLUMN * n, y, cell, bold=not number) for n, cell in enumerate(row)]
        y += LINE
    if len(page.rows) > SHOWN + 1:
        drawn.append(_text(LEFT, y, f"… {len(page.rows) - SHOWN - 1} more rows", colour="#555"))
        y += LINE
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 16}">'
    ground = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([head, ground, *drawn, "</svg>", ""])


def _bar(title: str) -> str:
    return f'<rect width="{WIDTH}" height="36" fill="#eee"/>\n' + _text(LEFT, 24, title)


def _text(
    x: int, y: int, text: str, *, size: int = 15, colour: str = "#111", bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    shown = html.escape(DATE.sub("▒▒▒▒-▒▒-▒▒", text))
    style = f'font-family="sans-serif" font-size="{size}" fill="{colour}"{weight}'
    return f'<text x="{x}" y="{y}" {style}>{shown}</text>'
