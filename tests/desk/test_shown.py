"""What plan and status print, whole."""

from __future__ import annotations

import re

from tests.journeys.conftest import At


def test_a_plan_whole(at: At) -> None:
    project = at("released")
    commit = project.commit("fix: a greener shelf", {"web/index.html": "<h1>green</h1>\n"})
    out = project.doit("plan").out
    table, _, rest = out.partition("\n\n")
    rows = {row.split()[0]: row for row in table.splitlines()[1:]}
    assert sorted(rows) == sorted(
        [
            "check:messages",
            "check:web",
            "statuses",
            "version",
            "app:web",
            "binary",
            "image:server",
            "image:web",
            "push:server",
            "push:web",
            "candidate",
            "changelog",
            "promote",
        ]
    )
    assert re.search(r"0\.2\.1-rc\.1 is free +the \w+", rows["version"])
    assert re.search(r"the head's web changes$", rows["check:web"])
    assert re.search(r"the version changes( \(\+1 more\))?$", rows["binary"])
    acting, waits, last = rest.strip("\n").split("\n\n")
    assumes, end = last.splitlines()
    short = commit[:7]
    statuses = f"statuses of {short}: slipway/unit, slipway/web, slipway/messages"
    assert sorted(acting.splitlines()) == sorted(
        f"""\
would change outside, in this order
  forge     {statuses}  (0 of 3 said of {short})
  source    reserve 0.2.1-rc.1 for {short}  (0.2.1-rc.1 is free)
  registry  push server:0.2.1-rc.1 and edge  (server:0.2.1-rc.1 is not there)
  registry  push web:0.2.1-rc.1 and edge  (web:0.2.1-rc.1 is not there)
  source    tag 0.2.1-rc.1 at {short}  (0.2.1-rc.1 is free)
  forge     a draft pull request that promotes 0.2.1-rc.1  (no pull request is open)
""".splitlines()
    )
    assert waits == "then waits at the gate: a human decides on 0.2.1-rc.1"
    assert assumes.startswith("This assumes that the checks pass")
    assert end == "Nothing was written."


def test_a_plan_of_nothing_whole(at: At) -> None:
    assert at("released").doit("plan").out == (
        "nothing would run: everything is up to date, and nothing outside would change\n"
        "Nothing was written.\n"
    )


def test_a_status_whole(at: At) -> None:
    project = at("waiting")
    short = project.refs()["refs/heads/main"][:7]
    assert (
        project.doit().out
        == f"""\
pipeline     shop  (pipeline.yml)
source       main is at {short}, 1 commit after 0.1.0  “feat: a second shelf”
release      nothing was promoted yet
candidate    0.2.0-rc.1 at {short} waits for a human: pull request #1
             → doit approve:release
"""
    )


def test_a_status_of_trouble_says_what_is_wrong(at: At) -> None:
    project = at("seeded")
    project.configure_remote("source", "world/nowhere.git")
    status = project.doit("status")
    assert status.code == 0
    assert "the remote cannot be read" in status.out
    assert "nowhere.git" in status.out
