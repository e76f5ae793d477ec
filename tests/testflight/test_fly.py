"""A chart flies: up in a namespace of its own, asked, gone again; or it says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.kernel import paths
from tasks.kernel.effects import Skipped
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.world import UNKNOWN, Forecast
from tasks.testflight import fly
from tests.cluster.samples import secret
from tests.testflight.conftest import Sky


def failure(sky: Sky) -> Path:
    return sky.folder / "build/testflight/failure"


def test_a_chart_that_works_gets_a_verdict_and_leaves_nothing(sky: Sky) -> None:
    said = fly.fly(sky.world)

    name = sky.namespace
    assert said == f"{name}: 2 workloads up, 2 endpoints answer 0.42.0, gone again"
    assert sky.verdict() == sky.expected()
    sky.nothing_is_left()
    assert not failure(sky).exists()


def test_the_same_verdict_is_foreseen_without_a_flight(sky: Sky, tmp_path: Path) -> None:
    world = Forecast(sky.world, tmp_path / "scratch")
    foreseen = fly.foresee(world)
    assert foreseen.port == "cluster"
    assert sky.namespace in foreseen.means
    assert world.json(paths.TESTFLIGHT) == sky.expected()
    assert sky.verdict() is None

    world.write_json(paths.CHART, sky.chart | {"commit": UNKNOWN})
    fly.foresee(world)
    assert world.json(paths.TESTFLIGHT)["digests"] == UNKNOWN
    assert paths.TESTFLIGHT in world.unsure


def test_without_a_chart_there_is_nothing_to_fly(sky: Sky) -> None:
    sky.world.write_json(paths.CHART, {"commit": None, "why": "nothing is published yet"})
    said = fly.fly(sky.world)
    assert isinstance(said, Skipped)
    assert sky.verdict() == {"skipped": "nothing is published yet"}


def test_a_wrong_version_is_refused_and_kept_with_its_log(sky: Sky) -> None:
    fly.fly(sky.world)
    values = {name: {"digest": at} for name, at in sky.digests.items()}
    sky.publish_chart(values, app_version="0.43.0")

    with pytest.raises(Failed, match=r"web answers version 0\.42\.0, not 0\.43\.0") as caught:
        fly.fly(sky.world)

    assert f"{sky.namespace}: web:80/healthz" in str(caught.value)
    assert 'it said: {"version": "0.42.0"' in str(caught.value)
    assert "build/testflight/failure/" in str(caught.value)
    assert sky.verdict() is None, "the verdict on the chart before would pass for this one's"
    assert "containers" in (failure(sky) / "manifests.yaml").read_text()
    assert any("0.42.0" in log.read_text() for log in failure(sky).glob("logs/web-*.log"))
    sky.nothing_is_left()


def test_a_chart_that_does_not_come_up_says_why(sky: Sky) -> None:
    crash = {"digest": sky.digests["api"], "mode": "crash"}
    sky.publish_chart({"web": {"digest": sky.digests["web"]}, "api": crash})

    with pytest.raises(Failed) as caught:
        fly.fly(sky.world)

    assert "terraform apply failed" in caught.value.what
    assert "there is no database" in str(caught.value)
    assert "@timestamp" not in str(caught.value)
    assert sky.verdict() is None
    assert any("there is no database" in x.read_text() for x in failure(sky).glob("logs/api-*"))
    events = (failure(sky) / "events.txt").read_text()
    assert "release lana-bank failed: api ended by itself" in events
    assert "started with sha256:" in events
    sky.nothing_is_left()


def test_another_image_than_the_released_one_is_refused(sky: Sky) -> None:
    other = sky.image("web", "0.42.0-other")
    sky.publish_chart({"web": {"digest": other}, "api": {"digest": sky.digests["api"]}})
    sky.world.config.smoketest.endpoints.clear()

    with pytest.raises(Failed, match="not what was released") as caught:
        fly.fly(sky.world)

    assert f"web runs web@{other}, released was {sky.digests['web']}" in str(caught.value)
    assert f"web {sky.digests['web']} runs nowhere" in str(caught.value)
    sky.nothing_is_left()


def test_one_that_takes_too_long_is_given_up_and_destroyed(sky: Sky) -> None:
    sick = {"digest": sky.digests["api"], "mode": "sick"}
    sky.publish_chart({"web": {"digest": sky.digests["web"]}, "api": sick})
    file = sky.folder / "pipeline.yml"
    file.write_text(file.read_text().replace("timeout: 60s", "timeout: 15s"))
    sky.reload()

    with pytest.raises(Failed, match="api was not ready in time"):
        fly.fly(sky.world)

    sky.nothing_is_left()


def test_a_mistake_in_the_root_is_told_with_its_place(sky: Sky) -> None:
    broken = 'terraform {\n  backend "local" {}\n}\nmodule "x" {\n  source = "../modules/none"\n}\n'
    sky.publish_modules({"testflight/main.tf": broken})
    with pytest.raises(Failed, match="terraform init failed"):
        fly.fly(sky.world)
    sky.nothing_is_left()


def test_a_root_that_forgets_its_state_is_refused(sky: Sky) -> None:
    sky.publish_modules({"testflight/main.tf": 'variable "namespace" {}\n'})
    with pytest.raises(SlipwayError, match="does not say where its state is kept"):
        fly.fly(sky.world)
    sky.nothing_is_left()


def test_a_link_in_the_repository_leads_nowhere(sky: Sky) -> None:
    aim = sky.folder / "aim"
    aim.mkdir()
    sky.link("modules/lana-bank/vendor", aim)
    with pytest.raises(SlipwayError, match="modules/lana-bank/vendor is a link"):
        fly.fly(sky.world)
    assert list(aim.iterdir()) == []


def _copied(sky: Sky) -> list[str]:
    """Fly, and return the names of the secrets that the namespace had."""
    import tasks.cluster

    seen: list[str] = []

    def look(*_: object) -> list[str]:
        state = sky.folder / f"world/cluster/{sky.namespace}/state.json"
        seen.extend(json.loads(state.read_text())["secrets"])
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks.cluster, "smoketest", look)
        fly.fly(sky.world)
    return seen


def _declare(sky: Sky, more: str) -> None:
    file = sky.folder / "pipeline.yml"
    file.write_text(file.read_text().replace("timeout: 60s", f"timeout: 60s, {more}"))
    sky.reload()


def test_declared_secrets_come_from_the_first_environment_and_no_others(sky: Sky) -> None:
    own = [secret("database", password="hunter22"), secret("other", key="x")]
    sky.cluster.create("lana-bank-staging", {})
    sky.cluster.install("lana-bank-staging", "own", own, 5)
    assert _copied(sky) == [], "what nobody has declared is copied nowhere"
    _declare(sky, "secrets: [database]")
    assert _copied(sky) == ["database"]
    sky.nothing_is_left()


def test_secrets_come_from_another_namespace_when_told_so(sky: Sky) -> None:
    sky.cluster.create("vault", {})
    sky.cluster.install("vault", "own", [secret("database", password="hunter22")], 5)
    _declare(sky, "secrets: [database], secrets-from: vault")
    assert _copied(sky) == ["database"]


def test_without_the_namespace_nothing_goes_up(sky: Sky) -> None:
    _declare(sky, "secrets: [database, keys]")
    with pytest.raises(SlipwayError, match="there is no namespace lana-bank-staging") as caught:
        fly.fly(sky.world)
    assert "database, keys cannot be copied" in str(caught.value)
    assert "testflight.secrets" in caught.value.where
    assert sky.verdict() is None
    sky.nothing_is_left()


def test_a_declared_secret_that_is_missing_is_named(sky: Sky) -> None:
    sky.cluster.create("lana-bank-staging", {})
    _declare(sky, "secrets: [database]")
    with pytest.raises(Failed) as caught:
        fly.fly(sky.world)
    assert "there is no secret database" in str(caught.value)
    assert sky.verdict() is None
    sky.nothing_is_left()


def test_a_body_that_says_something_else_is_no_answer(sky: Sky) -> None:
    file = sky.folder / "pipeline.yml"
    text = file.read_text()
    file.write_text(text.replace("path: /}", "path: /, body: 'version.*0[.]42'}"))
    sky.reload()
    fly.fly(sky.world)
    file.write_text(text.replace("path: /}", "path: /, body: 'something else'}"))
    sky.reload()
    with pytest.raises(Failed, match="api answers without 'something else'"):
        fly.fly(sky.world)
    sky.nothing_is_left()


STUBBORN = """\
resource "terraform_data" "stubborn" {
  provisioner "local-exec" {
    when        = destroy
    interpreter = ["sh", "-c"]
    command     = "echo the disk is busy; exit 1"
  }
}
"""


def test_what_cannot_be_destroyed_is_no_pass_and_goes_first_the_next_time(sky: Sky) -> None:
    sky.publish_modules({"testflight/stubborn.tf": STUBBORN})
    with pytest.raises(Failed, match="terraform destroy failed") as caught:
        fly.fly(sky.world)
    assert "the disk is busy" in str(caught.value)
    assert sky.verdict() is None
    assert sky.cluster.namespaces("lana-bank-testflight") == {}
    with pytest.raises(Failed, match="terraform destroy failed"):
        fly.fly(sky.world)  # it is still in the state, so it was not forgotten

    sky.publish_modules({})
    fly.fly(sky.world)

    assert sky.verdict() == sky.expected()
    sky.nothing_is_left()


def test_a_failure_is_told_before_what_follows_from_it(sky: Sky) -> None:
    sky.publish_modules({"testflight/stubborn.tf": STUBBORN})
    sky.publish_chart({n: {"digest": at} for n, at in sky.digests.items()}, app_version="9.9.9")
    with pytest.raises(Failed, match=r"web answers version 0\.42\.0, not 9\.9\.9") as caught:
        fly.fly(sky.world)
    assert "and it is not gone: terraform destroy failed" in str(caught.value)


def test_the_task_is_there_when_it_is_configured_and_needs_the_run_lock(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from tasks.kernel import graph
    from tasks.testflight import tasks

    class Task:
        def __init__(self, told: dict[str, object]) -> None:
            self.meta = told["meta"]

    monkeypatch.setattr(tasks, "pipeline", lambda: sky.world.config)
    told, sweeping = tasks.task_testflight()
    assert (sweeping["basename"], sweeping["task_dep"]) == ("testflight:sweep", ["deployments"])
    assert sweeping["meta"]["effect"], "it needs the run lock: no flight is swept on its way"
    assert told["targets"] == [paths.TESTFLIGHT]
    assert {paths.CHART, paths.LINT, paths.manifests("testflight")} <= set(told["file_dep"])
    assert "chart:render:staging" in told["task_dep"]
    assert graph.acts({"testflight": Task(told)}, ["testflight"])

    none = replace(sky.world.config, testflight=None)
    monkeypatch.setattr(tasks, "pipeline", lambda: none)
    assert list(tasks.task_testflight()) == []
