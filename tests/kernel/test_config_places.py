"""Where things run: cluster, deployments, environments, testflight and smoketest."""

from __future__ import annotations

import pytest

from tasks.kernel.config import Endpoint, Environment, blank
from tests.kernel.test_config_mistakes import GOOD, changed, loaded, only_mistake

FLIES = {
    "deployments": "{vendored: modules/shop/vendor/shop/chart}",
    "testflight": "{timeout: 5m}",
}
CHART = "{path: charts/shop, images: {web: web.digest}}"
HTTP = {"registry": '{kind: http, url: "https://registry.example.org"}'}


def test_what_is_left_out_has_its_usual_place() -> None:
    config = loaded(GOOD)
    assert config.environments["staging"] == Environment(
        "staging", None, False, "staging", "shop-staging"
    )
    assert (config.cluster.kind, config.cluster.path) == ("local", ".sandbox/cluster")
    assert (config.deployments.cepler, config.deployments.vendir) == ("cepler.yml", "vendir.yml")
    assert config.deployments.vendored is None
    assert (config.deployments.freezes, config.deployments.lease) == ("freezes.yml", 3600.0)
    assert config.testflight is None
    assert (config.smoketest.endpoints, config.smoketest.timeout) == ({}, 30.0)
    assert (config.gates.branch, config.gates.file) == ("cepler-gates", "gates.yml")
    assert config.chart is not None
    assert (config.chart.name, config.chart.version) == ("shop", "patch")


def test_an_environment_may_stand_anywhere() -> None:
    text = changed(environments="{staging: {root: gcp/staging/shop, namespace: shop}}")
    assert loaded(text).environments["staging"].root == "gcp/staging/shop"
    assert loaded(text).environments["staging"].namespace == "shop"


def test_what_terraform_may_see_is_named_for_all_roots_and_for_one() -> None:
    assert loaded(GOOD).deployments.secrets == loaded(GOOD).environments["staging"].secrets == ()
    one = "{staging: {secrets: [CLOUDFLARE_API_TOKEN, VAULT_TOKEN]}}"
    config = loaded(changed(environments=one, deployments="{secrets: [HONEYCOMB_API_KEY]}"))
    assert config.deployments.secrets == ("HONEYCOMB_API_KEY",)
    assert config.environments["staging"].secrets == ("CLOUDFLARE_API_TOKEN", "VAULT_TOKEN")
    told = config.slice("environments.staging", "deployments")
    assert "VAULT_TOKEN" in str(told)  # a plan is made anew when it changes


def test_a_testflight_has_a_time_limit_and_a_smoketest_its_questions() -> None:
    smoke = "{timeout: 10s, endpoints: {api: {service: shop-api, port: 8080, version: true}}}"
    config = loaded(changed(smoketest=smoke, **FLIES))
    assert config.testflight is not None
    assert (config.testflight.root, config.testflight.timeout) == ("testflight", 300.0)
    assert config.smoketest.endpoints == {"api": Endpoint("api", "shop-api", 8080, "/", True)}
    assert (config.testflight.secrets, config.testflight.secrets_from) == ((), "")
    api = config.smoketest.endpoints["api"]
    assert (api.status, api.body) == (200, "")


def test_an_answer_may_be_another_one_than_200_and_has_to_say_something() -> None:
    smoke = "{endpoints: {api: {service: api, status: 401, body: 'sign .n'}}}"
    api = loaded(changed(smoketest=smoke)).smoketest.endpoints["api"]
    assert (api.status, api.body) == (401, "sign .n")


def test_a_testflight_names_its_secrets_and_whence_they_come() -> None:
    flies = FLIES | {"testflight": "{secrets: [db, keys], secrets-from: shop-vault}"}
    flight = loaded(changed(**flies)).testflight
    assert flight is not None
    assert (flight.secrets, flight.secrets_from) == (("db", "keys"), "shop-vault")


def test_a_cluster_may_be_a_real_one() -> None:
    real = {"cluster": "{kind: kubernetes, context: staging}"}
    cluster = loaded(changed(**real, **HTTP)).cluster
    assert (cluster.kind, cluster.path, cluster.context) == ("kubernetes", "", "staging")


