"""The embedded forge: pull requests and releases as files, real git merges in the source remote."""

from __future__ import annotations

import hashlib
import json
import tempfile
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..kernel import facts
from ..kernel import git as g
from ..kernel.errors import SlipwayError
from ..kernel.lock import exclusively
from .port import NewPull, Pull, Release


class LocalForge:
    """A forge in a folder.

    Args:
        folder: where its files are.
        source: the bare repository that it merges in.
    """

    def __init__(self, folder: Path, source: str) -> None:
        self.folder = folder
        self.source = source

    def check(self) -> None:
        """See `Forge.check`."""
        if g.returncode("rev-parse", "--git-dir", repo=self.source):
            raise SlipwayError(
                "the embedded forge has no source remote", where=self.source, fix="doit sandbox"
            )

    # pull requests

    def pulls(self, branch: str) -> list[Pull]:
        """See `Forge.pulls`."""
        files = [self._pull_file(number) for number in sorted(self._numbers(), reverse=True)]
        found = [json.loads(file.read_bytes()) for file in files]
        return [self._pull(told) for told in found if told["branch"] == branch]

    def open_pull(self, new: NewPull) -> Pull:
        """See `Forge.open_pull`."""
        self._need_branch(new.branch)
        with self._guard():
            self._refuse_second(new)
            told = {
                "number": max(self._numbers(), default=0) + 1,
                "title": new.title,
                "body": new.body,
                "branch": new.branch,
                "base": new.base,
                "labels": sorted(new.labels),
                "draft": new.draft,
                "state": "open",
                "heads": [self._ref(new.branch)],
                "comments": [],
            }
            self._save(told)
        return self._pull(told)

    def update_pull(self, number: int, title: str, body: str, labels: tuple[str, ...]) -> Pull:
        """See `Forge.update_pull`."""
        with self._guard():
            told = self._load(number)
            self._need_branch(told["branch"])
            told |= {"title": title, "body": body, "labels": sorted({*told["labels"], *labels})}
            head = self._ref(told["branch"])
            told["heads"] = [*(old for old in told["heads"] if old != head), head]
            self._save(told)
        return self._pull(told)

    def comment(self, number: int, text: str) -> None:
        """See `Forge.comment`."""
        with self._guard():
            told = self._load(number)
            told["comments"].append(text)
            self._save(told)

    def merge_pull(self, number: int, head: str, by: str, why: str) -> str:
        """See `Forge.merge_pull`."""
        with self._guard():
            told = self._load(number)
            pull = self._pull(told)
            where = f"pull request #{number}"
            if pull.state != "open":
                raise SlipwayError(f"{where} is {pull.state} already")
            if pull.head != head:
                raise SlipwayError(
                    f"its branch moved to {pull.head[:7] or 'nowhere'}"
                    f" while you were looking at {head[:7]}",
                    where=where,
                    fix="look again, then approve what you see",
                )
            merge = self._merge(pull, by, why)
            self._save(told | {"state": "merged", "draft": False})
        return merge

    def _merge(self, pull: Pull, by: str, why: str) -> str:
        """Merge by git, then move the base by compare-and-swap."""
        base = self._ref(pull.base)
        now = datetime.now(UTC).strftime("%s +0000")
        who = g.identity(by, "approver@localhost", now)
        message = (
            f"Merge pull request #{pull.number} from {pull.branch}\n\n{pull.title}\n\n"
            f"Approved-by: {by}\nReason: {' '.join(why.split())}\n"
        )
        with tempfile.TemporaryDirectory(prefix="slipway-merge-") as scratch:
            tree = str(Path(scratch) / "tree")
            g.git("clone", "--quiet", "--shared", "--no-checkout", "--", self.source, tree)
            g.git("checkout", "--quiet", "--detach", base, "--", repo=tree)
            merged = g.returncode("merge", "--no-ff", "--no-commit", pull.head, repo=tree, env=who)
            if merged:
                files = g.lines("diff", "--name-only", "--diff-filter=U", repo=tree)
                raise SlipwayError(
                    f"{pull.branch} cannot be merged into {pull.base}",
                    where=f"pull request #{pull.number}",
                    detail=[f"conflict in {file}" for file in files],
                    fix="doit release makes it anew on the newest candidate",
                )
            g.git("commit", "--quiet", "-F", "-", repo=tree, env=who, stdin=message.encode())
            merge = g.text("rev-parse", "HEAD", repo=tree)
            g.git("fetch", "--quiet", "--no-write-fetch-head", tree, "HEAD", repo=self.source)
        g.git("update-ref", f"refs/heads/{pull.base}", merge, base, repo=self.source)
        return merge

    def _need_branch(self, branch: str) -> None:
        if not self._ref(branch):
            raise SlipwayError(
                f"there is no branch {branch} to open a pull request from", where=self.source
            )

    def _refuse_second(self, new: NewPull) -> None:
        """Refuse what a forge on the network would: two machines then agree on one of them."""
        for pull in self.pulls(new.branch):
            if pull.state == "open" and pull.base == new.base:
                raise SlipwayError(f"{pull.where} from {new.branch} to {new.base} is open already")

    def _ref(self, branch: str) -> str:
        return g.text(
            "rev-parse", "--quiet", "--verify", f"refs/heads/{branch}", repo=self.source, ok=(0, 1)
        )

    def _pull(self, told: dict[str, Any]) -> Pull:
        head = self._ref(told["branch"])
        state = told["state"]
        if state == "open" and self._is_merged(told, head):
            state = "merged"
        return Pull(
            told["number"],
            told["title"],
            told["body"],
            told["branch"],
            told["base"],
            head,
            told["draft"],
            tuple(told["labels"]),
            state,
            f"pull request #{told['number']}",
        )

    def _is_merged(self, told: dict[str, Any], head: str) -> bool:
        """Ask git: a kill between merge and our note of it, or a merge by hand, leaves no doubt.

        While the branch is there, only its present head counts: an older one may have been
        merged before the pull request was taken over by a newer candidate. And what was proposed
        must have come in: a branch that somebody reset to its base is not a merge.
        """
        return all(
            g.returncode("merge-base", "--is-ancestor", commit, base, repo=self.source) == 0
            for base in [f"refs/heads/{told['base']}"]
            for commit in {head or told["heads"][-1], told["heads"][-1]}
        )

    def _numbers(self) -> list[int]:
        folder = self.folder / "pulls"
        return [int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit()]

    def _pull_file(self, number: int) -> Path:
        return self.folder / "pulls" / f"{number}.json"

    def _load(self, number: int) -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads(self._pull_file(number).read_bytes())
        except FileNotFoundError:
            raise SlipwayError(
                f"there is no pull request #{number}", where=str(self.folder)
            ) from None
        return told

    def _save(self, told: dict[str, Any]) -> None:
        facts.write_json(self._pull_file(told["number"]), told)

    # releases

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
            facts.write_json(file, told | {"draft": False})

    def _need_release(self, tag: str) -> Release:
        release = self.release(tag)
        if release is None:
            raise SlipwayError(f"there is no release {tag}", where=str(self.folder))
        return release

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
