"""`doit demo` as a newcomer runs it, in a fresh clone with an empty home; and once more."""

from __future__ import annotations

import pytest

from tests.sandboxed import ENVIRONMENTS, At, did

pytestmark = pytest.mark.slow
HUMAN = [
    '$ doit approve:release --by=demo --why="the changelog reads well"',
    '$ doit approve:production --by=demo --why="qa is well"',
]


def test_a_fresh_clone_goes_from_a_commit_to_production_twice(sandboxed: At) -> None:
    sandbox = sandboxed("")
    for version, records in (("0.42.0", (2, 1, 1)), ("0.43.0", (4, 2, 2))):
        demo = sandbox.doit("demo", timeout=300)

        assert demo.code == 0, demo.out + demo.err
        typed = [line for line in demo.out.splitlines() if line.startswith("$ ")]
        assert [line for line in typed if "approve" in line] == HUMAN
        assert typed[-1] == "$ doit trace:production"
        trace = demo.out.partition("$ doit trace:production\n")[2]
        assert trace.startswith(f"production ← {version} ← ")
        assert "every link verified" in trace.splitlines()[0]
        assert "✗" not in demo.out + demo.err
        assert sandbox.releases()[version] is True
        assert tuple(sandbox.records(name) for name in ENVIRONMENTS) == records
        assert sandbox.namespaces() == [f"lana-bank-{name}" for name in sorted(ENVIRONMENTS)]

    before, effects = sandbox.outcome(), sandbox.effects()
    # The value that the demo has changed since its release is judged by Helm, once.
    judged = sandbox.doit("release")
    assert judged.code == 0, judged.err
    assert all(task.startswith("chart:") for task in did(judged)), judged.err
    for task in ("release", *(f"deploy:{name}" for name in ENVIRONMENTS)):
        idle = sandbox.doit(task)
        assert idle.code == 0, idle.err
        assert did(idle) == [], task
    assert sandbox.outcome() == before
    assert sandbox.effects() == effects
