"""A tree is held against its lock, file by file."""

from __future__ import annotations

from tests.vendir.conftest import Origin, Place


def _git(place: Place, more: str = "") -> None:
    place.configure(f"[{{path: app, git: {{url: ../charts, ref: main}}, {more}}}]")


def test_a_tree_that_is_what_its_lock_says(place: Place, origin: Origin) -> None:
    _git(place)
    place.sync()
    origin.commit("feat: more", {"README.md": "more\n"})
    said = place.run("verify")
    assert (said.code, said.out) == (0, "")
    assert place.left == ["vendir.lock.yml", "vendir.yml", "vendor"]


def test_every_way_in_which_a_tree_drifts_is_told(place: Place, origin: Origin) -> None:
    place.configure("[{path: app, git: {url: ../charts, ref: main}}, {path: own, manual: {}}]")
    (place.folder / "vendor/own").mkdir(parents=True)
    (place.folder / "vendor/own/x").write_text("x")
    place.sync()
    app = place.folder / "vendor/app"
    (app / "README.md").write_text("by hand\n")
    (app / "LICENSE").unlink()
    (app / "charts/app/values.yaml").chmod(0o755)
    (app / "charts/more.yaml").write_text("x")
    (app / "charts/other/Chart.yaml").unlink()
    (app / "charts/other/Chart.yaml").symlink_to("../app/Chart.yaml")
    (place.folder / "vendor/own/y").write_text("by hand, as it should be")
    said = place.run("verify")
    assert said.code == 1
    assert said.out.splitlines() == [
        "missing vendor/app/LICENSE",
        "changed vendor/app/README.md",
        "mode    vendor/app/charts/app/values.yaml",
        "extra   vendor/app/charts/more.yaml",
        "changed vendor/app/charts/other/Chart.yaml",
    ]
    assert "5 differences" in said.err
    place.sync("--locked")
    assert place.run("verify").code == 0


def test_a_lock_of_another_commit_than_the_configuration_names(
    place: Place, origin: Origin
) -> None:
    _git(place)
    place.sync()
    newer = origin.commit("feat: more", {"README.md": "more\n"})
    place.configure(f"[{{path: app, git: {{url: ../charts, ref: {newer}}}}}]")
    said = place.run("verify")
    assert (said.code, said.out) == (1, "lock    vendor/app\n")


def test_there_is_nothing_to_verify_without_a_lock(place: Place, origin: Origin) -> None:
    _git(place)
    said = place.run("verify")
    assert said.code == 1
    assert "there is none" in said.err


def test_modes_that_are_configured_are_no_difference(place: Place, origin: Origin) -> None:
    origin.commit("feat: a program", {"bin/run.sh": "echo\n"})
    place.configure(
        "[{path: run, permissions: 0755, git: {url: ../charts, ref: main},"
        " includePaths: [bin/run.sh], newRootPath: bin/run.sh}]"
    )
    place.sync()
    assert (place.folder / "vendor/run").stat().st_mode & 0o111
    assert place.run("verify").out == ""
    (place.folder / "vendor/run").chmod(0o644)
    assert place.run("verify").out == "mode    vendor/run\n"


def test_entries_that_the_configuration_no_longer_has(place: Place, origin: Origin) -> None:
    place.configure(
        "[{path: app, git: {url: ../charts, ref: main}}, {path: b, inline: {paths: {x: ''}}}]"
    )
    place.sync()
    _git(place)
    assert place.run("verify", "-d", "vendor/app").code == 0
    said = place.run("verify")
    assert (said.code, said.out) == (1, "lock    vendor/b\nextra   vendor/b/x\n")


def test_verify_changes_nothing_that_a_killed_sync_has_left(place: Place, origin: Origin) -> None:
    _git(place)
    place.sync()
    left = place.folder / ".vendir-tmp-0"
    left.mkdir()
    (place.folder / "vendor").rename(left / "1-old")
    (left / "swap").write_text("1-old\nvendor")
    said = place.run("verify")
    assert said.code == 1
    assert "missing vendor/app/README.md\n" in said.out
    assert place.left == [".vendir-tmp-0", "vendir.lock.yml", "vendir.yml"]
    place.sync()
    assert place.left == ["vendir.lock.yml", "vendir.yml", "vendor"]
