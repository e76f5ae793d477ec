"""The sample application's own checks: yes to what is delivered, no to each mistake."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tasks.kernel.config import Check, load
from tests.sandbox.worlds import ROOT

SOURCE = ROOT / "sandbox" / "source"
CONFIG = load(ROOT / "pipeline.yml")
NAMES = (
    *("nextest", "bats", "cypress", "check-code-apps", "flake-check", "codeql", "pnpm-audit"),
    *("data-pipeline", "cocogitto", "spelling", "lana-bank-docs"),
)
COMMANDS = [name for name in NAMES if CONFIG.checks[name].command]
PAGE = "apps/admin-panel/page.html"
LOCK = "apps/lock.json"

# (check, file, what stands there, what is put in its place; "" appends, or makes the file)
MISTAKES = [
    ("nextest", "server/money.py", "rounding=ROUND_HALF_EVEN", 'rounding="ROUND_UP"'),
    ("bats", "server/web.py", '"status": "ok"', '"status": "fine"'),
    ("cypress", "apps/admin-panel/main.py", '"owed", ', ""),
    ("cypress", "apps/customer-portal/page.html", 'name="principal"', 'name="amount"'),
    ("check-code-apps", "apps/admin-panel/main.py", "import html\n", "import html\nimport re\n"),
    ("check-code-apps", "apps/admin-panel/main.py", "def version() -> str", "def version()"),
    ("check-code-apps", PAGE, "<h1>Loan book</h1>", "<h1>Loan book"),
    ("check-code-apps", PAGE, "$book", "$books"),
    ("flake-check", "build.toml", "port = 4000", "port = 4001"),
    ("flake-check", "build.toml", "[image.lana-bank-admin-panel]", "[picture.panel]"),
    ("flake-check", "dagster/Dockerfile", "COPY main.py", "COPY other.py main.py"),
    ("flake-check", "apps/Dockerfile", "", "FROM scratch\n"),
    ("flake-check", "build.py", "COMMIT = {commit!a}", "COMMIT = {os.getpid()}"),
    ("codeql", "server/new.py", "", "eval(input())\n"),
    ("codeql", "server/new.py", "", "import subprocess\nsubprocess.run('x', shell=True)\n"),
    ("codeql", "dagster/new.py", "", "def f(db, x):\n    db.execute(f'select {x}')\n"),
    ("codeql", "apps/admin-panel/new.py", "", "API_TOKEN = 'x'\n"),
    ("pnpm-audit", PAGE, "width: 100%;", "width: 99%;"),
    ("pnpm-audit", PAGE, "plain-tables 2.1.0", "plain-tables 2.0.1"),
    ("pnpm-audit", "checks/advisories.json", '"fixed": "2.0.3"', '"fixed": "2.1.1"'),
    ("pnpm-audit", LOCK, '"components": {', '"components": {"x": {"version": "1.0.0"},'),
    ("data-pipeline", "dagster/assets.py", '* Decimal(str(row["yearly_rate"])) / 100', ""),
    ("data-pipeline", "dagster/assets.py", 'Asset("loans", (), loans)',
     'Asset("loans", (), loans), Asset("more", (), loans)'),
    ("spelling", "manuals/loans.md", "interest", "intrest"),
    ("spelling", "server/ledger.py", "trial_balance", "trial_balence"),
    ("lana-bank-docs", "manuals/loans.md", "description: ", "about: "),
    ("lana-bank-docs", "manuals/admin-panel.md", "loan-book.svg", "no-such.svg"),
    ("lana-bank-docs", "manuals/loans.md", "customer-portal.md", "customers.md"),
    ("lana-bank-docs", "server/web.py", '"/api/ledger": _ledger',
     '"/api/ledger": _ledger, "/api/new": _ledger'),
]  # fmt: skip


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The screenshots that the portals' tests take."""
    tree = tmp_path_factory.mktemp("shots") / "tree"
    shutil.copytree(SOURCE, tree, ignore=shutil.ignore_patterns("__pycache__"))
    assert asked(CONFIG.checks["cypress"], tree).returncode == 0
    return tree / "screenshots"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the application."""
    shutil.copytree(SOURCE, tmp_path / "tree", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "tree"


def asked(check: Check, tree: Path) -> subprocess.CompletedProcess[str]:
    """Run a check as the pipeline does: before, the command, after."""
    env = dict(os.environ) | {"SLIPWAY_CHECK_RUN": tree.parent.name[-20:].replace("_", "-")}

    def run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=tree, env=env, capture_output=True, text=True, timeout=120, check=False
        )

    try:
        if check.before:
            assert run(check.before).returncode == 0
        return run(check.command or ())
    finally:
        if check.after:
            assert run(check.after).returncode == 0


def test_each_of_the_reference_document_is_there_and_two_rules_more() -> None:
    assert list(CONFIG.checks) == [*NAMES, "promote-files", "pull-limit"]
    assert CONFIG.checks["bats"].attempts == 2
    assert CONFIG.candidate_checks == ("nextest", "bats", "flake-check", "cocogitto")


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_delivered_passes(name: str, tree: Path, shots: Path) -> None:
    before = set(Path(tempfile.gettempdir()).glob("lana-dw-*"))
    if name == "lana-bank-docs":
        shutil.copytree(shots, tree / "manuals/screenshots")
    done = asked(CONFIG.checks[name], tree)
    assert done.returncode == 0, done.stdout + done.stderr
    for path in CONFIG.checks[name].artifacts:
        assert len(list((tree / path).iterdir())) == 4
    assert set(Path(tempfile.gettempdir()).glob("lana-dw-*")) == before


@pytest.mark.parametrize(("name", "file", "there", "instead"), MISTAKES)
def test_a_mistake_is_found(
    name: str, file: str, there: str, instead: str, tree: Path, shots: Path
) -> None:
    path = tree / file
    text = path.read_text() if path.exists() else ""
    assert there in text
    path.write_text(text.replace(there, instead) if there else text + instead)
    if name == "lana-bank-docs":
        shutil.copytree(shots, tree / "manuals/screenshots")
    done = asked(CONFIG.checks[name], tree)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr or name in ("nextest", "bats", "cypress")


def test_no_screenshot_no_manual(tree: Path) -> None:
    done = asked(CONFIG.checks["lana-bank-docs"], tree)
    assert done.returncode == 1
    assert "the screenshot screenshots/customer-portal-plan.svg is missing" in done.stderr


def test_what_was_seen_is_the_same_on_every_day(shots: Path) -> None:
    for file in sorted(shots.iterdir()):
        text = file.read_text()
        assert text.startswith("<svg "), file.name
        assert "▒▒▒▒-▒▒-▒▒" in text or "plan" not in file.name
