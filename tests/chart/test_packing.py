"""`chart:package`: one file, the same bytes whoever packs it, whenever and wherever."""

from __future__ import annotations

import os
import tarfile
import time
from hashlib import sha256
from pathlib import Path

import pytest

from tasks.chart import helm as helm_room
from tasks.chart import packing
from tasks.kernel import paths
from tasks.kernel.effects import Skipped
from tasks.kernel.errors import Failed
from tasks.kernel.world import Forecast
from tests.chart.line import Line

pytestmark = pytest.mark.usefixtures("helm")


def _sum(line: Line) -> str:
    return sha256(line.inside.path(paths.PACKAGE_FILE).read_bytes()).hexdigest()


def test_two_packages_of_a_chart_are_the_same_bytes(
    ready: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = packing.package(ready.inside)
    told, first = ready.told(paths.PACKAGE), _sum(ready)
    assert says.startswith("shop-1.2.4.tgz: build/chart/package.tgz, sha256:")
    commit = ready.told(paths.CHART)["commit"]
    assert told == {"name": "shop-1.2.4.tgz", "sha256": first, "commit": commit}
    ready.inside.path(paths.PACKAGE_FILE).unlink()
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    before = os.umask(0o077)
    try:
        time.sleep(1.1)  # an archive has whole seconds
        packing.package(ready.inside)
    finally:
        os.umask(before)
    assert _sum(ready) == first
    assert not ready.inside.work("chart:package").exists()


def test_the_package_is_the_chart(ready: Line) -> None:
    packing.package(ready.inside)
    with tarfile.open(ready.inside.path(paths.PACKAGE_FILE)) as archive:
        names = archive.getnames()
        values = archive.extractfile("shop/values.yaml")
        assert values is not None
        text = values.read().decode()
    assert names[0] == "shop/Chart.yaml"
    assert {"shop/values.yaml", "shop/templates/all.yaml"} <= set(names)
    assert text == ready.values_at(ready.charts.head)


def test_another_chart_is_another_package(ready: Line) -> None:
    packing.package(ready.inside)
    first = _sum(ready)
    ready.charts.push("notes", {"charts/shop/templates/NOTES.txt": "hello\n"})
    ready.observe()
    ready.merge()
    packing.package(ready.inside)
    assert _sum(ready) != first


def test_helm_3_is_refused(ready: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm_room, "version", lambda _: "v3.17.3")
    with pytest.raises(Failed, match="Helm 3 packs the time of day"):
        packing.package(ready.inside)
    assert not ready.inside.exists(paths.PACKAGE)


def test_without_a_chart_there_is_nothing_to_pack(line: Line, tmp_path: Path) -> None:
    line.inside.write_json(paths.CHART, {"commit": None, "why": "nothing is published"})
    assert isinstance(packing.package(line.inside), Skipped)
    assert line.told(paths.PACKAGE) == {"skipped": "nothing is published"}
    world = Forecast(line.inside, tmp_path / "scratch")
    assert packing.foresee(world).says == "nothing is published"


def test_a_plan_packs_nothing(ready: Line, tmp_path: Path) -> None:
    world = Forecast(ready.inside, tmp_path / "scratch")
    assert packing.foresee(world).says == "helm packs it"
    assert {paths.PACKAGE, paths.PACKAGE_FILE} <= set(world.written)
    assert not ready.inside.exists(paths.PACKAGE)
