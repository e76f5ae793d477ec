"""kubectl and Helm that answer what they were recorded with, and nothing else.

An exchange is a command line and its answer; each is used up once, in the order of those with the
same command line. Whoever asks something else gets a failure, and the test fails in the end. The
folder of a chart is `CHART` in a command line: it is another one each time, and is kept to look at.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

_PROGRAM = """\
#!{python} -I
import json, os, pathlib, shutil, signal, sys, time
here = pathlib.Path({folder!r})
argv = [{name!r}, *sys.argv[1:]]
for place, word in enumerate(argv):
    if word.startswith("/"):
        shutil.copytree(word, here / "chart", dirs_exist_ok=True)
        argv[place] = "CHART"
stdin = sys.stdin.read() if "--filename=-" in argv else ""
told = json.loads((here / "exchanges.json").read_text())
for exchange in told:
    if exchange["argv"] == argv and not exchange["used"]:
        break
else:
    with (here / "unexpected").open("a") as log:
        log.write(json.dumps(argv) + "\\n")
    print("nobody has recorded this:", *argv, file=sys.stderr)
    sys.exit(97)
exchange["used"], exchange["stdin"] = not exchange["always"], stdin
(here / "exchanges.json").write_text(json.dumps(told))
with (here / "asked").open("a") as log:
    log.write(" ".join(argv) + "\\n")
print(exchange["out"], end="", flush=True)
print(exchange["err"], end="", file=sys.stderr)
if exchange["holds"]:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    time.sleep(60)
sys.exit(exchange["code"])
"""


class Replay:
    """Both programs in a folder, and what they know."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._told: list[dict[str, Any]] = []
        for name in ("kubectl", "helm"):
            text = _PROGRAM.format(python=sys.executable, folder=str(folder), name=name)
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self._save()

    def knows(
        self,
        command: str,
        out: Any = "",
        *,
        err: str = "",
        code: int = 0,
        always: bool = False,
        holds: bool = False,
    ) -> None:
        """Add an exchange.

        Args:
            command: the whole command line.
            out: what is printed; anything but text as JSON.
            err: what goes to standard error.
            code: the exit code.
            always: it may be asked for any number of times.
            holds: it goes on until it is ended.
        """
        text = out if isinstance(out, str) else json.dumps(out)
        told = {"argv": shlex.split(command), "out": text, "err": err, "code": code}
        self._told = self._read()
        self._told.append(told | {"always": always, "holds": holds, "used": False, "stdin": ""})
        self._save()

    def asked(self) -> list[str]:
        """Return the command lines that were asked, in order."""
        file = self.folder / "asked"
        return file.read_text().splitlines() if file.exists() else []

    def stdin(self, command: str) -> list[Any]:
        """Return what the exchanges of a command line were told, as JSON."""
        argv = shlex.split(command)
        return [json.loads(one["stdin"]) for one in self._read() if one["argv"] == argv]

    def settle(self) -> None:
        """Fail when something else was asked, or less than was recorded."""
        unexpected = self.folder / "unexpected"
        assert not unexpected.exists(), unexpected.read_text()
        left = [" ".join(o["argv"]) for o in self._read() if not o["used"] and not o["always"]]
        assert left == []

    def _read(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = json.loads((self.folder / "exchanges.json").read_text())
        return told

    def _save(self) -> None:
        (self.folder / "exchanges.json").write_text(json.dumps(self._told))
