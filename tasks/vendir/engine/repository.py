"""The repository that a git source is fetched into: fetch, resolve, describe, check out."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError
from tasks.kernel.redact import redact

_SLOW: Final = 1800.0  # seconds for whatever asks the remote
_ALL: Final = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
_TAGS: Final = "+refs/tags/*:refs/tags/*"
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_GITLINK: Final = "160000"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a commit."""

    mode: str
    blob: str
    path: str

    @property
    def submodule(self) -> bool:
        """Whether it is a commit of another repository."""
        return self.mode == _GITLINK


class Repository:
    """A repository of our own, with one remote.

    Args:
        folder: a path that is free.
        address: of the remote, as git takes it.
        env: for whatever asks the remote.
    """

    def __init__(self, folder: Path, address: str, env: Mapping[str, str]) -> None:
        self.tree = folder
        self.store = folder / ".git"
        self.address = address
        self.env = env
        self.borrows = False
        self._partial = False
        self._listed: list[tuple[str, str]] = []
        g.git("init", "--quiet", "--template=", "--", str(folder), env=env)
        # Written and not set by an argument: an address may hold a password.
        quoted = address.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        with (self.store / "config").open("a") as file:
            file.write(f'[remote "origin"]\n\turl = "{quoted}"\n')

    def borrow(self, mirror: Path) -> None:
        """Take objects from a repository on this machine instead of copying them."""
        self.borrows = True
        alternates = self.store / "objects/info/alternates"
        alternates.parent.mkdir(exist_ok=True)
        alternates.write_text(f"{mirror.absolute() / 'objects'}\n")

    def _ask(self, *args: str, stdin: bytes = b"") -> bytes:
        try:
            return g.git(*args, repo=self.tree, env=self.env, timeout=_SLOW, stdin=stdin)
        except g.GitError as error:
            raise SlipwayError(
                "the repository cannot be fetched",
                where=redact(self.address),
                detail=[error.what, *error.detail],
                fix="is its url right, and does the key or token open it?",
            ) from None

    def advertised(self) -> dict[str, str]:
        """Return the remote's branches and tags, in order: full name → the commit it peels to."""
        refs: dict[str, str] = {}
        said = self._ask("ls-remote", "origin", "refs/heads/*", "refs/tags/*")
        for line in said.decode("utf-8", "surrogateescape").split("\n")[:-1]:
            commit, _, name = line.partition("\t")
            refs[name.removesuffix("^{}")] = commit  # the peeled line follows its tag
            if not name.endswith("^{}"):
                self._listed.append((commit, name))
        return refs

    def adopt(self) -> None:
        """Take the refs that were advertised over as if they had been fetched.

        Only for a repository that borrows: it has every object already.
        """
        here = ((sha, name.replace("refs/heads/", "refs/remotes/origin/", 1)) for sha, name in
                self._listed)  # fmt: skip
        told = "".join(f"{sha} {name}\n" for sha, name in here)
        (self.store / "packed-refs").write_bytes(told.encode("utf-8", "surrogateescape"))

    def fetch_one(self, commit: str, tags: Sequence[str]) -> None:
        """Fetch a commit without its history and without contents, and some tags."""
        self._partial = True
        wanted = [commit, *(f"+{tag}:{tag}" for tag in tags)]
        how = ("--depth=1", "--filter=blob:none", "--no-tags", "--no-write-fetch-head", "--quiet")
        self._ask("fetch", *how, "--end-of-options", "origin", *wanted)

    def fetch_all(self, branch: str = "", depth: int = 0) -> None:
        """Fetch all tags and all branches, or one."""
        wanted = (f"+refs/heads/{branch}:refs/remotes/origin/{branch}", _TAGS) if branch else _ALL
        how = ["--no-tags", "--no-write-fetch-head", "--quiet"]
        how += [f"--depth={depth}"] if depth else []
        self._ask("fetch", *how, "--end-of-options", "origin", *wanted)

    def fetch_commit(self, commit: str, depth: int = 0) -> None:
        """Fetch a commit that no branch or tag leads to."""
        how = ["--no-tags", "--no-write-fetch-head", "--quiet"]
        how += [f"--depth={depth}"] if depth else []
        self._ask("fetch", *how, "--end-of-options", "origin", commit)

    def has(self, commit: str) -> bool:
        """Say whether a commit is here."""
        return g.returncode("cat-file", "-e", f"{commit}^{{commit}}", repo=self.tree) == 0

    def resolve(self, ref: str) -> str:
        """Return the commit that `git checkout REF` would take; "" when there is none."""
        # A branch's bare name is looked up at the remote; `main~1` or `main^{commit}` is no name.
        named = "@{" not in ref and not set("~^:") & set(ref)
        for name in (ref, *([f"refs/remotes/origin/{ref}"] if named else [])):
            found = g.text(
                *("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"),
                repo=self.tree, env=self.env, ok=(0, 1, 128),
            )  # fmt: skip
            if _COMMIT.fullmatch(found):
                return found
        return ""

    def look_up(self, name: str) -> tuple[str, str]:
        """Return the commit that a full id names, and its whole message; "" when it is none."""
        how = ("log", "-1", "--no-patch", "--format=%H%x00%B", name, "--")
        told = g.git(*how, repo=self.tree, env=self.env, ok=(0, 128))
        commit, _, message = told.decode("utf-8", "replace").partition("\0")
        return commit, message

    def describe(self, commit: str) -> str:
        """Return how a commit is named by the tags before it; "" when there are none."""
        said = g.git("describe", "--tags", commit, repo=self.tree, ok=(0, 128))
        return said.decode("utf-8", "replace").strip()

    def entries(self, commit: str) -> list[Entry]:
        """Return every file of a commit."""
        listed = g.git("ls-tree", "-r", "-z", "--full-tree", commit, repo=self.tree, env=self.env)
        found = []
        for line in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            about, _, path = line.partition("\t")
            mode, _, blob = about.split(" ")
            found.append(Entry(mode, blob, path))
        return found

    def check_out(
        self, commit: str, entries: Collection[Entry], rules: Collection[Entry], into: Path
    ) -> None:
        """Write files of a commit as a checkout would: line ends, keywords and large files too.

        Args:
            commit: whose files.
            entries: those to write.
            rules: the files that say how others are converted.
            into: a path that is free.
        """
        into.mkdir(mode=0o700)
        place = ("--git-dir", str(self.store), "--work-tree", str(into))
        g.git(*place, "read-tree", commit, cwd=into, env=self.env, timeout=_SLOW)
        self._complete([*entries, *rules])
        listed = b"".join(os.fsencode(entry.path) + b"\0" for entry in entries)
        how = ("checkout-index", "--force", "--quiet", "-z", "--stdin")
        g.git(*place, *how, cwd=into, env=self.env, stdin=listed, timeout=_SLOW)

    def _complete(self, entries: Collection[Entry]) -> None:
        """Fetch in one go the contents that are missing; git would ask for them one by one."""
        if not self._partial:
            return
        # Of a server that filtered nothing all are here; git sees that, and does not even ask.
        wanted = sorted({entry.blob for entry in entries})
        if wanted:
            stdin = "".join(f"{blob}\n" for blob in wanted).encode()
            self._ask(
                *("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"),
                *("--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none"),
                *("--stdin", "origin"),
                stdin=stdin,
            )

    def check_out_all(self, commit: str, into: Path) -> None:
        """Write a commit with all its submodules."""
        self._ask("checkout", "--quiet", "--force", "--detach", commit, "--")
        self._ask("submodule", "--quiet", "update", "--init", "--recursive")
        into.mkdir(mode=0o700)
        for path in sorted(self.tree.iterdir()):
            if path != self.store:
                path.rename(into / path.name)
