"""Readers of where things run: cluster, deployments, environments, testflight, gates."""

from __future__ import annotations

from .grammar import (
    ARGUMENT,
    BRANCH,
    CONTEXT,
    DNS_LABEL,
    EXPRESSION,
    FILE,
    NAME,
    PATH,
    PROGRAM,
    URL_PATH,
    VARIABLE,
)
from .model import (
    TERRAFORM,
    Cluster,
    Deployments,
    Endpoint,
    Environment,
    Gates,
    Smoketest,
    Testflight,
)
from .readers import Spot, choice, duration, each, flag, number, text, without_repeats
from .records import Fields, named, reference

_CLUSTER = ".sandbox/cluster"
_STATE = ".sandbox/terraform"
_TESTFLIGHT = 900.0  # seconds: what Helm is given for a whole chart
_SMOKETEST = 30.0  # seconds
_LEASE = 3600.0  # seconds: longer than any single step of a deployment may take
_HIGHEST_PORT = 65535
_STATUSES = (100, 599)
_MEANINGLESS = {
    True: ("path", "has no meaning here (expected with kind: local)"),
    False: ("context", "has no meaning here (expected with kind: kubernetes)"),
}


def cluster(spot: Spot) -> Cluster:
    """Read where releases run."""
    fields = Fields(spot, "kind", "path", "context")
    kind = fields.get("kind", choice("local", "kubernetes"), "local")
    real = kind == "kubernetes"
    fields.forbid(*_MEANINGLESS[real])
    return Cluster(
        kind=kind,
        path="" if real else fields.get("path", text(FILE), _CLUSTER),
        context=fields.need("context", text(CONTEXT)) if real else "",
    )


def deployments(spot: Spot) -> Deployments:
    """Read where things stand in the deployments repository."""
    keys = ("cepler", "vendir", "vendored", "state", "freezes", "lease", "backend", "secrets")
    fields = Fields(spot, *keys)
    return Deployments(
        cepler=fields.get("cepler", text(FILE), "cepler.yml"),
        vendir=fields.get("vendir", text(FILE), "vendir.yml"),
        vendored=fields.get("vendored", text(FILE), None),
        state=fields.get("state", text(FILE), _STATE),
        freezes=fields.get("freezes", text(FILE), "freezes.yml"),
        lease=fields.get("lease", duration, _LEASE),
        backend=fields.get("backend", named("", _setting, VARIABLE), {}),
        secrets=fields.get("secrets", without_repeats(each(text(VARIABLE))), ()),
    )


def _setting(_name: str, spot: Spot) -> str:
    return text(ARGUMENT)(spot)


def environment(project: str, name: str, spot: Spot) -> Environment:
    """Read one environment.

    Args:
        project: whose name begins that of the namespace when none is given.
        name: of the environment.
        spot: where it stands.
    """
    fields = Fields(spot, "passed", "gate", "root", "namespace", "terraform", "secrets")
    return Environment(
        name=name,
        passed=fields.get("passed", reference("environments"), None),
        gate=fields.get("gate", flag, False),
        root=fields.get("root", text(PATH), name),
        namespace=fields.get("namespace", text(DNS_LABEL), f"{project}-{name}"),
        terraform=fields.get("terraform", text(PROGRAM), TERRAFORM),
        secrets=fields.get("secrets", without_repeats(each(text(VARIABLE))), ()),
    )


def testflight(spot: Spot) -> Testflight:
    """Read the throwaway environment."""
    fields = Fields(spot, "root", "timeout", "secrets", "secrets-from")
    return Testflight(
        root=fields.get("root", text(PATH), "testflight"),
        timeout=fields.get("timeout", duration, _TESTFLIGHT),
        secrets=fields.get("secrets", without_repeats(each(text(DNS_LABEL))), ()),
        secrets_from=fields.get("secrets-from", text(DNS_LABEL), ""),
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
    fields = Fields(spot, "service", "port", "path", "version", "status", "body")
    return Endpoint(
        name=name,
        service=fields.need("service", text(DNS_LABEL)),
        port=fields.get("port", number(1, _HIGHEST_PORT), 80),
        path=fields.get("path", text(URL_PATH), "/"),
        version=fields.get("version", flag, False),
        status=fields.get("status", number(*_STATUSES), 200),
        body=fields.get("body", text(EXPRESSION), ""),
    )


def gates(spot: Spot) -> Gates:
    """Read where humans open gates."""
    fields = Fields(spot, "branch", "file")
    return Gates(
        branch=fields.get("branch", text(BRANCH), "cepler-gates"),
        file=fields.get("file", text(FILE), "gates.yml"),
    )
