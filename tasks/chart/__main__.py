"""The command line: `python -m tasks.chart bump VALUES --set a.b.0.c=VALUE… [--ref REF] …`.

Exit codes: 0 all is as it was asked for, with a line on stdout for each file; 2 an edit cannot be
made, and no file was changed; 3 wrong usage. Reasons go to stderr.
"""

from __future__ import annotations

import argparse
import re
import sys
from functools import partial
from typing import NoReturn

from tasks.kernel.errors import SlipwayError, WrongUsage

from .bump import Edit, Origin, bump, chart_edits, edit
from .bump.files import Change, rewrite

DONE = 0
FAILED = 2
USAGE = 3

# The first = that no backslash stands before divides path and value.
_SETTING = re.compile(r"((?:[^=\\]|\\.)+)=(.*)", re.DOTALL)


class _Parser(argparse.ArgumentParser):
    """Answers wrong usage with the exit code it has everywhere here."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    wanted = _parser().parse_args(arguments)
    try:
        return _bump(wanted)
    except WrongUsage as error:
        print(error, file=sys.stderr)
        return USAGE
    except SlipwayError as error:
        print(error, file=sys.stderr)
        return FAILED


def _bump(wanted: argparse.Namespace) -> int:
    _check(wanted)
    edits = [_setting(text) for text in wanted.set]
    origin = Origin(wanted.repository, wanted.app) if wanted.app is not None else None
    values = partial(bump, edits=edits, ref=wanted.ref, origin=origin, name=wanted.values)
    changes: list[Change] = [(wanted.values, values)]
    if wanted.chart is not None:
        versions = chart_edits(app_version=wanted.app_version)
        changes.append((wanted.chart, partial(edit, edits=versions, name=wanted.chart)))
    changed = rewrite(changes)
    for path, said in zip((path for path, _ in changes), changed, strict=True):
        line = f"{path}: {'changed' if said else 'already so'}"
        print(line.encode("utf-8", "backslashreplace").decode())  # a file's name is any bytes
    return DONE


def _check(wanted: argparse.Namespace) -> None:
    if (wanted.repository is None) != (wanted.app is None):
        raise WrongUsage("--repository and --app go together: a new breadcrumb names both")
    if wanted.app is not None and wanted.ref is None:
        raise WrongUsage("--repository and --app need --ref: a new breadcrumb names the commit")
    if (wanted.chart is None) != (wanted.app_version is None):
        raise WrongUsage("--chart and --app-version go together")


def _setting(text: str) -> Edit:
    found = _SETTING.fullmatch(text)
    if found is None:
        raise WrongUsage(f"--set takes PATH=VALUE, not {text!r}", fix="--set a.b.0.digest=sha256:…")
    return Edit(found[1], found[2])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m tasks.chart", description="The chart of a release.", allow_abbrev=False
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    bumping = commands.add_parser(
        "bump",
        allow_abbrev=False,
        usage="%(prog)s VALUES --set PATH=VALUE… [--ref REF] [--repository URL --app NAME]"
        " [--chart CHART_YAML --app-version V]",
        help="set scalars of a values file in place, and renew the breadcrumbs beside them",
        description="Set scalars of a values file in place, and renew the breadcrumbs beside them."
        " All edits are made or none; every other byte stays as it is.",
        epilog="Exit codes: 0 done, 2 it cannot be done and nothing was changed, 3 wrong usage.",
    )
    bumping.add_argument("values", metavar="VALUES", help="the values file")
    bumping.add_argument(
        "--set",
        action="extend",
        nargs="+",
        required=True,
        metavar="PATH=VALUE",
        help=r"a path like a.b.0.digest (\. is a dot inside of a key) and its new value",
    )
    bumping.add_argument("--ref", help="the commit: renews commit_ref in breadcrumbs on the lines")
    bumping.add_argument("--repository", metavar="URL", help="for a breadcrumb that is missing")
    bumping.add_argument("--app", metavar="NAME", help="for a breadcrumb that is missing")
    bumping.add_argument("--chart", metavar="CHART_YAML", help="set appVersion in this file too")
    bumping.add_argument("--app-version", metavar="V", help="the value of appVersion")
    return parser


if __name__ == "__main__":
    sys.exit(main())
