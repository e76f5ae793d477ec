"""Objects of a repository, read one after the other from a single `git cat-file`."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, cast

from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError

_PIECE: Final = 1 << 20


class Objects:
    """A program that answers with one object for each name; ended by `close`.

    A commit, its folders and its files take one process here, not one each: starting them would
    cost more than all they do.

    Args:
        store: the repository's own folder.
        env: for git.
        doubted: what it hands out may be other bytes than its id says: git looks at what it is
            sent, and not at what somebody else has put on the disk.
    """

    def __init__(self, store: Path, env: Mapping[str, str], *, doubted: bool = False) -> None:
        self._where = str(store)
        self._doubted = doubted
        self._git = subprocess.Popen(
            ["git", *g.ARGUMENTS, "--git-dir", str(store), "cat-file", "--batch"],
            env=g.environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._in = cast("IO[bytes]", self._git.stdin)
        self._out = cast("IO[bytes]", self._git.stdout)

    def close(self) -> None:
        """End the program."""
        self._out.close()
        with suppress(BrokenPipeError):
            self._in.close()
        if self._git.poll() is None:
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.killpg(self._git.pid, signal.SIGKILL)
        self._git.wait()

    def read(self, name: str) -> tuple[str, str, bytes] | None:
        """Return an object's id, type and content; None when there is none of that name.

        Raises:
            SlipwayError: it is not what its id says.
        """
        found = self._ask(name)
        if found is None:
            return None
        kind, length, oid = found
        content = self._out.read(length)
        self._end(len(content) == length)
        if self._doubted:
            digest = _begun(kind, length)
            digest.update(content)
            self._refuse_other(digest, oid)
        return oid, kind, content

    def copy(self, blob: str, file: IO[bytes]) -> None:
        """Write a file's content.

        Raises:
            SlipwayError: it is not here, or not what its id says.
        """
        found = self._ask(blob)
        if found is None:
            raise SlipwayError(f"the content {blob} is missing", where=self._where)
        kind, left, oid = found
        digest = _begun(kind, left) if self._doubted else None
        while left:
            piece = self._out.read(min(left, _PIECE))
            if not piece:
                break
            file.write(piece)
            if digest:
                digest.update(piece)
            left -= len(piece)
        self._end(not left)
        if digest:
            self._refuse_other(digest, oid)

    def _refuse_other(self, digest: hashlib._Hash, oid: str) -> None:
        if digest.hexdigest() != oid:
            raise SlipwayError(f"the content {oid} is not what its id says", where=self._where)

    def _ask(self, name: str) -> tuple[str, int, str] | None:
        """Return type, length and id of an object."""
        if "\n" in name:
            return None
        try:
            self._in.write(f"{name}\n".encode("utf-8", "surrogateescape"))
            self._in.flush()
        except BrokenPipeError:
            raise self._broken() from None
        line = self._out.readline()
        if not line:
            raise self._broken()
        words = line.decode("utf-8", "surrogateescape").split(" ")
        if len(words) == 3 and words[2].rstrip("\n").isdigit():
            return words[1], int(words[2]), words[0]
        return None  # "NAME missing", "NAME ambiguous"

    def _end(self, complete: bool) -> None:
        if not complete or self._out.read(1) != b"\n":
            raise self._broken()

    def _broken(self) -> SlipwayError:
        return SlipwayError(
            "git does not hand out its objects", where=self._where, fix="run the same again"
        )


def _begun(kind: str, length: int) -> hashlib._Hash:
    """Return what an id is the digest of, up to the content."""
    return hashlib.sha1(f"{kind} {length}\0".encode(), usedforsecurity=False)
