"""The embedded forge: pull requests and releases as files, real git merges in the source remote."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..kernel import facts
from ..kernel import git as g
from ..kernel.errors import SlipwayError
from .local_releases import LocalReleases
from .port import NewPull, Pull, Refused, Verdict


class LocalForge(LocalReleases):
    """A forge in a folder.

    Args:
        folder: where its files are.
        source: the bare repository that it merges in.
    """

    def __init__(self, folder: Path, source: str) -> None:
        super().__init__(folder)
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
        return [self._pull(told) for told in self._newest_first() if told["branch"] == branch]

    def open_pulls(self, labels: tuple[str, ...]) -> list[Pull]:
        """See `Forge.open_pulls`."""
        found = (told for told in self._newest_first() if set(labels) <= set(told["labels"]))
        return [pull for told in found if (pull := self._pull(told)).state == "open"]

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

    def mark_ready(self, number: int) -> None:
        """See `Forge.mark_ready`."""
        with self._guard():
            self._save(self._load_open(number) | {"draft": False})

    def request_reviews(self, number: int, reviewers: tuple[str, ...]) -> None:
        """See `Forge.request_reviews`."""
        with self._guard():
            told = self._load_open(number)
            self._save(told | {"reviewers": sorted({*told.get("reviewers", []), *reviewers})})

    def close_pull(self, number: int) -> None:
        """See `Forge.close_pull`."""
        with self._guard():
            told = self._load(number)
            if self._pull(told).state == "merged":
                raise SlipwayError(f"pull request #{number} is merged already")
            self._save(told | {"state": "closed"})

    def comment(self, number: int, text: str) -> None:
        """See `Forge.comment`."""
        with self._guard():
            told = self._load(number)
            told["comments"].append(text)
            self._save(told)

    def comments(self, number: int) -> list[str]:
        """See `Forge.comments`."""
        return list(self._load(number)["comments"])

    def merge_pull(self, number: int, head: str, by: str, why: str) -> str:
        """See `Forge.merge_pull`."""
        with self._guard():
            told = self._load_open(number)
            pull = self._pull(told)
            where = f"pull request #{number}"
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
            tuple(told.get("reviewers", ())),
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

    def _newest_first(self) -> list[dict[str, Any]]:
        files = [self._pull_file(number) for number in sorted(self._numbers(), reverse=True)]
        return [json.loads(file.read_bytes()) for file in files]

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

    def _load_open(self, number: int) -> dict[str, Any]:
        told = self._load(number)
        state = self._pull(told).state
        if state != "open":
            raise SlipwayError(f"pull request #{number} is {state} already")
        return told

    def _save(self, told: dict[str, Any]) -> None:
        facts.write_json(self._pull_file(told["number"]), told)

    # what is said of commits

    def statuses(self, commit: str) -> Mapping[str, Verdict]:
        """See `Forge.statuses`."""
        try:
            told = json.loads(self._statuses_file(commit).read_bytes())
        except FileNotFoundError:
            self._need_commit(commit)
            return {}
        return {name: status["verdict"] for name, status in sorted(told.items())}

    def verdicts(self, commit: str) -> Mapping[str, Verdict]:
        """See `Forge.verdicts`; here there is nothing besides statuses."""
        return self.statuses(commit)

    def set_status(
        self, commit: str, name: str, verdict: Verdict, says: str, link: str = ""
    ) -> None:
        """See `Forge.set_status`."""
        self._need_commit(commit)
        file = self._statuses_file(commit)
        try:
            with self._guard():
                told = json.loads(file.read_bytes()) if file.exists() else {}
                told[name] = {"verdict": verdict, "says": says, "link": link}
                facts.write_json(file, told)
        except PermissionError:
            raise Refused(
                f"the status {name} of {commit[:7]} cannot be set: the folder may only be read",
                where=str(self.folder),
            ) from None

    def _need_commit(self, commit: str) -> None:
        if g.returncode("cat-file", "-e", f"{commit}^{{commit}}", repo=self.source):
            raise Refused(f"there is no commit {commit}", where=self.source)

    def _statuses_file(self, commit: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
            raise SlipwayError(f"{commit!r} is not the id of a commit")
        return self.folder / "statuses" / f"{commit}.json"
