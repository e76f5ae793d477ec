"""kubectl and Helm on one cluster: context and namespace are always told, never anybody's current.

What they print of secrets stays out of every log; what they are told of secrets goes in through
standard input or a file, never through an argument.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tasks.kernel import programs
from tasks.kernel.errors import Failed, SlipwayError

_TIMEOUT = 60.0  # seconds for a question
# Programs that a kubeconfig names to sign in read these.
_CREDENTIALS = (
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
)
# Nobody's settings decide anything; "" is kubectl's own `diff`.
_OURS = {"HELM_NO_PLUGINS": "1", "HELM_DEBUG": "false", "KUBECTL_EXTERNAL_DIFF": ""}


@dataclass(frozen=True, slots=True)
class Client:
    """Both programs, and the cluster that they are to talk to.

    Attributes:
        context: name of the context in the kubeconfig.
        kubectl: its path.
        helm: its path.
    """

    context: str
    kubectl: str
    helm: str

    def command(self, *arguments: str, namespace: str = "") -> list[str]:
        """Return the command line of kubectl."""
        place = [f"--namespace={namespace}"] if namespace else []
        return [self.kubectl, f"--context={self.context}", *place, *arguments]

    def ask(
        self,
        *arguments: str,
        namespace: str = "",
        stdin: str = "",
        timeout: float = _TIMEOUT,
        private: bool = False,
        ok: tuple[int, ...] | None = (0,),
    ) -> programs.Done:
        """Run kubectl.

        Args:
            arguments: its command and what belongs to it.
            namespace: "" for what is in none.
            stdin: what it reads.
            timeout: seconds.
            private: whether what it prints holds secrets.
            ok: exit codes that are no error; None for any.

        Raises:
            SlipwayError: it said no, with its words.
        """
        told = self.command(*arguments, namespace=namespace)
        return self._run(told, f"kubectl {arguments[0]}", namespace, stdin, timeout, private, ok)

    def json(
        self, *arguments: str, namespace: str = "", private: bool = False, stdin: str = ""
    ) -> dict[str, Any]:
        """Return what kubectl answers, an empty mapping when it has nothing to say."""
        told = self.ask(
            *arguments, "--output=json", namespace=namespace, private=private, stdin=stdin
        )
        value: dict[str, Any] = self._read(told.out, f"kubectl {arguments[0]}") or {}
        return value

    def items(self, *arguments: str, namespace: str = "", private: bool = False) -> list[Any]:
        """Return the items of a list that kubectl answers."""
        found: list[Any] = self.json(*arguments, namespace=namespace, private=private)["items"]
        return found

    def run_helm(
        self,
        *arguments: str,
        namespace: str,
        timeout: float = _TIMEOUT,
        private: bool = False,
        ok: tuple[int, ...] | None = (0,),
    ) -> programs.Done:
        """Run Helm; see `ask`."""
        place = (f"--kube-context={self.context}", f"--namespace={namespace}")
        told = [self.helm, *arguments, *place]
        return self._run(told, f"helm {arguments[0]}", namespace, "", timeout, private, ok)

    def helm_json(self, *arguments: str, namespace: str) -> Any:
        """Return what Helm answers; None when it does not know the release."""
        done = self.run_helm(*arguments, "--output=json", namespace=namespace, ok=None)
        if done.code:
            if is_unknown(done):
                return None
            raise self._refused(done, f"helm {arguments[0]}", namespace)
        return self._read(done.out, f"helm {arguments[0]}")

    def _run(
        self,
        told: Sequence[str],
        what: str,
        namespace: str,
        stdin: str,
        timeout: float,
        private: bool,
        ok: tuple[int, ...] | None,
    ) -> programs.Done:
        # Helm keeps files of its own; those of whoever runs this decide nothing.
        with tempfile.TemporaryDirectory(prefix="slipway-kube-") as home:
            own = {f"HELM_{part}_HOME": f"{home}/{part}" for part in ("CACHE", "CONFIG", "DATA")}
            try:
                done = programs.run(
                    told,
                    cwd=home,
                    env=own | _OURS,
                    needs=_CREDENTIALS,
                    stdin=stdin,
                    timeout=timeout,
                    ok=None,
                    what=what,
                    private=private,
                )
            except Failed as error:  # it took too long
                raise SlipwayError(
                    error.what, where=self._where(namespace), detail=error.detail, fix=self._fix()
                ) from None
        if ok is not None and done.code not in ok:
            raise self._refused(done, what, namespace, private=private)
        return done

    def _refused(
        self, done: programs.Done, what: str, namespace: str, *, private: bool = False
    ) -> SlipwayError:
        words = programs.Done(done.code, "" if private else done.out, done.err).tail()
        return SlipwayError(
            f"{what} ended with {done.code}",
            where=self._where(namespace),
            detail=words,
            fix=self._fix(),
        )

    def _read(self, text: str, what: str) -> Any:
        if not text.strip():
            return None
        try:
            return json.loads(text)
        except ValueError:
            raise SlipwayError(f"{what} answered what is no JSON", where=self.context) from None

    def _where(self, namespace: str) -> str:
        return f"{self.context}/{namespace}" if namespace else self.context

    def _fix(self) -> str:
        return f"does this work? kubectl --context={self.context} get namespaces"


def is_unknown(done: programs.Done) -> bool:
    """Say whether Helm said that there is no such release."""
    return "release: not found" in done.err
