"""Which promotion is merged: read from the history of the release branch, whoever merged how."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.forge.promotions import (
    Approved,
    Promotion,
    Rules,
    mark,
    marked,
    merged_promotion,
    named_below,
    parse_trailers,
    proof_ref,
    proofs_in,
    proven_below,
    trailers,
)
from tests.rooms import Repository

A = "a" * 40


class Shop(Repository):
    """A release branch and its promotions, each of which is proven to be ours."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.proofs: dict[str, list[str]] = {}
        self.files = {"shop": "0"}

    def work(self, message: str = "feat: a shelf") -> str:
        """Commit to the release branch."""
        above = [self.at("main")] if self.at("main") else []
        self.files["shop"] = str(self.clock)
        return self.commit(message, *above, branch="main", files=self.files)

    def squash(self, message: str, section: str = "1.0.0", **more: str) -> str:
        """Commit to the release branch what a promotion has, under another message."""
        self.files |= {"CHANGELOG": f"## [{section}]\n\n- A shelf.\n", **more}
        return self.commit(message, self.at("main"), branch="main", files=self.files)

    def promote(self, candidate: str, commit: str) -> str:
        """Make a promotion's commit."""
        made = self.commit(says(candidate, commit), commit, files={"CHANGELOG": candidate})
        self.proofs.setdefault(candidate, []).append(made)
        return made

    def merge(self, head: str, message: str = "Merge it") -> str:
        """Merge a commit into the release branch."""
        return self.commit(message, self.at("main"), head, branch="main", files=self.files)

    @property
    def rules(self) -> Rules:
        return Rules(self.proofs, ("CHANGELOG", "docs-site/**"), "CHANGELOG")

    @property
    def merged(self) -> Promotion | None:
        """The newest merged promotion."""
        return merged_promotion(self.folder, self.at("main"), self.rules)


def says(candidate: str, commit: str) -> str:
    core = candidate.partition("-")[0]
    return f"chore(release): {core}\n\n{trailers(candidate, core, commit)}"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path / "shop.git")
    made.work()
    return made


def test_nothing_was_promoted_yet(shop: Shop) -> None:
    promotion = shop.promote("1.0.0-rc.1", shop.work())
    assert shop.merged is None
    assert named_below(shop.folder, promotion) == ("1.0.0-rc.1", "1.0.0", shop.at("main"))


def test_a_merge_commit(shop: Shop) -> None:
    commit = shop.work()
    promotion = shop.promote("1.0.0-rc.1", commit)
    shop.work("docs: meanwhile")
    merge = shop.merge(promotion)
    shop.work("docs: afterwards")
    assert shop.merged == Promotion(
        "1.0.0-rc.1", "1.0.0", commit, promotion, merge, "Ada", Approved({}, {})
    )


def test_a_merge_commit_with_a_human_commit_on_top(shop: Shop) -> None:
    commit = shop.work()
    promotion = shop.promote("1.0.0-rc.1", commit)
    mended = shop.commit("docs: a better word", promotion, files={"CHANGELOG": "better"})
    merge = shop.merge(mended)
    found = shop.merged
    assert found is not None
    assert (found.candidate, found.head, found.merge) == ("1.0.0-rc.1", promotion, merge)


def test_a_fast_forward(shop: Shop) -> None:
    commit = shop.work()
    promotion = shop.promote("1.0.0-rc.1", commit)
    shop.point("main", promotion)
    assert shop.merged == Promotion(
        "1.0.0-rc.1", "1.0.0", commit, promotion, promotion, "Ada", Approved({}, {})
    )


def test_a_rebase(shop: Shop) -> None:
    commit = shop.work()
    shop.promote("1.0.0-rc.1", commit)
    shop.work("docs: meanwhile")
    rebased = shop.squash(says("1.0.0-rc.1", commit))
    shop.work("docs: a better word")
    assert shop.merged == Promotion(
        "1.0.0-rc.1", "1.0.0", commit, rebased, rebased, "Ada", Approved({}, {})
    )


