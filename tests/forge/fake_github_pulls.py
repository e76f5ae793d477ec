"""Pull requests of the fake GitHub."""

from __future__ import annotations

from typing import Any

from tasks.kernel import git as g
from tests.forge.fake_github_state import WHEN, Answer, FakeState, Refused, Told, invalid

PEOPLE = {"ada", "grace", "octobot"}
TEAMS = {"keepers"}
ME = "octobot"
_LONGEST = 65_536


class FakePulls(FakeState):
    """The endpoints of pull requests and what belongs to them."""

    def settle(self) -> None:
        """Take in what was pushed since the last look, as GitHub does right after a push."""
        for pull in self.state["pulls"].values():
            if pull["state"] != "open":
                continue
            base, head = self.ref(f"heads/{pull['base']}"), self.ref(f"heads/{pull['head']}")
            if self.stands_on(pull["sha"], base):
                pull |= {"state": "closed", "merged_at": WHEN, "merge_commit_sha": base}
            elif not head or self.stands_on(head, base):
                pull["state"] = "closed"
            else:
                if head != pull["sha"]:
                    pull["looks"] = 0
                pull["sha"] = head

    def _need(self, number: str) -> Told:
        try:
            pull: Told = self.state["pulls"][number]
        except KeyError:
            raise Refused(404, "Not Found") from None
        return pull

    def _repo(self) -> Told:
        return {"id": 1, "full_name": self.name, "owner": {"login": self.owner}}

    def _listed(self, pull: Told) -> Told:
        number = pull["number"]
        return {
            "number": number,
            "node_id": f"PR_{number}",
            "title": pull["title"],
            "body": pull["body"],
            "state": pull["state"],
            "draft": pull["draft"],
            "merged_at": pull["merged_at"],
            "merge_commit_sha": pull["merge_commit_sha"],
            "labels": [{"id": 7, "name": name} for name in pull["labels"]],
            "requested_reviewers": [{"login": name} for name in pull["reviewers"]],
            "requested_teams": [{"slug": name} for name in pull["teams"]],
            "html_url": f"https://github.com/{self.name}/pull/{number}",
            "user": {"login": ME},
            "head": {
                "ref": pull["head"],
                "label": f"{self.owner}:{pull['head']}",
                "sha": pull["sha"],
                "repo": self._repo(),
            },
            "base": {"ref": pull["base"], "label": f"{self.owner}:{pull['base']}"}
            | {"repo": self._repo()},
        }

    def _whole(self, pull: Told) -> Told:
        base = self.ref(f"heads/{pull['base']}")
        mergeable: bool | None = None
        if pull["state"] == "open" and pull.get("looks", 0) >= self.lazy:
            mergeable = bool(self.merged_tree(base, pull["sha"]))
        pull["looks"] = pull.get("looks", 0) + 1
        return self._listed(pull) | {
            "merged": bool(pull["merged_at"]),
            "mergeable": mergeable,
            "mergeable_state": "draft" if pull["draft"] else "clean" if mergeable else "dirty",
        }

    def list_pulls(self, call: Any) -> Answer:
        state, head = call.query.get("state", "open"), call.query.get("head", "")
        if state not in ("open", "closed", "all") or (head and ":" not in head):
            raise Refused(422, "Validation Failed")
        owner, _, branch = head.partition(":")
        found = [
            self._listed(pull)
            for pull in self.state["pulls"].values()
            if state in ("all", pull["state"]) and (not head or pull["head"] == branch)
        ]
        if head and owner != self.owner:
            found = []
        down = call.query.get("direction", "desc") == "desc"
        return Answer(200, sorted(found, key=lambda pull: pull["number"], reverse=down))

    def open_pull(self, call: Any) -> Answer:
        told = call.body
        head, base = self.ref(f"heads/{told['head']}"), self.ref(f"heads/{told['base']}")
        for name, at in (("head", head), ("base", base)):
            if not at:
                raise invalid("PullRequest", name)
        self._refuse_long(told.get("body", ""))
        for pull in self.state["pulls"].values():
            same = (pull["head"], pull["base"]) == (told["head"], told["base"])
            if pull["state"] == "open" and same:
                text = f"A pull request already exists for {self.owner}:{told['head']}."
                raise Refused(
                    422,
                    "Validation Failed",
                    {"resource": "PullRequest", "code": "custom", "message": text},
                )
        if self.stands_on(head, base):
            text = f"No commits between {told['base']} and {told['head']}"
            raise Refused(
                422,
                "Validation Failed",
                {"resource": "PullRequest", "code": "custom", "message": text},
            )
        self.state["number"] += 1
        pull = {
            "number": self.state["number"],
            "title": told["title"],
            "body": told.get("body") or None,
            "head": told["head"],
            "base": told["base"],
            "sha": head,
            "draft": told.get("draft", False),
            "state": "open",
            "labels": [],
            "reviewers": [],
            "teams": [],
            "merged_at": None,
            "merge_commit_sha": None,
        }
        self.state["pulls"][str(pull["number"])] = pull
        return Answer(201, self._whole(pull))

    def pull(self, _call: Any, number: str) -> Answer:
        return Answer(200, self._whole(self._need(number)))

    def change_pull(self, call: Any, number: str) -> Answer:
        pull = self._need(number)
        self._refuse_long(call.body.get("body", ""))
        state = call.body.get("state", pull["state"])
        if state not in ("open", "closed"):
            raise invalid("PullRequest", "state")
        if state == "open" and pull["merged_at"]:
            raise invalid("PullRequest", "state", message="state cannot be changed: merged")
        pull |= call.body
        return Answer(200, self._whole(pull))

    def merge(self, call: Any, number: str) -> Answer:
        pull, told = self._need(number), call.body
        if told.get("merge_method", "merge") != "merge":
            raise Refused(405, f"{told['merge_method']} merges are not allowed on this repository.")
        if pull["state"] != "open":
            raise Refused(405, "Pull Request is not mergeable")
        if pull["draft"]:
            raise Refused(405, "Pull Request is still a draft")
        if told.get("sha") not in (None, pull["sha"]):
            raise Refused(409, "Head branch was modified. Review and try the merge again.")
        base = self.ref(f"heads/{pull['base']}")
        tree = self.merged_tree(base, pull["sha"])
        if not tree or pull.get("looks", 0) < self.lazy:
            raise Refused(405, "Pull Request is not mergeable")
        title = told.get("commit_title") or f"Merge pull request #{number}"
        message = f"{title}\n\n{told.get('commit_message', pull['title'])}"
        who = g.identity(ME, f"{ME}@users.noreply.github.com", "1767229200 +0000")
        commit = g.text(
            *("commit-tree", tree, "-p", base, "-p", pull["sha"], "-F", "-"),
            repo=self.source,
            env=who,
            stdin=message.encode(),
        )
        g.git("update-ref", f"refs/heads/{pull['base']}", commit, base, repo=self.source)
        pull |= {"state": "closed", "merged_at": WHEN, "merge_commit_sha": commit}
        said = "Pull Request successfully merged"
        return Answer(200, {"sha": commit, "merged": True, "message": said})

    def request_reviews(self, call: Any, number: str) -> Answer:
        pull = self._need(number)
        people = set(call.body.get("reviewers", []))
        teams = set(call.body.get("team_reviewers", []))
        if ME in people:
            raise Refused(422, "Review cannot be requested from pull request author.")
        if people - PEOPLE or teams - TEAMS:
            raise Refused(
                422,
                "Reviews may only be requested from collaborators. One or more of the users or"
                f" teams you specified is not a collaborator of the {self.name} repository.",
            )
        pull["reviewers"] = sorted({*pull["reviewers"], *people})
        pull["teams"] = sorted({*pull["teams"], *teams})
        return Answer(201, self._listed(pull))

    def label(self, call: Any, number: str) -> Answer:
        pull = self._need(number)
        if not all(isinstance(name, str) and name for name in call.body["labels"]):
            raise invalid("Label", "name")
        pull["labels"] += [name for name in call.body["labels"] if name not in pull["labels"]]
        return Answer(200, [{"id": 7, "name": name} for name in pull["labels"]])

    def list_comments(self, _call: Any, number: str) -> Answer:
        self._need(number)
        found = self.state["comments"].get(number, [])
        return Answer(200, [{"id": at, "body": text} for at, text in enumerate(found)])

    def comment(self, call: Any, number: str) -> Answer:
        self._need(number)
        text = call.body["body"]
        if not text:
            raise invalid("IssueComment", "body", "missing_field")
        self._refuse_long(text)
        self.state["comments"].setdefault(number, []).append(text)
        return Answer(201, {"id": len(self.state["comments"][number]), "body": text})

    def graphql(self, call: Any) -> Answer:
        if "markPullRequestReadyForReview(input: {pullRequestId: $id})" not in call.body["query"]:
            return Answer(200, {"errors": [{"type": "undefinedField", "message": "no such field"}]})
        node = call.body["variables"]["id"]
        pull = self.state["pulls"].get(node.removeprefix("PR_"))
        if pull is None or not node.startswith("PR_"):
            text = f"Could not resolve to a node with the global id of '{node}'"
            return Answer(200, {"data": None, "errors": [{"type": "NOT_FOUND", "message": text}]})
        pull["draft"] = False
        done = {"pullRequest": {"isDraft": False}}
        return Answer(200, {"data": {"markPullRequestReadyForReview": done}})

    def _refuse_long(self, text: str) -> None:
        if len(text or "") > _LONGEST:
            message = f"body is too long (maximum is {_LONGEST} characters)"
            raise invalid("PullRequest", "body", "custom", message)
