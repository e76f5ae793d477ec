"""What runs is held against what the chart carries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.cluster import Workload
from tasks.desk.built import Carried
from tasks.desk.following import follow
from tasks.desk.links import BROKEN, MISSING, OK, UNREAD
from tasks.desk.running import workload_links
from tests.cluster import samples
from tests.desk.travelled import Travelled, everywhere

DIGESTS = {name: f"sha256:{letter * 64}" for name, letter in zip("abc", "abc", strict=True)}


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Travelled:
    return everywhere(tmp_path_factory.mktemp("travelled") / "shop")


@pytest.fixture
def told(once: Travelled, tmp_path: Path) -> Iterator[Travelled]:
    told = once.copy(tmp_path / "shop")
    yield told
    told.cluster().sweep("")


def install(told: Travelled, **digests: str) -> None:
    """Have each service of staging run an image."""
    manifests = [
        samples.deployment(f"shop-{name}", f"{name}@{digest}") for name, digest in digests.items()
    ]
    told.cluster().install("shop-staging", "shop", manifests, 20)


def running(told: Travelled) -> dict[str, str]:
    links = follow(told.world(), "staging").links
    return {link.what: link.verdict for link in links if link.part == "running"}


def test_each_workload_is_asked(told: Travelled) -> None:
    cluster = told.cluster()
    cluster.create("shop-staging", {})
    assert running(told) == {"shop-staging": MISSING}
    install(told, **told.digests)
    assert running(told) == {"shop-server": OK, "shop-web": OK}
    assert follow(told.world(), "staging").verdict() == "every link verified"
    other = told.image("server", "0.1.9", "f" * 40)
    install(told, **{**told.digests, "server": other})
    assert running(told) == {"shop-server": BROKEN, "shop-web": OK}
    link = next(link for link in follow(told.world(), "staging").links if link.verdict == BROKEN)
    assert (link.there, link.expected) == (other, told.digests["server"])
    install(told, web=told.digests["web"])
    assert running(told) == {"shop-web": OK, "server": MISSING}
    cluster.delete("shop-staging")
    assert running(told) == {"shop-staging": MISSING}


def test_a_cluster_that_cannot_be_read(told: Travelled) -> None:
    folder = told.root / "world/cluster"
    told.cluster().create("shop-staging", {})
    state = next(path for path in folder.rglob("*.json") if "shop-staging" in str(path))
    state.write_text("{")
    assert running(told) == {"shop-staging": UNREAD}


def workload(name: str, image: str, release: str = "shop") -> Workload:
    digest = image.partition("@")[2]
    return Workload(name, release, image, digest, 1, True, {}, 0, "2026-01-01T00:00:00Z", ())


IMAGES = [Carried(name, f"team/{name}", digest, "1234567") for name, digest in DIGESTS.items()]


def test_what_the_chart_brings_along_is_not_ours() -> None:
    ours = [workload(name, f"r.example.org:5000/team/{name}@{at}") for name, at in DIGESTS.items()]
    database = workload("database", f"docker.io/library/postgres@sha256:{'0' * 64}")
    links = workload_links([*ours, database], IMAGES, "k8s", "shop")
    assert [(link.what, link.verdict) for link in links] == [(name, OK) for name in "abc"]


def test_another_image_of_ours_is_found_by_its_repository() -> None:
    other = f"sha256:{'9' * 64}"
    found = workload_links(
        [workload("x", f"r.example.org/team/b:1.2@{other}")], IMAGES[1:2], "k8s", "shop"
    )
    assert [(link.verdict, link.there, link.expected) for link in found] == [
        (BROKEN, other, DIGESTS["b"])
    ]


def test_a_name_that_only_ends_alike_is_another_image() -> None:
    found = workload_links(
        [workload("x", f"other-team/b@sha256:{'9' * 64}")], IMAGES[1:2], "k8s", "shop"
    )
    assert [(link.what, link.verdict) for link in found] == [("b", MISSING)]
