"""Every mistake in `pipeline.yml` is found at once, named with its line, and nothing is run."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tasks.kernel.config import Config, load
from tasks.kernel.errors import WrongUsage

GOOD = """\
project: shop
remotes:
  source: {url: ../source.git, branch: main}
  charts: {url: ../charts.git, branch: main}
  deployments: {url: ../deployments.git, branch: main}
inputs:
  web: [web]
checks: {}
artifacts: {}
images:
  web: {inputs: [web]}
registry: {kind: local, path: registry}
forge: {kind: local, path: forge}
promotion: {}
release: {}
chart: {path: charts/shop, images: {web: web.digest}}
environments:
  staging: {}
gates: {}
"""


def loaded(text: str) -> Config:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "pipeline.yml"
        file.write_text(text)
        return load(file)


def refused(text: str) -> str:
    """Return the message about a file, as if it were named relative to the working folder."""
    with pytest.raises(WrongUsage) as caught:
        loaded(text)
    return re.sub(r"(?m)^/\S*/pipeline\.yml:", "pipeline.yml:", str(caught.value))


def changed(**sections: str) -> str:
    """Return the good file with whole sections replaced, or added."""
    lines: list[str] = []
    skipping = False
    for line in GOOD.splitlines():
        if not line.startswith(" "):
            name = line.partition(":")[0]
            skipping = name in sections
            if skipping:
                lines.append(f"{name}: {sections.pop(name)}")
        if not skipping:
            lines.append(line)
    lines += [f"{name}: {value}" for name, value in sections.items()]
    return "\n".join(lines) + "\n"


def only_mistake(text: str) -> str:
    """Return the one mistake of a file, without file and line."""
    *mistakes, count = refused(text).splitlines()
    assert count == "1 mistake; nothing was run.", "\n".join(mistakes)
    return mistakes[0].split(": ", 1)[1]


def test_the_good_file_is_good() -> None:
    config = loaded(GOOD)
    assert config.checks == {}
    assert config.promotion.branch == "bot-promote-rc"


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = """\
project: Lana Bank
remotes:
  source: {url: "https://me:hunter2@example.org/x.git", brunch: main}
  charts: {url: "ext::sh -c id", branch: -main}
  deployments: {url: ../deployments.git, branch: main}
inputs:
  server: [../server, "-x", "a//b", "x*"]
  tests: tests
checks:
  unit:
    inputs: [sever, tests]
    command: make test
    timeout: 2 minutes
    attempts: 010
  both: {inputs: [tests], command: [x], rule: conventional-commits}
  unit: {rule: nope}
images:
  web:
    inputs: [tests]
    dockerfile: [Dockerfile]
    binary: cli
registry: {kind: http, url: "http://example.org", path: x}
release: {changelog: docs/CHANGES.md}
chart: {path: charts/x, images: {wep: a.b, web: a.b.c}}
environments:
  staging: {passed: production}
  qa: {passed: stagin}
  production: {passed: staging, gate: yes}
  release: {}
"""
    assert (
        refused(text)
        == """\
