"""Programs: argument lists, limits, complete output, and no secret that they do not need."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tasks.kernel import journal, paths, programs
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.redact import MASK, printable, redact, without_secrets


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _alive(mark: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                return True
        except OSError:
            continue
    return False


def _gone(mark: str) -> None:
    """Wait for the end of a killed process: on a busy machine the kernel takes a moment."""
    end = time.monotonic() + 10
    while _alive(mark):
        assert time.monotonic() < end, "it goes on in the dark"
        time.sleep(0.05)


def test_what_a_program_prints_is_complete(tmp_path: Path) -> None:
    """The library's own wait with a limit lost the last words of one program in some hundred."""
    code = "import sys; sys.stdout.write('a\\nb'); sys.stderr.write('x\\n')"
    for _ in range(40):
        done = programs.run(_python(code), cwd=tmp_path)
        assert (done.code, done.out, done.err) == (0, "a\nb", "x\n")


def test_much_output_is_complete_too(tmp_path: Path) -> None:
    done = programs.run(_python("print('x' * 99 + '\\n', end='') or 0\n" * 2000), cwd=tmp_path)
    assert len(done.out) == 2000 * 100


def test_output_that_is_no_text_does_not_matter(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.buffer.write(b'\\xff\\xfe ok\\n')"
    assert "ok" in programs.run(_python(code), cwd=tmp_path).out


def test_there_is_no_shell(tmp_path: Path) -> None:
    hostile = "$(touch pwned); `touch pwned` & touch pwned"
    code = "import sys; print(sys.argv[1])"
    assert programs.run([*_python(code), hostile], cwd=tmp_path).out == hostile + "\n"
    assert not list(tmp_path.iterdir())


def test_a_failure_names_the_program_and_shows_its_last_words(tmp_path: Path) -> None:
    code = "import sys\nfor n in range(50): print('line', n)\nsys.exit(3)"
    with pytest.raises(Failed, match="the compiler ended with 3") as caught:
        programs.run(_python(code), cwd=tmp_path, what="the compiler")
    assert caught.value.detail[-1] == "line 49"
    assert len(caught.value.detail) < 20
    assert programs.run(_python(code), cwd=tmp_path, ok=(0, 3)).code == 3


def test_a_signal_is_told_as_one(tmp_path: Path) -> None:
    code = "import os; os.kill(os.getpid(), 9)"
    with pytest.raises(Failed, match="ended by signal 9"):
        programs.run(_python(code), cwd=tmp_path)


def test_a_limit_ends_the_program_and_all_it_started(tmp_path: Path) -> None:
    mark = f"slow-{time.monotonic_ns()}"
    child = f"import time; time.sleep(60) # {mark}"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    begin = time.monotonic()
    with pytest.raises(Failed, match="did not end within 1 s and was stopped"):
        programs.run(_python(code), cwd=tmp_path, timeout=1)
    assert time.monotonic() - begin < 30
    _gone(mark)


def test_a_server_that_was_forgotten_is_stopped(tmp_path: Path) -> None:
    mark = f"server-{time.monotonic_ns()}"
    child = f"import time; time.sleep(60) # {mark}"
    code = (
        "import subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}],"
        " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
    )
    programs.run(_python(code), cwd=tmp_path)
    _gone(mark)


def test_alone_it_is_the_same_without_the_library(tmp_path: Path) -> None:
    code = "import sys; print(sys.stdin.read()); print('no', file=sys.stderr); sys.exit(3)"
    done = programs.run(_python(code), cwd=tmp_path, stdin="ä", ok=(3,), alone=True)
    assert (done.code, done.out, done.err) == (3, "ä\n", "no\n")
    with pytest.raises(Failed, match="ended with 3") as failed:
        programs.run(_python(code), cwd=tmp_path, alone=True)
    assert "no" in failed.value.detail
    with pytest.raises(SlipwayError, match="could not be started"):
        programs.run(_python("1"), cwd=tmp_path / "nowhere", alone=True)
    sleeping = "import time; print('at it', flush=True); time.sleep(60)"
    with pytest.raises(Failed, match="did not end within 1 s"):
        programs.run(_python(sleeping), cwd=tmp_path, timeout=1, alone=True)


def test_what_is_not_there_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="frobnicate is not installed"):
        programs.run(["frobnicate"], cwd=tmp_path)
    with pytest.raises(SlipwayError, match="could not be started"):
        programs.run(_python("1"), cwd=tmp_path / "nowhere")


def test_secrets_are_for_those_who_need_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORGE_TOKEN", "s3cr3t-hunter2")
    code = "import os; print(os.environ.get('FORGE_TOKEN'))"
    assert programs.run(_python(code), cwd=tmp_path).out == "None\n"
    done = programs.run(_python(code), cwd=tmp_path, needs=["FORGE_TOKEN"])
    assert done.out == "s3cr3t-hunter2\n"


def test_secrets_are_masked_in_errors_and_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setenv("FORGE_TOKEN", "s3cr3t-hunter2")
    code = "print('using s3cr3t-hunter2'); raise SystemExit(1)"
    with journal.of("task"), pytest.raises(Failed) as caught:
        programs.run([*_python(code), "s3cr3t-hunter2"], cwd=tmp_path)
    assert "hunter2" not in str(caught.value)
    log = (tmp_path / "build/logs/task.log").read_text()
    assert "hunter2" not in log
    assert MASK in log


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:pass@host/x", f"https://{MASK}@host/x"),
        ("Authorization: Bearer abcdefgh12345", MASK),
        ("git@host:x.git", "git@host:x.git"),
        ("a token of love", "a token of love"),
    ],
)
def test_what_is_masked_without_being_told(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_a_path_to_a_key_is_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_PRIVATE_KEY", str(tmp_path))
    assert redact(f"reading {tmp_path}") == f"reading {tmp_path}"
    assert "DEPLOY_PRIVATE_KEY" not in without_secrets()


def test_what_steers_a_terminal_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printable("a\x1b[31mb\x07\tc\nd") == "a[31mb\tc\nd"
    assert printable("type doit release") == "type doit release"
    monkeypatch.setenv("SLIPWAY_CWD", "/somewhere")
    assert (
        printable("type doit release, not /x/doit now") == "type ./doitw release, not /x/doit now"
    )


def test_a_question_leaves_no_log_unless_it_ends_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    with journal.of("status", keep=False):
        journal.say("looking")
    assert not list(tmp_path.iterdir())
    with journal.of("status", keep=False):
        journal.say("looking")
        journal.save("status")
    assert (tmp_path / "build/logs/status.log").read_text() == "looking\n"
