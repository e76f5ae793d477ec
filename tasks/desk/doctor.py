"""`doit doctor`: is all here that this pipeline needs? Every tool, the machine, the outside.

Nothing is installed, fetched or written, and the outside is only asked. A broken `pipeline.yml` is
a finding like others: everything that does not depend on it is still told.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel import programs, tools, wrapper
from ..kernel.config import load, selected_path
from ..kernel.errors import Failed, SlipwayError, WrongUsage
from ..kernel.redact import printable
from ..kernel.tools import versions
from .findings import NOTE, OK, WRONG, Finding
from .reach import outside

if TYPE_CHECKING:
    from ..kernel.config import Config
    from ..kernel.world import World

USAGE = 3
_MIB = 1024 * 1024
_TIGHT, _FULL = 2048 * _MIB, 256 * _MIB  # free bytes that call for a word, and for an error
_SIGNS = {OK: "✓", NOTE: "·", WRONG: "✗"}
_WIDTH = 16  # columns for a name


@dataclass(frozen=True, slots=True)
class Need:
    """Why a program is looked for.

    Attributes:
        by: the tasks that run it, in words.
        must: the pipeline as configured cannot do without it.
    """

    by: str
    must: bool


def needs(config: Config | None) -> dict[str, Need]:
    """Return program → which tasks need it, in the order in which a change meets them.

    Args:
        config: the pipeline; None when it cannot be read, and then only git is a must.
    """
    deploys = bool(config and config.environments)
    charts = bool(config and config.chart)
    return {
        "git": Need("every task", must=True),
        **_commands(config),
        "git-cliff": Need("changelog", must=config is not None),
        "helm": Need("chart:lint, chart:render:ENV, testflight, deploy:ENV", must=charts),
        "terraform": Need(
            "testflight, tfplan:ENV, deploy:ENV, drift:ENV, rollback:ENV", must=deploys
        ),
        "kubectl": Need("testflight and deploy:ENV on Kubernetes; not the local cluster", False),
        "docker-registry": Need("./doitw test", must=False),
        "skopeo": Need("./doitw test", must=False),
    }


def _commands(config: Config | None) -> dict[str, Need]:
    """Return the programs that the configuration itself runs; a path lies in the source."""
    if config is None:
        return {}
    runs = [
        (f"check:{check.name}", command)
        for check in config.checks.values()
        for command in (check.before, check.command, check.after)
    ]
    for docs in config.docs.commands.values() if config.docs else ():
        runs.append(("docs", docs.command))
    runs.append(("binary", config.binary.command if config.binary else None))
    by: dict[str, list[str]] = {}
    for task, command in runs:
        if command and "/" not in command[0]:
            names = by.setdefault(command[0], [])
            names += [task] if task not in names else []
    return {program: Need(", ".join(names), must=True) for program, names in by.items()}


def examine(root: Path) -> list[Finding]:
    """Look at everything.

    Args:
        root: the checkout.

    Returns:
        What was found, in the order in which it is shown.
    """
    try:
        chosen = selected_path(root)
        config, mistakes = load(chosen), ""
    except WrongUsage as error:
        config, mistakes = None, str(error)
    return [
        _pipeline(config, mistakes),
        *_programs(needs(config), root),
        *_machine(root),
        *(outside(config, root) if config else ()),
    ]


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 0 when the pipeline can run, 3 when its file is wrong, 1 when something else is."""
    return max((finding.code for finding in findings if finding.state == WRONG), default=0)


def doctor(world: World) -> str:
    """Print what was found.

    Raises:
        WrongUsage: `pipeline.yml` is wrong.
        Failed: something else is.
    """
    findings = examine(world.root)
    page, _, verdict = shown(findings).rpartition("\n\n")
    print(page)
    code = exit_code(findings)
    if code:
        raise (WrongUsage if code == USAGE else Failed)(verdict)
    print(f"\n{verdict}")
    return ""


def shown(findings: Iterable[Finding]) -> str:
    """Return the findings as a page for a person, the verdict last."""
    lines: list[str] = []
    part, wrong = "", []
    for finding in findings:
        if finding.part != part:
            part = finding.part
            lines += ["", part] if lines else [part]
        lines += _lines(finding)
        if finding.state == WRONG:
            wrong.append(finding.name)
    verdict = f"{len(wrong)} to put right: {', '.join(wrong)}" if wrong else "nothing is missing"
    return printable("\n".join([*lines, "", verdict]))


