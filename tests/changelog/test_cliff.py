"""git-cliff writes one section of one range: its format, its order, its day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.changelog.cliff import Span, today, write_section
from tasks.changelog.tasks import write
from tasks.kernel import git as g
from tasks.kernel import paths, remotes
from tasks.kernel.errors import Failed, SlipwayError
from tasks.kernel.world import World
from tests.project import FILES
from tests.rooms import Outside, head

# The order that the reference gives, and a commit of each group, in the opposite order.
GROUPS = {
    "💼 Other": "unusual: a type of its own",
    "◀️ Revert": "revert: the shelf",
    "🛡️ Security": "hush: quiet\n\nA matter of security.",
    "⚙️ Miscellaneous Tasks": "ci: turn the wheel",
    "🧪 Testing": "test: weigh the shelf",
    "🎨 Styling": "style: paint",
    "⚡ Performance": "perf: faster shelf",
    "📚 Documentation": "docs: how to shop",
    "🚜 Refactor": "refactor: one shelf",
    "🐛 Bug Fixes": "fix: the shelf holds",
    "🚀 Features": "feat: a shelf",
}


@pytest.fixture
def shop(tmp_path: Path) -> Outside:
    shop = Outside(tmp_path / "shop")
    shop.start()
    g.git("tag", "0.1.0", "main", repo=shop.source)
    return shop


def _section(
    shop: Outside,
    version: str = "0.2.0",
    since: str | None = "0.1.0",
    *,
    chosen: str | None = None,
    commit: str = "",
) -> str:
    world = shop.look()
    start = g.text("rev-parse", since, repo=shop.source) if since else None
    span = Span(commit or head(world), start, since or "", version)
    with remotes.scratch(world, "changelog") as scratch:
        return write_section(world.mirror("source"), span, chosen, scratch).strip("\n")


def _touch(shop: Outside, *messages: str) -> None:
    for message in messages:
        shop.commit(message, {})


def test_the_format_is_that_of_the_reference(shop: Outside) -> None:
    _touch(
        shop,
        "feat(web): a second shelf (#12)",
        "fix!: no more shelves\n\nBREAKING CHANGE: bring your own",
        "feat: third shelf\n\nWith a body.",
    )
    day = datetime.now(UTC).date().isoformat()
    assert _section(shop) == (
        f"## [0.2.0] - {day}\n\n"
        "### 🚀 Features\n\n"
        "- *(web)* A second shelf (#12)\n"
        "- Third shelf\n\n"
        "### 🐛 Bug Fixes\n\n"
        "- [**breaking**] No more shelves"
    )


def test_the_groups_come_in_the_order_of_the_reference(shop: Outside) -> None:
    _touch(shop, *GROUPS.values())
    lines = _section(shop).splitlines()
    assert [line[4:] for line in lines if line.startswith("### ")] == [*reversed(GROUPS)]
    assert sum(line.startswith("- ") for line in lines) == len(GROUPS)


def test_what_only_the_release_itself_did_is_left_out(shop: Outside) -> None:
    _touch(
        shop,
        "chore(release): 0.2.0",
        "chore(deps): bump x",
        "chore(deps-dev): bump y",
        "Merge pull request #3 from a-branch",
        "no grammar at all",
        "fix: a shelf",
    )
    assert [line for line in _section(shop).splitlines() if line.startswith("- ")] == ["- A shelf"]


def test_a_range_with_nothing_to_tell_is_a_heading(shop: Outside) -> None:
    _touch(shop, "chore(release): 0.2.0")
    assert _section(shop).startswith("## [0.2.0] - ")


def test_tags_inside_the_range_do_not_split_it(shop: Outside) -> None:
    _touch(shop, "feat: one")
    for tag in ("0.2.0-rc.1", "v9.9.9", "nightly"):
        g.git("tag", tag, "main", repo=shop.source)
    _touch(shop, "feat: two")
    g.git("tag", "0.2.0-rc.2", "main", repo=shop.source)
    section = _section(shop)
    assert section.count("## [") == 1
    assert section.startswith("## [0.2.0] - ")
    assert section.endswith("- One\n- Two")


def test_the_first_release_tells_the_whole_history(tmp_path: Path) -> None:
    shop = Outside(tmp_path / "first")
    shop.start()
    _touch(shop, "fix: a shelf")
    section = _section(shop, "0.1.0", since=None)
    assert "- The first shop" in section
    assert "- A shelf" in section


OWN = """\
[changelog]
body = \"\"\"
## [{{ version }}] - of our own
{% for commit in commits %}* {{ commit.message }}
{% endfor %}\"\"\"
[git]
conventional_commits = true
"""


def test_a_repository_that_brings_its_own_configuration_is_asked_for_it(shop: Outside) -> None:
    shop.commit("feat: a format of our own", {"cliff.toml": OWN})
    assert _section(shop) == "## [0.2.0] - of our own\n* a format of our own"


def test_the_configuration_of_the_candidate_counts_not_that_of_the_day(shop: Outside) -> None:
    _touch(shop, "feat: a shelf")
    commit = head(shop.look())
    shop.commit("feat: a format of our own", {"cliff.toml": OWN})
    assert "🚀 Features" in _section(shop, commit=commit)


def test_a_configuration_can_be_chosen(shop: Outside) -> None:
    theirs = OWN.replace("of our own", "chosen")
    shop.commit("feat: two formats", {"cliff.toml": OWN, "ci/cliff.toml": theirs})
    assert _section(shop, chosen="ci/cliff.toml") == "## [0.2.0] - chosen\n* two formats"
    with pytest.raises(SlipwayError, match=r"there is no ci/gone\.toml in") as error:
        _section(shop, chosen="ci/gone.toml")
    assert error.value.where == "pipeline.yml: release.cliff"


def test_a_configuration_may_name_the_release_before(shop: Outside) -> None:
    """Headings that link to a comparison need it; no other tag is shown to git-cliff."""
    body = OWN.replace("of our own", "since {{ previous.version }}")
    shop.commit("feat: a link", {"cliff.toml": body})
    g.git("tag", "0.1.5-rc.1", "main", repo=shop.source)
    assert _section(shop).startswith("## [0.2.0] - since 0.1.0\n")


def test_the_repository_is_left_as_it_is(shop: Outside) -> None:
    _touch(shop, "feat: a shelf")
    mirror = shop.look().mirror("source")
    before = sorted(str(path) for path in mirror.rglob("*"))
    _section(shop)
    assert sorted(str(path) for path in mirror.rglob("*")) == before


def test_a_configuration_that_is_broken_is_named(shop: Outside) -> None:
    shop.commit("feat: a slip", {"cliff.toml": "[changelog\n"})
    with pytest.raises(Failed, match=r"git-cliff with cliff\.toml of the source"):
        _section(shop)


def test_a_configuration_of_theirs_runs_no_program(shop: Outside, tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    hook = f'[git]\ncommit_preprocessors = [{{pattern = ".*", replace_command = "touch {trap}"}}]\n'
    shop.commit("feat: a trap", {"cliff.toml": OWN.replace("[git]\n", hook)})
    try:
        _section(shop)
    except Failed:
        pass  # to refuse it is as good
    assert not trap.exists()


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("feat: {{ version }} {% raw %}", "- {{ version }} {% raw %}"),
        ("feat: `$(touch pwned)` ${HOME} \\n", "- `$(touch pwned)` ${HOME} \\n"),
        ('feat: it\'s "quoted" & <b>bold</b>', '- It\'s "quoted" & <b>bold</b>'),
        ("feat: ## [9.9.9] - 2020-01-01", "- ## [9.9.9] - 2020-01-01"),
        ("feat(--help): --output=pwned", "- *(--help)* --output=pwned"),
        ("feat: é 漢 🦆", "- É 漢 🦆"),
    ],
)
def test_hostile_messages_are_text(shop: Outside, message: str, line: str) -> None:
    _touch(shop, message)
    assert _section(shop).splitlines()[-1] == line
    assert not list(shop.folder.rglob("pwned"))


def test_a_body_cannot_forge_a_section(shop: Outside) -> None:
    _touch(shop, "feat: a shelf\n\n## [9.9.9] - 2020-01-01\n\n- Forged\n")
    section = _section(shop)
    assert "9.9.9" not in section
    assert section.endswith("- A shelf")


# the stage


def _candidate(shop: Outside, core: str = "0.2.0", previous: str = "0.1.0") -> World:
    world = shop.look()
    told = {
        "version": f"{core}-rc.1",
        "core": core,
        "commit": head(world),
        "previous": previous,
        "previous_commit": g.text("rev-parse", previous, repo=shop.source),
    }
    world.write_json(paths.VERSION, told)
    return world


def test_the_day_is_this_one_in_utc_unless_it_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert today() == datetime.now(UTC).date().isoformat()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225599")
    assert today() == "2025-12-31"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    assert today() == datetime.now(UTC).date().isoformat()


@pytest.mark.parametrize("epoch", ["yesterday", "1e9", "9" * 30])
def test_a_day_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, epoch: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with pytest.raises(SlipwayError, match="SOURCE_DATE_EPOCH"):
        today()


def test_the_section_goes_on_top_and_the_rest_stays_byte_for_byte(
    shop: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    old = FILES["CHANGELOG.md"].replace("\n", "\r\n") + "caf\u00e9  \t"
    shop.commit("feat: a shelf", {"CHANGELOG.md": old})
    world = _candidate(shop)
    committed = g.git("cat-file", "blob", "main:CHANGELOG.md", repo=shop.source)

    assert write(world) == "0.2.0: 1 entry"

    section = "## [0.2.0] - 2026-01-01\n\n### 🚀 Features\n\n- A shelf\n"
    assert (world.read(paths.SECTION) or b"").decode() == section
    new = world.read(paths.CHANGELOG) or b""
    assert new.replace(section.encode() + b"\n", b"", 1) == committed


def test_a_changelog_that_is_no_text_stays_as_it_is(shop: Outside) -> None:
    tree = shop.folder / "clone"
    g.git("clone", "--quiet", str(shop.source), str(tree))
    (tree / "CHANGELOG.md").write_bytes(b"# \xff\xfe\n\n## 0.1.0\n\n- \x80\n")
    who = g.identity("Ada", "ada@example.org", "1767229200 +0000")
    g.git("commit", "--quiet", "-am", "feat: odd bytes", repo=tree, env=who)
    g.git("push", "--quiet", "origin", "HEAD:refs/heads/main", repo=tree)
    world = _candidate(shop)
    write(world)
    new = world.read(paths.CHANGELOG) or b""
    assert new.startswith(b"# \xff\xfe\n\n## [0.2.0] - ")
    assert new.endswith(b"\n\n## 0.1.0\n\n- \x80\n")


def test_a_section_written_by_hand_is_what_gets_released(shop: Outside) -> None:
    by_hand = "# Changelog\n\n## [0.2.0]\n\n- By hand\n\n## [0.1.0] - 2026-01-01\n\n- First.\n"
    shop.commit("feat: a shelf", {"CHANGELOG.md": by_hand})
    world = _candidate(shop)
    write(world)
    assert world.read(paths.SECTION) == b"## [0.2.0]\n\n- By hand\n"
    assert (world.read(paths.CHANGELOG) or b"").decode() == by_hand


def test_a_repository_without_a_changelog_gets_one(shop: Outside) -> None:
    shop.commit("feat: a shelf", {"CHANGELOG.md": None})
    world = _candidate(shop)
    write(world)
    assert (world.read(paths.CHANGELOG) or b"").startswith(b"# Changelog\n\nAll notable")


def test_with_nothing_to_release_there_is_nothing_to_tell(shop: Outside) -> None:
    world = shop.look()
    world.write_json(paths.VERSION, {"version": None})
    assert write(world) == "nothing to release"
    assert world.read(paths.SECTION) == b""
