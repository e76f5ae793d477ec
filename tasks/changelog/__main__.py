"""The command line: `python -m tasks.changelog --repo DIR --version V [--date YYYY-MM-DD]`.

Exit codes: 0 when the section stands in the file, 1 for anything else; the reason goes to stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from ..kernel.errors import SlipwayError
from ..version import is_newer, last_release, look, rules_at
from .cliff import Span, today, write_section
from .section import dated, prepended, section_of

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
        _carry_out(wanted)
        sys.stdout.flush()
    except SlipwayError as error:
        print(error, file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # whoever read it has gone
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - Python flushes it at its end
        return FAILED
    return 0


def _carry_out(wanted: argparse.Namespace) -> None:
    repo = Path(wanted.repo)
    if not wanted.repo or not repo.is_dir():
        raise SlipwayError(
            f"there is no folder {wanted.repo!r}", where="--repo", fix="name a git repository"
        )
    try:
        is_newer(wanted.version, wanted.version)
    except ValueError:
        raise SlipwayError(f"{wanted.version!r} is no version", fix="write it as 1.2.3") from None
    date = _day(wanted.date)
    file = repo / wanted.changelog
    content = b"" if wanted.show else _content(file)
    before = content.decode("utf-8", "surrogateescape")
    if section_of(before, wanted.version):
        print(f"{file} has a section for {wanted.version} already: nothing was changed")
        return
    with tempfile.TemporaryDirectory(prefix="slipway-changelog-") as scratch:
        span = _span(repo, wanted)
        written = write_section(repo, span, wanted.config, Path(scratch), alone=True)
    section = dated(written, wanted.version, date)
    if wanted.show:
        sys.stdout.buffer.write(section.encode("utf-8", "surrogateescape"))
        return
    after = prepended(before, section, wanted.version).encode("utf-8", "surrogateescape")
    _replace(file, after)
    lines = sum(line.startswith("- ") for line in section.splitlines())
    print(f"{file}: {wanted.version} with {lines} {'entry' if lines == 1 else 'entries'}")


def _day(text: str | None) -> str:
    from datetime import date

    if text is None:
        return today()
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise SlipwayError(f"{text!r} is no day", fix="write it as 2026-03-10") from None


def _span(repo: Path, wanted: argparse.Namespace) -> Span:
    """Return the range: from the last final release that the commit stands on, below the wanted."""
    view = look(repo, wanted.ref, hasty=True)
    rules = rules_at(repo, view.head)
    if wanted.tag_prefix is not None:
        rules = rules._replace(tag_prefix=wanted.tag_prefix)
    last = last_release(view, rules, wanted.version)
    return Span(
        commit=view.head,
        since=last.commit if last else None,
        previous=last.name if last else "",
        version=wanted.version,
    )


def _content(file: Path) -> bytes:
    if file.is_symlink():
        raise SlipwayError(f"{file} is a link", fix="name the file that it leads to")
    try:
        return file.read_bytes()
    except FileNotFoundError:
        if file.parent.is_dir() and not (file.parent / "HEAD").is_file():
            return b""
        raise SlipwayError(
            f"{file} is in no work tree", fix="--print shows the section and writes nothing"
        ) from None
    except OSError as error:
        raise SlipwayError(f"{file} cannot be read: {error.strerror}") from None


def _replace(file: Path, content: bytes) -> None:
    from ..kernel import facts

    mode = file.stat().st_mode if file.exists() else None
    facts.write_bytes(file, content)
    if mode is not None:
        file.chmod(mode & 0o7777)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m tasks.changelog",
        description="Put the section of a version on top of the changelog; all else stays.",
        epilog="Exit codes: 0 the section is there, 1 anything else; reasons on stderr.",
    )
    parser.add_argument("--repo", default=".", metavar="DIR", help="work tree")
    parser.add_argument("--version", required=True, metavar="V", help="the version in the heading")
    parser.add_argument("--date", metavar="YYYY-MM-DD", help="its day (today in UTC)")
    parser.add_argument("--ref", default="HEAD", help="last commit that goes in (HEAD)")
    parser.add_argument(
        "--changelog", default="CHANGELOG.md", metavar="FILE", help="the file, from DIR"
    )
    parser.add_argument(
        "--config", metavar="FILE", help="git-cliff's configuration, in the repository at that ref"
    )
    parser.add_argument(
        "--tag-prefix", metavar="TEXT", help="stands before versions in tags (as in cog.toml)"
    )
    parser.add_argument(
        "--print", dest="show", action="store_true", help="print the section, write nothing"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
