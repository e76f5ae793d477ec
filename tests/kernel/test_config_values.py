"""What may stand in a check, an image, a registry, a forge, and what may not."""

from __future__ import annotations

import pytest

from tests.kernel.test_config_mistakes import changed, loaded, only_mistake


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("{inputs: [web]}", "has neither command nor rule (expected exactly one of them)"),
        ("", "has neither command nor rule (expected exactly one of them)"),
        ("{command: [make]}", "inputs: is missing (expected here)"),
        ("{inputs: [], command: [make]}", "inputs: is empty (expected a list of input sets)"),
        ("{inputs: [web, web], command: [make]}", 'inputs[1]: "web" stands twice'),
        ("{inputs: [web], command: make}", "command: expected a list of arguments, not one string"),
        ("{inputs: [web], command: }", "command: expected a list of arguments, found nothing"),
        ("{inputs: [web], command: []}", "command: is empty (expected a list of arguments)"),
        (
            "{inputs: [web], command: [-x]}",
            'command[0]: "-x" is not a program (expected the name of one, or its path)',
        ),
        ("{inputs: [web], command: [make, [a]]}", "command[1]: expected text, found a list"),
        ("{inputs: [web], command: [make, ~]}", "command[1]: expected text, found nothing"),
        (
            '{inputs: [web], command: [make, "a\\0b"]}',
            'command[1]: "a\\x00b" has a NUL character, which no program can be given'
            " (expected text)",
        ),
        (
            "{rule: spelling}",
            'rule: "spelling" is unknown (expected conventional-commits or promote-files or'
            " pull-limit)",
        ),
        ("{rule: pull-limit}", "limit: is missing (expected here)"),
        (
            "{rule: pull-limit, limit: 0}",
            'limit: "0" is no good (expected a whole number from 1 to 1000)',
        ),
        (
            "{rule: promote-files, limit: 2}",
            "limit: has no meaning here (expected beside rule: pull-limit)",
        ),
        (
            "{rule: promote-files, guards: candidate}",
            "guards: promote-files looks at pull requests alone (expected pull-request)",
        ),
        (
            "{rule: conventional-commits, after: [x]}",
            "after: has no meaning for a rule (expected beside a command)",
        ),
        (
            "{inputs: [web], command: [make], before: make}",
            "before: expected a list of arguments, not one string",
        ),
        (
            "{inputs: [web], command: [make], guards: main}",
            'guards: "main" is unknown (expected pull-request or candidate)',
        ),
        (
            "{inputs: [web], command: [make], guards: []}",
            "guards: is empty (expected a list of what it guards)",
        ),
        (
            "{inputs: [web], command: [make], artifacts: [.]}",
            'artifacts[0]: "." is the whole tree (expected a path in it)',
        ),
        (
            "{inputs: [web], command: [make], artifacts: [../x]}",
            'artifacts[0]: "../x" leads out of its folder'
            " (expected a relative path without '..')",
        ),
        (
            "{inputs: [web], command: [make], secrets: [A-B]}",
            'secrets[0]: "A-B" is not a variable'
            " (expected letters, digits and '_', no digit first)",
        ),
        (
            "{inputs: [web], command: [make], from: {uint: x}}",
            'from.uint: "uint" is not a check (did you mean "unit"?)',
        ),
        (
            "{inputs: [web], command: [make], from: {unit: x}, artifacts: [a]}",
            "from: needs its own artifacts, by way of others (expected an end to it)",
        ),
        (
            "{rule: conventional-commits, attempts: 2}",
            "attempts: has no meaning for a rule (expected beside a command)",
        ),
        (
            "{inputs: [web], command: [make], attempts: 11}",
            'attempts: "11" is no good (expected a whole number from 1 to 10)',
        ),
        (
            '{inputs: [web], command: [make], attempts: "2"}',
            'attempts: "2" is no good (expected a whole number from 1 to 10)',
        ),
        (
            "{inputs: [web], command: [make], env: {A-B: x}}",
            "env.A-B: \"A-B\" is not a variable (expected letters, digits and '_', no digit first)",
        ),
    ],
)
def test_checks(check: str, said: str) -> None:
    message = only_mistake(changed(checks=f"{{unit: {check}}}"))
    assert message in {f"checks.unit: {said}", f"checks.unit.{said}"}


