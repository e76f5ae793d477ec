"""Kubernetes manifests in, what the local cluster has to run out. No disk, no network.

What cannot be run faithfully is refused with its place, never left out in silence; what has no
meaning among local processes (accounts, quotas, ingress) is recorded and otherwise ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import hooks, variables
from .port import Manifest, label
from .probes import Kind, Probe
from .reading import Spot

_RUN = ("Deployment", "StatefulSet")
_READ = ("Service", "Secret", "ConfigMap")
_INERT = frozenset(
    {
        *("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"),
        *("Ingress", "NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler"),
        *("ResourceQuota", "LimitRange", "PriorityClass", "PersistentVolumeClaim"),
        *("ServiceMonitor", "PodMonitor", "PrometheusRule"),
    }
)
_PROBES: tuple[Kind, ...] = ("startup", "readiness", "liveness")
_GRACE = 30  # seconds, as in Kubernetes


@dataclass(frozen=True, slots=True)
class Container:
    """What a pod runs.

    Attributes:
        command: replaces the image's entrypoint; None for none.
        args: replaces the image's command; None for none.
        env: name and value, in order, with secrets and configuration filled in.
        ports: name (or number) to the container's port; the first one is the main one.
    """

    image: str
    command: tuple[str, ...] | None
    args: tuple[str, ...] | None
    env: tuple[tuple[str, str], ...]
    cwd: str
    ports: dict[str, int]
    probes: dict[Kind, Probe]


@dataclass(frozen=True, slots=True)
class Wish:
    """A workload: how many pods of what; times in seconds."""

    name: str
    labels: dict[str, str]
    replicas: int
    container: Container
    grace: int
    settle: int


@dataclass(frozen=True, slots=True)
class Service:
    """A name, with its ports as (port, name or number of the container's port)."""

    name: str
    selector: dict[str, str]
    ports: tuple[tuple[int, str], ...]

    def selects(self, wish: Wish) -> bool:
        """Say whether the pods of a workload are behind it."""
        return bool(self.selector) and self.selector.items() <= wish.labels.items()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that a release asks for.

    Attributes:
        hidden: values of secrets, which are never shown.
    """

    workloads: tuple[Wish, ...] = ()
    services: tuple[Service, ...] = ()
    hidden: tuple[str, ...] = ()

    def service_keys(self) -> list[str]:
        """Return every `SERVICE:PORT`."""
        return [f"{one.name}:{port}" for one in self.services for port, _ in one.ports]


def read(manifests: Sequence[Manifest], namespace: str, secrets: Iterable[Manifest] = ()) -> Wanted:
    """Read the manifests of a release.

    Args:
        manifests: its objects.
        namespace: that it is for; a manifest that names another one is refused.
        secrets: Secret and ConfigMap manifests that the namespace has besides.

    Raises:
        WrongUsage: one is malformed, or asks for what only a real cluster can do.
    """
    spots = [spot for manifest in manifests for spot in _flat(manifest)]
    seen: set[str] = set()
    for spot in spots:
        _check(spot, namespace, seen)
    sources = variables.sources([*(_named(secret) for secret in secrets), *spots])
    wishes = [_wish(spot, namespace, sources) for spot in spots if spot.value["kind"] in _RUN]
    services = [_service(spot) for spot in spots if spot.value["kind"] == "Service"]
    return Wanted(tuple(wishes), tuple(services), variables.secret_values(sources))


def shared_in(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Return what the other releases of a namespace may use of these."""
    flat = [spot.value for manifest in manifests for spot in _flat(manifest)]
    return [one for one in flat if one["kind"] in ("Secret", "ConfigMap")]


def secrets_in(manifests: Iterable[Manifest]) -> dict[str, Manifest]:
    """Return the Secret manifests among these, by name."""
    flat = [spot.value for manifest in manifests for spot in _flat(manifest)]
    return {one["metadata"]["name"]: one for one in flat if one["kind"] == "Secret"}


def _flat(manifest: Manifest) -> list[Spot]:
    if manifest.get("kind") == "List":
        return [_named(item.value) for item in Spot(manifest, "List")["items"].items()]
    return [_named(manifest)]


def _named(manifest: Manifest) -> Spot:
    spot = Spot(manifest, "a manifest")
    kind, name = spot["kind"].text(), spot["metadata"]["name"].text()
    return Spot(manifest, f"{kind}/{name}")


def _check(spot: Spot, namespace: str, seen: set[str]) -> None:
    kind = spot["kind"].text()
    if (found := hooks.events(spot.value)) and not hooks.is_crd(spot.value):
        raise spot["metadata"]["annotations"].wrong(
            f"the local cluster runs no hooks of Helm ({', '.join(found)})",
            "switch it off in the values of this environment, or use a real cluster",
        )
    if kind not in (*_RUN, *_READ) and kind not in _INERT:
        raise spot.wrong(
            f"the local cluster cannot run a {kind}",
            "switch it off in the values of this environment, or use a real cluster",
        )
    if kind in _RUN or kind == "Service":
        label(spot["metadata"]["name"].text(), kind)
    if spot["metadata"]["namespace"].text(namespace) != namespace:
        raise spot["metadata"]["namespace"].wrong(f"this is not the namespace {namespace}")
    # Pods are named for their workload alone.
    key = f"workload/{spot['metadata']['name'].value}" if kind in _RUN else spot.manifest
    if key in seen:
        raise spot.wrong("another manifest has this kind and name")
    seen.add(key)


def _wish(spot: Spot, namespace: str, sources: variables.Sources) -> Wish:
    name = spot["metadata"]["name"].text()
    template = spot["spec"]["template"]
    pod = template["spec"]
    for part in ("initContainers", "ephemeralContainers"):
        if pod[part].value:
            raise pod[part].wrong("the local cluster runs one container a pod")
    for volume in pod["volumes"].items():
        if "emptyDir" not in volume.mapping():
            raise volume.wrong(
                "the local cluster mounts no volumes", "hand the value over in the environment"
            )
    containers = list(pod["containers"].items())
    if len(containers) != 1:
        raise pod["containers"].wrong("the local cluster runs one container a pod")
    labels = template["metadata"]["labels"].labels()
    facts = variables.Facts(namespace, name, labels)
    return Wish(
        name,
        labels,
        spot["spec"]["replicas"].number(1),
        _container(containers[0], facts, sources),
        pod["terminationGracePeriodSeconds"].number(_GRACE),
        spot["spec"]["minReadySeconds"].number(0),
    )


def _container(spot: Spot, facts: variables.Facts, sources: variables.Sources) -> Container:
    ports: dict[str, int] = {}
    for port in spot["ports"].items():
        number = _port(port["containerPort"])
        if port["protocol"].text("TCP") != "TCP":
            raise port["protocol"].wrong("the local cluster speaks TCP only")
        ports[port["name"].text(str(number))] = number
    probes = {kind: _probe(spot[f"{kind}Probe"], ports) for kind in _PROBES if spot[f"{kind}Probe"]}
    return Container(
        spot["image"].text(),
        spot["command"].texts() or None,
        spot["args"].texts() if spot["args"] else None,
        variables.read(spot, facts, sources),
        spot["workingDir"].text(""),
        ports,
        probes,
    )


def _probe(spot: Spot, ports: dict[str, int]) -> Probe:
    asked = spot["httpGet"] or spot["tcpSocket"]
    if not asked:
        raise spot.wrong("the local cluster knows the probes httpGet and tcpSocket only")
    http = spot["httpGet"]
    return Probe(
        _target(asked["port"], ports),
        http["path"].text("/") if http else None,
        http["scheme"].text("HTTP").lower() if http else "http",
        tuple((h["name"].text(), h["value"].text()) for h in http["httpHeaders"].items()),
        spot["initialDelaySeconds"].number(0),
        spot["periodSeconds"].number(10, 1),
        spot["timeoutSeconds"].number(1, 1),
        spot["successThreshold"].number(1, 1),
        spot["failureThreshold"].number(3, 1),
    )


def _service(spot: Spot) -> Service:
    ports = []
    for port in spot["spec"]["ports"].items():
        number = _port(port["port"])
        target = port["targetPort"].value
        ports.append((number, str(number if target is None else target)))
    return Service(spot["metadata"]["name"].text(), spot["spec"]["selector"].labels(), tuple(ports))


def _target(spot: Spot, ports: dict[str, int]) -> int:
    if isinstance(spot.value, str) and not spot.value.isdecimal():
        if spot.value not in ports:
            raise spot.wrong(f"the container has no port named {spot.value}")
        return ports[spot.value]
    decimal = isinstance(spot.value, str)
    number = _port(Spot(int(spot.value), spot.manifest, spot.path) if decimal else spot)
    if number not in ports.values():
        raise spot.wrong("the container does not list this port, so it gets none on this machine")
    return number


def _port(spot: Spot) -> int:
    number = spot.number(least=1)
    if number > 65535:
        raise spot.wrong("a port is at most 65535")
    return number
