"""What only the embedded cluster promises: processes of this machine, and addresses that stay."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from tasks.cluster import Workload
from tasks.kernel.errors import Failed, SlipwayError, WrongUsage
from tests.cluster.conftest import Place
from tests.cluster.samples import deployment, secret, service


@pytest.fixture
def image(local: Place) -> str:
    local.cluster.create("staging", {"team": "lana"})
    return local.image()


def only(local: Place, namespace: str = "staging") -> Workload:
    [found] = local.cluster.workloads(namespace)
    return found


def pid(local: Place, name: str = "web") -> int:
    return int(local.get("staging", name, "/pid"))


def test_an_image_that_is_not_there_is_named(local: Place, image: str) -> None:
    missing = f"app@sha256:{'0' * 64}"
    with pytest.raises(SlipwayError, match="no such image"):
        local.cluster.install("staging", "shop", [deployment("web", missing)], 5)


def test_clients_notice_nothing_of_an_update(local: Place, image: str) -> None:
    client, server = deployment("web", image), [deployment("server", image), service("server")]
    local.cluster.install("staging", "shop", [client, *server], 20)
    with local.cluster.reach("staging", "server", 80) as address:
        newer = [deployment("server", local.image("2")), service("server")]
        local.cluster.install("staging", "shop", [client, *newer], 20)
        with local.cluster.reach("staging", "server", 80) as again:
            assert again == address
    assert local.get("staging", "server") == "2"


def exists(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def pid_of(local: Place, name: str, port: int) -> int:
    return int(local.get("staging", name, "/pid", port))


def test_a_service_of_another_release_is_refused_by_name(local: Place, image: str) -> None:
    local.cluster.install("staging", "one", [deployment("one", image), service("one")], 20)
    with pytest.raises(SlipwayError, match="one:80 is in another release"):
        local.cluster.install("staging", "three", [deployment("three", image), service("one")], 9)


def test_what_died_later_is_seen_and_mended(local: Place, image: str) -> None:
    manifests = [deployment("web", image), service("web")]
    local.cluster.install("staging", "shop", manifests, 20)
    os.kill(pid(local), signal.SIGKILL)
    begin = time.monotonic()
    while only(local).ready:
        assert time.monotonic() < begin + 5
    with pytest.raises(Failed, match="web is not ready"):
        local.cluster.wait("staging", 0.3)

    done = local.cluster.install("staging", "shop", manifests, 20)

    assert done.revision == 1
    assert local.cluster.wait("staging", 1) == local.cluster.workloads("staging")
    assert only(local).restarts == 1
    assert local.get("staging", "web") == "1"


def test_what_is_never_live_is_started_again_and_then_given_up(local: Place, image: str) -> None:
    probe = {"httpGet": {"path": "/sick", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
    sick = deployment("web", image, startupProbe=probe)
    with pytest.raises(Failed, match=r"not ready in time|failed its liveness or startup"):
        local.cluster.install("staging", "shop", [sick], 1.5)
    assert local.cluster.workloads("staging") == []


def test_what_happened_is_told_in_order(local: Place, image: str) -> None:
    local.cluster.install("staging", "shop", [deployment("web", image), service("web")], 20)
    bad = [deployment("web", local.image("2"), env={"MODE": "crash"}), service("web")]
    with pytest.raises(Failed):
        local.cluster.install("staging", "shop", bad, 20)
    told = "\n".join(local.cluster.events("staging"))
    assert told.index("started") < told.index("revision 1") < told.index("ended by itself")
    with pytest.raises(SlipwayError, match="no namespace nowhere"):
        local.cluster.events("nowhere")


def test_the_process_that_is_replaced_is_gone(local: Place, image: str) -> None:
    other = [deployment("server", image), service("server", 5253)]
    web = [deployment("web", image, env={"S": "server:5253"}), service("web")]
    local.cluster.install("staging", "shop", [*web, *other], 20)
    server, before = pid_of(local, "server", 5253), pid(local)
    newer = [deployment("web", local.image("2"), env={"S": "server:5253"}), service("web")]

    done = local.cluster.install("staging", "shop", [*newer, *other], 20)

    assert done.revision == 2
    assert local.get("staging", "web") == "2"
    assert pid_of(local, "server", 5253) == server
    assert pid(local) != before
    assert not exists(before)


def test_the_address_of_a_service_is_written_into_the_environment(local: Place, image: str) -> None:
    asks = {"SERVER": "http://server:5253/api", "BARE": "server.staging.svc:5253"}
    manifests = [
        deployment("web", image, env=asks),
        service("web"),
        deployment("server", image),
        service("server", 5253),
    ]
    local.cluster.install("staging", "shop", manifests, 20)

    told = dict(
        line.partition("=")[::2] for line in local.get("staging", "web", "/env").splitlines()
    )

    with local.cluster.reach("staging", "server", 5253) as address:
        assert told["SERVER"] == f"http://{address}/api"
        assert told["BARE"] == address


def test_a_cron_job_is_refused(local: Place, image: str) -> None:
    job = {"kind": "CronJob", "metadata": {"name": "nightly"}}
    with pytest.raises(WrongUsage, match="cannot run a CronJob"):
        local.cluster.install("staging", "shop", [job], 5)


def test_a_secret_that_was_not_copied_is_named(local: Place, image: str) -> None:
    web = deployment("web", image, envFrom=[{"secretRef": {"name": "two"}}])
    with pytest.raises(WrongUsage, match="no Secret two"):
        local.cluster.install("staging", "shop", [web, service("web")], 20)


def test_a_sweep_of_everything_is_this_folders_own(local: Place, image: str) -> None:
    assert local.cluster.sweep("") == ["staging"]
    with pytest.raises(WrongUsage, match="cannot name"):
        local.cluster.create(".locks", {})


def test_ten_revisions_are_kept_readable_by_their_owner_alone(local: Place, image: str) -> None:
    for number in range(12):
        local.cluster.install("staging", "shop", [secret("one", password=f"p-{number}")], 5)
    known = local.cluster.history("staging", "shop")
    assert [one.revision for one in known] == list(range(3, 13))
    assert known[-1] == local.cluster.release("staging", "shop")
    file = local.folder / "cluster/staging/state.json"
    assert file.stat().st_mode & 0o077 == 0


def test_a_record_from_before_there_was_a_history_is_read(local: Place, image: str) -> None:
    local.cluster.install("staging", "shop", [secret("one", a="1")], 5)
    file = local.folder / "cluster/staging/state.json"
    told = json.loads(file.read_bytes())
    del told["releases"]["shop"]["past"]
    file.write_text(json.dumps(told))
    [first] = local.cluster.history("staging", "shop")
    done = local.cluster.install("staging", "shop", [secret("one", a="2")], 5)
    assert local.cluster.history("staging", "shop") == [first, done]
