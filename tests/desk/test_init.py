"""The first `pipeline.yml`: what it proposes, that it loads, and all that it refuses."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.desk import drafted, init, proposed
from tasks.kernel import git as g
from tasks.kernel.config import blank, load
from tasks.kernel.errors import Failed, SlipwayError, WrongUsage
from tasks.kernel.pipeline import _needs_no_pipeline
from tasks.kernel.world import World
from tests.project import ROOT, Project

DIGEST = "sha256:" + "0" * 64
VALUES = f"""\
lanaBank:
  image: {{repository: gcr.io/galoyorg/lana-bank, digest: "{DIGEST}"}}
  adminPanel:
    image: {{repository: gcr.io/galoyorg/lana-bank-admin-panel, digest: "{DIGEST}"}}
dagster:
  deployments:
    - name: lana-dw
      image: {{repository: us.gcr.io/galoyorg/dagster-code-location-lana-dw, digest: "{DIGEST}"}}
postgresql:
  image: {{repository: bitnami/postgresql, digest: "{DIGEST}"}}
"""
CEPLER = """\
deployment: lana-bank
environments:
  gcp-galoy-staging:
    latest: [modules/lana-bank/**, gcp/galoy-staging/shared/*, gcp/galoy-staging/lana-bank/*]
  gcp-volcano-qa:
    passed: gcp-galoy-staging
    propagated: [modules/lana-bank/**]
    latest: [gcp/volcano-qa/lana-bank/*]
  gcp-volcano-production:
    passed: gcp-volcano-qa
    latest: [gcp/volcano-production/lana-bank/*]
"""
VENDIR = """\
directories:
  - path: modules/lana-bank/vendor/lana-bank
    contents:
      - path: chart
        git: {url: "git@github.com:GaloyMoney/charts.git", ref: abc}
        includePaths: [charts/lana-bank/**/*]
"""
SOURCE = {
    "cog.toml": 'tag_prefix = "v"\n',
    "CHANGELOG.md": "# Changelog\n",
    "Cargo.toml": "",
    "lana/main.rs": "",
    "Dockerfile.rc": "FROM scratch\n",
    "Dockerfile.release": "FROM scratch\n",
    "apps/admin-panel/Dockerfile": "FROM scratch\n",
    "dagster/Dockerfile": "FROM scratch\n",
    "dev/Dockerfile": "FROM scratch\n",
    "docs-site/index.md": "",
}
CHARTS = {
    "charts/lana-bank/Chart.yaml": "name: lana-bank\n",
    "charts/lana-bank/values.yaml": VALUES,
    "charts/lana-bank/charts/keycloak/Chart.yaml": "name: keycloak\n",
    "charts/other/Chart.yaml": "name: other\n",
}
DEPLOYMENTS = {
    "cepler/lana-bank.yml": CEPLER,
    "cepler/other.yml": "environments: {}\n",
    "vendir.yml": VENDIR,
    "gcp/galoy-staging/lana-bank/main.tf": "",
    "gcp/galoy-staging/lana-bank-testflight/main.tf": "",
    "gcp/galoy-staging/shared/main.tf": "",
    "gcp/volcano-qa/lana-bank/main.tf": "",
    "modules/lana-bank/main.tf": "",
}


def repository(folder: Path, files: Mapping[str, str], branch: str = "main") -> str:
    """Make a bare repository with one commit; return its address."""
    g.git("init", "--bare", "--quiet", f"--initial-branch={branch}", str(folder))
    stream = f"commit refs/heads/{branch}\ncommitter A <a@b> 1767225600 +0000\ndata 2\nhi\n"
    for name, text in files.items():
        stream += f"M 100644 inline {name}\ndata {len(text.encode())}\n{text}\n"
    g.git("fast-import", "--quiet", repo=folder, stdin=stream.encode())
    return str(folder)


class Shop:
    """A checkout without a pipeline, and three repositories."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "slipway"
        self.root.mkdir()
        self.urls: dict[str, Any] = {
            "source": repository(folder / "lana-bank.git", SOURCE),
            "charts": repository(folder / "charts.git", CHARTS, "trunk"),
            "deployments": repository(folder / "deployments.git", DEPLOYMENTS),
        }
        self.world = World(blank(), self.root)

    def init(self, **more: Any) -> str:
        """Run it with the registry in the sandbox, so that nothing is asked over the network."""
        told = self.urls | {"registry": "http://127.0.0.1:1/galoyorg"} | more
        with pytest.raises(Failed, match="not all in it can be used yet"):
            init.init(self.world, **told)
        return (self.root / "pipeline.yml").read_text()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.delenv("SLIPWAY_CWD", raising=False)
    return Shop(tmp_path)


