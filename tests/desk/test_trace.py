"""What a trace says of an environment in which all is well, and of one that was never deployed."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from tasks.deploy import past
from tasks.desk.following import follow
from tasks.desk.links import OK, OPEN, shown
from tasks.desk.trace import trace
from tasks.kernel import paths
from tasks.kernel.errors import SlipwayError, WrongUsage
from tests.desk.travelled import VENDORED, Travelled, everywhere


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Travelled:
    return everywhere(tmp_path_factory.mktemp("travelled") / "shop")


@pytest.fixture
def told(once: Travelled, tmp_path: Path) -> Travelled:
    return once.copy(tmp_path / "shop")


def everything(folder: Path) -> dict[str, str]:
    """Return every file below a folder with its content's digest."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_production_whole(told: Travelled) -> None:
    page = shown(follow(told.world(), "production"))
    for digest in told.digests.values():
        page = page.replace(digest[:19], "sha256:DIGEST" + "." * 6)
    page = page.replace(told.built[:7], "FEATURE")
    page = re.sub(r"(@|blob |up to )[0-9a-f]{7}", r"\1COMMIT.", page)
    assert (
        page
        == """\
production ← 0.2.0 ← FEATURE “feat(shelf): weekly repayments”      every link verified; not asked: shop-production

  ✓ state            1, recorded 2026-01-01 00:06 UTC by cy@laptop      deployments@COMMIT.  .cepler/shop/production.state
  ✓ passed           3 files that qa had in state 1                     deployments@COMMIT.  .cepler/shop/qa.state
  ✓ values           as recorded, blob COMMIT.                          deployments@COMMIT.  modules/shop/vendor/shop/chart/values.yaml
  ✓ files            3 more files as recorded                           deployments@COMMIT.  .cepler/shop/production.state
  ✓ chart            charts@COMMIT., version 0.2.0                      deployments@COMMIT.  vendir.lock.yml
  ✓ vendored         3 files equal the chart's                          charts@COMMIT.  charts/shop
  ✓ release          0.2.0, published, 1 asset                          forge  release 0.2.0
  ✓ tag              0.2.0 on FEATURE                                   source
  ✓ commit           FEATURE “feat(shelf): weekly repayments”           source main
  ✓ promotion        pull request #1, 0.2.0-rc.1, merged                source@COMMIT.
  ✓ approver         Grace: looks right                                 source@COMMIT.
  ✓ gate             Hedy: qa is fine  (up to COMMIT.)                  deployments@COMMIT.  gates.yml

images
  ✓ server           sha256:DIGEST......…  built from FEATURE as 0.2.0  registry  server
  ✓ web              sha256:DIGEST......…  built from FEATURE as 0.2.0  registry  web

running
  · shop-production  not asked: world/cluster is not here               local cluster"""  # noqa: E501 - the page as it is shown
    )


def test_the_same_for_a_program(told: Travelled, capsys: pytest.CaptureFixture[str]) -> None:
    assert trace(told.world(), "production", as_json=True) == ""
    page = json.loads(capsys.readouterr().out)
    assert {key: page[key] for key in ("environment", "deployed", "verified", "version")} == {
        "environment": "production",
        "deployed": True,
        "verified": True,
        "version": "0.2.0",
    }
    assert page["commit"] == told.built
    links = {link["what"]: link for link in page["links"]}
    assert {link["verdict"] for link in page["links"]} == {OK, OPEN}
    assert links["server"]["facts"]["digest"] == told.digests["server"]
    assert links["chart"]["facts"]["chart"] == told.charts.at()
    assert links["approver"]["facts"]["by"] == "Grace"
    gate = links["gate"]["facts"]
    assert (gate["by"], gate["why"]) == ("Hedy", "qa is fine")
    assert gate["commit"] == told.deployments.at("refs/heads/cepler-gates")
    assert links["promotion"]["facts"]["pull"] == 1


def test_it_works_in_a_fresh_clone_and_leaves_mirrors_alone(told: Travelled) -> None:
    before = everything(told.root)
    assert follow(told.world(), "production").verified
    after = everything(told.root)
    assert {name: after.get(name) for name in before} == before
    fresh = {name for name in after if name not in before}
    assert fresh
    assert all(name.startswith(f"{paths.BUILD}/mirrors/") for name in fresh)


def test_an_environment_without_a_gate_has_no_such_link(told: Travelled) -> None:
    names = [link.what for link in follow(told.world(), "staging").links]
    assert "gate" not in names
    assert "passed" not in names
    assert "approver" in names


