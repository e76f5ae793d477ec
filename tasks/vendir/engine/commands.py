"""The command line: `sync` with the original's options, and `verify`, which it does not have."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.redact import redact

from . import config as configs
from .emit import emit
from .mirrors import passed_over
from .model import as_values
from .sync import Request, plan, sync

DONE: Final = 0
_PROGRAM: Final = "python -m tasks.vendir"
FAILED: Final = 1  # anything wrong, wrong usage too: the original makes no difference

_WIDTH: Final = 98  # columns of the help

_FLAGS: Final = {
    "--locked": "--locked",
    "-l": "--locked",
    "--lazy": "--lazy",
    "--tty": "--tty",
    "--dangerous-allow-all-symlink-destinations": "--dangerous-allow-all-symlink-destinations",
}
_TRUE: Final = frozenset(["1", "t", "T", "true", "TRUE", "True"])
_FALSE: Final = frozenset(["0", "f", "F", "false", "FALSE", "False"])


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Return the writer of help; asking for the terminal's width takes longer than to parse."""
    return argparse.HelpFormatter(prog, width=_WIDTH)


class _Parser(argparse.ArgumentParser):
    """Answers wrong usage as the original does."""

    def __init__(self, **how: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_formatter, **how)

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    wanted = _parser().parse_args([part for word in given for part in _flagged(word)])
    try:
        if wanted.chdir:
            os.chdir(wanted.chdir)
        return int(wanted.run(wanted))
    except SlipwayError as error:
        print(redact(str(error)), file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or 'vendir'}: {error.strerror}", file=sys.stderr)
    return FAILED


def _sync(wanted: argparse.Namespace) -> int:
    what = plan(_request(wanted, locked=wanted.locked, lazy=wanted.lazy))
    if wanted.only or wanted.locked:
        sys.stdout.write(emit(as_values(what.config)))
    lock = sync(what, print if wanted.tty else lambda _: None)
    sys.stdout.write(lock.render().decode())
    return DONE


def _version(_wanted: argparse.Namespace) -> int:
    print(f"vendir version {configs.VERSION}")
    return DONE


def _verify(wanted: argparse.Namespace) -> int:
    from .verify import verify

    what = plan(_request(wanted, locked=True, lazy=False))
    drifts = verify(what)
    for drift in drifts:
        print(f"{drift.what:8}{drift.path}".encode("utf-8", "backslashreplace").decode())
    if not drifts:
        return DONE
    files = "one difference" if len(drifts) == 1 else f"{len(drifts)} differences"
    raise SlipwayError(
        f"the tree is not what its lock says: {files}",
        where=str(wanted.lock_file),
        fix="sync --locked makes it so again; sync takes what the configuration names now",
    )


def _request(wanted: argparse.Namespace, *, locked: bool, lazy: bool) -> Request:
    root = Path.cwd()
    return Request(
        root=root,
        config=configs.parse([(name, _text(name)) for name in _files(wanted.file)]),
        lock_file=root / wanted.lock_file,
        only=_only(_split(wanted.only)),
        locked=locked,
        lazy=lazy,
        any_links=getattr(wanted, "any_links", False),
        mirrors=_mirrors(wanted.mirror or []),
    )


def _files(given: list[str] | None) -> list[str]:
    return _split(given) or ["vendir.yml"]


def _split(given: list[str] | None) -> list[str]:
    return [part for word in given or [] for part in word.split(",")]


def _text(name: str) -> str:
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return content.decode()
    except OSError as error:
        raise WrongUsage(
            f"the configuration cannot be read: {error.strerror}",
            where=name,
            fix="name it with -f, or its folder with --chdir",
        ) from None
    except UnicodeDecodeError:
        raise WrongUsage("the configuration is not UTF-8", where=name) from None


def _only(names: list[str]) -> dict[str, str]:
    only: dict[str, str] = {}
    for each in names:
        name, equals, folder = each.partition("=")
        if name in only:
            raise WrongUsage(f"{name} is given twice")
        if equals and not folder:
            raise WrongUsage(f"-d {each} names no folder", fix=f"-d {name}=FOLDER")
        only[name] = os.path.expanduser(folder)  # noqa: PTH111 - it may be empty
    return only


def _mirrors(given: list[str]) -> dict[str, Path]:
    """Return url → mirror; one that is no repository we can read is left out, and said so."""
    mirrors = {}
    for told in given:
        url, equals, folder = told.rpartition("=")
        if not equals:
            raise WrongUsage(f"--mirror takes URL=FOLDER, not {told!r}")
        if os.access(Path(folder, "objects"), os.R_OK | os.X_OK) and Path(folder, "HEAD").is_file():
            mirrors[url] = Path(folder)
        else:
            passed_over(url, f"{folder} is no bare repository that can be read")
    return mirrors


def _flagged(word: str) -> list[str]:
    """Write a flag without a value with one: the value never is a word of its own."""
    if word in _FLAGS:
        return [f"{_FLAGS[word]}=true"]
    if word.startswith("-l") and word[2:3] not in ("", "="):  # several in one word: -lf FILE
        return [f"{_FLAGS['-l']}=true", *_flagged(f"-{word[2:]}")]
    return [word]


def _truth(word: str) -> bool:
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise argparse.ArgumentTypeError(f"{word!r} is neither true nor false")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=_PROGRAM,
        description="Copies of other repositories' files, as vendir makes them.",
    )
    commands = parser.add_subparsers(
        prog=_PROGRAM, required=True, metavar="COMMAND", dest="command"
    )
    syncing = commands.add_parser("sync", help="fetch what vendir.yml names, and write the lock")
    _common(syncing)
    flag: dict[str, Any] = {"type": _truth, "metavar": "true|false"}
    syncing.add_argument(
        "-l", "--locked", default=False, **flag, help="take what the lock says, and nothing newer"
    )
    syncing.add_argument(
        "--lazy", default=True, **flag, help="=false fetches lazy contents in any case"
    )
    syncing.add_argument(
        "--dangerous-allow-all-symlink-destinations", dest="any_links", default=False, **flag,
        help="let links lead out of their directory, or nowhere",
    )  # fmt: skip
    syncing.set_defaults(run=_sync)
    verifying = commands.add_parser(
        "verify",
        help="compare the tree with its lock; exit code 1 and a line for each difference",
    )
    _common(verifying)
    verifying.set_defaults(run=_verify)
    versioning = commands.add_parser(
        "version", help="print the version of the original that this does the same as"
    )
    versioning.set_defaults(run=_version, chdir=None)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-f", "--file", action="append", help="configuration; - is stdin (default: vendir.yml)"
    )
    parser.add_argument("--lock-file", default="vendir.lock.yml", help="the lock")
    parser.add_argument(
        "-d", "--directory", dest="only", action="append", metavar="DIR/CONTENT[=LOCAL]",
        help="these contents alone; with LOCAL from a folder on this machine",
    )  # fmt: skip
    parser.add_argument("--chdir", help="go there first")
    parser.add_argument(
        "--mirror", action="append", metavar="URL=FOLDER",
        help="take what comes from this git url from a bare repository on this machine",
    )  # fmt: skip
    parser.add_argument("--tty", type=_truth, default=False, help="say what is being fetched")
