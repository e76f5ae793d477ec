"""A small, strict Kubernetes for tests: the API server that the real kubectl and the real Helm use.

It speaks the part of the API that they speak for a release: discovery, server-side apply, lists and
watches, logs, events. Deployments become pods, and pods become processes of this machine, so that
what is tested is a real rollout. Whatever else is asked is refused, and fails the test.

`kinds` says what there is, `merging` applies, `store` keeps and tells watchers, `web` is its HTTP,
`wire` reads protobuf, `controllers` makes pods of Deployments, `node` runs pods, `ways` are its
services, `cluster` is all of it with a kubeconfig. One thing is played: kubectl's port-forward,
which needs SPDY; see `cluster`.
"""

from __future__ import annotations

from .cluster import CONTEXT, FakeKubernetes, Trap

__all__ = ["CONTEXT", "FakeKubernetes", "Trap"]
