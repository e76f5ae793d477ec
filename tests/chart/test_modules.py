"""The chart takes folders of the source along, as they are in the released commit."""

from __future__ import annotations

import pytest

from tasks.chart import modules
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.errors import SlipwayError
from tests.chart.line import MODULES, Line

INFRA = {
    "infra/bq/main.tf": 'resource "x" "y" {}\n',
    "infra/bq/sub/run.sh": "#!/bin/sh\n",
    "infra/watch/main.tf": "# watch\n",
    "infra/other/main.tf": "# not ours\n",
}
STALE = {
    "charts/shop/tf/bq/main.tf": "old\n",
    "charts/shop/tf/bq/gone.tf": "gone\n",
    "charts/shop/tf/README.md": "by hand\n",
}


@pytest.fixture
def infra(line: Line) -> Line:
    line.configure(MODULES)
    line.commit("feat: infrastructure", INFRA)
    line.look()
    line.charts.push("older modules", STALE)
    return line


def _listed(line: Line, commit: str, folder: str) -> dict[str, str]:
    rows = g.lines("ls-tree", "-r", commit, "--", folder, repo=line.charts.folder)
    return {row.partition("\t")[2]: row.split()[0] for row in rows}


def test_a_bump_brings_the_folders_of_its_commit(infra: Line) -> None:
    infra.publish("0.2.0")
    infra.bump()
    [offer] = infra.offers()
    assert set(_listed(infra, offer.head, "charts/shop/tf")) == {
        *("charts/shop/tf/README.md", "charts/shop/tf/repo-ref"),
        *("charts/shop/tf/bq/main.tf", "charts/shop/tf/bq/sub/run.sh"),
        "charts/shop/tf/watch/main.tf",
    }
    assert infra.charts.file(offer.head, "charts/shop/tf/bq/main.tf") == INFRA["infra/bq/main.tf"]
    commit = infra.refs()["refs/heads/main"]
    assert infra.charts.file(offer.head, "charts/shop/tf/repo-ref") == f"{commit}\n"
    infra.merge()
    assert infra.bump() == "the chart has 0.2.0"


def test_a_file_keeps_that_it_can_be_executed(infra: Line) -> None:
    told = infra.commit("feat: x", {})
    tree = infra.folder / "clone"
    g.git("clone", "--quiet", str(infra.source), str(tree))
    (tree / "infra/bq/sub/run.sh").chmod(0o755)
    who = g.identity("Ada", "ada@example.org", "1767225900 +0000")
    g.git("commit", "--quiet", "-am", "feat: run it", repo=tree, env=who)
    g.git("push", "--quiet", "origin", "HEAD:refs/heads/main", repo=tree)
    assert told != infra.refs()["refs/heads/main"]
    infra.look()
    infra.publish("0.2.0")
    infra.bump()
    listed = _listed(infra, infra.offers()[0].head, "charts/shop/tf")
    assert listed["charts/shop/tf/bq/sub/run.sh"] == "100755"
    assert listed["charts/shop/tf/bq/main.tf"] == "100644"
    infra.merge()
    assert infra.bump() == "the chart has 0.2.0"


def test_a_file_that_vanished_in_the_source_vanishes_in_the_chart(infra: Line) -> None:
    infra.publish("0.2.0")
    infra.take_in()
    infra.commit("feat: less", {"infra/bq/sub/run.sh": None})
    infra.look()
    infra.publish("0.3.0")
    infra.take_in()
    listed = _listed(infra, infra.charts.head, "charts/shop/tf/bq")
    assert list(listed) == ["charts/shop/tf/bq/main.tf"]


def test_what_a_person_changed_in_a_copy_is_put_right(infra: Line) -> None:
    infra.publish("0.2.0")
    infra.take_in()
    infra.charts.push("by hand", {"charts/shop/tf/bq/main.tf": "# mine\n"})
    assert infra.bump() == "pull request #2: 0.2.0 for shop"
    infra.merge()
    content = infra.charts.file(infra.charts.head, "charts/shop/tf/bq/main.tf")
    assert content == INFRA["infra/bq/main.tf"]


def test_a_module_that_is_not_there_is_named_with_its_key(infra: Line) -> None:
    infra.replace("tf/watch: infra/watch", "tf/watch: infra/wach")
    infra.publish("0.2.0")
    with pytest.raises(SlipwayError, match="no folder infra/wach in the source at") as error:
        infra.bump()
    assert "chart.modules.tf/watch" in str(error.value)
    assert infra.offers() == []


def test_a_link_in_a_module_is_not_copied(infra: Line) -> None:
    infra.commit_link("feat: a link", "infra/bq/passwd", "/etc/passwd")
    infra.look()
    infra.publish("0.2.0")
    with pytest.raises(SlipwayError, match="infra/bq/passwd is a link in"):
        infra.bump()
    assert infra.offers() == []


def test_a_chart_that_claims_to_be_no_release_is_put_right(line: Line) -> None:
    line.publish("0.2.0")
    line.take_in()
    line.charts.push("by hand", {"charts/shop/is-release": "false\n"})
    line.bump()
    line.merge()
    assert line.charts.file(line.charts.head, "charts/shop/is-release") == "true\n"
    assert line.told(paths.CHART)["app_version"] == "0.2.0"


def test_the_commit_is_named_beside_each_folder_of_modules(infra: Line) -> None:
    infra.replace("tf/watch: infra/watch", "more/watch: infra/watch")
    chart = infra.inside.config.chart
    assert chart is not None
    assert modules.ref_files(chart) == ["more/repo-ref", "tf/repo-ref"]
