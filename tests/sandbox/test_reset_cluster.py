"""`sandbox:reset` ends what runs in the embedded cluster, and never touches any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks import cluster
from tasks.kernel.config import Cluster, load
from tasks.kernel.world import World
from tasks.sandbox.tasks import start_over
from tests.project import ROOT


class Swept:
    """A cluster that notes what is asked of it."""

    def __init__(self) -> None:
        self.prefixes: list[str] = []

    def sweep(self, prefix: str) -> None:
        self.prefixes.append(prefix)


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("local", ".sandbox/cluster", [""]),
        ("local", "elsewhere/cluster", []),
        ("kubernetes", "", []),
    ],
)
def test_only_the_embedded_cluster_is_swept(
    kind: str, path: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept = Swept()
    monkeypatch.setattr(cluster, "open_cluster", lambda _world: swept)
    config = load(ROOT / "pipeline.yml")
    settings: Cluster = replace(config.cluster, kind=kind, path=path)
    start_over(World(replace(config, cluster=settings), tmp_path), yes=True)
    assert swept.prefixes == expected
