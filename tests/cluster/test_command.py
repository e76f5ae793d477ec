"""The command line, as Terraform and people use it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.cluster.helm import load
from tests.cluster.conftest import Place, fetch, leftovers
from tests.cluster.samples import deployment, service
from tests.needs import need

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "sandbox/charts/charts/lana-bank"


def command(local: Place, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        call(local, *words), cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def call(local: Place, *words: str) -> list[str]:
    start = [sys.executable, "-m", "tasks.cluster", "--root", str(local.folder / "cluster")]
    return [*start, "--registry", str(local.folder / "registry"), *words]


def test_a_release_from_a_file_of_manifests(local: Place) -> None:
    file = local.folder / "all.json"
    file.write_text(
        "\n---\n".join(map(json.dumps, [deployment("web", local.image()), service("web")]))
    )
    there = ("--namespace", "staging")

    assert command(local, "namespace", "create", "staging", "--label", "a=b").returncode == 0
    assert command(local, "namespace", "list").stdout == "staging  a=b\n"
    done = command(
        local, "install", *there, "--release", "shop", "--manifests", str(file), "--timeout", "20s"
    )
    assert done.returncode == 0, done.stderr
    [told] = json.loads(command(local, "status", *there, "--json").stdout)
    assert (told["name"], told["ready"]) == ("web", True)
    assert fetch(told["endpoints"]["web:80"]) == "1"
    assert fetch(told["pods"][0]["ports"]["8080"]) == "1"
    assert command(local, "wait", *there, "--timeout", "5s").returncode == 0
    assert command(local, "logs", *there, "--workload", "web").stdout == "version 1 \n"
    assert command(local, "uninstall", *there, "--release", "shop").returncode == 0
    assert command(local, "status", *there, "--json").stdout == "[]\n"
    assert command(local, "sweep", "--prefix", "stag").stdout == "staging\n"


def test_a_release_goes_back_to_an_earlier_revision(local: Place) -> None:
    local.cluster.create("staging", {})
    there = ("--namespace", "staging", "--release", "shop")
    for version in ("1", "2"):
        told = [deployment("web", local.image(version)), service("web")]
        local.cluster.install("staging", "shop", told, 20)
    lines = command(local, "history", *there).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert all(" sha256:" in line for line in lines)

    done = command(local, "rollback", *there, "--revision", "1", "--timeout", "20s")

    assert done.returncode == 0, done.stderr
    assert "revision 3" in done.stderr
    assert local.get("staging", "web") == "1"
    wrong = command(local, "rollback", *there, "--revision", "9")
    assert wrong.returncode == 3
    assert "there is no revision 9 of shop" in wrong.stderr
    assert command(local, "history", "--namespace", "--all", "--release", "x").returncode == 3
    assert command(local, "rollback", *there, "--revision", "-1").returncode == 3


def test_what_fails_says_so(local: Place) -> None:
    command(local, "namespace", "create", "staging")
    file = local.folder / "web.json"
    file.write_text(json.dumps(deployment("web", local.image(), env={"MODE": "crash"})))
    words = ("install", "--namespace", "staging", "--release", "shop", "--manifests")

    done = command(local, *words, str(file))

    assert done.returncode == 1
    assert "there is no database" in done.stderr
    assert "Traceback" not in done.stderr
    assert command(local, *words, str(local.folder / "none")).returncode == 3
    assert command(local, *words, str(file), "--timeout", "soon").returncode == 3
    assert command(local, "status", "--namespace", "nowhere").returncode == 2


def test_an_interrupted_installation_is_taken_back(local: Place) -> None:
    local.cluster.create("staging", {})
    file = local.folder / "web.json"
    file.write_text(json.dumps(deployment("web", local.image(), env={"MODE": "sick"})))
    words = ("install", "--namespace", "staging", "--release", "shop", "--manifests", str(file))
    process = subprocess.Popen(call(local, *words), cwd=ROOT)
    begin = time.monotonic()
    while not local.cluster.logs("staging", "web"):
        assert time.monotonic() < begin + 10
        time.sleep(0.02)

    process.send_signal(signal.SIGTERM)

    assert process.wait(20) == 128 + signal.SIGTERM
    assert leftovers(local.folder) == []


def test_the_chart_of_the_sandbox_runs(local: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_HELM", need("helm"))
    names = {
        "lana-bank": ("lanaBank", 5253),
        "lana-bank-admin-panel": ("adminPanel", 3000),
        "lana-bank-customer-portal": ("customerPortal", 3001),
        "dagster-code-location-lana-dw": ("lana-dw", 4000),
    }
    digests = {name: local.image(name=name).partition("@")[2] for name in names}
    values = local.folder / "values.json"
    server = {"image": {"digest": digests["lana-bank"]}, "replicas": 2}
    for name in ("lana-bank-admin-panel", "lana-bank-customer-portal"):
        server[names[name][0]] = {"image": {"digest": digests[name]}}
    image = {
        "repository": "dagster-code-location-lana-dw",
        "digest": digests["dagster-code-location-lana-dw"],
    }
    location = {"name": "lana-dw", "image": image, "replicas": 1, "port": 4000}
    location["resources"] = {"limits": {"memory": "256Mi"}}
    dagster = {"dagster-user-deployments": {"deployments": [location]}}
    values.write_text(json.dumps({"lanaBank": server, "dagster": dagster}))
    command(local, "namespace", "create", "staging")

    done = command(
        local,
        *("install", "--namespace", "staging", "--release", "lana-bank", "--timeout", "1m"),
        *("--chart", str(CHART), "--values", str(values)),
    )

    assert done.returncode == 0, done.stderr
    found = {one.name: one for one in local.cluster.workloads("staging")}
    assert set(found) == {
        f"lana-bank-{name}" for name in ("server", "admin-panel", "customer-portal", "lana-dw")
    }
    assert all(one.ready for one in found.values())
    told = local.get("staging", "lana-bank-admin-panel", "/env", 3000).splitlines()
    with local.cluster.reach("staging", "lana-bank-server", 5253) as address:
        assert f"LANA_BANK_URL=http://{address}" in told


def test_a_chart_that_helm_refuses(local: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_HELM", need("helm"))
    local.cluster.create("staging", {})
    chart = local.folder / "chart"
    shutil.copytree(CHART, chart)
    (chart / "templates" / "bad.yaml").write_text('{{ fail "never" }}')
    words = ("install", "--namespace", "staging", "--release", "lana-bank", "--chart")

    done = command(local, *words, str(chart))

    assert done.returncode == 1
    assert "never" in done.stderr
    assert command(local, *words, str(local.folder)).returncode == 3
    monkeypatch.setenv("SLIPWAY_HELM", str(local.folder / "no-helm"))
    missing = command(local, *words, str(CHART))
    assert missing.returncode == 2
    assert "is not installed" in missing.stderr


def test_rendered_manifests_keep_dates_as_they_are() -> None:
    [found] = load("---\nkind: X\nwhen: 2026-01-31\n---\n# nothing\n", "here")
    assert found == {"kind": "X", "when": "2026-01-31"}
