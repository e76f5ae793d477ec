"""Read a seed folder from the disk."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from tasks.kernel.errors import SlipwayError

from .repository import run
from .seeds import NEVER_FILES, NEVER_FOLDERS
from .trees import Blob

if TYPE_CHECKING:
    from pathlib import Path

_NEVER = (*(f"{name}/" for name in NEVER_FOLDERS), *NEVER_FILES)


def read(seed: Path, repository: Path) -> dict[str, Blob]:
    """Return the files of a seed folder, less what its `.gitignore` files leave out and less links.

    Args:
        seed: the folder.
        repository: any bare repository; it is only asked to apply the rules of `.gitignore`.

    Raises:
        SlipwayError: there is no such folder, nothing in it, or a name that is not plain text.
    """
    if not seed.is_dir():
        raise SlipwayError(
            "the seed folder is missing", where=str(seed), fix=f"git checkout -- {seed}"
        )
    seed = seed.absolute()
    named = run(
        repository,
        *("ls-files", "-z", "--others", "--exclude-per-directory=.gitignore"),
        *(f"--exclude={pattern}" for pattern in _NEVER),
        env={"GIT_WORK_TREE": str(seed), "GIT_INDEX_FILE": str(repository.absolute() / "no-index")},
        cwd=seed,
    )
    tree = {}
    for name in named.split(b"\0")[:-1]:
        path = name.decode("utf-8", "surrogateescape")
        if not path.isprintable():
            raise SlipwayError(f"a file name is not plain text: {path!r}", where=str(seed))
        file = seed / path
        try:
            mode = file.lstat().st_mode
            if stat.S_ISREG(mode):
                tree[path] = Blob(file.read_bytes(), bool(mode & stat.S_IXUSR))
        except FileNotFoundError:
            continue  # an editor replaced it just now; the next run sees it
    if not tree:
        raise SlipwayError("the seed folder holds no files", where=str(seed))
    return tree
