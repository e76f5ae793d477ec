"""Terraform's commands on one root, each run to its end or not at all."""

from __future__ import annotations

import json
import os
import shlex
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..kernel import journal, lock, programs
from ..kernel.errors import Failed, SlipwayError
from ..kernel.redact import declare, secret_names
from . import said
from .plan import Plan, read

_LOCK = "-lock-timeout=20s"
_TURNS, _PAUSE = 10, 1.0  # how often a lock that is free again is tried, and seconds in between
_PATIENCE = 1800.0  # seconds for one command
_CACHE = "TF_PLUGIN_CACHE_DIR"
_NOTHING, _CHANGES = 0, 2  # exit codes of `plan -detailed-exitcode`
# Whose secrets Terraform's providers, backends and our own cluster command read.
_OURS = (
    *("TF_", "TFE_", "AWS_", "AZURE_", "ARM_", "GOOGLE_", "GCLOUD_", "CLOUDSDK_", "KUBE"),
    *("HELM_", "SLIPWAY_REGISTRY_", "PG"),
)


@dataclass(frozen=True)
class Terraform:
    """A root, and the program that works on it.

    Attributes:
        program: Terraform, or OpenTofu.
        folder: the root.
        env: what it is to find around it (`environment_for`).
        deadline: of the monotonic clock, for all commands together; None for a limit each.
        secrets: names of further variables with secrets that it may see.
    """

    program: Path
    folder: Path
    env: Mapping[str, str]
    deadline: float | None = None
    secrets: Sequence[str] = ()

    def init(self, backend: Mapping[str, str]) -> None:
        """Prepare the root: its modules, providers and backend.

        Args:
            backend: settings of the backend that its block leaves out.
        """
        told = [f"-backend-config={name}={value}" for name, value in sorted(backend.items())]
        with _one_at_a_time(self.env):
            done = self._run("init", "-reconfigure", _LOCK, "-no-color", *told)
        self._expect("init", done, said.from_text)

    def validate(self) -> None:
        """Check what the files say, without a look at any state.

        Raises:
            Failed: they are wrong; with each mistake.
        """
        done = self._run("validate", "-json", "-no-color")
        self._expect("validate", done, lambda _: said.from_report(done.out))

    def plan(self, out: Path, replace: Sequence[str] = (), *, lock: bool = True) -> Plan:
        """Plan, and save the plan; it may hold secrets, and only its owner can read it.

        Args:
            out: where; written whole or not at all.
            replace: addresses of resources to make anew, though nothing asks for it.
            lock: whether it holds the state's lock; a mere look has none that it could leave behind
                when it is killed.

        Returns:
            What it would do.
        """
        out.parent.mkdir(parents=True, exist_ok=True)
        for left in out.parent.glob(f".{out.name}.*.half"):
            left.unlink(missing_ok=True)  # of a run that was killed: this one has the run lock
        half = out.with_name(f".{out.name}.{os.getpid()}.half")
        half.touch(mode=0o600)
        half.unlink()
        try:
            done = self._run_locking(
                *("plan", "-json", "-no-color", "-detailed-exitcode"),
                _LOCK if lock else "-lock=false",
                *(f"-replace={address}" for address in replace),
                f"-out={half.absolute()}",
            )
            self._expect("plan", done, lambda _: said.from_stream(done.out), (_NOTHING, _CHANGES))
            half.chmod(0o600)
            told = self._json("show", "-json", "-no-color", str(half.absolute()))
            serial, lineage = _prior(half) or self.state()
            half.replace(out)
        finally:
            half.unlink(missing_ok=True)
        return read(told, empty=done.code == _NOTHING, serial=serial, lineage=lineage)

    def apply(self, plan: Path) -> None:
        """Do what a saved plan says.

        Raises:
            Stale: the state has changed since.
            Locked: somebody else works on it.
            Failed: with the words of what failed.
        """
        done = self._run_locking("apply", "-json", "-no-color", _LOCK, str(plan.absolute()))
        self._expect("apply", done, lambda _: said.from_stream(done.out))

    def drift(self) -> tuple[str, ...]:
        """Return what has changed behind the back of the state, a line each; changes nothing.

        Raises:
            Failed: with the words of what failed.
        """
        words = ("plan", "-refresh-only", "-json", "-no-color", "-detailed-exitcode", "-lock=false")
        with journal.of("drift", keep=False):  # the stream may hold values
            done = self._run(*words)
        self._expect("plan", done, lambda _: said.from_stream(done.out), (_NOTHING, _CHANGES))
        return tuple(said.drifted(done.out)) if done.code == _CHANGES else ()

    def destroy(self) -> None:
        """Destroy everything that is in the state."""
        done = self._run_locking("destroy", "-auto-approve", "-json", "-no-color", _LOCK)
        self._expect("destroy", done, lambda _: said.from_stream(done.out))

    def state(self) -> tuple[int, str]:
        """Return serial and lineage of the state; 0 and "" when there is none."""
        told = self._json("state", "pull")
        return int(told.get("serial", 0)), str(told.get("lineage", ""))

    def resources(self) -> int:
        """Return how many resources are in the state."""
        return len(self._json("state", "pull").get("resources", []))

    def outputs(self) -> dict[str, Any]:
        """Return the outputs in the state; sensitive ones are left out."""
        told = self._json("output", "-json", "-no-color")
        return {name: one["value"] for name, one in told.items() if not one.get("sensitive")}

    def _json(self, *words: str) -> dict[str, Any]:
        """Ask for something that may hold secrets: no log keeps the answer."""
        with journal.of(words[0], keep=False):
            done = self._run(*words)
        journal.say(f"$ {self.program.name} {words[0]}  (what it prints is not kept)")
        self._expect(words[0], done, said.from_text)
        try:
            told = json.loads(done.out or "{}")
        except ValueError:
            raise SlipwayError(
                f"{self.program.name} {words[0]} printed no JSON", where=self.folder.name
            ) from None
        return told if isinstance(told, dict) else {}

    def _run_locking(self, *words: str) -> programs.Done:
        """Run a command that takes the state's lock, again when it lost the lock by a hair."""
        done = self._run(*words)
        for _ in range(_TURNS):
            if done.code in (_NOTHING, _CHANGES) or not said.just_freed(said.from_stream(done.out)):
                break
            time.sleep(_PAUSE)
            done = self._run(*words)
        return done

    def _run(self, *words: str) -> programs.Done:
        left = _PATIENCE
        if self.deadline is not None:
            left = self.deadline - time.monotonic()
        if left <= 0:
            raise Failed(f"there was no time left for terraform {words[0]}")
        declare(self.secrets)
        try:
            return programs.run(
                [str(self.program), *words],
                cwd=self.folder,
                env=_environment() | dict(self.env),
                needs=[name for name in secret_names() if self._sees(name)],
                timeout=left,
                ok=None,
                what=f"{self.program.name} {words[0]}",
            )
        except Failed as error:  # its time was up
            detail = [said.plain(line) for line in error.detail]
            raise Failed(error.what, where=self.folder.name, detail=detail) from None

    def _sees(self, name: str) -> bool:
        return name.startswith(_OURS) or name in self.secrets

    def _expect(
        self,
        command: str,
        done: programs.Done,
        errors: Callable[[str], Sequence[said.Diagnostic]],
        ok: Sequence[int] = (0,),
    ) -> None:
        if done.code not in ok:
            what = f"{self.program.name} {command}"
            # Before it knows its arguments, and when it crashes, it speaks in plain words.
            found = errors(done.err) or said.from_text(done.err)
            hidden = [name for name in secret_names() if not self._sees(name)]
            where, unlock = self.folder.name, self._unlock()
            raise said.failure(what, found, done.tail(), where, unlock, hidden)

    def _unlock(self) -> str:
        """Return what a person types to take a lock away, from the folder that they are in."""
        where = shlex.quote(os.path.relpath(self.folder))
        return f"{self.program.name} -chdir={where} force-unlock"


