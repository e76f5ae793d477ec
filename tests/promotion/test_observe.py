"""`deployments`: what one look at the remote leaves, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.promotion import observe as room
from tasks.promotion.head import head_of
from tasks.promotion.wanted import key_of, state_in, wanted_by

from .line import CEPLER, FILES, Line, Remote

VENDIR = """\
apiVersion: vendir.k14s.io/v1alpha1
kind: Config
directories:
  - path: modules/app/vendor
    contents:
      - path: chart
        git: {url: ../charts.git, ref: abc123}
"""


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    found = Remote(tmp_path / "deployments.git")
    found.commit("first", FILES)
    return found


@pytest.fixture
def line(tmp_path: Path, remote: Remote) -> Line:
    return Line(tmp_path / "tree", remote)


def test_it_leaves_the_head_and_every_environments_own_values(line: Line, remote: Remote) -> None:
    line.look()
    head = head_of(line.world)
    assert (head.branch, head.commit, head.gates) == ("main", remote.at(), "")
    assert line.world.read(paths.environment_values("staging")) == b"replicas: 1\n"
    assert line.world.read(paths.environment_values("qa")) == b"{}\n"


def test_it_sees_what_is_recorded_by_the_key_of_its_files(line: Line) -> None:
    line.look()
    assert "state:staging" not in line.world.sightings("deployments")
    line.step("staging")
    wanted = wanted_by(line.world, "staging")
    assert line.world.sightings("deployments")["state:staging"] == wanted["key"]
    assert wanted["key"] == key_of(state_in(wanted).hashes())


def test_it_sees_refs_and_the_rendered_values(line: Line, remote: Remote) -> None:
    remote.commit("rendered", {"staging/values.rendered.yaml": "a: 1\n"})
    line.look()
    seen = line.world.sightings("deployments")
    assert seen["refs/heads/main"] == remote.at()
    spec = "main:staging/values.rendered.yaml"
    assert seen["values:staging"] == g.text("rev-parse", spec, repo=remote.path)
    assert "values:qa" not in seen


def test_it_follows_the_gates_branch(line: Line, remote: Remote) -> None:
    gates = remote.commit("gates", {"gates.yml": "production: HEAD\n"}, branch="cepler-gates")
    line.look()
    assert head_of(line.world).gates == gates


def test_it_sees_what_is_vendored_and_leaves_a_broken_file_to_whoever_vendors(
    line: Line, remote: Remote
) -> None:
    text = (line.folder / "pipeline.yml").read_text()
    more = "chart: {path: charts/app, images: {}}\ntestflight: {}\n"
    line.configure(f"{text}{more}deployments: {{vendored: modules/app/vendor/chart}}\n")
    remote.commit("vendored", {"vendir.yml": VENDIR})
    line.look()
    assert line.world.sightings("deployments")["vendored"] == "abc123"
    remote.commit("broken", {"vendir.yml": "directories: 1\n"})
    line.look()
    assert "vendored" not in line.world.sightings("deployments")


def test_an_idle_look_reads_nothing_again(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.look()

    def fail(*_: object) -> dict[str, str]:
        raise AssertionError("read again")

    monkeypatch.setattr(room, "_recorded", fail)
    line.look()


@pytest.mark.parametrize("change", ["values", "settings", "gone"])
def test_it_reads_again_when_a_fact_or_a_setting_changed(line: Line, change: str) -> None:
    line.look()
    fact = line.folder / paths.environment_values("staging")
    if change == "values":
        fact.write_bytes(b"replicas: 99\n")
    elif change == "gone":
        fact.unlink()
    else:
        text = (line.folder / "pipeline.yml").read_text()
        line.configure(text.replace("staging: {}", "staging: {root: qa}", 1).replace(
            "qa: {passed", "qa: {root: staging, passed"
        ))  # fmt: skip
        line.look()
        assert line.world.read(paths.environment_values("qa")) == b"replicas: 1\n"
        return
    line.look()
    assert fact.read_bytes() == b"replicas: 1\n"


def test_the_two_files_must_tell_of_one_line(line: Line, remote: Remote) -> None:
    remote.commit("skip", {"cepler.yml": CEPLER.replace("passed: qa", "passed: staging")})
    with pytest.raises(WrongUsage) as caught:
        line.look()
    told = str(caught.value)
    assert "environments.production.passed" in told
    assert "pipeline.yml says qa" in told
    assert "cepler.yml says staging" in told


def test_every_environment_must_be_in_cepler_yml(line: Line, remote: Remote) -> None:
    remote.commit("less", {"cepler.yml": CEPLER.partition("  production:")[0]})
    with pytest.raises(WrongUsage, match=r"environments\.production: is not in cepler\.yml"):
        line.look()


def test_a_remote_without_cepler_yml_is_refused(line: Line, remote: Remote) -> None:
    remote.commit("none", {"cepler.yml": None})
    with pytest.raises(SlipwayError, match=r"cepler\.yml is not in main"):
        line.look()


def test_a_shallow_clone_is_refused(tmp_path: Path, remote: Remote) -> None:
    remote.commit("second", {"README": "x"})
    shallow = tmp_path / "shallow.git"
    g.git("clone", "--quiet", "--bare", "--depth=1", f"file://{remote.path}", str(shallow))
    remote.path = shallow
    with pytest.raises(SlipwayError, match="shallow"):
        Line(tmp_path / "other", remote).look()


def test_no_branch_is_said_so(line: Line, remote: Remote) -> None:
    g.git("update-ref", "-d", "refs/heads/main", repo=remote.path)
    with pytest.raises(SlipwayError, match="there is no branch main"):
        line.look()