def test_a_check_is_told_of_under_a_name_of_its_own() -> None:
    rule = "rule: conventional-commits"
    told = loaded(changed(checks=f"{{a: {{{rule}, status: ci/a}}, b: {{{rule}}}}}")).checks
    assert (told["a"].status, told["b"].status) == ("ci/a", "")
    message = only_mistake(changed(checks=f"{{a: {{{rule}}}, b: {{{rule}, status: slipway/a}}}}"))
    assert message == ('checks.b.status: is how "a" is told of as well (expected another name)')


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30s", 30.0), ("5m", 300.0), ("1h", 3600.0), ("24h", 86400.0), ("090s", 90.0)],
)
def test_durations_are_seconds(written: str, seconds: float) -> None:
    text = changed(checks=f"{{unit: {{inputs: [web], command: [make], timeout: {written}}}}}")
    assert loaded(text).checks["unit"].timeout == seconds


@pytest.mark.parametrize(
    "written", ["120", "0s", "25h", "1.5h", "-5m", "5 m", "1h30m", "٣s", "[5m]"]
)
def test_a_duration_without_a_unit_or_out_of_range_is_a_mistake(written: str) -> None:
    text = changed(checks=f"{{unit: {{inputs: [web], command: [make], timeout: {written}}}}}")
    assert only_mistake(text).startswith("checks.unit.timeout: ")


def test_a_rule_needs_no_inputs() -> None:
    assert loaded(changed(checks="{c: {rule: conventional-commits}}")).checks["c"].inputs == ()


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("{inputs: [wep]}", 'inputs[0]: "wep" is not an input set (did you mean "web"?)'),
        ("{inputs: [web], app: site}", 'app: "site" is not an app (there is none)'),
        ("{inputs: [web], dockerfile: {candidate: A}}", "dockerfile.release: is missing (expected"),
        ("{inputs: [web], dockerfile: .}", 'dockerfile: "." is a folder (expected a file)'),
        ("{inputs: [web], context: ../x}", 'context: "../x" leads out of its folder (expected'),
        ("{inputs: [web], context: .git}", 'context: ".git" is inside git\'s own folder (expected'),
        ("{inputs: [web], repository: Shop/web}", 'repository: "Shop/web" is not an image repo'),
        ("{inputs: [web], args: [A]}", "args: expected a mapping, found a list"),
        ("{inputs: [web], args: {A: {}}}", "args.A: expected text, found a mapping"),
        ("{inputs: [web], base: x.org/y:1}", 'base: "x.org/y:1" is not pinned by its digest'),
    ],
)
def test_images(image: str, said: str) -> None:
    text = changed(images=f"{{web: {image}}}")
    assert only_mistake(text).startswith(f"images.web.{said}")


def test_a_base_is_pinned_and_said_once() -> None:
    base = f"x.org/team/python@sha256:{'a' * 64}"
    text = changed(images=f"{{web: {{inputs: [web], base: '{base}'}}}}")
    assert loaded(text).images["web"].base == base
    both = text.replace("inputs: [web],", "inputs: [web], args: {BASE: scratch},", 1)
    said = "images.web: both base and args.BASE say what it is built on (expected one of them)"
    assert only_mistake(both) == said


def test_an_image_name_that_no_registry_takes_needs_a_repository() -> None:
    text = "{web: {inputs: [web]}, web._x: {inputs: [web]}}"
    said = only_mistake(changed(images=text))
    assert said.startswith("images.web._x: is not an image repository")
    assert said.endswith("a repository: beside it can differ")
    fixed = text.replace("web._x: {", "web._x: {repository: web-x, ")
    assert loaded(changed(images=fixed)).images["web._x"].repository == "web-x"


