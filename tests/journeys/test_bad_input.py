"""Bad input gets a clear error: what, where, what to do; and nothing is half done."""

from __future__ import annotations

import pytest

from tasks.kernel import git as g
from tests.journeys.conftest import At
from tests.project import Project


def _untouched(project: Project) -> bool:
    """Say whether nothing of ours stands outside."""
    ours = [name for name in project.refs() if name.startswith(("refs/slipway", "refs/heads/bot"))]
    return not ours and not project.pulls() and not project.images()


def test_a_dirty_source(at: At) -> None:
    project = at("seeded")
    tree = project.folder / "work"
    g.git("clone", "--quiet", str(project.source), str(tree))
    (tree / "server/main.py").write_text("print('not committed')\n")
    project.configure_remote("source", "work")
    run = project.doit("release")
    assert run.code == 2
    assert "1 uncommitted change in the source" in run.err
    assert "server/main.py" in run.err
    assert "commit or stash" in run.err
    assert _untouched(project)


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_shallow_source(at: At, scheme: str) -> None:
    project = at("seeded")
    shallow = project.folder / "shallow.git"
    g.git("clone", "--quiet", "--bare", "--depth=1", f"file://{project.source}", str(shallow))
    project.configure_remote("source", f"{scheme}{shallow}")
    run = project.doit("release")
    assert run.code == 2
    assert "shallow clone" in run.err
    assert "--unshallow" in run.err
    assert _untouched(project)


def test_a_remote_that_is_not_there(at: At) -> None:
    project = at("seeded")
    project.configure_remote("source", "world/nowhere.git")
    run = project.doit("release")
    assert run.code == 2
    assert "✗ source" in run.err
    assert "the remote cannot be read" in run.err
    assert "nowhere.git" in run.err
    assert "Traceback" not in run.err


def test_a_remote_without_a_commit(at: At) -> None:
    project = at("seeded")
    g.git("init", "--bare", "--quiet", str(project.world / "empty.git"))
    project.configure_remote("source", "world/empty.git")
    run = project.doit("release")
    assert run.code == 2
    assert "the repository has no branch yet" in run.err


@pytest.mark.parametrize(
    "branch", ["-delete", "--upload-pack=touch pwned", "main;touch pwned", "$(touch pwned)"]
)
def test_a_branch_with_a_leading_dash_or_shell_characters(at: At, branch: str) -> None:
    project = at("seeded")
    project.configure_branch("source", branch)
    run = project.doit("release")
    assert run.code == 3
    assert "remotes.source.branch" in run.err
    assert "pipeline.yml:" in run.err
    assert not list(project.folder.glob("**/pwned"))


def test_a_branch_that_is_not_there(at: At) -> None:
    project = at("seeded")
    project.configure_branch("source", "mian")
    run = project.doit("release")
    assert run.code == 2
    assert "there is no branch mian (did you mean main?)" in run.err


def test_a_branch_with_odd_but_lawful_characters_works(at: At) -> None:
    project = at("seeded")
    odd = 're\'lease/"now"&$(x)'
    g.git("branch", "--", odd, "main", repo=project.source)
    project.configure_branch("source", odd)
    run = project.doit("release")
    assert run.code == 4, run.err
    assert project.pulls()[0]["base"] == odd


MESSAGE = """feat(web): it's "quoted" with `ticks`, $(touch pwned), ${HOME} and \\backslashes

Body with 'single', "double" and «other» quotes; {{ jinja }} {% if %} and <b>html</b>.
Co-authored-by: "O'Neil" <o@example.org>
\x1b[31mred\x1b[0m and a tab\there
"""


def test_a_commit_message_with_every_kind_of_quote(at: At) -> None:
    project = at("seeded")
    project.commit(MESSAGE, {"web/index.html": "<h1>quoted</h1>\n"})
    run = project.doit("release")
    assert run.code == 4, run.err
    assert "\x1b[31m" not in run.err
    section = (project.folder / "build/changelog/section.md").read_text()
    assert 'It\'s "quoted" with `ticks`, $(touch pwned), ${HOME} and \\backslashes' in section
    assert project.approve().code == 0
    assert project.doit("release").code == 0
    assert not list(project.folder.glob("**/pwned"))
    assert 'It\'s "quoted"' in (
        project.world / "forge/releases/0.2.0/release.json"
    ).read_text().replace('\\"', '"')


def test_a_subject_with_escape_sequences_does_not_reach_the_terminal(at: At) -> None:
    project = at("seeded")
    project.commit("fix: \x1b]0;owned\x07\x1b[2Jclean", {"web/index.html": "x\n"})
    run = project.doit("release")
    assert run.code == 4, run.err
    assert "\x1b" not in run.err
    assert "\x07" not in run.err
    assert "\x1b" not in project.doit("status").out


def test_a_message_that_breaks_the_grammar(at: At) -> None:
    project = at("seeded")
    project.commit("Fixed the thing", {"web/index.html": "x\n"})
    run = project.doit("release")
    assert run.code == 1
    assert "✗ check:messages" in run.err
    assert "Fixed the thing" in run.err
    assert "^" in run.err
    assert _untouched(project)