@pytest.mark.parametrize("before", ["", "  ", "* ", "    "])
def test_a_squash_keeps_the_message_inside_its_own(shop: Shop, before: str) -> None:
    commit = shop.work()
    shop.promote("1.0.0-rc.1", commit)
    inside = "".join(f"{before}{line}\n" for line in says("1.0.0-rc.1", commit).splitlines())
    squashed = shop.squash(f"Release it (#7)\n\n{inside}\n* docs: a better word\n")
    found = shop.merged
    assert found is not None
    assert (found.candidate, found.commit, found.merge) == ("1.0.0-rc.1", commit, squashed)


def test_a_merge_with_windows_line_ends_is_none_of_ours(shop: Shop) -> None:
    """Nobody's tool writes them into a message; what is unclear is no approval."""
    commit = shop.work()
    shop.promote("1.0.0-rc.1", commit)
    shop.squash(says("1.0.0-rc.1", commit).replace("\n", "\r\n"))
    assert shop.merged is None


def test_the_newest_merge_counts_not_the_newest_candidate(shop: Shop) -> None:
    older, newer = shop.work(), shop.work()
    first, second = shop.promote("1.0.0-rc.1", older), shop.promote("1.0.0-rc.2", newer)
    shop.merge(second)
    merge = shop.merge(first)
    found = shop.merged
    assert found is not None
    assert (found.candidate, found.commit, found.merge) == ("1.0.0-rc.1", older, merge)


def test_of_two_in_one_merge_the_newer_counts(shop: Shop) -> None:
    commit = shop.work()
    first = shop.promote("1.0.0-rc.1", commit)
    second = shop.commit(says("1.0.0-rc.2", commit), first)
    shop.proofs["1.0.0-rc.2"] = [second]
    shop.merge(second)
    assert shop.merged
    assert shop.merged.candidate == "1.0.0-rc.2"


def test_of_two_in_one_message_the_last_counts(shop: Shop) -> None:
    commit = shop.work()
    shop.promote("1.0.0-rc.1", commit)
    shop.promote("1.0.0-rc.2", commit)
    shop.squash(f"{says('1.0.0-rc.1', commit)}\n{says('1.0.0-rc.2', commit)}")
    assert shop.merged
    assert shop.merged.candidate == "1.0.0-rc.2"


def test_a_promotion_comes_in_with_the_side_branch_that_has_it(shop: Shop) -> None:
    promotion = shop.promote("1.0.0-rc.1", shop.work())
    side = shop.commit("feat: aside", shop.at("main"))
    side = shop.commit("Merge the promotion", side, promotion)
    merge = shop.merge(side, "Merge a feature")
    assert shop.merged
    assert (shop.merged.head, shop.merged.merge) == (promotion, merge)


def test_a_later_merge_of_something_else_changes_nothing(shop: Shop) -> None:
    promotion = shop.promote("1.0.0-rc.1", shop.work())
    merge = shop.merge(promotion)
    shop.merge(shop.commit("feat: aside", promotion), "Merge a feature")
    assert shop.merged
    assert shop.merged.merge == merge


def test_since_looks_only_at_what_came_after(shop: Shop) -> None:
    first = shop.merge(shop.promote("1.0.0-rc.1", shop.work()))
    quiet = shop.work("docs: quiet")
    assert merged_promotion(shop.folder, quiet, shop.rules, first) is None
    assert merged_promotion(shop.folder, quiet, shop.rules, quiet) is None
    second = shop.promote("1.1.0-rc.1", quiet)
    merge = shop.merge(second)
    found = merged_promotion(shop.folder, merge, shop.rules, quiet)
    assert found == shop.merged
    assert found
    assert found.candidate == "1.1.0-rc.1"


def test_a_promotion_made_before_since_and_merged_after_it_counts(shop: Shop) -> None:
    promotion = shop.promote("1.0.0-rc.1", shop.work())
    since = shop.work()
    merge = shop.merge(promotion)
    assert merged_promotion(shop.folder, merge, shop.rules, since) == shop.merged
    assert shop.merged


