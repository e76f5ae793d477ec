"""What every cluster promises, whichever one stands behind the port."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tasks.cluster import Workload, digest_of
from tasks.kernel.errors import Failed, SlipwayError, WrongUsage
from tests.cluster.conftest import Place
from tests.cluster.samples import deployment, secret, service


def only(place: Place, namespace: str = "staging") -> Workload:
    [found] = place.cluster.workloads(namespace)
    return found


def pid(place: Place, name: str = "web") -> int:
    return int(place.get("staging", name, "/pid"))


@pytest.fixture
def image(place: Place) -> str:
    place.cluster.create("staging", {"team": "lana"})
    return place.image()


def test_namespaces_have_labels_and_are_found_by_prefix(place: Place) -> None:
    for name in ("lana-testflight-abc", "lana-testflight-def", "staging"):
        place.cluster.create(name, {"for": name})

    assert set(place.cluster.namespaces()) == {
        "lana-testflight-abc",
        "lana-testflight-def",
        "staging",
    }
    assert place.cluster.namespaces("lana-testflight-") == {
        "lana-testflight-abc": {"for": "lana-testflight-abc"},
        "lana-testflight-def": {"for": "lana-testflight-def"},
    }
    place.cluster.create("staging", {"for": "another"})
    assert place.cluster.namespaces("staging") == {"staging": {"for": "another"}}
    assert place.cluster.delete("staging")
    assert not place.cluster.delete("staging")
    assert place.cluster.sweep("lana-testflight-") == ["lana-testflight-abc", "lana-testflight-def"]
    assert place.cluster.namespaces() == {}


@pytest.mark.parametrize("name", ["", "..", "../x", "-rf", "A", "a b", "a/b", "x" * 64, ".locks"])
def test_hostile_names_are_refused(place: Place, name: str) -> None:
    place.cluster.create("staging", {})
    for attempt in (
        lambda: place.cluster.create(name, {}),
        lambda: place.cluster.delete(name),
        lambda: place.cluster.install("staging", name, [], 1),
        lambda: place.cluster.uninstall("staging", name),
        lambda: place.cluster.install("staging", "web", [deployment(name, "app")], 1),
        lambda: place.cluster.logs("staging", name),
    ):
        with pytest.raises(WrongUsage, match=r"cannot name|must be"):
            attempt()


def test_nothing_is_installed_where_there_is_no_namespace(place: Place) -> None:
    with pytest.raises(SlipwayError, match="no namespace nowhere"):
        place.cluster.install("nowhere", "web", [], 1)
    assert place.cluster.release("nowhere", "web") is None
    assert not place.cluster.uninstall("nowhere", "web")


def test_a_release_runs_and_is_described(place: Place, image: str) -> None:
    manifests = [service("web"), deployment("web", image, replicas=2)]
    assert place.cluster.release("staging", "shop") is None

    done = place.cluster.install("staging", "shop", manifests, 20)

    assert (done.digest, done.revision) == (digest_of(manifests), 1)
    assert place.cluster.release("staging", "shop") == done
    assert place.cluster.manifests("staging", "shop") == manifests
    found = only(place)
    assert (found.name, found.release, found.image) == ("web", "shop", image)
    assert (found.digest, found.replicas, found.ready) == (image.partition("@")[2], 2, True)
    assert (found.restarts, found.since[:2], len(found.pods)) == (0, "20", 2)
    assert set(found.endpoints) == {"web:80"}
    assert {place.get("staging", "web", "/pid") for _ in range(4)} == {
        str(process) for process in {pid(place) for _ in range(4)}
    }
    assert place.get("staging", "web") == "1"


def test_an_image_by_its_tag_is_refused(place: Place, image: str) -> None:
    for named in ("app:1", "app", "app@sha256:abc"):
        with pytest.raises(WrongUsage, match="not pinned by its digest"):
            place.cluster.install("staging", "shop", [deployment("web", named)], 5)
    assert place.cluster.workloads("staging") == []


def test_an_image_that_is_not_there_is_named(place: Place, image: str) -> None:
    missing = f"app@sha256:{'0' * 64}"
    with pytest.raises(SlipwayError, match="no such image"):
        place.cluster.install("staging", "shop", [deployment("web", missing)], 5)


def test_a_workload_reaches_the_service_of_another(place: Place, image: str) -> None:
    asks = {"SERVER": "http://server:5253/api", "BARE": "server.staging.svc:5253"}
    manifests = [
        deployment("web", image, env=asks),
        service("web"),
        deployment("server", image),
        service("server", 5253),
    ]
    place.cluster.install("staging", "shop", manifests, 20)

    told = dict(
        line.partition("=")[::2] for line in place.get("staging", "web", "/env").splitlines()
    )

    with place.cluster.reach("staging", "server", 5253) as address:
        assert told["SERVER"] == f"http://{address}/api"
        assert told["BARE"] == address


def test_secrets_and_settings_reach_the_environment(place: Place, image: str) -> None:
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"COLOUR": "blue", "SIZE": "9"},
    }
    web = deployment(
        "web",
        image,
        envFrom=[{"configMapRef": {"name": "settings"}, "prefix": "MY_"}],
    )
    web["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {
            "name": "PASSWORD",
            "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}},
        },
        {"name": "URL", "value": "postgres://$(PASSWORD)@$$(HOST)/$(NOBODY)"},
        {"name": "WHERE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
    ]
    manifests = [web, service("web"), settings, secret("database", password="hunter2-long")]
    place.cluster.install("staging", "shop", manifests, 20)

    told = place.get("staging", "web", "/env").splitlines()

    assert "MY_COLOUR=blue" in told
    assert "PASSWORD=hunter2-long" in told
    assert "URL=postgres://hunter2-long@$(HOST)/$(NOBODY)" in told
    assert "WHERE=staging" in told
    assert "GREETING=hello" in told
    [said] = place.cluster.logs("staging", "web").values()
    assert "hunter2-long" not in "".join(said)


def test_secrets_are_copied_from_another_namespace(place: Place, image: str) -> None:
    place.cluster.install("staging", "base", [secret("one", a="1"), secret("two", b="2")], 5)

    place.cluster.create("flight", {}, secrets_from="staging", secrets=["one"])

    web = deployment("web", image, envFrom=[{"secretRef": {"name": "one"}}])
    place.cluster.install("flight", "shop", [web, service("web")], 20)
    assert "a=1" in place.get("flight", "web", "/env").splitlines()
    with pytest.raises(WrongUsage, match="no secret three"):
        place.cluster.create("other", {}, secrets_from="staging", secrets=["three"])
    web = deployment("web", image, envFrom=[{"secretRef": {"name": "two"}}])
    with pytest.raises(WrongUsage, match="no Secret two"):
        place.cluster.install("flight", "shop", [web, service("web")], 20)


def test_installing_the_same_again_changes_nothing(place: Place, image: str) -> None:
    manifests = [service("web"), deployment("web", image)]
    first = place.cluster.install("staging", "shop", manifests, 20)
    before = only(place)

    assert place.cluster.install("staging", "shop", manifests[::-1], 20) == first
    assert only(place) == before


def test_an_update_replaces_only_what_changed(place: Place, image: str) -> None:
    other = [deployment("server", image), service("server", 5253)]
    web = [deployment("web", image, env={"S": "server:5253"}), service("web")]
    place.cluster.install("staging", "shop", [*web, *other], 20)
    server, before = pid_of(place, "server", 5253), pid(place)
    newer = [deployment("web", place.image("2"), env={"S": "server:5253"}), service("web")]

    done = place.cluster.install("staging", "shop", [*newer, *other], 20)

    assert done.revision == 2
    assert place.get("staging", "web") == "2"
    assert pid_of(place, "server", 5253) == server
    assert pid(place) != before
    assert not exists(before)


def pid_of(place: Place, name: str, port: int) -> int:
    return int(place.get("staging", name, "/pid", port))


def exists(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_clients_notice_nothing_of_an_update(place: Place, image: str) -> None:
    client, server = deployment("web", image), [deployment("server", image), service("server")]
    place.cluster.install("staging", "shop", [client, *server], 20)
    with place.cluster.reach("staging", "server", 80) as address:
        newer = [deployment("server", place.image("2")), service("server")]
        place.cluster.install("staging", "shop", [client, *newer], 20)
        with place.cluster.reach("staging", "server", 80) as again:
            assert again == address
    assert place.get("staging", "server") == "2"


@pytest.mark.parametrize("mode", ["crash", "sick"])
def test_a_failed_update_leaves_what_ran(place: Place, image: str, mode: str) -> None:
    good = [deployment("web", image), service("web"), deployment("old", image), service("old")]
    first = place.cluster.install("staging", "shop", good, 20)
    before = place.cluster.workloads("staging")
    bad = [deployment("web", place.image("2"), env={"MODE": mode}), service("web")]

    with pytest.raises(Failed, match="runs as it did before") as error:
        place.cluster.install("staging", "shop", bad, 2 if mode == "crash" else 1)

    assert ("there is no database" in str(error.value)) == (mode == "crash")
    assert f"version 2 {mode}" in str(error.value)
    assert place.cluster.release("staging", "shop") == first
    assert place.cluster.workloads("staging") == before
    assert place.get("staging", "web") == "1"
    assert place.get("staging", "old") == "1"


def test_a_first_release_that_fails_is_gone(place: Place, image: str) -> None:
    good = [deployment("server", image), service("server", 5253)]
    bad = [deployment("web", image, env={"MODE": "crash"}), service("web")]

    with pytest.raises(Failed, match="there is no database"):
        place.cluster.install("staging", "shop", [*good, *bad], 20)

    assert place.cluster.release("staging", "shop") is None
    assert place.cluster.workloads("staging") == []
    assert "there is no database" in str(place.cluster.logs("staging", "web"))


def test_what_a_release_has_no_more_is_ended(place: Place, image: str) -> None:
    both = [deployment("web", image), service("web"), deployment("old", image), service("old")]
    place.cluster.install("staging", "shop", both, 20)

    place.cluster.install("staging", "shop", both[:2], 20)

    assert only(place).name == "web"
    with pytest.raises(SlipwayError, match="no service old:80"):
        place.get("staging", "old")


def test_replicas_come_and_go(place: Place, image: str) -> None:
    for replicas in (1, 3, 2, 0, 1):
        manifests = [deployment("web", image, replicas=replicas), service("web")]
        place.cluster.install("staging", "shop", manifests, 20)
        found = only(place)
        assert len(found.pods) == replicas
        assert found.ready
    assert place.get("staging", "web") == "1"


def test_two_releases_live_side_by_side(place: Place, image: str) -> None:
    for name in ("one", "two"):
        place.cluster.install("staging", name, [deployment(name, image), service(name)], 20)
    with pytest.raises(SlipwayError, match="one:80 is in another release"):
        place.cluster.install("staging", "three", [deployment("three", image), service("one")], 9)

    assert place.cluster.uninstall("staging", "one")

    assert not place.cluster.uninstall("staging", "one")
    assert only(place).name == "two"
    assert place.get("staging", "two") == "1"


def test_what_died_later_is_seen_and_mended(place: Place, image: str) -> None:
    manifests = [deployment("web", image), service("web")]
    place.cluster.install("staging", "shop", manifests, 20)
    os.kill(pid(place), signal.SIGKILL)
    begin = time.monotonic()
    while only(place).ready:
        assert time.monotonic() < begin + 5
    with pytest.raises(Failed, match="web is not ready"):
        place.cluster.wait("staging", 0.3)

    done = place.cluster.install("staging", "shop", manifests, 20)

    assert done.revision == 1
    assert place.cluster.wait("staging", 1) == place.cluster.workloads("staging")
    assert only(place).restarts == 1
    assert place.get("staging", "web") == "1"


def test_what_crashes_once_is_started_again(place: Place, image: str) -> None:
    env = {"MODE": "once", "MARKER": str(place.folder / "marker")}
    place.cluster.install("staging", "shop", [deployment("web", image, env=env)], 20)
    assert only(place).restarts == 1


def test_what_is_never_live_is_started_again_and_then_given_up(place: Place, image: str) -> None:
    probe = {"httpGet": {"path": "/sick", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
    sick = deployment("web", image, startupProbe=probe)
    with pytest.raises(Failed, match=r"not ready in time|failed its liveness or startup"):
        place.cluster.install("staging", "shop", [sick], 1.5)
    assert place.cluster.workloads("staging") == []


def test_logs_are_cut_to_the_last_lines(place: Place, image: str) -> None:
    place.cluster.install("staging", "shop", [deployment("web", image), service("web")], 20)
    [(pod, said)] = place.cluster.logs("staging", "web").items()
    assert pod.startswith("web-")
    assert said == ["version 1 "]
    assert place.cluster.logs("staging", "web", 0) == {pod: []}
    assert place.cluster.logs("staging", "we") == {}


def test_what_happened_is_told_in_order(place: Place, image: str) -> None:
    place.cluster.install("staging", "shop", [deployment("web", image), service("web")], 20)
    bad = [deployment("web", place.image("2"), env={"MODE": "crash"}), service("web")]
    with pytest.raises(Failed):
        place.cluster.install("staging", "shop", bad, 20)
    told = "\n".join(place.cluster.events("staging"))
    assert told.index("started") < told.index("revision 1") < told.index("ended by itself")
    with pytest.raises(SlipwayError, match="no namespace nowhere"):
        place.cluster.events("nowhere")


REFUSED = [
    ({"kind": "CronJob", "metadata": {"name": "nightly"}}, "cannot run a CronJob"),
    ({"kind": "Service", "metadata": {"name": "x", "namespace": "other"}}, "not the namespace"),
    ({"metadata": {"name": "x"}}, "must be a text"),
]


@pytest.mark.parametrize(("manifest", "why"), REFUSED)
def test_what_cannot_be_run_is_refused(
    place: Place, image: str, manifest: dict[str, object], why: str
) -> None:
    with pytest.raises(WrongUsage, match=why):
        place.cluster.install("staging", "shop", [manifest], 5)
