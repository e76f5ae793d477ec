"""A working tree that deploys infrastructure alone, with its states on a server of the test."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.place import CEPLER, NAMES, Place
from tests.needs import need
from tests.project import PIPELINE, Run
from tests.promotion.line import Remote
from tests.terraform import fake_s3, http_states

ENVIRONMENTS = """\
environments:
  staging: {terraform: ./terraform-told}
  qa: {passed: staging, terraform: ./terraform-told}
  production: {passed: qa, gate: true, terraform: ./terraform-told}
"""
MAIN = """\
terraform {
  backend "KIND" {}
}
resource "terraform_data" "database" {
  input = { size = trimspace(file("${path.module}/size")) }
}
output "size" { value = terraform_data.database.output.size }
"""
# What another program may see of a program: its arguments, noted before it runs.
TOLD = '#!/bin/sh\nprintf "%s\\n" "$*" >> {told}\nexec {terraform} "$@"\n'


@dataclass(frozen=True)
class Server:
    """A server of states.

    Attributes:
        kind: of the backend.
        settings: what `pipeline.yml` says of it.
        environment: how to log in, as variables.
        secret: what must never be seen.
        held: has somebody else hold the lock of an environment's state.
        states: name → content.
        locks: names of the locks that stand.
    """

    kind: str
    settings: Mapping[str, str]
    environment: Mapping[str, str]
    secret: str
    held: Callable[[str], None]
    states: dict[str, bytes]
    locks: Callable[[], list[str]]

    def file(self, name: str) -> str:
        """Return what the state of an environment is called there."""
        [found] = [one for one in self.states if one.endswith(f"{name}.tfstate")]
        return found

    def state(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.states[self.file(name)])
        return found

    def move(self, name: str) -> None:
        """Move a state on, as somebody with Terraform alone could: the database is not in it."""
        told = self.state(name)
        told["serial"] += 1
        told["resources"] = []
        self.states[self.file(name)] = json.dumps(told).encode()


Where = Callable[[], AbstractContextManager["Server"]]


@contextmanager
def http() -> Iterator[Server]:
    """Yield a server for the backend `http`."""
    with http_states.serving() as server:
        yield Server(
            "http",
            server.backend("shop/{environment}.tfstate"),
            {"TF_HTTP_USERNAME": http_states.USER, "TF_HTTP_PASSWORD": http_states.PASSWORD},
            http_states.PASSWORD,
            lambda name: server.hold(f"shop/{name}.tfstate"),
            server.states,
            lambda: list(server.locks),
        )


@contextmanager
def s3() -> Iterator[Server]:
    """Yield a bucket for the backend `s3`."""
    with fake_s3.serving() as server:
        yield Server(
            "s3",
            server.backend("shop/{environment}.tfstate"),
            server.environment,
            fake_s3.SECRET,
            lambda name: server.hold(f"shop/{name}.tfstate"),
            server.objects,
            lambda: [key for key in server.objects if key.endswith(".tflock")],
        )
        assert server.odd == []


class Elsewhere(Place):
    """One working tree whose states are on a server."""

    def __init__(self, folder: Path, remote: Remote, server: Server) -> None:
        super().__init__(folder, remote)
        self.server = server
        settings = ", ".join(f"{key}: {json.dumps(v)}" for key, v in server.settings.items())
        text = PIPELINE.replace("world/deployments.git", str(remote.path))
        text = text.replace("environments: {}\n", ENVIRONMENTS)
        (folder / "pipeline.yml").write_text(f"{text}deployments: {{backend: {{{settings}}}}}\n")
        program = folder / "terraform-told"
        program.write_text(TOLD.format(told=self.told, terraform=need("terraform")))
        program.chmod(0o755)

    @property
    def told(self) -> Path:
        """Return the file with the arguments of every Terraform that ran."""
        return self.folder.parent / f"{self.folder.name}.told"

    def seed_deployments(self) -> None:
        """Commit three environments of one database each."""
        files: dict[str, str | None] = {"cepler.yml": CEPLER, "modules/size": "1\n"}
        for name in NAMES:
            files[f"{name}/main.tf"] = MAIN.replace("KIND", self.server.kind)
            files[f"{name}/size"] = "small\n"
        self.remote.commit("first", files)

    def resize(self, name: str, size: str) -> None:
        """Commit another size of a database."""
        self.remote.commit(f"{name} is {size}", {f"{name}/size": f"{size}\n"})

    def run(self, *words: str, **env: str) -> Run:
        """Run doit as somebody who may log in."""
        return self.doit(*words, env={**self.server.environment, **env})

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start doit and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "doit", *words],
            cwd=self.folder,
            env={**os.environ, **self.server.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def type(self, text: str) -> subprocess.CompletedProcess[bytes]:
        """Type a command that was printed, in this folder."""
        return subprocess.run(
            shlex.split(text),
            cwd=self.folder,
            env={
                **{name: value for name, value in os.environ.items() if "TF_" not in name},
                **self.server.environment,
                "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )

    def seen(self) -> str:
        """Return all that is left on disk below the tree, and every argument."""
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        text = b"".join(file.read_bytes() for file in [*files, self.told])
        return text.decode("utf-8", "replace")


def unlock_command(err: str) -> str:
    """Return the command for the lock of somebody who has died, as a person reads it."""
    found = re.search(r"if it has died: (\S+ -chdir=\S+ force-unlock \S+)", err)
    assert found, err
    return found[1]
