"""Programs at their limits: many, huge, stubborn, hostile, or started from an odd place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tasks.kernel import gitwords, journal, lock, paths, programs
from tasks.kernel.errors import Failed, SlipwayError


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_not_a_word_of_three_hundred_quick_programs_is_lost(tmp_path: Path) -> None:
    """Two at a time, as two threads of doit start them; and a limit does not make them slow."""
    wrong: list[str] = []

    def many(name: str) -> None:
        for number in range(150):
            said = f"{name} {number}"
            done = programs.run(["echo", said], cwd=tmp_path, timeout=60)
            if done.out != said + "\n":
                wrong.append(done.out)

    threads = [threading.Thread(target=many, args=(name,)) for name in ("one", "two")]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert time.monotonic() - begin < 15, "each of them costs a tenth of a second"


def test_huge_output_is_complete_in_both_streams(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for n in range(50_000):\n"
        "    print(f'{n:>60}')\n"
        "    print(f'{n:>60}', file=sys.stderr)\n"
        "print('x' * 3_000_000)\n"
    )
    done = programs.run(_python(code), cwd=tmp_path)
    numbers = [f"{n:>60}" for n in range(50_000)]
    assert done.err.splitlines() == numbers
    assert done.out.splitlines() == [*numbers, "x" * 3_000_000]


def test_a_letter_that_comes_in_two_parts_is_one_letter(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "for part in (b'a\\xc3', b'\\xa4\\xff\\0b'):\n"
        "    sys.stdout.buffer.write(part)\n"
        "    sys.stdout.buffer.flush()\n"
        "    time.sleep(0.2)\n"
    )
    assert programs.run(_python(code), cwd=tmp_path).out == "aä\ufffd\0b"


def test_input_is_given_whole_and_may_be_left_unread(tmp_path: Path) -> None:
    text = "é\n" * 100_000
    assert programs.run(["cat"], cwd=tmp_path, stdin=text).out == text
    assert programs.run(["cat"], cwd=tmp_path).out == ""
    assert programs.run(["true"], cwd=tmp_path, stdin=text).code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGSEGV, signal.SIGPIPE])
def test_every_signal_is_told(tmp_path: Path, number: int) -> None:
    code = (
        f"import os, signal\nsignal.signal({number:d}, signal.SIG_DFL)\n"
        f"os.kill(os.getpid(), {number:d})"
    )
    with pytest.raises(Failed, match=f"was ended by signal {number:d}$"):
        programs.run(_python(code), cwd=tmp_path, what="it")
    assert programs.run(_python(code), cwd=tmp_path, ok=None).code == -number


def test_the_words_of_a_program_that_was_stopped_are_in_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    code = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('connecting', flush=True)\ntime.sleep(60)"
    )
    begin = time.monotonic()
    with journal.of("task"), pytest.raises(Failed, match="did not end within 1 s") as caught:
        programs.run(_python(code), cwd=tmp_path, timeout=1)
    assert time.monotonic() - begin < 10
    assert caught.value.detail == ("connecting",)
    assert "  connecting\n" in (tmp_path / "build/logs/task.log").read_text()


def test_no_limit_is_no_limit(tmp_path: Path) -> None:
    assert programs.run(["sleep", "0.3"], cwd=tmp_path, timeout=None).code == 0


def test_a_path_is_meant_from_where_the_program_runs(tmp_path: Path) -> None:
    """A check `./scripts/test` is a file of the checkout."""
    script = tmp_path / "tree/scripts/test"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\npwd\n")
    with pytest.raises(SlipwayError, match="scripts/test is missing, or is no program"):
        programs.run(["./scripts/test"], cwd=tmp_path / "tree")
    script.chmod(0o755)
    done = programs.run(["./scripts/test"], cwd=tmp_path / "tree")
    assert done.out == f"{tmp_path}/tree\n"


@pytest.mark.parametrize("argument", ["a\0b", "a\udcff"])
def test_an_argument_that_no_program_can_have_is_told(tmp_path: Path, argument: str) -> None:
    with pytest.raises(SlipwayError, match="echo could not be started"):
        programs.run(["echo", argument], cwd=tmp_path)


def test_what_is_no_program_is_told(tmp_path: Path) -> None:
    for name, text in (("empty", ""), ("text", "plain"), ("lost", "#!/nonexistent/sh\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
        with pytest.raises(SlipwayError, match=f"{name} could not be started"):
            programs.run([f"./{name}"], cwd=tmp_path)


def test_there_is_no_terminal_to_ask_on(tmp_path: Path) -> None:
    code = "import os\nprint(*(os.isatty(n) for n in range(3)))\nopen('/dev/tty')"
    done = programs.run(_python(code), cwd=tmp_path, ok=None)
    assert done.out == "False False False\n"
    assert done.code == 1


def test_a_program_knows_nothing_of_the_hook_that_we_run_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in gitwords.ELSEWHERE:
        monkeypatch.setenv(name, "/nonexistent")
    shown = programs.run(["env"], cwd=tmp_path).out
    assert "/nonexistent" not in shown


def test_only_the_run_lock_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(lock, "_handle", None)
    code = (
        "import os\nfor n in os.listdir('/proc/self/fd'):\n"
        "    print(os.path.realpath(f'/proc/self/fd/{n}'))"
    )
    with (tmp_path / "other").open("w") as other:
        os.set_inheritable(other.fileno(), True)
        assert str(tmp_path) not in programs.run(_python(code), cwd="/").out
        lock.take(["release"])
        (handle,) = lock.inherited()
        try:
            shown = programs.run(_python(code), cwd="/").out
        finally:
            os.close(handle)
    assert shown.count(str(tmp_path)) == 1
    assert str(tmp_path / paths.RUN_LOCK) in shown


def test_a_program_that_has_hardly_begun_ends_with_its_run(tmp_path: Path) -> None:
    """SIGTERM comes before the library has told us which process it is."""
    code = (
        "import signal, sys\n"
        "from tasks.kernel import programs\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "programs.run(['sh', '-c', 'echo $$ >pid; sleep 60'], cwd=sys.argv[1])\n"
    )
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        run = subprocess.Popen([sys.executable, "-c", code, str(folder)], cwd=paths.ROOT)
        limit = time.monotonic() + 10
        while not (folder / "pid").exists() or not (folder / "pid").read_text():
            assert time.monotonic() < limit
        run.terminate()
        assert run.wait(10) == 143
        status = Path("/proc", (folder / "pid").read_text().strip(), "status")
        while status.exists() and "State:\tZ" not in status.read_text():
            assert time.monotonic() < limit, "it goes on in the dark"
            time.sleep(0.02)


def test_what_runs_in_another_thread_can_be_ended(tmp_path: Path) -> None:
    """The end of a run in threads (SIGTERM) unwinds the main one alone."""
    ended: list[str] = []

    def wait() -> None:
        try:
            programs.run(["sleep", "60"], cwd=tmp_path)
        except Failed as error:
            ended.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    limit = time.monotonic() + 10
    while thread.is_alive() and time.monotonic() < limit:
        programs.end_all()
        time.sleep(0.05)
    thread.join(0)
    assert ended == ["sleep was ended by signal 9"]
