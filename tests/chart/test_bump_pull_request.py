"""The words of a bump's pull request."""

from __future__ import annotations

import pytest

from tasks.chart.bump import Bumped, pull_request
from tasks.chart.bump.pull_request import web_address
from tasks.kernel.errors import SlipwayError

ONE = "sha256:" + "1" * 64
TWO = "sha256:" + "2" * 64
URL = "https://github.com/GaloyMoney/lana-bank"


def body(*images: Bumped, repository: str = URL, ref: str = "e348f09") -> str:
    return pull_request(chart="lana-bank", ref=ref, repository=repository, images=images).body


def test_it_names_the_digests_and_compares_old_with_new() -> None:
    images = [Bumped("server", ONE, "5c1f0ae"), Bumped("admin-panel", TWO, "5c1f0ae")]
    made = pull_request(
        chart="lana-bank", ref="e348f09", repository=URL, images=images, version="0.42.0"
    )
    assert made.title == "chore-bump-lana-bank-image-e348f09"
    assert made.body == (
        "Bumps the images of `lana-bank` 0.42.0 to what was built from `e348f09`.\n"
        "\n"
        "| image | digest |\n"
        "| --- | --- |\n"
        f"| `server` | `{ONE}` |\n"
        f"| `admin-panel` | `{TWO}` |\n"
        "\n"
        "Code changes:\n"
        "\n"
        f"- [5c1f0ae...e348f09]({URL}/compare/5c1f0ae...e348f09)\n"
    )


def test_an_unknown_old_reference_is_said() -> None:
    for old in ("", "<not a ref>"):
        said = body(Bumped("server", ONE, old))
        assert "- the reference before `e348f09` is not known\n" in said
        assert "compare" not in said


def test_images_of_different_age_are_compared_each() -> None:
    said = body(Bumped("a", ONE, "1111111"), Bumped("b", TWO), Bumped("c", TWO, "e348f09"))
    assert f"- `a`: [1111111...e348f09]({URL}/compare/1111111...e348f09)\n" in said
    assert "- `b`: the reference before `e348f09` is not known\n" in said
    assert "- `c`: none, `e348f09` was there before\n" in said


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        (URL, URL),
        (f"{URL}.git", URL),
        (f"{URL}/", URL),
        ("git@github.com:GaloyMoney/lana-bank.git", URL),
        ("ssh://git@github.com/GaloyMoney/lana-bank.git", URL),
        ("/srv/remotes/source.git", ""),
        ("file:///srv/source.git", ""),
        ("https://user:secret@github.com/a/b", ""),
        ("https://h/a)b", ""),
        ("", ""),
    ],
)
def test_only_an_address_for_browsers_is_linked(repository: str, address: str) -> None:
    assert web_address(repository) == address
    said = body(Bumped("a", ONE, "5c1f0ae"), repository=repository)
    assert ("](" in said) == bool(address)
    assert "5c1f0ae...e348f09" in said
    assert "secret" not in said


def test_hostile_names_stay_in_their_cell() -> None:
    said = body(Bumped("a`|b\n# c", ONE))
    assert r"| `a'\|b # c` |" in said


def test_a_hostile_reference_is_refused() -> None:
    with pytest.raises(SlipwayError, match="no reference"):
        body(Bumped("a", ONE), ref="a](http://h)")
