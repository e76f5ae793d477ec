"""Pull requests on GitHub."""

from __future__ import annotations

from dataclasses import replace

from ...kernel.errors import SlipwayError
from ...kernel.retry import Transient
from ..port import NewPull, Pull
from .answers import object_in, says
from .api import Api, Told

_LONGEST = 65_536  # characters of a text that GitHub takes
_CUT = "\n\n… (it goes on; the whole of it is in the branch)"
_READY = """
mutation($id: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } }
}
"""


class Pulls:
    """The pull requests of a repository; see `port.Forge` for what the methods promise."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def pulls(self, branch: str) -> list[Pull]:
        """See `Forge.pulls`."""
        owner = self.api.repository.partition("/")[0]
        query = {"head": f"{owner}:{branch}", "state": "all"}
        found = [told for told in self._list(query) if not _is_of_fork(told)]
        if not found:
            return []
        # What GitHub tells of a pull request may lag behind a push, and outlives its branch.
        at = self._at(branch)
        return [replace(_pull(told), head=at) for told in found]

    def open_pulls(self, labels: tuple[str, ...]) -> list[Pull]:
        """See `Forge.open_pulls`."""
        found = [_pull(told) for told in self._list({"state": "open"})]
        return [pull for pull in found if set(labels) <= set(pull.labels)]

    def open_pull(self, new: NewPull) -> Pull:
        """See `Forge.open_pull`."""
        what = f"no pull request can be opened from {new.branch} to {new.base}"
        body = {
            "title": new.title,
            "body": _fitting(new.body),
            "head": new.branch,
            "base": new.base,
            "draft": new.draft,
        }

        def make() -> Pull:
            response = self.api.attempt("POST", self.api.path("pulls"), body=body)
            if response.status_code == 422 and says(response, "already exists"):
                raise SlipwayError(
                    f"a pull request from {new.branch} to {new.base} is open already",
                    where=self.api.repository,
                )
            return _pull(self.api.told(response, what))

        def find() -> Pull | None:
            there = self.pulls(new.branch)
            return next((p for p in there if p.state == "open" and p.base == new.base), None)

        return self._label(self.api.create(make, find), new.labels)

    def update_pull(self, number: int, title: str, body: str, labels: tuple[str, ...]) -> Pull:
        """See `Forge.update_pull`."""
        what = f"{_name(number)} cannot be changed"
        told = self._told(number, what)
        branch = told["head"]["ref"]
        at = told["head"]["sha"] if _is_of_fork(told) else self._at(branch)
        if not at:
            raise SlipwayError(f"the branch {branch} of {_name(number)} is gone")
        change = {"title": title, "body": _fitting(body)}
        told = self.api.change(what, "PATCH", self.api.path("pulls", number), change)
        return replace(self._label(_pull(told), labels), head=at)

    def mark_ready(self, number: int) -> None:
        """See `Forge.mark_ready`."""
        self._make_ready(self._told_open(number, f"{_name(number)} cannot be made ready"))

    def request_reviews(self, number: int, reviewers: tuple[str, ...]) -> None:
        """See `Forge.request_reviews`."""
        what = f"{_name(number)} cannot be given reviewers"
        asked = set(_pull(self._told_open(number, what)).reviewers)
        new = [name for name in reviewers if name not in asked]
        if new:
            body = {
                "reviewers": [name for name in new if "/" not in name],
                "team_reviewers": [name.partition("/")[2] for name in new if "/" in name],
            }
            path = self.api.path("pulls", number, "requested_reviewers")
            self.api.change(what, "POST", path, body)

    def close_pull(self, number: int) -> None:
        """See `Forge.close_pull`."""
        what = f"{_name(number)} cannot be closed"
        pull = _pull(self._told(number, what))
        if pull.state == "merged":
            raise SlipwayError(f"{_name(number)} is merged already")
        if pull.state == "open":
            self.api.change(what, "PATCH", self.api.path("pulls", number), {"state": "closed"})

    def comment(self, number: int, text: str) -> None:
        """See `Forge.comment`."""
        text = _fitting(text)
        path = self.api.path("issues", number, "comments")

        def make() -> bool:
            response = self.api.attempt("POST", path, body={"body": text})
            self.api.told(response, f"{_name(number)} takes no comment")
            return True

        self.api.create(make, lambda: text in self.comments(number) or None)

    def comments(self, number: int) -> list[str]:
        """See `Forge.comments`."""
        path = self.api.path("issues", number, "comments")
        found = self.api.pages(f"the comments of {_name(number)} cannot be read", path)
        return [plain(told.get("body")) for told in found]

    def merge_pull(self, number: int, head: str, by: str, why: str) -> str:
        """See `Forge.merge_pull`."""
        told = self._told_open(number, f"{_name(number)} cannot be merged")
        self._refuse_moved(told, head)
        if told.get("mergeable") is False:
            raise _conflict(_pull(told))
        if told["draft"]:
            self._make_ready(told)
        by, why = " ".join(by.split()), " ".join(why.split())
        trailers = f"Approved-by: {by}\nReason: {why}"
        body = {
            "sha": head,
            "merge_method": "merge",
            "commit_title": f"Merge pull request #{number} from {told['head']['ref']}",
            "commit_message": f"{told['title']}\n\n{trailers}\n",
        }

        def find() -> str | None:
            now = self._told(number, f"{_name(number)} cannot be read")
            if not now.get("merged_at"):
                return None
            merge = str(now["merge_commit_sha"])
            commit = self.api.read("the merge cannot be read", self.api.path("git/commits", merge))
            if trailers not in str(commit.get("message")):
                raise SlipwayError(f"{_name(number)} is merged already")  # by somebody else
            return merge

        return self.api.create(lambda: self._merge(number, body), find)

    def _merge(self, number: int, body: Told) -> str:
        path = self.api.path("pulls", number, "merge")
        response = self.api.attempt("PUT", path, body=body)
        if response.status_code == 200:
            return str(self.api.told(response, "")["sha"])
        now = self._told_open(number, f"{_name(number)} cannot be merged")
        if response.status_code == 409:
            self._refuse_moved(now, body["sha"])
            raise Transient("GitHub has not taken in the newest push yet")
        if response.status_code == 405:
            if says(response, "base branch was modified") or says(response, "draft"):
                raise Transient("GitHub is still taking in a change")
            if now.get("mergeable") is None:
                raise Transient("GitHub is still finding out whether it merges")
            if now["mergeable"] is False:
                raise _conflict(_pull(now))
        raise self.api.refused(response, f"{_name(number)} cannot be merged")

    def _refuse_moved(self, told: Told, head: str) -> None:
        """Refuse a pull request whose branch does not stand where somebody looked at it."""
        pull = _pull(told)
        at = pull.head if _is_of_fork(told) else self._at(pull.branch)
        if not at or at != head:
            raise SlipwayError(
                f"its branch moved to {at[:7] or 'nowhere'} while you were looking at {head[:7]}",
                where=pull.where,
                fix="look again, then approve what you see",
            )

    def _make_ready(self, told: Told) -> None:
        if told["draft"]:
            what = f"{_name(told['number'])} cannot be made ready"
            self.api.graphql(what, _READY, {"id": told["node_id"]})

    def _label(self, pull: Pull, labels: tuple[str, ...]) -> Pull:
        new = sorted(set(labels) - set(pull.labels))
        if not new:
            return pull
        path, body = self.api.path("issues", pull.number, "labels"), {"labels": new}
        response = self.api.ask("POST", path, body=body)
        found = self.api.told(response, f"{pull.where} cannot be labelled", kind=list)
        return replace(pull, labels=_labels(found))

    def _list(self, query: dict[str, str]) -> list[Told]:
        asked = {**query, "sort": "created", "direction": "desc"}
        found = self.api.pages("the pull requests cannot be read", self.api.path("pulls"), asked)
        # Between two pages somebody may open one, and push another into the next page as well.
        unique = {told["number"]: told for told in found}
        return [unique[number] for number in sorted(unique, reverse=True)]

    def _told(self, number: int, what: str) -> Told:
        return self.api.read(what, self.api.path("pulls", number))

    def _told_open(self, number: int, what: str) -> Told:
        told = self._told(number, what)
        state = _pull(told).state
        if state != "open":
            raise SlipwayError(f"{_name(number)} is {state} already")
        return told

    def _at(self, branch: str) -> str:
        """Return where a branch stands; "" when it is gone, or when nothing was ever pushed."""
        response = self.api.ask("GET", self.api.path("git/ref/heads", branch))
        if response.status_code in (404, 409):
            return ""
        told = self.api.told(response, f"the branch {branch} cannot be read")
        return str(object_in(told.get("object")).get("sha", ""))


def plain(text: object) -> str:
    """Return a text as it was written: GitHub's own pages save Windows line ends."""
    return str(text or "").replace("\r\n", "\n")


