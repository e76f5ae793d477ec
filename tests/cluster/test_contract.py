"""What every cluster promises, whichever one stands behind the port.

The embedded one runs it for real; so do Helm and kubectl, against the small API server of
`apiserver`, and against the cluster that KUBECONFIG, SLIPWAY_TEST_CONTEXT and SLIPWAY_TEST_IMAGE
name.
What only one side promises stands in `test_local` and `test_kubernetes`.
"""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.cluster import Manifest, Workload, digest_of
from tasks.kernel.errors import Failed, SlipwayError, WrongUsage
from tests.cluster.conftest import Place
from tests.cluster.samples import deployment, secret, service

LONG = 60.0  # seconds; nothing here takes so long but on a cluster that is far away


@pytest.fixture
def staging(place: Place) -> str:
    place.cluster.create(place.space(), {"team": "lana"})
    return place.space()


def only(place: Place) -> Workload:
    [found] = place.cluster.workloads(place.space())
    return found


def pods(place: Place) -> dict[str, list[str]]:
    found = place.cluster.workloads(place.space())
    return {one.name: sorted(pod.name for pod in one.pods) for one in found}


# namespaces


def test_namespaces_have_labels_and_are_found_by_prefix(place: Place) -> None:
    one, two, base = (place.space(name) for name in ("flight-abc", "flight-def", "staging"))
    for name in (one, two, base):
        place.cluster.create(name, {"for": name})
    assert set(place.cluster.namespaces(place.prefix)) == {one, two, base}
    flights = place.space("flight-")
    assert place.cluster.namespaces(flights) == {one: {"for": one}, two: {"for": two}}
    place.cluster.create(base, {"for": "another", "team": "lana"})
    assert place.cluster.namespaces(base) == {base: {"for": "another", "team": "lana"}}
    place.cluster.create(base, {"for": "another"})
    assert place.cluster.namespaces(base) == {base: {"for": "another"}}
    assert place.cluster.delete(base)
    assert not place.cluster.delete(base)
    assert place.cluster.sweep(flights) == [one, two]
    assert place.cluster.sweep(flights) == []
    assert place.cluster.namespaces(place.prefix) == {}


def test_a_namespace_goes_with_all_that_runs_in_it(place: Place, staging: str) -> None:
    place.cluster.install(staging, "shop", [place.web(), service("web")], LONG)
    assert place.cluster.delete(staging)
    assert place.cluster.release(staging, "shop") is None
    with pytest.raises(SlipwayError, match=f"no namespace {staging}"):
        place.cluster.workloads(staging)
    place.cluster.create(staging, {})
    assert place.cluster.workloads(staging) == []
    assert place.cluster.release(staging, "shop") is None


HOSTILE = ("", "..", "../x", "-rf", "--all", "A", "a b", "a/b", "x" * 64)


def test_hostile_names_are_refused(place: Place, staging: str) -> None:
    for name in HOSTILE:
        _refuses(place, staging, name)
    assert place.cluster.workloads(staging) == []
    assert place.cluster.namespaces(place.prefix) == {staging: {"team": "lana"}}


def _refuses(place: Place, staging: str, name: str) -> None:
    cluster = place.cluster
    for attempt in (
        lambda: cluster.create(name, {}),
        lambda: cluster.delete(name),
        lambda: cluster.install(name, "shop", [], 1),
        lambda: cluster.install(staging, name, [], 1),
        lambda: cluster.install(staging, "web", [deployment(name, place.image())], 1),
        lambda: cluster.uninstall(staging, name),
        lambda: cluster.uninstall(name, "shop"),
        lambda: cluster.history(staging, name),
        lambda: cluster.rollback(staging, name, 1, 1),
        lambda: cluster.logs(staging, name),
        lambda: cluster.workloads(name),
        lambda: cluster.events(name),
        lambda: cluster.wait(name, 1),
    ):
        with pytest.raises(WrongUsage, match=r"cannot name|must be"):
            attempt()


def test_where_there_is_no_namespace_there_is_nothing(place: Place) -> None:
    nowhere = place.space("nowhere")
    for attempt in (
        lambda: place.cluster.install(nowhere, "web", [], 1),
        lambda: place.cluster.workloads(nowhere),
        lambda: place.cluster.logs(nowhere, "web"),
        lambda: place.cluster.events(nowhere),
        lambda: place.cluster.wait(nowhere, 1),
        lambda: place.cluster.create(place.space("flight"), {}, nowhere),
    ):
        with pytest.raises(SlipwayError, match=f"no namespace {nowhere}"):
            attempt()
    assert place.cluster.release(nowhere, "web") is None
    assert place.cluster.history(nowhere, "web") == []
    assert not place.cluster.uninstall(nowhere, "web")
    assert place.cluster.namespaces(place.prefix) == {}


