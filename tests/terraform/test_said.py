"""A failure for want of credentials names what Terraform was not shown; another one does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.kernel.errors import Failed
from tasks.terraform import said
from tests.terraform.conftest import Root
from tests.terraform.test_program import data, runs

HIDDEN = ["CLOUDFLARE_API_TOKEN", "GITHUB_TOKEN", "VAULT_TOKEN"]


def fix(words: str, hidden: list[str]) -> str:
    return said.failure("terraform plan", [said.Diagnostic(words, "")], [], "root", "", hidden).fix


@pytest.mark.parametrize(
    "words",
    [
        'must provide exactly one of "api_key", "api_token" or "api_user_service_key"',
        "no vault token set on Client",
        "api_key and app_key must be set unless validate = false",
        "missing Honeycomb API Key",
        "GET https://api.example.org/zones: 401",
        "googleapi: Error 403: The caller does not have permission, forbidden",
        "No valid credential sources found",
        "Unauthorized",
    ],
)
def test_words_of_providers_that_nobody_told_who_we_are(words: str) -> None:
    assert "; Terraform was not shown CLOUDFLARE_API_TOKEN, " in fix(words, HIDDEN)
    assert "such as [CLOUDFLARE_API_TOKEN]" in fix(words, HIDDEN)
    assert "not shown" not in fix(words, [])


def test_what_is_named_comes_first_and_not_too_many() -> None:
    told = fix("set VAULT_TOKEN: no token", HIDDEN)
    assert "not shown VAULT_TOKEN, CLOUDFLARE_API_TOKEN, GITHUB_TOKEN:" in told
    assert "such as [VAULT_TOKEN]" in told
    many = [f"A{number:02}_TOKEN" for number in range(30)]
    assert "A09_TOKEN, …:" in fix("Unauthorized", many)


@pytest.mark.parametrize(
    "words", ["Reference to undeclared local value", "Unexpected token", "the disk is full"]
)
def test_other_failures_do_not_name_any(words: str) -> None:
    assert fix(words, HIDDEN) == "mend that in the deployments repository, then run the same again"


def test_a_failure_for_want_of_credentials_names_what_was_hidden(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "github-very-secret")
    monkeypatch.setenv("HONEYCOMB_API_KEY", "honeycomb-very-secret")
    says = 'echo "no API key: set HONEYCOMB_API_KEY"; exit 1'
    with pytest.raises(Failed) as caught:
        root.applied(data("a", f"triggers_replace = 1\n{runs(says)}"))
    assert "Terraform was not shown HONEYCOMB_API_KEY, " in caught.value.fix
    assert "deployments.secrets or environments.ENV.secrets" in caught.value.fix
    assert "such as [HONEYCOMB_API_KEY]" in caught.value.fix
    assert "very-secret" not in str(caught.value)
    seeing = replace(root.terraform, secrets=("HONEYCOMB_API_KEY", "GITHUB_TOKEN"))
    seeing.plan(tmp_path / "plan")
    with pytest.raises(Failed) as caught:
        seeing.apply(tmp_path / "plan")
    assert "HONEYCOMB_API_KEY, " not in caught.value.fix
    with pytest.raises(Failed) as caught:
        root.applied(data("a", f"triggers_replace = 2\n{runs('echo the disk is full; exit 1')}"))
    assert "was not shown" not in caught.value.fix