def _name(number: int) -> str:
    return f"pull request #{number}"


def _fitting(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - len(_CUT)] + _CUT


def _is_of_fork(told: Told) -> bool:
    """Say whether its branch is in another repository, or in one that is gone."""
    return bool(object_in(told["head"].get("repo")).get("id") != told["base"]["repo"]["id"])


def _labels(found: list[Told]) -> tuple[str, ...]:
    return tuple(sorted(label["name"] for label in found))


def _pull(told: Told) -> Pull:
    teams = [
        f"{told['base']['repo']['owner']['login']}/{team['slug']}"
        for team in told.get("requested_teams") or ()
    ]
    people = [person["login"] for person in told.get("requested_reviewers") or ()]
    head = told["head"]
    return Pull(
        told["number"],
        told["title"],
        plain(told["body"]),
        str(head["label"]) if _is_of_fork(told) else head["ref"],
        told["base"]["ref"],
        head["sha"],
        bool(told["draft"]) and not told["merged_at"],
        _labels(told["labels"]),
        "merged" if told["merged_at"] else "open" if told["state"] == "open" else "closed",
        f"{_name(told['number'])} ({told['html_url']})",
        tuple(sorted([*people, *teams])),
    )


def _conflict(pull: Pull) -> SlipwayError:
    return SlipwayError(
        f"{pull.branch} cannot be merged into {pull.base}",
        where=pull.where,
        detail=["they have changed the same lines"],
        fix="doit release makes it anew on the newest candidate",
    )
