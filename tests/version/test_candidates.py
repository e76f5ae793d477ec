"""Which version a commit has, and which one it gets."""

from __future__ import annotations

import random

import pytest

from tasks.kernel.errors import SlipwayError
from tasks.version.candidates import Decision, NothingToRelease
from tasks.version.rules import Rules

from .graph import Graph


def released() -> Graph:
    """1.0.0, then a feature."""
    return Graph().commit("a", "feat: first").tag("1.0.0").commit("b", "feat: more")


def decided(graph: Graph) -> Decision:
    outcome = graph.decide()
    assert isinstance(outcome, Decision)
    return outcome


# The numbering of "Release candidates", by the bare rules.


@pytest.mark.parametrize("message", ["feat: x", "fix: x", "chore: x", "no type"])
def test_no_tag_at_all_is_0_1_0_rc_1(message: str) -> None:
    assert Graph().commit("a", message).next() == "0.1.0-rc.1"


def test_the_same_core_takes_the_next_number() -> None:
    assert released().tag("1.1.0-rc.1").commit("c", "fix: x").next() == "1.1.0-rc.2"
    assert released().tag("1.1.0-rc.9").tag("1.1.0-rc.10").next() == "1.1.0-rc.11"


def test_another_core_starts_again_at_1() -> None:
    graph = released().tag("1.1.0-rc.3").commit("c", "feat!: x")
    assert graph.next() == "2.0.0-rc.1"


def test_after_a_final_the_next_core_starts_at_1() -> None:
    assert released().next() == "1.1.0-rc.1"


def test_a_candidate_may_be_cut_past_a_final_that_is_not_cut_yet() -> None:
    graph = released().tag("1.1.0-rc.1").commit("c", "feat!: x").tag("2.0.0-rc.1")
    assert graph.commit("d", "fix: x").next() == "2.0.0-rc.2"


def test_an_error_in_the_candidate_branch_is_never_a_version() -> None:
    graph = Graph().commit("a", "no type").tag("0.1.0-rc.1").commit("b", "none either")
    with pytest.raises(SlipwayError, match="no commit in the whole history counts"):
        graph.next()


def test_nothing_to_release_is_never_a_version() -> None:
    assert Graph().commit("a", "feat: x").tag("1.0.0").commit("b", "docs: x").next() is None


def test_a_tag_prefix_does_not_disturb_the_comparison_of_cores() -> None:
    graph = Graph(rules=Rules(tag_prefix="v")).commit("a", "feat: x").tag("v1.0.0")
    graph.commit("b", "feat: x").tag("v1.1.0-rc.1").commit("c", "fix: x")
    assert graph.next() == "1.1.0-rc.2"


def test_rule_4_a_head_on_the_final_counts_that_one_commit_again() -> None:
    assert Graph().commit("a", "feat: x").tag("1.0.0").next() == "1.1.0-rc.1"


# A commit has its version.


def test_three_idle_runs_name_one_candidate() -> None:
    graph = released()
    assert [graph.run(), graph.run(), graph.run()] == ["1.1.0-rc.1"] * 3
    assert graph.tags == {"1.0.0": "a", "1.1.0-rc.1": "b"}


def test_the_highest_candidate_of_the_head_is_its_version() -> None:
    graph = released().tag("1.1.0-rc.9").tag("1.1.0-rc.10").tag("1.1.0-rc.2")
    assert graph.version() == "1.1.0-rc.10"


def test_what_the_head_carries_wins_over_a_higher_candidate_below_it() -> None:
    graph = released().tag("1.1.0-rc.2").commit("c", "fix: x").tag("1.1.0-rc.1")
    assert graph.version() == "1.1.0-rc.1"


def test_a_commit_that_changes_no_input_keeps_the_candidate_and_its_commit() -> None:
    graph = released()
    graph.run()
    graph.commit("c", "docs: only words", inputs="b")
    outcome = decided(graph)
    assert (outcome.version, outcome.commit, outcome.reserve) == ("1.1.0-rc.1", "b", False)


def test_a_run_killed_before_its_tag_is_resumed_on_the_same_head() -> None:
    graph = released()
    assert graph.run(killed=True) == "1.1.0-rc.1"
    outcome = decided(graph)
    assert (outcome.version, outcome.commit, outcome.reserve) == ("1.1.0-rc.1", "b", False)
    assert graph.run() == "1.1.0-rc.1"
    assert graph.tags["1.1.0-rc.1"] == "b"


def test_a_run_killed_before_its_tag_is_resumed_when_only_other_files_changed() -> None:
    graph = released()
    graph.run(killed=True)
    graph.commit("c", "docs: only words", inputs="b")
    outcome = decided(graph)
    assert (outcome.version, outcome.commit, outcome.reserve) == ("1.1.0-rc.1", "b", False)