def test_what_stands_in_the_repositories_is_proposed_and_loads(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shop.init()
    config = load(shop.root / "pipeline.yml")
    assert config.project == "lana-bank"
    assert (config.remotes.source.branch, config.remotes.charts.branch) == ("main", "trunk")
    assert config.release.tag_prefix == "v"
    assert list(config.images) == [
        "lana-bank",
        "lana-bank-admin-panel",
        "dagster-code-location-lana-dw",
    ]
    server = config.images["lana-bank"]
    assert (server.context, server.dockerfile_candidate) == (".", "Dockerfile.rc")
    assert server.dockerfile_release == "Dockerfile.release"
    assert config.inputs["lana-bank"] == (
        *("Cargo.toml", "Dockerfile.rc", "Dockerfile.release", "cog.toml", "dev", "lana"),
    )
    assert config.inputs["lana-bank-admin-panel"] == ("apps/admin-panel",)
    assert config.chart is not None
    assert config.chart.path == "charts/lana-bank"
    assert config.chart.images == {
        "lana-bank": "lanaBank.image.digest",
        "lana-bank-admin-panel": "lanaBank.adminPanel.image.digest",
        "dagster-code-location-lana-dw": "dagster.deployments.0.image.digest",
    }
    assert "# postgresql.image.digest: none of the images above" in text
    assert config.deployments.cepler == "cepler/lana-bank.yml"
    assert config.deployments.vendored == "modules/lana-bank/vendor/lana-bank/chart"
    assert config.testflight is not None
    assert config.testflight.root == "gcp/galoy-staging/lana-bank-testflight"
    told = {e.name: (e.passed, e.root, e.gate) for e in config.environments.values()}
    assert told == {
        "gcp-galoy-staging": (None, "gcp/galoy-staging/lana-bank", False),
        "gcp-volcano-qa": ("gcp-galoy-staging", "gcp/volcano-qa/lana-bank", False),
        "gcp-volcano-production": ("gcp-volcano-qa", "gcp-volcano-production", True),
    }
    assert "gate: true} # no Terraform was found there" in text
    assert config.registry.prefix == "galoyorg"
    out = capsys.readouterr().out
    assert "images       lana-bank, lana-bank-admin-panel, dagster" in out
    assert "✗ registry" in out  # it was asked, and is not there
    assert not list(shop.root.glob(".*"))


def test_the_chart_says_where_images_go_unless_somebody_else_does(shop: Shop) -> None:
    told = init.Told(shop.urls, "", "", "lana-bank")
    proposal = init._propose(shop.world, told)
    assert proposal.registry == "gcr.io/galoyorg"
    assert init._registry(told, proposal) == drafted.Registry("https://gcr.io", "galoyorg", True)


@pytest.mark.parametrize(
    ("url", "forge"),
    [
        ("git@github.com:GaloyMoney/lana-bank.git", "GaloyMoney/lana-bank"),
        ("https://github.com/GaloyMoney/lana-bank", "GaloyMoney/lana-bank"),
        ("ssh://git@github.com/GaloyMoney/lana-bank.git", "GaloyMoney/lana-bank"),
        ("https://git.example.org/GaloyMoney/lana-bank", ""),
        ("/srv/github.com/a/b.git", ""),
    ],
)
def test_the_forge_is_where_the_source_is(url: str, forge: str) -> None:
    assert init._forge(init.Told({"source": url}, "", "", "")) == forge


def test_an_existing_file_is_not_touched_without_force(shop: Shop) -> None:
    file = shop.root / "pipeline.yml"
    file.write_text("mine: true\n")
    with pytest.raises(WrongUsage, match="is there already, and is not overwritten"):
        init.init(shop.world, **shop.urls)
    assert file.read_text() == "mine: true\n"
    shop.init(force=True)
    assert load(file).project == "lana-bank"


def test_one_that_somebody_made_meanwhile_is_not_touched_either(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, look = shop.root / "pipeline.yml", proposed.propose

    def slow(*args: Any) -> Any:
        file.write_text("theirs: true\n")
        return look(*args)

    monkeypatch.setattr(init, "propose", slow)
    with pytest.raises(WrongUsage, match="is there already"):
        init.init(shop.world, **shop.urls)
    assert file.read_text() == "theirs: true\n"
    assert [path.name for path in shop.root.iterdir()] == ["pipeline.yml"]


def test_without_a_person_all_addresses_must_be_said(shop: Shop) -> None:
    with pytest.raises(WrongUsage, match="--charts and --deployments must be said"):
        init.init(shop.world, source=shop.urls["source"])


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"source": "ext::sh -c evil"}, "transport helper"),
        ({"charts": "--upload-pack=evil"}, "taken for something else"),
        ({"project": "Lana Bank"}, "is not a name"),
        ({"registry": "https://gcr.io?x/galoyorg"}, "is not a URL"),
        ({"forge": "lana-bank"}, "expected OWNER/NAME"),
        ({"out": "no/such/folder/p.yml"}, "there is no folder"),
    ],
)
def test_what_is_told_wrongly_is_refused(shop: Shop, told: dict[str, str], says: str) -> None:
    with pytest.raises(WrongUsage, match=says):
        init.init(shop.world, **(shop.urls | told))
    assert list(shop.root.iterdir()) == []


