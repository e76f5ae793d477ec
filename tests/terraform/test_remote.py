"""States elsewhere, credentials from the environment, programs by name, one cache for all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.kernel import journal
from tasks.kernel.config import load
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.world import World
from tasks.terraform import Locked, Terraform, find_terraform
from tests.needs import need
from tests.project import PIPELINE
from tests.terraform import fake_s3, http_states
from tests.terraform.http_states import PASSWORD, States

MAIN = 'terraform {\n  backend "http" {}\n}\nresource "terraform_data" "a" {\n  input = 1\n}\n'


@pytest.fixture
def states() -> Iterator[States]:
    with http_states.serving() as server:
        yield server


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    monkeypatch.setenv("TF_HTTP_USERNAME", "ci")
    monkeypatch.setenv("TF_HTTP_PASSWORD", PASSWORD)
    (tmp_path / "root").mkdir()
    (tmp_path / "root/main.tf").write_text(MAIN)
    return Terraform(Path(need("terraform")), tmp_path / "root", {})


def test_a_state_on_a_server_with_credentials_from_the_environment(
    terraform: Terraform, states: States, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(journal, "say", said.append)
    monkeypatch.setattr(journal, "program", lambda command, *_: said.append(" ".join(command)))
    terraform.init(states.backend("staging"))
    plan = terraform.plan(tmp_path / "plan")
    assert (plan.add, plan.serial) == (1, 0)
    terraform.apply(tmp_path / "plan")
    assert terraform.state()[0] == json.loads(states.states["/staging"])["serial"] > 0
    assert PASSWORD not in "\n".join(said)
    assert not [file for file in (tmp_path / "root").rglob("*")
                if file.is_file() and PASSWORD.encode() in file.read_bytes()]  # fmt: skip
    assert terraform.drift() == ()


def test_without_credentials_nothing_is_done(
    terraform: Terraform, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_HTTP_PASSWORD", "something else")
    with pytest.raises(Failed):
        terraform.init(states.backend("staging"))
    assert states.states == {}


def test_a_lock_of_somebody_else_is_told(
    terraform: Terraform, states: States, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terraform.init(states.backend("staging"))
    monkeypatch.setattr("tasks.terraform.program._LOCK", "-lock-timeout=0s")
    states.hold("staging")
    with pytest.raises(Locked) as caught:
        terraform.plan(tmp_path / "plan")
    # Terraform says "Who: us" here, for the lock that it did not get.
    assert caught.value.what.startswith("the state is locked by somebody else; the server")
    assert caught.value.fix.endswith("force-unlock 1234-5678")
    states.locks["/staging"] = b"no JSON"
    with pytest.raises(Locked, match="by somebody else"):
        terraform.plan(tmp_path / "plan")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[fake_s3.Bucket]:
    with fake_s3.serving() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server
        assert server.odd == []


@pytest.fixture
def in_bucket(tmp_path: Path, bucket: fake_s3.Bucket) -> Terraform:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/main.tf").write_text(MAIN.replace('"http"', '"s3"'))
    terraform = Terraform(Path(need("terraform")), tmp_path / "root", {})
    terraform.init(bucket.backend("shop/staging"))
    return terraform


def test_a_state_in_a_bucket_with_a_lock_of_its_own(
    in_bucket: Terraform, bucket: fake_s3.Bucket, tmp_path: Path
) -> None:
    assert in_bucket.plan(tmp_path / "plan").serial == 0
    in_bucket.apply(tmp_path / "plan")
    assert in_bucket.state()[0] == json.loads(bucket.objects["shop/staging"])["serial"] > 0
    assert list(bucket.objects) == ["shop/staging"]  # the lock is gone
    assert "PUT shop/staging.tflock" in bucket.requests
    assert in_bucket.drift() == ()


def test_a_lock_in_a_bucket_is_told(
    in_bucket: Terraform,
    bucket: fake_s3.Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tasks.terraform.program._LOCK", "-lock-timeout=0s")
    bucket.hold("shop/staging")
    with pytest.raises(Locked, match="the state is locked by ada@laptop, for an apply since"):
        in_bucket.plan(tmp_path / "plan")
    assert json.loads(bucket.objects["shop/staging.tflock"])["ID"] == "1234-5678"


def test_a_lock_that_is_gone_when_looked_at_is_tried_again(
    in_bucket: Terraform,
    bucket: fake_s3.Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Terraform itself does not wait then: it knows of no lock that it could wait for."""
    monkeypatch.setattr("tasks.terraform.program._PAUSE", 0.01)
    bucket.fleeting["shop/staging.tflock"] = 2
    in_bucket.plan(tmp_path / "plan")
    bucket.fleeting["shop/staging.tflock"] = 1
    in_bucket.apply(tmp_path / "plan")
    assert json.loads(bucket.objects["shop/staging"])["serial"] == 1
    bucket.fleeting["shop/staging.tflock"] = 99
    with pytest.raises(Locked, match="the state is locked by somebody else"):
        in_bucket.plan(tmp_path / "plan")


