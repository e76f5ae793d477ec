"""A look at a repository that nothing is known of yet: its default branch, its files; read only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..kernel import git as g
from ..kernel import remotes
from ..kernel.config import Remote
from ..kernel.errors import SlipwayError
from ..kernel.redact import redact
from ..kernel.world import World

_LARGEST = 1 << 20  # bytes of a file that is looked into
_PATIENCE = 20.0  # seconds for the first answer
_LOOK = 600.0  # seconds for the files of the newest commit


class Look:
    """The newest commit of a repository's branch.

    Args:
        url: as it was told.
        branch: the one that is followed.
        tags: names of its tags, sorted.
        folder: a bare repository with that one commit.
    """

    def __init__(self, url: str, branch: str, tags: list[str], folder: Path) -> None:
        self.url, self.branch, self.tags, self.folder = url, branch, tags, folder
        listed = g.text("ls-tree", "-r", "-z", "--name-only", "HEAD", repo=folder)
        self.names = [name for name in listed.split("\0") if name]

    def text(self, name: str) -> str:
        """Return a file's content; "" when there is none, or none worth reading."""
        if name not in self.names:
            return ""
        spec = f"HEAD:{name}"
        size = g.text("cat-file", "-s", spec, repo=self.folder, ok=(0, 128))
        if not size.isdigit() or int(size) > _LARGEST:
            return ""
        return g.git("cat-file", "blob", spec, repo=self.folder).decode("utf-8", "replace")

    def yaml(self, name: str) -> Any:
        """Return what a YAML file says; None when it is none."""
        import yaml

        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            return yaml.load(self.text(name), Loader=loader)  # noqa: S506 - a safe loader
        except (yaml.YAMLError, ValueError, RecursionError):
            return None


@contextmanager
def look_at(world: World, url: str) -> Iterator[Look]:
    """Yield a look at a repository's default branch; nothing of it is left afterwards.

    Raises:
        SlipwayError: it cannot be read, or is empty.
    """
    where = remotes.address(world, Remote(url, ""))
    branch = _default_branch(where)
    tags = sorted(ref[10:] for ref in remotes.ls(where) if ref.startswith("refs/tags/"))
    with TemporaryDirectory(prefix="slipway-look-") as scratch:
        folder = Path(scratch) / "look.git"
        g.git(
            *("clone", "--quiet", "--bare", "--depth=1", "--single-branch", "--no-tags"),
            *(f"--branch={branch}", "--", where, str(folder)),
            timeout=_LOOK,
        )
        yield Look(url, branch, tags, folder)


def _default_branch(where: str) -> str:
    try:
        told = g.lines(
            *("ls-remote", "--symref", "--end-of-options", where, "HEAD"), timeout=_PATIENCE
        )
    except g.GitError as error:
        raise SlipwayError(
            "the repository cannot be read",
            where=redact(where),
            detail=[error.what, *error.detail],
            fix="is the address right, and does your key or token open it?",
        ) from None
    for line in told:
        ref, _, name = line.partition("\t")
        if name == "HEAD" and ref.startswith("ref: refs/heads/"):
            return ref.removeprefix("ref: refs/heads/")
    raise SlipwayError("the repository has no commits yet", where=redact(where))