# releases


def test_a_release_runs_and_is_described(place: Place, staging: str) -> None:
    manifests = [service("web"), place.web(replicas=2)]
    assert place.cluster.release(staging, "shop") is None

    done = place.cluster.install(staging, "shop", manifests, LONG)

    assert (done.name, done.digest, done.revision) == ("shop", digest_of(manifests), 1)
    assert place.cluster.release(staging, "shop") == done
    assert place.cluster.history(staging, "shop") == [done]
    assert digest_of(place.cluster.manifests(staging, "shop")) == done.digest
    found, image = only(place), place.image()
    assert (found.name, found.release, found.image) == ("web", "shop", image)
    assert (found.digest, found.replicas, found.ready) == (image.partition("@")[2], 2, True)
    assert (found.restarts, found.since[:2], len(found.pods)) == (0, "20", 2)
    assert all(pod.ready and pod.name.startswith("web-") for pod in found.pods)
    assert set(found.endpoints) == {"web:80"}
    assert place.get(staging, "web") == "1"


def test_installing_the_same_again_changes_nothing(place: Place, staging: str) -> None:
    manifests = [service("web"), place.web()]
    first = place.cluster.install(staging, "shop", manifests, LONG)
    before = only(place)
    assert place.cluster.install(staging, "shop", manifests[::-1], LONG) == first
    assert only(place) == before
    assert place.cluster.history(staging, "shop") == [first]


def test_installing_the_same_again_mends_what_is_gone(place: Place, staging: str) -> None:
    manifests = [service("web"), place.web(), place.web("other")]
    first = place.cluster.install(staging, "shop", manifests, LONG)
    other = pods(place)["other"]
    place.lose(staging, "web")
    with pytest.raises((OSError, SlipwayError)):
        place.get(staging, "web")

    assert place.cluster.install(staging, "shop", manifests, LONG) == first

    assert place.get(staging, "web") == "1"
    assert place.cluster.history(staging, "shop") == [first]
    assert pods(place)["other"] == other


def test_two_at_once_do_not_meet(place: Place, staging: str) -> None:
    first = place.cluster.install(staging, "shop", [place.web()], LONG)
    late = place.web(env={"MODE": "sick"})
    place.short = max(place.short, 5)
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(place.cluster.install, staging, "shop", [late], place.short)
        while len(pods(place)["web"]) < 2 and place.is_kubernetes:
            assert not busy.done()
        time.sleep(0.5)
        with pytest.raises(SlipwayError, match="another") as error:
            place.cluster.install(staging, "shop", [place.web(version="2")], 1)
        assert not isinstance(error.value, Failed)
        with pytest.raises(SlipwayError, match="another"):
            place.cluster.rollback(staging, "shop", 1, 1)
        with pytest.raises(Failed, match="not ready in time; the release runs as it did"):
            busy.result()
    assert place.cluster.history(staging, "shop") == [first]
    place.cluster.install(staging, "shop", [place.web(version="2")], LONG)


def test_an_update_replaces_only_what_changed(place: Place, staging: str) -> None:
    other = [place.web("server"), service("server")]
    first = place.cluster.install(staging, "shop", [place.web(), service("web"), *other], LONG)
    before = pods(place)

    newer = [place.web(version="2", env={"NEW": "1"}), service("web")]
    done = place.cluster.install(staging, "shop", [*newer, *other], LONG)

    assert (done.revision, done.digest) == (2, digest_of([*newer, *other]))
    assert place.cluster.history(staging, "shop") == [first, done]
    assert place.get(staging, "web") == "2"
    after = pods(place)
    assert after["server"] == before["server"]
    assert not set(after["web"]) & set(before["web"])
    [web] = [one for one in place.cluster.workloads(staging) if one.name == "web"]
    assert web.digest == place.image("2").partition("@")[2]


@pytest.mark.parametrize("mode", ["crash", "sick"])
def test_a_failed_update_leaves_what_ran(place: Place, staging: str, mode: str) -> None:
    good = [place.web(), service("web"), place.web("old"), service("old")]
    first = place.cluster.install(staging, "shop", good, LONG)
    before = pods(place)
    bad = [place.web(version="2", env={"MODE": mode}), service("web")]

    with pytest.raises(Failed, match="runs as it did before") as error:
        place.cluster.install(staging, "shop", bad, place.short)

    assert ("there is no database" in str(error.value)) == (mode == "crash")
    assert f"version 2 {mode}" in str(error.value)
    assert place.cluster.release(staging, "shop") == first
    assert place.cluster.history(staging, "shop") == [first]
    place.cluster.wait(staging, LONG)
    assert pods(place)["web"] == before["web"]
    assert place.get(staging, "web") == "1"
    assert place.get(staging, "old") == "1"


