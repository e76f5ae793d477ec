"""Terraform's commands: planned, applied, destroyed; what goes wrong is said in words."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.kernel import journal, paths
from tasks.kernel.errors import Failed
from tasks.terraform import Locked, Stale, Terraform
from tests.needs import need
from tests.terraform.conftest import HEAD, Root


def data(name: str, body: str) -> str:
    return f'resource "terraform_data" "{name}" {{\n{body}\n}}\n'


def runs(command: str, when: str = "create") -> str:
    return (
        f'provisioner "local-exec" {{\n  when = {when}\n  interpreter = ["sh", "-c"]\n'
        f"  command = <<EOT\n{command}\nEOT\n}}"
    )


def test_a_plan_counts_and_tells_in_words_what_changes(root: Root, tmp_path: Path) -> None:
    old = (
        data("kept", "input = 1")
        + data("edited", 'input = { tier = "small", name = "x" }')
        + data("release", 'triggers_replace = { chart_sha256 = "a", values_sha256 = "b" }')
        + data("gone", 'input = { deletion_protection = true, name = "db" }')
    )
    terraform = root.ready(old)
    first = terraform.plan(tmp_path / "plan")
    assert (first.add, first.empty, first.serial, first.lineage) == (4, False, 0, "")
    assert first.lines[0] == "add      terraform_data.edited"
    terraform.apply(tmp_path / "plan")
    assert terraform.plan(tmp_path / "plan").empty

    root.write(
        data("kept", "input = 1")
        + data("edited", 'input = { tier = "large", name = "x" }')
        + data("release", 'triggers_replace = { chart_sha256 = "a", values_sha256 = "c" }')
        + data("more", "input = 2")
        + 'output "url" {\n  value = "https://x"\n}\n'
    )
    plan = terraform.plan(tmp_path / "plan")

    assert plan.lines == (
        "change   terraform_data.edited (tier changed)",
        "destroy  terraform_data.gone (no longer in the files)",
        "add      terraform_data.more",
        "replace  terraform_data.release (values changed)",
        "output   url",
    )
    assert plan.summary == {"add": 1, "change": 1, "replace": 1, "destroy": 1}
    assert not plan.empty
    assert plan.protected == ("terraform_data.gone",)
    assert (plan.serial, plan.lineage) == terraform.state()
    assert plan.serial > 0


def test_the_plan_is_for_its_owner_alone_and_whole(root: Root, tmp_path: Path) -> None:
    terraform = root.ready(data("a", "input = 1"))
    terraform.plan(tmp_path / "plan")
    assert (tmp_path / "plan").stat().st_mode & 0o777 == 0o600
    before = (tmp_path / "plan").read_bytes()
    root.write("nonsense {")
    with pytest.raises(Failed, match="terraform plan failed"):
        terraform.plan(tmp_path / "plan")
    assert (tmp_path / "plan").read_bytes() == before
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_what_a_killed_run_has_half_written_is_gone_with_the_next_plan(
    root: Root, tmp_path: Path
) -> None:
    left = tmp_path / ".plan.1.half"
    left.write_text("secrets")
    root.ready(data("a", "input = 1")).plan(tmp_path / "plan")
    assert not left.exists()


def test_outputs_leave_secrets_out(root: Root) -> None:
    terraform = root.applied(
        'output "url" {\n  value = "https://x"\n}\n'
        'output "password" {\n  value = "hunter22"\n  sensitive = true\n}\n'
    )
    assert terraform.outputs() == {"url": "https://x"}


def test_no_log_holds_what_a_state_or_a_plan_does(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    secret = 'variable "p" {\n  default = "hunter22"\n  sensitive = true\n}\n'
    secret += data("a", "input = var.p")
    secret += 'output "p" {\n  value = var.p\n  sensitive = true\n}\n'
    with journal.of("deploy"):
        terraform = root.applied(secret)
        terraform.outputs()
        terraform.state()
        terraform.destroy()
    log = (tmp_path / paths.log("deploy")).read_text()
    assert "hunter22" not in log
    assert "Apply complete" in log
    assert "terraform output  (what it prints is not kept)" in log
    assert [path.name for path in (tmp_path / "build/logs").iterdir()] == ["deploy.log"]


def test_what_a_provisioner_said_is_in_the_error(root: Root, tmp_path: Path) -> None:
    with pytest.raises(Failed) as caught:
        root.applied(data("a", runs("echo there is no such place; exit 3")))
    text = str(caught.value)
    assert text.startswith("root: terraform apply failed: local-exec provisioner error")
    assert "terraform_data.a: local-exec provisioner error" in text
    assert "there is no such place" in text
    assert "@level" not in text

    again = root.terraform.plan(tmp_path / "plan")
    assert again.lines == ("replace  terraform_data.a (it was not finished before)",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('resource "x" {', "terraform init failed"),
        ('module "m" {\n  source = "./none"\n}\n', "terraform init failed: Unreadable module dir"),
    ],
)
def test_a_root_that_cannot_be_prepared(root: Root, text: str, says: str) -> None:
    with pytest.raises(Failed, match=says) as caught:
        root.ready(text)
    assert "╷" not in str(caught.value)
    assert "│" not in str(caught.value)


def test_validate_names_every_mistake_with_its_line(root: Root) -> None:
    terraform = root.ready("")
    terraform.validate()
    root.write('output "a" {\n  value = var.none\n}\noutput "b" {\n  value = local.none\n}\n')
    with pytest.raises(Failed) as caught:
        terraform.validate()
    assert "main.tf:5: Reference to undeclared input variable" in str(caught.value)
    assert "main.tf:8: Reference to undeclared local value" in str(caught.value)


def test_a_refusal_by_a_precondition_is_told_in_its_words(root: Root, tmp_path: Path) -> None:
    refused = (
        "lifecycle {\n precondition {\n condition = var.vendored\n"
        ' error_message = "No chart has been vendored yet."\n }\n }'
    )
    terraform = root.ready('variable "vendored" {\n  default = false\n}\n' + data("a", refused))
    with pytest.raises(Failed, match="Resource precondition failed") as caught:
        terraform.plan(tmp_path / "plan")
    assert "No chart has been vendored yet." in str(caught.value)


def test_what_is_guarded_cannot_be_destroyed(root: Root) -> None:
    terraform = root.applied(data("db", "lifecycle {\n prevent_destroy = true\n }"))
    with pytest.raises(Failed, match="Instance cannot be destroyed"):
        terraform.destroy()
    assert terraform.resources() == 1


def test_a_plan_for_an_older_state_is_refused(root: Root, tmp_path: Path) -> None:
    terraform = root.ready(data("a", "input = 1"))
    terraform.plan(tmp_path / "one")
    terraform.plan(tmp_path / "two")
    terraform.apply(tmp_path / "one")
    with pytest.raises(Stale, match="the state has changed since the plan was made"):
        terraform.apply(tmp_path / "two")


def test_everything_is_destroyed(root: Root, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    terraform = root.applied(data("a", runs(f"touch {gone}", "destroy")))
    assert terraform.resources() == 1
    terraform.destroy()
    assert gone.exists()
    assert terraform.resources() == 0
    terraform.destroy()


def hold(root: Root) -> subprocess.Popen[bytes]:
    """Start an apply by hand that holds the state's lock, and return when it does."""
    process = subprocess.Popen(
        [need("terraform"), "apply", "-auto-approve"],
        cwd=root.folder,
        env={"PATH": os.environ["PATH"], "TF_CLI_CONFIG_FILE": os.devnull, "TF_INPUT": "0"},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 10
    while not root.state.with_name(".one.tfstate.lock.info").exists() and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.2)
    return process


