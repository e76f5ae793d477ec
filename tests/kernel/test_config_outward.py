"""`automerge` and `notify`, and the promotion's `take-over`."""

from __future__ import annotations

import pytest

from tasks.kernel.config import Automerge, Notice
from tests.kernel.test_config_mistakes import changed, loaded, only_mistake

CHART = "{path: charts/shop, images: {}}"


def test_left_out_the_charts_labels_count_and_nobody_is_told() -> None:
    text = changed(chart="@").replace("chart: @\n", "")
    config = loaded(text)
    assert config.automerge == Automerge((), ("charts",), ())
    assert config.notify == ()
    assert config.promotion.take_over is False
    config = loaded(changed(chart=CHART))
    assert config.automerge.labels == ("galoybot", "shop")
    assert loaded(changed(promotion="{take-over: true}")).promotion.take_over is True


def test_what_is_written_counts() -> None:
    text = changed(
        automerge="{labels: [bot], remotes: [source, charts], checks: [ci/lint]}",
        notify="[{on: [gate], command: [tell, me], secrets: [CHAT_TOKEN], timeout: 5s},"
        ' {on: [release, deploy], webhook: "https://h.example.org/x"},'
        " {on: [failure], webhook-from: HOOK}]",
    )
    config = loaded(text)
    assert config.automerge == Automerge(("bot",), ("source", "charts"), ("ci/lint",))
    assert config.notify == (
        Notice(("gate",), ("tell", "me"), "", "", 5.0, ("CHAT_TOKEN",)),
        Notice(("release", "deploy"), (), "https://h.example.org/x", "", 10.0, ()),
        Notice(("failure",), (), "", "HOOK", 10.0, ()),
    )
    assert config.slice("automerge", "notify")["notify"][0]["command"] == ["tell", "me"]


@pytest.mark.parametrize(
    ("section", "text", "said"),
    [
        ("automerge", "{labels: []}", "automerge.labels: is empty (expected a list of labels)"),
        (
            "automerge",
            "{remotes: [sauce]}",
            'automerge.remotes[0]: "sauce" is unknown (expected source or charts or deployments)',
        ),
        ("automerge", "{labels: [a, a]}", 'automerge.labels[1]: "a" stands twice'),
        (
            "notify",
            "[{on: [gate]}]",
            "notify[0]: has nobody to tell (expected one of command, webhook, webhook-from)",
        ),
        (
            "notify",
            "[{on: [gate], command: [x], webhook-from: X}]",
            "notify[0]: has command and webhook-from"
            " (expected one of command, webhook, webhook-from)",
        ),
        (
            "notify",
            "[{on: [gates], command: [x]}]",
            'notify[0].on[0]: "gates" is unknown (expected gate or failure or release or deploy)',
        ),
        (
            "notify",
            "[{on: [], command: [x]}]",
            "notify[0].on: is empty (expected a list of gate, failure, release, deploy)",
        ),
        (
            "notify",
            "[{on: [gate], webhook: 'http://h.example.org/x'}]",
            "notify[0].webhook: would be told in the clear"
            " (expected https://…, http:// only for this machine)",
        ),
        (
            "notify",
            "[{on: [gate], webhook-from: X, secrets: [Y]}]",
            "notify[0].secrets: has no meaning for a webhook (expected beside a command)",
        ),
        (
            "notify",
            "[{on: [gate], command: [x], timeout: 1h}]",
            "notify[0].timeout: is longer than a run should wait for it (expected 5m at most)",
        ),
        (
            "promotion",
            "{take-over: yes}",
            'promotion.take-over: "yes" is no good (expected true or false, without quotes)',
        ),
    ],
)
def test_mistakes(section: str, text: str, said: str) -> None:
    assert only_mistake(changed(**{section: text})) == said


def test_this_machine_may_be_told_in_the_clear() -> None:
    text = changed(notify="[{on: [gate], webhook: 'http://127.0.0.1:8080/x'}]")
    assert loaded(text).notify[0].webhook == "http://127.0.0.1:8080/x"
