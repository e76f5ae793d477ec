"""Pages are generated at the candidate's commit, and what the promotion gets fits where it goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.docs import docs_for
from tasks.docs.tasks import foresee, write
from tasks.kernel import git as g
from tasks.kernel import paths
from tasks.kernel.config import Docs
from tasks.kernel.errors import Failed
from tasks.kernel.world import UNKNOWN, Forecast, World
from tests.project import FILES, PIPELINE
from tests.rooms import Outside, head, world_of

I18N = "site/i18n/es/docusaurus-plugin-content-docs"
PAGES = {
    "site/docs/intro.md": "# Intro\n",
    "site/docs/api.md": "# API\n\nold\n",
    "site/sidebars.json": "{}\n",
    f"{I18N}/current.json": '{"version.label": {"message": "Próxima"}}\n',
    "site/versions.json": '[\n  "0.1.0"\n]\n',
    "site/versioned_docs/version-0.1.0/intro.md": "# Intro of 0.1.0\n",
}
SECTION = """
docs:
  site: site
  keep: 2
  labels: {{es: "Versión {{version}}"}}
  commands:
    api:
      inputs: [server]
      command: [sh, -c, {script}]
      outputs: [site/docs/api.md]
      {more}
"""
SCRIPT = 'printf "# API\\n\\n$VERSION\\n" > site/docs/api.md'


class Shop(Outside):
    """A shop with a site."""

    def configure_docs(self, script: str, more: str = "") -> World:
        """Have one command write the site's pages; return the world as it is read then."""
        section = SECTION.format(script=json.dumps(script), more=more)
        files = "promotion: {files: [CHANGELOG.md, site/**]}\n"
        (self.folder / "pipeline.yml").write_text(PIPELINE + files + section)
        return self.candidate()

    def candidate(self) -> World:
        """Return the world in which the head is the candidate 0.2.0-rc.1."""
        self.look()
        world = world_of(self)
        told = {"version": "0.2.0-rc.1", "core": "0.2.0", "commit": head(world)}
        world.write_json(paths.VERSION, told)
        return world


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop")
    shop.start(FILES | PAGES)
    return shop


def docs_of(world: World) -> Docs:
    assert world.config.docs
    return world.config.docs


def test_what_the_promotion_gets(shop: Shop) -> None:
    world = shop.configure_docs(SCRIPT)
    assert write(docs_of(world), world) == "0.2.0: 1 generated, 4 kept as version 0.2.0"
    files = docs_for(world, head(world))
    assert files["site/docs/api.md"] == b"# API\n\n0.2.0\n"
    assert files["site/versioned_docs/version-0.2.0/api.md"] == b"# API\n\n0.2.0\n"
    assert files["site/versioned_docs/version-0.2.0/intro.md"] == b"# Intro\n"
    assert json.loads(files["site/versions.json"] or b"") == ["0.2.0", "0.1.0"]
    label = json.loads(files[f"{I18N}/version-0.2.0.json"] or b"")["version.label"]
    assert label["message"] == "Versión 0.2.0"
    assert sorted(files) == [
        "site/docs/api.md",
        f"{I18N}/version-0.2.0.json",
        "site/versioned_docs/version-0.2.0/api.md",
        "site/versioned_docs/version-0.2.0/intro.md",
        "site/versioned_sidebars/version-0.2.0-sidebars.json",
        "site/versions.json",
    ]


def test_the_same_commit_gives_the_same_bytes(shop: Shop) -> None:
    world = shop.configure_docs(SCRIPT)
    write(docs_of(world), world)
    before = world.read(paths.DOCS), world.read(paths.DOCS_FILES)
    write(docs_of(world), world)
    assert (world.read(paths.DOCS), world.read(paths.DOCS_FILES)) == before


def test_the_oldest_version_goes(shop: Shop) -> None:
    shop.commit("docs: another", {"site/versions.json": '["0.1.1", "0.1.0"]'})
    world = shop.configure_docs(SCRIPT)
    write(docs_of(world), world)
    files = docs_for(world, head(world))
    assert files["site/versioned_docs/version-0.1.0/intro.md"] is None
    assert json.loads(files["site/versions.json"] or b"") == ["0.2.0", "0.1.1"]


def test_on_a_later_commit_its_own_pages_and_versions_stay(shop: Shop) -> None:
    world = shop.configure_docs(SCRIPT)
    write(docs_of(world), world)
    later = shop.commit(
        "docs: later",
        {"site/docs/api.md": "# API\n\nby hand\n", "site/versions.json": '["0.1.9"]'},
    )
    shop.look()
    files = docs_for(world, later)
    assert "site/docs/api.md" not in files
    assert files["site/versioned_docs/version-0.2.0/api.md"] == b"# API\n\n0.2.0\n"
    assert json.loads(files["site/versions.json"] or b"") == ["0.2.0", "0.1.9"]


