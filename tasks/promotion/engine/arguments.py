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


class Once(argparse.Action):
    """Takes an option's value, or that it is given, and refuses it a second time."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,  # noqa: ARG002 - argparse hands it over
    ) -> None:
        """Keep the value in the namespace, and that there was one."""
        given = namespace.__dict__.setdefault("given", [])
        if self.dest in given:
            parser.error(f"{self.option_strings[-1]} is given more than once")
        given.append(self.dest)
        setattr(namespace, self.dest, self.nargs == 0 or values)


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
        topic = " ".join(said.topic)
        if topic and topic not in commands:
            parser.error(f"there is no command {topic!r}")
        commands.get(topic, parser).print_help()
        raise SystemExit(0)
    _check(parser, said)
    return said


def _check(parser: Parser, said: argparse.Namespace) -> None:
    if said.gates_branch is not None and said.gates is None:
        parser.error("--gates-branch needs --gates")
    if said.clone is not None and (said.git_url is None or said.git_private_key is None):
        parser.error("--clone needs --git-url and --git-private-key")
    if getattr(said, "push", False):
        if not said.reset_head:
            parser.error("--push needs --reset-head")
        if said.push_git_url is None or said.push_git_private_key is None:
            parser.error("--push needs --git-url and --git-private-key behind the word record")
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
        text = "remove every file that is not ignored and not part of the environment"
        _flag(known[name], "--force-clean", text)
        _flag(known[name], "--dry-run", "say what would be removed and written")
    _record(known["record"])
    known |= _concourse(commands)
    known["help"] = _command(commands, "help", "print this, or the help of a command")
    known["help"].add_argument("topic", nargs="*", metavar="COMMAND")
    return parser, known


def _command(
    commands: argparse._SubParsersAction[Parser], name: str, text: str
) -> Parser:  # the name of argparse's type is private, and there is no other
    return commands.add_parser(name, help=text, description=text, allow_abbrev=False)


def _option(
    parser: Parser, *names: str, value: str, text: str, variable: str = "",
    default: str | None = None, dest: str | None = None,
) -> None:  # fmt: skip
    if variable:
        text += f" ({variable}{f'; {default}' if default else ''})"
    parser.add_argument(
        *names, action=Once, metavar=value, help=text,
        default=os.environ.get(variable, default), dest=dest,
    )  # fmt: skip


def _flag(parser: Parser, name: str, text: str) -> None:
    parser.add_argument(name, action=Once, nargs=0, default=False, help=text)


def _global(parser: Parser) -> None:
    _option(parser, "-c", "--config", value="FILE", variable="CEPLER_CONF",
            default="cepler.yml", text="the configuration")  # fmt: skip
    _flag(parser, "--ignore-queue", "take the newest upstream state, not the next one")
    _option(parser, "-g", "--gates", value="FILE", variable="CEPLER_GATES", text="the gates file")
    _option(parser, "--gates-branch", value="BRANCH", variable="GATES_BRANCH",
            text="the branch that has the gates file")  # fmt: skip
    _option(
        parser, "--clone", value="DIR", text="clone there, or bring the clone up to date, first"
    )
    _remote(parser, "")


def _remote(parser: Parser, prefix: str) -> None:
    _option(parser, "--git-url", value="URL", variable="GIT_URL", text="the remote",
            dest=f"{prefix}git_url")  # fmt: skip
    _option(parser, "--git-private-key", value="KEY", variable="GIT_PRIVATE_KEY",
            dest=f"{prefix}git_private_key",
            text="the text of an ssh key; better in the variable, where no list of processes"
            " shows it")  # fmt: skip
    _option(parser, "--git-branch", value="BRANCH", variable="GIT_BRANCH", default="main",
            dest=f"{prefix}git_branch", text="the branch")  # fmt: skip


def _environment(parser: Parser) -> None:
    _option(parser, "-e", "--environment", value="ENV", variable="CEPLER_ENVIRONMENT",
            text="which environment")  # fmt: skip


def _record(parser: Parser) -> None:
    _flag(parser, "--no-commit", "only write the state file")
    _flag(parser, "--reset-head", "bring the tracked files back to the head afterwards")
    _flag(parser, "--push", "push to origin, again when others were faster")
    _remote(parser, "push_")  # its own: what stands before the command is for --clone


def _concourse(commands: argparse._SubParsersAction[Parser]) -> dict[str, Parser]:
    text = "a Concourse resource: JSON on standard input and output"
    parser = _command(commands, "concourse", text)
    steps = parser.add_subparsers(dest="step", metavar="STEP", parser_class=Parser, required=True)
    known = {
        name: _command(steps, name, about)
        for name, about in (
            ("check", "which versions are there?"),
            ("ci_in", "fetch a version"),
            ("ci_out", "record what was deployed"),
        )
    }
    known["ci_in"].add_argument("folder", metavar="DESTINATION")
    known["ci_out"].add_argument("folder", metavar="ORIGIN")
    return {"concourse": parser} | {f"concourse {name}": step for name, step in known.items()}
