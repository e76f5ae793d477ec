"""What Helm remembers of a release: its revisions, and the manifests of each."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.kernel.errors import SlipwayError

from . import helm, objects, wrapping
from .kubectl import Client
from .port import Manifest, Release, digest_of, label, unknown
from .wrapping import Revision

KEPT = 10  # revisions that Helm keeps
# All that was installed: CRDs, which no manifest of Helm's tells, then hooks, then the rest.
ALL = "".join(
    (
        '{{range .Release.Chart.Files}}{{if eq .Name "',
        wrapping.CRDS,
        '"}}{{printf "%s" .Data}}{{end}}{{end}}',
        '{{range .Release.Hooks}}{{"---\\n"}}{{.Manifest}}{{"\\n"}}{{end}}',
        '{{"---\\n"}}{{.Release.Manifest}}',
    )
)


def revisions(client: Client, namespace: str, release: str) -> list[Revision]:
    """Return Helm's history of a name, the oldest first; empty for nothing."""
    label(release, "release")
    told = client.helm_json(
        "history", release, f"--max={KEPT}", namespace=label(namespace, "namespace")
    )
    return [wrapping.revision(entry) for entry in told or ()]


def current(client: Client, namespace: str, release: str) -> Release | None:
    """Return what is installed under a name."""
    return running(client, namespace, release, revisions(client, namespace, release))


def running(
    client: Client, namespace: str, release: str, history: Sequence[Revision]
) -> Release | None:
    """Return what is installed under a name, its history being known; None for nothing."""
    now = next((one for one in reversed(history) if one.status == "deployed"), None)
    if now is None:
        return None
    since = min(one.updated for one in history if one.good and one.count == now.count)
    digest = now.digest or digest_of(manifests(client, namespace, release, now.number))
    return Release(release, digest, now.count, since)


def history(client: Client, namespace: str, release: str) -> list[Release]:
    """Return what was installed under a name, the oldest first."""
    found: dict[int, Release] = {}
    for one in revisions(client, namespace, release):
        if one.good and one.count not in found:  # a way back is no other revision
            told = one.digest or digest_of(manifests(client, namespace, release, one.number))
            found[one.count] = Release(release, told, one.count, one.updated)
    return [found[count] for count in sorted(found)]


def earlier(client: Client, namespace: str, release: str, revision: int) -> list[Manifest]:
    """Return the manifests of a revision.

    Raises:
        WrongUsage: it is not known, or never was up whole.
    """
    for one in revisions(client, namespace, release):
        if one.good and one.count == revision:
            return manifests(client, namespace, release, one.number)
    known = history(client, namespace, release)
    raise unknown(release, revision, known, objects.at(client, namespace))


def manifests(client: Client, namespace: str, release: str, number: int = 0) -> list[Manifest]:
    """Return the manifests of a revision by Helm's number; 0 for the newest.

    Raises:
        SlipwayError: there is no such release.
    """
    label(release, "release")
    place = label(namespace, "namespace")
    which = [f"--revision={number}"] if number else []
    done = client.run_helm(
        *("get", "all", release, *which, f"--template={ALL}"),
        namespace=place,
        private=True,
        ok=None,
    )
    if done.code:
        raise SlipwayError(
            f"there is no release {release}",
            where=objects.at(client, namespace),
            detail=done.err.strip().splitlines()[-3:],
        )
    return helm.load(done.out, f"{objects.at(client, namespace)}/{release}")
