"""`python -m tasks.changelog`, as a shell sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.version.repository import Repository

ROOT = Path(__file__).resolve().parents[2]
DAY = "2026-03-10"
SECTION = "## [0.2.0] - 2026-03-10\n\n### 🚀 Features\n\n- B\n\n### 🐛 Bug Fixes\n\n- C\n"
OLD = "## [0.1.0] - 2026-01-01\n\n- A\n"


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tasks.changelog", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | env
    )


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "source")
    made.commit("feat: a\n")
    made.tag("0.1.0")
    made.commit("feat: b\n")
    made.tag("0.2.0-rc.1")
    made.commit("fix: c\n")
    made.tag("0.2.0-rc.2")
    return made


def write(repo: Repository, content: bytes) -> Path:
    file = repo.folder / "CHANGELOG.md"
    file.write_bytes(content)
    return file


def add(repo: Repository, *more: str, version: str = "0.2.0") -> subprocess.CompletedProcess[str]:
    return run("--repo", str(repo.folder), "--version", version, "--date", DAY, *more)


CHANGELOGS = {
    "a title": (f"# Changelog\n\nAll.\n\n{OLD}".encode(), b"# Changelog\n\nAll.\n\n"),
    "sections only": (OLD.encode(), b""),
    "windows": (f"# Changes\r\n\r\n{OLD}".replace("\n", "\r\n").encode(), b"# Changes\r\r\n\r\r\n"),
    "a mark and a title": (f"\ufeff# Changes\n\n{OLD}".encode(), "\ufeff# Changes\n\n".encode()),
    "a mark and sections": (f"\ufeff{OLD}".encode(), "\ufeff".encode()),
    "no newline at its end": (OLD.rstrip().encode(), b""),
    "not released yet": (
        f"# C\n\n## [Unreleased]\n\n- X\n\n{OLD}".encode(),
        b"# C\n\n## [Unreleased]\n\n- X\n\n",
    ),
    "bytes that are no text": (b"# \xff\xfe\n\n" + OLD.encode() + b"\x00\x80", b"# \xff\xfe\n\n"),
}


@pytest.mark.parametrize(("before", "above"), CHANGELOGS.values(), ids=CHANGELOGS)
def test_the_section_goes_on_top_and_all_else_stays_byte_for_byte(
    repo: Repository, before: bytes, above: bytes
) -> None:
    file = write(repo, before)
    done = add(repo)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("CHANGELOG.md: 0.2.0 with 2 entries\n")
    assert file.read_bytes() == above + SECTION.encode() + b"\n" + before[len(above) :]
    again = file.read_bytes()
    assert "nothing was changed" in add(repo).stdout
    assert file.read_bytes() == again


def test_the_first_changelog(repo: Repository) -> None:
    assert add(repo).returncode == 0
    text = (repo.folder / "CHANGELOG.md").read_text()
    assert text.startswith("# Changelog\n")
    assert text.endswith(SECTION)


def test_the_file_keeps_its_mode(repo: Repository) -> None:
    file = write(repo, OLD.encode())
    file.chmod(0o664)
    add(repo)
    assert file.stat().st_mode & 0o777 == 0o664


def test_the_day_is_told_or_fixed_by_the_environment(repo: Repository) -> None:
    told = run("--repo", str(repo.folder), "--version", "0.2.0", "--print", SOURCE_DATE_EPOCH="0")
    assert told.stdout.startswith("## [0.2.0] - 1970-01-01\n")
    assert add(repo, "--print").stdout == SECTION
    assert not (repo.folder / "CHANGELOG.md").exists()


def test_a_bare_repository_is_shown_its_section(repo: Repository, tmp_path: Path) -> None:
    bare = repo.bare(tmp_path / "bare.git")
    shown = run("--repo", str(bare), "--version", "0.2.0", "--date", DAY, "--print")
    assert (shown.returncode, shown.stdout) == (0, SECTION)
    refused = run("--repo", str(bare), "--version", "0.2.0")
    assert refused.returncode == 1
    assert "--print" in refused.stderr
    assert not (bare / "CHANGELOG.md").exists()


def test_the_range_begins_at_the_highest_final_below_the_version(repo: Repository) -> None:
    repo.tag("0.2.0")
    repo.commit("feat: d\n")
    repo.tag("9.9.9", "HEAD~1")  # a final above says nothing of this version's range
    shown = add(repo, "--print", version="0.3.0").stdout
    assert "- D" in shown
    assert "- B" not in shown
    assert "- B" in add(repo, "--print", "--ref", "0.2.0", version="0.2.0").stdout


def test_their_own_configuration_counts(repo: Repository) -> None:
    body = '[changelog]\nbody = """\n## [{{ version }}] - theirs\n"""\n'
    repo.commit("docs: format\n", cliff__toml=body)
    (repo.folder / "ci").mkdir()
    (repo.folder / "ci/cliff.toml").write_text(body.replace("theirs", "chosen"))
    repo.commit("docs: another\n")
    assert add(repo, "--print").stdout == "## [0.2.0] - theirs\n"
    assert add(repo, "--print", "--config", "ci/cliff.toml").stdout == "## [0.2.0] - chosen\n"
    gone = add(repo, "--print", "--config", "gone.toml")
    assert gone.returncode == 1
    assert "--config" in gone.stderr
    assert "pipeline.yml" not in gone.stderr


def test_the_header_and_footer_of_their_configuration_are_the_files_own(repo: Repository) -> None:
    body = '[changelog]\nheader = "# Changelog\\n\\nAll of it.\\n"\nfooter = "<!-- made -->"\n'
    body += 'body = """\n## [{{ version }}] - theirs\n"""\n'
    repo.commit("docs: format\n", cliff__toml=body)
    file = write(repo, b"# Changelog\n\nAll of it.\n\n## [0.1.0] - theirs\n\n<!-- made -->\n")
    assert add(repo).returncode == 0
    assert file.read_text() == (
        "# Changelog\n\nAll of it.\n\n## [0.2.0] - theirs\n\n## [0.1.0] - theirs\n\n<!-- made -->\n"
    )


def test_nobody_reading_is_no_traceback(repo: Repository) -> None:
    command = [sys.executable, "-m", "tasks.changelog", "--repo", str(repo.folder), "--print"]
    ours, theirs = os.pipe()
    os.close(ours)
    with subprocess.Popen(
        [*command, "--version", "0.2.0"], cwd=ROOT, stdout=theirs, stderr=subprocess.PIPE
    ) as process:
        os.close(theirs)
        assert process.communicate()[1] == b""
    assert process.returncode == 1


@pytest.mark.parametrize("place", ["", "nowhere"])
def test_a_repository_that_is_none_is_told_as_that(place: str) -> None:
    done = run("--repo", place, "--version", "0.2.0", "--print")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"there is no folder '{place}'" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version", "-x"],
        ["--version=--help"],
        ["--version", "0.2.0", "--date", "yesterday"],
        ["--version", "0.2.0", "--ref", "nowhere"],
        ["--version", "0.2.0", "--ref=-x"],
        [],
    ],
)
def test_wrong_usage_is_1_with_a_reason_and_changes_nothing(
    repo: Repository, arguments: list[str]
) -> None:
    file = write(repo, OLD.encode())
    done = run("--repo", str(repo.folder), *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert file.read_bytes() == OLD.encode()


def test_a_link_is_not_written_through(repo: Repository, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("x")
    (repo.folder / "CHANGELOG.md").symlink_to(tmp_path / "theirs")
    done = add(repo)
    assert done.returncode == 1
    assert "is a link" in done.stderr
    assert (tmp_path / "theirs").read_text() == "x"
