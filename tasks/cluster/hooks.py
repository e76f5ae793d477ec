"""What in a chart is no plain manifest: hooks, which Helm runs by itself, and the chart's CRDs.

A CRD of a chart's folder `crds/` is marked by the hook `crd-install`, Helm 2's name for the same:
installed first, and never changed or removed by a release. Pure.
"""

from __future__ import annotations

from .port import Manifest
from .reading import Spot

HOOK = "helm.sh/hook"
CRD = "crd-install"
_TESTS = frozenset({"test", "test-success"})
_KNOWN = _TESTS | {
    f"{when}-{what}"
    for when in ("pre", "post")
    for what in ("install", "upgrade", "rollback", "delete")
}


def events(manifest: Manifest) -> tuple[str, ...]:
    """Return when Helm runs a manifest; nothing for one that it installs."""
    about = manifest.get("metadata")
    notes = about.get("annotations") if isinstance(about, dict) else None
    told = notes.get(HOOK) if isinstance(notes, dict) else None
    return tuple(one.strip() for one in told.split(",")) if isinstance(told, str) else ()


def is_test(manifest: Manifest) -> bool:
    """Say whether a manifest is for `helm test` alone, and so no part of an installation."""
    told = events(manifest)
    return bool(told) and set(told) <= _TESTS


def is_crd(manifest: Manifest) -> bool:
    """Say whether a manifest is one of a chart's folder `crds/`."""
    return events(manifest) == (CRD,)


def crd(manifest: Manifest) -> Manifest:
    """Return a manifest of a chart's folder `crds/`, marked as one."""
    about = manifest.get("metadata")
    about = about if isinstance(about, dict) else {}
    notes = about.get("annotations") or {}
    return {**manifest, "metadata": {**about, "annotations": {**notes, HOOK: CRD}}}


def check(spot: Spot) -> None:
    """Refuse a hook that Helm would leave out without a word.

    Raises:
        WrongUsage: it knows no such moment.
    """
    told = events(spot.value)
    if unknown := [one for one in told if one not in _KNOWN and told != (CRD,)]:
        raise spot["metadata"]["annotations"].wrong(
            f"Helm knows no hook {unknown[0]!r}",
            f"write one of {', '.join(sorted(_KNOWN))}",
        )
