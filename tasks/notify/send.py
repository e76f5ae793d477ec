"""Passes one notice on: to a command's standard input, or to a web address by POST."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING

from ..kernel.config import Notice as Told
from ..kernel.errors import SlipwayError
from ..kernel.facts import canonical
from ..kernel.world import World

if TYPE_CHECKING:
    from .notice import Notice


def name_of(told: Told) -> str:
    """Return how a message calls one who is told; an address may be a secret and is left out."""
    if told.command:
        return told.command[0]
    if told.webhook_from:
        return f"the webhook in {told.webhook_from}"
    from urllib.parse import urlsplit

    return f"the webhook at {urlsplit(told.webhook).hostname}"


def identity(told: Told) -> str:
    """Return one word for one who is told, to remember who has got a notice."""
    words = [list(told.command), told.webhook, told.webhook_from]
    return sha256(canonical(words)).hexdigest()[:12]


def deliver(world: World, told: Told, notice: Notice) -> None:
    """Pass a notice on.

    Raises:
        SlipwayError: it was not taken; no word of it holds the address.
    """
    text = json.dumps(notice, sort_keys=True, ensure_ascii=False)
    if told.command:
        _run(world, told, text)
    else:
        _post(_address(told), text, told.timeout)


def _run(world: World, told: Told, text: str) -> None:
    from ..kernel import programs

    programs.run(
        told.command,
        cwd=world.root,
        needs=told.secrets,
        stdin=text + "\n",
        timeout=told.timeout,
        what=told.command[0],
    )


def _address(told: Told) -> str:
    """Return the address to post to.

    Raises:
        SlipwayError: the variable is not set, or holds no safe address.
    """
    if not told.webhook_from:
        return told.webhook
    from urllib.parse import urlsplit

    address = os.environ.get(told.webhook_from, "").strip()
    if not address:
        raise SlipwayError(f"{told.webhook_from} is not set", fix="set it to the address")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    here = host in ("localhost", "::1") or host.startswith("127.")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and here)):
        raise SlipwayError(f"{told.webhook_from} holds no https:// address")
    return address


def _post(address: str, text: str, timeout: float) -> None:
    import requests

    from ..kernel import web

    here = address.startswith("http://")  # allowed for this machine only
    how = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "slipway"}
    try:
        with web.Session(direct=here) as session:
            answer = session.post(
                address,
                data=text.encode(),
                headers=how,
                timeout=timeout,
                allow_redirects=False,  # whoever answers for the address is not its owner
                stream=True,  # nobody reads what it says
            )
            code = answer.status_code
            answer.close()
    except (requests.RequestException, *web.BROKEN_BODY, UnicodeError, ValueError) as error:
        raise SlipwayError(web.broken(error)) from None
    if not 200 <= code < 300:
        raise SlipwayError(f"it answered {code}")