def test_a_version_that_was_promoted_before_is_replaced_whole(shop: Shop) -> None:
    """A later candidate of the same core: nothing of the one before stays behind."""
    world = shop.configure_docs(SCRIPT)
    write(docs_of(world), world)
    later = shop.commit(
        "docs: of rc.1",
        {
            "site/versioned_docs/version-0.2.0/gone.md": "old\n",
            "site/versions.json": '["0.2.0", "0.1.0"]',
        },
    )
    shop.look()
    files = docs_for(world, later)
    assert files["site/versioned_docs/version-0.2.0/gone.md"] is None
    assert "site/versions.json" not in files


REFUSED = {
    "a missing description": ("echo 'no description' >&2; exit 1", "", "docs.commands.api ended"),
    "no output": ("rm site/docs/api.md", "", "left no site/docs/api.md"),
    "no screenshot": (SCRIPT, "require: [site/shots/*.png]", "nothing matches site/shots"),
    "an empty screenshot": (
        f"{SCRIPT}; mkdir site/shots; : > site/shots/a.png",
        "require: [site/shots/*.png]",
        "is empty",
    ),
    "another page": (f"{SCRIPT}; echo x > site/docs/intro.md", "", "none of its outputs"),
}


@pytest.mark.parametrize(("script", "more", "said"), REFUSED.values(), ids=REFUSED)
def test_refused(shop: Shop, script: str, more: str, said: str) -> None:
    world = shop.configure_docs(script, more)
    with pytest.raises(Failed, match=said):
        write(docs_of(world), world)
    assert world.read(paths.DOCS) is None
    assert not world.path(paths.work("docs")).exists()


def test_what_is_written_outside_of_the_site_is_not_taken(shop: Shop) -> None:
    world = shop.configure_docs(f"{SCRIPT}; echo x > server/main.py; mkdir target; date > target/x")
    write(docs_of(world), world)
    assert all(name.startswith("site/") for name in docs_for(world, head(world)))


def test_the_artifacts_of_a_check_are_laid_where_a_command_wants_them(shop: Shop) -> None:
    """Screenshots that another stage has made, found through its verdict."""
    from tasks.checks.artifacts import keep

    script = f"test -s site/shots/a.png && {SCRIPT}"
    checks = "{inputs: [web], command: [python3, tests/check.py, web], timeout: 30s"
    more = "from: {web: site}\n      require: [site/shots/*.png]"
    section = SECTION.format(script=json.dumps(script), more=more)
    text = PIPELINE.replace(f"web: {checks}}}", f"web: {checks}, artifacts: [shots]}}")
    files = "promotion: {files: [CHANGELOG.md, site/**]}\n"
    (shop.folder / "pipeline.yml").write_text(text + files + section)
    world = shop.candidate()
    made = shop.folder / "made"
    (made / "shots").mkdir(parents=True)
    (made / "shots/a.png").write_bytes(b"\x89PNG")
    kept = keep(world, "web", made, ["shots"])
    world.write_json(paths.verdict("web"), {"artifacts": kept})
    write(docs_of(world), world)
    files_there = docs_for(world, head(world))
    assert files_there["site/shots/a.png"] == b"\x89PNG"


def test_what_somebody_changed_meanwhile_goes_nowhere(shop: Shop) -> None:
    world = shop.configure_docs(SCRIPT)
    write(docs_of(world), world)
    file = world.path(paths.DOCS_FILES)
    file.write_bytes(file.read_bytes().replace(b"0.2.0\n", b"6.6.6\n"))
    with pytest.raises(Failed, match="was changed after it was made"):
        docs_for(world, head(world))


def test_with_nothing_to_release_nothing_is_generated(shop: Shop) -> None:
    world = shop.configure_docs("exit 1")
    world.write_json(paths.VERSION, {"version": None})
    assert write(docs_of(world), world) == "nothing to release"
    assert docs_for(world, head(world)) == {}


def test_a_plan_runs_no_command(shop: Shop, tmp_path: Path) -> None:
    world = shop.configure_docs("exit 1")
    plan = Forecast(world, tmp_path / "scratch")
    assert "kept as version 0.2.0" in foresee(docs_of(world), plan).says
    assert plan.json(paths.DOCS)["files"] == UNKNOWN
    assert world.read(paths.DOCS) is None
    world = shop.configure_docs(SCRIPT)
    write(docs_of(world), world)
    again = Forecast(world, tmp_path / "scratch")
    foresee(docs_of(world), again)
    assert again.written == {}


def test_nothing_is_left_in_the_source(shop: Shop) -> None:
    world = shop.configure_docs(SCRIPT)
    before = g.lines("for-each-ref", repo=shop.source)
    write(docs_of(world), world)
    assert g.lines("for-each-ref", repo=shop.source) == before
