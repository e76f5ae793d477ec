"""The smoketest: each endpoint of a release is asked until it answers right, or time is up."""

from __future__ import annotations

import http.client
import json
import re
import time
from typing import TYPE_CHECKING, Any

from tasks.kernel.config import Endpoint, Smoketest
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.redact import printable

if TYPE_CHECKING:
    from .port import Cluster

_PAUSE = 0.1  # seconds between two questions
_ANSWER = 5.0  # seconds for one answer
_MOST = 64 * 1024  # bytes of an answer that are looked at
_SHOWN = 200  # characters of it in a message
_TAIL = 100  # lines of a log that are looked at
_DISTINCT = 5  # of them that go into a message, those that say the same once
_WHEN = re.compile(r"\[\d\d/\w{3}/\d{4}[^\]]*\] ")  # in the log of a web server


def smoketest(cluster: Cluster, namespace: str, smoketest: Smoketest, version: str) -> list[str]:
    """Ask every endpoint, and return a line for each that answers right.

    Right is the status that is asked for, a body in which the expression of the endpoint is found,
    and, where it says so, JSON whose `version` is the expected one.

    Args:
        cluster: where the release runs.
        namespace: of the release.
        smoketest: the questions; its timeout is for all of them.
        version: what they must say.

    Raises:
        Failed: one did not answer right in time; says what it said, and its workload's last words.
    """
    deadline = time.monotonic() + smoketest.timeout
    return [
        _until_right(cluster, namespace, endpoint, version if endpoint.version else "", deadline)
        for endpoint in smoketest.endpoints.values()
    ]


def _until_right(
    cluster: Cluster, namespace: str, endpoint: Endpoint, version: str, deadline: float
) -> str:
    while True:
        left = deadline - time.monotonic()
        said, wrong = _ask(cluster, namespace, endpoint, version, min(_ANSWER, max(left, 0.5)))
        if not wrong:
            return f"{endpoint.name} answers {version or endpoint.status}"
        if time.monotonic() + _PAUSE >= deadline:
            raise Failed(
                f"{endpoint.name} {wrong}",
                where=f"{namespace}: {endpoint.service}:{endpoint.port}{endpoint.path}",
                fix="look at what its log says; smoketest in pipeline.yml has what is asked",
                detail=[
                    *([f"it said: {said}"] if said else []),
                    *_log(cluster, namespace, endpoint),
                ],
            )
        time.sleep(_PAUSE)


def _ask(
    cluster: Cluster, namespace: str, endpoint: Endpoint, version: str, patience: float
) -> tuple[str, str]:
    """Ask once; return what was said, and what is wrong with it ("" when nothing is)."""
    try:
        with cluster.reach(namespace, endpoint.service, endpoint.port) as address:
            status, body = _get(address, endpoint.path, patience)
    except SlipwayError as error:
        return " ".join(error.detail), f"cannot be reached: {error.what}"
    except (OSError, http.client.HTTPException) as error:
        return "", f"does not answer: {str(error) or type(error).__name__}"
    said = printable(body.decode(errors="replace")).replace("\n", " ").strip()[:_SHOWN]
    if status != endpoint.status:
        return said, f"answers {status}, not {endpoint.status}"
    if endpoint.body and not re.search(endpoint.body, body.decode(errors="replace")):
        return said, f"answers without {endpoint.body!r}"
    if not version:
        return said, ""
    told = _version(body)
    if told == version:
        return said, ""
    return said, f"answers version {told}, not {version}" if told else "answers without a version"


def _get(address: str, path: str, patience: float) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address, timeout=patience)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST)
    finally:
        connection.close()


def _version(body: bytes) -> str:
    try:
        told: Any = json.loads(body)
    except ValueError:
        return ""
    version = told.get("version") if isinstance(told, dict) else None
    return version if isinstance(version, str) else ""


def _log(cluster: Cluster, namespace: str, endpoint: Endpoint) -> list[str]:
    """Return the last words of the workload behind an endpoint; none when it cannot be found."""
    service = f"{endpoint.service}:{endpoint.port}"
    try:
        behind = [one for one in cluster.workloads(namespace) if service in one.endpoints]
        for workload in behind:
            logs = cluster.logs(namespace, workload.name, _TAIL)
            if newest := next(reversed(logs.values()), []):
                distinct = list(dict.fromkeys(_WHEN.sub("", line) for line in reversed(newest)))
                return distinct[_DISTINCT - 1 :: -1]
    except SlipwayError as error:  # what is wrong with the endpoint is the message, not this
        return [f"its log cannot be read: {error.what}"]
    return []
