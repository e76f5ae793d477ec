"""Each link is broken in turn: just that one is found, with what is there and what should be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.desk.following import follow
from tasks.desk.links import BROKEN, MISSING, OPEN, UNREAD, Link, shown
from tasks.desk.trace import trace
from tasks.forge import proof_ref
from tasks.kernel.errors import Failed, SlipwayError
from tests.desk.travelled import CHART, VENDORED, Travelled, everywhere, trailed, values
from tests.rooms import edit_json

Break = Callable[[Travelled], None]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Travelled:
    return everywhere(tmp_path_factory.mktemp("travelled") / "shop")


@pytest.fixture
def told(once: Travelled, tmp_path: Path) -> Travelled:
    return once.copy(tmp_path / "shop")


def edited(told: Travelled, environment: str, old: str, new: str, count: int = 1) -> None:
    """Edit a state file by hand."""
    path = f".cepler/shop/{environment}.state"
    text = told.deployments.files(told.deployments.at())[path]
    assert old in text
    told.deployments.commit("edit", {path: text.replace(old, new, count)})


def blob(told: Travelled, path: str) -> str:
    from tasks.kernel import git as g

    return g.text("rev-parse", f"main:{path}", repo=told.deployments.path)


def recorded_values(told: Travelled) -> None:
    edited(told, "staging", blob(told, f"{VENDORED}/values.yaml"), "a" * 40)


def recorded_file(told: Travelled) -> None:
    edited(told, "staging", blob(told, "staging/main.tf"), "a" * 40)


def recorded_origin(told: Travelled) -> None:
    head = told.deployments.at()
    stray = told.deployments.commit("stray", {"x": "x\n"}, ref="refs/heads/stray", onto=head)
    text = told.deployments.files(head)[".cepler/shop/staging.state"]
    entry = text[text.index('"{latest}/staging/main.tf":') :]
    origin = entry.partition("from_commit: ")[2][:40]
    edited(told, "staging", entry, entry.replace(origin, stray))


def recorded_dirty(told: Travelled) -> None:
    edited(told, "staging", "  files:\n", "  any_dirty: true\n  files:\n")


def trigger(told: Travelled) -> None:
    text = told.deployments.files(told.deployments.at())[".cepler/shop/staging.state"]
    head = text.partition("head_commit: ")[2][:40]
    edited(told, "staging", f"head_commit: {head}", f"head_commit: {'b' * 40}")


def other_release_in_the_record(told: Travelled) -> None:
    told.record("staging", trailed(told, "0.3.0", told.charts.at()))


def other_chart_in_the_record(told: Travelled) -> None:
    told.record("staging", trailed(told, "0.2.0", "c" * 40))


def other_digest_in_the_record(told: Travelled) -> None:
    told.digests["web"] = "sha256:" + "d" * 64
    told.record("staging", trailed(told, "0.2.0", told.charts.at()))


def vendored_template(told: Travelled) -> None:
    told.vendor(tampered={"templates/server.yaml": "kind: Backdoor\n"})
    told.record("staging")


def vendored_surplus(told: Travelled) -> None:
    told.vendor(tampered={"templates/more.yaml": "kind: Backdoor\n"})
    told.record("staging")


def vendored_loss(told: Travelled) -> None:
    told.vendor(tampered={"templates/server.yaml": None, "Chart.yaml": "appVersion: 0.2.0\n"})
    told.record("staging")


def vendored_file_taken_away(told: Travelled) -> None:
    """By hand, after the chart was vendored whole: nothing else says that there was one more."""
    told.vendor()
    told.record("staging")
    told.deployments.commit("chore: tidy", {f"{VENDORED}/templates/server.yaml": None})
    told.record("staging")


def lock_of_another(told: Travelled) -> None:
    before = told.charts.at()
    told.charts.commit("fix: a template", {f"{CHART}/templates/server.yaml": "kind: Other\n"})
    told.vendor(locked=before)
    told.record("staging")


def lock_of_nothing(told: Travelled) -> None:
    told.vendor(locked="e" * 40, tampered={"templates/server.yaml": "kind: Other\n"})
    told.record("staging")


def no_lock(told: Travelled) -> None:
    files = {f"{VENDORED}/templates/server.yaml": "kind: Other\n"}
    told.deployments.commit("by hand", {**files, "vendir.lock.yml": None})
    told.record("staging")


def broken_lock(told: Travelled) -> None:
    files = {f"{VENDORED}/templates/server.yaml": "kind: Other\n", "vendir.lock.yml": "[]\n"}
    told.deployments.commit("by hand", files)
    told.record("staging")


def chart_off_the_branch(told: Travelled) -> None:
    head = told.charts.at()
    told.charts.point("refs/heads/elsewhere", head)
    told.charts.point("refs/heads/main", told.charts.at(f"{head}^"))


def chart_lost(told: Travelled) -> None:
    head = told.charts.at()
    told.charts.point("refs/heads/main", told.charts.at(f"{head}^"))


def deliver(told: Travelled, text: str) -> None:
    told.charts.commit("bump", {f"{CHART}/values.yaml": text})
    told.vendor()
    told.record("staging")


def label_revision(told: Travelled) -> None:
    other = told.image("server", "0.2.0", "f" * 40, revised="x")
    deliver(told, values({**told.digests, "server": other}, told.built[:7]))


def label_version(told: Travelled) -> None:
    other = told.image("server", "0.2.0-rc.1", told.built)
    deliver(told, values({**told.digests, "server": other}, told.built[:7]))


def image_lost(told: Travelled) -> None:
    shutil.rmtree(told.root / "world/registry/web")


def no_digest(told: Travelled) -> None:
    deliver(told, values({**told.digests, "web": "latest"}, told.built[:7]))


def no_breadcrumb(told: Travelled) -> None:
    first, _, rest = values(told.digests, told.built[:7]).partition(" # METADATA")
    deliver(told, first + "\n" + rest.partition("\n")[2])


def no_value(told: Travelled) -> None:
    deliver(told, values(told.digests, told.built[:7]).replace("web:", "wab:"))


def breadcrumbs_of_two(told: Travelled) -> None:
    text, older = values(told.digests, told.built[:7]), told.source.at("refs/tags/0.1.0")[:7]
    head, mark, web = text.rpartition("commit_ref=")
    deliver(told, head + mark + web.replace(told.built[:7], older))


def breadcrumb_of_nothing(told: Travelled) -> None:
    deliver(told, values(told.digests, "feedfac"))


def no_app_version(told: Travelled) -> None:
    told.charts.commit("edit", {f"{CHART}/Chart.yaml": "name: shop\nversion: 0.2.0\n"})
    told.vendor()
    told.record("staging")


def tag_moved(told: Travelled) -> None:
    told.source.point("refs/tags/0.2.0", told.source.at("refs/tags/0.1.0"))


def tag_gone(told: Travelled) -> None:
    told.source.point("refs/tags/0.2.0", "")


def unpublished(told: Travelled) -> None:
    edit_json(told.root / "world/forge/releases/0.2.0/release.json", draft=True)


def release_of_another(told: Travelled) -> None:
    edit_json(told.root / "world/forge/releases/0.2.0/release.json", commit="9" * 40)


def release_lost(told: Travelled) -> None:
    shutil.rmtree(told.root / "world/forge/releases")


def source_rewound(told: Travelled) -> None:
    told.source.point("refs/heads/main", told.source.at("refs/tags/0.1.0"))
    edit_json(told.root / "world/forge/pulls/1.json", state="merged")


def pull_closed(told: Travelled) -> None:
    edit_json(told.root / "world/forge/pulls/1.json", state="closed")


def pull_lost(told: Travelled) -> None:
    (told.root / "world/forge/pulls/1.json").unlink()


def pull_of_another(told: Travelled) -> None:
    body = "<!-- Slipway-Candidate: 0.9.0-rc.1 -->"
    edit_json(told.root / "world/forge/pulls/1.json", body=body)


def promoted_by_nobody(told: Travelled) -> None:
    """Release the same commit without any merge that says so."""
    told.source.point("refs/heads/main", told.built)
    edit_json(told.root / "world/forge/pulls/1.json", state="merged")


def promotion_unproven(told: Travelled) -> None:
    """Anybody may write trailers; what no ref of ours stands on is no promotion."""
    head = told.source.at("refs/heads/bot-promote-rc")
    told.source.point(proof_ref("0.2.0-rc.1", head), "")


def promotion_of_another(told: Travelled) -> None:
    """The release was built from a later commit than the one that was promoted."""
    later = told.change("feat: not promoted")
    told.source.point("refs/tags/0.2.0", later)
    shutil.rmtree(told.root / "world/forge/releases")
    shutil.rmtree(told.root / "world/registry")
    told.publish("0.2.0", later)
    told.bump("0.2.0")
    told.vendor()
    told.record("staging")


BROKEN_LINKS: list[tuple[Break, dict[str, str], str, str]] = [
    (recorded_values, {"values": BROKEN}, "in git at", f"{'a' * 40}, as recorded"),
    (recorded_file, {"files": BROKEN}, "in git at", f"{'a' * 40}, as recorded"),
    (recorded_origin, {"files": BROKEN}, "from_commit ", "commits that main holds"),
    (recorded_dirty, {"state": BROKEN}, "any_dirty: true", "files as a commit has them"),
    (trigger, {"state": BROKEN}, f"head_commit {'b' * 40}", "a commit that main holds"),
    (other_release_in_the_record, {"state": BROKEN}, "Slipway-Release: 0.3.0", "0.2.0"),
    (other_chart_in_the_record, {"state": BROKEN}, f"Slipway-Chart: {'c' * 40}", "CHART"),
    (other_digest_in_the_record, {"state": BROKEN}, f"web sha256:{'d' * 64}", "web sha256:"),
    (vendored_template, {"vendored": BROKEN}, "", ""),
    (vendored_surplus, {"vendored": BROKEN}, "", "no such file in the chart"),
    (vendored_loss, {"vendored": BROKEN}, "", ""),
    (vendored_file_taken_away, {"vendored": BROKEN}, "no such file", ""),
    (lock_of_another, {"vendored": BROKEN}, "", ""),
    (lock_of_nothing, {"chart": MISSING, "vendored": OPEN}, "", ""),
    (no_lock, {"chart": MISSING, "vendored": OPEN}, "", ""),
    (broken_lock, {"chart": BROKEN, "vendored": OPEN}, "", "a lock"),
    (chart_off_the_branch, {"chart": BROKEN}, "CHART", "a commit that main holds"),
    (chart_lost, {"chart": MISSING, "vendored": OPEN}, "", ""),
    (label_revision, {"server": BROKEN}, "f" * 40, "BUILT"),
    (label_version, {"server": BROKEN}, "0.2.0-rc.1", "0.2.0"),
    (image_lost, {"web": MISSING}, "", "WEB"),
    (no_digest, {"web": BROKEN}, "latest", "a digest"),
    (no_breadcrumb, {"server": MISSING}, "", ""),
    (no_value, {"web": MISSING}, "", ""),
    (breadcrumbs_of_two, {"commit": BROKEN, "web": BROKEN}, "(server)", "one commit"),
    (
        breadcrumb_of_nothing,
        {"commit": MISSING, "server": BROKEN, "web": BROKEN, "release": OPEN, "tag": OPEN,
         "promotion": OPEN, "approver": OPEN},
        "", "feedfac",
    ),
    (
        no_app_version,
        {"release": MISSING, "tag": OPEN, "promotion": OPEN, "approver": OPEN},
        "", "",
    ),
    (tag_moved, {"tag": BROKEN}, "on FIRST", "on COMMIT"),
    (tag_gone, {"tag": MISSING}, "", "on COMMIT"),
    (unpublished, {"release": BROKEN}, "a draft", "a published release"),
    (release_of_another, {"release": BROKEN}, f"of commit {'9' * 40}", "of commit COMMIT"),
    (release_lost, {"release": MISSING}, "", "a published release"),
    (
        source_rewound,
        {"commit": BROKEN, "promotion": MISSING, "approver": OPEN},
        "COMMIT", "a commit that main holds",
    ),
    (pull_closed, {"promotion": BROKEN}, "closed", "merged"),
    (pull_lost, {"promotion": MISSING}, "", "a merged pull request"),
    (pull_of_another, {"promotion": BROKEN}, "it stands for 0.9.0-rc.1", "0.2.0-rc.1"),
    (promoted_by_nobody, {"promotion": MISSING, "approver": OPEN}, "", ""),
    (promotion_unproven, {"promotion": MISSING, "approver": OPEN}, "", ""),
    (promotion_of_another, {"promotion": BROKEN}, "it promotes COMMIT", ""),
]  # fmt: skip


def not_well(links: tuple[Link, ...]) -> dict[str, str]:
    """Return the verdicts of links that do not hold; the cluster is not here, and left out."""
    return {
        link.what: link.verdict for link in links if link.verdict != "ok" and link.part != "running"
    }


@pytest.mark.parametrize(
    ("spoil", "wrong", "there", "expected"),
    BROKEN_LINKS,
    ids=[case[0].__name__ for case in BROKEN_LINKS],
)
def test_just_what_is_broken_is_found(
    told: Travelled, spoil: Break, wrong: dict[str, str], there: str, expected: str
) -> None:
    names = {
        "CHART": told.charts.at(),
        "BUILT": told.built[:7],
        "COMMIT": told.built,
        "FIRST": told.source.at("refs/tags/0.1.0"),
        "WEB": told.digests["web"],
    }
    spoil(told)
    found = follow(told.world(), "staging")
    assert not_well(found.links) == wrong, shown(found)
    assert not found.verified
    link = next(link for link in found.links if link.what == next(iter(wrong)))
    for name, value in names.items():
        there, expected = there.replace(name, value), expected.replace(name, value)
    assert there in link.there
    assert expected in link.expected
    assert link.verdict != BROKEN or (link.there and link.expected)


def no_gates(told: Travelled) -> None:
    told.deployments.point("refs/heads/cepler-gates", "")


def gate_before(told: Travelled) -> None:
    told.deployments.point("refs/heads/cepler-gates", "")
    told.gate(told.deployments.at("refs/heads/main~4"))


def gate_of_nothing(told: Travelled) -> None:
    told.deployments.point("refs/heads/cepler-gates", "")
    told.gate("a" * 40)


def gate_of_others(told: Travelled) -> None:
    told.deployments.point("refs/heads/cepler-gates", "")
    files = {"gates.yml": "staging: HEAD\n"}
    told.deployments.commit("gates", files, ref="refs/heads/cepler-gates")


def never_had(told: Travelled) -> None:
    text = told.deployments.files(told.deployments.at())[".cepler/shop/production.state"]
    head = text.partition("propagated_head: ")[2][:40]
    edited(told, "production", f"propagated_head: {head}", f"propagated_head: {'a' * 40}")


def had_otherwise(told: Travelled) -> None:
    edited(told, "production", blob(told, f"{VENDORED}/templates/server.yaml"), "a" * 40)


@pytest.mark.parametrize(
    ("spoil", "wrong", "there", "expected"),
    [
        (no_gates, {"gate": MISSING}, "", "or a commit that stands on it"),
        (gate_before, {"gate": BROKEN}, "production: ", "or a commit that stands on it"),
        (gate_of_nothing, {"gate": BROKEN}, f"production: {'a' * 40}", "production: "),
        (gate_of_others, {"gate": MISSING}, "", "production: "),
        (never_had, {"passed": MISSING}, "", f"a state of qa at {'a' * 40}"),
        (had_otherwise, {"passed": BROKEN, "files": BROKEN}, "qa had ", f"{'a' * 40}, as recorded"),
    ],
)
def test_what_let_a_state_into_production(
    told: Travelled, spoil: Break, wrong: dict[str, str], there: str, expected: str
) -> None:
    spoil(told)
    found = follow(told.world(), "production")
    assert not_well(found.links) == wrong, shown(found)
    link = next(link for link in found.links if link.what == next(iter(wrong)))
    assert there in link.there
    assert expected in link.expected


def test_a_gate_that_is_open_for_everything_lets_it_in(told: Travelled) -> None:
    told.deployments.point("refs/heads/cepler-gates", "")
    told.gate("HEAD", by="Hedy", why="holidays")
    found = follow(told.world(), "production")
    assert not_well(found.links) == {}
    gate = next(link for link in found.links if link.what == "gate")
    assert gate.value == "Hedy: holidays  (for everything)"


def test_who_merged_without_a_word_is_the_approver(told: Travelled) -> None:
    told.source.point("refs/heads/main", told.built)
    head = told.source.at("refs/heads/bot-promote-rc")
    told.source.commit("Merge it", {"CHANGELOG.md": "x"}, merged=head, by="Linus")
    found = follow(told.world(), "staging")
    assert not_well(found.links) == {}, shown(found)
    links = {link.what: link for link in found.links}
    assert links["approver"].value == "Linus"
    assert links["promotion"].value == "pull request #1, 0.2.0-rc.1, merged"


def test_a_broken_link_fails_and_says_both_sides(
    told: Travelled, capsys: pytest.CaptureFixture[str]
) -> None:
    tag_moved(told)
    with pytest.raises(Failed, match="1 link does not hold: tag"):
        trace(told.world(), "staging")
    out = capsys.readouterr().out
    assert "      1 link broken: tag\n" in out
    first = told.source.at("refs/tags/0.1.0")
    row = f"  ✗ tag           0.2.0 on {told.built[:7]}"
    assert row in out
    below = out.partition(row)[2].splitlines()[1:3]
    assert [line.split() for line in below] == [
        ["there", "on", first],
        ["expected", "on", told.built],
    ]


def test_what_cannot_be_read_is_told_from_what_is_broken(
    told: Travelled, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(told.charts.path)
    with pytest.raises(SlipwayError, match="2 links cannot be read: chart, vendored") as caught:
        trace(told.world(), "staging")
    assert not isinstance(caught.value, Failed)
    assert "2 links could not be read: chart, vendored" in capsys.readouterr().out
    links = follow(told.world(), "staging").links
    assert not_well(links) == {"chart": UNREAD, "vendored": UNREAD}
    tag_gone(told)
    with pytest.raises(Failed):  # a link that is known to be broken says more
        trace(told.world(), "staging")


def test_without_its_source_nothing_behind_the_images_is_read(told: Travelled) -> None:
    shutil.rmtree(told.source.path)
    found = follow(told.world(), "staging")
    assert not_well(found.links) == dict.fromkeys(
        ("release", "tag", "commit", "promotion", "approver"), UNREAD
    )


def test_words_of_a_commit_cannot_steer_the_terminal(
    told: Travelled, capsys: pytest.CaptureFixture[str]
) -> None:
    told.change("feat: red \x1b[31m shelf")
    commit = told.candidate("0.3.0")
    told.promote("0.3.0")
    told.publish("0.3.0", commit)
    told.bump("0.3.0")
    told.vendor()
    told.record("staging")
    trace(told.world(), "staging")
    out = capsys.readouterr().out
    assert "red [31m shelf" in out
    assert "\x1b" not in out


def test_values_that_are_no_yaml_lose_every_image(told: Travelled) -> None:
    deliver(told, "server: [\n")
    found = follow(told.world(), "staging")
    assert not_well(found.links) == {
        "server": MISSING,
        "web": MISSING,
        "commit": MISSING,
        **dict.fromkeys(("release", "tag", "promotion", "approver"), OPEN),
    }
    assert "not YAML" in next(link for link in found.links if link.what == "web").says


def test_a_chart_without_values_leaves_the_images_unknown(told: Travelled) -> None:
    told.charts.commit("lose", {f"{CHART}/values.yaml": None})
    told.vendor()
    told.record("staging")
    found = follow(told.world(), "staging")
    assert not_well(found.links) == {
        "values": MISSING,
        **dict.fromkeys(("release", "tag", "commit", "promotion", "approver"), OPEN),
    }


def test_a_state_file_that_cannot_be_read(told: Travelled) -> None:
    told.deployments.commit("edit", {".cepler/shop/staging.state": "version: [\n"})
    with pytest.raises(SlipwayError, match="not valid YAML"):
        trace(told.world(), "staging")


def test_a_squash_merge_is_traced_to_its_pull_request(told: Travelled) -> None:
    from tasks.forge import Approved, trailers

    told.source.point("refs/heads/main", told.built)
    words = trailers("0.2.0-rc.1", "0.2.0", told.built, Approved({}, {}))
    told.source.commit(
        f"Release 0.2.0, for #7 (#1)\n\n{words}", {"CHANGELOG.md": "# 0.2.0\n"}, by="Linus"
    )
    edit_json(told.root / "world/forge/pulls/1.json", state="merged")
    found = follow(told.world(), "staging")
    assert not_well(found.links) == {}, shown(found)
    links = {link.what: link for link in found.links}
    assert (links["promotion"].facts["pull"], links["approver"].value) == (1, "Linus")