def test_after_a_failure_the_next_one_is_the_next_revision(place: Place, staging: str) -> None:
    first = place.cluster.install(staging, "shop", [place.web()], LONG)
    with pytest.raises(Failed):
        place.cluster.install(staging, "shop", [place.web(env={"MODE": "crash"})], place.short)
    failed = time.time()
    while time.time() < failed + 1.1:  # times are told in seconds
        time.sleep(0.1)
    done = place.cluster.install(staging, "shop", [place.web(version="2")], LONG)
    assert (first.revision, done.revision) == (1, 2)
    assert done.since > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(failed - 1))
    assert place.cluster.history(staging, "shop") == [first, done]


def test_a_first_release_that_fails_is_gone(place: Place, staging: str) -> None:
    good = [place.web("server"), service("server")]
    bad = [place.web(env={"MODE": "crash"}), service("web")]

    with pytest.raises(Failed, match="there is no database"):
        place.cluster.install(staging, "shop", [*good, *bad], place.short)

    assert place.cluster.release(staging, "shop") is None
    assert place.cluster.history(staging, "shop") == []
    assert place.cluster.workloads(staging) == []
    assert "there is no database" in str(place.cluster.logs(staging, "web")), "it is kept"
    assert any("web-" in line for line in place.cluster.events(staging))
    with pytest.raises(SlipwayError, match="web"):
        place.get(staging, "web")


def test_an_image_that_is_not_there_changes_nothing(place: Place, staging: str) -> None:
    first = place.cluster.install(staging, "shop", [place.web()], LONG)
    name = place.image().partition("@")[0]
    missing = deployment("web", f"{name}@sha256:{'0' * 64}")
    with pytest.raises(SlipwayError):
        place.cluster.install(staging, "shop", [missing], place.short)
    assert place.cluster.release(staging, "shop") == first
    assert place.cluster.wait(staging, LONG)[0].ready


def test_what_a_release_has_no_more_is_ended(place: Place, staging: str) -> None:
    both = [place.web(), service("web"), place.web("old"), service("old")]
    place.cluster.install(staging, "shop", both, LONG)
    place.cluster.install(staging, "shop", both[:2], LONG)
    assert only(place).name == "web"
    with pytest.raises(SlipwayError, match="old"):
        place.get(staging, "old")


def test_replicas_come_and_go(place: Place, staging: str) -> None:
    for replicas in (1, 3, 0, 1):
        manifests = [place.web(replicas=replicas), service("web")]
        place.cluster.install(staging, "shop", manifests, LONG)
        found = place.cluster.wait(staging, LONG)[0]
        assert (found.replicas, found.ready, len(found.pods)) == (replicas, True, replicas)
    assert place.get(staging, "web") == "1"


def test_two_releases_live_side_by_side(place: Place, staging: str) -> None:
    for name in ("one", "two"):
        place.cluster.install(staging, name, [place.web(name), service(name)], LONG)
    with pytest.raises(SlipwayError, match="one"):
        place.cluster.install(staging, "three", [place.web("three"), service("one")], 9)
    assert place.cluster.release(staging, "three") is None
    assert place.get(staging, "one") == "1", "it is the other's"

    assert place.cluster.uninstall(staging, "one")

    assert not place.cluster.uninstall(staging, "one")
    assert only(place).name == "two"
    assert place.get(staging, "two") == "1"


def test_an_earlier_revision_runs_again(place: Place, staging: str) -> None:
    old = [place.web(), service("web")]
    first = place.cluster.install(staging, "shop", old, LONG)
    second = place.cluster.install(staging, "shop", [place.web(version="2"), service("web")], LONG)

    done = place.cluster.rollback(staging, "shop", 1, LONG)

    assert (done.revision, done.digest) == (3, first.digest)
    assert place.cluster.history(staging, "shop") == [first, second, done]
    assert place.get(staging, "web") == "1"
    assert place.cluster.rollback(staging, "shop", 3, LONG) == done, "it is what runs"
    assert place.cluster.rollback(staging, "shop", 2, LONG).digest == second.digest
    assert place.get(staging, "web") == "2"
    with pytest.raises(WrongUsage, match="no revision 9 of shop") as error:
        place.cluster.rollback(staging, "shop", 9, LONG)
    assert error.value.fix == "name one of 1, 2, 3, 4"
    with pytest.raises(WrongUsage, match="no revision 1 of shed"):
        place.cluster.rollback(staging, "shed", 1, LONG)


