"""That it is applied, what may be destroyed, and that no state is ever thrown away."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.deploy import asked
from tasks.kernel import graph, paths, remotes
from tests.deploy.elsewhere import MAIN, Elsewhere, http
from tests.promotion.line import Remote

pytestmark = pytest.mark.slow
LASTING = 'resource "terraform_data" "always" {\n  triggers_replace = timestamp()\n}\n'
QUEUES = 'resource "terraform_data" "q" {\n  for_each = toset(KEYS)\n  input = each.key\n}\n'
PROVISIONED = 'provisioner "local-exec" {\n  COMMAND\n}'


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    monkeypatch.setenv("SLIPWAY_BY", "tester@here")
    with http() as server:
        found = Elsewhere(tmp_path / "tree", Remote(tmp_path / "deployments.git"), server)
        found.seed_deployments()
        yield found


def locks(tree: Elsewhere) -> list[str]:
    return [ref for ref in remotes.ls(str(tree.remote.path)) if "/locks/" in ref]


def add(tree: Elsewhere, text: str, *names: str) -> None:
    files = {f"{name}/more.tf": text or None for name in names or ("staging",)}
    tree.remote.commit("more", files)


# applied


@pytest.mark.parametrize(
    "point", ["", "apply:staging:terraform", "apply:staging:acted", "apply:staging:recorded"]
)
def test_what_differs_at_every_look_is_told_and_recorded_all_the_same(
    tree: Elsewhere, point: str
) -> None:
    add(tree, LASTING)
    if point:
        assert tree.run("deploy:staging", SLIPWAY_KILL_AT=point).code == -signal.SIGKILL
    run = tree.run("deploy:staging")
    assert run.code == 0, run.err
    if point in ("", "apply:staging:terraform"):
        assert "a next plan would say: 1 to replace, 0 to destroy; that is left so" in run.err
        assert "replace  terraform_data.always" in run.err
    assert len(tree.records()) == 1
    serial = tree.server.state("staging")["serial"]
    idle = tree.run("deploy:staging")
    assert idle.code == 0, idle.err
    assert not {"tfplan:staging", "apply:staging"} & set(idle.ran)
    assert tree.run("drift:staging").code == 0
    assert tree.server.state("staging")["serial"] == serial
    assert not (tree.folder / paths.deploy_intent("staging")).exists()


def test_what_others_did_to_such_a_root_is_still_seen(tree: Elsewhere) -> None:
    add(tree, LASTING)
    assert tree.run("deploy:staging").code == 0
    tree.server.move("staging")
    assert tree.run("drift:staging").code == 1
    run = tree.run("deploy:staging")
    assert run.code == 0, run.err
    assert "2 to add" in run.err
    assert len(tree.records()) == 1


def test_an_apply_alone_gives_the_lock_up(tree: Elsewhere) -> None:
    run = tree.run("apply:staging")
    assert run.code == 0, run.err
    assert locks(tree) == []
    killed = tree.run("deploy:staging", SLIPWAY_KILL_AT="deploy:staging:observed")
    assert killed.code == -signal.SIGKILL
    assert tree.run("deploy:staging").code == 0
    assert locks(tree) == []


def test_a_provider_sees_what_its_root_is_to_see(tree: Elsewhere) -> None:
    tree.replace("  staging: {", "  staging: {secrets: [VAULT_TOKEN], ")
    tree.replace("deployments: {back", "deployments: {secrets: [HONEYCOMB_API_KEY], back")
    seen = '"$HONEYCOMB_API_KEY $VAULT_TOKEN $DD_API_KEY"'
    path = tree.folder.parent / "told"
    command = f"command = <<EOT\necho {seen} > {path}-${{var.namespace}}\nEOT"
    text = f'variable "namespace" {{}}\nresource "terraform_data" "told" {{\n{PROVISIONED}\n}}\n'
    add(tree, text.replace("COMMAND", command), "staging", "qa")
    names = ("HONEYCOMB_API_KEY", "VAULT_TOKEN", "DD_API_KEY")
    run = tree.run("deploy:staging", "deploy:qa", **{name: f"its-{name}" for name in names})
    assert run.code == 0, run.err
    told = {name: Path(f"{path}-shop-{name}").read_text() for name in ("staging", "qa")}
    assert told == {
        "staging": "its-HONEYCOMB_API_KEY its-VAULT_TOKEN \n",
        "qa": "its-HONEYCOMB_API_KEY  \n",
    }
    assert "its-" not in tree.seen() + run.out + run.err


# destroyed


def test_a_key_with_a_blank_is_named_as_a_whole(tree: Elsewhere) -> None:
    add(tree, QUEUES.replace("KEYS", '["main db", "main queue", "a,b"]'))
    assert tree.run("deploy:staging").code == 0
    add(tree, QUEUES.replace("KEYS", '["a,b"]'))
    cut = tree.run('allow-destroy=terraform_data.q["main', "deploy:staging")
    assert cut.code == 1
    one = 'staging:terraform_data.q["main db"]'
    assert f'{one},staging:terraform_data.q["main queue"]' in cut.err
    half = tree.run(f"allow-destroy={one}", "deploy:staging")
    assert half.code == 1
    assert "would destroy 1 thing" in half.err
    both = tree.run(f'allow-destroy={one},terraform_data.q["main queue"]', "deploy:staging")
    assert both.code == 0, both.err
    assert "2 to destroy" in both.err
    add(tree, "")
    comma = tree.run('allow-destroy=terraform_data.q["a,b"]', "deploy:staging")
    assert comma.code == 0, comma.err


def test_of_several_environments_it_is_said_which_one_may_lose_something(tree: Elsewhere) -> None:
    add(tree, 'resource "terraform_data" "queue" {}\n', "staging", "qa")
    assert tree.run("deploy:staging", "deploy:qa").code == 0
    add(tree, "", "staging", "qa")
    refused = tree.run("allow-destroy=terraform_data.queue", "deploy")
    assert refused.code == 1
    assert "doit allow-destroy=staging:terraform_data.queue deploy:staging" in refused.err
    assert "terraform_data" in json.dumps(tree.server.state("staging")["resources"])
    tree.run("allow-destroy=staging:terraform_data.queue", "deploy")
    left = {
        name: [one["name"] for one in tree.server.state(name)["resources"]]
        for name in ("staging", "qa")
    }
    assert left == {"staging": ["database"], "qa": ["database", "queue"]}
    alone = tree.run("allow-destroy=terraform_data.queue", "deploy:qa")
    assert alone.code == 0, alone.err


# made anew, as somebody names it


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("terraform_data.databse", "terraform_data.databse anew (did you mean terraform_data.da"),
        ("elsewhere.x", "terraform_data.database\n"),
        ("terraform_data.database,elsewhere.x", "would not make elsewhere.x anew"),
    ],
)
def test_what_the_plan_would_not_make_anew_is_refused(
    tree: Elsewhere, named: str, says: str
) -> None:
    assert tree.run("deploy:staging").code == 0
    serial = tree.server.state("staging")["serial"]
    run = tree.run(f"replace={named}", "deploy:staging")
    assert run.code == 1, run.err
    assert says in run.err
    assert tree.server.state("staging")["serial"] == serial
    left = (paths.tfplan("staging"), paths.tfplan_file("staging"), paths.tfplan_run("staging"))
    assert not any((tree.folder / path).exists() for path in left)
    assert locks(tree) == []
    again = tree.run("replace=terraform_data.database", "deploy:staging")
    assert again.code == 0, again.err
    assert tree.server.state("staging")["serial"] > serial


# ended with the run


def test_the_plan_of_a_killed_run_ends_with_the_run_that_goes_on_with_it(tree: Elsewhere) -> None:
    text = f'resource "terraform_data" "never" {{\n{PROVISIONED}\n}}\n'
    add(tree, text.replace("COMMAND", 'command = "exit 1"'))
    killed = tree.run("deploy:staging", SLIPWAY_KILL_AT="apply:staging:locked")
    assert killed.code == -signal.SIGKILL
    files = [tree.folder / paths.tfplan_file("staging"), tree.folder / paths.tfplan_run("staging")]
    assert all(file.exists() for file in files)
    run = tree.run("deploy:staging")
    assert run.code == 1, run.err
    assert "tfplan:staging" not in run.ran
    assert not any(file.exists() for file in files)


def test_who_knows_no_run_is_not_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_ALLOW_DESTROY", "a.b")
    monkeypatch.setattr(graph, "_run", frozenset({"apply:qa", "deploy:qa"}))
    assert asked.may_destroy("qa", "a.b")
    monkeypatch.setattr(graph, "_run", frozenset({"apply:qa", "apply:staging"}))
    assert not asked.may_destroy("qa", "a.b")
    monkeypatch.setattr(graph, "_run", frozenset())
    assert asked.may_destroy("qa", "a.b")
    monkeypatch.setattr("multiprocessing.parent_process", object)
    assert not asked.may_destroy("qa", "a.b")


# kept


def local(tree: Elsewhere, body: str) -> None:
    text = MAIN.replace('backend "KIND" {}', f'backend "local" {{\n{body}\n}}')
    tree.remote.commit("local", {"staging/main.tf": text})


def test_a_state_in_the_roots_own_folder_is_refused_before_anything_is_made(
    tree: Elsewhere,
) -> None:
    local(tree, 'path = "mine.tfstate"')
    run = tree.run("deploy:staging")
    assert run.code == 2
    assert 'path = "mine.tfstate"' in run.err
    assert 'write backend "local" {}' in run.err
    assert tree.records() == []
    local(tree, f'path = "{tree.folder}/mine.tfstate"')
    assert tree.run("deploy:staging").code == 0
    assert (tree.folder / "mine.tfstate").exists()


def test_a_workspace_of_its_users_does_not_count(tree: Elsewhere) -> None:
    local(tree, "")
    run = tree.run("deploy:staging", TF_WORKSPACE="blue")
    assert run.code == 0, run.err
    state = json.loads((tree.folder / ".sandbox/terraform/staging.tfstate").read_text())
    assert state["outputs"]["size"]["value"] == "small"


@pytest.mark.parametrize("where", ["errored.tfstate", "terraform.tfstate.d/blue/terraform.tfstate"])
def test_no_state_is_thrown_away_with_the_files(tree: Elsewhere, where: str) -> None:
    assert tree.run("deploy:staging").code == 0
    state = tree.folder / paths.deploy_tree("staging") / "staging" / where
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_text("{}")
    tree.resize("staging", "large")
    run = tree.run("deploy:staging")
    assert run.code == 2
    assert f"lies a state of Terraform that nobody else may have: staging/{where}" in run.err
    assert "terraform state push" in run.err
    assert state.read_text() == "{}"
    state.rename(tree.folder / "safe")
    assert tree.run("deploy:staging").code == 0


# roots


def test_a_root_of_json_is_one_and_one_of_tofu_says_so(tree: Elsewhere) -> None:
    told = {"terraform": {"backend": {"http": {}}}, "output": {"x": {"value": 1}}}
    files = {"staging/main.tf": None, "staging/main.tf.json": json.dumps(told)}
    tree.remote.commit("json", files)
    run = tree.run("deploy:staging")
    assert run.code == 0, run.err
    tree.replace("staging: {terraform: ./terraform-told}", "staging: {}")
    tree.remote.commit("tofu", {"staging/main.tf.json": None, "staging/main.tofu": told_in_words()})
    run = tree.run("deploy:staging")
    assert run.code == 2
    assert "environments.staging.terraform: tofu" in run.err


def told_in_words() -> str:
    return 'terraform {\n  backend "http" {}\n}\n'