EVIL = {
    "only one of them": "Slipway-Candidate: 1.0.0-rc.1\n",
    "no commit": trailers("1.0.0-rc.1", "1.0.0", "HEAD"),
    "an option for a commit": trailers("1.0.0-rc.1", "1.0.0", "--upload-pack=touch"),
    "a commit that is not there": trailers("1.0.0-rc.1", "1.0.0", A),
    "a path for a version": trailers("../../x-rc.1", "../../x", "COMMIT"),
    "an option for a version": trailers("--x-rc.1", "--x", "COMMIT"),
    "no version": trailers("shop-rc.1", "shop", "COMMIT"),
    "another version's candidate": trailers("1.0.0-rc.1", "9.0.0", "COMMIT"),
    "no candidate": trailers("1.0.0", "1.0.0", "COMMIT"),
    "no number": trailers("1.0.0-rc.x", "1.0.0", "COMMIT"),
    "zeros that no version has": trailers("01.0.0-rc.1", "01.0.0", "COMMIT"),
    "digits that no version has": trailers("1.0.٣-rc.1", "1.0.٣", "COMMIT"),
    "empty values": trailers("", "", ""),
    "in the middle of a line": "see Slipway-Candidate: 1.0.0-rc.1\n",
}


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_evil_trailers_in_an_ordinary_commit_are_harmless(shop: Shop, evil: str) -> None:
    true = shop.promote("0.9.0-rc.1", shop.work())
    merge = shop.merge(true)
    shop.promote("1.0.0-rc.1", shop.at("main"))
    commit = shop.work(f"fix: x\n\n{evil.replace('COMMIT', shop.at('main'))}")
    shop.merge(shop.commit(f"fix: y\n\n{evil.replace('COMMIT', commit)}", commit))
    found = shop.merged
    assert found is not None
    assert (found.candidate, found.merge) == ("0.9.0-rc.1", merge)


def test_a_commit_of_another_history_was_not_promoted_here(shop: Shop) -> None:
    """Whoever writes the lines cannot have a commit released that nobody has merged."""
    elsewhere = shop.commit("feat: never reviewed", shop.at("main"))
    shop.proofs["1.0.0-rc.1"] = [shop.commit(says("1.0.0-rc.1", elsewhere))]
    shop.squash(says("1.0.0-rc.1", elsewhere))
    shop.merge(shop.commit(says("1.0.0-rc.2", elsewhere), shop.at("main")))
    assert shop.merged is None


def test_a_message_that_quotes_an_older_promotion_does_not_bring_it_back(shop: Shop) -> None:
    commit = shop.work()
    shop.merge(shop.promote("1.0.0-rc.1", commit))
    merge = shop.merge(shop.promote("1.1.0-rc.1", shop.work()))
    shop.squash(f"docs: how we released\n\n{says('1.0.0-rc.1', commit)}")
    assert shop.merged
    assert shop.merged.merge == merge


def test_the_right_words_about_a_waiting_promotion_do_not_merge_it(shop: Shop) -> None:
    """Anybody may write three lines into a message; a release is what merges our commit."""
    commit = shop.work()
    shop.promote("1.0.0-rc.1", commit)
    words = says("1.0.0-rc.1", commit)
    shop.work(f"docs: typo\n\n{words}")
    shop.merge(shop.commit(f"docs: typo\n\n{words}", shop.at("main")), "Merge topic (#7)")
    assert shop.merged is None


def test_a_squash_of_more_than_a_promotion_is_none(shop: Shop) -> None:
    commit = shop.work()
    shop.promote("1.0.0-rc.1", commit)
    shop.squash(says("1.0.0-rc.1", commit), shop="and something else")
    assert shop.merged is None


def test_a_squash_without_the_section_is_none(shop: Shop) -> None:
    commit = shop.work()
    shop.promote("1.0.0-rc.1", commit)
    shop.squash(says("1.0.0-rc.1", commit), section="11.0.0")
    assert shop.merged is None


def test_what_nobody_has_proven_is_no_promotion(shop: Shop) -> None:
    commit = shop.work()
    shop.merge(shop.promote("1.0.0-rc.1", commit))
    shop.proofs.clear()
    assert shop.merged is None