def test_a_lock_held_elsewhere_is_waited_for(root: Root, tmp_path: Path) -> None:
    terraform = root.ready(data("a", runs("sleep 1.5")))
    process = hold(root)
    terraform.plan(tmp_path / "plan")
    assert process.wait() == 0


def test_a_lock_that_is_not_given_back_names_its_owner(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tasks.terraform.program

    monkeypatch.setattr(tasks.terraform.program, "_LOCK", "-lock-timeout=0s")
    terraform = root.ready(data("a", runs("sleep 30")))
    process = hold(root)
    try:
        with pytest.raises(Locked) as caught:
            terraform.plan(tmp_path / "plan")
        assert f"@{os.uname().nodename}, for an apply since 20" in caught.value.what
        assert "force-unlock" in caught.value.fix
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    terraform.plan(tmp_path / "plan")  # the lock of a dead process is none


def test_time_is_limited_and_nothing_goes_on(root: Root, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    terraform = root.ready(data("a", runs(f"sleep 3; touch {mark}")))
    terraform.plan(tmp_path / "plan")
    hurried = Terraform(terraform.program, root.folder, root.env, time.monotonic() + 1)
    with pytest.raises(Failed, match="did not end within") as caught:
        hurried.apply(tmp_path / "plan")
    assert "terraform_data.a: Creating..." in str(caught.value)
    with pytest.raises(Failed, match="no time left"):
        hurried.plan(tmp_path / "plan")
    time.sleep(2.5)
    assert not mark.exists()


def test_nothing_that_its_user_has_set_counts(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_ARGS_plan", "-no-such-option")
    monkeypatch.setenv("TF_CLI_ARGS", "-no-such-option")
    monkeypatch.setenv("TF_DATA_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("TF_WORKSPACE", "blue")
    assert root.ready(data("a", "input = 1")).plan(tmp_path / "plan").add == 1
    assert not (tmp_path / "elsewhere").exists()


def test_providers_may_see_their_own_secrets_and_no_others(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "aws-very-secret")
    monkeypatch.setenv("GITHUB_TOKEN", "github-very-secret")
    root.applied(data("a", runs(f"env > {tmp_path}/env")))
    seen = (tmp_path / "env").read_text()
    assert "aws-very-secret" in seen
    assert "github-very-secret" not in seen


def test_providers_see_what_is_named_for_them_and_no_log_has_it(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    for name in ("HONEYCOMB_API_KEY", "VAULT_TOKEN", "DD_API_KEY"):
        monkeypatch.setenv(name, f"very-hidden-{name}")
    monkeypatch.setenv("DD_SITE", "the-site-of-dd")
    terraform = root.ready(data("a", runs("env | grep -e HONEYCOMB -e VAULT -e DD_")))
    seeing = replace(terraform, secrets=("HONEYCOMB_API_KEY", "VAULT_TOKEN", "DD_SITE"))
    with journal.of("deploy"):
        seeing.plan(tmp_path / "plan")
        seeing.apply(tmp_path / "plan")
    log = (tmp_path / paths.log("deploy")).read_text()
    assert "HONEYCOMB_API_KEY=•••" in log
    assert "VAULT_TOKEN=•••" in log
    assert "DD_SITE=•••" in log
    assert "DD_API_KEY" not in log
    assert "very-hidden" not in log
    assert "the-site-of-dd" not in log


def test_a_folder_that_is_no_root_has_nothing_to_plan(root: Root) -> None:
    root.folder.mkdir()
    (root.folder / "main.tf").write_text(HEAD)
    root.terraform.init({"path": str(root.state)})
    assert root.terraform.state() == (0, "")
    assert root.terraform.outputs() == {}
