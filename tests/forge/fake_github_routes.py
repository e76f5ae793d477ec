"""The endpoints of GitHub that the fake has: their path, their query, their fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.forge.fake_github_repository import Answer, FakeRepository


@dataclass
class Call:
    """A request."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    content: bytes

    @property
    def token(self) -> str:
        """The token it came with."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value if scheme == "Bearer" else ""

    @cached_property
    def body(self) -> dict[str, Any]:
        """Its JSON."""
        told: dict[str, Any] = json.loads(self.content or b"{}")
        assert isinstance(told, dict)
        return told


@dataclass
class Route:
    """An endpoint: `body` has the fields with their type and whether they are required."""

    method: str
    path: str
    act: Callable[..., Answer]
    query: frozenset[str] = frozenset()
    body: Mapping[str, tuple[type, bool]] | None = None
    pages: str = field(default="")  # where the list is that comes in pages; [] for the answer


_PAGES = frozenset({"per_page", "page"})
_TEXT, _NEEDED = (str, False), (str, True)
R = FakeRepository

ROUTES = [
    Route("GET", "/REPO", R.about),
    Route("GET", "/REPO/git/ref/heads/(.+)", R.branch),
    Route("GET", "/REPO/git/commits/([0-9a-f]{40})", R.git_commit),
    Route("GET", "/REPO/commits/([^/]+)", R.commit),
    # pull requests
    Route(
        "GET",
        "/REPO/pulls",
        R.list_pulls,
        _PAGES | {"state", "head", "base", "sort", "direction"},
        pages="[]",
    ),
    Route(
        "POST",
        "/REPO/pulls",
        R.open_pull,
        body={
            "title": _NEEDED,
            "head": _NEEDED,
            "base": _NEEDED,
            "body": _TEXT,
            "draft": (bool, False),
            "maintainer_can_modify": (bool, False),
        },
    ),
    Route("GET", r"/REPO/pulls/(\d+)", R.pull),
    Route(
        "PATCH",
        r"/REPO/pulls/(\d+)",
        R.change_pull,
        body={"title": _TEXT, "body": _TEXT, "state": _TEXT, "base": _TEXT},
    ),
    Route(
        "PUT",
        r"/REPO/pulls/(\d+)/merge",
        R.merge,
        body={
            "commit_title": _TEXT,
            "commit_message": _TEXT,
            "sha": _TEXT,
            "merge_method": _TEXT,
        },
    ),
    Route(
        "POST",
        r"/REPO/pulls/(\d+)/requested_reviewers",
        R.request_reviews,
        body={"reviewers": (list, False), "team_reviewers": (list, False)},
    ),
    Route("POST", r"/REPO/issues/(\d+)/labels", R.label, body={"labels": (list, True)}),
    Route("GET", r"/REPO/issues/(\d+)/comments", R.list_comments, _PAGES | {"since"}, pages="[]"),
    Route("POST", r"/REPO/issues/(\d+)/comments", R.comment, body={"body": _NEEDED}),
    Route("POST", "/graphql", R.graphql, body={"query": _NEEDED, "variables": (dict, False)}),
    # releases
    Route("GET", "/REPO/releases", R.list_releases, _PAGES, pages="[]"),
    Route(
        "POST",
        "/REPO/releases",
        R.make_release,
        body={
            "tag_name": _NEEDED,
            "target_commitish": _TEXT,
            "name": _TEXT,
            "body": _TEXT,
            "draft": (bool, False),
            "prerelease": (bool, False),
        },
    ),
    Route("GET", "/REPO/releases/tags/([^/]+)", R.release_by_tag),
    Route("GET", "/REPO/releases/latest", R.latest_release),
    Route("GET", r"/REPO/releases/(\d+)", R.release),
    Route(
        "PATCH",
        r"/REPO/releases/(\d+)",
        R.change_release,
        body={
            "tag_name": _TEXT,
            "target_commitish": _TEXT,
            "name": _TEXT,
            "body": _TEXT,
            "draft": (bool, False),
            "prerelease": (bool, False),
            "make_latest": _TEXT,
        },
    ),
    Route("DELETE", r"/REPO/releases/(\d+)", R.delete_release),
    Route("GET", r"/REPO/releases/(\d+)/assets", R.list_assets, _PAGES, pages="[]"),
    Route("GET", r"/REPO/releases/assets/(\d+)", R.asset),
    Route("DELETE", r"/REPO/releases/assets/(\d+)", R.delete_asset),
    Route("POST", r"/uploads/REPO/releases/(\d+)/assets", R.upload, frozenset({"name", "label"})),
    # statuses
    Route("GET", "/REPO/commits/([^/]+)/status", R.combined_status, _PAGES, pages="statuses"),
    Route("GET", "/REPO/commits/([^/]+)/check-runs", R.check_runs, _PAGES, pages="check_runs"),
    Route(
        "POST",
        "/REPO/statuses/([0-9a-f]{40})",
        R.set_status,
        body={"state": _NEEDED, "context": _TEXT, "description": _TEXT, "target_url": _TEXT},
    ),
]
