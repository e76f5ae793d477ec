"""Two clones at once with real Terraform and one state: nothing is lost, nothing applied twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.kernel import remotes
from tests.deploy.elsewhere import Elsewhere, Server, Where, http, s3
from tests.promotion.line import Remote

BOTH = ("staging", "qa")
# Each apply leaves a line: Terraform's state alone would not tell of one that was done twice.
MAIN = """\
terraform {
  backend "KIND" {}
}
resource "terraform_data" "database" {
  triggers_replace = trimspace(file("${path.module}/size"))
  provisioner "local-exec" {
    command = "echo ${self.triggers_replace} >> LEDGER.NAME"
  }
}
output "size" { value = terraform_data.database.triggers_replace }
"""


def pair_of(folder: Path, server: Server) -> tuple[Elsewhere, Elsewhere]:
    """Return two clones that know nothing of one another, but share all that is outside."""
    remote = Remote(folder / "deployments.git")
    one, two = (Elsewhere(folder / name, remote, server) for name in ("one", "two"))
    one.seed_deployments()
    text = MAIN.replace("KIND", server.kind).replace("LEDGER", str(folder / "ledger"))
    files = {f"{name}/main.tf": text.replace("NAME", name) for name in BOTH}
    remote.commit("a ledger", files)
    return one, two


def race(folder: Path, server: Server, rounds: int) -> None:
    """Deploy from both at once, again and again; each change must have been applied once."""
    pair = pair_of(folder, server)
    words = [f"deploy:{name}" for name in BOTH]
    lost = 0
    for number in range(1, rounds + 1):
        pair[0].remote.commit(f"change {number}", {f"{name}/size": f"{number}\n" for name in BOTH})
        busy = [tree.start(*words) for tree in pair]
        for run in busy:
            _, err = run.communicate(timeout=300)
            # One may have been overtaken, which it says; the very same command then goes on.
            assert run.returncode in (0, 1), err.decode()
            if run.returncode:
                lost += 1
                assert b"the same command" in err, err.decode()
        for tree in pair:
            again = tree.run(*words)
            assert again.code == 0, again.err
        for name in BOTH:
            found = pair[0].record(name)
            assert found is not None
            assert found.version == number
            assert server.state(name)["outputs"]["size"]["value"] == str(number)
            assert (folder / f"ledger.{name}").read_text().split() == [
                str(one) for one in range(1, number + 1)
            ]
    print(f"\n{rounds} rounds, {lost} times somebody was overtaken")
    assert len(pair[0].records()) == rounds * len(BOTH)
    assert server.locks() == []
    refs = remotes.ls(str(pair[0].remote.path))
    assert not [ref for ref in refs if ref.startswith("refs/slipway/locks/")]
    for name in BOTH:
        assert pair[1].run(f"drift:{name}").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("where", [http, s3], ids=["http", "s3"])
def test_two_clones_deploy_to_one_state(where: Where, tmp_path: Path) -> None:
    """Ten rounds take minutes: tests/bench/test_races.py."""
    with where() as server:
        race(tmp_path, server, 2)
