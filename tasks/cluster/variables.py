"""The environment of a container: values, and references into secrets and configuration."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .reading import Spot

Sources = Mapping[str, Mapping[str, str]]  # `Secret/NAME` or `ConfigMap/NAME` to its entries

_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_REFERENCE = re.compile(r"\$(?:\$|\((?P<name>[^()]+)\))")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a pod can be told of itself."""

    namespace: str
    workload: str
    labels: Mapping[str, str]


def sources(spots: Iterable[Spot]) -> Sources:
    """Return the entries of every Secret and ConfigMap; of two with one name the later counts."""
    found: dict[str, dict[str, str]] = {}
    for spot in spots:
        if spot.value["kind"] == "ConfigMap":
            found[spot.manifest] = spot["data"].labels()
        elif spot.value["kind"] == "Secret":
            coded = {key: _decoded(spot["data"][key]) for key in spot["data"].mapping()}
            found[spot.manifest] = coded | spot["stringData"].labels()
    return found


def secret_values(known: Sources) -> tuple[str, ...]:
    """Return what the secrets among these hold."""
    secret = [entries for name, entries in known.items() if name.startswith("Secret/")]
    return tuple(value for entries in secret for value in entries.values())


def read(container: Spot, facts: Facts, known: Sources) -> tuple[tuple[str, str], ...]:
    """Return the environment that a manifest gives to a container.

    Raises:
        WrongUsage: it refers to what is not there, or to what the local cluster does not know.
    """
    found: dict[str, str] = {}
    for spot in container["envFrom"].items():
        prefix = spot["prefix"].text("")
        for ref, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if spot[ref]:
                found |= {
                    f"{prefix}{key}": value
                    for key, value in _entries(spot[ref], kind, known).items()
                }
    for spot in container["env"].items():
        name = spot["name"].text()
        if not _NAME.fullmatch(name):
            raise spot["name"].wrong(f"{name!r} cannot name a variable")
        value = _from(spot["valueFrom"], facts, known) if spot["valueFrom"] else None
        if not spot["valueFrom"]:
            value = expand(spot["value"].text(""), found)
        if value is not None:
            found[name] = value
    return tuple(found.items())


def expand(text: str, env: Mapping[str, str]) -> str:
    """Replace `$(NAME)` as Kubernetes does: an unknown one stays, `$$` is one dollar sign."""

    def value(match: re.Match[str]) -> str:
        name = match["name"]
        return "$" if name is None else env.get(name, match[0])

    return _REFERENCE.sub(value, text)


def _from(spot: Spot, facts: Facts, known: Sources) -> str | None:
    for ref, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        if spot[ref]:
            entries, key = _entries(spot[ref], kind, known), spot[ref]["key"].text()
            if key not in entries and not spot[ref]["optional"].flag():
                raise spot[ref]["key"].wrong(f"{kind} {spot[ref]['name'].value} has no key {key}")
            return entries.get(key)
    if spot["fieldRef"]:
        return _field(spot["fieldRef"]["fieldPath"], facts)
    raise spot.wrong("the local cluster does not know this kind of reference")


def _field(spot: Spot, facts: Facts) -> str:
    path = spot.text()
    if found := re.fullmatch(r"metadata\.labels\['(.+)'\]", path):
        return facts.labels.get(found[1], "")
    told = {
        "metadata.name": facts.workload,
        "metadata.namespace": facts.namespace,
        "spec.nodeName": "localhost",
        "spec.serviceAccountName": "default",
        "status.hostIP": "127.0.0.1",
        "status.podIP": "127.0.0.1",
    }
    if path not in told:
        raise spot.wrong(f"the local cluster does not know the field {path}")
    return told[path]


def _entries(spot: Spot, kind: str, known: Sources) -> Mapping[str, str]:
    name = spot["name"].text()
    entries = known.get(f"{kind}/{name}")
    if entries is None and not spot["optional"].flag():
        raise spot["name"].wrong(
            f"there is no {kind} {name}",
            f"put it into the manifests{', or copy it into the namespace' * (kind == 'Secret')}",
        )
    return entries or {}


def _decoded(spot: Spot) -> str:
    try:
        value = base64.b64decode(spot.text(""), validate=True).decode()
    except (binascii.Error, ValueError):  # what it holds is never shown
        raise spot.wrong("this must be the base64 form of a text") from None
    return Spot(value, spot.manifest, spot.path).text()
