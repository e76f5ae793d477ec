"""The files of a commit on disk: with its history or without, in a folder that goes away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from . import git as g
from .errors import SlipwayError
from .world import World


@contextmanager
def scratch(world: World, task: str) -> Iterator[Path]:
    """Yield an empty folder of a task's own; gone afterwards, or swept by the next when killed."""
    base = world.work(task)
    rmtree(base, ignore_errors=True)
    base.mkdir(parents=True)
    try:
        yield base.absolute()
    finally:
        rmtree(base, ignore_errors=True)


@contextmanager
def checkout(world: World, name: str, commit: str, task: str) -> Iterator[Path]:
    """Yield a clean checkout of a commit, with its history, in a folder that is gone afterwards.

    Args:
        world: whose mirror.
        name: the remote's name.
        commit: a full commit id.
        task: whose scratch folder to use.
    """
    with scratch(world, task) as folder:
        tree = folder / "tree"
        source = str(world.mirror(name).absolute())
        g.git("clone", "--quiet", "--shared", "--no-checkout", "--", source, str(tree))
        g.git("checkout", "--quiet", "--detach", commit, "--", repo=tree)
        yield tree


def export(world: World, name: str, commit: str, path: str, folder: Path) -> None:
    """Write the files of a folder at a commit, without any history, below `folder`.

    Args:
        world: whose mirror.
        name: the remote's name.
        commit: a full commit id.
        path: folder inside the repository; "." for all of it.
        folder: an empty or new folder.

    Raises:
        SlipwayError: the path is not a folder in that commit (a link is none).
    """
    source = world.mirror(name).absolute()
    spec = f"{commit}:" if path == "." else f"{commit}:{path}"
    kind = g.text(
        "cat-file", "-t", spec if path != "." else f"{commit}^{{tree}}", repo=source, ok=(0, 128)
    )
    if kind != "tree":
        what = "is not a folder" if kind else "does not exist"
        raise SlipwayError(f"{path} {what} in {commit[:7]}", fix="correct the path in pipeline.yml")
    folder.mkdir(parents=True, exist_ok=True)
    index = {"GIT_INDEX_FILE": f"{folder.absolute()}.index"}
    try:
        g.git("read-tree", spec if path != "." else commit, repo=source, env=index)
        place = ("--git-dir", str(source), "--work-tree", str(folder.absolute()))
        g.git(*place, "checkout-index", "--all", "--force", cwd=folder, env=index)
    finally:
        Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)
