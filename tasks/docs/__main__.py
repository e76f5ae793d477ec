"""The command line: `python -m tasks.docs snapshot --root DIR --version V --keep 5`.

Exit codes: 0 done, 1 anything else; the reason goes to stderr.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from ..kernel.errors import SlipwayError
from ..version import is_newer
from .snapshot import Settings, snapshot
from .tree import Folder

FAILED = 1


class _Parser(argparse.ArgumentParser):
    """Wrong usage is a 1 like every other reason, as in `python -m tasks.version`."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    wanted = _parser().parse_args(arguments)
    try:
        return _snapshot(wanted)
    except SlipwayError as error:
        print(error, file=sys.stderr)
        return FAILED


def _snapshot(wanted: argparse.Namespace) -> int:
    root = Path(wanted.root)
    if not root.is_dir():
        raise SlipwayError(f"{root} is no folder", fix="name the folder of the site")
    try:
        is_newer(wanted.version, wanted.version)
    except ValueError:
        raise SlipwayError(f"{wanted.version!r} is no version", fix="write it as 1.2.3") from None
    site = Folder(root)
    labels = dict(_pair(each) for each in wanted.label)
    changes = snapshot(site, wanted.version, Settings(wanted.keep, labels))
    site.apply(changes)
    gone = sum(content is None for content in changes.values())
    print(f"{root}: {wanted.version} kept, {len(changes) - gone} files written, {gone} taken away")
    return 0


def _pair(text: str) -> tuple[str, str]:
    language, sign, label = text.partition("=")
    if not sign or not language:
        raise SlipwayError(f"{text!r} is no label", fix="write it as es='Versión {version}'")
    return language, label


def _number(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least one version is kept")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m tasks.docs", description="Versions of a documentation site.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    one = commands.add_parser(
        "snapshot",
        help="keep the current pages as a version",
        description="Keep the current pages of a Docusaurus site as a version, drop the oldest.",
        epilog="Exit codes: 0 done, 1 anything else; reasons on stderr.",
    )
    one.add_argument("--root", default=".", metavar="DIR", help="folder of the site")
    one.add_argument("--version", required=True, metavar="V", help="the version's name")
    one.add_argument("--keep", type=_number, default=5, metavar="N", help="versions that stay (5)")
    one.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="LANGUAGE=TEXT",
        help="what translated pages call a version, {version} standing for it",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
