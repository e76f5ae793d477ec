"""Whoever is killed, wherever: nothing is left after a sweep, and running again succeeds."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.cluster import LocalCluster, Manifest, processes
from tests.cluster.conftest import Place, leftovers
from tests.cluster.samples import deployment, service
from tests.registry.processes import at_once

_EVENTS = ("open", "os.", "fcntl.", "shutil.", "tempfile.", "subprocess.", "socket.bind")


def killed_at(step: int, action: Callable[[], object]) -> bool:
    """Run an action in a process that kills itself at a step; looks into /proc are none."""
    child = os.fork()
    if child == 0:
        seen = 0

        def count(event: str, args: tuple[object, ...]) -> None:
            nonlocal seen
            if event.startswith(_EVENTS) and not str(args[:1]).startswith(
                ("('/proc", "(PosixPath('/proc")
            ):
                seen += 1
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            action()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def shop(image: str) -> list[Manifest]:
    web = deployment("web", image, env={"S": "http://server:5253"})
    return [web, service("web"), deployment("server", image), service("server", 5253)]


def test_an_installation_killed_anywhere_leaves_nothing_after_a_sweep(local: Place) -> None:
    manifests = shop(local.image())
    cluster = local.cluster

    def install() -> None:
        cluster.create("flight-1", {})
        cluster.install("flight-1", "shop", manifests, 20)

    steps = 0
    while killed_at(1 + steps * 5, install):
        steps += 1
        cluster.sweep("flight-")
        assert leftovers(local.folder) == []
        assert cluster.namespaces() == {}
    assert steps > 10


def test_an_update_killed_anywhere_is_resumed(local: Place) -> None:
    old, new = shop(local.image("1")), shop(local.image("2"))
    cluster = local.cluster
    cluster.create("staging", {})
    step, killed = 1, True
    while killed:
        cluster.install("staging", "shop", old, 20)
        killed = killed_at(step, lambda: cluster.install("staging", "shop", new, 20))
        assert local.get("staging", "web") in {"1", "2"}
        assert [one.ready for one in cluster.workloads("staging")] == [True, True]

        cluster.install("staging", "shop", new, 20)

        assert local.get("staging", "web") == "2"
        mains = [one for one in processes.alive(cluster_folder(local)) if one.leader]
        assert len(mains) == 3  # two pods and the forwarder
        step += 8


def cluster_folder(local: Place) -> Path:
    assert isinstance(local.cluster, LocalCluster)
    return local.cluster.folder


def test_a_removal_killed_anywhere_is_resumed(local: Place) -> None:
    manifests = shop(local.image())
    cluster = local.cluster
    step = 1
    killed = True
    while killed:
        cluster.create("flight", {})
        cluster.install("flight", "shop", manifests, 20)
        killed = killed_at(step, lambda: cluster.delete("flight"))
        if killed:
            assert cluster.sweep("flight") == ["flight"]
        assert leftovers(local.folder) == []
        assert cluster.sweep("flight") == []
        step += 3


def test_an_installation_killed_at_any_time_leaves_nothing(local: Place) -> None:
    manifests = shop(local.image())
    for tenths in range(1, 16):
        child = os.fork()
        if child == 0:
            local.cluster.create("flight", {})
            local.cluster.install("flight", "shop", manifests, 20)
            os._exit(0)
        time.sleep(tenths / 80)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        local.cluster.sweep("flight")
        assert leftovers(local.folder) == []


def test_an_image_half_unpacked_is_unpacked_again(local: Place) -> None:
    image = local.image()
    manifests = [deployment("web", image), service("web")]
    local.cluster.create("staging", {})

    def install() -> None:
        local.cluster.install("staging", "shop", manifests, 20)

    for step in range(1, 40, 4):
        killed_at(step, install)
        store = local.folder / "cluster" / ".images"
        for place in store.glob("[!.]*"):
            assert (place / "root/srv/version").read_text() == "1"
    install()
    assert local.get("staging", "web") == "1"


def test_the_records_may_be_lost(local: Place) -> None:
    local.cluster.create("staging", {})
    manifests = [deployment("web", local.image(), env={"MODE": "family"}), service("web")]
    local.cluster.install("staging", "shop", manifests, 20)
    subprocess.run(["rm", "-rf", str(local.folder / "cluster")], check=True)
    assert leftovers(local.folder)

    assert local.cluster.sweep("stag") == ["staging"]

    assert leftovers(local.folder) == []


def test_children_go_with_their_pod(local: Place) -> None:
    local.cluster.create("staging", {})
    manifests = [deployment("web", local.image(), env={"MODE": "family"})]
    local.cluster.install("staging", "shop", manifests, 20)
    assert len(processes.alive(cluster_folder(local))) == 3

    local.cluster.uninstall("staging", "shop")

    assert leftovers(local.folder) == []


def test_what_does_not_listen_is_killed_after_its_grace(local: Place) -> None:
    local.cluster.create("staging", {})
    manifests = [deployment("web", local.image(), env={"MODE": "stubborn"}, grace=1)]
    local.cluster.install("staging", "shop", manifests, 20)
    begin = time.monotonic()
    local.cluster.uninstall("staging", "shop")
    assert 0.9 < time.monotonic() - begin < 4
    assert leftovers(local.folder) == []


def test_a_process_that_hides_its_environment_is_found(local: Place) -> None:
    folder = cluster_folder(local)
    bare = processes.Launch(("/usr/bin/env", "-i", "/bin/sleep", "1000"), {}, "/")
    (folder / "staging").mkdir(parents=True)
    started = processes.start(folder, "staging", "web-1", bare)
    while b"sleep" not in Path(f"/proc/{started}/comm").read_bytes():
        time.sleep(0.01)

    [found] = processes.alive(folder)

    assert (found.pid, found.namespace, found.pod) == (started, "staging", "web-1")
    assert local.cluster.delete("staging")


def test_a_recycled_process_id_is_never_signalled(local: Place) -> None:
    stranger = subprocess.Popen(["/bin/sleep", "1000"])
    try:
        stale = processes.Process(stranger.pid, 1, "staging", "web-1", leader=True)
        found = iter([[stale], [], []])
        processes.end(lambda: next(found), cluster_folder(local), 0)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_another_cluster_is_never_touched(local: Place) -> None:
    local.cluster.create("staging", {})
    manifests = [deployment("web", local.image()), service("web")]
    local.cluster.install("staging", "shop", manifests, 20)
    other = LocalCluster(local.folder / "clust")
    assert other.sweep("") == []
    assert local.get("staging", "web") == "1"


def test_pods_inherit_no_descriptor_and_no_environment(
    local: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "very-secret")
    lock = os.open(local.folder / "lock", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(lock, True)
    fcntl.flock(lock, fcntl.LOCK_EX)
    local.cluster.create("staging", {})
    local.cluster.install("staging", "shop", [deployment("web", local.image()), service("web")], 20)
    os.close(lock)

    again = os.open(local.folder / "lock", os.O_RDWR)
    fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(again)
    for process in processes.alive(cluster_folder(local)):
        assert b"very-secret" not in Path(f"/proc/{process.pid}/environ").read_bytes()
        assert os.getsid(process.pid) == process.pid


def test_two_installations_at_once(local: Place) -> None:
    manifests = shop(local.image())
    local.cluster.create("staging", {})

    def install() -> int:
        return local.cluster.install("staging", "shop", manifests, 20).revision

    assert at_once([install, install, install]) == [1, 1, 1]
    assert len([one for one in processes.alive(cluster_folder(local)) if one.leader]) == 3


def test_records_are_for_their_owner_alone(local: Place) -> None:
    local.cluster.create("staging", {})
    place = local.folder / "cluster" / "staging"
    assert place.stat().st_mode & 0o077 == 0
    assert (place / "state.json").stat().st_mode & 0o777 == 0o600


def test_a_damaged_record_says_what_to_do(local: Place) -> None:
    local.cluster.create("staging", {})
    (local.folder / "cluster" / "staging" / "state.json").write_text('{"releases": 3}')
    with pytest.raises(Exception, match="record of the namespace is damaged") as error:
        local.cluster.workloads("staging")
    assert "namespace delete staging" in str(error.value)
    assert local.cluster.delete("staging")
