"""What a lock names a commit by, and how little is asked of the remote for that."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.kernel import git as g
from tasks.vendir.engine import history, refs
from tasks.vendir.engine.repository import Repository
from tests.vendir.conftest import Origin, Place, lock_of


@pytest.fixture
def transfers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the remote: for each transfer its filter."""
    found: list[str] = []
    real = g.git

    def watched(*args: str, **how: Any) -> bytes:
        if "fetch" in args:
            told = [word for word in args if word.startswith(("--filter", "--depth"))]
            found.append(" ".join(told))
        return real(*args, **how)

    monkeypatch.setattr(g, "git", watched)
    return found


@pytest.mark.parametrize("ref", ["origin/main", "main", "{sha}"])
def test_a_server_that_leaves_nothing_out_sends_everything_once(
    origin: Origin, place: Place, ref: str, transfers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "describe", None)
    origin.git("tag", "v1.0.0")
    head = origin.commit("feat: more", {"charts/app/values.yaml": "replicas: 2\n"})
    url = origin.folder.as_uri()
    place.configure(f"[{{path: app, git: {{url: '{url}', ref: '{ref.format(sha=head)}'}}}}]")
    assert place.sync() == lock_of(head, "'feat: more'", f"v1.0.0-1-g{head[:7]}")
    whole = [told for told in transfers if "--depth" not in told]
    assert whole == ["--filter=blob:limit=1000g"]


def test_a_commit_that_no_branch_leads_to_behind_a_server_that_leaves_nothing_out(
    origin: Origin, place: Place
) -> None:
    origin.git("tag", "v1.0.0")
    lost = origin.commit("feat: lost", {"charts/app/values.yaml": "replicas: 2\n"})
    origin.git("reset", "--quiet", "--hard", "v1.0.0")
    place.configure(f"[{{path: app, git: {{url: '{origin.folder.as_uri()}', ref: {lost}}}}}]")
    assert place.sync() == lock_of(lost, "'feat: lost'", f"v1.0.0-1-g{lost[:7]}")
    place.configure(f"[{{path: app, git: {{url: '{origin.folder.as_uri()}', ref: {'b' * 40}}}}}]")
    assert "cannot be fetched" in place.refused()


@pytest.mark.parametrize(
    ("packets", "filters"),
    [
        (b"packet: git< fetch=shallow wait-for-done filter sideband-all\n", True),
        (b"packet: git< fetch=shallow filter\n", True),
        (b"packet: git< fetch=shallow wait-for-done\n", False),
        (b"packet: git< " + b"1" * 40 + b" HEAD\\0multi_ack filter agent=git/2\n", True),
        (b"packet: git< " + b"1" * 40 + b" HEAD\\0multi_ack agent=git/2\n", False),
        (b"packet: git< " + b"1" * 40 + b" refs/heads/filter\n", False),
        (b"", False),
    ],
)
def test_what_a_server_says_that_it_can_do(packets: bytes, filters: bool) -> None:
    assert refs.filters(packets) == filters


def test_a_branch_alone_is_what_the_original_clones_for_a_branch(
    origin: Origin, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long the id in the lock is depends on how many objects that clone has."""
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("tag", "v1.0.0")
    head = origin.commit("feat: more", {"charts/app/values.yaml": "replicas: 2\n"})
    origin.git("checkout", "--quiet", "-b", "other")
    origin.commit("feat: other", {"x": "x"})
    origin.git("checkout", "--quiet", "main")
    asked: list[str] = []
    real = history._announced

    def watched(whole: Repository, branch: str) -> int | None:
        asked.append(branch)
        return real(whole, branch)

    monkeypatch.setattr(history, "_announced", watched)
    for ref in ("origin/main", "main", head):
        url = origin.folder.as_uri()
        place.configure(f"[{{path: app, git: {{url: '{url}', ref: {ref}}}}}]")
        assert f"- v1.0.0-1-g{head[:7]}\n" in place.sync()
    assert asked == ["main", "*", "*"]