def test_a_repository_that_cannot_be_read_ends_it(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="the repository cannot be read"):
        init.init(shop.world, **(shop.urls | {"charts": str(tmp_path / "nowhere.git")}))
    g.git("init", "--bare", "--quiet", str(tmp_path / "empty.git"))
    with pytest.raises(SlipwayError, match="has no commits yet"):
        init.init(shop.world, **(shop.urls | {"charts": str(tmp_path / "empty.git")}))
    assert list(shop.root.iterdir()) == []


def test_bare_repositories_still_give_a_file_that_loads(shop: Shop, tmp_path: Path) -> None:
    empty = repository(tmp_path / "shop.git", {"README.md": "hi"})
    init.init(shop.world, source=empty, charts=empty, deployments=empty)
    text = (shop.root / "pipeline.yml").read_text()
    config = load(shop.root / "pipeline.yml")
    assert (config.chart, dict(config.environments)) == (None, {})
    assert "# there is no Dockerfile in the source yet" in text


@pytest.mark.parametrize("spoilt", ["[", "- a\n", "environments: 7\n", "x: &a [*a]\n", "\0"])
def test_files_that_are_not_what_they_seem_are_passed_over(
    shop: Shop, tmp_path: Path, spoilt: str
) -> None:
    odd = {"cog.toml": spoilt, "cepler.yml": spoilt, "vendir.yml": spoilt, "Dockerfile": ""}
    odd |= {"charts/odd/Chart.yaml": spoilt, "charts/odd/values.yaml": spoilt, "web/a b": ""}
    url = repository(tmp_path / "odd.git", odd)
    shop.init(source=url, charts=url, deployments=url)
    assert load(shop.root / "pipeline.yml").images.keys() == {"odd"}


