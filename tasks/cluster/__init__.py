"""The cluster that releases run on: one port, embedded as processes of this machine, or real.

`port` says what a cluster can do; `local` does it with the images' own layers and no container
engine: `manifests` reads what is wanted, `images` brings the images, `container` says what a pod's
process is, `processes` starts and ends it, `services` makes it reachable, `rollout` replaces what
runs by what is wanted, and `described` tells what runs. `opening` chooses by the configuration,
`smoke` asks what was installed whether it answers. `kubernetes` is the real one, through Helm and
kubectl: `kubectl` runs both, `observed` reads what they answer, `wrapping` is the chart that Helm
is given, `hooks` what in it is no plain manifest, `revisions` what Helm remembers, `standing`
whether all of it still stands, `lease` lets one command at a time, `objects` are single things,
`words` what pods said, and `reaching` the way to a service.

`python -m tasks.cluster` is the same for scripts, and `bin/slipway-cluster` for
Terraform.
"""

from __future__ import annotations

from .local import LocalCluster
from .opening import environment, open_cluster
from .port import Cluster, Manifest, Pod, Release, Workload, digest_of
from .smoke import smoketest

__all__ = [
    "Cluster",
    "LocalCluster",
    "Manifest",
    "Pod",
    "Release",
    "Workload",
    "digest_of",
    "environment",
    "open_cluster",
    "smoketest",
]
