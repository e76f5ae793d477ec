"""The repository that a git source is fetched into: fetch, resolve, describe, check out."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from tasks.kernel import git as g
from tasks.kernel.errors import SlipwayError
from tasks.kernel.redact import redact

from . import refs, trees
from .meanwhile import Meanwhile
from .objects import Objects
from .refs import Refs
from .trees import Entry

T = TypeVar("T")
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_SLOW: Final = 1800.0  # seconds for whatever asks the remote
_TAGS: Final = "+refs/tags/*:refs/tags/*"
# A filter that leaves nothing out: of what a remote has promised git does not look through all
# objects again, which would take a third of the time.
_EVERYTHING: Final = "--filter=blob:limit=1000g"
_CORE: Final = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
# What is fetched lives as long as the sync: it need not survive a power failure.
_BRIEF: Final = ("-c", "core.fsync=none", "-c", "fetch.writeCommitGraph=false")


def _refs_of(branch: str) -> tuple[str, str]:
    """Return what to fetch for all tags and a branch; `refs.ALL` does as git means it."""
    return (f"+refs/heads/{branch}:refs/remotes/origin/{branch}", _TAGS)


class Repository:
    """A repository of our own, with one remote.

    Args:
        folder: a path that is free.
        address: of the remote, as git takes it.
        env: for whatever asks the remote.

    Attributes:
        borrows: it has the objects of a repository on this machine.
        told: the remote's refs.
        partial: it lacks contents, and gets them when asked.
        filters: as far as the remote has told, it leaves out what is not wanted.
    """

    def __init__(self, folder: Path, address: str, env: Mapping[str, str]) -> None:
        self.tree = folder
        self.store = folder / ".git"
        self.address = address
        self.env = env
        self.borrows = False
        self.partial = False
        self.filters = True
        self._under_way: list[Meanwhile[Any]] = []
        self.told = refs.read(b"")
        self._objects: Objects | None = None
        # Three files and two folders are a repository (gitrepository-layout); `git init` would
        # take as long as half of a fetch.
        for name in ("objects", "refs"):
            (self.store / name).mkdir(parents=True)
        (self.store / "HEAD").write_text("ref: refs/heads/main\n")
        self._configure()

    def _configure(self) -> None:
        # Written and not set by an argument: an address may hold a password.
        quoted = self.address.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        (self.store / "config").write_text(
            f'{_CORE}[remote "origin"]\n\turl = "{quoted}"\n', "utf-8", "surrogateescape"
        )

    def close(self) -> None:
        """End what still runs for it."""
        for asked in self._under_way:
            asked.wait()
        if self._objects:
            self._objects.close()
        self._objects = None

    def meanwhile(self, ask: Callable[[], T]) -> Meanwhile[T]:
        """Ask something while something else is done; `close` waits until nobody asks any more."""
        asked = Meanwhile(ask)
        self._under_way.append(asked)
        return asked

    @property
    def objects(self) -> Objects:
        """What is in it."""
        if self._objects is None:
            self._objects = Objects(self.store, self.env, doubted=self.borrows)
        return self._objects

    def borrow(self, mirror: Path) -> None:
        """Take objects from a repository on this machine instead of copying them."""
        self.borrows = True
        alternates = self.store / "objects/info/alternates"
        alternates.parent.mkdir()
        alternates.write_text(f"{mirror.absolute() / 'objects'}\n")

    def _ask(self, *args: str, stdin: bytes = b"", env: Mapping[str, str] = _NOTHING) -> bytes:
        try:
            env = {**self.env, **env}
            return g.git(*args, repo=self.tree, env=env, timeout=_SLOW, stdin=stdin)
        except g.GitError as error:
            raise SlipwayError(
                "the repository cannot be fetched",
                where=redact(self.address),
                detail=[error.what, *error.detail],
                fix="is its url right, and does the key or token open it?",
            ) from None

    def advertised(self) -> Mapping[str, str]:
        """Return the remote's branches and tags, in order: full name → the commit it peels to."""
        self.told = refs.read(self._refs())
        return self.told.commits

    def _refs(self) -> bytes:
        if self.borrows:  # it stands here: nobody has to be asked
            how = ("show-ref", "-d", "--heads", "--tags")
            return g.git(*how, repo=self.address, env=self.env, ok=(0, 1))
        told = self.tree / "told"
        heard = {"GIT_TRACE_PACKET": str(told.absolute())}
        answer = self._ask("ls-remote", "origin", "refs/heads/*", "refs/tags/*", env=heard)
        with suppress(OSError):
            self.filters = refs.filters(told.read_bytes())
            told.unlink()
        return answer

    def adopt(self, told: Refs, branch: str) -> None:
        """Take refs over as if they had been fetched: git would write a file for each."""
        (self.store / "packed-refs").write_bytes(told.packed(branch))

    def fetch_one(self, name: str, tags: Sequence[str] = ()) -> str:
        """Fetch a commit without its history and without contents, and some tags.

        Args:
            name: a full id, or the full name of a branch.
            tags: their full names.

        Returns:
            The commit, or what a full id names else.
        """
        self.partial = True
        wanted = [name, *(f"+{tag}:{tag}" for tag in tags)]
        how = ("--depth=1", "--filter=blob:none", "--no-tags", "--quiet")
        self._ask(*_BRIEF, "fetch", *how, "--end-of-options", "origin", *wanted)
        return (self.store / "FETCH_HEAD").read_text("utf-8", "replace")[:40]

    def fetch_limited(self, branch: str, depth: int) -> None:
        """Fetch all tags and a branch, and of each so many commits."""
        how = ("--no-tags", "--no-write-fetch-head", "--quiet", f"--depth={depth}")
        self._ask(*_BRIEF, "fetch", *how, "--end-of-options", "origin", *_refs_of(branch))

    def fetch_all(self, told: Refs, branch: str) -> None:
        """Fetch all tags and a branch, as they were told to another repository."""
        self._fetch(_EVERYTHING, [oid for _, oid in told.chosen(branch)])
        self._configure()  # else git asks the remote for whatever is not here
        self.adopt(told, branch)

    def fetch_commits(self, told: Refs, commit: str) -> None:
        """Fetch the history of a commit and of all tags, and nothing that is in it."""
        self.fetch_history([commit, *(oid for _, oid in told.chosen(""))])
        self.adopt(told, "")

    def fetch_history(self, commits: Sequence[str]) -> None:
        """Fetch some commits and all before them, and nothing that is in them."""
        self.partial = True
        self._fetch("--filter=tree:0", commits)

    def fetch_histories(self, more: Collection[str]) -> None:
        """Fetch the history of all that was told, and of some commits if the remote has them."""
        if self.told.ids:
            self.fetch_history([oid for _, oid in self.told.ids])
        for commit in more:
            with suppress(SlipwayError):
                self.fetch_history([commit])
        self._configure()  # else git asks the remote for whatever is not here
        self.adopt(self.told, refs.ALL)

    def _fetch(self, what: str, wanted: Sequence[str]) -> None:
        how = (what, "--no-tags", "--no-write-fetch-head", "--quiet", "--stdin", "origin")
        stdin = "".join(f"{name}\n" for name in dict.fromkeys(wanted)).encode()
        self._ask(*_BRIEF, "fetch", *how, stdin=stdin)

    def fetch_of_all(self, branch: str) -> tuple[list[str], dict[str, str]]:
        """Return the command that fetches all tags and a branch and says how far it is."""
        how = ("--no-tags", "--no-write-fetch-head", "--progress", "--end-of-options", "origin")
        place = ("-C", str(self.tree))
        command = ["git", *g.ARGUMENTS, *_BRIEF, *place, "fetch", *how, *_refs_of(branch)]
        return command, g.environment(self.env)

    def fetch_commit(self, commit: str, depth: int = 0) -> None:
        """Fetch a commit that no branch or tag leads to."""
        how = ["--no-tags", "--no-write-fetch-head", "--quiet"]
        how += [f"--depth={depth}"] if depth else []
        self._ask(*_BRIEF, "fetch", *how, "--end-of-options", "origin", commit)

    def has(self, commit: str) -> bool:
        """Say whether a commit is here."""
        return self.objects.read(f"{commit}^{{commit}}") is not None

    def resolve(self, ref: str) -> str:
        """Return the commit that `git checkout REF` would take; "" when there is none."""
        # A branch's bare name is looked up at the remote; `main~1` or `main^{commit}` is no name.
        named = "@{" not in ref and not set("~^:") & set(ref)
        for name in (ref, *([f"refs/remotes/origin/{ref}"] if named else [])):
            if found := self.objects.read(f"{name}^{{commit}}"):
                return found[0]
        return ""

    def look_up(self, name: str) -> tuple[str, str]:
        """Return the commit that a full id names, and its whole message; "" when it is none."""
        found = self.objects.read(f"{name}^{{commit}}")
        if found is None:
            return "", ""
        header, _, message = found[2].partition(b"\n\n")
        if b"\nencoding " in header:  # git knows more of them
            how = ("log", "-1", "--no-patch", "--format=%B", found[0], "--")
            message = g.git(*how, repo=self.tree, env=self.env)
        return found[0], message.decode("utf-8", "replace")

    def describe(self, commit: str, digits: int = 0) -> str:
        """Return how a commit is named by the tags before it; "" when there are none.

        Args:
            commit: full id.
            digits: of the id in the name; as many as git would show here when 0.
        """
        how = ("--tags", *([f"--abbrev={digits}"] if digits else []))
        said = g.git("describe", *how, commit, repo=self.tree, ok=(0, 128))
        return said.decode("utf-8", "replace").strip()

    def entries(self, commit: str, may: Callable[[str], bool]) -> list[Entry]:
        """Return the files of a commit; see `trees.entries`."""
        return trees.entries(self.objects, commit, may)

    def check_out(
        self, commit: str, entries: Collection[Entry], rules: Collection[Entry], into: Path
    ) -> None:
        """Write files of a commit as a checkout would: line ends, keywords and large files too.

        Args:
            commit: whose files.
            entries: those to write.
            rules: the files that say how others are converted; without any they are written as
                they are.
            into: a path that is free.
        """
        into.mkdir(mode=0o700)
        self._complete([*entries, *rules])
        if not rules:
            trees.write(self.objects, entries, into)
            return
        self._look_at([*entries, *rules])
        # As little as the rest of a person's settings may their own attributes change a content.
        place: tuple[str, ...] = ("-c", f"core.attributesFile={os.devnull}")
        place += ("--git-dir", str(self.store), "--work-tree", str(into))
        g.git(*place, "read-tree", commit, cwd=into, env=self.env, timeout=_SLOW)
        listed = b"".join(os.fsencode(entry.path) + b"\0" for entry in entries)
        how = ("checkout-index", "--force", "--quiet", "-z", "--stdin")
        env = {**self.env, "GIT_ATTR_NOSYSTEM": "1"}
        g.git(*place, *how, cwd=into, env=env, stdin=listed, timeout=_SLOW)

    def _complete(self, entries: Collection[Entry]) -> None:
        """Fetch in one go the contents that are missing; git would ask for them one by one."""
        if not self.partial:
            return
        # Of a server that filtered nothing all are here; git sees that, and does not even ask.
        wanted = sorted({entry.blob for entry in entries})
        if wanted:
            stdin = "".join(f"{blob}\n" for blob in wanted).encode()
            self._ask(
                *_BRIEF,
                *("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"),
                *("--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none"),
                *("--stdin", "origin"),
                stdin=stdin,
            )

    def _look_at(self, entries: Collection[Entry]) -> None:
        """Refuse contents of somebody else that are not what their ids say: git would take them."""
        if self.borrows:
            with Path(os.devnull).open("wb") as nowhere:
                for entry in entries:
                    self.objects.copy(entry.blob, nowhere)

    def check_out_all(self, commit: str, into: Path) -> None:
        """Write a commit with all its submodules."""
        if self.borrows:
            everything = self.entries(commit, lambda _: True)
            self._look_at([entry for entry in everything if not entry.submodule])
        self._ask("checkout", "--quiet", "--force", "--detach", commit, "--")
        self._ask("submodule", "--quiet", "update", "--init", "--recursive")
        into.mkdir(mode=0o700)
        for path in sorted(self.tree.iterdir()):
            if path != self.store:
                path.rename(into / path.name)