@pytest.mark.parametrize(
    ("section", "value", "said"),
    [
        ("registry", "{kind: http}", "registry.url: is missing (expected here)"),
        ("registry", "{kind: ftp}", 'registry.kind: "ftp" is unknown (expected local or http)'),
        (
            "registry",
            "{kind: local, path: r, insecure: true}",
            "registry.insecure: has no meaning here (expected with kind: http)",
        ),
        (
            "registry",
            "{kind: http, url: gcr.io}",
            'registry.url: "gcr.io" is not a URL (expected https://HOST, http:// only for this'
            " machine)",
        ),
        ("registry", "{kind: local, path: /srv/r}", 'registry.path: "/srv/r" is an absolute path'),
        ("forge", "{kind: github}", "forge.repository: is missing (expected here)"),
        (
            "forge",
            "{kind: github, repository: a/b, path: x}",
            "forge.path: has no meaning here (expected with kind: local)",
        ),
        (
            "forge",
            "{kind: github, repository: a/b, api: 'http://example.org'}",
            "forge.api: would send the token in the clear (expected https://…)",
        ),
        ("promotion", "{files: []}", "promotion.files: is empty (expected a list)"),
        ("promotion", "{labels: ['a,b']}", 'promotion.labels[0]: "a,b" is not a label'),
        ("promotion", "{title: 'rc {number}'}", 'promotion.title: "rc {number}" has a placeholder'),
        ("release", "{tag-prefix: -v}", 'release.tag-prefix: "-v" cannot stand before a version'),
        ("release", "{tag-prefix: v1}", 'release.tag-prefix: "v1" cannot stand before a version'),
        (
            "release",
            "{moving: {candidate: 1.2.3}}",
            'release.moving.candidate: "1.2.3" looks like a version',
        ),
    ],
)
def test_values(section: str, value: str, said: str) -> None:
    assert only_mistake(changed(**{section: value})).startswith(said)


def test_plain_http_is_for_this_machine_or_for_those_who_say_so() -> None:
    for url, more in (("http://127.0.0.1:5000", ""), ("http://example.org", ", insecure: true")):
        text = changed(registry=f"{{kind: http, url: '{url}'{more}}}")
        assert loaded(text).registry.url == url
    api = "http://localhost:8080/api/v3"
    text = changed(forge=f"{{kind: github, repository: a/b, api: '{api}'}}")
    assert loaded(text).forge.api == api


def test_the_artifacts_of_a_check_go_to_another() -> None:
    shots = "shots: {inputs: [web], command: [x], artifacts: [out]}"
    docs = "docs: {inputs: [web], command: [x], from: {shots: site/img}}"
    config = loaded(changed(checks=f"{{{shots}, {docs}}}"))
    assert config.checks["docs"].from_ == {"shots": "site/img"}
    assert config.checks["shots"].artifacts == ("out",)
    none = "{shots: {inputs: [web], command: [x]}, docs: {inputs: [web], command: [x],"
    assert only_mistake(changed(checks=f"{none} from: {{shots: .}}}}}}")) == (
        'checks.docs.from.shots: "shots" keeps no artifacts (expected some there)'
    )


@pytest.mark.parametrize(
    ("written", "guards"),
    [
        ("", ("pull-request", "candidate")),
        (", guards: candidate", ("candidate",)),
        (", guards: [candidate, pull-request]", ("candidate", "pull-request")),
    ],
)
def test_what_a_check_guards(written: str, guards: tuple[str, ...]) -> None:
    config = loaded(changed(checks=f"{{c: {{inputs: [web], command: [x]{written}}}}}"))
    assert config.checks["c"].guards == guards
    assert config.candidate_checks == (("c",) if "candidate" in guards else ())


def test_two_checks_share_no_place() -> None:
    both = "{inputs: [web], command: [x]}"
    said = only_mistake(changed(checks=f"{{a: {both}, a.json: {both}}}"))
    assert said == 'checks.a.json: collides with the facts of "a" (expected another name)'
