"""Where things run: cluster, deployments, environments, testflight and smoketest."""

from __future__ import annotations

import pytest

from tasks.kernel.config import Endpoint, Environment, blank
from tests.kernel.test_config_mistakes import GOOD, changed, loaded, only_mistake

FLIES = {
    "deployments": "{vendored: modules/shop/vendor/shop/chart}",
    "testflight": "{timeout: 5m}",
}


def test_what_is_left_out_has_its_usual_place() -> None:
    config = loaded(GOOD)
    assert config.environments["staging"] == Environment(
        "staging", None, False, "staging", "shop-staging"
    )
    assert (config.cluster.kind, config.cluster.path) == ("local", ".sandbox/cluster")
    assert (config.deployments.cepler, config.deployments.vendir) == ("cepler.yml", "vendir.yml")
    assert config.deployments.vendored is None
    assert config.testflight is None
    assert (config.smoketest.endpoints, config.smoketest.timeout) == ({}, 30.0)
    assert (config.gates.branch, config.gates.file) == ("cepler-gates", "gates.yml")
    assert config.chart is not None
    assert (config.chart.name, config.chart.version) == ("shop", "patch")


def test_an_environment_may_stand_anywhere() -> None:
    text = changed(environments="{staging: {root: gcp/staging/shop, namespace: shop}}")
    assert loaded(text).environments["staging"].root == "gcp/staging/shop"
    assert loaded(text).environments["staging"].namespace == "shop"


def test_a_testflight_has_a_time_limit_and_a_smoketest_its_questions() -> None:
    smoke = "{timeout: 10s, endpoints: {api: {service: shop-api, port: 8080, version: true}}}"
    config = loaded(changed(smoketest=smoke, **FLIES))
    assert config.testflight is not None
    assert (config.testflight.root, config.testflight.timeout) == ("testflight", 300.0)
    assert config.smoketest.endpoints == {"api": Endpoint("api", "shop-api", 8080, "/", True)}


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (
            {"cluster": "{kind: kubernetis}"},
            'cluster.kind: "kubernetis" is unknown (expected local)',
        ),
        (
            {"environments": "{staging: {namespace: My_Shop}}"},
            'environments.staging.namespace: "My_Shop" is no name for a cluster'
            " (expected at most 63 lower-case letters, digits and '-')",
        ),
        (
            {"environments": "{a: {namespace: x}, b: {namespace: x}}"},
            'environments.b.namespace: "x" is already that of environments.a.namespace'
            " (expected one of its own)",
        ),
        (
            {"environments": "{a: {root: x}, b: {root: x}}"},
            'environments.b.root: "x" is already that of environments.a.root'
            " (expected one of its own)",
        ),
        (
            {"deployments": "{vendored: ../chart}"},
            'deployments.vendored: "../chart" leads out of its folder'
            " (expected a relative path without '..')",
        ),
        (
            {"deployments": "{vendored: vendor/chart}"},
            'deployments.vendored: "vendor/chart" needs the section testflight'
            " (expected in the file)",
        ),
        (
            {"testflight": "{}"},
            "testflight: has nothing to fly (expected deployments.vendored)",
        ),
        (
            {"smoketest": "{endpoints: {api: {port: 1}}}"},
            "smoketest.endpoints.api.service: is missing (expected here)",
        ),
        (
            {"smoketest": "{endpoints: {api: {service: a, path: healthz}}}"},
            'smoketest.endpoints.api.path: "healthz" is not the path of a URL'
            " (expected such as /healthz)",
        ),
        (
            {"smoketest": "{endpoints: {api: {service: a, port: 70000}}}"},
            'smoketest.endpoints.api.port: "70000" is no good'
            " (expected a whole number from 1 to 65535)",
        ),
        (
            {"chart": "{path: charts/shop, images: {web: web.digest}, version: minor}"},
            'chart.version: "minor" is unknown (expected patch or keep)',
        ),
    ],
)
def test_mistakes(sections: dict[str, str], said: str) -> None:
    assert only_mistake(changed(**sections)) == said


def test_a_pipeline_of_nothing_is_there_for_the_doctor() -> None:
    config = blank()
    assert (config.environments, config.images, config.chart) == ({}, {}, None)