def test_what_was_approved_is_read_from_our_commit_and_not_from_the_message(shop: Shop) -> None:
    commit = shop.work()
    shop.promote("1.0.0-rc.1", commit)
    image = Approved({"web": f"web@sha256:{'0' * 64}"}, {})
    shop.squash(f"chore: it\n\n{trailers('1.0.0-rc.1', '1.0.0', commit, image)}")
    assert shop.merged
    assert shop.merged.approved == Approved({}, {})


def test_an_amended_promotion_that_was_merged_counts(shop: Shop) -> None:
    commit = shop.work()
    shop.promote("1.0.0-rc.1", commit)
    amended = shop.commit(f"{says('1.0.0-rc.1', commit)}\nAmended.\n", commit)
    shop.files["CHANGELOG"] = "## [1.0.0]\n"
    merge = shop.merge(amended)
    assert shop.merged
    assert (shop.merged.candidate, shop.merged.merge) == ("1.0.0-rc.1", merge)


def test_a_proof_names_candidate_and_commit(shop: Shop) -> None:
    first, second = shop.promote("1.0.0-rc.1", shop.work()), shop.promote("1.0.0-rc.1", shop.work())
    refs = {proof_ref("1.0.0-rc.1", commit): commit for commit in (first, second)}
    refs["refs/heads/main"] = A
    assert proofs_in(refs) == {"1.0.0-rc.1": sorted([first, second])}
    mended = shop.commit("docs: a word", first)
    assert proven_below(shop.folder, mended, [first, second]) == first
    assert proven_below(shop.folder, mended, [second]) == ""


@pytest.mark.parametrize(
    "odd", ["\x1e", "\x1f", "\x1f\x1f\x1f\x1f", "\x1b[2J", "\udcff\udcfe", "%H%x00"]
)
def test_odd_bytes_in_any_message_are_no_obstacle(shop: Shop, odd: str) -> None:
    shop.work(f"fix: before {odd} and {odd}\n\n{odd}\n")
    merge = shop.merge(shop.promote("1.0.0-rc.1", shop.work()), f"Merge {odd} it\n\n{odd}")
    shop.work(f"fix: after {odd}")
    assert shop.merged
    assert shop.merged.merge == merge


def test_settings_of_the_user_do_not_change_what_is_read(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.merge(shop.promote("1.0.0-rc.1", shop.work()))
    expected = shop.merged
    settings = tmp_path / "gitconfig"
    settings.write_text(
        "[log]\n\tshowSignature = true\n\tdecorate = full\n[grep]\n\tpatternType = fixed\n"
        "[format]\n\tpretty = oneline\n[color]\n\tui = always\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    assert expected is not None
    assert shop.merged == expected


def test_below_a_human_commit_the_promotion_is_still_named(shop: Shop) -> None:
    commit = shop.work()
    tip = shop.promote("1.0.0-rc.1", commit)
    for number in range(5):
        tip = shop.commit(f"docs: word {number}", tip)
    assert named_below(shop.folder, tip) == ("1.0.0-rc.1", "1.0.0", commit)


def test_the_newest_one_below_is_named(shop: Shop) -> None:
    shop.merge(shop.promote("1.0.0-rc.1", shop.work()))
    commit = shop.work()
    assert named_below(shop.folder, shop.promote("1.1.0-rc.1", commit)) == (
        "1.1.0-rc.1",
        "1.1.0",
        commit,
    )


def test_a_branch_that_names_none_or_is_not_there_yet(shop: Shop) -> None:
    assert named_below(shop.folder, shop.at("main")) is None
    assert named_below(shop.folder, A) is None


def test_what_is_written_is_what_is_read() -> None:
    assert parse_trailers(says("1.0.0-rc.12", A)) == ("1.0.0-rc.12", "1.0.0", A)
    assert parse_trailers("chore(release): 1.0.0\n") is None
    assert marked(f"{mark('1.0.0-rc.1')}\nbody") == "1.0.0-rc.1"
    assert marked("Slipway-Candidate: 1.0.0-rc.1") == ""
