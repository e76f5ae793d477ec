"""The propagation queue: one change at a time downstream, and nothing kept without need."""

from __future__ import annotations

from tasks.promotion.engine.globs import any_of
from tasks.promotion.engine.queue import choose, recorded
from tasks.promotion.engine.state import File, Record, State

YML = any_of(["*.yml"])


def state(
    head: str, taken: str | None = None, origin: str = "latest", **files: str | None
) -> State:
    return State(
        head,
        {f"{{{origin}}}/{n}.yml": File(content, head, "m") for n, content in files.items()},
        taken,
    )


ONE, TWO, THREE, FOUR = (state(f"h{n}", a=str(n)) for n in (1, 2, 3, 4))
UPSTREAM = Record(FOUR, 4, None, (THREE, TWO, ONE))


def own(taken: str | None, content: str) -> State:
    return state("d", taken, origin="dev", a=content)


def test_who_was_never_deployed_takes_the_current_state() -> None:
    assert choose(None, UPSTREAM, YML) == FOUR
    assert choose(own(None, "1"), UPSTREAM, YML) == FOUR


def test_the_oldest_state_not_taken_yet_comes_next() -> None:
    assert choose(own("h1", "1"), UPSTREAM, YML) == TWO
    assert choose(own("h2", "2"), UPSTREAM, YML) == THREE
    assert choose(own("h3", "3"), UPSTREAM, YML) == FOUR
    assert choose(own("h4", "4"), UPSTREAM, YML) == FOUR


def test_the_queue_can_be_ignored() -> None:
    assert choose(own("h1", "1"), UPSTREAM, YML, ignore_queue=True) == FOUR


def test_states_that_change_no_wanted_file_are_skipped() -> None:
    queue = (state("h3", a="1", b="3"), state("h2", a="1", b="2"))
    upstream = Record(state("h4", a="4", b="4"), 4, None, queue)
    assert choose(own("h1", "1"), upstream, any_of(["a.yml"])) == upstream.current


def test_a_removal_is_no_stop_and_content_that_is_gone_is_one() -> None:
    removed, gone = state("h2"), state("h3", a=None)
    assert choose(own("h1", "1"), Record(FOUR, 4, None, (removed,)), YML) == FOUR
    assert choose(own("h1", "1"), Record(FOUR, 4, None, (gone,)), YML) == gone


def test_after_a_rollback_the_whole_queue_is_looked_at() -> None:
    assert choose(own("elsewhere", "9"), UPSTREAM, YML) == ONE


def downstream(name: str, taken: str) -> dict[str, Record]:
    return {name: Record(own(taken, "?"), 1, "dev")}


def test_the_first_record_has_version_one_and_no_queue() -> None:
    assert recorded("dev", ONE, None, {}) == Record(ONE, 1)
    assert recorded("qa", ONE, "dev", {}) == Record(ONE, 1, "dev")


def test_a_record_counts_up_even_when_nothing_changed() -> None:
    again = recorded("dev", ONE, None, {"dev": Record(ONE, 7)})
    assert again == Record(ONE, 8)


def test_what_a_downstream_has_not_taken_is_kept() -> None:
    records = {"dev": Record(THREE, 3, None, (TWO, ONE)), **downstream("qa", "h1")}
    assert recorded("dev", FOUR, None, records).propagation_queue == (THREE, TWO)
    assert records["dev"].propagation_queue == (TWO, ONE)


def test_who_holds_the_new_state_or_follows_another_keeps_nothing() -> None:
    records = {"dev": Record(THREE, 3, None, (TWO,)), **downstream("qa", "h4")}
    records["other"] = Record(own("h1", "?"), 1, "elsewhere")
    records["never"] = Record(own(None, "?"), 1, "dev")
    assert recorded("dev", FOUR, None, records).propagation_queue == ()


def test_a_downstream_behind_an_earlier_one_keeps_no_more_than_it_needs() -> None:
    records = {"dev": Record(THREE, 3, None, (TWO, ONE))}
    records |= downstream("a", "h2") | downstream("b", "h1")
    assert recorded("dev", FOUR, None, records).propagation_queue == (THREE, TWO)


def test_an_earlier_one_behind_a_later_one_keeps_it_all_as_the_original_does() -> None:
    records = {"dev": Record(THREE, 3, None, (TWO, ONE, state("h0", a="0")))}
    records |= downstream("a", "h1") | downstream("b", "h2")
    assert len(recorded("dev", FOUR, None, records).propagation_queue) == 4
