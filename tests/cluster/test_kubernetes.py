"""The real side of the port, against recorded exchanges: strict, and nothing else is answered."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.cluster import digest_of, kubernetes, lease, objects, revisions
from tasks.cluster.kubectl import Client
from tasks.cluster.kubernetes import KubernetesCluster
from tasks.kernel import journal, paths
from tasks.kernel.errors import Failed, SlipwayError, WrongUsage
from tasks.kernel.tools import look
from tests.cluster import answers as api
from tests.cluster import samples
from tests.cluster.conftest import fetch
from tests.cluster.replay import Replay
from tests.project import ROOT

K = "kubectl --context=here"
S = f"{K} --namespace=staging"
H = "--kube-context=here --namespace=staging"
RUN = f"{S} get deployments.apps,statefulsets.apps,pods,services --output=json"
NAMESPACE = f"{K} get namespace staging --ignore-not-found --output=json"
HISTORY = f"helm history shop --max=10 --output=json {H}"
MANIFEST = f"helm get all shop {shlex.quote('--template=' + revisions.ALL)} {H}"
SECRETS = f"{S} get secrets --output=json"
SAY = f"{S} get {objects.SAY} --output=json"
HOLD = f"{S} create --filename=- --output=json"
LOOK = f"{S} get lease slipway-shop --ignore-not-found --output=json"
REPLACE = f"{S} replace --filename=- --output=json"
FREE = f"{S} delete lease/slipway-shop --ignore-not-found --output=name"
DONE = FREE.replace("shop", "shop configmap/slipway-failed-shop")
DIFF = f"{S} diff --server-side --force-conflicts --field-manager=slipway --filename=-"
UP = {"info": {"last_deployed": "2026-01-31T12:00:01.5Z"}}
APPLY = "apply --server-side --force-conflicts --field-manager=slipway --filename=- --output=name"
TOLD = "--wait=watcher --server-side=true --force-conflicts"
UNKNOWN = "Error: release: not found\n"
MANIFESTS = [samples.deployment("web", api.IMAGE), samples.service("web")]


def upgrade(seconds: int, manifests: list[Any] | None = None) -> str:
    told = digest_of(MANIFESTS if manifests is None else manifests)
    how = f"--install {TOLD} --timeout={seconds}s --history-max=10 --output=json"
    return f"helm upgrade shop CHART {how} --description={told} {H}"


def whole(number: int) -> str:
    """Return the question for all that a revision has."""
    return MANIFEST.replace("shop", f"shop --revision={number}", 1)


def back(number: int) -> str:
    return f"helm rollback shop {number} {TOLD} --timeout=300s --history-max=10 {H}"


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[Replay]:
    made = Replay(tmp_path)
    yield made
    made.settle()


class Clock:
    """Time that stands still: how long a program may take is part of its command line."""

    def monotonic(self) -> float:
        return 1000.0

    def sleep(self, _: float) -> None:
        pass


@pytest.fixture
def cluster(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> KubernetesCluster:
    monkeypatch.setattr(kubernetes, "time", Clock())
    monkeypatch.setattr(lease, "_RENEWED", 600)  # nothing here is as slow as that
    return KubernetesCluster(
        Client("here", str(replay.folder / "kubectl"), str(replay.folder / "helm"))
    )


def _there(replay: Replay, *, always: bool = True) -> None:
    replay.knows(NAMESPACE, api.namespace("staging"), always=always)


# namespaces and secrets


def test_a_namespace_is_made_with_its_labels_and_the_declared_secrets(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    _there(replay)
    found = [api.secret("database", password="hunter22"), api.secret("other", key="x")]
    replay.knows(SECRETS, api.listed(*found, api.secret("sh.helm.v1", "helm.sh/release.v1")))
    replay.knows(f"{K} {APPLY}", "namespace/flight\n")
    replay.knows(f"{K} --namespace=flight {APPLY}", "secret/database\n")
    cluster.create("flight", {"environment": "testflight"}, "staging", ["database"])
    [made] = replay.stdin(f"{K} {APPLY}")
    labels = {"environment": "testflight", "app.kubernetes.io/managed-by": "slipway"}
    assert made["metadata"] == {"name": "flight", "labels": labels}
    [copy] = replay.stdin(f"{K} --namespace=flight {APPLY}")
    assert copy["metadata"] == {"name": "database"}
    assert copy["data"] == found[0]["data"]
    assert not any("hunter" in line or "aHVudGVy" in line for line in replay.asked())


def test_nothing_secret_gets_into_a_log(
    replay: Replay, cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", replay.folder)
    _there(replay)
    replay.knows(SECRETS, api.listed(api.secret("database", password="hunter22")), always=True)
    replay.knows(f"{K} {APPLY}", "namespace/flight\n")
    replay.knows(f"{K} --namespace=flight {APPLY}", "secret/database\n")
    secret = samples.secret("database", password="hunter22")
    replay.knows(MANIFEST, yaml.safe_dump(secret))
    with journal.of("copying"):
        cluster.create("flight", {}, "staging", ["database"])
        cluster.manifests("staging", "shop")
    log = (replay.folder / paths.log("copying")).read_text()
    assert "get secrets" in log
    assert "hunter22" not in log
    assert "aHVudGVyMjI" not in log


def test_a_secret_that_is_not_there_is_named_and_nothing_is_made(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    _there(replay)
    replay.knows(SECRETS, api.listed(api.secret("sh.helm.v1", "helm.sh/release.v1")))
    with pytest.raises(WrongUsage, match=r"there is no secret sh\.helm\.v1") as error:
        cluster.create("flight", {}, "staging", ["sh.helm.v1"])
    assert error.value.where == "here/staging"


def test_namespaces_have_labels_and_are_found_by_prefix(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    told = [api.namespace(name, team=name) for name in ("shop-b", "shop-a", "kube-system")]
    replay.knows(f"{K} get namespaces --output=json", api.listed(*told), always=True)
    assert cluster.namespaces("shop-") == {
        "shop-b": {"team": "shop-b"},
        "shop-a": {"team": "shop-a"},
    }
    for name in ("shop-a", "shop-b"):
        replay.knows(_delete(name), f"namespace/{name}\n")
    assert cluster.sweep("shop-") == ["shop-a", "shop-b"]
    with pytest.raises(WrongUsage, match="a sweep of a whole cluster"):
        cluster.sweep("")


def _delete(name: str) -> str:
    return f"{K} delete namespace {name} --ignore-not-found --wait --output=name --timeout=300s"


def test_what_is_not_there_was_not_deleted(replay: Replay, cluster: KubernetesCluster) -> None:
    replay.knows(_delete("staging"), "")
    assert not cluster.delete("staging")


@pytest.mark.parametrize("name", ["", "..", "-rf", "--all", "A", "a b", "a/b", "x" * 64])
def test_hostile_names_reach_no_program(
    replay: Replay, cluster: KubernetesCluster, name: str
) -> None:
    for attempt in (
        lambda: cluster.create(name, {}),
        lambda: cluster.delete(name),
        lambda: cluster.install("staging", name, [], 1),
        lambda: cluster.install(name, "shop", [], 1),
        lambda: cluster.uninstall("staging", name),
        lambda: cluster.rollback("staging", name, 1, 9),
        lambda: cluster.logs("staging", name),
        lambda: cluster.workloads(name),
        lambda: cluster.reach("staging", name, 80).__enter__(),
    ):
        with pytest.raises(WrongUsage, match="cannot name"):
            attempt()
    assert replay.asked() == []


def test_a_cluster_that_does_not_answer_is_named(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    said = "Unable to connect to the server: dial tcp: i/o timeout\n"
    replay.knows(f"{K} get namespaces --output=json", err=said, code=1)
    with pytest.raises(SlipwayError, match="kubectl get ended with 1") as error:
        cluster.namespaces()
    assert error.value.where == "here"
    assert "i/o timeout" in str(error.value)
    assert "kubectl --context=here get namespaces" in str(error.value)


# releases


def test_nothing_is_installed_where_there_is_no_namespace(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    replay.knows(HOLD, err='namespaces "staging" not found\n', code=1)
    replay.knows(NAMESPACE, "")
    with pytest.raises(SlipwayError, match="there is no namespace staging"):
        cluster.install("staging", "shop", MANIFESTS, 60)
    replay.knows(HISTORY, err=UNKNOWN, code=1, always=True)
    assert cluster.release("staging", "shop") is None
    assert not cluster.uninstall("staging", "shop")


def _held(replay: Replay, free: str = DONE) -> None:
    replay.knows(HOLD, api.lease())
    replay.knows(free)


def _first(replay: Replay, free: str = DONE) -> None:
    _held(replay, free)
    replay.knows(HISTORY, err=UNKNOWN, code=1)


def test_a_release_is_installed_exactly_as_it_was_rendered(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    _first(replay)
    odd = {
        "kind": "ConfigMap",
        "metadata": {"name": "odd"},
        "data": {"a": "{{ .Values }}", "n": "1"},
    }
    manifests = [*MANIFESTS, odd]
    replay.knows(upgrade(60, manifests), UP)
    done = cluster.install("staging", "shop", manifests, 60)
    assert (done.digest, done.revision) == (digest_of(manifests), 1)
    assert done.since == "2026-01-31T12:00:01Z"
    assert digest_of(_rendered(replay.folder / "chart")) == digest_of(manifests)


def test_what_hooks_say_on_the_way_does_not_matter(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    _first(replay)
    replay.knows(upgrade(60), f"migrating …\n{json.dumps(UP)}\n")
    assert cluster.install("staging", "shop", MANIFESTS, 60).since == "2026-01-31T12:00:01Z"


def test_when_helm_says_nothing_it_is_asked(replay: Replay, cluster: KubernetesCluster) -> None:
    _first(replay)
    replay.knows(upgrade(60), "done\n")
    replay.knows(HISTORY, [api.entry(1, "deployed") | {"description": digest_of(MANIFESTS)}])
    assert cluster.install("staging", "shop", MANIFESTS, 60).since == "2026-01-31T12:00:01Z"


def _rendered(chart: Path) -> list[Any]:
    """Return what the real Helm makes of a chart that the fake one was given."""
    found = [seen.path for seen in look("helm", ROOT) if seen.fits]
    if not found:
        pytest.skip("Helm is not here (python -m tasks.kernel.tools fetch helm)")
    named = chart.rename(chart.with_name("shop"))
    told = [str(found[0]), "template", "shop", str(named)]
    text = subprocess.run(told, capture_output=True, text=True, check=True).stdout
    return [one for one in yaml.safe_load_all(text) if one]


def test_the_same_again_installs_nothing(replay: Replay, cluster: KubernetesCluster) -> None:
    _held(replay, FREE)
    replay.knows(HISTORY, [api.entry(3, "deployed", 2)])
    replay.knows(DIFF)
    replay.knows(whole(3), yaml.safe_dump_all(MANIFESTS))
    replay.knows(RUN, api.listed(api.deployment(), api.pod()))
    assert cluster.install("staging", "shop", MANIFESTS, 60).revision == 2
    assert not any("upgrade" in line for line in replay.asked())


@pytest.mark.parametrize("code", [1, 2])
def test_the_same_again_mends_what_differs_and_is_no_other_revision(
    replay: Replay, cluster: KubernetesCluster, code: int
) -> None:
    _held(replay)
    told = api.entry(3, "deployed", 2) | {"description": digest_of(MANIFESTS)}
    replay.knows(HISTORY, [told])
    replay.knows(DIFF, "-  replicas: 0\n+  replicas: 1\n", code=code)
    replay.knows(upgrade(60), UP)
    done = cluster.install("staging", "shop", MANIFESTS, 60)
    assert (done.revision, done.since) == (2, "2026-01-31T12:00:03Z")
    assert '"0.0.2"' in (replay.folder / "chart/Chart.yaml").read_text()


def _late(replay: Replay) -> None:
    """What is asked of a workload that does not come up."""
    late = api.listed(api.deployment(ready=False), api.pod(ready=False, restarts=2), api.service())
    late["items"].append(api.secret("database", password="hunter22"))
    replay.knows(SAY, late)
    replay.knows(f"{S} logs pod/web-1 --tail=200", "")
    said = "the password is hunter22\nthere is no database\n"
    replay.knows(f"{S} logs pod/web-1 --tail=200 --previous", said)
    replay.knows(f"{S} {APPLY}", "configmap/slipway-failed-shop\n")


def test_a_failed_update_goes_back_and_keeps_what_was_said(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    _held(replay, FREE)
    replay.knows(HISTORY, [api.entry(1, "deployed")])
    replay.knows(whole(1), yaml.safe_dump_all(MANIFESTS[:1]))
    replay.knows(upgrade(60), err="Error: UPGRADE FAILED: context deadline exceeded\n", code=1)
    _late(replay)
    replay.knows(HISTORY, [api.entry(1, "deployed"), api.entry(2, "failed")])
    replay.knows(back(1))
    with pytest.raises(
        Failed, match="web was not ready in time; the release runs as it did"
    ) as error:
        cluster.install("staging", "shop", MANIFESTS, 60)
    text = str(error.value)
    assert "there is no database" in text
    assert "deadline exceeded" in text
    assert "hunter22" not in text
    [kept] = replay.stdin(f"{S} {APPLY}")
    assert kept["data"] == {"web..web-1": "the password is •••\nthere is no database"}
    asked = replay.asked()
    assert asked.index(back(1)) > next(n for n, line in enumerate(asked) if " logs " in line)


def test_a_first_release_that_fails_is_removed(replay: Replay, cluster: KubernetesCluster) -> None:
    _first(replay, FREE)
    replay.knows(upgrade(60), err="Error: context deadline exceeded\n", code=1)
    _late(replay)
    replay.knows(HISTORY, [api.entry(1, "failed")])
    gone = f"helm uninstall shop --ignore-not-found --wait=watcher --timeout=300s {H}"
    replay.knows(gone)
    with pytest.raises(Failed, match="nothing of it was left running"):
        cluster.install("staging", "shop", MANIFESTS, 60)


def test_a_way_back_that_fails_is_told_behind_what_came_first(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    _held(replay, FREE)
    replay.knows(HISTORY, [api.entry(1, "deployed")])
    replay.knows(whole(1), yaml.safe_dump_all(MANIFESTS[:1]))
    replay.knows(upgrade(60), err="Error: deadline\n", code=1)
    _late(replay)
    replay.knows(HISTORY, [api.entry(1, "deployed"), api.entry(2, "failed")])
    replay.knows(back(1), err="Error: no quota\n", code=1)
    with pytest.raises(Failed, match="web was not ready in time; the way back failed too") as error:
        cluster.install("staging", "shop", MANIFESTS, 60)
    assert "no quota" in str(error.value)
    assert "there is no database" in str(error.value)


@pytest.mark.parametrize("status", ["pending-upgrade", "pending-rollback", "failed"])
def test_what_a_killed_run_has_begun_is_taken_back_first(
    replay: Replay, cluster: KubernetesCluster, status: str
) -> None:
    _held(replay)
    replay.knows(HISTORY, [api.entry(1, "deployed"), api.entry(2, status)])
    replay.knows(back(1))
    mended = [api.entry(1, "superseded"), api.entry(2, status), api.entry(3, "deployed", 1)]
    replay.knows(HISTORY, mended)
    replay.knows(whole(3), yaml.safe_dump_all(MANIFESTS[:1]))
    replay.knows(upgrade(60), UP)
    assert cluster.install("staging", "shop", MANIFESTS, 60).revision == 2
    assert (replay.folder / "chart/Chart.yaml").read_text().count("0.0.2") == 1


TAKEN = 'Error from server (AlreadyExists): leases "slipway-shop" already exists\n'


def _busy(replay: Replay, found: Any, *, always: bool = False) -> None:
    replay.knows(HOLD, err=TAKEN, code=1, always=always)
    replay.knows(LOOK, found, always=always)


def test_what_another_command_is_busy_with_is_left_alone(
    replay: Replay, cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    monkeypatch.setattr(lease, "_PATIENCE", 0)
    _busy(replay, api.lease("ci-runner-7/4711 boot/pid", now), always=True)
    replay.knows(HISTORY, [api.entry(1, "deployed"), api.entry(2, "pending-upgrade")])
    for attempt in (
        lambda: cluster.install("staging", "shop", MANIFESTS, 0),
        lambda: cluster.uninstall("staging", "shop"),
    ):
        with pytest.raises(SlipwayError, match="another command is busy with it: ci-runner") as e:
            attempt()
        assert e.value.where == "here/staging/shop"
        assert not isinstance(e.value, Failed)
    assert not any(word in line for line in replay.asked() for word in ("rollback", "uninstall"))


def _gone() -> int:
    """Return the number of a process that was."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


