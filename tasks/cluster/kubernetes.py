"""A real cluster, through Helm and kubectl; see `port.Cluster` for what the methods promise.

Helm's own way back from a failed upgrade removes the new pods before anybody could read why they
did not come up. So it is taken here: their last words are kept, then the release is rolled back, or
removed when it was the first. What a killed run has left pending, the next one takes back, once the
lease of that run is its own.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tasks.kernel.errors import Failed, SlipwayError, WrongUsage
from tasks.kernel.redact import redact

from . import lease, objects, observed, reaching, revisions, standing, words, wrapping
from .kubectl import Client
from .port import Manifest, Release, Workload, digest_of, label
from .wrapping import Revision

_GIVEN = ("kubernetes.io/metadata.name", objects.OURS)  # labels that nobody asked for
_LONG = 300.0  # seconds until what is to end has ended, or runs as before
_SPARE = 30.0  # seconds beyond what a program was told
_TAIL = 15  # lines of a log in a message
# What somebody else has written into an object is no reason to fail.
_AS_TOLD = ("--wait=watcher", "--server-side=true", "--force-conflicts")
_TICK = 1.0  # seconds between two looks


class KubernetesCluster:
    """A cluster that a kubeconfig knows.

    Args:
        client: both programs, and the context.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        namespace: str,
        labels: Mapping[str, str],
        secrets_from: str = "",
        secrets: Collection[str] | None = None,
    ) -> None:
        """Make a namespace, or give an existing one these labels and secrets."""
        label(namespace, "namespace")
        copied = objects.secrets(self._client, secrets_from, secrets) if secrets_from else []
        about = {"name": namespace, "labels": {**labels, objects.OURS: objects.MANAGER}}
        objects.apply(self._client, {"apiVersion": "v1", "kind": "Namespace", "metadata": about})
        for one in copied:
            objects.apply(self._client, one, namespace)

    def delete(self, namespace: str) -> bool:
        """End everything in a namespace and remove it."""
        label(namespace, "namespace")
        done = self._client.ask(
            *("delete", "namespace", namespace, "--ignore-not-found", "--wait", "--output=name"),
            f"--timeout={_LONG:.0f}s",
            timeout=_LONG + _SPARE,
        )
        return bool(done.out.strip())

    def namespaces(self, prefix: str = "") -> dict[str, dict[str, str]]:
        """Return the namespaces whose names begin so, with their labels."""
        return {
            one["metadata"]["name"]: {
                key: value
                for key, value in one["metadata"].get("labels", {}).items()
                if key not in _GIVEN
            }
            for one in self._client.items("get", "namespaces")
            if one["metadata"]["name"].startswith(prefix)
        }

    def sweep(self, prefix: str) -> list[str]:
        """Delete every namespace whose name begins so; never all that there are."""
        if not prefix:
            raise WrongUsage(
                "a sweep of a whole cluster would take everybody's namespaces away",
                where=self._client.context,
                fix="say how the names begin: --prefix shop-testflight-",
            )
        return [name for name in sorted(self.namespaces(prefix)) if self.delete(name)]

    def install(
        self, namespace: str, release: str, manifests: Sequence[Manifest], timeout: float
    ) -> Release:
        """Make a release run exactly these manifests, and wait until all of it is ready."""
        deadline = time.monotonic() + timeout
        label(namespace, "namespace")
        label(release, "release")
        wrapping.check(manifests, namespace)
        with lease.held(self._client, namespace, release, timeout) as held:
            history = self._finish(namespace, release)
            before = revisions.running(self._client, namespace, release, history)
            same = before is not None and before.digest == digest_of(manifests)
            if before and same and not standing.differs(self._client, namespace, manifests):
                self.wait(namespace, max(0.0, deadline - time.monotonic()))
                return before
            try:
                done = self._upgrade(namespace, release, manifests, before, deadline)
            except BaseException as error:
                # Also on ^C: nothing of a failed installation goes on in the dark.
                self._back_after(namespace, release, error)
                raise
            held.also.append(words.kept_in(release))
            return before if before and same else done

    def _upgrade(
        self,
        namespace: str,
        release: str,
        manifests: Sequence[Manifest],
        before: Release | None,
        deadline: float,
    ) -> Release:
        told = digest_of(manifests)
        if before:
            standing.make_crds(self._client, manifests)
        # What is mended is no other revision.
        count = before.revision + (before.digest != told) if before else 1
        left = max(1, int(deadline - time.monotonic()))
        with tempfile.TemporaryDirectory(prefix="slipway-release-") as folder:
            chart = wrapping.write(Path(folder), release, manifests, count)
            done = self._client.run_helm(
                *("upgrade", release, str(chart), "--install", *_AS_TOLD),
                *(f"--timeout={left}s", f"--history-max={revisions.KEPT}", "--output=json"),
                f"--description={told}",
                namespace=namespace,
                timeout=left + _SPARE,
                private=True,
                ok=None,
            )
        if done.code == 0:
            at = wrapping.since(done.out)
            return Release(release, told, count, at) if at else self._there(namespace, release)
        stays = "the release runs as it did before" if before else "nothing of it was left running"
        jobs = {one["metadata"]["name"] for one in manifests if one["kind"] == "Job"}
        late, said = words.last(self._client, namespace, release, jobs)
        raise Failed(
            f"{late or release} {'failed' if late in jobs else 'was not ready in time'}; {stays}",
            where=f"{objects.at(self._client, namespace)}/{release}",
            fix="mend what its log says, then install again",
            detail=[*done.err.strip().splitlines()[-5:], *said[-_TAIL:]],
        )

    def _there(self, namespace: str, release: str) -> Release:
        done = self.release(namespace, release)
        if done is None:
            raise SlipwayError(f"{release} is installed, and gone", where=namespace)
        return done

    def _finish(self, namespace: str, release: str) -> list[Revision]:
        """Take back what a killed run has begun: Helm refuses to go on from it."""
        history = revisions.revisions(self._client, namespace, release)
        if not history or history[-1].status in ("deployed", "uninstalled", "superseded"):
            return history
        self._back(namespace, release, history)
        return revisions.revisions(self._client, namespace, release)

    def _back(self, namespace: str, release: str, history: Sequence[Revision]) -> None:
        """Let a release run as it did when all was well; remove one that never did."""
        good = [one for one in history if one.good]
        if history and history[-1].status == "deployed":
            return
        if good:
            self._return(namespace, release, good[-1].number)
        elif history:
            self._remove(namespace, release)

    def _back_after(self, namespace: str, release: str, error: BaseException) -> None:
        """Take the way back; that it failed as well is told behind what came first."""
        try:
            history = revisions.revisions(self._client, namespace, release)
            self._back(namespace, release, history)
        except SlipwayError as left:
            if not isinstance(error, SlipwayError):
                raise
            detail = [*error.detail, f"and the way back failed: {left.what}", *left.detail]
            raise Failed(
                f"{error.what.partition(';')[0]}; the way back failed too",
                where=error.where,
                detail=detail,
                fix="install again: it begins by taking back what was begun",
            ) from None

    def history(self, namespace: str, release: str) -> list[Release]:
        """Return what was installed under a name, the oldest first."""
        return revisions.history(self._client, namespace, release)

    def rollback(self, namespace: str, release: str, revision: int, timeout: float) -> Release:
        """Make a release run what one of its earlier revisions did."""
        told = revisions.earlier(self._client, namespace, release, revision)
        return self.install(namespace, release, told, timeout)

    def _return(self, namespace: str, release: str, number: int) -> None:
        """Let Helm go back to a revision of its own, and wait until it runs."""
        self._client.run_helm(
            *("rollback", label(release, "release"), str(number), *_AS_TOLD),
            *(f"--timeout={_LONG:.0f}s", f"--history-max={revisions.KEPT}"),
            namespace=label(namespace, "namespace"),
            timeout=_LONG + _SPARE,
        )

    def uninstall(self, namespace: str, release: str) -> bool:
        """End a release; return whether there was one."""
        if not revisions.revisions(self._client, namespace, release):
            return False
        with lease.held(self._client, namespace, release, _LONG):
            self._remove(namespace, release)
        return True

    def _remove(self, namespace: str, release: str) -> None:
        how = ("--ignore-not-found", "--wait=watcher", f"--timeout={_LONG:.0f}s")
        self._client.run_helm(
            *("uninstall", release, *how),
            namespace=namespace,
            timeout=_LONG + _SPARE,
        )

    def release(self, namespace: str, release: str) -> Release | None:
        """Return what is installed under a name."""
        return revisions.current(self._client, namespace, release)

    def manifests(self, namespace: str, release: str) -> list[Manifest]:
        """Return the manifests that are installed; they may hold secrets."""
        return revisions.manifests(self._client, namespace, release)

    def workloads(self, namespace: str) -> list[Workload]:
        """Return what runs, with the digests that the pods' status tells."""
        return observed.workloads(objects.there(self._client, namespace, objects.RUN))

    def wait(self, namespace: str, timeout: float) -> list[Workload]:
        """Wait until all workloads are ready: kubectl watches each rollout."""
        deadline = time.monotonic() + timeout
        found = objects.there(self._client, namespace, objects.RUN)
        first = observed.workloads(found)
        late = {one.name for one in first if not one.ready}
        if not late:
            return first
        for one in found:
            if one["kind"] in ("Deployment", "StatefulSet") and one["metadata"]["name"] in late:
                left = max(1, int(deadline - time.monotonic()))
                kind = f"{one['kind'].lower()}/{one['metadata']['name']}"
                self._client.ask(
                    *("rollout", "status", kind, "--watch", f"--timeout={left}s"),
                    namespace=namespace,
                    timeout=left + _SPARE,
                    ok=None,  # whether it is ready is asked below
                )
        return self._until_ready(namespace, deadline)

    def _until_ready(self, namespace: str, deadline: float) -> list[Workload]:
        while True:
            found = self.workloads(namespace)
            late = [one for one in found if not one.ready]
            if not late:
                return found
            if time.monotonic() >= deadline:
                last = self.logs(namespace, late[0].name, _TAIL)
                raise Failed(
                    f"{late[0].name} is not ready",
                    where=f"{objects.at(self._client, namespace)}/{late[0].release}",
                    fix="look at its log; installing the release again starts it again",
                    detail=next(reversed(last.values()), []),
                )
            time.sleep(min(_TICK, max(0.0, deadline - time.monotonic())))

    def logs(self, namespace: str, workload: str, lines: int = 100) -> dict[str, list[str]]:
        """Return the last lines that each pod of a workload said, the newest pod last."""
        label(workload, "workload")
        return words.of(self._client, namespace, workload, lines)

    def events(self, namespace: str) -> list[str]:
        """Return what happened in a namespace, the oldest first."""
        how = ("events", "--sort-by=.metadata.creationTimestamp")
        found = objects.there(self._client, namespace, *how)
        return [redact(observed.event(one)) for one in found]

    @contextmanager
    def reach(self, namespace: str, service: str, port: int) -> Iterator[str]:
        """Hold a way open to a port of a service."""
        label(service, "service")
        where = f"{objects.at(self._client, label(namespace, 'namespace'))}: {service}:{port}"
        told = ("port-forward", "--address=127.0.0.1", f"service/{service}", f":{port}")
        with reaching.forwarded(self._client.command(*told, namespace=namespace), where) as address:
            yield address
