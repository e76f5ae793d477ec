"""Releases of the embedded forge: a folder each, with a file that tells of it and its assets."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

from ..kernel import facts
from ..kernel.errors import SlipwayError
from ..kernel.lock import exclusively
from .port import Release


class LocalReleases:
    """The releases in a folder.

    Args:
        folder: where the forge's files are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def release(self, tag: str) -> Release | None:
        """See `Forge.release`."""
        try:
            told = json.loads((self._release_folder(tag) / "release.json").read_bytes())
        except FileNotFoundError:
            return None
        files = sorted((self._release_folder(tag) / "assets").glob("*"))
        assets = {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in files
            if not file.name.startswith(".")
        }
        return Release(
            tag,
            told["commit"],
            told["name"],
            told["notes"],
            told["draft"],
            assets,
            f"release {tag}",
        )

    def draft(self, tag: str, commit: str, name: str, notes: str) -> Release:
        """See `Forge.draft`."""
        with self._guard():
            self._refuse_published(tag)
            if self.release(tag) is None:
                shutil.rmtree(self._release_folder(tag), ignore_errors=True)
            told = {"tag": tag, "commit": commit, "name": name, "notes": notes, "draft": True}
            facts.write_json(self._release_folder(tag) / "release.json", told)
        return self._need_release(tag)

    def attach(self, tag: str, name: str, content: bytes) -> None:
        """See `Forge.attach`."""
        with self._guard():
            self._need_release(tag)
            self._refuse_published(tag)
            facts.write_bytes(self._asset_file(tag, name), content)

    def asset(self, tag: str, name: str) -> bytes:
        """See `Forge.asset`."""
        try:
            return self._asset_file(tag, name).read_bytes()
        except FileNotFoundError:
            raise SlipwayError(f"release {tag} has no asset {name}") from None

    def publish(self, tag: str) -> None:
        """See `Forge.publish`."""
        with self._guard():
            self._need_release(tag)
            file = self._release_folder(tag) / "release.json"
            told = json.loads(file.read_bytes())
            if told["draft"]:
                # First, for a kill in between: a draft is the latest of nothing (see `latest`).
                facts.write_json(self._latest_file, {"tag": tag})
                facts.write_json(file, told | {"draft": False})

    def retitle(self, tag: str, name: str, notes: str) -> None:
        """See `Forge.retitle`."""
        with self._guard():
            self._need_published(tag)
            file = self._release_folder(tag) / "release.json"
            told = json.loads(file.read_bytes())
            facts.write_json(file, told | {"name": name, "notes": notes})

    def latest(self) -> str:
        """See `Forge.latest`."""
        try:
            tag = str(json.loads(self._latest_file.read_bytes())["tag"])
        except FileNotFoundError:
            return ""
        release = self.release(tag)
        return tag if release and not release.draft else ""

    def make_latest(self, tag: str) -> None:
        """See `Forge.make_latest`."""
        with self._guard():
            self._need_published(tag)
            facts.write_json(self._latest_file, {"tag": tag})

    @property
    def _latest_file(self) -> Path:
        return self.folder / "latest.json"

    def delete_draft(self, tag: str) -> None:
        """See `Forge.delete_draft`."""
        with self._guard():
            self._refuse_published(tag)
            folder = self._release_folder(tag)
            # First what makes it a release: a kill in between leaves files that nobody is told of,
            # and that the next deletion, or the next draft, takes away.
            (folder / "release.json").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)

    def _need_release(self, tag: str) -> Release:
        release = self.release(tag)
        if release is None:
            raise SlipwayError(f"there is no release {tag}", where=str(self.folder))
        return release

    def _need_published(self, tag: str) -> None:
        if self._need_release(tag).draft:
            raise SlipwayError(f"release {tag} is a draft")

    def _refuse_published(self, tag: str) -> None:
        release = self.release(tag)
        if release and not release.draft:
            raise SlipwayError(f"release {tag} is published, and published releases do not change")

    def _asset_file(self, tag: str, name: str) -> Path:
        if not name or "/" in name or not name.isprintable() or name.startswith("."):
            raise SlipwayError(f"{name!r} cannot be an asset's name")
        return self._release_folder(tag) / "assets" / name

    def _release_folder(self, tag: str) -> Path:
        return self.folder / "releases" / quote(tag, safe="")

    def _guard(self) -> AbstractContextManager[None]:
        """Keep two processes from numbering or changing at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return exclusively(self.folder / "lock")