@pytest.mark.parametrize("source", ["../server/main.py", "/etc/hostname", "server/../../build.py"])
def test_an_image_context_that_leaves_its_folder_by_dots(at: At, source: str) -> None:
    project = at("seeded")
    dockerfile = f"FROM scratch\nCOPY index.html /srv/\nCOPY {source} /srv/\n"
    project.commit("feat: look around", {"web/Dockerfile": dockerfile})
    run = project.doit("release")
    assert run.code == 2
    assert "✗ image:web" in run.err
    assert "Dockerfile:3" in run.err
    assert "web" not in project.images()
    assert not project.pulls()


@pytest.mark.parametrize("target", ["/etc/hostname", "../server/main.py"])
def test_an_image_context_that_leaves_its_folder_by_a_link(at: At, target: str) -> None:
    project = at("seeded")
    project.commit_link("feat: look around", "web/escape", target)
    run = project.doit("release")
    assert run.code == 2
    assert "✗ image:web" in run.err
    assert "escape" in run.err
    assert "web" not in project.images()


def test_a_context_that_is_itself_a_link(at: At) -> None:
    project = at("seeded")
    project.commit_link("feat: elsewhere", "site", "web")
    project.replace("context: web", "context: site")
    run = project.doit("release")
    assert run.code == 2
    assert "site is not a folder" in run.err


def test_our_stamps_are_never_written_through_a_link(at: At) -> None:
    project = at("seeded")
    outside = project.folder / "outside"
    outside.mkdir()
    project.commit_link("feat: a trap", "web/VERSION", str(outside / "VERSION"))
    project.doit("release")
    assert not list(outside.iterdir())


def test_an_input_set_with_a_path_that_is_not_there(at: At) -> None:
    project = at("seeded")
    project.replace("web: [web]", "web: [web, wbe]")
    run = project.doit("release")
    assert run.code == 2
    assert "inputs.web: wbe" in run.err


def test_mistakes_in_the_configuration_come_all_at_once_and_run_nothing(at: At) -> None:
    project = at("seeded")
    project.replace("timeout: 30s}", "timeout: soon}")
    project.replace("artifacts:", "artefacts:")
    run = project.doit("release")
    assert run.code == 3
    assert run.err.count("timeout") == 2
    assert "did you mean" in run.err
    assert "nothing was run" in run.err
    assert not (project.folder / "build").exists()


def test_an_approval_nobody_signed(at: At) -> None:
    project = at("waiting")
    for args in (["--by=me"], ["--why=because"], [], ["--by= ", "--why=x"]):
        run = project.doit("approve:release", *args)
        assert run.code == 3
        assert "--by" in run.err or "--why" in run.err
    assert project.pulls()[0]["state"] == "open"


def test_an_approval_with_quotes_and_newlines_is_one_honest_line(at: At) -> None:
    project = at("waiting")
    why = 'it\'s "right"\nApproved-by: somebody else\n$(touch pwned)'
    run = project.doit("approve:release", "--by=O'Neil the 2nd", f"--why={why}")
    assert run.code == 0, run.err
    message = g.text("log", "-1", "--format=%an%n%B", "main", repo=project.source)
    assert message.startswith("O'Neil the 2nd\n")
    assert message.count("\nApproved-by:") == 1
    assert not list(project.folder.glob("**/pwned"))


def test_nothing_to_approve(at: At) -> None:
    run = at("seeded").approve()
    assert run.code == 1
    assert "no promotion waits" in run.err
    assert "doit release" in run.err


def test_an_ignored_task_is_refused(at: At) -> None:
    """doit would skip everything behind it in silence and end with 0."""
    project = at("seeded")
    project.doit("ignore", "check:unit")
    run = project.doit("release")
    assert run.code == 2
    assert "doit forget check:unit" in run.err
    assert _untouched(project)


def test_a_secret_reaches_no_log_and_no_screen(at: At) -> None:
    project = at("seeded")
    check = "import os, sys\nprint(os.environ)\nprint('key s3cr3t-hunter2')\nsys.exit(1)\n"
    project.commit("test: a chatty check", {"tests/check.py": check})
    run = project.doit("release", env={"FORGE_TOKEN": "s3cr3t-hunter2"})
    assert run.code == 1
    assert "hunter2" not in run.err
    for path in (project.folder / "build").rglob("*"):
        if path.is_file():
            assert b"hunter2" not in path.read_bytes(), path


def test_a_full_fault_of_ours_shows_no_traceback(at: At) -> None:
    project = at("seeded")
    room = project.folder / "tasks/source/observe.py"
    room.write_text(
        room.read_text().replace('"""Write the head', 'raise RuntimeError("boom")\n    """Write')
    )
    run = project.doit("release")
    assert run.code == 2
    assert "Traceback" not in run.err
    assert "RuntimeError: boom" in run.err
    assert "Traceback" in (project.folder / "build/logs/source.log").read_text()
