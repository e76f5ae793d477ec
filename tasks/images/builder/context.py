"""The build context: which files a source of COPY means, and that none of them lies outside.

Every component of every path is looked at before it is used, so that no link can lead out of the
context, and files are later opened without following links.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .ignore import Ignore
from .patterns import BadPattern, compiled, is_wild
from .problem import Place

Kind = Literal["dir", "file", "link"]

_MOST_LINKS = 40


@dataclass(frozen=True)
class Found:
    """A file, folder or link of the context.

    Attributes:
        name: its path: below the source folder, or for a source itself the name it was called by.
        kind: folder, regular file or symbolic link.
        path: where it stands, free of links but for its last component when it is one.
        target: what a link says.
    """

    name: str
    kind: Kind
    path: Path
    target: str = ""


@dataclass(frozen=True)
class Context:
    """A folder to build from.

    Attributes:
        root: the folder, free of links.
        ignore: what is kept out.
        output: where the image goes, and what else begins with that name and a dot: never part of
            the context, or every build would contain the one before.
    """

    root: Path
    ignore: Ignore
    output: Path

    def sources(self, text: str, place: Place) -> list[Found]:
        """Return what a source of COPY means: files, or folders to copy the content of.

        Links that are named are followed, as Docker and buildah do.

        Raises:
            SlipwayError: the source is absolute, leads out of the context, is not there, is kept
                out by `.dockerignore`, or is neither file nor folder.
        """
        if text.startswith("/"):
            raise place.error(
                f"the source {text} is an absolute path", fix="name it relative to the context"
            )
        name = posixpath.normpath(text)
        if name == ".." or name.startswith("../"):
            raise self._leaves(text, place)
        if not is_wild(name) or os.path.lexists(self.root / name):
            found = self._named(name, place)
            if found is None:
                raise self._missing(text, name, place)
            return [found]
        matches = sorted(self._matches(name.split("/"), "", place))
        chosen = [found for match in matches if (found := self._named(match, place))]
        if not chosen:
            raise place.error(
                f"no file fits the source {text}",
                fix="build what it should fit first, or correct the pattern or .dockerignore",
                detail=[f"context: {self.root}"],
            )
        return chosen

    def walk(self, folder: Found, place: Place) -> Iterator[Found]:
        """Yield what is in a folder, in a fixed order, each folder before its content.

        Raises:
            SlipwayError: there is a special file, a link that leads out of the context, a name
                that is not UTF-8, or a folder that cannot be read.
        """
        yield from self._walk(folder.path, "", place)

    def _walk(self, folder: Path, below: str, place: Place) -> Iterator[Found]:
        for path in _listed(folder, place):
            shown = self._relative(path)
            if self._is_output(path):
                continue
            hidden = self.ignore.hides(shown)
            found = self._look(path, posixpath.join(below, path.name), place, hidden=hidden)
            if found is None:
                continue
            if found.kind != "dir":
                yield found
            elif not hidden:
                yield found
                yield from self._walk(path, found.name, place)
            elif self.ignore.takes_back:
                inside = list(self._walk(path, found.name, place))
                yield from [found, *inside] if inside else []

    def _look(self, path: Path, name: str, place: Place, *, hidden: bool) -> Found | None:
        """Return what stands at `path`; None when it is kept out (a folder never is, here)."""
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            return Found(name, "dir", path)
        if hidden:
            return None
        shown = self._relative(path)
        if stat.S_ISLNK(mode):
            target = str(path.readlink())
            self._real(shown, place)
            return Found(name, "link", path, target)
        if not stat.S_ISREG(mode):
            raise _special(shown, place)
        return Found(name, "file", path)

    def _named(self, name: str, place: Place) -> Found | None:
        """Return a source, its links followed; None when it is missing or kept out."""
        real = self._real(name, place)
        path = self.root / real
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if self._is_output(path):
            return None
        folder = stat.S_ISDIR(mode)
        hidden = any(self.ignore.hides(each) for each in {name, real} - {".", ""})
        if hidden and not (folder and self.ignore.takes_back):
            return None
        if not folder and not stat.S_ISREG(mode):
            raise _special(name, place)
        return Found(posixpath.basename(name), "dir" if folder else "file", path)

    def _matches(self, patterns: list[str], below: str, place: Place) -> Iterator[str]:
        first, *rest = patterns
        try:
            expression = compiled(first)
        except BadPattern as error:
            raise place.error(f"{first} is not a pattern: {error}", fix="correct it") from None
        folder = self.root / self._real(below, place)
        if not folder.is_dir():
            return
        for path in _listed(folder, place):
            if expression.fullmatch(path.name):
                found = posixpath.join(below, path.name)
                if not rest:
                    yield found
                else:
                    yield from self._matches(rest, found, place)

    def _real(self, name: str, place: Place) -> str:
        """Return the path with every link resolved; what is missing is left as it is.

        Raises:
            SlipwayError: a component leads out of the context, or links go round in a circle.
        """
        todo, done, links = name.split("/"), list[str](), 0
        while todo:
            part = todo.pop(0)
            if part in {"", "."}:
                continue
            if part == "..":
                if not done:
                    raise self._leaves(name, place)
                done.pop()
                continue
            here = self.root.joinpath(*done, part)
            if not here.is_symlink():
                done.append(part)
                continue
            target, links = str(here.readlink()), links + 1
            if target.startswith("/"):
                raise self._leaves(name, place, f"{self._relative(here)} is a link to {target}")
            if links > _MOST_LINKS:
                raise place.error(f"the links of {name} go round in a circle", fix="remove one")
            todo[:0] = target.split("/")
        return "/".join(done)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _is_output(self, path: Path) -> bool:
        return path == self.output or (
            path.parent == self.output.parent and path.name.startswith(f".{self.output.name}.")
        )

    def _leaves(self, name: str, place: Place, why: str = "") -> Exception:
        return place.error(
            f"{name} leads out of the build context",
            fix="copy what is needed into the context before the build",
            detail=[why or f"context: {self.root}"],
        )

    def _missing(self, text: str, name: str, place: Place) -> Exception:
        if (self.root / name).exists():
            return place.error(
                f"the source {text} is kept out of the context",
                fix="take it out of .dockerignore, or add a line with ! before it",
            )
        return place.error(
            f"the source {text} is not in the context",
            fix="build it first, or correct the path",
            detail=[f"context: {self.root}"],
        )


def _listed(folder: Path, place: Place) -> list[Path]:
    try:
        found = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise place.error(f"{folder} cannot be read: {error.strerror}") from None
    for path in found:
        try:
            path.name.encode()
        except UnicodeEncodeError:
            raise place.error(
                f"a file's name is not UTF-8: {path.name!r}", fix="rename it", detail=[str(folder)]
            ) from None
    return found


def _special(name: str, place: Place) -> Exception:
    return place.error(
        f"{name} is neither a file nor a folder", fix="remove it, or name it in .dockerignore"
    )