def _lines(finding: Finding) -> Iterator[str]:
    first, *rest = finding.says.split("\n")
    yield f"  {_SIGNS[finding.state]} {finding.name:<{_WIDTH}} {first}"
    below = [*rest, *([f"for {finding.by}"] if finding.by else [])]
    below += [f"→ {finding.fix}"] if finding.fix else []
    yield from (f"    {'':<{_WIDTH}} {line}" for line in below)


def _pipeline(config: Config | None, mistakes: str) -> Finding:
    if config is None:
        fix = "correct it; until then only what does not depend on it is told here"
        # That nothing was run is said to those who wanted to run something.
        says = "\n".join(
            line for line in mistakes.splitlines() if not line.endswith("nothing was run.")
        )
        return Finding("pipeline", "pipeline.yml", WRONG, says, fix=fix, code=3)
    track = " → ".join(config.environments) or "no environment"
    says = f"{config.project}: {len(config.images)} images, {track}  ({config.file})"
    return Finding("pipeline", "pipeline.yml", OK, says)


def _programs(wanted: Mapping[str, Need], root: Path) -> Iterator[Finding]:
    for name, need in wanted.items():
        yield _tool(name, need, root) if name in tools.TOOLS else _plain(name, need, root)


def _tool(name: str, need: Need, root: Path) -> Finding:
    """Tell of a program that `kernel.tools` looks after."""
    tool, seen = tools.TOOLS[name], tools.look(name, root)
    if seen and seen[0].fits:
        says = f"{seen[0].version}  {seen[0].path}"
        return Finding("programs", name, OK, says, need.by)
    unfit = [f"{each.path} is {each.version or 'a file that does not run'}" for each in seen]
    says = "\n".join([f"not here (needed: {tool.range})", *unfit])
    source = tools.fetchable(name)
    if source:
        fix = f"nothing to do: {source.members[name].version} is fetched when it is first needed"
        return Finding("programs", name, NOTE, says, need.by, fix)
    return _missing(name, need, says, tool.how)


_PACKAGES = {
    "git": "Debian, Ubuntu: apt install git    macOS: xcode-select --install",
    "git-cliff": "it comes with the Python packages: ./doitw installs them",
    "docker-registry": "Debian, Ubuntu: apt install docker-registry",
    "skopeo": "Debian, Ubuntu: apt install skopeo    macOS: brew install skopeo",
}


def _plain(name: str, need: Need, root: Path) -> Finding:
    """Tell of a program whose version does not matter."""
    try:
        path = programs.find(name, near=[Path(sys.executable).parent] * (name == "git-cliff"))
    except SlipwayError:
        return _missing(name, need, "not here", _PACKAGES.get(name, f"put {name} on PATH"))
    if name not in _PACKAGES:  # a command of somebody's own: nobody knows how to ask it
        return Finding("programs", name, OK, path, need.by)
    done = programs.run([path, "--version"], cwd=root, timeout=10, ok=None)
    says = f"{versions.told(done.out) or 'of unknown version'}  {path}"
    return Finding("programs", name, OK, says, need.by)


def _missing(name: str, need: Need, says: str, how: str) -> Finding:
    state = WRONG if need.must else NOTE
    return Finding("programs", name, state, says, need.by, how, code=int(need.must))


def _machine(root: Path) -> Iterator[Finding]:
    yield _python(sys.version_info[:3], sys.executable)
    if wrapper.is_current(root):
        yield Finding("machine", ".venv", OK, "made from requirements.txt as it is now")
    else:
        says = "not there, or made from another requirements.txt"
        fix = "nothing to do: the next ./doitw makes it anew"
        yield Finding("machine", ".venv", NOTE, says, fix=fix)
    yield _disk(shutil.disk_usage(root).free, root)


def _python(version: tuple[int, int, int], program: str) -> Finding:
    says = f"{'.'.join(map(str, version))}  {program}"
    if version >= (3, 11):
        return Finding("machine", "Python", OK, says)
    fix = "install Python 3.11 or newer"
    return Finding("machine", "Python", WRONG, says, fix=fix, code=1)


def _disk(free: int, root: Path) -> Finding:
    if not os.access(root, os.W_OK):
        fix = "build/ and .venv are made in here: change its owner or mode"
        return Finding("machine", "disk", WRONG, f"{root} is not writable", fix=fix, code=1)
    says = f"{free / 1024 / _MIB:.1f} GiB free"
    if free >= _TIGHT:
        return Finding("machine", "disk", OK, says)
    fix = f"free some space: .venv, .tools/ and build/ take about {_TIGHT // 1024 // _MIB} GiB"
    full = free < _FULL
    return Finding("machine", "disk", WRONG if full else NOTE, says, fix=fix, code=int(full))