@pytest.mark.parametrize(
    "text",
    ["a", "", "no", "1.10", "a: b", "#x", "*", "-x", "git@h:o/n.git", ".", "ü", 'a"b', "a\nb"],
)
def test_words_are_quoted_so_that_yaml_gives_them_back(text: str) -> None:
    import yaml

    assert yaml.safe_load(f"x: {{y: {drafted.quoted(text)}}}")["x"]["y"] == text


def test_editors_find_the_schema(shop: Shop, tmp_path: Path) -> None:
    schema = shop.root / init.SCHEMA
    schema.parent.mkdir(parents=True)
    shutil.copy(ROOT / init.SCHEMA, schema)
    assert shop.init().startswith(f"# yaml-language-server: $schema={init.SCHEMA}\n")
    aside = tmp_path / "aside"
    aside.mkdir()
    with pytest.raises(Failed):
        init.init(shop.world, **shop.urls, out=str(aside / "mine.yml"), registry="127.0.0.1:1/a")
    text = (aside / "mine.yml").read_text()
    assert text.startswith("# yaml-language-server: $schema=pipeline.schema.json\n")
    assert (aside / "pipeline.schema.json").read_bytes() == schema.read_bytes()


@pytest.mark.parametrize(
    ("words", "fine"),
    [
        (["doctor"], True),
        (["init"], True),
        (["init", "--source=u", "--force"], True),
        (["init", "--source", "u", "--force"], True),
        (["pipeline=x", "init", "--out", "f"], True),
        (["-n", "2", "init"], False),
        (["init", "release"], False),
        (["init", "--force", "release"], False),
        (["doctor", "release"], False),
        (["release"], False),
        ([], False),
    ],
)
def test_only_these_two_work_without_a_pipeline(words: list[str], fine: bool) -> None:
    assert _needs_no_pipeline(words) is fine


def _options(shop: Shop) -> list[str]:
    return [f"--{name}={url}" for name, url in shop.urls.items()]


@pytest.mark.parametrize("before", [None, "broken: [\n"])
def test_the_command_works_without_a_pipeline_and_with_a_broken_one(
    tmp_path: Path, shop: Shop, before: str | None
) -> None:
    project = Project(tmp_path / "checkout")
    file = project.folder / "pipeline.yml"
    file.unlink()
    if before is not None:
        file.write_text(before)
    force = ["--force"] * (before is not None)
    registry = "--registry=http://127.0.0.1:1/shop"
    run = project.doit("init", *_options(shop), registry, *force)
    assert run.code == 1, run.err
    assert "is written, but not all in it can be used yet: registry" in run.err
    assert "wrote pipeline.yml" in run.out
    assert "Traceback" not in run.err
    assert project.doit("list").code == 0


def test_on_a_terminal_it_asks(tmp_path: Path, shop: Shop) -> None:
    project = Project(tmp_path / "checkout")
    (project.folder / "pipeline.yml").unlink()
    leader, follower = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "doit", "init"],
        cwd=project.folder,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=dict(os.environ) | {"TERM": "dumb"},
        start_new_session=True,
    )
    os.close(follower)
    answers = [*shop.urls.values(), "", "http://127.0.0.1:1/shop", ""]
    shown, end = "", time.monotonic() + 60
    try:
        while time.monotonic() < end:
            shown += os.read(leader, 4096).decode(errors="replace")
            if answers and shown.endswith(": "):
                os.write(leader, answers.pop(0).encode() + b"\n")
                shown += "\n"
    except OSError:
        pass  # the other side is closed
    os.close(leader)
    assert run.wait(timeout=10) == 1, shown
    assert "The project's name [lana-bank]" in shown
    assert "The registry (HOST/PREFIX, Enter alone for none yet) [gcr.io/galoyorg]" in shown
    assert load(project.folder / "pipeline.yml").registry.prefix == "shop"
