"""The configuration is read as text, and refused where the original refuses it."""

from __future__ import annotations

import pickle

import pytest

from tasks.kernel.errors import WrongUsage
from tasks.promotion.engine.config import parse
from tasks.promotion.engine.globs import BadGlob


def test_scalars_are_the_text_as_written() -> None:
    config = parse(b"environments: {1: {latest: [5, on, 1e3]}, no: {passed: 1}, y: {passed: null}}")
    assert list(config.environments) == ["1", "no", "y"]
    assert config.environments["1"].latest == ("5", "on", "1e3")
    assert config.environments["no"].passed == "1"
    assert config.environments["y"].passed is None


def test_the_last_of_a_repeated_key_counts_and_merge_keys_are_plain_keys() -> None:
    config = parse(
        b"base: &b {latest: [x]}\nenvironments:\n  a: {latest: [y]}\n  a:\n    <<: *b\n    new: 1\n"
    )
    assert config.environments["a"].latest == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "deployment: x",
        "environments:",
        "environments: {dev: }",
        "environments: {dev: {latest: }}",
        "environments: {dev: {latest: a}}",
        "environments: {dev: {latest: [[a]]}}",
        "environments: {dev: {ignore_queue: yes}}",
        "environments: {dev: {ignore_queue: 'true'}}",
        "environments: {}\n---\nenvironments: {}",
        "environments: {",
        "environments: {[a]: {}}",
        "environments: {}\ndeployment: ../x",
        "environments: {}\ndeployment: /x",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        parse(text.encode())
    assert "cepler.yml" in str(refused.value)


def test_aliases_of_aliases_are_read_once() -> None:
    lines = ["a0: &a0 [x]"]
    for n in range(1, 60):
        lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]")
    config = parse("\n".join([*lines, "environments: {dev: {latest: *a0}}"]).encode())
    assert config.environments["dev"].latest == ("x",)


def test_an_alias_of_what_it_stands_in_is_refused() -> None:
    with pytest.raises(WrongUsage, match="nested too deeply"):
        parse(b"environments: {}\nself: &a [*a]")


@pytest.mark.parametrize("deep", ["[" * 100_000, "- " * 100_000 + "x", "[" * 3000 + "]" * 3000])
def test_what_is_nested_without_end_is_refused_in_words(deep: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        parse(f"environments: {{}}\nx:\n  {deep}\n".encode())
    told = f"{refused.value.what} {refused.value.detail}"
    assert "nested too deeply" in told or "lists and maps in one another" in told


def test_a_long_file_that_is_not_deep_is_read() -> None:
    names = ", ".join(f"e{n}: {{latest: ['{{a,b}}/*']}}" for n in range(3000))
    assert len(parse(f"environments: {{{names}}}".encode()).environments) == 3000


def test_an_upstream_must_be_defined() -> None:
    with pytest.raises(WrongUsage, match="Previous environment 'x' not defined"):
        parse(b"environments: {dev: {passed: x}}")


def test_an_empty_map_an_empty_environment_and_a_cycle_are_legal() -> None:
    assert parse(b"environments: {}").environments == {}
    assert parse(b"environments: {dev: {passed: dev}}").environments["dev"].passed == "dev"


def test_the_state_folder_lies_beside_the_file_and_is_never_part_of_an_environment() -> None:
    config = parse(
        b"deployment: shop\nenvironments: {v1.2: {latest: ['**/*', '.*/**']}}", "a/c.yml"
    )
    assert config.state_path("v1.2") == "a/.cepler/shop/v1.2.state"
    assert config.is_own_file("a/c.yml")
    assert config.is_own_file("a/.cepler/shop/x.state")
    assert not config.is_own_file("a/.cepler/other/x.state")
    assert not config.is_own_file("a/.cepler/shop/deeper/x.state")


def test_bad_globs_and_bytes_are_told_in_words() -> None:
    with pytest.raises(WrongUsage, match="UTF-8"):
        parse(b"environments: {\xff: {}}")


def test_a_bad_glob_is_told_with_its_file_and_environment() -> None:
    config = parse(b"environments: {qa: {latest: ['a***'], propagated: ['b[']}}", "ops/c.yml")
    environment = config.environment("qa")
    with pytest.raises(BadGlob) as caught:
        config.latest(environment)
    assert str(caught.value).startswith(
        "ops/c.yml: environments.qa.latest: the pattern 'a***' is not valid: wildcards"
    )
    with pytest.raises(BadGlob) as caught:
        config.propagated(environment)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert again.where == "ops/c.yml: environments.qa.propagated"