@contextmanager
def _one_at_a_time(env: Mapping[str, str]) -> Iterator[None]:
    """Let nobody else of this machine write the providers' cache meanwhile: it knows no locks."""
    cache = env.get(_CACHE, "") or os.environ.get(_CACHE, "")
    if not cache:
        yield
        return
    Path(cache).mkdir(parents=True, exist_ok=True)  # Terraform wants it to be there
    with lock.exclusively(Path(cache) / ".slipway.lock", patience=_PATIENCE):
        yield


def _environment() -> dict[str, str]:
    """Return what keeps Terraform quiet, and from what its user has set for themselves."""
    cleared = {name: "" for name in os.environ if name.startswith("TF_CLI_ARGS")}
    return cleared | {
        "TF_CLI_CONFIG_FILE": os.environ.get("TF_CLI_CONFIG_FILE", os.devnull),
        "TF_DATA_DIR": "",
        "TF_WORKSPACE": "",  # a state beside the one that is meant
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "NO_COLOR": "1",
    }


def _prior(plan: Path) -> tuple[int, str] | None:
    """Return serial and lineage of the state that a plan was made for; None when it hides them."""
    try:
        with zipfile.ZipFile(plan) as archive:
            told = json.loads(archive.read("tfstate"))
            return int(told["serial"]), str(told["lineage"])
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError):
        return None  # OpenTofu may encrypt its plans
