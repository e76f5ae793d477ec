"""Breadcrumbs: only `commit_ref` is renewed; a missing one is added in its full form."""

from __future__ import annotations

import pytest

from tasks.chart.bump import (
    Crumb,
    Edit,
    Origin,
    bump,
    git_ref_path,
    old_ref,
    read_crumb,
    renew,
)
from tasks.kernel.errors import SlipwayError

OLD = "sha256:" + "0" * 64
NEW = "sha256:" + "f" * 64
URL = "https://git.example.com/lana/lana-bank"
ORIGIN = Origin(URL, "lana-bank")
FULL = f"# METADATA:: repository={URL};commit_ref=5c1f0ae;app=lana-bank;"

# the comment, what it says
READ = {
    "full": (FULL, Crumb(URL, "5c1f0ae", "lana-bank")),
    "with a subdirectory": (
        f"# METADATA:: repository={URL};commit_ref=5c1f0ae;app=a;monorepo_subdir=core/a;",
        Crumb(URL, "5c1f0ae", "a", (("monorepo_subdir", "core/a"),)),
    ),
    "with a target": (
        f"# METADATA:: repository={URL};commit_ref=5c1f0ae;app=a;buck_target_pattern=//core/a;",
        Crumb(URL, "5c1f0ae", "a", (("buck_target_pattern", "//core/a"),)),
    ),
    "a comma for a semicolon": (
        f"# METADATA:: repository={URL},commit_ref=5c1f0ae,app=a;",
        Crumb(URL, "5c1f0ae", "a"),
    ),
    "short": (f"# METADATA:: repository={URL};commit_ref=5c1f0ae", Crumb(URL, "5c1f0ae")),
    "without a blank": ("#METADATA::commit_ref=5c1f0ae;", Crumb("", "5c1f0ae")),
    "with blanks": ("# METADATA:: commit_ref=5c1f0ae ; app=a ;", Crumb("", "5c1f0ae", "a")),
    "behind another comment": (f"# by hand {FULL}", Crumb(URL, "5c1f0ae", "lana-bank")),
    "a comma in the address": (
        "# METADATA:: repository=https://h/a,b;commit_ref=5c1f0ae;app=a;",
        Crumb("https://h/a,b", "5c1f0ae", "a"),
    ),
    "a key that ends alike": (
        "# METADATA:: old_commit_ref=1;commit_ref=5c1f0ae;",
        Crumb("", "5c1f0ae", "", (("old_commit_ref", "1"),)),
    ),
    "an empty reference": ("# METADATA:: commit_ref=;app=a;", Crumb("", "", "a")),
}


@pytest.mark.parametrize("blanks", [" ", "  ", "\t", ""])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
@pytest.mark.parametrize("case", READ.values(), ids=READ)
def test_every_form_is_read_and_only_its_reference_renewed(
    case: tuple[str, Crumb], end: str, blanks: str
) -> None:
    comment, crumb = case
    text = f'a:\n  digest: "{OLD}"{blanks}{comment}{end}'.encode()
    assert read_crumb(text, "a.digest") == crumb
    made = bump(text, [Edit("a.digest", NEW)], ref="abc1234", origin=ORIGIN)
    renewed = comment.replace(f"commit_ref={crumb.commit_ref}", "commit_ref=abc1234")
    if "old_commit_ref" in comment:
        renewed = "# METADATA:: old_commit_ref=1;commit_ref=abc1234;"
    assert made == f'a:\n  digest: "{NEW}"{blanks}{renewed}{end}'.encode()
    assert old_ref(made, "a.digest") == "abc1234"


# the line before and after a bump that adds what is missing
ADDED = {
    "after one blank": (f'digest: "{OLD}"\n', f'digest: "{NEW}" {FULL}\n'),
    "with CRLF": (f"digest: '{OLD}'\r\n", f"digest: '{NEW}' {FULL}\r\n"),
    "at the end of the file": (f"digest: {OLD}", f"digest: {NEW} {FULL}"),
    "before blanks that stay": (f"digest: {OLD} \t\n", f"digest: {NEW} {FULL} \t\n"),
    "behind a comment": (f"digest: {OLD}  # mine\n", f"digest: {NEW}  # mine {FULL}\n"),
    "to a digest that was empty": ("digest:\nb: 1\n", f"digest: {NEW} {FULL}\nb: 1\n"),
    "behind the braces": (f"{{digest: {OLD}, b: '#'}}\n", f"{{digest: {NEW}, b: '#'}} {FULL}\n"),
    "in braces of several lines": (f"{{digest: {OLD},\nb: 1}}", f"{{digest: {NEW}, {FULL}\nb: 1}}"),
}


@pytest.mark.parametrize("case", ADDED.values(), ids=ADDED)
def test_a_missing_breadcrumb_is_added_when_asked(case: tuple[str, str]) -> None:
    before, after = case
    edits = [Edit("digest", NEW)]
    assert bump(before.encode(), edits, ref="5c1f0ae", origin=ORIGIN).decode() == after
    without = bump(before.encode(), edits, ref="5c1f0ae").decode()
    assert without == after.replace(f" {FULL}", "")


def test_only_digests_get_a_breadcrumb() -> None:
    text = f"tag: v1\nimage: {OLD}\n".encode()
    made = bump(text, [Edit("tag", "v2"), Edit("image", NEW)], ref="5c1f0ae", origin=ORIGIN)
    assert made == f"tag: v2\nimage: {NEW} {FULL}\n".encode()