def _refused(place: Place) -> list[tuple[Manifest, str]]:
    name = place.image().partition("@")[0]
    return [
        (deployment("web", f"{name}:1"), "not pinned by its digest"),
        (deployment("web", name), "not pinned by its digest"),
        (deployment("web", f"{name}@sha256:abc"), "not pinned by its digest"),
        ({"kind": "Service", "metadata": {"name": "x", "namespace": "other"}}, "not the namespace"),
        ({"metadata": {"name": "x"}}, "must be a text"),
        ({"kind": "Service", "metadata": {"name": "-x"}}, "cannot name"),
    ]


def test_what_cannot_be_run_is_refused_before_anything_changes(place: Place, staging: str) -> None:
    for manifest, why in _refused(place):
        with pytest.raises(WrongUsage, match=why):
            place.cluster.install(staging, "shop", [manifest], 5)
    with pytest.raises(WrongUsage, match="another manifest has this kind and name"):
        place.cluster.install(staging, "shop", [service("web"), service("web")], 5)
    assert place.cluster.workloads(staging) == []
    assert place.cluster.history(staging, "shop") == []


# what runs


def test_a_workload_reaches_the_service_of_another(place: Place, staging: str) -> None:
    asks = {"SERVER": "http://server:5253/", "FULL": f"http://server.{staging}.svc:5253/"}
    manifests = [
        *(place.web(env=asks), service("web")),
        *(place.web("server", version="2"), service("server", 5253)),
    ]
    place.cluster.install(staging, "shop", manifests, LONG)
    for name in asks:
        assert place.get(staging, "web", f"/ask/{name}") == "2"


def test_secrets_and_settings_reach_the_environment(place: Place, staging: str) -> None:
    settings: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"COLOUR": "blue", "SIZE": "9"},
    }
    web = place.web(envFrom=[{"configMapRef": {"name": "settings"}, "prefix": "MY_"}])
    ref = {"secretKeyRef": {"name": "database", "key": "password"}}
    web["spec"]["template"]["spec"]["containers"][0]["env"] += [
        {"name": "PASSWORD", "valueFrom": ref},
        {"name": "URL", "value": "postgres://$(PASSWORD)@$$(HOST)/$(NOBODY)"},
        {"name": "WHERE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
    ]
    manifests = [web, service("web"), settings, secret("database", password="hunter2-long")]
    place.cluster.install(staging, "shop", manifests, LONG)

    told = place.get(staging, "web", "/env").splitlines()

    assert "MY_COLOUR=blue" in told
    assert "PASSWORD=hunter2-long" in told
    assert "URL=postgres://hunter2-long@$(HOST)/$(NOBODY)" in told
    assert f"WHERE={staging}" in told
    assert "GREETING=hello" in told
    [said] = place.cluster.logs(staging, "web").values()
    assert "the password is" in "".join(said)
    assert "hunter2-long" not in "".join(said)


def test_texts_that_look_like_something_else_stay_texts(place: Place, staging: str) -> None:
    odd = {"FLAG": "y", "NUM": "1e3", "EXP": "1234e56", "OCTAL": "0o17", "NONE": "~", "T": "22:22"}
    odd |= {"DAY": "2026-01-31", "ODD": "\u2028\x7f\x85{{ .Values }} \U0001f389"}
    settings: Manifest = {"apiVersion": "v1", "kind": "ConfigMap"}
    settings |= {"metadata": {"name": "settings", "labels": {"n": "y"}}, "data": odd}
    settings["data"] = {**odd, "LINES": "one\n---\ntwo: no\n"}
    refs = [{"configMapRef": {"name": "settings"}, "prefix": "MY_"}]
    web = place.web(env={f"OWN_{key}": value for key, value in odd.items()}, envFrom=refs)
    web["spec"]["template"]["metadata"]["labels"] |= {"n": "no", "y": "1e3"}
    manifests = [settings, web, service("web")]

    done = place.cluster.install(staging, "shop", manifests, LONG)

    told = place.get(staging, "web", "/env").split("\n")
    for key, value in odd.items():
        assert f"MY_{key}={value}" in told
        assert f"OWN_{key}={value}" in told
    assert digest_of(place.cluster.manifests(staging, "shop")) == done.digest
    assert place.cluster.install(staging, "shop", manifests, LONG) == done


def test_declared_secrets_are_copied_from_another_namespace(place: Place, staging: str) -> None:
    flight = place.space("flight")
    base = [secret("one", password="first-of-all"), secret("two", b="2")]
    place.cluster.install(staging, "base", base, LONG)
    place.cluster.create(flight, {}, secrets_from=staging, secrets=["one"])
    web = place.web(envFrom=[{"secretRef": {"name": "one"}}])
    place.cluster.install(flight, "shop", [web, service("web")], LONG)
    assert "password=first-of-all" in place.get(flight, "web", "/env").splitlines()

    with pytest.raises(WrongUsage, match="no secret three"):
        place.cluster.create(place.space("other"), {}, secrets_from=staging, secrets=["three"])
    assert place.space("other") not in place.cluster.namespaces(place.prefix)
    web = place.web(envFrom=[{"secretRef": {"name": "two"}}])
    with pytest.raises(SlipwayError):  # it was not declared, so it is not there
        place.cluster.install(flight, "shop", [web, service("web")], place.short)
    told = "\n".join(place.cluster.events(flight))
    assert "first-of-all" not in told
    assert base64.b64encode(b"first-of-all").decode() not in told

    place.cluster.install(staging, "base", [secret("one", password="second-one")], LONG)
    place.cluster.create(flight, {}, secrets_from=staging, secrets=["one"])
    web = place.web(envFrom=[{"secretRef": {"name": "one"}}], env={"NEW": "1"})
    place.cluster.install(flight, "shop", [web, service("web")], LONG)
    assert "password=second-one" in place.get(flight, "web", "/env").splitlines()


def test_a_release_uses_what_another_one_brought(place: Place, staging: str) -> None:
    settings: Manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    settings["data"] = {"COLOUR": "blue"}
    own = [secret("keys", KEY="hunter2-long"), settings]
    place.cluster.install(staging, "own", own, LONG)
    refs = [{"secretRef": {"name": "keys"}}, {"configMapRef": {"name": "settings"}}]
    release = [place.web(envFrom=refs), service("web")]
    done = place.cluster.install(staging, "shop", release, LONG)
    told = place.get(staging, "web", "/env").splitlines()
    assert {"KEY=hunter2-long", "COLOUR=blue"} <= set(told)

    assert place.cluster.uninstall(staging, "own")

    [found] = place.cluster.workloads(staging)
    assert (found.release, found.ready) == ("shop", True), "what runs, runs on"
    assert place.cluster.release(staging, "shop") == done
    assert place.get(staging, "web") == "1"


def test_waiting_sees_what_became_sick_and_what_is_well_again(place: Place, staging: str) -> None:
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 1}
    web = place.web(readinessProbe=probe | {"failureThreshold": 1})
    place.cluster.install(staging, "shop", [web, service("web")], LONG)
    assert place.cluster.wait(staging, 1) == place.cluster.workloads(staging)
    place.get(staging, "web", "/break")
    _until(place, ready=False)
    with pytest.raises(Failed, match="web is not ready") as error:
        place.cluster.wait(staging, 0.3)
    assert "version 1" in str(error.value), "with its log"
    place.get(staging, "web", "/mend")
    assert place.cluster.wait(staging, LONG)[0].ready


