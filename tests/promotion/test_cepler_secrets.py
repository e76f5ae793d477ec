"""Keys that the command line is handed: in nobody's argument list, and on disk while in use only.

The original writes Concourse's whole request with the key to a file that everybody can read, and
keeps one clone for whatever remote is asked about.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tasks.kernel import git as g

from .conftest import Deployments

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n"
SSH = """\
#!/bin/sh
printf '%s\\n' "$@" >> {folder}/called
while [ "$1" != -i ]; do shift; done
stat -c %a "$2" >> {folder}/mode
cat "$2" > {folder}/key
exec git upload-pack {remote}
"""


@pytest.fixture
def ssh(
    pair: tuple[Deployments, Deployments, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A program called ssh that notes down how it was called, and temporary files of our own."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(SSH.format(folder=tmp_path, remote=pair[2]))
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path


def _left(folder: Path) -> str:
    """Return everything that stands in the temporary files."""
    return "\n".join(
        f"{path} {path.read_bytes().decode(errors='replace')}"
        for path in (folder / "tmp").rglob("*")
        if path.is_file()
    )


def _check(tree: Deployments, uri: str) -> str:
    source = {"uri": uri, "branch": "main", "private_key": KEY, "environment": "staging"}
    said = tree.cepler("concourse", "check", stdin=json.dumps({"source": source}))
    assert said.code == 0, said.err
    assert "c2VjcmV0" not in said.out + said.err
    return said.out


def test_a_request_of_concourse_leaves_no_key_behind(
    pair: tuple[Deployments, Deployments, Path], ssh: Path
) -> None:
    assert json.loads(_check(pair[0], "git@r.invalid:deployments.git"))
    assert (ssh / "key").read_text() == KEY
    assert set((ssh / "mode").read_text().split()) == {"600"}
    assert "c2VjcmV0" not in (ssh / "called").read_text()
    assert "c2VjcmV0" not in _left(ssh)


def test_a_clone_by_the_option_leaves_no_key_behind(
    pair: tuple[Deployments, Deployments, Path], ssh: Path
) -> None:
    url = "git@r.invalid:deployments.git"
    words = ("--clone", str(ssh / "clone"), "--git-url", url, "--git-private-key", KEY)
    assert pair[0].cepler(*words, "check", "-e", "staging").code == 0
    assert (ssh / "key").read_text() == KEY
    assert "c2VjcmV0" not in (ssh / "called").read_text()
    assert "c2VjcmV0" not in _left(ssh)
    assert "c2VjcmV0" not in (ssh / "clone/.git/config").read_text()


def test_every_remote_has_a_clone_of_its_own(
    pair: tuple[Deployments, Deployments, Path], tmp_path: Path, ssh: Path
) -> None:
    one, two, remote = pair
    other = tmp_path / "other.git"
    g.git("clone", "--quiet", "--bare", str(remote), str(other))
    commit = two.commit("elsewhere", {"app/a.yml": "of the other"})
    two.git("push", "--quiet", str(other), "main")
    assert json.loads(_check(one, str(remote)))[0]["trigger"] == one.head
    assert json.loads(_check(one, str(other)))[0]["trigger"] == commit
    assert json.loads(_check(one, str(remote)))[0]["trigger"] == one.head
    kept = list((ssh / "tmp").glob("cepler-repo-cache-*"))
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o700]
