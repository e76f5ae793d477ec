"""A `values.yml` with a mistake: every other environment goes on, and its own one goes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandboxed import At, did

pytestmark = pytest.mark.slow
BROKEN = "server: [\n"


def applied(name: str) -> list[str]:
    """Return what a deployment to an environment changes outside."""
    return [f"apply:{name}", f"deploy:{name}"]


def _double(file: Path) -> None:
    text, panel = file.read_text(), "adminPanel:\n    replicas: "
    assert f"{panel}1" in text
    file.write_text(text.replace(f"{panel}1", f"{panel}2"))


def test_bad_values_hold_up_one_environment_and_not_its_way_back(sandboxed: At) -> None:
    sandbox = sandboxed("released")
    files = {
        name: sandbox.folder / f"envs/gcp/{folder}/lana-bank/values.yml"
        for name, folder in (
            ("staging", "galoy-staging"),
            ("qa", "volcano-qa"),
            ("production", "volcano-production"),
        )
    }
    for name in files:
        assert name != "production" or sandbox.says_yes(name).code == 0
        assert sandbox.deploy(name).code == 0

    files["qa"].write_text(files["qa"].read_text() + BROKEN)
    for name in ("staging", "production"):
        _double(files[name])
    good = files["staging"].read_text()

    refused = sandbox.deploy("qa")
    assert refused.code == 2
    assert did(refused) == ["chart:values:qa"]
    assert "gcp/volcano-qa/lana-bank/values.yml" in refused.err
    before = len(sandbox.effects())
    for name in ("staging", "production"):
        assert name != "production" or sandbox.says_yes(name).code == 0
        run = sandbox.deploy(name)
        assert run.code == 0, run.err
    acted = [task for task in sandbox.effects()[before:] if not task.startswith("approve:")]
    assert acted == [
        *("chart:values:staging", *applied("staging")),
        *("chart:values:production", *applied("production")),
    ]

    files["staging"].write_text(good + BROKEN)
    assert sandbox.deploy("staging").code == 2
    back = sandbox.doit("rollback:staging", "--by=Hedy", "--why=it is too loud")
    assert back.code == 0, back.err
    run = sandbox.deploy("staging")
    assert run.code == 0, run.err
    assert "kept while staging is held at state 1: this is no YAML" in " ".join(run.err.split())
    assert sandbox.records("staging") == 3
    held = sandbox.deploy("staging")
    assert held.code == 4
    assert did(held) == []

    assert sandbox.doit("resume:staging", "--by=Hedy", "--why=ear plugs").code == 0
    again = sandbox.deploy("staging")
    assert again.code == 2
    assert did(again) == ["chart:values:staging"]
    files["staging"].write_text(good)
    run = sandbox.deploy("staging")
    assert run.code == 0, run.err
    assert sandbox.records("staging") == 4