def test_a_number_reserved_for_a_commit_with_other_inputs_is_used_up() -> None:
    graph = released()
    graph.run(killed=True)
    graph.commit("c", "fix: inputs changed")
    outcome = decided(graph)
    assert (outcome.version, outcome.commit, outcome.reserve) == ("1.1.0-rc.2", "c", True)


def test_numbers_taken_anywhere_are_stepped_over() -> None:
    graph = released()
    graph.commit("side", "feat: elsewhere", "a").tag("1.1.0-rc.1").reserve("1.1.0-rc.2")
    graph.commit("other", "feat: elsewhere", "a").reserve("1.1.0-rc.3")
    assert graph.version("b") == "1.1.0-rc.4"


def test_a_gap_in_the_numbers_is_left_alone() -> None:
    graph = released().tag("1.1.0-rc.1", "b").commit("c", "fix: x").tag("1.1.0-rc.7")
    assert graph.commit("d", "fix: y").version() == "1.1.0-rc.8"


def test_a_candidate_that_was_tagged_without_a_reservation_gets_one() -> None:
    outcome = decided(released().tag("1.1.0-rc.1"))
    assert (outcome.version, outcome.reserve) == ("1.1.0-rc.1", True)


def test_a_prefix_stands_in_tags_only() -> None:
    graph = Graph(rules=Rules(tag_prefix="v")).commit("a", "feat: x").tag("v1.0.0")
    graph.commit("b", "feat: x")
    assert graph.run() == "1.1.0-rc.1"
    assert graph.run() == "1.1.0-rc.1"
    assert graph.tags["v1.1.0-rc.1"] == "b"
    graph.commit("c", "fix: x")
    assert graph.run() == "1.1.0-rc.2"
    outcome = decided(graph)
    assert (outcome.core, outcome.previous, outcome.previous_commit) == ("1.1.0", "1.0.0", "a")


# Released candidates.


def published() -> Graph:
    """rc.1 on b is released as 1.1.0 and its promotion, which changes no input, is merged."""
    graph = released()
    graph.run()
    graph.commit("p", "chore: changelog of 1.1.0", "b", inputs="b")
    graph.commit("m", "Merge pull request #1", "b", "p", inputs="b")
    return graph.tag("1.1.0", "b")


def test_the_merge_of_the_promotion_keeps_naming_the_published_candidate() -> None:
    graph = published()
    before = Graph(graph.rules, graph.known, graph.inputs, {**graph.tags}, graph.reservations, "m")
    del before.tags["1.1.0"]
    assert decided(graph) == decided(before)
    outcome = decided(graph)
    assert (outcome.version, outcome.commit) == ("1.1.0-rc.1", "b")
    assert (outcome.previous, outcome.previous_commit) == ("1.0.0", "a")
    assert graph.run() == graph.run() == "1.1.0-rc.1"


def test_after_a_release_the_next_change_starts_the_next_core() -> None:
    outcome = decided(published().commit("n", "fix: x"))
    assert (outcome.version, outcome.commit) == ("1.1.1-rc.1", "n")
    assert (outcome.previous, outcome.previous_commit) == ("1.1.0", "b")


def test_after_a_release_a_change_that_asks_for_nothing_keeps_the_published_candidate() -> None:
    outcome = published().commit("n", "refactor: inputs change").decide()
    assert isinstance(outcome, NothingToRelease)
    assert outcome.kept is not None
    assert (outcome.kept.version, outcome.kept.commit) == ("1.1.0-rc.1", "b")
    assert (
        outcome.reason == "no commit since 1.1.0 asks for a release: there is only chore, refactor"
    )


def two_candidates() -> Graph:
    """rc.1 on b and rc.2 on c; the older one is released."""
    graph = released()
    graph.run()
    graph.commit("c", "fix: late")
    assert graph.run() == "1.1.0-rc.2"
    return graph.tag("1.1.0", "b")


def test_when_the_older_of_two_is_released_the_newer_is_spent_and_the_range_decides() -> None:
    outcome = decided(two_candidates())
    assert (outcome.version, outcome.commit, outcome.reserve) == ("1.1.1-rc.1", "c", True)
    assert outcome.previous == "1.1.0"


def test_a_spent_candidate_gives_no_version_even_with_equal_inputs() -> None:
    graph = two_candidates().commit("m", "Merge pull request #1", "c", "b", inputs="c")
    assert graph.version() == "1.1.1-rc.1"


def test_going_back_to_the_released_inputs_past_a_spent_candidate_is_a_change() -> None:
    outcome = decided(two_candidates().commit("d", "fix: take it back", inputs="b"))
    assert (outcome.version, outcome.commit) == ("1.1.1-rc.1", "d")


