"""Secrets are found by their names, and no part of one is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.kernel import journal, paths, programs
from tasks.kernel.redact import MASK, declare, redact, secret_names, without_secrets

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\nc2VjcmV0LWxpbmU=\n-----END-----\n"


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "CI_JOB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "REGISTRY_PASSWORD",
        "GPG_PASSPHRASE",
        "CACHIX_SIGNING_KEY",
        "SSH_PRIVATE_KEY",
        "DEPLOY_KEY",
        "GIT_TOKEN",
        "GH_PAT",
        "REGISTRY_AUTH",
        "npm_config__auth",
        "api_key",
    ],
)
def test_a_secret_is_known_by_its_name_and_kept_from_programs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "s3cr3t-hunter2")
    assert name in secret_names()
    assert redact("it is s3cr3t-hunter2!") == f"it is {MASK}!"
    assert name not in without_secrets()
    assert without_secrets([name])[name] == "s3cr3t-hunter2"


@pytest.mark.parametrize("name", ["PATH", "AUTHOR", "GIT_AUTHOR_NAME", "KEYBOARD", "COMPASS"])
def test_an_innocent_name_is_left_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "innocent words")
    assert name not in secret_names()
    assert without_secrets()[name] == "innocent words"


def test_the_agents_address_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent.sock")
    assert without_secrets()["SSH_AUTH_SOCK"] == "/run/agent.sock"


def test_of_two_secrets_one_inside_the_other_no_rest_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_TOKEN", "hunter2")
    monkeypatch.setenv("B_TOKEN", "hunter2-and-more")
    assert redact("hunter2-and-more, hunter2") == f"{MASK}, {MASK}"


def test_a_short_value_blanks_out_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "on")
    monkeypatch.setenv("B_TOKEN", "")
    assert redact("going on") == "going on"


def test_a_newline_at_the_end_of_a_secret_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "s3cr3t-hunter2\n")
    assert redact("using s3cr3t-hunter2 now") == f"using {MASK} now"


def test_a_key_of_many_lines_is_masked_line_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log indents what a program says and an error shows its last lines: neither is the value."""
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setenv("SSH_PRIVATE_KEY", KEY)
    with journal.of("task"):
        done = programs.run(["printf", "%s", KEY], cwd=tmp_path)
    shown = (tmp_path / "build/logs/task.log").read_text() + "\n".join(done.tail())
    assert MASK in shown
    for line in KEY.splitlines():
        assert line not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:pass@host/x", f"https://{MASK}@host/x"),
        ("https://me:p@ss@host/x", f"https://{MASK}@host/x"),
        ("https://:pass@host", f"https://{MASK}@host"),
        ("https://ghs_16C7e42F292c6912E7@host/x", f"https://{MASK}@host/x"),
        ("postgres://me:pass@host/x", f"postgres://{MASK}@host/x"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("http://localhost:5000/v2/x@sha256:12", "http://localhost:5000/v2/x@sha256:12"),
        ("git@host:x.git", "git@host:x.git"),
        ("authorization: Basic bWU6cGFzcw==", MASK),
    ],
)
def test_logins_are_masked_without_being_told(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_what_is_said_to_be_a_secret_is_masked_whatever_it_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tasks.kernel.redact._declared", set())
    monkeypatch.setenv("HONEYCOMB_WRITEKEY", "hc-very-hidden")
    declare(["HONEYCOMB_WRITEKEY", "NOT_SET"])
    assert redact("sent hc-very-hidden") == f"sent {MASK}"


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ('pa"ss<wo>rd&\\', r"pa\"ss\u003cwo\u003erd\u0026\\"),  # as Terraform's stream has it
        ('pa"ss<wo>rd&\\', r"pa\\\"ss\u003cwo\u003erd\u0026\\\\"),  # quoted in what that says
        ('pa"ss<wo>rd&\\', r"pa\"ss<wo>rd&\\"),
        ("pässwörd/+", r"p\u00e4ssw\u00f6rd/+"),
        ("pässwörd/+", "p%C3%A4ssw%C3%B6rd/%2B"),
        ("pässwörd/+", "p%C3%A4ssw%C3%B6rd%2F%2B"),
        ("pass word", "pass+word"),
        ("one<1>\ntwo<2>\n", r"one\u003c1\u003e\ntwo\u003c2\u003e\n"),
    ],
)
def test_a_secret_is_masked_as_json_and_addresses_have_it(
    value: str, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", value)
    assert redact(f"at {printed} it") == f"at {MASK} it"


def test_a_secret_that_is_no_text_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", b"hunter<\xff>".decode("utf-8", "surrogateescape"))
    assert redact("at hunter%3C%FF%3E it") == f"at {MASK} it"
