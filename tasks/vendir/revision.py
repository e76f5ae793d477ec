"""A commit with one content vendored at another reference: made from a commit, in our mirror alone.

The engine runs in a scratch folder that holds nothing but `vendir.yml` and its lock. What it makes
goes into git as it is, byte for byte: no ignore file or attribute of the repository has a say.
"""

from __future__ import annotations

import os
import posixpath
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel import git as g
from ..kernel import remotes
from ..kernel.errors import SlipwayError, WrongUsage
from ..kernel.world import World

if TYPE_CHECKING:
    from .engine.model import Content

LOCK = "vendir.lock.yml"
_REMOTE = "deployments"


@dataclass(frozen=True, slots=True)
class Spot:
    """One content of a configuration in the deployments repository.

    Attributes:
        file: the configuration, from the repository's root.
        place: DIRECTORY/CONTENT in it.
    """

    file: str
    place: str

    @property
    def lock(self) -> str:
        """The lock, which stands beside the configuration."""
        return posixpath.join(posixpath.dirname(self.file), LOCK)

    @property
    def folder(self) -> str:
        """The vendored folder, from the repository's root."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.file), self.place))


def spot_of(world: World) -> Spot:
    """Return which content is ours; only asked when the pipeline has one."""
    told = world.config.deployments
    return Spot(told.vendir, told.vendored or "")


def content_at(text: bytes, name: str, place: str) -> Content | None:
    """Return a content of a configuration; None when it has no such content.

    Raises:
        WrongUsage: it is no valid configuration.
    """
    from .engine import config

    parsed = config.parse([(name, _decoded(text, name))])
    for directory in parsed.directories:
        for content in directory.contents:
            if directory.full(content) == posixpath.normpath(place):
                return content
    return None


def _decoded(text: bytes, name: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise WrongUsage("the configuration is not UTF-8", where=name) from None


def configuration(world: World, commit: str) -> bytes:
    """Return the configuration at a commit of the deployments.

    Raises:
        SlipwayError: it is not there.
    """
    spot = spot_of(world)
    text = remotes.files_at(world.mirror(_REMOTE), commit, spot.file)
    if text is None:
        raise SlipwayError(
            f"there is no {spot.file} in the deployments at {commit[:7]}",
            where=world.config.where("deployments.vendir"),
            fix="commit one there, or correct deployments.vendir",
        )
    return text


def with_ref(text: bytes, spot: Spot, ref: str) -> bytes:
    """Return a configuration with another reference for a content, and no other byte changed.

    Raises:
        SlipwayError: it has no such content, or none with a `ref` that can be edited.
    """
    from ..chart import bump
    from .engine import config

    content = content_at(text, spot.file, spot.place)
    if content is None or content.kind != "git":
        raise SlipwayError(
            f"{spot.file} has no content {spot.place} from git",
            fix="correct deployments.vendored in pipeline.yml: it is DIRECTORY/CONTENT",
        )
    # The content says where it was read: "vendir.yml: directories[0].contents[1]".
    path = content.where.rpartition(": ")[2].replace("[", ".").replace("]", "")
    edit = bump.Edit(f"{path}.git.ref", ref)
    decoded = _decoded(text, spot.file)
    document = config.document([(spot.file, decoded)])
    # Lines stand above it as they do in the file: an error names the line.
    above = "\n" * document.line
    made = bump.edit((above + document.text).encode(), [edit], name=spot.file).decode()
    end = document.offset + len(document.text)
    return (decoded[: document.offset] + made[len(above) :] + decoded[end:]).encode()


def tree_with(world: World, parent: str, ref: str) -> str:
    """Return the tree of a commit with our content vendored at a reference.

    Raises:
        SlipwayError: it cannot be had from the charts mirror, or the configuration forbids it.
    """
    spot, mirror = spot_of(world), world.mirror(_REMOTE)
    text = with_ref(configuration(world, parent), spot, ref)
    lock = remotes.files_at(mirror, parent, spot.lock)
    with remotes.scratch(world, "vendor") as folder:
        root = folder / "root"
        root.mkdir()
        if lock is not None:
            (root / LOCK).write_bytes(lock)
        _existing(world, parent, spot, text, root)
        made = _vendored(world, root, spot, text, ref)
        return _tree(mirror, parent, spot, {spot.file: text, spot.lock: made}, root / spot.place)


def _existing(world: World, parent: str, spot: Spot, text: bytes, root: Path) -> None:
    """Have what is vendored now in the folder, when the configuration wants to keep some of it."""
    content = content_at(text, spot.file, spot.place)
    there = g.returncode("cat-file", "-e", f"{parent}:{spot.folder}", repo=world.mirror(_REMOTE))
    if content and content.globs("ignorePaths") and there == 0:
        remotes.export(world, _REMOTE, parent, spot.folder, root / spot.place)


def _vendored(world: World, root: Path, spot: Spot, text: bytes, ref: str) -> bytes:
    """Run the engine; return the lock."""
    from .engine import config, lock, sync

    parsed = config.parse([(spot.file, _decoded(text, spot.file))])
    content = content_at(text, spot.file, spot.place)
    url = str(content.source["url"]) if content else ""
    place = posixpath.normpath(spot.place)
    request = sync.Request(
        root=root, config=parsed, lock_file=root / LOCK, only={place: ""}, lazy=False,
        mirrors={url: world.mirror("charts")},
    )  # fmt: skip
    held = (root / LOCK).read_bytes() if (root / LOCK).exists() else b""
    sync.sync(sync.plan(request))
    # What describes a commit changes with every tag that somebody sets; the commit does not.
    if held and _sha(lock.parse(held.decode(), spot.lock), place) == ref:
        return held
    return (root / LOCK).read_bytes()


def _sha(lock: object, place: str) -> str:
    from .engine.lock import Lock
    from .engine.paths import join

    for directory in lock.directories if isinstance(lock, Lock) else ():
        for entry in directory.contents:
            if join(directory.path, entry.path) == place and entry.kind == "git":
                return str(entry.facts["sha"])
    return ""


def _tree(mirror: Path, parent: str, spot: Spot, files: Mapping[str, bytes], vendored: Path) -> str:
    """Return a commit's tree with some files changed, and one folder replaced."""
    entries = {path: ("100644", _blob(mirror, content)) for path, content in files.items()}
    entries |= _written(mirror, vendored, spot.folder)
    how = ("--literal-pathspecs", "ls-tree", "-r", "-z", "--name-only", parent, "--", spot.folder)
    before = g.text(*how, repo=mirror).split("\0")
    gone = [path for path in before if path and path not in entries]
    told = [f"0 {remotes.ZERO}\t{path}" for path in gone]
    told += [f"{mode} {blob}\t{path}" for path, (mode, blob) in entries.items()]
    stdin = "".join(f"{line}\0" for line in told).encode("utf-8", "surrogateescape")
    with tempfile.TemporaryDirectory(prefix="slipway-index-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        g.git("read-tree", parent, repo=mirror, env=index)
        g.git("update-index", "-z", "--index-info", repo=mirror, env=index, stdin=stdin)
        return g.text("write-tree", repo=mirror, env=index)


def _blob(mirror: Path, content: bytes) -> str:
    return g.text("hash-object", "-w", "--stdin", repo=mirror, stdin=content)


def _written(mirror: Path, top: Path, folder: str) -> dict[str, tuple[str, str]]:
    """Write a tree of files into git; return path → mode and blob."""
    from .engine.folders import walk

    found: dict[str, tuple[str, str]] = {}
    plain: list[tuple[str, Path]] = []
    for parent, folders, names in walk(top):
        for name in (*folders, *names):
            path = Path(parent, name)
            inner = f"{folder}/{path.relative_to(top).as_posix()}"
            if path.is_symlink():
                found[inner] = ("120000", _blob(mirror, os.fsencode(path.readlink())))
            elif path.is_file() and "\n" in str(path):
                found[inner] = (_mode(path), _blob(mirror, path.read_bytes()))
            elif path.is_file():
                plain.append((inner, path))
    stdin = b"".join(os.fsencode(path) + b"\n" for _, path in plain)
    how = ("hash-object", "-w", "--no-filters", "--stdin-paths")
    blobs = g.lines(*how, repo=mirror, stdin=stdin) if plain else []
    found |= {inner: (_mode(path), blob) for (inner, path), blob in zip(plain, blobs, strict=True)}
    return found


def _mode(path: Path) -> str:
    return "100755" if path.stat().st_mode & 0o100 else "100644"


def commit(world: World, parent: str, tree: str, message: str, who: Mapping[str, str]) -> str:
    """Make a commit in our mirror; the same arguments always make the same one."""
    how = ("commit-tree", tree, "-p", parent, "-F", "-")
    return g.text(*how, repo=world.mirror(_REMOTE), env=who, stdin=message.encode())
