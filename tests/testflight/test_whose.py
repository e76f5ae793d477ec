"""A flight removes what is its own or over, and never what is somebody else's."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

import tasks.cluster
from tasks.cluster import LocalCluster
from tasks.kernel.calm import Calm
from tasks.kernel.errors import SlipwayError
from tasks.terraform import Terraform
from tasks.testflight import fly, sweep, whose
from tests.testflight.conftest import Sky
from tests.testflight.test_fly import STUBBORN
from tests.testflight.test_killed import kill_at

LEFT = "lana-bank-testflight-0123456"


def _labels(owner: str = "f" * 16, until: float = 600.0) -> dict[str, str]:
    return {
        whose.FLIGHT: "lana-bank",
        whose.OWNER: owner,
        whose.BY: "ada.laptop",
        whose.UNTIL: str(int(time.time() + until)),
    }


def _away(sky: Sky, *names: str) -> None:
    for name in names:
        sky.cluster.delete(name)
    sky.nothing_is_left()


def test_a_flights_namespace_says_whose_it_is_and_until_when(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str] = {}

    def look(cluster: Any, namespace: str, *_: object) -> list[str]:
        seen.update(cluster.namespaces(namespace)[namespace])
        return []

    monkeypatch.setattr(tasks.cluster, "smoketest", look)
    fly.fly(sky.world)
    assert seen["environment"] == "testflight", "the root's own stay"
    assert (seen[whose.FLIGHT], seen[whose.OWNER]) == ("lana-bank", whose.owner(sky.world))
    assert 60 < int(seen[whose.UNTIL]) - time.time() < 60 + 901
    assert seen[whose.BY]


def test_another_working_tree_has_another_name(sky: Sky, tmp_path: Path) -> None:
    from tasks.kernel.world import World

    there = World(sky.world.config, tmp_path / "elsewhere")
    assert whose.owner(there) != whose.owner(sky.world)
    assert whose.owner(World(sky.world.config, sky.folder)) == whose.owner(sky.world)


def test_what_is_somebody_elses_stays_up(sky: Sky) -> None:
    mine, other = "lana-bank-testflight-mine", "lana-bank-testflight-other"
    sky.cluster.create(LEFT, _labels())
    sky.cluster.create(mine, {"owner": "grace"})  # a person's, who likes the name
    sky.cluster.create(other, _labels(until=-5) | {whose.FLIGHT: "lana"})  # another chart's
    endless = {key: value for key, value in _labels().items() if key != whose.UNTIL}
    sky.cluster.create("lana-bank-testflight-x", endless)

    fly.fly(sky.world)
    assert sky.verdict() == sky.expected()
    assert sweep.sweep(sky.world) == "no flight has left a namespace"

    there = [LEFT, mine, other, "lana-bank-testflight-x"]
    assert sorted(sky.cluster.namespaces("lana-bank-testflight")) == sorted(there)
    _away(sky, *there)


def test_what_is_over_is_swept_whoever_flew_it(sky: Sky) -> None:
    sky.cluster.create(LEFT, _labels(until=-5))
    assert sweep.sweep(sky.world) == f"{LEFT} removed"
    sky.nothing_is_left()


def test_the_same_commit_is_flown_by_one_at_a_time(sky: Sky) -> None:
    sky.cluster.create(sky.namespace, _labels())
    with pytest.raises(SlipwayError, match=f"ada.laptop flies {sky.namespace} now") as caught:
        fly.fly(sky.world)
    assert "wait for the end of that flight" in caught.value.fix
    assert sky.cluster.namespaces(sky.namespace)[sky.namespace][whose.OWNER] == "f" * 16
    _away(sky, sky.namespace)


def test_a_persons_namespace_is_not_flown_in(sky: Sky) -> None:
    sky.cluster.create(sky.namespace, {})
    with pytest.raises(SlipwayError, match="no testflight of ours has made it"):
        fly.fly(sky.world)
    assert sky.namespace in sky.cluster.namespaces()
    _away(sky, sky.namespace)


@pytest.mark.parametrize("theirs", [{}, {"owner": "grace"}, _labels()])
def test_one_that_was_made_while_we_planned_is_left_alone(
    sky: Sky, monkeypatch: pytest.MonkeyPatch, theirs: dict[str, str]
) -> None:
    plan = Terraform.plan

    def slow(terraform: Terraform, *given: Any) -> Any:
        planned = plan(terraform, *given)
        sky.cluster.create(sky.namespace, theirs)
        return planned

    monkeypatch.setattr(Terraform, "plan", slow)
    with pytest.raises(SlipwayError, match=r"flies|no testflight of ours has made it"):
        fly.fly(sky.world)
    assert sky.cluster.namespaces(sky.namespace) == {sky.namespace: theirs}
    assert not (sky.folder / "build/testflight/failure").exists(), "no words of theirs are kept"
    _away(sky, sky.namespace)


def test_a_look_that_fails_is_no_reason_to_leave_all_up(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(*_: object) -> bool:
        raise SlipwayError("the cluster is away")

    monkeypatch.setattr(whose, "is_anothers", blind)
    fly.fly(sky.world)
    sky.nothing_is_left()


def test_one_that_another_took_meanwhile_is_not_destroyed(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(cluster: Any, namespace: str, *_: object) -> list[str]:
        cluster.create(namespace, _labels())
        raise SlipwayError("it does not answer")

    monkeypatch.setattr(tasks.cluster, "smoketest", look)
    with pytest.raises(SlipwayError, match="it does not answer") as caught:
        fly.fly(sky.world)
    assert f"{sky.namespace} is another flight's, and stays" in str(caught.value)
    assert sky.namespace in sky.cluster.namespaces()
    assert sweep.sweep(sky.world) == "no flight has left a namespace"
    assert sky.namespace in sky.cluster.namespaces()
    _away(sky, sky.namespace)


def test_a_root_that_labels_nothing_gets_its_labels_afterwards(sky: Sky) -> None:
    sky.cluster.create(LEFT, {"own": "x"})
    whose.mark(sky.world, sky.cluster, LEFT, whose.labels(sky.world))
    told = sky.cluster.namespaces(LEFT)[LEFT]
    assert (told["own"], told[whose.OWNER]) == ("x", whose.owner(sky.world))
    assert whose.swept(sky.world, sky.cluster) == [LEFT]


def test_leftovers_go_first_even_when_the_secrets_are_missing(sky: Sky) -> None:
    kill_at(sky, "applied")
    file = sky.folder / "pipeline.yml"
    file.write_text(file.read_text().replace("timeout: 60s", "timeout: 60s, secrets: [keys]"))
    sky.reload()
    with pytest.raises(SlipwayError, match="there is no namespace lana-bank-staging"):
        fly.fly(sky.world)
    assert sky.cluster.namespaces("lana-bank-testflight") == {}
    sweep.sweep(sky.world)
    sky.nothing_is_left()


def test_the_time_of_a_flight_begins_behind_the_sweep(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept, ended = whose.swept, []

    def slow(*given: Any) -> list[str]:
        names = swept(*given)
        time.sleep(0.2)
        ended.append(time.monotonic())
        return names

    monkeypatch.setattr(whose, "swept", slow)
    folder = sky.folder / "scratch"
    folder.mkdir()
    with Calm() as calm:
        flight = fly._ready(sky.world, sky.chart, folder, calm)
    assert flight.deadline >= ended[0] + 60
    shutil.rmtree(folder)


def test_terraforms_own_error_is_told_when_the_namespace_stays_as_well(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    sky.publish_modules({"testflight/stubborn.tf": STUBBORN})

    def refuse(*_: object) -> bool:
        raise SlipwayError("the cluster is away")

    with monkeypatch.context() as patch:
        patch.setattr(LocalCluster, "delete", refuse)
        with pytest.raises(SlipwayError, match="terraform destroy failed") as caught:
            fly.fly(sky.world)
    assert "the disk is busy" in str(caught.value)
    assert "and the cluster is away" in str(caught.value)
    sky.publish_modules({})
    sweep.sweep(sky.world)
    sky.nothing_is_left()


def test_a_state_that_all_share_is_left_alone_while_another_flies(sky: Sky, tmp_path: Path) -> None:
    text = (sky.folder / "deployments-tree/testflight/main.tf").read_text()
    state = tmp_path / "shared.tfstate"
    shared = text.replace('backend "local" {}', f'backend "local" {{ path = "{state}" }}')
    assert shared != text
    sky.publish_modules({"testflight/main.tf": shared})
    sky.cluster.create(LEFT, _labels())
    with pytest.raises(SlipwayError, match=f"ada.laptop flies {LEFT} now, and the state"):
        fly.fly(sky.world)
    assert list(sky.cluster.namespaces("lana-bank-testflight")) == [LEFT]
    _away(sky, LEFT)
    fly.fly(sky.world)
    assert sky.verdict() == sky.expected()


def test_labels_reach_the_command_beside_the_roots_own(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.cluster import environment
    from tasks.cluster.__main__ import main

    for name, value in environment(sky.world).items():
        monkeypatch.setenv(name, value)
    told = _labels()
    monkeypatch.setenv(whose.VARIABLE, whose.spoken(told))
    assert main(["namespace", "create", LEFT, "--label", "environment=testflight"]) == 0
    assert sky.cluster.namespaces(LEFT)[LEFT] == {"environment": "testflight", **told}
    monkeypatch.setenv(whose.VARIABLE, "")
    assert main(["namespace", "create", LEFT, "--label", "a=b"]) == 0
    assert sky.cluster.namespaces(LEFT)[LEFT] == {"a": "b"}
    _away(sky, LEFT)
