"""`docs`, and what `artifacts.binary` and `release` say of builds, changelog and counter."""

from __future__ import annotations

import pytest

from tasks.kernel.config import Docs
from tests.kernel.test_config_mistakes import changed, loaded, only_mistake

COMMAND = "inputs: [web], command: [make, docs], outputs: [docs-site/docs/api]"
BINARY = "name: cli, inputs: [web], command: [make], output: dist/cli"


def docs(text: str) -> Docs:
    found = loaded(changed(docs=text)).docs
    assert found
    return found


def binary(more: str) -> str:
    return changed(artifacts=f"{{binary: {{{BINARY}, {more}}}}}")


def test_there_are_no_docs_unless_they_are_asked_for() -> None:
    config = loaded(changed())
    assert config.docs is None
    assert config.slice("docs") == {"docs": None}


def test_what_is_left_out_has_a_default() -> None:
    assert docs("{}") == Docs("docs-site", 5, {}, {}, {})
    assert (docs("{}").checks, docs("{}").inputs) == ((), ())
    told = docs(f"{{commands: {{api: {{{COMMAND}}}}}}}").commands["api"]
    assert (told.from_, told.require, told.env, told.secrets, told.timeout) == ({}, (), {}, (), 600)


def test_all_of_it() -> None:
    more = "from: {shots: docs-site/static}, require: ['docs-site/**/*.png'], timeout: 5m"
    text = changed(
        checks="{shots: {inputs: [web], command: [make, shots], artifacts: [img]}}",
        docs="{keep: 3, labels: {pt-BR: 'Versão {version}'}, copies: {schemas: 's/{version}'},"
        f" commands: {{api: {{{COMMAND}, {more}}}}}}}",
    )
    told = loaded(text).docs
    assert told
    assert (told.keep, told.labels, told.checks) == (3, {"pt-BR": "Versão {version}"}, ("shots",))
    assert told.copies == {"schemas": "s/{version}"}
    assert told.commands["api"].from_ == {"shots": "docs-site/static"}
    assert told.inputs == ("web",)


def test_docs_are_in_no_input_set_of_a_release() -> None:
    text = changed(
        inputs="{web: [web], pages: [pages]}",
        docs="{commands: {api: {inputs: [pages], command: [x], outputs: [docs-site/x]}}}",
    )
    assert loaded(text).release_inputs == ("web",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{keep: 0}", 'docs.keep: "0" is no good (expected a whole number from 1 to 1000)'),
        ("{site: ../x}", 'docs.site: "../x" leads out of its folder'),
        ("{site: pages}", 'docs.site: "pages" is not among promotion.files (expected pages/**)'),
        ("{labels: {'e s': x}}", 'docs.labels.e s: "e s" is not a language'),
        ("{labels: {es: 'v{number}'}}", 'docs.labels.es: "v{number}" has a placeholder'),
        ("{copies: {a: b}}", 'docs.copies.a: "b" is the same for each version'),
        ("{copies: {a: '../{version}'}}", 'docs.copies.a: "../{version}" leads out of its folder'),
        ("{copies: {../a: '{version}'}}", 'docs.copies.../a: "../a" leads out of its folder'),
        (
            "{commands: {api: {inputs: [web], command: [x], outputs: [web/api]}}}",
            'docs.commands.api.outputs[0]: "web/api" is outside of the site'
            " (expected below docs-site)",
        ),
        (
            "{commands: {api: {inputs: [web], command: [x]}}}",
            "docs.commands.api.outputs: is missing (expected here)",
        ),
        (
            f"{{commands: {{api: {{{COMMAND}, from: {{shots: x}}}}}}}}",
            'docs.commands.api.from.shots: "shots" is not a check (there is none)',
        ),
        (f"{{commands: {{api: {{{COMMAND}, attempts: 2}}}}}}", "docs.commands.api.attempts: unkno"),
    ],
)
def test_mistakes(text: str, said: str) -> None:
    assert only_mistake(changed(docs=text)).startswith(said)


def test_a_check_that_keeps_nothing_has_nothing_to_give() -> None:
    text = changed(
        checks="{shots: {inputs: [web], command: [make]}}",
        docs=f"{{commands: {{api: {{{COMMAND}, from: {{shots: docs-site}}}}}}}}",
    )
    assert only_mistake(text) == (
        'docs.commands.api.from.shots: "shots" keeps nothing (expected artifacts beside its'
        " command)"
    )


def test_a_build_command_and_what_it_leaves() -> None:
    more = "outputs: [a, b], secrets: [T], attempts: 3, timeout: 2h, store: /nix/store"
    told = loaded(binary(f"{more}, assets: {{sbom.json: b}}")).binary
    assert told
    assert told.assets == {"sbom.json": "b"}
    assert (told.outputs, told.secrets, told.attempts) == (("a", "b"), ("T",), 3)
    assert (told.timeout, told.store) == (7200.0, "/nix/store")
    plain = loaded(changed(artifacts=f"{{binary: {{{BINARY}}}}}")).binary
    assert plain
    assert (plain.outputs, plain.attempts, plain.timeout, plain.store) == ((), 1, 3600.0, "")
    assert plain.assets == {}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("outputs: [dist/cli]", 'artifacts.binary.outputs: "dist/cli" is the binary itself'),
        ("outputs: [../x]", 'artifacts.binary.outputs[0]: "../x" leads out of its folder'),
        ("attempts: 11", 'artifacts.binary.attempts: "11" is no good'),
        (
            "outputs: [a], assets: {x: b}",
            'artifacts.binary.assets.x: "b" is not among outputs (expected one of them)',
        ),
        (
            "outputs: [a], assets: {cli: a}",
            'artifacts.binary.assets.cli: every release has "cli" already',
        ),
        (
            "outputs: [a], assets: {checksums.txt: a}",
            'artifacts.binary.assets.checksums.txt: every release has "checksums.txt" already',
        ),
        ("outputs: [a], assets: {'a b': a}", 'artifacts.binary.assets.a b: "a b" cannot be the'),
        ("outputs: [a], assets: {.a: a}", 'artifacts.binary.assets..a: ".a" cannot be the name'),
        ("store: nix/store", 'artifacts.binary.store: "nix/store" is no place outside'),
        ("store: /", 'artifacts.binary.store: "/" is no place outside'),
        ("store: /nix/../etc", 'artifacts.binary.store: "/nix/../etc" leads out of its folder'),
    ],
)
def test_mistakes_of_a_build(more: str, said: str) -> None:
    assert only_mistake(binary(more)).startswith(said)


def test_the_counter_and_the_format_of_the_changelog() -> None:
    told = loaded(changed(release="{version-file: ci/version, cliff: ci/cliff.toml}")).release
    assert (told.version_file, told.cliff) == ("ci/version", "ci/cliff.toml")
    plain = loaded(changed()).release
    assert (plain.version_file, plain.cliff) == ("version", None)
    assert only_mistake(changed(release="{cliff: /etc/x}")).startswith("release.cliff: ")
