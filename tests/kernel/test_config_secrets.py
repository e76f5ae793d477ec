"""Nothing secret may stand in `pipeline.yml`, and no message repeats what might be one."""

from __future__ import annotations

import pytest

from tests.kernel.test_config_mistakes import changed, only_mistake, refused

SECRETS = [
    "https://me:hunter2@example.org/x.git",
    "https://:hunter2@example.org/x.git",
    "ssh://me:hunter2@example.org/x.git",
    "postgres://me:hunter2@localhost/db",
    "https://ghp_hunter2hunter2hunter2hunter2@example.org/x.git",
    "-----BEGIN RSA PRIVATE KEY----- hunter2",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "sections",
    [
        {"project": "'S'"},
        {"gates": "{branch: 'S'}"},
        {"gates": "{'S': x}"},
        {"gates": "'S'"},
        {"inputs": "{web: ['S']}"},
        {"inputs": "{web: 'S'}"},
        {"registry": "{kind: 'S'}"},
        {"checks": "{unit: {inputs: [web], command: 'S'}}"},
        {"checks": "{unit: {inputs: [web], command: ['S', 'S']}}"},
        {"checks": "{unit: {inputs: [web], command: [make], env: {A: 'S'}}}"},
        {"checks": "{unit: {inputs: [web], command: [make], timeout: 'S', attempts: 'S'}}"},
        {"environments": "{staging: {gate: 'S', passed: 'S'}}"},
        {"chart": "{path: c, images: {'S': 'S'}}"},
    ],
)
def test_a_secret_is_refused_wherever_it_stands_and_never_shown(
    secret: str, sections: dict[str, str]
) -> None:
    text = changed(**{name: value.replace("S", secret) for name, value in sections.items()})
    said = refused(text)
    assert "hunter2" not in said
    assert "passwords and tokens come from the environment" in said
    assert all(": holds " in line for line in said.splitlines()[:-1])


def test_a_password_that_only_git_would_understand_is_not_shown_either() -> None:
    url = "me:hunter2@example.org:x.git"
    remotes = f"{{source: {{url: '{url}'}}, charts: {{url: c}}, deployments: {{url: d}}}}"
    said = only_mistake(changed(remotes=remotes))
    assert "holds a password" in said
    assert "hunter2" not in said


def test_a_long_or_unprintable_text_is_shown_short_and_on_one_line() -> None:
    said = only_mistake(changed(project='"' + "X" * 500 + '"'))
    assert '"' + "X" * 59 + '…" is longer' in said
    assert '"a\\nb\\u202e" is not a name' in only_mistake(changed(project='"a\\nb\\u202e"'))
