"""What must agree between the sections of `pipeline.yml`."""

from __future__ import annotations

import pytest

from tests.kernel.test_config_mistakes import changed, loaded, only_mistake

BINARY = "name: cli, inputs: [web], command: [make], output: dist/cli"


def test_an_image_takes_the_binary_by_its_name() -> None:
    artifacts = f"{{binary: {{{BINARY}}}}}"
    good = changed(artifacts=artifacts, images="{web: {inputs: [web], binary: cli}}")
    assert loaded(good).images["web"].binary == "cli"
    wrong = good.replace("binary: cli}", "binary: clu}")
    assert only_mistake(wrong) == 'images.web.binary: "clu" is not the binary (did you mean "cli"?)'


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (
            {
                "artifacts": "{apps: {a: {inputs: [web], env-file: web/.env, variable: V},"
                " b: {inputs: [web], env-file: web/.env, variable: W}}}"
            },
            'artifacts.apps.b.env-file: "web/.env" is already that of artifacts.apps.a.env-file'
            " (expected one of its own)",
        ),
        (
            {"images": "{web: {inputs: [web]}, b: {inputs: [web], repository: web}}"},
            'images.b.repository: "web" is already that of images.web.repository'
            " (expected one of its own)",
        ),
        (
            {"images": "{web: {inputs: [web]}, web.json: {inputs: [web]}}"},
            'images.web.json: collides with the facts of "web" (expected another name)',
        ),
        (
            {"release": "{moving: {candidate: latest}}"},
            'release.moving.release: "latest" is already that of release.moving.candidate'
            " (expected one of its own)",
        ),
        (
            {"promotion": "{branch: main}"},
            'promotion.branch: "main" meets remotes.source.branch in the same repository'
            " (expected a branch of its own)",
        ),
        (
            {"release": "{version-branch: bot-promote-rc/version}"},
            'release.version-branch: "bot-promote-rc/version" meets promotion.branch in the same'
            " repository (expected a branch of its own)",
        ),
        (
            {"gates": "{branch: main}"},
            'gates.branch: "main" meets remotes.deployments.branch in the same repository'
            " (expected a branch of its own)",
        ),
        (
            {"release": "{changelog: CHANGES.md}"},
            'release.changelog: "CHANGES.md" is not among promotion.files (expected there as well)',
        ),
        (
            {"inputs": "{web: [web, .]}"},
            'inputs.web[1]: "." holds files of the promotion ("CHANGELOG.md"), so that each release'
            " would call for the next (expected a smaller path)",
        ),
        (
            {"inputs": "{web: [docs-site/web]}"},
            'inputs.web[0]: "docs-site/web" holds files of the promotion ("docs-site/**"), so that'
            " each release would call for the next (expected a smaller path)",
        ),
        (
            {"images": "{}", "chart": "{path: c, images: {}}"},
            "images: there is nothing to release (expected an image, app or binary)",
        ),
        (
            {"environments": "{release: {}}"},
            "environments.release: cannot be an environment, since approve:release is the"
            " release's own gate (expected another name)",
        ),
        (
            {"environments": "{a: {passed: a}}"},
            "environments.a.passed: waits for itself: a → a (expected an end to it)",
        ),
        (
            {"environments": "{z: {passed: a}, a: {passed: b}, b: {passed: c}, c: {passed: a}}"},
            "environments.a.passed: waits for itself: a → b → c → a (expected an end to it)",
        ),
        (
            {"chart": "{path: charts/shop, images: {wbe: a.b}}"},
            'chart.images.wbe: "wbe" is not an image (did you mean "web"?)',
        ),
        (
            {"chart": "{path: charts/shop, images: {web: a..b}}"},
            "chart.images.web: \"a..b\" is not the path of a value (expected keys with '.' between,"
            " such as web.image.digest)",
        ),
    ],
)
def test_sections_must_agree(sections: dict[str, str], said: str) -> None:
    assert only_mistake(changed(**sections)) == said


def test_a_set_that_only_checks_use_may_be_the_whole_repository() -> None:
    text = changed(
        inputs="{web: [web], all: [.]}", checks="{lint: {inputs: [all], command: [make, lint]}}"
    )
    assert loaded(text).release_inputs == ("web",)


def test_branches_of_different_repositories_may_have_one_name() -> None:
    assert loaded(changed(gates="{branch: bot-promote-rc}")).gates.branch == "bot-promote-rc"
