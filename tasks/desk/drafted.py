"""A proposal as the text of a `pipeline.yml`, with comments, which loads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..kernel.config import grammar
from ..kernel.templates import render
from .proposed import Proposal

_PLAIN = re.compile(r"[A-Za-z./_][A-Za-z0-9./_*@+-]*")
# What YAML 1.1 takes for something else than text.
_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


@dataclass(frozen=True, slots=True)
class Registry:
    """Where images go; without a `url` into the sandbox.

    Attributes:
        guessed: it was read out of the chart.
    """

    url: str = ""
    prefix: str = ""
    guessed: bool = False

    @classmethod
    def of(cls, text: str, guessed: bool = False) -> Registry:
        """Return the registry of `HOST/PREFIX` or `https://HOST/PREFIX`."""
        scheme, mark, rest = text.strip().rstrip("/").rpartition("://")
        host, _, prefix = rest.partition("/")
        return cls(f"{scheme if mark else 'https'}://{host}" if host else "", prefix, guessed)


def quoted(text: str) -> str:
    """Return a text as YAML: plain where that is safe, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and text not in (".", ".."):
        return text
    return "." if text == "." else json.dumps(text, ensure_ascii=True)


def _listed(words: Iterable[str]) -> str:
    return f"[{', '.join(map(quoted, words))}]"


def draft(
    told: Proposal, urls: Mapping[str, str], registry: Registry, forge: str, schema: str
) -> str:
    """Return the text.

    Args:
        told: what was found.
        urls: remote → URL.
        registry: where images go.
        forge: OWNER/NAME on GitHub; "" for the embedded forge.
        schema: where the JSON Schema is, as seen from the file; "" for nowhere.
    """
    digests = [(image.name, image.digest) for image in told.images if image.digest]
    digests = [(name, path) for name, path in digests if not grammar.VALUE_PATH.complaint(path)]
    text = render(
        "init/pipeline.yml.j2",
        told=told,
        urls=urls,
        registry=registry,
        forge=forge,
        schema=schema,
        digests=digests,
        q=quoted,
        qs=_listed,
    )
    return re.sub(r"\n{3,}", "\n\n", text)
