"""A run of the original, commit by commit: the same triggers, and files equal to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.kernel import git as g
from tests.promotion.conftest import Deployments

CONFIG = """\
environments:
  testflight:
    latest:
    - k8s/app.yml
    - k8s/testflight.yml
    - k8s/shadowed.yml
  staging:
    passed: testflight
    propagated:
    - k8s/*.yml
    latest:
    - k8s/staging.yml
    - k8s/shadowed.yml
"""
APP_2 = "383599ac37219ad68d6aa227f7706910d0b5c86f"
SHADOWED = "870aff6fc0f331b187c7eef7924a49cf9e8c99c8"
STAGING = "eb5c26739ea8767a00de3d6e1932c340ce323472"
TESTFLIGHT = "3b3a9950e87cd299367ccf3355ef92980e582cb2"


class Run:
    """The branch of the example, grown to its eighth commit."""

    def __init__(self, root: Path) -> None:
        self.tree = Deployments(root)
        self.commits = [""]  # the example counts from one
        g.git("init", "--quiet", str(root))
        files = {
            "cepler.yml": CONFIG,
            "k8s/app.yml": "image: app:1\n",
            "k8s/testflight.yml": "replicas: 1\n",
            "k8s/staging.yml": "replicas: 2\n",
            "k8s/shadowed.yml": "flag: a\n",
        }
        self.commit("feat: first", files)
        self.record("testflight")
        self.record("staging")
        self.commit("docs: unrelated", {"README.md": "hello\n"})
        for number in (2, 3):
            self.commit(f"app {number}", {"k8s/app.yml": f"image: app:{number}\n"})
            self.record("testflight")

    def commit(self, message: str, files: dict[str, str]) -> None:
        self.commits.append(self.tree.commit(message, files))

    def record(self, environment: str) -> None:
        said = self.tree.cepler("record", "-e", environment, "--reset-head")
        assert (said.code, said.out) == (0, "")
        self.commits.append(self.tree.head)

    def check(self, environment: str) -> tuple[int, str]:
        said = self.tree.cepler("check", "-e", environment)
        return said.code, said.out

    def state(self, environment: str, at: str = "HEAD") -> str:
        path = f"{at}:.cepler/default/{environment}.state"
        return g.git("cat-file", "blob", path, repo=self.tree.root).decode()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "tree")


def _found(trigger: str) -> tuple[int, str]:
    return 0, f"Found new state to deploy - trigger commit {trigger}\n"


NOTHING = (2, "Nothing new to deploy\n")


def _files(indent: str, app: str, commit: str, message: str, first: str) -> str:
    lines = [
        '"{latest}/k8s/app.yml":', f"  file_hash: {app}", f"  from_commit: {commit}",
        f"  message: {message}",
        '"{latest}/k8s/shadowed.yml":', f"  file_hash: {SHADOWED}", f"  from_commit: {first}",
        '  message: "feat: first"',
        '"{latest}/k8s/testflight.yml":', f"  file_hash: {TESTFLIGHT}", f"  from_commit: {first}",
        '  message: "feat: first"',
    ]  # fmt: skip
    return "".join(f"{indent}{line}\n" for line in lines)


def test_the_first_environment_queues_what_the_second_has_not_taken(run: Run) -> None:
    c = run.commits
    app_3 = run.tree.git("rev-parse", "HEAD:k8s/app.yml")
    assert app_3.startswith("542e30c0")
    assert run.state("testflight", c[6]) == (
        f"---\nversion: 2\ncurrent:\n  head_commit: {c[5]}\n  files:\n"
        + _files("    ", APP_2, c[5], "app 2", c[1])
        + "\n"
    )
    assert run.state("testflight") == (
        f"---\nversion: 3\ncurrent:\n  head_commit: {c[7]}\n  files:\n"
        + _files("    ", app_3, c[7], "app 3", c[1])
        + f"propagation_queue:\n  - head_commit: {c[5]}\n    files:\n"
        + _files("      ", APP_2, c[5], "app 2", c[1])
        + "\n"
    )


def test_the_second_steps_through_them_one_by_one(run: Run) -> None:
    c = run.commits
    before = run.tree.record_of("staging")
    assert (before.version, before.current.head_commit) == (1, c[2])
    assert before.current.propagated_head == c[1]
    assert run.check("staging") == _found(c[6])
    said = run.tree.cepler("prepare", "-e", "staging")
    assert (said.code, said.out) == (0, "")
    assert run.tree.read("k8s/app.yml") == "image: app:2\n"
    assert run.tree.read("k8s/shadowed.yml") == "flag: a\n"
    run.record("staging")
    assert (
        run.state("staging")
        == f"""\
---
version: 2
current:
  head_commit: {c[6]}
  propagated_head: {c[5]}
  files:
    "{{latest}}/k8s/shadowed.yml":
      file_hash: {SHADOWED}
      from_commit: {c[1]}
      message: "feat: first"
    "{{latest}}/k8s/staging.yml":
      file_hash: {STAGING}
      from_commit: {c[1]}
      message: "feat: first"
    "{{testflight}}/k8s/app.yml":
      file_hash: {APP_2}
      from_commit: {c[5]}
      message: app 2
    "{{testflight}}/k8s/testflight.yml":
      file_hash: {TESTFLIGHT}
      from_commit: {c[1]}
      message: "feat: first"
propagated_from: testflight

"""
    )
    assert run.check("staging") == _found(c[8])
    assert run.tree.cepler("prepare", "-e", "staging").code == 0
    assert run.tree.read("k8s/app.yml") == "image: app:3\n"
    run.record("staging")
    assert run.tree.record_of("staging").current.propagated_head == c[7]
    assert run.check("staging") == run.check("testflight") == NOTHING
    run.record("testflight")
    after = run.tree.record_of("testflight")
    assert (after.version, after.propagation_queue) == (4, ())


def test_an_unrelated_commit_is_nothing_new_to_either(run: Run) -> None:
    run.tree.git("reset", "--quiet", "--hard", run.commits[4])
    assert run.check("testflight") == run.check("staging") == NOTHING
