"""Gates: an environment goes as far as its gate, and back when that moves back."""

from __future__ import annotations

from pathlib import Path

from tasks.kernel import git as g
from tasks.promotion.engine import config_at, gate_commit, gates_at, pending

from .conftest import Deployments


def test_a_gate_holds_an_environment_and_moves_it_back(track: Deployments) -> None:
    first = track.head
    second = track.commit("two", {"app/a.yml": "a 2"})
    track.write({"gates.yml": "staging: HEAD\nqa: HEAD\n"})
    assert track.cepler("-g", "gates.yml", "check", "-e", "staging").trigger == second
    assert track.cepler("-g", "gates.yml", "record", "-e", "staging").code == 0
    track.write({"gates.yml": f"staging: {first}\n"})
    said = track.cepler("-g", "gates.yml", "check", "-e", "staging")
    assert (said.trigger, said.err) == (first, "File app/a.yml changed\n")
    track.cepler("-g", "gates.yml", "prepare", "-e", "staging")
    assert track.read("app/a.yml") == "a 1"
    track.cepler("-g", "gates.yml", "record", "-e", "staging")
    record = track.record_of("staging")
    assert (record.version, record.current.head_commit, record.current.any_dirty) == (
        2,
        first,
        False,
    )


def test_gates_on_a_branch(track: Deployments) -> None:
    first = track.head
    second = track.commit("two", {"app/a.yml": "a 2"})
    track.git("checkout", "--quiet", "--orphan", "approvals")
    track.git("rm", "-rfq", ".")
    gates = track.commit("gate", {"gates.yml": f"staging: {first}\nqa: HEAD\n"})
    track.git("checkout", "--quiet", "main")
    words = ("-g", "gates.yml", "--gates-branch")
    assert track.cepler(*words, "approvals", "check", "-e", "staging").trigger == first
    assert "Couldn't find branch" in track.cepler(*words, "no", "check", "-e", "staging").err
    said = track.cepler("-g", "no.yml", "--gates-branch", "approvals", "check", "-e", "staging")
    assert "Couldn't find gates file in branch" in said.err
    track.git("update-ref", "refs/remotes/origin/far", gates)
    assert track.cepler(*words, "far", "check", "-e", "staging").trigger == first
    known = gates_at(track.root, "refs/heads/approvals", "gates.yml")
    assert gate_commit(track.root, known, "qa") is None
    start = gate_commit(track.root, known, "staging")
    config = config_at(track.root, second)
    found = pending(track.root, second, config, "staging", start=start)
    assert found.state.head_commit == first


def test_what_is_no_gate(track: Deployments) -> None:
    blob = track.git("rev-parse", "HEAD:README")
    for gate, text in (
        ("other: HEAD", "Environment is missing in gates file"),
        ("staging: main", "Gate is not a valid commit hash"),
        ("staging: head", "Gate is not a valid commit hash"),
        (f"staging: {track.head[:12]}", "Gate commit doesn't exist"),
        (f"staging: {'f' * 40}", "Gate commit doesn't exist"),
        (f"staging: {blob}", "Gate commit doesn't exist"),
        (f"staging: {track.head}0", "Gate is not a valid commit hash"),
        ("staging: --all", "Gate is not a valid commit hash"),
        ("[staging]", "a map is wanted here"),
    ):
        track.write({"gates.yml": gate})
        said = track.cepler("-g", "gates.yml", "check", "-e", "staging")
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith(f"Error: {text}"), gate


def test_latest_and_reproduce_do_not_open_the_gates(track: Deployments) -> None:
    track.cepler("record", "-e", "staging")
    assert track.cepler("-g", "no.yml", "latest", "-e", "staging").code == 0
    assert track.cepler("-g", "no.yml", "reproduce", "-e", "staging").code == 0


def test_a_gate_that_names_a_commit_which_the_push_would_rename_is_refused(
    pair: tuple[Deployments, Deployments, Path],
) -> None:
    one, two, remote = pair
    theirs = two.commit("theirs", {"README": "theirs"})
    two.git("push", "--quiet", "origin", "main")
    mine = one.commit("mine", {"app/a.yml": "mine"})
    one.commit("gate", {"gates.yml": f"staging: {mine}\n"})
    words = ("-g", "gates.yml", "record", "-e", "staging", "--reset-head", "--push")
    keys = ("--git-url", "x", "--git-private-key", "x")
    said = one.cepler(*words, *keys)
    assert (said.code, g.text("rev-parse", "main", repo=remote)) == (1, theirs)
    assert f"gate {mine}" in said.err
    assert "push it first, then set the gate" in said.err
    one.git("merge", "--quiet", "--no-edit", "@{upstream}")  # the other way that it names
    assert one.cepler(*words, *keys).code == 0
    g.git("clone", "--quiet", str(remote), str(one.root.parent / "fresh"))
    there = Deployments(one.root.parent / "fresh")
    assert there.cepler("-g", "gates.yml", "check", "-e", "staging").code == 2