@pytest.mark.parametrize("how", ["long ago", "a dead process of this machine", "run out"])
def test_a_lease_that_nobody_renews_is_taken_over(
    replay: Replay, cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    here = lease._identity(_gone() if how.startswith("a dead") else os.getpid())
    held = {"long ago": api.lease("ci/1"), "run out": api.lease("ci/1", now)}
    found = held.get(how) or api.lease(here, now)
    if how == "run out":
        found["spec"]["leaseDurationSeconds"] = 1
        monkeypatch.setattr(lease, "_LOOK", 0.3)
    _busy(replay, found, always=True)
    replay.knows(REPLACE, api.lease("me/1"))
    replay.knows(FREE)
    replay.knows(HISTORY, [api.entry(3, "deployed")])
    replay.knows(whole(3), yaml.safe_dump_all(MANIFESTS))
    replay.knows(DIFF)
    replay.knows(RUN, api.listed(api.deployment(), api.pod()))
    assert cluster.install("staging", "shop", MANIFESTS, 60).revision == 3
    [told] = replay.stdin(REPLACE)
    assert told["metadata"]["resourceVersion"] == "7", "who was quicker has it"
    assert told["spec"]["holderIdentity"] == lease._identity(os.getpid())


def test_a_lease_is_renewed_for_as_long_as_it_is_held(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_RENEWED", 0.05)
    client = Client("here", str(replay.folder / "kubectl"), str(replay.folder / "helm"))
    replay.knows(HOLD, api.lease())
    replay.knows(REPLACE, api.lease())
    replay.knows(REPLACE, err="the object has been modified\n", code=1)
    replay.knows(LOOK, api.lease("another/2"))
    with lease.held(client, "staging", "shop", 9) as held:
        begin = time.monotonic()
        while not held.lost:
            assert time.monotonic() < begin + 20
            time.sleep(0.02)
    assert not any("delete" in line for line in replay.asked()), "it is another's"


def test_a_failed_try_and_its_way_back_count_nothing(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    told = [api.entry(1, "superseded"), api.entry(2, "failed"), api.entry(3, "deployed", 1)]
    replay.knows(HISTORY, told)
    replay.knows(whole(3), yaml.safe_dump_all(MANIFESTS))
    found = cluster.release("staging", "shop")
    assert found is not None
    assert (found.revision, found.since) == (1, "2026-01-31T12:00:01Z")


def test_a_failed_try_does_not_make_the_next_one_older(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    told = [api.entry(1, "superseded"), api.entry(2, "failed"), api.entry(3, "superseded", 1)]
    replay.knows(HISTORY, [*told, api.entry(4, "deployed", 2)])
    replay.knows(whole(4), yaml.safe_dump_all(MANIFESTS))
    found = cluster.release("staging", "shop")
    assert found is not None
    assert (found.revision, found.since) == (2, "2026-01-31T12:00:04Z")


def test_history_tells_what_was_up_once_each(replay: Replay, cluster: KubernetesCluster) -> None:
    digest = digest_of(MANIFESTS)
    first = api.entry(1, "superseded") | {"description": digest}
    told = [first, api.entry(2, "failed"), api.entry(3, "superseded", 1), api.entry(4, "deployed")]
    replay.knows(HISTORY, told)
    # An entry that does not tell a digest is asked for its manifests.
    replay.knows(whole(4), yaml.safe_dump_all(MANIFESTS[:1]))
    assert [(o.revision, o.digest, o.since[-3:]) for o in cluster.history("staging", "shop")] == [
        (1, digest, "01Z"),
        (4, digest_of(MANIFESTS[:1]), "04Z"),
    ]


def test_a_rollback_installs_what_was_there(replay: Replay, cluster: KubernetesCluster) -> None:
    _held(replay)
    told = [api.entry(1, "superseded"), api.entry(2, "deployed")]
    for _ in range(2):
        replay.knows(HISTORY, told)
    replay.knows(whole(1), yaml.safe_dump_all(MANIFESTS))
    replay.knows(whole(2), yaml.safe_dump_all(MANIFESTS[:1]))
    replay.knows(upgrade(60), UP)
    done = cluster.rollback("staging", "shop", 1, 60)
    assert (done.revision, done.digest) == (3, digest_of(MANIFESTS))


def test_manifests_that_are_not_there_are_an_error(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    replay.knows(MANIFEST, err=UNKNOWN, code=1)
    with pytest.raises(SlipwayError, match="there is no release shop"):
        cluster.manifests("staging", "shop")


REFUSED = [
    (samples.deployment("web", "web:1"), "is not pinned by its digest"),
    (samples.deployment("web", "web"), "is not pinned by its digest"),
    ({"kind": "Service", "metadata": {"name": "x", "namespace": "other"}}, "not the namespace"),
    ({"metadata": {"name": "x"}}, "must be a text"),
    ({"kind": "Service", "metadata": {"name": "-x"}}, "cannot name"),
]


@pytest.mark.parametrize(("manifest", "why"), REFUSED)
def test_what_cannot_be_run_is_refused_before_helm_is_asked(
    replay: Replay, cluster: KubernetesCluster, manifest: Any, why: str
) -> None:
    with pytest.raises(WrongUsage, match=why):
        cluster.install("staging", "shop", [manifest], 5)
    assert replay.asked() == []


# what runs


def test_a_workload_is_told_with_the_digest_that_its_pods_run(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    _there(replay)
    pods = [api.pod(digest=api.OTHER, restarts=3), api.pod("web-0", gone=True), api.pod("x", "api")]
    replay.knows(RUN, api.listed(api.deployment(), *pods, api.service(), api.service("api")))
    [found] = cluster.workloads("staging")
    assert (found.name, found.release, found.image) == ("web", "shop", api.IMAGE)
    assert (found.digest, found.ready, found.restarts) == (api.OTHER, True, 3)
    assert found.endpoints == {"web:80": ""}
    assert [pod.name for pod in found.pods] == ["web-1"]
    assert found.since == "2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    "status",
    [
        {"observedGeneration": 1},
        {"updatedReplicas": 0},
        {"availableReplicas": 0},
        {"replicas": 2},
    ],
)
def test_one_that_is_on_its_way_is_not_ready(
    replay: Replay, cluster: KubernetesCluster, status: dict[str, int]
) -> None:
    _there(replay)
    replay.knows(RUN, api.listed(api.deployment(status=status), api.pod()))
    [found] = cluster.workloads("staging")
    assert not found.ready


def test_two_digests_at_once_are_none(replay: Replay, cluster: KubernetesCluster) -> None:
    _there(replay)
    replay.knows(RUN, api.listed(api.deployment(), api.pod(), api.pod("web-2", digest=api.OTHER)))
    [found] = cluster.workloads("staging")
    assert found.digest == ""


def test_waiting_watches_the_rollout_of_what_is_late(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    _there(replay)
    replay.knows(RUN, api.listed(api.deployment(ready=False), api.deployment("api")))
    replay.knows(f"{S} rollout status deployment/web --watch --timeout=30s", "rolled out\n")
    replay.knows(RUN, api.listed(api.deployment(), api.deployment("api")))
    assert [one.name for one in cluster.wait("staging", 30)] == ["api", "web"]


def test_what_does_not_become_ready_is_told_with_its_log(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    _there(replay)
    late = api.listed(api.deployment(ready=False), api.pod(ready=False))
    replay.knows(RUN, late, always=True)
    replay.knows(f"{S} rollout status deployment/web --watch --timeout=1s", code=1)
    replay.knows(SAY, late)
    replay.knows(f"{S} logs pod/web-1 --tail=15", "no database\n")
    with pytest.raises(Failed, match="web is not ready") as error:
        cluster.wait("staging", 0)
    assert error.value.detail == ("no database",)


def test_logs_are_those_of_each_pod_and_of_what_failed(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    _there(replay)
    about = {"name": "slipway-failed-shop", "labels": {"app.kubernetes.io/managed-by": "slipway"}}
    kept = {"web..web-0": "one\ntwo", "api..api-0": "x"}
    maps = [{"kind": "ConfigMap", "metadata": about, "data": kept}]
    maps.append({"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"web..no": "not ours"}})
    others = [*maps, api.secret("db", password="hunter22")]
    newer = api.pod("web-2", at="2026-01-31T13:00:00Z")
    replay.knows(SAY, api.listed(api.deployment(), newer, api.pod(), *others))
    replay.knows(f"{S} logs pod/web-1 --tail=1", "a hunter22\n")
    replay.knows(f"{S} logs pod/web-2 --tail=1", err="is waiting to start\n", code=1)
    found = cluster.logs("staging", "web", 1)
    assert found == {"web-0": ["two"], "web-1": ["a •••"], "web-2": []}
    assert list(found)[-1] == "web-2"


def test_events_are_lines(replay: Replay, cluster: KubernetesCluster) -> None:
    _there(replay)
    about = {"kind": "Pod", "name": "web-1"}
    event: dict[str, Any] = {"metadata": {"creationTimestamp": "2026-01-31T12:00:00Z"}}
    event["involvedObject"] = about
    event |= {"reason": "BackOff", "message": "Back-off\n restarting", "count": 3}
    how = f"{S} get events --sort-by=.metadata.creationTimestamp --output=json"
    replay.knows(how, api.listed(event))
    told = "2026-01-31T12:00:00Z  Pod web-1: BackOff: Back-off restarting (3 times)"
    assert cluster.events("staging") == [told]


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        pass


FORWARD = f"{S} port-forward --address=127.0.0.1 service/web :80"


def test_a_service_is_reached_while_the_way_is_held(
    replay: Replay, cluster: KubernetesCluster
) -> None:
    with HTTPServer(("127.0.0.1", 0), _Hello) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        replay.knows(FORWARD, f"Forwarding from 127.0.0.1:{port} -> 8080\n", holds=True)
        with cluster.reach("staging", "web", 80) as address:
            assert fetch(address) == "hello"
        server.shutdown()


def test_a_service_that_is_not_there_is_told(replay: Replay, cluster: KubernetesCluster) -> None:
    replay.knows(FORWARD, err='Error: services "web" not found\n', code=1)
    with (
        pytest.raises(SlipwayError, match="port-forward says no") as error,
        cluster.reach("staging", "web", 80),
    ):
        pass
    assert error.value.where == "here/staging: web:80"
    assert "not found" in str(error.value)