def test_what_was_never_deployed_says_so_and_what_to_type(
    told: Travelled, capsys: pytest.CaptureFixture[str]
) -> None:
    states = [f".cepler/shop/{name}.state" for name in ("staging", "qa", "production")]
    told.deployments.commit("forget production", {states[2]: None})
    told.deployments.point("refs/heads/cepler-gates", "")
    assert trace(told.world(), "production") == ""
    assert capsys.readouterr().out == (
        "production was never deployed\n  → doit approve:production\n"
    )
    told.deployments.commit("forget qa", {states[1]: None})
    assert follow(told.world(), "production").fix == "doit deploy:qa"
    assert follow(told.world(), "qa").fix == "doit deploy:qa"
    told.deployments.commit("forget all", {states[0]: None, "vendir.lock.yml": None})
    found = follow(told.world(), "production")
    assert found.fix == "doit release"
    assert found.plain()["deployed"] is False


def test_of_a_first_deployment_that_failed_it_says_so_and_what_to_type(told: Travelled) -> None:
    told.deployments.commit("forget production", {".cepler/shop/production.state": None})
    world = told.world()
    fields = {"By": "cy@laptop", "Step": "health", "Error": "no answer"}
    past.add(world, "production", "health failed", fields)
    found = follow(told.world(), "production")
    page = re.sub(r"20[0-9: -]+ UTC", "NOW", shown(found))
    assert page == (
        "production was never deployed: health failed NOW: no answer (cy@laptop)\n"
        "  → doit deploy:production"
    )
    assert str(found.plain()["says"]).startswith("health failed")
    told.deployments.commit("a slip", {"freezes.yml": "- ["})
    assert follow(told.world(), "production").fix == "doit status says what is in its way"


def test_a_later_release_does_not_disturb_what_was_deployed(told: Travelled) -> None:
    told.change("fix: cents")
    commit = told.candidate("0.2.1")
    told.promote("0.2.1", by="Ida")
    told.publish("0.2.1", commit)
    told.bump("0.2.1")
    told.vendor()
    told.record("staging")
    staging, production = (follow(told.world(), name) for name in ("staging", "production"))
    assert (staging.version, production.version) == ("0.2.1", "0.2.0")
    assert (staging.commit, production.commit) == (commit, told.source.at("refs/tags/0.2.0"))
    assert (staging.verified, production.verified) == (True, True)
    approvers = [
        link.facts["by"]
        for found in (staging, production)
        for link in found.links
        if link.what == "approver"
    ]
    assert approvers == ["Ida", "Grace"]


def test_a_change_of_the_chart_alone_is_traced_to_its_own_commit(told: Travelled) -> None:
    files = {"charts/shop/templates/server.yaml": "kind: Deployment # two replicas\n"}
    chart = told.charts.commit("fix: two replicas", files)
    told.vendor()
    told.record("staging")
    found = follow(told.world(), "staging")
    assert found.verified
    assert next(link for link in found.links if link.what == "chart").facts["chart"] == chart


def test_a_copy_that_only_removes_a_file_is_traced_to_its_own_commit(told: Travelled) -> None:
    chart = told.charts.commit("fix: no template", {"charts/shop/templates/server.yaml": None})
    told.vendor()
    told.deployments.commit("chore: staging", {"staging/main.tf": "# staging, again\n"})
    told.record("staging")
    found = follow(told.world(), "staging")
    assert found.verified, shown(found)
    assert next(link for link in found.links if link.what == "chart").facts["chart"] == chart


def test_a_gate_that_was_shown_just_this_state_is_the_one(told: Travelled) -> None:
    from tasks.promotion.engine import config_at, records_at
    from tasks.promotion.wanted import key_of

    repo, head = told.deployments.path, told.deployments.at()
    record = records_at(repo, head, config_at(repo, head))["production"]
    key = key_of(record.current.hashes())
    told.gate(head, by="Later", more=f"Slipway-State: {key}\n")
    found = follow(told.world(), "production")
    assert next(link for link in found.links if link.what == "gate").facts["by"] == "Later"


def test_without_a_vendored_chart_there_is_nothing_to_follow(told: Travelled) -> None:
    file = told.root / "pipeline.yml"
    without = file.read_text().replace(f"vendored: {VENDORED}, ", "")
    file.write_text(without.replace("testflight: {timeout: 1m}\n", ""))
    with pytest.raises(WrongUsage, match="no chart to follow"):
        follow(told.world(), "staging")


def test_a_sandbox_that_is_not_made_yet(told: Travelled) -> None:
    file = told.root / "pipeline.yml"
    file.write_text(file.read_text().replace("url: world/", "url: .sandbox/"))
    with pytest.raises(SlipwayError, match="the sandbox has no deployments yet") as caught:
        follow(told.world(), "staging")
    assert "doit release" in caught.value.fix