def test_a_wrong_key_of_a_bucket_is_told(
    in_bucket: Terraform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something else")
    with pytest.raises(Failed, match="SignatureDoesNotMatch"):
        in_bucket.plan(tmp_path / "plan")


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)
    return file


def test_a_root_may_have_a_program_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    world = World(load(tmp_path / "pipeline.yml"), tmp_path)
    there = program(tmp_path / "bin", "tofu-1.8", "#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(there.parent))
    assert find_terraform(world, "tofu-1.8") == there
    assert find_terraform(world, "bin/tofu-1.8") == there
    with pytest.raises(SlipwayError, match=r"terraform-0\.9 is not installed"):
        find_terraform(world, "terraform-0.9")


def test_one_init_at_a_time_writes_the_cache_of_providers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    slow = f"#!/bin/sh\necho begin >> {seen}\nsleep 0.2\necho end >> {seen}\n"
    there = program(tmp_path / "bin", "terraform", slow)
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(tmp_path / "cache"))
    roots = [tmp_path / name for name in ("one", "two", "three")]
    for root in roots:
        root.mkdir()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda root: Terraform(there, root, {}).init({}), roots))
    assert seen.read_text().split() == ["begin", "end"] * 3
    assert (tmp_path / "cache").is_dir()


def test_real_inits_at_once_share_a_cache_of_providers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider from a mirror on disk; Terraform itself has no lock for such a cache."""
    folder = "registry.terraform.io/slipway/nothing/1.0.0/" + _platform()
    there = tmp_path / "mirror" / folder
    there.mkdir(parents=True)
    program(there, "terraform-provider-nothing_v1.0.0", "#!/bin/sh\n" + "#\n" * 500_000)
    (tmp_path / "rc").write_text(
        "provider_installation {\n  filesystem_mirror {\n"
        f'    path = "{tmp_path / "mirror"}"\n  }}\n}}\n'
    )
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "rc"))
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(tmp_path / "cache"))
    text = (
        'terraform {\n  backend "local" {}\n  required_providers {\n'
        '    nothing = {\n      source = "slipway/nothing"\n    }\n  }\n}\n'
    )
    roots = [tmp_path / f"root{number}" for number in range(4)]
    for root in roots:
        root.mkdir()
        (root / "main.tf").write_text(text)
    terraform = Path(need("terraform"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda root: Terraform(terraform, root, {}).init({}), roots))
    cached = tmp_path / "cache" / folder / "terraform-provider-nothing_v1.0.0"
    assert cached.stat().st_size > 1_000_000
    for root in roots:
        installed = root / ".terraform/providers" / folder
        assert (installed / cached.name).samefile(cached)  # each has a link to the one
        assert "slipway/nothing" in (root / ".terraform.lock.hcl").read_text()


def _platform() -> str:
    import platform

    machines = {"x86_64": "amd64", "aarch64": "arm64"}
    return f"{platform.system().lower()}_{machines[platform.machine()]}"
