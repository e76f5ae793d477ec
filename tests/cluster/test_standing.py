"""What was changed by hand in a real cluster, and what a killed run left there."""

from __future__ import annotations

import json

import pytest

from tasks.cluster import lease
from tasks.kernel.errors import SlipwayError
from tests.cluster.apiserver.kinds import KINDS
from tests.cluster.conftest import Place
from tests.cluster.samples import service

pytestmark = pytest.mark.slow
LONG = 60.0


def test_what_was_changed_by_hand_is_changed_back_and_is_no_revision(kube: Place) -> None:
    assert kube.server is not None
    store = kube.server.store
    kube.cluster.create("staging", {})
    manifests = [kube.web(), service("web")]
    first = kube.cluster.install("staging", "shop", manifests, LONG)
    found = store.get(("deployments", "staging", "web"))
    found["spec"]["replicas"] = 0
    store.update(KINDS["deployments"], "staging", found)
    store.remove(("services", "staging", "web"))

    assert kube.cluster.install("staging", "shop", manifests, LONG) == first

    assert kube.get("staging", "web") == "1"
    assert kube.cluster.history("staging", "shop") == [first]
    done = kube.cluster.install("staging", "shop", [kube.web(version="2"), service("web")], LONG)
    assert done.revision == 2
    assert kube.server.store.all("leases") == [], "nothing is held any more"


def test_the_lease_of_a_run_that_goes_on_is_respected_by_the_cluster_itself(kube: Place) -> None:

    assert kube.server is not None
    kube.cluster.create("staging", {})
    told = lease._told("slipway-shop", None)
    told["spec"]["holderIdentity"] = "ci-runner-7/4711 another-machine"
    kube.server.store.create(KINDS["leases"], "staging", told)
    with pytest.raises(SlipwayError, match="busy with it: ci-runner-7/4711"):
        kube.cluster.install("staging", "shop", [kube.web()], 1)
    told = json.loads(json.dumps(told))
    told["spec"]["renewTime"] = "2026-01-31T12:00:00.000000Z"  # long ago
    kube.server.store.update(KINDS["leases"], "staging", told)
    assert kube.cluster.install("staging", "shop", [kube.web()], LONG).revision == 1
