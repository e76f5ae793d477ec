"""The documentation of a release: what is generated, and what of the site is kept for each version.

The values and their reader together, since nothing else asks for either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .grammar import FILE, PATH, PATTERN, TITLE, VARIABLE, Grammar
from .model import Value
from .products import uses, variables
from .readers import Spot, command, duration, each, number, text, without_repeats
from .records import Fields, named, refer
from .secrets import quoted

if TYPE_CHECKING:
    from .document import Sheet
    from .model import Config

VERSION = "{version}"
_SITE = "docs-site"
_KEEP = 5
_MOST = 1000
_TIMEOUT = 600.0  # seconds


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DocsCommand(Value):
    """One command that writes pages.

    Attributes:
        inputs: the input sets that it reads.
        command: run in a checkout of the candidate's commit.
        outputs: the files and folders of the site that it writes, and no others.
        from_: checks whose artifacts it gets, and the folder of its tree they go to (`from`).
        require: patterns of files that must be there afterwards, none of them empty.
        env: variables to set.
        secrets: variables of our own environment that it may see although they look like secrets.
        timeout: seconds.
    """

    name: str
    inputs: tuple[str, ...]
    command: tuple[str, ...]
    outputs: tuple[str, ...]
    from_: dict[str, str]
    require: tuple[str, ...]
    env: dict[str, str]
    secrets: tuple[str, ...]
    timeout: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Docs(Value):
    """The site, as Docusaurus lays it out.

    Attributes:
        site: its folder in the source.
        keep: how many versions stay.
        labels: language → what a translated page calls a version.
        copies: further files and folders of the site that are kept for each version: where from →
            where to, `{version}` standing for the version.
        commands: what is run before, in the order of the file.
    """

    site: str
    keep: int
    labels: dict[str, str]
    copies: dict[str, str]
    commands: dict[str, DocsCommand]

    @property
    def checks(self) -> tuple[str, ...]:
        """Names of the checks whose artifacts the commands get, sorted."""
        return tuple(sorted({name for each in self.commands.values() for name in each.from_}))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the input sets that the commands read, sorted."""
        return tuple(sorted({name for each in self.commands.values() for name in each.inputs}))


def docs(spot: Spot) -> Docs:
    """Read how the documentation of a release is made."""
    fields = Fields(spot, "site", "keep", "labels", "copies", "commands")
    return Docs(
        site=fields.get("site", text(FILE), _SITE),
        keep=fields.get("keep", number(1, _MOST), _KEEP),
        labels=fields.get("labels", named("", _label, _LANGUAGE), {}),
        copies=fields.get("copies", named("", _target, FILE), {}),
        commands=fields.get("commands", named("", docs_command), {}),
    )


def docs_command(name: str, spot: Spot) -> DocsCommand:
    """Read one command."""
    keys = ("inputs", "command", "outputs", "from", "require", "env", "secrets", "timeout")
    fields = Fields(spot, *keys)
    return DocsCommand(
        name=name,
        inputs=fields.need("inputs", uses()),
        command=fields.need("command", command),
        outputs=fields.need("outputs", without_repeats(each(text(PATH), least=1))),
        from_=fields.get("from", named("", _source), {}),
        require=fields.get("require", without_repeats(each(text(PATTERN), least=1)), ()),
        env=fields.get("env", variables, {}),
        secrets=fields.get("secrets", without_repeats(each(text(VARIABLE))), ()),
        timeout=fields.get("timeout", duration, _TIMEOUT),
    )


def _language(word: str) -> str:
    if re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", word):
        return ""
    return "is not a language (expected such as es or pt-BR)"


_LANGUAGE = Grammar("a language", _language)


def _label(_language: str, spot: Spot) -> str:
    return text(TITLE)(spot)


def _kept(word: str) -> str:
    if word.count(VERSION) != 1:
        return f"is the same for each version (expected {VERSION} in it, once)"
    return FILE.complaint(word.replace(VERSION, "0"))


def _target(_origin: str, spot: Spot) -> str:
    return text(Grammar("a path with {version} in it", _kept))(spot)


def _source(name: str, spot: Spot) -> str:
    """Read into which folder the artifacts of a check go."""
    refer("checks", name, spot)
    return text(PATH)(spot)


def agree(config: Config, sheet: Sheet) -> None:
    """Note what of the site no promotion may touch, and what a command writes outside of it."""
    told = config.docs
    if told is None or not told.site:
        return
    if not any(_holds(pattern, told.site) for pattern in config.promotion.files if pattern):
        message = f"{quoted(told.site)} is not among promotion.files (expected {told.site}/**)"
        sheet.mistake_at("docs.site", message)
    for name, each_one in told.commands.items():
        for index, path in enumerate(each_one.outputs):
            if path and path != told.site and not path.startswith(f"{told.site}/"):
                message = f"{quoted(path)} is outside of the site (expected below {told.site})"
                sheet.mistake_at(f"docs.commands.{name}.outputs[{index}]", message)
        for check in each_one.from_:
            asked = config.checks.get(check)
            if asked is not None and not asked.artifacts:
                message = f"{quoted(check)} keeps nothing (expected artifacts beside its command)"
                sheet.mistake_at(f"docs.commands.{name}.from.{check}", message)


def _holds(pattern: str, site: str) -> bool:
    """Return whether a pattern of the promotion matches everything in the site."""
    return any(
        pattern in (f"{part}/**", f"{part}/*") for part in (site, *_above(site))
    ) or pattern in ("*", "**")


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
