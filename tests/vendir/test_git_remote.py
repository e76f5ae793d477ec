"""How little is asked of a git remote, what is done when it gives less, and keys for it."""

from __future__ import annotations

import base64
import os
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel import git as g
from tasks.vendir.engine import history
from tasks.vendir.engine.folders import remove
from tasks.vendir.engine.repository import Repository
from tests.vendir.conftest import Origin, Place, lock_of


def test_only_what_is_kept_is_fetched_from_a_server_that_allows_it(
    origin: Origin, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository with a file that nobody asks for: its content never travels."""
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.commit("feat: more", {"big.bin": "x" * 1000, "charts/app/values.yaml": "replicas: 2\n"})
    big = origin.git("rev-parse", "HEAD:big.bin")
    kept = origin.git("rev-parse", "HEAD:charts/app/values.yaml")
    fetched: dict[str, bool] = {}
    real = g.git

    def watched(*args: str, **how: Any) -> bytes:
        done = real(*args, **how)
        if "--stdin" in args:  # the contents, the last thing that is fetched
            listed = real("cat-file", "--batch-all-objects", "--batch-check", repo=how["repo"])
            fetched.update({blob: blob.encode() in listed for blob in (big, kept)})
            fetched["history"] = listed.count(b" commit ") != 1
        return done

    monkeypatch.setattr(g, "git", watched)
    place.configure(
        f"[{{path: app, git: {{url: '{origin.folder.as_uri()}', ref: main}},"
        " includePaths: [charts/app/**/*]}]"
    )
    place.sync()
    assert place.files()["app/charts/app/values.yaml"] == "replicas: 2\n"
    assert fetched == {big: False, kept: True, "history": False}


@pytest.mark.parametrize("allowed", ["true", "false"])
def test_contents_come_in_one_go(
    origin: Origin, place: Place, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    """The commit and its trees, then every content that is kept; git alone would go for each."""
    origin.git("config", "uploadpack.allowFilter", allowed)
    for number in range(8):
        origin.commit("feat: more", {f"charts/app/templates/{number}.yaml": f"kind: A{number}\n"})
    trace = place.folder.parent / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    place.configure(
        f"[{{path: app, git: {{url: '{origin.folder.as_uri()}', ref: main}},"
        " includePaths: [charts/app/**/*]}]"
    )
    place.sync()
    assert len(place.files()) == 8 + 5
    packs = [
        line for line in trace.read_text().splitlines() if "built-in: git pack-objects" in line
    ]
    assert len(packs) == (2 if allowed == "true" else 1)


@pytest.mark.parametrize("few", [0, 2000])
def test_the_lock_tells_the_newest_tag_without_what_was_in_it(
    origin: Origin, place: Place, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """However much a complete clone would be: the name is the one that git gives there."""
    monkeypatch.setattr(history, "_FEW", few)
    origin.git("config", "uploadpack.allowFilter", "true")
    for number in range(120):  # so many that git keeps them as a pack
        origin.commit(f"feat: {number}", {"charts/app/values.yaml": f"replicas: {number}\n"})
        if number in (10, 30):
            origin.git("tag", f"light-{number}")
    origin.git("tag", "--annotate", "-m", "one", "v1", "HEAD~50")
    origin.git("branch", "side", "HEAD~60")
    origin.git("checkout", "--quiet", "side")
    side = origin.commit("fix: aside", {"README.md": "aside\n"})
    origin.git("tag", "unrelated", origin.git("commit-tree", "HEAD^{tree}", "-m", "x"))
    origin.git("checkout", "--quiet", "main")
    seen: list[str] = []
    real = Repository.describe

    def watched(self: Repository, commit: str, digits: int = 0) -> str:
        how = ("cat-file", "--batch-all-objects", "--batch-check=%(objecttype)")
        seen.extend(set(g.lines(*how, repo=self.tree)))
        return real(self, commit, digits)

    monkeypatch.setattr(Repository, "describe", watched)
    url = origin.folder.as_uri()
    for ref in ("origin/main", "side", origin.git("rev-parse", "HEAD~45"), side):
        seen.clear()
        place.configure(f"[{{path: app, git: {{url: '{url}', ref: {ref}}}}}]")
        commit = origin.git("rev-parse", ref.removeprefix("origin/"))
        named = origin.git("describe", "--tags", commit)
        assert re.fullmatch(r"(v1|light-30)-\d+-g[0-9a-f]{7}", named)
        assert f"- {named}\n" in place.sync()
        assert ("blob" in seen) == ("tree" in seen) == (few > 0)
        assert "commit" in seen


def test_a_commit_before_every_tag_has_no_name(
    origin: Origin, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_FEW", 0)
    first = origin.git("rev-parse", "HEAD")
    origin.commit("feat: more", {"README.md": "more\n"})
    origin.git("tag", "v1")
    place.configure(f"[{{path: app, git: {{url: '{origin.folder.as_uri()}', ref: {first}}}}}]")
    assert "tags:" not in place.sync()


@pytest.mark.parametrize(
    ("objects", "digits"),
    [(0, 7), (1, 7), (16383, 7), (16384, 8), (46333, 8), (65535, 8), (65536, 9), (262144, 10)],
)
def test_the_digits_of_an_id_in_a_complete_clone(objects: int, digits: int) -> None:
    assert history.digits(objects) == digits


@pytest.mark.parametrize("names", [["..", "a"], [".git", "a"], [".GIT", "a"], ["a", "a"]])
def test_names_that_no_file_can_have(origin: Origin, place: Place, names: list[str]) -> None:
    """Trees that no git has made: such a name would be written somewhere else."""
    blob = origin.git("rev-parse", "HEAD:LICENSE")
    inner = _tree(origin, [("100644", "x", blob)])
    rows = [("120000" if name == "a" else "40000", name, blob if name == "a" else inner)
            for name in names]  # fmt: skip
    rows[-1] = ("40000", names[-1], inner)
    commit = origin.git("commit-tree", _tree(origin, rows), "-m", "bad")
    origin.git("update-ref", "refs/heads/bad", commit)
    for url in ("../charts", origin.folder.as_uri()):
        place.configure(f"[{{path: app, git: {{url: '{url}', ref: origin/bad}}}}]")
        assert "cannot be written" in place.refused()
        assert place.left == ["vendir.yml"]


def _tree(origin: Origin, rows: list[tuple[str, str, str]]) -> str:
    """Write a tree whatever is in it; return its id."""
    content = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(oid) for mode, name, oid in rows)
    how = ("hash-object", "-t", "tree", "-w", "--literally", "--stdin")
    return g.text(*how, repo=origin.folder, stdin=content)


def test_a_mirror_is_read_where_it_stands(
    origin: Origin, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is copied: not a single object travels, and the lock has the tags all the same."""
    origin.git("tag", "--annotate", "-m", "one", "v1.0.0")
    origin.git("tag", "later")
    commit = origin.commit("feat: more", {"README.md": "more\n"})
    mirror = tmp_path / "mirror.git"
    g.git("clone", "--quiet", "--mirror", str(origin.folder), str(mirror))
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    url = "https://charts.invalid/charts.git"
    for ref in ("main", "origin/main", commit, commit[:9]):
        place.configure(f"[{{path: app, git: {{url: '{url}', ref: '{ref}'}}}}]")
        lock = place.sync("--mirror", f"{url}={mirror}")
        assert lock == lock_of(commit, "'feat: more'", f"v1.0.0-1-g{commit[:7]}")
    assert "pack-objects" not in trace.read_text()


def test_a_mirror_on_this_machine_stands_in_for_a_url(
    origin: Origin, place: Place, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror.git"
    g.git("clone", "--quiet", "--mirror", str(origin.folder), str(mirror))
    url = "https://charts.invalid/charts.git"
    place.configure(f"[{{path: app, git: {{url: '{url}', ref: origin/main}}}}]")
    assert "cannot be fetched" in place.refused()
    assert place.sync("--mirror", f"{url}={mirror}") == lock_of(origin.git("rev-parse", "HEAD"))


def test_a_server_that_gives_no_single_commits_is_asked_for_all(
    origin: Origin, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old protocol hands out what a ref stands at, and nothing else."""
    (tmp_path / "gitconfig").write_text("[protocol]\n\tversion = 0\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    origin.git("config", "uploadpack.allowFilter", "true")
    old = origin.git("rev-parse", "HEAD")
    origin.commit("feat: more", {"charts/app/values.yaml": "replicas: 2\n"})
    with pytest.raises(g.GitError, match="unadvertised"):
        g.git("fetch", origin.folder.as_uri(), old, repo=_empty(tmp_path))
    place.configure(f"[{{path: app, git: {{url: '{origin.folder.as_uri()}', ref: {old}}}}}]")
    assert place.sync() == lock_of(old)
    assert place.files()["app/charts/app/values.yaml"] == "replicas: 1\n"


def _empty(folder: Path) -> Path:
    """Return an empty repository."""
    g.git("init", "--quiet", str(folder / "empty"))
    return folder / "empty"


def test_a_mirror_needs_no_key(origin: Origin, place: Place, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror.git"
    g.git("clone", "--quiet", "--mirror", str(origin.folder), str(mirror))
    url = "git@charts.invalid:charts.git"
    place.configure(
        f"[{{path: app, git: {{url: '{url}', ref: origin/main, secretRef: {{name: not-here}}}}}}]"
    )
    assert "there is no secret" in place.refused()
    place.sync("--mirror", f"{url}={mirror}")


def _secret(**data: str) -> str:
    values = "".join(
        f"  {key}: {base64.b64encode(value.encode()).decode()}\n" for key, value in data.items()
    )
    return f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: key}}\ndata:\n{values}"


def test_a_deploy_key_is_handed_to_ssh_in_a_file(
    origin: Origin, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ssh` is a program of ours that writes down how it was called and talks to the repository."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$@" > {tmp_path}/called\n'
        'while [ "$1" != -i ]; do shift; done\n'
        f'stat -c %a "$2" > {tmp_path}/mode; cat "$2" > {tmp_path}/key\n'
        f"exec git upload-pack {origin.folder}\n"
    )
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    source = (
        "{path: app, git: {url: 'git@charts.invalid:charts.git', ref: main,"
        " secretRef: {name: key}}}"
    )
    place.configure(f"[{source}]", more=_secret(**{"ssh-privatekey": "KEY", "ssh-knownhosts": "h"}))
    assert place.sync() == lock_of(origin.git("rev-parse", "HEAD"))
    called = (tmp_path / "called").read_text()
    assert (tmp_path / "key").read_text() == "KEY\n"
    assert (tmp_path / "mode").read_text() == "600\n"
    assert "IdentitiesOnly=yes" in called
    assert "StrictHostKeyChecking=yes" in called
    assert "KEY" not in called
    assert place.left == ["vendir.lock.yml", "vendir.yml", "vendor"]


def test_secrets_that_cannot_be_used(origin: Origin, place: Place) -> None:
    source = "[{path: app, git: {url: ../charts, ref: main, secretRef: {name: key}}}]"
    place.configure(source)
    assert "there is no secret 'key'" in place.refused()
    place.configure(source, more=_secret(colour="green"))
    assert "unknown field colour" in place.refused()
    place.configure(source, more=_secret(username="ada", password="hunter22"))
    said = place.refused()
    assert "https" in said
    assert "hunter22" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("more", ["", ", depth: 2"])
def test_a_mirror_may_belong_to_somebody_else(
    origin: Origin, place: Place, tmp_path: Path, more: str
) -> None:
    mirror = tmp_path / "mirror.git"
    g.git("clone", "--quiet", "--mirror", str(origin.folder), str(mirror))
    for path in (mirror, *mirror.rglob("*")):
        os.chown(path, 4711, 4711)
    url = "git@charts.invalid:charts.git"
    place.configure(f"[{{path: app, git: {{url: '{url}', ref: origin/main{more}}}}}]")
    place.sync("--mirror", f"{url}={mirror}")
    assert place.files()["app/LICENSE"] == "MIT\n"


def test_the_url_stands_in_for_a_mirror_that_is_not_there(
    origin: Origin, place: Place, tmp_path: Path
) -> None:
    place.configure("[{path: app, git: {url: ../charts, ref: origin/main}}]")
    for folder in (tmp_path / "none", tmp_path):
        said = place.run("sync", "--mirror", f"../charts={folder}")
        assert said.code == 0, said.err
        assert f"warning: {folder} is no bare repository" in said.err
        assert said.err.count("\n") == 1


def _mirror(origin: Origin, folder: Path) -> Path:
    g.git("clone", "--quiet", "--mirror", str(origin.folder), str(folder))
    return folder


@pytest.mark.parametrize("ref", ["{commit}", "{short}", "v2", "new"])
def test_the_url_stands_in_for_a_mirror_that_is_stale(
    origin: Origin, place: Place, tmp_path: Path, ref: str
) -> None:
    mirror = _mirror(origin, tmp_path / "mirror.git")
    commit = origin.commit("feat: more", {"README.md": "more\n"})
    origin.git("tag", "v2")
    origin.git("branch", "new")
    place.configure(
        f"[{{path: app, git: {{url: ../charts,"
        f" ref: '{ref.format(commit=commit, short=commit[:10])}'}}}}]"
    )
    said = place.run("sync", "--mirror", f"../charts={mirror}")
    assert said.code == 0, said.err
    assert place.files()["app/README.md"] == "more\n"
    assert said.err.startswith(f"warning: the mirror {mirror} cannot be used (")
    assert said.err.endswith("): asking ../charts instead\n")
    said = place.run("verify", "--mirror", f"../charts={mirror}")
    assert said.code == 0, said.out + said.err


@pytest.mark.parametrize("damage", ["objects", "blob", "refs"])
@pytest.mark.parametrize("rules", [False, True])
def test_the_url_stands_in_for_a_mirror_that_is_damaged(
    origin: Origin, place: Place, tmp_path: Path, damage: str, rules: bool
) -> None:
    if rules:
        origin.commit("feat: rules", {".gitattributes": "*.md text eol=crlf\n"})
    mirror = _mirror(origin, tmp_path / "mirror.git")
    blob = origin.git("rev-parse", "HEAD:charts/app/values.yaml")
    if damage == "blob":
        (mirror / "objects" / blob[:2] / blob[2:]).unlink()
    elif damage == "objects":
        remove(mirror / "objects")
        (mirror / "objects").mkdir()
    else:
        (mirror / "packed-refs").write_text("nothing that git writes\n")
    place.configure("[{path: app, git: {url: ../charts, ref: origin/main}}]")
    said = place.run("sync", "--mirror", f"../charts={mirror}")
    assert said.code == 0, said.err
    assert place.files()["app/charts/app/values.yaml"] == "replicas: 1\n"
    assert said.err.startswith("warning: the mirror ")


@pytest.mark.parametrize("what", ["HEAD:charts/app/values.yaml", "HEAD:charts", "HEAD"])
@pytest.mark.parametrize("how", ["plain", "rules", "submodules"])
def test_the_url_stands_in_for_a_mirror_that_has_other_bytes(
    origin: Origin, place: Place, tmp_path: Path, what: str, how: str
) -> None:
    kind = origin.git("cat-file", "-t", what)
    before = {"tree": "HEAD^{tree}", "commit": "HEAD"}.get(kind)
    other = origin.git("rev-parse", before) if before else ""
    if how == "rules":
        origin.commit("feat: rules", {".gitattributes": "*.md text eol=crlf\n"})
    elif how == "submodules":
        commit = origin.git("rev-parse", "HEAD")
        origin.git("update-index", "--add", "--cacheinfo", f"160000,{commit},library")
        origin.git("commit", "--quiet", "-m", "feat: a library")
    else:
        origin.commit("feat: more", {"charts/more": "x"})
    mirror, oid = _mirror(origin, tmp_path / "mirror.git"), origin.git("rev-parse", what)
    place.configure(
        f"[{{path: app, git: {{url: ../charts, ref: {origin.git('rev-parse', 'HEAD')}}}}}]"
    )
    content = b"replicas: 9\n"
    if other:
        content = g.git("cat-file", kind, other, repo=origin.folder)
    loose = mirror / "objects" / oid[:2] / oid[2:]
    loose.unlink()
    loose.write_bytes(zlib.compress(f"{kind} {len(content)}\0".encode() + content))
    said = place.run("sync", "--mirror", f"../charts={mirror}")
    # At commits git looks by itself, and has none of that name then.
    reason = f"has no '{oid}'" if what == "HEAD" else f"the content {oid} is not what its id says"
    assert f"{reason}): asking ../charts instead" in said.err
    if how != "submodules":  # of this one there is none at any url
        assert said.code == 0
        assert place.files()["app/charts/app/values.yaml"] == "replicas: 1\n"


def test_what_neither_a_mirror_nor_its_url_has_is_an_error(
    origin: Origin, place: Place, tmp_path: Path
) -> None:
    mirror = _mirror(origin, tmp_path / "mirror.git")
    place.configure("[{path: app, git: {url: ../charts, ref: v9}}]")
    said = place.refused("--mirror", f"../charts={mirror}")
    assert "../charts has no 'v9'" in said
    assert place.left == ["vendir.yml"]
