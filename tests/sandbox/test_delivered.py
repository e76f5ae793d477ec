"""The world that is delivered: an application that works, with a past that holds together."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tasks.kernel import git
from tasks.sandbox.history import read
from tasks.sandbox.seeds import KINDS, SEEDS
from tasks.sandbox.steps import seed
from tests.needs import need
from tests.sandbox.worlds import ROOT, World

PIPELINE = yaml.safe_load((ROOT / "pipeline.yml").read_text())
SOURCE = ROOT / SEEDS["source"].folder
HISTORY = (ROOT / "sandbox" / "history.yml").read_text()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The real seeds, made into remotes."""
    world = World.real(tmp_path_factory.mktemp("world"))
    seed(world.root)
    return world


def checkout(world: World, ref: str, to: Path) -> Path:
    git.git("clone", "--quiet", "--branch", ref, str(world.remote), str(to / "tree"))
    return to / "tree"


def run(folder: Path, *command: str, **env: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("check", ["nextest", "bats"])
@pytest.mark.parametrize("ref", ["main", "0.41.0", "0.40.0"])
def test_the_applications_own_checks_pass_at_every_release(
    world: World, tmp_path: Path, ref: str, check: str
) -> None:
    folder = checkout(world, ref, tmp_path)
    told = run(folder, *PIPELINE["checks"][check]["command"])
    assert int(re.findall(r"Ran (\d+) tests?", told)[0]) > 3
    assert git.text("status", "--porcelain", repo=folder) == ""


def test_the_executable_is_the_same_from_every_checkout(world: World, tmp_path: Path) -> None:
    artifact = PIPELINE["artifacts"]["binary"]
    stamp = {"VERSION": "0.42.0", "COMMITHASH": "0123abc"}
    made = set()
    for name, umask in (("one", 0o022), ("two", 0o077)):
        (tmp_path / name).mkdir()
        before = os.umask(umask)
        try:
            folder = checkout(world, "main", tmp_path / name)
            run(folder, *artifact["command"], **stamp)
        finally:
            os.umask(before)
        output = folder / artifact["output"]
        assert output.stat().st_mode & 0o777 == 0o755
        made.add(output.read_bytes())
    assert len(made) == 1
    assert run(tmp_path, str(output), "version") == "lana-cli 0.42.0 (0123abc)\n"
    plan = run(tmp_path, str(output), "schedule", "1000", "5", "--instalments", "52",
               "--period", "weekly")  # fmt: skip
    assert len(plan.splitlines()) == 52


@pytest.mark.parametrize("kind", KINDS)
def test_main_ends_with_exactly_the_seed(world: World, kind: str) -> None:
    remote = world.root / SEEDS[kind].remote
    tree = git.text("rev-parse", "main^{tree}", repo=remote)
    assert git.text("rev-parse", "refs/slipway/seed", repo=remote) == tree
    assert git.lines("fsck", "--strict", "--no-dangling", repo=remote) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_path_a_commit_takes_is_in_the_seed(world: World, kind: str) -> None:
    folder = world.root / SEEDS[kind].folder
    for step in read(HISTORY, kind, "history.yml"):
        for path in step.takes:
            assert (folder / path).exists(), f"{step.message.splitlines()[0]}: {path}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_has_its_commit_and_every_commit_its_change(world: World, kind: str) -> None:
    remote = world.root / SEEDS[kind].remote
    for commit in git.lines("rev-list", "--no-merges", "--all", repo=remote):
        assert git.lines("show", "--format=", "--name-only", commit, repo=remote), commit
    last = read(HISTORY, kind, "history.yml")
    final = [step for step in last if step.branch == "main"][-1]
    changed = git.lines("show", "--format=", "--name-only", "main", repo=remote)
    assert set(changed) <= {*final.takes}, "a new file is named by no commit of history.yml"


def test_every_message_is_conventional(world: World) -> None:
    header = re.compile(r"(feat|fix|perf|docs|test|build|chore)(\([a-z-]+\))?!?: \S.*")
    for kind in KINDS:
        remote = world.root / SEEDS[kind].remote
        for title in git.lines("log", "--no-merges", "--format=%s", "main", repo=remote):
            assert header.fullmatch(title), title


def test_a_feature_and_a_fix_wait_so_that_0_42_0_rc_1_is_next(world: World) -> None:
    tags = git.lines("tag", "--merged", "main", repo=world.remote)
    assert {tag for tag in tags if "rc" not in tag} == {"0.40.0", "0.41.0"}
    assert git.lines("tag", "--contains", "0.41.0", repo=world.remote) == ["0.41.0"]
    waiting = git.lines("log", "--format=%s", "0.41.0..main", repo=world.remote)
    assert [title.partition("(")[0] for title in waiting] == ["feat", "fix"]


def test_the_version_branch_counts_to_the_newest_release(world: World) -> None:
    assert world.show("version", "version") == "0.41.0\n"
    assert git.lines("ls-tree", "--name-only", "version", repo=world.remote) == ["version"]
    assert world.show("version", "version~1") == "0.40.0\n"
    unrelated = git.returncode("merge-base", "main", "version", repo=world.remote)
    assert unrelated == 1


@pytest.mark.parametrize(("release", "before"), [("0.41.0", "0.40.0"), ("0.40.0", "")])
def test_a_release_holds_what_its_changelog_says(world: World, release: str, before: str) -> None:
    changelog = world.show("CHANGELOG.md", release)
    assert changelog.startswith(f"## [{release}] - ")
    day = git.text("log", "-1", "--format=%cs", release, repo=world.remote)
    assert changelog.splitlines()[0].endswith(day)
    span = f"{before}..{release}" if before else release
    section = changelog.partition("\n## ")[0]
    titles = git.lines("log", "--no-merges", "--format=%s", span, repo=world.remote)
    news = [t.partition(": ")[2] for t in titles if not t.startswith("chore(release)")]
    told = re.findall(r"^- (?:\*\(.*?\)\* )?(?:\[\*\*breaking\*\*\] )?(.*)$", section, re.M)
    assert sorted(told) == sorted(f"{text[0].upper()}{text[1:]}" for text in news)
    assert git.text("log", "-1", "--format=%s", release, repo=world.remote).endswith(release)


def test_the_images_take_what_is_there_and_need_no_shell(world: World) -> None:
    for name, image in PIPELINE["images"].items():
        files = image["dockerfile"]
        for file in [files] if isinstance(files, str) else files.values():
            context = SOURCE / image["context"]
            text = (context / file).read_text()
            assert text.splitlines()[-1].startswith('ENTRYPOINT ["python3", "/srv/')
            assert "\nRUN" not in text
            assert f'image.title="{name}"' in text
            (copied,) = re.findall(r"^COPY (.*) /srv/\S+/$", text, re.M)
            made = {"VERSION", image.get("binary")}
            missing = [f for f in copied.split() if f not in made and not (context / f).is_file()]
            assert missing == []
            assert "VERSION" in copied.split()


def test_the_apps_versions_stand_where_the_pipeline_writes_them() -> None:
    for app in PIPELINE["artifacts"]["apps"].values():
        assert f"{app['variable']}=" in (SOURCE / app["env-file"]).read_text()


def test_every_image_has_its_digest_and_breadcrumb_in_the_chart(world: World) -> None:
    remote = world.root / SEEDS["charts"].remote
    path = f"{PIPELINE['chart']['path']}/{PIPELINE['chart']['values']}"
    text = git.text("show", f"main:{path}", repo=remote)
    for image, place in PIPELINE["chart"]["images"].items():
        value = yaml.safe_load(text)
        for key in place.split("."):
            value = value[int(key)] if isinstance(value, list) else value[key]
        line = next(line for line in text.splitlines() if value in line)
        crumb = r"# METADATA:: repository=\S+;commit_ref=[0-9a-f]{7};app=" + re.escape(image) + ";"
        assert re.fullmatch(r'\s+digest: "sha256:[0-9a-f]{64}" ' + crumb, line)


def test_helm_finds_nothing_wrong_with_the_chart() -> None:
    helm = need("helm")
    chart = ROOT / SEEDS["charts"].folder / PIPELINE["chart"]["path"]
    for environment in PIPELINE["environments"].values():
        values = ROOT / SEEDS["deployments"].folder / environment["root"] / "values.yml"
        run(ROOT, helm, "lint", "--strict", str(chart), "--values", str(values))
        manifests = run(ROOT, helm, "template", "lana", str(chart), "--values", str(values))
        kinds = [document["kind"] for document in yaml.safe_load_all(manifests) if document]
        assert sorted(kinds) == ["Deployment"] * 4 + ["Service"] * 4
    broken = subprocess.run(
        [helm, "lint", str(chart), "--set", "lanaBank.image.digest=latest"],
        capture_output=True,
        check=False,
    )
    assert broken.returncode != 0


def test_terraform_accepts_every_environment(world: World, tmp_path: Path) -> None:
    terraform, folder = need("terraform"), tmp_path / "tree"
    quiet = {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_INPUT": "0"}
    git.git("clone", "--quiet", str(world.root / SEEDS["deployments"].remote), str(folder))
    run(folder, terraform, "fmt", "-check", "-recursive", **quiet)
    for environment in PIPELINE["environments"].values():
        run(folder / environment["root"], terraform, "init", "-no-color", **quiet)
        run(folder / environment["root"], terraform, "validate", "-no-color", **quiet)
    assert git.text("status", "--porcelain", repo=folder) == ""
