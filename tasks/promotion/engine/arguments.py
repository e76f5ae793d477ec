"""The command line: cepler's options, with its environment variables, and nothing abbreviated."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

VERSION = "cepler 0.7.16-dev"
PROGRAM = "cepler"
FAILED = 1


class UsageError(Exception):
    """The command line is wrong; the text says how it should be."""


class Parser(argparse.ArgumentParser):
    """Says 1 where argparse says 2, which here means "nothing to deploy"."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message}\n\n{self.format_usage().rstrip()}")


def read(words: list[str]) -> argparse.Namespace:
    """Read a command line.

    Raises:
        UsageError: it is wrong.
        SystemExit: help or the version was asked for, and printed.
    """
    parser, commands = _parser()
    if not words:
        parser.print_help(sys.stderr)
        raise SystemExit(FAILED)
    said = parser.parse_args(words)
    if said.command is None:
        parser.print_help(sys.stderr)
        raise SystemExit(FAILED)
    if said.command == "help":
        (commands.get(said.topic or "") or parser).print_help()
        raise SystemExit(0)
    _check(parser, said)
    return said


def _check(parser: Parser, said: argparse.Namespace) -> None:
    if said.gates_branch is not None and said.gates is None:
        parser.error("--gates-branch needs --gates")
    if said.clone is not None and (said.git_url is None or said.git_private_key is None):
        parser.error("--clone needs --git-url and --git-private-key")
    if said.command == "record":
        said.git_url = said.record_git_url or said.git_url
        if said.record_git_private_key is not None:
            said.git_private_key = said.record_git_private_key
        said.git_branch = said.record_git_branch or said.git_branch
        if said.push and not said.reset_head:
            parser.error("--push needs --reset-head")
        if said.push and (said.git_url is None or said.git_private_key is None):
            parser.error("--push needs --git-url and --git-private-key")
    if getattr(said, "environment", "") is None:
        parser.error("-e, --environment is required")


def _parser() -> tuple[Parser, dict[str, Parser]]:
    parser = Parser(
        prog=PROGRAM,
        description="Which files each environment should have, and what it was deployed with.",
        epilog="Exit codes: 0 done; 1 anything wrong; 2 check found nothing new.",
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action="version", version=VERSION)
    _global(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    known: dict[str, Parser] = {}
    for name, text in (
        ("check", "is there anything new to deploy? 0 yes, 2 no"),
        ("ls", "list the files that the environment should have"),
        ("latest", "print the trigger commit of the last record"),
        ("prepare", "bring the files on disk to what should be deployed"),
        ("reproduce", "bring the files on disk to what was recorded"),
        ("record", "record what lies on disk as deployed"),
    ):
        known[name] = _command(commands, name, text)
        _environment(known[name])
    for name in ("prepare", "reproduce"):
        known[name].add_argument(
            "--force-clean", action="store_true",
            help="remove every file that is not ignored and not part of the environment",
        )  # fmt: skip
        known[name].add_argument(
            "--dry-run", action="store_true", help="say what would be removed and written"
        )
    _record(known["record"])
    known["concourse"] = _concourse(commands)
    known["help"] = _command(commands, "help", "print this, or the help of a command")
    known["help"].add_argument("topic", nargs="?", choices=sorted(known))
    return parser, known


def _command(
    commands: argparse._SubParsersAction[Parser], name: str, text: str
) -> Parser:  # the name of argparse's type is private, and there is no other
    return commands.add_parser(name, help=text, description=text, allow_abbrev=False)


def _global(parser: Parser) -> None:
    env = os.environ.get
    parser.add_argument("-c", "--config", metavar="FILE", default=env("CEPLER_CONF", "cepler.yml"),
                        help="the configuration (CEPLER_CONF; cepler.yml)")  # fmt: skip
    parser.add_argument("--ignore-queue", action="store_true",
                        help="take the newest upstream state, not the next one")  # fmt: skip
    parser.add_argument("-g", "--gates", metavar="FILE", default=env("CEPLER_GATES"),
                        help="the gates file (CEPLER_GATES)")  # fmt: skip
    parser.add_argument("--gates-branch", metavar="BRANCH", default=env("GATES_BRANCH"),
                        help="the branch that has the gates file (GATES_BRANCH)")  # fmt: skip
    parser.add_argument("--clone", metavar="DIR",
                        help="clone there, or bring the clone up to date, first")  # fmt: skip
    _remote(parser, "")
    parser.set_defaults(git_url=env("GIT_URL"), git_private_key=env("GIT_PRIVATE_KEY"),
                        git_branch=env("GIT_BRANCH", "main"))  # fmt: skip


def _remote(parser: Parser, prefix: str) -> None:
    parser.add_argument("--git-url", metavar="URL", dest=f"{prefix}git_url", help="(GIT_URL)")
    parser.add_argument("--git-private-key", metavar="KEY", dest=f"{prefix}git_private_key",
                        help="the text of an ssh key; better in GIT_PRIVATE_KEY, where"
                        " no list of processes shows it")  # fmt: skip
    parser.add_argument("--git-branch", metavar="BRANCH", dest=f"{prefix}git_branch",
                        help="(GIT_BRANCH; main)")  # fmt: skip


def _environment(parser: Parser) -> None:
    parser.add_argument("-e", "--environment", metavar="ENV",
                        default=os.environ.get("CEPLER_ENVIRONMENT"),
                        help="which environment (CEPLER_ENVIRONMENT)")  # fmt: skip


def _record(parser: Parser) -> None:
    parser.add_argument("--no-commit", action="store_true", help="only write the state file")
    parser.add_argument("--reset-head", action="store_true",
                        help="bring the tracked files back to the head afterwards")  # fmt: skip
    parser.add_argument("--push", action="store_true",
                        help="push to origin, again when others were faster")  # fmt: skip
    _remote(parser, "record_")


def _concourse(commands: argparse._SubParsersAction[Parser]) -> Parser:
    text = "a Concourse resource: JSON on standard input and output"
    parser = _command(commands, "concourse", text)
    steps = parser.add_subparsers(dest="step", metavar="STEP", parser_class=Parser, required=True)
    _command(steps, "check", "which versions are there?")
    _command(steps, "ci_in", "fetch a version").add_argument("folder", metavar="DESTINATION")
    _command(steps, "ci_out", "record what was deployed").add_argument("folder", metavar="ORIGIN")
    return parser