def _until(place: Place, *, ready: bool) -> None:
    begin = time.monotonic()
    while only(place).ready != ready:
        assert time.monotonic() < begin + LONG
        time.sleep(0.1)


def test_what_crashes_once_is_started_again(place: Place, staging: str) -> None:
    if place.live:
        pytest.skip("its marker is a file that outlives the container")
    env = {"MODE": "once", "MARKER": str(place.folder / "marker")}
    place.cluster.install(staging, "shop", [place.web(env=env)], LONG)
    assert only(place).restarts == 1


def test_logs_are_cut_to_the_last_lines(place: Place, staging: str) -> None:
    place.cluster.install(staging, "shop", [place.web(), service("web")], LONG)
    [(pod, said)] = place.cluster.logs(staging, "web").items()
    assert pod.startswith("web-")
    assert said == ["version 1 "]
    assert place.cluster.logs(staging, "web", 0) == {pod: []}
    assert place.cluster.logs(staging, "we") == {}


def test_what_happened_is_told(place: Place, staging: str) -> None:
    place.cluster.install(staging, "shop", [place.web(), service("web")], LONG)
    [pod] = only(place).pods
    told = place.cluster.events(staging)
    assert any(pod.name in line and "tarted" in line for line in told)
    bad = [place.web(version="2", env={"MODE": "crash"}), service("web")]
    with pytest.raises(Failed):
        place.cluster.install(staging, "shop", bad, place.short)
    assert len(place.cluster.events(staging)) > len(told)


def test_a_service_that_is_not_there_is_told(place: Place, staging: str) -> None:
    with pytest.raises(SlipwayError, match="gone"), place.cluster.reach(staging, "gone", 80):
        pass