def test_only_the_lines_that_are_set_are_renewed() -> None:
    text = f"a: {{digest: {OLD}}} {FULL}\nb: {{digest: {OLD}}} {FULL}\n".encode()
    made = bump(text, [Edit("b.digest", NEW)], ref="abc1234")
    assert made == text[: text.index(b"b: ")] + (
        f"b: {{digest: {NEW}}} {FULL}\n".replace("5c1f0ae", "abc1234").encode()
    )
    assert bump(text, [Edit("b.digest", NEW)]).count(b"5c1f0ae") == 2


def test_two_images_on_one_line_share_their_breadcrumb() -> None:
    text = f"[{{digest: {OLD}}}, {{digest: {OLD}}}]"
    edits = [Edit("0.digest", NEW), Edit("1.digest", OLD)]
    made = bump(text.encode(), edits, ref="5c1f0ae", origin=ORIGIN)
    assert made.decode() == f"[{{digest: {NEW}}}, {{digest: {OLD}}}] {FULL}"
    again = bump(made, edits, ref="abc1234", origin=ORIGIN)
    assert again == made.replace(b"5c1f0ae", b"abc1234")


def test_renewing_leaves_the_values() -> None:
    text = f"digest: {OLD} {FULL}\nb: {OLD}\n".encode()
    assert renew(text, ["digest", "b"], "abc1234") == text.replace(b"5c1f0ae", b"abc1234")
    added = renew(text, ["b"], "abc1234", origin=ORIGIN)
    assert added.endswith(f"b: {OLD} {FULL}\n".replace("5c1f0ae", "abc1234").encode())
    assert renew(added, ["b"], "abc1234", origin=ORIGIN) == added


def test_a_breadcrumb_inside_of_a_value_is_none() -> None:
    text = f"digest: '{OLD}'\na: 'x {FULL}'\nb: [y, '{FULL}', z]\nc: |\n  x {FULL}\n".encode()
    for path in ("digest", "a", "b.0", "b.2", "c"):
        assert read_crumb(text, path) is None
    assert renew(text, ["digest", "a", "b.0"], "abc1234") == text


@pytest.mark.parametrize("comment", ["# METADATA:: app=a;", "# METADATA::"])
def test_a_breadcrumb_without_a_commit_cannot_be_renewed(comment: str) -> None:
    with pytest.raises(SlipwayError, match="commit_ref nowhere") as raised:
        bump(f"digest: {OLD} {comment}\n".encode(), [Edit("digest", NEW)], ref="abc1234")
    assert raised.value.where == "values.yaml:1"
    with pytest.raises(SlipwayError, match="commit_ref 2 times"):
        renew(f"a: x {FULL} {FULL}\n".encode(), ["a"], "abc1234")


@pytest.mark.parametrize("ref", ["", "-x", "a;app=b", "a b", "a\nb", "a,b", "..", "é", "a#b"])
def test_a_reference_that_would_break_the_comment_is_refused(ref: str) -> None:
    for text in (f"digest: {OLD} {FULL}\n", f"digest: {OLD}\n"):
        with pytest.raises(SlipwayError, match="no reference"):
            bump(text.encode(), [Edit("digest", NEW)], ref=ref)


@pytest.mark.parametrize("value", ["", "a;b", "a b", "a\nb: c", "a\u2028b", "a,b", "a\udc80"])
def test_an_origin_that_would_break_the_comment_is_refused(value: str) -> None:
    for origin in (Origin(value, "app"), Origin(URL, value)):
        with pytest.raises(SlipwayError, match="cannot stand as"):
            bump(f"digest: {OLD}\n".encode(), [Edit("digest", NEW)], ref="abc", origin=origin)


def test_where_no_comment_can_stand_none_is_added() -> None:
    text = f"{{digest: {OLD}, b: 'x\n  y'}}\n".encode()
    assert bump(text, [Edit("digest", NEW)], ref="abc") == text.replace(b"0" * 64, b"f" * 64)
    with pytest.raises(SlipwayError, match="cannot be made in place"):
        bump(text, [Edit("digest", NEW)], ref="abc", origin=ORIGIN)
    with pytest.raises(SlipwayError, match="block of several lines"):
        renew(f"digest: >-\n  {OLD}\n".encode(), ["digest"], "abc", origin=ORIGIN)


def test_the_old_reference_may_stand_beside_the_digest() -> None:
    text = f'i:\n- digest: {OLD}\n  git_ref: "5c1f0ae" # Not used by helm\n'.encode()
    assert old_ref(text, "i.0.digest") == "5c1f0ae"
    beside = git_ref_path(text, "i.0.digest")
    assert beside == "i.0.git_ref"
    made = bump(text, [Edit("i.0.digest", NEW), Edit(beside, "1234567")], ref="1234567")
    assert made == text.replace(b"5c1f0ae", b"1234567").replace(b"0" * 64, b"f" * 64)


def test_the_breadcrumb_goes_before_what_stands_beside() -> None:
    assert old_ref(f"digest: {OLD} {FULL}\ngit_ref: other\n".encode(), "digest") == "5c1f0ae"
    short = "# METADATA:: app=a;"
    assert old_ref(f"digest: {OLD} {short}\ngit_ref: other\n".encode(), "digest") == "other"


def test_an_old_reference_that_nothing_names_is_none() -> None:
    assert old_ref(f"digest: {OLD} # mine\n".encode(), "digest") is None
    assert old_ref(f"digest: {OLD}\ngit_ref: ''\n".encode(), "digest") is None
    assert git_ref_path(b"a: x\ngit_ref: {b: 1}\n", "a") is None
    assert git_ref_path(b"[x, y]", "0") is None
    with pytest.raises(SlipwayError, match="does not exist"):
        old_ref(b"a: x\n", "b")
