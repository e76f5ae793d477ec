"""The command line: `python -m tasks.version next --repo DIR [--ref REF] [--final]`.

Exit codes: 0 and the version alone on stdout; 2 when there is nothing to release; 1 for anything
else. The reason goes to stderr.
"""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from tasks.kernel.errors import SlipwayError

from .bump import core_of
from .history import look, rules_at
from .sight import Sight, next_candidate

DONE = 0
FAILED = 1
NOTHING = 2


class _Plain(argparse.HelpFormatter):
    """Knows its width: to ask the terminal would import every kind of archive, at each start."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=96)


class _Parser(argparse.ArgumentParser):
    """Leaves exit code 2 to "nothing to release", which scripts wait for."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    wanted = _parser().parse_args(arguments)
    try:
        return _next(wanted.repo, wanted.ref, final=wanted.final)
    except SlipwayError as error:
        print(error, file=sys.stderr)
        return FAILED


def _next(repo: str, ref: str, *, final: bool) -> int:
    view = look(repo, ref, hasty=True)
    rules = rules_at(repo, view.head)
    version = next_candidate(view, rules)
    if version is None:
        reason = Sight.from_top(view, rules).no_release(view, rules)
        print(f"nothing to release: {reason}", file=sys.stderr)
        return NOTHING
    print(core_of(version) if final else version)
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m tasks.version",
        description="Which version is next.",
        formatter_class=_Plain,
    )
    # Its default would have argparse draw the usage, and import all that this needs, each time.
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", dest="command", prog=parser.prog
    )
    following = commands.add_parser(
        "next",
        help="print the version of the next release candidate",
        description="Print the version of the next release candidate, as the commits ask for it.",
        formatter_class=_Plain,
        epilog="Exit codes: 0 printed, 2 nothing to release, 1 anything else; reasons on stderr.",
    )
    following.add_argument(
        "--repo", default=".", metavar="DIR", help="bare repository or work tree"
    )
    following.add_argument("--ref", default="HEAD", help="branch, tag or commit to release (HEAD)")
    following.add_argument(
        "--final", action="store_true", help="print the final version instead of the candidate's"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
