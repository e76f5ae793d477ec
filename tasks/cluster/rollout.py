"""Bring a release from what runs to what is wanted: new pods first, then the switch, or back.

The namespace's lock is held. The one moment at which the release changes is when its record is
saved with the new pods; whoever dies before leaves strays, whoever dies after leaves the old ones,
and both are ended by the next command.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tasks.kernel.errors import Failed, SlipwayError

from . import container, processes, services
from .images import Image
from .manifests import Service, Wanted, Wish
from .port import Manifest, digest_of
from .probes import Health
from .recorded import by_workload, check, end_pods, end_strays, route, said, shared, wanted_of
from .state import Installed, Past, Placed, Space, State, now

TAIL = 15  # lines of a log in a message
_TICK = 0.03  # seconds
_MOST_RESTARTS = 3
_HISTORY = 9  # earlier revisions that are kept
_BACKOFF = 0.2  # seconds before the first restart, doubled each time


@dataclass(slots=True)
class _Running:
    """A pod while its readiness is waited for."""

    placed: Placed
    wish: Wish
    health: Health
    tries: int = 0  # how often this installation started it again
    ready_since: float | None = None
    again_at: float | None = None  # it died, and is to be started again then

    def settled(self, moment: float) -> bool:
        """Say whether it has been ready for as long as the manifest wants."""
        return self.ready_since is not None and moment - self.ready_since >= self.wish.settle


@dataclass(slots=True)
class Rollout:
    """One installation of a release.

    Attributes:
        space: the namespace.
        release: name of the release.
        wanted: what it is to run.
        images: of each workload, unpacked.
        deadline: of the monotonic clock.
    """

    space: Space
    release: str
    wanted: Wanted
    images: Mapping[str, Image]
    deadline: float
    _state: State = field(init=False)
    _pods: list[_Running] = field(init=False, default_factory=list)
    _others: list[tuple[Wanted, dict[str, list[Placed]]]] = field(init=False)
    _before: dict[str, list[Placed]] = field(init=False)
    _leaving: Wanted = field(init=False)

    def run(self, manifests: Sequence[Manifest]) -> Installed:
        """Install, and return the release as it is recorded.

        Raises:
            Failed: a pod did not become ready; all is as it was before.
        """
        self._state = self.space.load()
        before = self._state.releases.get(self.release)
        self._before = by_workload(before.pods if before else ())
        self._others = [
            (wanted_of(self.space, self._state, name), by_workload(other.pods))
            for name, other in self._state.releases.items()
            if name != self.release
        ]
        self._leaving = _missing(
            wanted_of(self.space, self._state, self.release) if before else Wanted(), self.wanted
        )
        try:
            self._prepare()
            self._wait()
            return self._commit(before, manifests)
        except BaseException:
            # Also on ^C: nothing of a failed installation goes on in the dark.
            self._back()
            raise

    def _prepare(self) -> None:
        """Allot every port, then start what is missing."""
        keys = [
            *self.wanted.service_keys(),
            *(key for other, _ in self._others for key in other.service_keys()),
        ]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise SlipwayError(
                f"the service {twice[0]} is in another release of the namespace",
                where=f"{self.space.name}/{self.release}",
                fix="give this release names of its own, or a namespace of its own",
            )
        self._state.listens = services.settle(
            self.space, [*keys, *self._leaving.service_keys()], self._state.listens
        )
        alive = {process.pod for process in processes.alive(self.space.cluster, self.space.name)}
        for wish in self.wanted.workloads:
            spec = container.spec_of(
                wish, self.images[wish.name], self.space.name, self._state.listens
            )
            same = [pod for pod in self._before.get(wish.name, []) if pod.spec == spec]
            here = sorted((pod for pod in same if pod.name in alive), key=lambda pod: pod.name)
            dead = [pod for pod in same if pod.name not in alive]
            for pod in here[: wish.replicas]:
                self._watch(pod, wish)
            for number in range(wish.replicas - len(here)):
                again = dead[number].restarts + 1 if number < len(dead) else 0
                self._start(wish, spec, again)
        self._route()

    def _start(self, wish: Wish, spec: str, restarts: int, tries: int = 0) -> None:
        inner = sorted(set(wish.container.ports.values()))
        ports = dict(zip(inner, services.free_ports(len(inner)), strict=True))
        name = f"{wish.name}-{secrets.token_hex(3)}"
        image = self.images[wish.name]
        placed = Placed(name, wish.name, spec, image.digest, ports, wish.grace, restarts)
        launch = container.launch(wish, image, self.space.name, self._state.listens, ports)
        processes.start(self.space.cluster, self.space.name, name, launch)
        again = f", start {restarts + 1}" if restarts else ""
        self.space.happened(f"pod {name} started with {image.digest}{again}")
        self._watch(placed, wish, tries)

    def _watch(self, placed: Placed, wish: Wish, tries: int = 0) -> None:
        health = Health(wish.container.probes, time.monotonic())
        self._pods.append(_Running(placed, wish, health, tries))

    def _wait(self) -> None:
        """Look at every pod until all are ready; start again what dies, within reason."""
        while True:
            alive = {
                process.pod for process in processes.alive(self.space.cluster, self.space.name)
            }
            for pod in list(self._pods):
                self._look(pod, alive)
            self._route()
            moment = time.monotonic()
            waiting = [pod for pod in self._pods if not pod.settled(moment)]
            if not waiting:
                return
            if moment >= self.deadline:
                raise self._failed(waiting[0], "was not ready in time")
            time.sleep(_TICK)

    def _look(self, pod: _Running, alive: set[str]) -> None:
        moment = time.monotonic()
        if pod.again_at is not None:
            if moment >= pod.again_at:
                self._pods.remove(pod)
                placed = pod.placed
                self._start(pod.wish, placed.spec, placed.restarts + 1, pod.tries + 1)
            return
        if pod.placed.name not in alive:
            self._died(pod, "ended by itself")
            return
        verdict = check(pod.health, pod.placed, moment)
        if verdict == "unhealthy":
            end_pods(self.space, [pod.placed])
            self._died(pod, "failed its liveness or startup probe")
        elif verdict == "waiting":
            pod.ready_since = None
        elif pod.ready_since is None:
            pod.ready_since = moment

    def _died(self, pod: _Running, how: str) -> None:
        """Plan its next start, a little later each time."""
        self.space.happened(f"pod {pod.placed.name} {how}")
        if pod.tries >= _MOST_RESTARTS:
            raise self._failed(pod, f"{how}, {_MOST_RESTARTS + 1} times")
        pod.ready_since = None
        pod.again_at = time.monotonic() + _BACKOFF * 2**pod.tries

    def _failed(self, pod: _Running, how: str) -> Failed:
        self.space.happened(f"release {self.release} failed: {pod.wish.name} {how}")
        told = said(self.space, pod.placed.name, TAIL, self.wanted.hidden)
        before = self.release in self._state.releases
        stays = "the release runs as it did before" if before else "nothing of it was left running"
        return Failed(
            f"{pod.wish.name} {how}; {stays}",
            where=f"{self.space.name}/{self.release}",
            fix="mend what its log says, then install again",
            detail=told or ["it said nothing"],
        )

    def _route(self) -> None:
        """Lead each service to its new pods as soon as all of them are ready."""
        moment = time.monotonic()
        serving: dict[str, list[Placed]] = {}
        for wish in self.wanted.workloads:
            new = [pod for pod in self._pods if pod.wish.name == wish.name]
            done = len(new) >= wish.replicas and all(pod.settled(moment) for pod in new)
            old = self._before.get(wish.name, [])
            serving[wish.name] = [pod.placed for pod in new] if done or not old else old
        found = services.routes(
            [*self._others, (self._leaving, self._before), (self.wanted, serving)],
            self._state.listens,
        )
        if found != self._state.routes:
            self._state.routes = found
            self.space.save(self._state)

    def _commit(self, before: Installed | None, manifests: Sequence[Manifest]) -> Installed:
        pods = tuple(sorted((pod.placed for pod in self._pods), key=lambda pod: pod.name))
        digest = digest_of(manifests)
        if before and (before.digest, before.pods) == (digest, pods):
            done = before
        else:
            changed = before is None or before.digest != digest
            revision = (before.revision if before else 0) + changed
            since = now() if before is None or changed else before.since
            told = digest, revision, since, list(manifests), pods, _past(before, changed)
            done = Installed(*told, shared(self._state, self.release))
        self._state.releases[self.release] = done
        if done != before:
            self.space.happened(f"release {self.release} is ready, revision {done.revision}")
        self.space.save(self._state)
        route(self.space, self._state)
        end_strays(self.space, self._state)
        return done

    def _back(self) -> None:
        """Restore what ran before; the record of the release itself was never changed."""
        state = self.space.load()
        state.listens = self._state.listens
        route(self.space, state)
        end_strays(self.space, state)


def _past(before: Installed | None, changed: bool) -> tuple[Past, ...]:
    """Return the earlier revisions of what is installed next."""
    if before is None or not changed:
        return before.past if before else ()
    last = Past(before.digest, before.revision, before.since, before.manifests)
    return (*before.past, last)[-_HISTORY:]


def _missing(old: Wanted, new: Wanted) -> Wanted:
    """Return the old services that the new release has no more; they serve until the switch."""
    keys = set(new.service_keys())
    gone = [
        Service(
            one.name,
            one.selector,
            tuple(port for port in one.ports if f"{one.name}:{port[0]}" not in keys),
        )
        for one in old.services
    ]
    return Wanted(old.workloads, tuple(gone))
