"""The command line of `python -m tasks.version next --repo DIR [--ref REF] [--final]`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, NoReturn

FAILED = 1


class Wanted(NamedTuple):
    """What a command line asks for.

    Attributes:
        repo: a bare repository or a work tree.
        ref: branch, tag or commit.
        final: whether the final version is wanted instead of the candidate's.
    """

    repo: str = "."
    ref: str = "HEAD"
    final: bool = False


def read(words: Sequence[str]) -> Wanted:
    """Read a command line; one that is wrong, or asks for help, ends the program."""
    return _usual(words) or _any(words)


def _usual(words: Sequence[str]) -> Wanted | None:
    """Read it as scripts have it; to import argparse alone takes as long as git does."""
    wanted, left = Wanted(), list(words[:0:-1])
    if words[:1] != ["next"]:
        return None
    while left:
        word = left.pop()
        if word == "--final":
            wanted = wanted._replace(final=True)
        elif word == "--repo" and left and not left[-1].startswith("-"):
            wanted = wanted._replace(repo=left.pop())
        elif word == "--ref" and left and not left[-1].startswith("-"):
            wanted = wanted._replace(ref=left.pop())
        else:
            return None
    return wanted


def _any(words: Sequence[str]) -> Wanted:
    """Read it with argparse, which knows abbreviations, `--ref=…`, help and every mistake."""
    import argparse
    import sys

    class Plain(argparse.HelpFormatter):
        """Knows its width: to ask the terminal would import every kind of archive."""

        def __init__(self, prog: str) -> None:
            super().__init__(prog, width=96)

    class Parser(argparse.ArgumentParser):
        """Leaves exit code 2 to "nothing to release", which scripts wait for."""

        def error(self, message: str) -> NoReturn:
            self.print_usage(sys.stderr)
            self.exit(FAILED, f"{self.prog}: {message}\n")

    parser = Parser(
        prog="python -m tasks.version", description="Which version is next.", formatter_class=Plain
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    following = commands.add_parser(
        "next",
        help="print the version of the next release candidate",
        description="Print the version of the next release candidate, as the commits ask for it.",
        formatter_class=Plain,
        epilog="Exit codes: 0 printed, 2 nothing to release, 1 anything else; reasons on stderr.",
    )
    following.add_argument(
        "--repo", default=".", metavar="DIR", help="bare repository or work tree"
    )
    following.add_argument("--ref", default="HEAD", help="branch, tag or commit to release (HEAD)")
    following.add_argument(
        "--final", action="store_true", help="print the final version instead of the candidate's"
    )
    found = parser.parse_args(list(words))
    return Wanted(found.repo, found.ref, found.final)