def test_what_only_the_chart_takes_along_is_released_too() -> None:
    text = changed(chart=f"{CHART[:-1]}, inputs: [infra]}}", inputs="{web: [web], infra: [tf]}")
    assert loaded(text).release_inputs == ("infra", "web")
    said = only_mistake(changed(chart=f"{CHART[:-1]}, inputs: [wob]}}"))
    assert said.startswith('chart.inputs[0]: "wob" is not an input set')


def test_a_chart_takes_modules_of_the_source_along() -> None:
    chart = loaded(changed(chart=f"{CHART[:-1]}, modules: {{tf/bq: infra/bq}}}}")).chart
    assert chart is not None
    assert chart.modules == {"tf/bq": "infra/bq"}
    assert chart.inputs == ()
    assert chart.candidate
    quiet = loaded(changed(chart=f"{CHART[:-1]}, candidate: false}}")).chart
    assert quiet is not None
    assert not quiet.candidate


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (
            {"cluster": "{kind: kubernetis}"},
            'cluster.kind: "kubernetis" is unknown (expected local or kubernetes)',
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
            {"deployments": "{freezes: /etc/freezes.yml}"},
            'deployments.freezes: "/etc/freezes.yml" is an absolute path'
            " (expected a relative path)",
        ),
        (
            {"deployments": "{backend: {bucket: states}}"},
            "deployments.backend: gives every environment the same state"
            " (expected {environment} in one value)",
        ),
        (
            {"environments": "{a: {terraform: ''}}"},
            'environments.a.terraform: "" is not a program (expected the name of one, or its path)',
        ),
        (
            {"deployments": "{lease: 30m}"},
            "deployments.lease: is shorter than Terraform may take for a plan or an apply"
            " (expected over 30m)",
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
        (
            {"chart": f"{CHART[:-1]}, modules: {{tf/bq: ../bq}}}}"},
            'chart.modules.tf/bq: "../bq" leads out of its folder'
            " (expected a relative path without '..')",
        ),
        (
            {"chart": f"{CHART[:-1]}, modules: {{tf: a, tf/bq: b}}}}"},
            'chart.modules.tf/bq: "tf/bq" meets tf (expected a folder of its own)',
        ),
        (
            {"chart": f"{CHART[:-1]}, modules: {{templates/tf: a}}}}"},
            'chart.modules.templates/tf: "templates/tf" meets templates'
            " (expected a folder of its own)",
        ),
        (
            {"cluster": "{kind: kubernetes, context: x}"},
            "cluster.kind: cannot pull images from a folder (expected registry.kind: http)",
        ),
        ({"cluster": "{kind: kubernetes}", **HTTP}, "cluster.context: is missing (expected here)"),
        (
            {"cluster": "{kind: kubernetes, context: x, path: y}", **HTTP},
            "cluster.path: has no meaning here (expected with kind: local)",
        ),
        (
            {"cluster": "{context: x}"},
            "cluster.context: has no meaning here (expected with kind: kubernetes)",
        ),
        (
            {"cluster": "{kind: kubernetes, context: --all}", **HTTP},
            'cluster.context: "--all" is not the name of a context'
            " (expected one of `kubectl config get-contexts`)",
        ),
        (
            FLIES | {"testflight": "{secrets: [db, db]}"},
            'testflight.secrets[1]: "db" stands twice',
        ),
        (
            {"deployments": "{secrets: [VAULT_TOKEN, VAULT_TOKEN]}"},
            'deployments.secrets[1]: "VAULT_TOKEN" stands twice',
        ),
        (
            {"environments": "{staging: {secrets: [A-B]}}"},
            'environments.staging.secrets[0]: "A-B" is not a variable'
            " (expected letters, digits and '_', no digit first)",
        ),
        (
            {"smoketest": "{endpoints: {api: {service: a, body: '('}}}"},
            'smoketest.endpoints.api.body: "(" is not a regular expression:'
            " missing ), unterminated subpattern at position 0 (expected one of Python's)",
        ),
        (
            {"smoketest": "{endpoints: {api: {service: a, status: 99}}}"},
            'smoketest.endpoints.api.status: "99" is no good'
            " (expected a whole number from 100 to 599)",
        ),
    ],
)
def test_mistakes(sections: dict[str, str], said: str) -> None:
    assert only_mistake(changed(**sections)) == said


def test_a_pipeline_of_nothing_is_there_for_the_doctor() -> None:
    config = blank()
    assert (config.environments, config.images, config.chart) == ({}, {}, None)
