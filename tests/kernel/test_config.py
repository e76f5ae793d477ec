"""What `pipeline.yml` says when nothing in it is wrong."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel import config as c

ROOT = Path(__file__).resolve().parents[2]
SETS = ("server", "admin-panel", "customer-portal", "dagster", "tests")


def default() -> c.Config:
    return c.load(ROOT / "pipeline.yml")


PULLS = ("pull-request",)
APPS = ("admin-panel", "customer-portal")


def unittest(folder: str) -> tuple[str, ...]:
    start = ("python3", "-m", "unittest", "discover", "--start-directory", f"tests/{folder}")
    return (*start, "--top-level-directory", ".")


def script(name: str, sets: tuple[str, ...], file: str, *more: str, **also: Any) -> c.Check:
    return c.Check(name, sets, ("python3", file, *more), None, 600.0, 1, {}, **also)


def warehouse(word: str) -> tuple[str, ...]:
    return ("python3", "-m", "tests.warehouse", word)


def rule(name: str, what: str, **also: Any) -> c.Check:
    return c.Check(name, (), None, what, 600.0, 1, {}, **also)


def _checks() -> list[c.Check]:
    shots = unittest("portals")
    return [
        c.Check("nextest", SETS, unittest("unit"), None, 120.0, 1, {}),
        c.Check("bats", SETS, unittest("e2e"), None, 300.0, 2, {}),
        c.Check("cypress", ("server", *APPS, "tests"), shots, None, 300.0, 1, {}, guards=PULLS,
                artifacts=("screenshots",)),
        script("check-code-apps", (*APPS, "checks"), "checks/apps.py", guards=PULLS),
        script("flake-check", (*SETS[:-1], "checks"), "checks/manifest.py"),
        script("codeql", (*SETS, "checks", "docs"), "checks/analysis.py", guards=PULLS),
        script("pnpm-audit", (*APPS, "checks"), "checks/audit.py", guards=PULLS),
        c.Check("data-pipeline", ("dagster", "tests"), warehouse("test"), None, 120.0, 1, {},
                before=warehouse("up"), after=warehouse("down"), guards=PULLS),
        rule("cocogitto", "conventional-commits"),
        script("spelling", ("all",), "checks/spelling.py", guards=PULLS),
        script("lana-bank-docs", ("docs", "server"), "manuals/build.py", "--output", "dist/manuals",
               guards=PULLS, from_={"cypress": "manuals"}),
        rule("promote-files", "promote-files", guards=PULLS),
        rule("pull-limit", "pull-limit", guards=PULLS, limit=5),
    ]  # fmt: skip


def app(name: str) -> c.App:
    return c.App(name, (name,), f"apps/{name}/.env", "NEXT_PUBLIC_APP_VERSION")


def image(
    name: str,
    inputs: str,
    context: str,
    *,
    files: tuple[str, str] = ("Dockerfile", "Dockerfile"),
    binary: str | None = None,
    app: str | None = None,
) -> c.Image:
    return c.Image(name, name, (inputs,), context, *files, binary=binary, app=app, args={})


def test_the_default_file_describes_the_sandbox() -> None:
    images = [
        image(
            "lana-bank",
            "server",
            ".",
            files=("Dockerfile.rc", "Dockerfile.release"),
            binary="lana-cli",
        ),
        *(
            image(f"lana-bank-{name}", name, f"apps/{name}", app=name)
            for name in ("admin-panel", "customer-portal")
        ),
        image("dagster-code-location-lana-dw", "dagster", "dagster"),
    ]
    assert default() == c.Config(
        project="lana-bank",
        remotes=c.Remotes(
            *(
                c.Remote(f".sandbox/remotes/{name}.git", "main")
                for name in ("source", "charts", "deployments")
            )
        ),
        inputs={
            "server": ("server", "build.py", "Dockerfile.rc", "Dockerfile.release"),
            "admin-panel": ("apps/admin-panel",),
            "customer-portal": ("apps/customer-portal",),
            "dagster": ("dagster",),
            "infrastructure": ("tf",),
            "tests": ("tests",),
            "checks": ("checks", "build.toml", "apps/lock.json"),
            "docs": ("manuals", "docs-site"),
            "all": (".",),
        },
        checks={each.name: each for each in _checks()},
        binary=c.Binary(
            name="lana-cli",
            inputs=("server",),
            command=("python3", "build.py", "--output", "dist/lana-cli"),
            output="dist/lana-cli",
            env={},
        ),
        apps={name: app(name) for name in ("admin-panel", "customer-portal")},
        images={each.name: each for each in images},
        registry=c.Registry("local", ".sandbox/registry", url="", prefix="", insecure=False),
        forge=c.Forge("local", ".sandbox/forge", repository="", api=""),
        promotion=c.Promotion(
            "bot-promote-rc", ("promote-rc",), ("CHANGELOG.md", "docs-site/**"), title=None
        ),
        release=c.Release("", "version", "CHANGELOG.md", c.Moving("edge", "latest")),
        chart=c.Chart(
            path="charts/lana-bank",
            values="values.yaml",
            images={
                "lana-bank": "lanaBank.image.digest",
                "lana-bank-admin-panel": "lanaBank.adminPanel.image.digest",
                "lana-bank-customer-portal": "lanaBank.customerPortal.image.digest",
                "dagster-code-location-lana-dw": (
                    "dagster.dagster-user-deployments.deployments.0.image.digest"
                ),
            },
            labels=("galoybot", "lana-bank"),
            version="patch",
            modules={"tf/bq-setup": "tf/bq-setup", "tf/honeycomb": "tf/honeycomb"},
            inputs=("infrastructure",),
        ),
        cluster=c.Cluster("local", ".sandbox/cluster"),
        deployments=c.Deployments(
            "cepler.yml",
            "vendir.yml",
            vendored="modules/lana-bank/vendor/lana-bank/chart",
            state=".sandbox/terraform",
            freezes="freezes.yml",
            lease=3600.0,
            backend={},
        ),
        environments={
            name: c.Environment(
                name, passed, gate, root=f"{folder}/lana-bank", namespace=f"lana-bank-{name}"
            )
            for name, passed, gate, folder in (
                ("staging", None, False, "gcp/galoy-staging"),
                ("qa", "staging", False, "gcp/volcano-qa"),
                ("production", "qa", True, "gcp/volcano-production"),
                ("azure-staging", None, False, "azure/volcano-staging"),
            )
        },
        testflight=c.Testflight("testflight", timeout=900.0, secrets=("lana-bank-database",)),
        smoketest=c.Smoketest(
            {
                name: c.Endpoint(name, f"lana-bank-{service}", port, "/healthz", version=True)
                for name, service, port in (
                    ("server", "server", 5253),
                    ("admin-panel", "admin-panel", 3000),
                    ("customer-portal", "customer-portal", 3001),
                    ("dagster", "lana-dw", 4000),
                )
            },
            timeout=30.0,
        ),
        gates=c.Gates("cepler-gates", "gates.yml"),
        automerge=c.Automerge(("galoybot", "lana-bank"), ("charts",), ()),
        notify=(),
        docs=c.Docs(
            "docs-site",
            keep=5,
            labels={"es": "Versión {version}"},
            copies={"schemas/current": "schemas/versions/{version}"},
            commands={
                name: c.DocsCommand(
                    name,
                    inputs=("server",),
                    command=("python3", f"docs-site/scripts/{name}.py"),
                    outputs=outputs,
                    from_={},
                    require=(require,),
                    env={},
                    secrets=(),
                    timeout=600.0,
                )
                for name, outputs, require in (
                    ("api", ("docs-site/docs/apis/http.md",), "docs-site/docs/*.md"),
                    (
                        "events",
                        ("docs-site/docs/apis/events.md", "docs-site/schemas/current"),
                        "docs-site/schemas/current/*.json",
                    ),
                )
            },
        ),
    )


def test_every_remote_of_the_default_file_is_embedded() -> None:
    remotes = default().remotes
    assert remotes.source.embedded
    assert remotes.charts.embedded
    assert remotes.deployments.embedded


@pytest.mark.parametrize(
    ("url", "embedded"),
    [
        (".sandbox/remotes/x.git", True),
        ("./.sandbox/remotes/x.git", True),
        (".sandbox/../x.git", False),
        (".sandbox", False),
        ("/srv/.sandbox/x.git", False),
        ("https://example.org/.sandbox/x.git", False),
    ],
)
def test_embedded_means_below_the_sandbox(url: str, embedded: bool) -> None:
    assert c.Remote(url, "main").embedded is embedded


def test_release_inputs_are_the_sets_that_releases_are_made_from() -> None:
    # "tests" is used by checks alone: a commit that changes only tests needs no candidate.
    makers = ("admin-panel", "customer-portal", "dagster", "infrastructure", "server")
    assert default().release_inputs == makers


def test_a_slice_is_plain_data_of_the_parts_that_were_asked_for() -> None:
    assert default().slice("images.lana-bank", "release", "remotes.source", "project") == {
        "images.lana-bank": {
            "name": "lana-bank",
            "repository": "lana-bank",
            "inputs": ["server"],
            "context": ".",
            "dockerfile_candidate": "Dockerfile.rc",
            "dockerfile_release": "Dockerfile.release",
            "binary": "lana-cli",
            "app": None,
            "args": {},
            "base": "",
        },
        "release": {
            "tag_prefix": "",
            "version_branch": "version",
            "changelog": "CHANGELOG.md",
            "moving": {"candidate": "edge", "release": "latest"},
            "version_file": "version",
            "cliff": None,
        },
        "remotes.source": {"url": ".sandbox/remotes/source.git", "branch": "main"},
        "project": "lana-bank",
    }


def test_every_section_can_be_sliced_and_comes_back_from_json_as_it_was() -> None:
    sections = [part.name for part in fields(c.Config) if part.name not in {"file", "lines"}]
    data = default().slice(*sections)
    assert json.loads(json.dumps(data)) == data


def test_the_slice_of_a_part_that_is_left_out_is_none() -> None:
    assert replace(default(), chart=None).slice("chart") == {"chart": None}


@pytest.mark.parametrize("name", ["imagse", "images.gone", "lines", "file", "project.x", ""])
def test_a_slice_of_what_does_not_exist_is_an_error(name: str) -> None:
    with pytest.raises(KeyError):
        default().slice(name)


def test_where_names_the_line_of_a_key_or_of_what_it_would_stand_in() -> None:
    config = default()
    lines = (ROOT / "pipeline.yml").read_text().splitlines()
    line = next(i for i, text in enumerate(lines, 1) if text.startswith("  lana-bank-admin-panel:"))
    file = config.file
    assert config.where("images.lana-bank-admin-panel") == (
        f"{file}:{line}: images.lana-bank-admin-panel"
    )
    assert config.where("images.lana-bank-admin-panel.repository").startswith(f"{file}:{line}: ")
    assert config.where("images.lana-bank-admin-panel.inputs[7]").startswith(f"{file}:{line + 1}: ")
    assert config.where("nowhere").startswith(f"{file}:1: ")


def test_values_are_frozen_slotted_comparable_and_survive_a_worker_process() -> None:
    config = default()
    with pytest.raises(FrozenInstanceError):
        config.project = "other"  # type: ignore[misc]
    assert not hasattr(config, "__dict__")
    assert all(is_dataclass(each) for each in (config, config.release.moving, config.gates))
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - our own bytes
    assert config != replace(config, project="other")
    assert config == replace(config, file="elsewhere.yml", lines={})
    assert config.gates != "cepler-gates"
    assert repr(config.gates) == "Gates(branch='cepler-gates', file='gates.yml')"
    assert "lines=" not in repr(config)


def test_loading_imports_nothing_heavy() -> None:
    heavy = ["jinja2", "semver", "sh", "jsonschema", "requests", "difflib"]
    code = (
        "import sys\n"
        "from tasks.kernel import config\n"
        "config.load()\n"
        f"print([name for name in {heavy!r} if name in sys.modules])\n"
    )
    # doit itself imports difflib or does not; only what config adds is asked about.
    asked = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert asked.stdout == "[]\n"


def test_the_reference_page_names_every_key_and_its_long_example_loads(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "pipeline.md").read_text()
    example = page.split("```yaml\n")[-1].split("```")[0]
    file = tmp_path / "example.yml"
    file.write_text(example)
    config = c.load(file)
    assert config.registry.kind == "http"
    assert config.forge.kind == "github"
    written = {key.rpartition(".")[2].partition("[")[0] for key in config.lines}
    other = {"path"}  # of the embedded registry and forge, which the example does not use
    described = (
        *(c.Remote, c.Check, c.Binary, c.App, c.Registry, c.Forge, c.Promotion, c.Release),
        *(c.Docs, c.DocsCommand),
        *(c.Cluster, c.Deployments, c.Environment, c.Testflight, c.Smoketest, c.Endpoint, c.Gates),
    )
    for value in described:
        for part in fields(value):
            key = part.name.rstrip("_").replace("_", "-")
            assert key in written | other, f"{value.__name__}.{part.name} is not in the example"
            assert f"`{key}`" in page, f"{value.__name__}.{part.name} is not explained"
    for key in ("repository", "context", "dockerfile", "binary", "app", "args", "values", "labels"):
        assert key in written, key
        assert f"`{key}`" in page, key
