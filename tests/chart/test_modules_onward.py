"""A change of nothing but a Terraform module reaches the environments, by its own release."""

from __future__ import annotations

import pytest

from tasks.kernel import git as g
from tests.sandboxed import At, Sandbox, did

MODULE = "tf/bq-setup/main.tf"
VENDORED = f"modules/lana-bank/vendor/lana-bank/chart/{MODULE}"


@pytest.mark.slow
def test_a_change_of_a_module_alone_is_released_and_promoted(sandboxed: At) -> None:
    sandbox = sandboxed("released")
    before = _files(sandbox)
    assert VENDORED in before
    text = (sandbox.folder / "sandbox/source" / MODULE).read_text()
    (sandbox.folder / "sandbox/source" / MODULE).write_text(f"{text}# one line more\n")

    waiting = sandbox.doit("release")

    assert waiting.code == 4, waiting.err
    assert "candidate" in did(waiting)
    assert sandbox.approve().code == 0
    run = sandbox.doit("release")
    assert run.code == 0, run.err
    after = _files(sandbox)
    assert after[VENDORED] != before[VENDORED]
    assert g.text("cat-file", "blob", after[VENDORED], repo=sandbox.remote("deployments")).endswith(
        "# one line more"
    )
    assert sandbox.doit("promotion:staging").code == 0
    fact = (sandbox.folder / "build/promotion/staging.json").read_text()
    assert VENDORED in fact


def _files(sandbox: Sandbox) -> dict[str, str]:
    rows = g.lines("ls-tree", "-r", sandbox.deployments(), "--", repo=sandbox.remote("deployments"))
    return {row.partition("\t")[2]: row.split()[2] for row in rows}
