"""Readers of where things run: cluster, deployments, environments, testflight, gates."""

from __future__ import annotations

from .grammar import BRANCH, DNS_LABEL, FILE, NAME, PATH, URL_PATH
from .model import (
    Cluster,
    Deployments,
    Endpoint,
    Environment,
    Gates,
    Smoketest,
    Testflight,
)
from .readers import Spot, choice, duration, flag, number, text
from .records import Fields, named, reference

_CLUSTER = ".sandbox/cluster"
_STATE = ".sandbox/terraform"
_TESTFLIGHT = 900.0  # seconds: what Helm is given for a whole chart
_SMOKETEST = 30.0  # seconds
_HIGHEST_PORT = 65535


def cluster(spot: Spot) -> Cluster:
    """Read where releases run."""
    fields = Fields(spot, "kind", "path")
    return Cluster(
        kind=fields.get("kind", choice("local"), "local"),
        path=fields.get("path", text(FILE), _CLUSTER),
    )


def deployments(spot: Spot) -> Deployments:
    """Read where things stand in the deployments repository."""
    fields = Fields(spot, "cepler", "vendir", "vendored", "state")
    return Deployments(
        cepler=fields.get("cepler", text(FILE), "cepler.yml"),
        vendir=fields.get("vendir", text(FILE), "vendir.yml"),
        vendored=fields.get("vendored", text(FILE), None),
        state=fields.get("state", text(FILE), _STATE),
    )


def environment(project: str, name: str, spot: Spot) -> Environment:
    """Read one environment.

    Args:
        project: whose name begins that of the namespace when none is given.
        name: of the environment.
        spot: where it stands.
    """
    fields = Fields(spot, "passed", "gate", "root", "namespace")
    return Environment(
        name=name,
        passed=fields.get("passed", reference("environments"), None),
        gate=fields.get("gate", flag, False),
        root=fields.get("root", text(PATH), name),
        namespace=fields.get("namespace", text(DNS_LABEL), f"{project}-{name}"),
    )


def testflight(spot: Spot) -> Testflight:
    """Read the throwaway environment."""
    fields = Fields(spot, "root", "timeout")
    return Testflight(
        root=fields.get("root", text(PATH), "testflight"),
        timeout=fields.get("timeout", duration, _TESTFLIGHT),
    )


def smoketest(spot: Spot) -> Smoketest:
    """Read what a release must answer."""
    fields = Fields(spot, "endpoints", "timeout")
    return Smoketest(
        endpoints=fields.get("endpoints", named("", endpoint, NAME), {}),
        timeout=fields.get("timeout", duration, _SMOKETEST),
    )


def endpoint(name: str, spot: Spot) -> Endpoint:
    """Read one question."""
    fields = Fields(spot, "service", "port", "path", "version")
    return Endpoint(
        name=name,
        service=fields.need("service", text(DNS_LABEL)),
        port=fields.get("port", number(1, _HIGHEST_PORT), 80),
        path=fields.get("path", text(URL_PATH), "/"),
        version=fields.get("version", flag, False),
    )


def gates(spot: Spot) -> Gates:
    """Read where humans open gates."""
    fields = Fields(spot, "branch", "file")
    return Gates(
        branch=fields.get("branch", text(BRANCH), "cepler-gates"),
        file=fields.get("file", text(FILE), "gates.yml"),
    )
