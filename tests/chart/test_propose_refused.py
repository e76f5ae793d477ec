"""`chart:bump` takes no digest in that is not of one build of the released commit."""

from __future__ import annotations

import pytest

from tasks.kernel import paths
from tasks.kernel.errors import SlipwayError
from tests.chart.line import BRANCH, Line

BINARY = "slipway.binary.sha256"


def _refused(line: Line, says: str) -> str:
    with pytest.raises(SlipwayError, match=says) as error:
        line.bump()
    assert line.offers() == []
    assert not line.charts.at(BRANCH)
    return str(error.value)


def test_a_digest_that_is_not_in_the_registry_is_not_bumped(line: Line) -> None:
    line.publish("0.2.0")
    told = line.told(paths.receipt("publish"))
    told["images"]["web"]["digest"] = "sha256:" + "0" * 64
    line.inside.write_json(paths.receipt("publish"), told)
    text = _refused(line, "the image web is not in the registry")
    assert "web@sha256:000" in text


def test_an_image_of_another_commit_is_not_bumped(line: Line) -> None:
    line.publish("0.2.0")
    told = line.told(paths.receipt("publish"))
    other = line.push("web", "0.1.9", {"org.opencontainers.image.revision": "f" * 40})
    told["images"]["web"]["digest"] = other
    line.inside.write_json(paths.receipt("publish"), told)
    assert "f" * 40 in _refused(line, r"the image web is not of 0\.2\.0")


def test_an_image_that_does_not_say_what_it_is_of_is_not_bumped(line: Line) -> None:
    line.publish("0.2.0", **{"org.opencontainers.image.revision": ""})
    assert "an unknown commit" in _refused(line, "the image server is not of")


def test_images_with_different_binaries_are_not_of_one_build(line: Line) -> None:
    line.publish("0.2.0", **{BINARY: "1" * 64})
    told = line.told(paths.receipt("publish"))
    labels = {"org.opencontainers.image.revision": told["commit"], BINARY: "2" * 64}
    told["images"]["web"]["digest"] = line.push("web", "other", labels)
    line.inside.write_json(paths.receipt("publish"), told)
    assert "2" * 64 in _refused(line, "different binaries")


def test_a_release_without_an_image_of_the_chart_is_not_bumped(line: Line) -> None:
    line.publish("0.2.0")
    told = line.told(paths.receipt("publish"))
    del told["images"]["web"]
    line.inside.write_json(paths.receipt("publish"), told)
    text = _refused(line, r"0\.2\.0 was published without web")
    assert "chart.images.web" in text
    assert "parts.0.image.digest: no image web of 0.2.0" in text


def test_a_path_that_the_chart_lacks_is_named_with_the_file(line: Line) -> None:
    line.publish("0.2.0")
    line.charts.push("gone", {"charts/shop/values.yaml": "server: {}\n"})
    text = _refused(line, r"server\.image\.digest does not exist")
    assert "charts/shop/values.yaml:1" in text


def test_without_the_chart_the_commit_is_named(line: Line) -> None:
    line.publish("0.2.0")
    line.charts.push("gone", {"charts/shop/Chart.yaml": None})
    text = _refused(line, r"there is no charts/shop/Chart\.yaml")
    assert f"charts@{line.charts.head[:7]}" in text