pipeline.yml:1: project: "Lana Bank" is not a name (expected lower-case letters, digits, '.', '_' \
and '-', a letter or digit first)
pipeline.yml:1: forge: is missing (expected here)
pipeline.yml:3: remotes.source.url: holds a password in a URL (expected it without; passwords and \
tokens come from the environment, git's from a credential helper or an SSH key)
pipeline.yml:3: remotes.source.brunch: unknown key (did you mean "branch"?)
pipeline.yml:4: remotes.charts.url: "ext::sh -c id" names a transport helper, which can run any \
program (expected https://…, ssh://…, user@host:path or a path)
pipeline.yml:4: remotes.charts.branch: "-main" is not a branch name (expected one that git takes)
pipeline.yml:7: inputs.server[0]: "../server" leads out of its folder (expected a relative path \
without '..')
pipeline.yml:7: inputs.server[1]: "-x" begins with '-', which programs take for something else \
(expected a relative path)
pipeline.yml:7: inputs.server[2]: "a//b" is not normalised (expected a/b)
pipeline.yml:7: inputs.server[3]: "x*" is a pattern (expected one path; a folder stands for all \
that is in it)
pipeline.yml:8: inputs.tests: expected a list of paths, found text
pipeline.yml:11: checks.unit.inputs[0]: "sever" is not an input set (did you mean "server"?)
pipeline.yml:12: checks.unit.command: expected a list of arguments, not one string
pipeline.yml:13: checks.unit.timeout: "2 minutes" is not a duration (expected 30s, 5m, 1h or the \
like)
pipeline.yml:14: checks.unit.attempts: "010" is no good (expected a whole number from 1 to 10)
pipeline.yml:15: checks.both: has both a command and a rule (expected exactly one of them)
pipeline.yml:16: checks.unit: stands twice, first on line 10 (expected once)
pipeline.yml:20: images.web.dockerfile: expected text or {candidate, release}, found a list
pipeline.yml:21: images.web.binary: "cli" is not the binary (there is none)
pipeline.yml:22: registry.path: has no meaning here (expected with kind: local)
pipeline.yml:22: registry.url: is not encrypted (expected https://…, or insecure: true beside it)
pipeline.yml:23: release.changelog: "docs/CHANGES.md" is not among promotion.files (expected there \
as well)
pipeline.yml:24: chart.images.wep: "wep" is not an image (did you mean "web"?)
pipeline.yml:24: chart.images.web: "a.b.c" meets the path of wep (expected one of its own)
pipeline.yml:26: environments.staging.passed: waits for itself: staging → production → staging \
(expected an end to it)
pipeline.yml:27: environments.qa.passed: "stagin" is not an environment (did you mean "staging"?)
pipeline.yml:28: environments.production.gate: "yes" is no good (expected true or false, without \
quotes)
pipeline.yml:29: environments.release: cannot be an environment, since approve:release is the \
release's own gate (expected another name)
28 mistakes; nothing was run."""
    )


@pytest.mark.parametrize(
    "section", ["project", "remotes", "inputs", "registry", "forge", "environments"]
)
def test_what_every_pipeline_needs_is_missed(section: str) -> None:
    text = "".join(
        f"{part}\n"
        for part in changed(**{section: "GONE"}).splitlines()
        if part != f"{section}: GONE"
    )
    assert only_mistake(text) == f"{section}: is missing (expected here)"


def test_a_section_that_is_something_else_is_told_once() -> None:
    assert only_mistake(changed(remotes="[a, b]")) == "remotes: expected a mapping, found a list"
    assert only_mistake(changed(inputs="web")) == "inputs: expected a mapping, found text"
    assert only_mistake(changed(forge="true")) == "forge: expected a mapping, found a yes or no"


def test_a_misspelt_section_is_told_once_and_not_again_by_what_uses_it() -> None:
    text = changed(images="{web: {inputs: [web], app: site}}").replace(
        "artifacts: {}",
        "artefacts: {apps: {site: {inputs: [web], env-file: web/.env, variable: V}}}",
    )
    assert only_mistake(text) == 'artefacts: unknown key (did you mean "artifacts"?)'
    assert only_mistake(GOOD.replace("images:\n", "imges:\n")) == (
        'imges: unknown key (did you mean "images"?)'
    )


def test_an_unknown_key_like_no_other_lists_those_there_are() -> None:
    assert (
        only_mistake(changed(gates="{zzz: 1}"))
        == "gates.zzz: unknown key (expected one of: branch, file)"
    )


@pytest.mark.parametrize(
    "name", ["Web", "a b", "a/b", "a:b", "a=b", "-web", "_web", ".web", "é", "", "x" * 101]
)
def test_a_name_becomes_a_task_and_a_file_so_it_is_held_tight(name: str) -> None:
    said = only_mistake(changed(environments=f"{{staging: {{}}, {name!r}: {{}}}}"))
    assert "(expected " in said
    assert said.startswith("environments.")


def test_environments_are_named_as_written_whatever_yaml_thinks_of_the_word() -> None:
    text = changed(
        environments="\n  on: {}\n  no: {passed: on}\n  1: {passed: no}\n  null:\n  0x1f:"
    )
    config = loaded(text)
    assert list(config.environments) == ["on", "no", "1", "null", "0x1f"]
    assert config.environments["no"].passed == "on"


def test_tags_and_values_are_text_as_written() -> None:
    text = changed(
        release="{moving: {candidate: on, release: 010}}",
        checks="{unit: {inputs: [web], command: [make, 1.10, yes, 0o7], env: {A: 1_000, B: no}}}",
    )
    config = loaded(text)
    assert config.release.moving.candidate == "on"
    assert config.release.moving.release == "010"
    assert config.checks["unit"].command == ("make", "1.10", "yes", "0o7")
    assert config.checks["unit"].env == {"A": "1_000", "B": "no"}