def test_with_nothing_new_after_a_spent_candidate_the_released_one_is_kept() -> None:
    graph = released()
    graph.run()
    graph.commit("c", "refactor: inputs change")
    assert graph.run() == "1.1.0-rc.2"
    outcome = graph.tag("1.1.0", "b").decide()
    assert isinstance(outcome, NothingToRelease)
    assert outcome.kept is not None
    assert outcome.kept.version == "1.1.0-rc.1"


def test_a_head_that_is_a_final_release_itself_has_nothing_to_release() -> None:
    outcome = Graph().commit("a", "feat: x").tag("1.0.0").decide()
    assert outcome == NothingToRelease(None, "this commit is 1.0.0 itself")


def test_no_counting_commit_is_nothing_to_release() -> None:
    outcome = Graph().commit("a", "feat: x").tag("1.0.0").commit("b", "whatever").decide()
    assert outcome == NothingToRelease(None, "no commit since 1.0.0 counts for a version")


def test_a_core_that_was_released_outside_of_this_history_is_an_error_that_names_both() -> None:
    graph = released()
    graph.commit("hot", "feat: on a branch", "a").tag("1.1.0")
    with pytest.raises(SlipwayError, match=r"the next version is 1\.1\.0") as caught:
        graph.decide("b")
    assert caught.value.detail == ("1.1.0 stands on hot", "to release is b")


def test_a_candidate_on_two_commits_is_an_error_that_names_both() -> None:
    graph = released().tag("1.1.0-rc.1").reserve("1.1.0-rc.1", "a")
    with pytest.raises(SlipwayError, match=r"1\.1\.0-rc\.1 stands on two commits") as caught:
        graph.decide()
    assert caught.value.detail == (
        "refs/tags/1.1.0-rc.1 is b",
        "refs/slipway/candidates/1.1.0-rc.1 is a",
    )


# The previous release.


def test_the_previous_release_is_the_highest_below_the_core_in_the_candidates_own_history() -> None:
    graph = Graph().commit("a", "feat: x").tag("0.9.0").commit("b", "feat: x").tag("1.0.0")
    graph.commit("hot", "fix: x", "b").tag("1.0.1")
    graph.commit("far", "feat!: x", "b").tag("9.0.0")
    graph.commit("c", "feat: x", "b")
    assert graph.run("c") == "1.1.0-rc.1"
    graph.commit("d", "Merge branch 'hot'", "c", "hot", inputs="c")
    outcome = decided(graph)
    assert (outcome.version, outcome.previous) == ("1.1.0-rc.1", "1.0.0")


def test_the_first_release_has_no_previous_one() -> None:
    outcome = decided(Graph().commit("a", "feat: x"))
    assert (outcome.version, outcome.previous, outcome.previous_commit) == (
        "0.1.0-rc.1",
        None,
        None,
    )


# Names from outside, and what stands elsewhere.


def test_reservations_that_are_no_candidates_are_overlooked() -> None:
    graph = released()
    for name in ("-x", "..", "1.1.0", "v1.1.0-rc.4", "9.9.9-rc.01", "latest"):
        graph.reserve(name)
    assert graph.version() == "1.1.0-rc.1"


@pytest.mark.parametrize("seed", range(40))
def test_unrelated_tags_and_reservations_elsewhere_change_nothing(seed: int) -> None:
    dice = random.Random(seed)
    graph = Graph().commit("0", "feat: start").tag("0.5.0")
    messages = ["feat: x", "fix: x", "docs: x", "fix!: x", "whatever"]
    for number in range(1, dice.randint(2, 12)):
        same = dice.random() < 0.4
        graph.commit(str(number), dice.choice(messages), inputs=graph.head if same else None)
        if dice.random() < 0.7:
            graph.run(killed=dice.random() < 0.3)
        if dice.random() < 0.2 and isinstance(outcome := graph.decide(), Decision):
            graph.tags.setdefault(outcome.core, outcome.commit)
    head = graph.head
    before = graph.decide(head)
    graph.commit("elsewhere", "feat: x", "0")
    for name in ("77.0.0", "77.1.0-rc.3", "0.0.1", "nightly", "v0.9.0"):
        graph.tag(name, "elsewhere")
    graph.reserve("78.0.0-rc.1", "elsewhere")
    assert graph.decide(head) == before


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happened_before_a_second_run_names_the_same(seed: int) -> None:
    dice = random.Random(1000 + seed)
    graph = Graph().commit("0", "feat: start")
    for number in range(1, 15):
        same = dice.random() < 0.3
        graph.commit(
            str(number),
            dice.choice(["feat: x", "fix: x", "docs: x"]),
            inputs=graph.head if same else None,
        )
        first = graph.run(killed=dice.random() < 0.4)
        assert graph.run() == first
        if dice.random() < 0.3:
            outcome = graph.decide()
            chosen = outcome.kept if isinstance(outcome, NothingToRelease) else outcome
            if chosen is not None:
                graph.tags.setdefault(chosen.core, chosen.commit)
                assert graph.run() == first
