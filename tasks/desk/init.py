"""`doit init`: a first `pipeline.yml` for repositories that exist, read-only but for that file."""

from __future__ import annotations

import os
import re
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ..kernel.config import Config, grammar, load
from ..kernel.errors import Failed, SlipwayError, WrongUsage
from ..kernel.redact import printable, redact
from ..kernel.world import World
from .drafted import Registry, draft
from .findings import WRONG
from .looking import Look, look_at
from .proposed import Proposal, project_of, propose
from .reach import outside

SCHEMA = "docs/reference/pipeline.schema.json"
_REMOTES = ("source", "charts", "deployments")
_GITHUB = re.compile(
    r"(?:(?:https|ssh)://(?:[^@/\s]+@)?(?:www\.)?|[^@/\s]+@)github\.com[:/]"
    r"(?P<at>[A-Za-z0-9-]+/[A-Za-z0-9._-]+?)(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the options say; "" for what they do not.

    Attributes:
        urls: remote → URL.
        registry: HOST/PREFIX, or a URL.
        forge: OWNER/NAME on GitHub.
        project: the project's name.
    """

    urls: dict[str, str]
    registry: str
    forge: str
    project: str


def init(
    world: World,
    *,
    source: str = "",
    charts: str = "",
    deployments: str = "",
    registry: str = "",
    forge: str = "",
    project: str = "",
    out: str = "",
    force: bool = False,
) -> str:
    """Ask or be told, look at the repositories, and write a file that loads.

    Raises:
        WrongUsage: something is missing and nobody can be asked, or the file is there already.
        SlipwayError: a repository cannot be read, or what was found makes no pipeline.
    """
    file = _file(world, out)
    if file.exists() and not force:
        raise WrongUsage(
            f"{_shown(file)} is there already, and is not overwritten",
            fix="--out=FILE writes another one (doit pipeline=FILE plan uses it);"
            " --force replaces this one",
        )
    urls = _urls({"source": source, "charts": charts, "deployments": deployments})
    told = Told(urls, registry.strip(), forge.strip(), project.strip())
    proposal = _propose(world, told)
    where, repository = _registry(told, proposal), _forge(told)
    text = draft(proposal, urls, where, repository, _schema(world, file))
    config = _write(file, text, force)
    print(printable(_summary(proposal, file)))
    troubles = [each for each in outside(config, world.root) if each.state == WRONG]
    for each in troubles:
        print(printable(redact(f"✗ {each.name:<12} {each.says}\n  {each.fix}".rstrip())))
    named = "" if file == world.root / "pipeline.yml" else f"pipeline={_shown(file)} "
    print(printable(f"\nnext     look through it, then\n         doit {named}plan"))
    if troubles:
        names = ", ".join(each.name for each in troubles)
        raise Failed(
            f"{_shown(file)} is written, but not all in it can be used yet: {names}",
            fix=f"doit {named}doctor asks again",
        )
    return ""


def _file(world: World, out: str) -> Path:
    """Return the file to write; a relative one is meant from where the command was typed."""
    if not out:
        return world.root / "pipeline.yml"
    file = Path(os.environ.get("SLIPWAY_CWD") or Path.cwd()) / out
    if not file.parent.is_dir():
        raise WrongUsage(f"there is no folder {file.parent}", fix="make it, or name another --out")
    return file


def _shown(file: Path) -> str:
    here = Path(os.environ.get("SLIPWAY_CWD") or Path.cwd())
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)


def _on_terminal() -> bool:
    return bool(sys.stdin and sys.stdin.isatty())


def _ask(question: str, default: str = "") -> str:
    try:
        return input(f"{question}{f' [{default}]' if default else ''}: ").strip() or default
    except EOFError:
        return default


def _urls(told: dict[str, str]) -> dict[str, str]:
    """Return the three addresses, asking for those that were not said.

    Raises:
        WrongUsage: one is missing or is none.
    """
    urls = {name: told[name].strip() for name in _REMOTES}
    missing = [name for name, url in urls.items() if not url]
    if missing and not _on_terminal():
        options = " and ".join(f"--{name}" for name in missing)
        raise WrongUsage(
            f"{options} must be said where nobody can be asked",
            fix="doit init --source=URL --charts=URL --deployments=URL"
            " [--registry=URL] [--forge=OWNER/NAME] [--project=NAME] [--out=FILE]",
        )
    for name in missing:
        urls[name] = _ask(f"The {name} repository (git URL)")
    for name, url in urls.items():
        if complaint := grammar.GIT_URL.complaint(url):
            raise WrongUsage(f"--{name}: {redact(url) or 'nothing'} {complaint}")
    return urls


def _propose(world: World, told: Told) -> Proposal:
    """Look at the repositories; the same one twice is looked at once.

    Raises:
        WrongUsage: the project has no name.
        SlipwayError: one of them cannot be read.
    """
    project = told.project or project_of(told.urls["source"])
    if not told.project and _on_terminal():
        project = _ask("The project's name", project)
    if complaint := grammar.NAME.complaint(project):
        raise WrongUsage(f"--project: {project!r} {complaint}")
    with ExitStack() as open_looks:
        looks: dict[str, Look] = {}
        for url in told.urls.values():
            if url not in looks:
                looks[url] = open_looks.enter_context(look_at(world, url))
        source, charts, deployments = (looks[told.urls[name]] for name in _REMOTES)
        return propose(project, source, charts, deployments)


def _registry(told: Told, proposal: Proposal) -> Registry:
    """Return where images go: as told, else as the chart has it."""
    said = told.registry
    if not said and _on_terminal():
        said = _ask("The registry (HOST/PREFIX, Enter alone for none yet)", proposal.registry)
    guessed = said or proposal.registry
    found = Registry.of(guessed, guessed=not told.registry) if guessed else Registry()
    if found.url and (complaint := grammar.WEB_URL.complaint(found.url)):
        raise WrongUsage(f"--registry: {redact(guessed)} {complaint}")
    return found


def _forge(told: Told) -> str:
    """Return OWNER/NAME: as told, else as the source's address says; "" for the embedded forge."""
    match = _GITHUB.fullmatch(told.urls["source"])
    said = told.forge or (match["at"] if match else "")
    if not told.forge and _on_terminal():
        said = _ask("The repository on GitHub (OWNER/NAME, Enter alone for none yet)", said)
    if said and (complaint := grammar.GITHUB.complaint(said)):
        raise WrongUsage(f"--forge: {redact(said)} {complaint}")
    return said


def _schema(world: World, file: Path) -> str:
    """Return where editors find the schema, from the file; beside one that is elsewhere."""
    schema = world.root / SCHEMA
    if not schema.is_file():
        return ""
    if file.resolve().is_relative_to(world.root.resolve()):
        return os.path.relpath(schema, file.parent)
    beside = file.with_name(schema.name)
    if not beside.exists():
        beside.write_bytes(schema.read_bytes())
    same = beside.read_bytes() == schema.read_bytes()
    return beside.name if same else schema.as_uri()


def _write(file: Path, text: str, force: bool) -> Config:
    """Write the file once it is known to load; whole, or not at all.

    Raises:
        WrongUsage: somebody else has made it meanwhile.
        SlipwayError: it does not load, so that nothing is written.
    """
    fresh = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        fresh.write_text(text, encoding="utf-8")
        try:
            config = load(fresh)
        except WrongUsage as error:
            raise SlipwayError(
                "what was found makes no pipeline yet; nothing is written",
                detail=str(error).replace(str(fresh), file.name).split("\n")[:-1],
                fix="write it by hand: docs/reference/pipeline.md has every key",
            ) from None
        if force:
            fresh.replace(file)
        else:
            os.link(fresh, file)  # refuses one that is there
    except FileExistsError:
        raise WrongUsage(f"{_shown(file)} is there already, and is not overwritten") from None
    finally:
        fresh.unlink(missing_ok=True)
    return config


def _summary(told: Proposal, file: Path) -> str:
    digests = sum(bool(image.digest) for image in told.images)
    environments = ", ".join(each.name for each in told.environments)
    rows = {
        "project": told.project,
        "branches": ", ".join(f"{name} {at}" for name, at in told.branches.items()),
        "images": f"{', '.join(image.name for image in told.images)}"
        f" ({digests} with a digest in the chart)",
        "chart": told.chart or "none found",
        "environments": f"{environments} ({told.cepler})" if environments else "none found",
        "testflight": told.testflight or "none found",
    }
    lines = [f"{name:<12} {text}" for name, text in rows.items()]
    return "\n".join([f"wrote {_shown(file)}", "", *lines])
