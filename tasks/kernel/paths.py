"""Every path, once, relative to the project root, as doit compares it (no `./` or `..`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

BUILD = "build"
SANDBOX = ".sandbox"
DATABASE = ".doit.db"
RUN_LOCK = ".slipway.lock"

HEAD = f"{BUILD}/source/head.json"
CHOSEN = f"{BUILD}/ref/head.json"
MERGED = f"{BUILD}/forge/merged.json"
VERSION = f"{BUILD}/version.json"
BINARY = f"{BUILD}/binary.json"
SECTION = f"{BUILD}/changelog/section.md"
CHANGELOG = f"{BUILD}/changelog/CHANGELOG.md"
DOCS = f"{BUILD}/docs/docs.json"
DOCS_FILES = f"{BUILD}/docs/files.tar"
EFFECTS = f"{BUILD}/logs/effects.log"
SANDBOX_FACT = f"{BUILD}/sandbox.json"
CHART = f"{BUILD}/chart/chart.json"
LINT = f"{BUILD}/chart/lint.json"
PACKAGE = f"{BUILD}/chart/package.json"
PACKAGE_FILE = f"{BUILD}/chart/package.tgz"
TESTFLIGHT = f"{BUILD}/testflight/verdict.json"
DEPLOYMENTS = f"{BUILD}/deployments/head.json"
RENDERED = "values.rendered.yaml"  # in an environment's folder of the deployments repository


def mirror(remote: str) -> str:
    """Return our bare copy of a remote's objects; it can be made again at any time."""
    return f"{BUILD}/mirrors/{remote}.git"


def head_input(name: str) -> str:
    """Return the fingerprint file of an input set at the head."""
    return f"{BUILD}/source/inputs/{name}"


def candidate_input(name: str) -> str:
    """Return the fingerprint file of an input set at the candidate's commit."""
    return f"{BUILD}/candidate/inputs/{name}"


def verdict(check: str) -> str:
    """Return the verdict file of a check."""
    return f"{BUILD}/checks/{check}.json"


def kept_of(check: str) -> str:
    """Return the folder of what a check keeps: artifacts, passes, the mark of one cut off."""
    return f"{BUILD}/checks/{check}"


def chosen_input(name: str) -> str:
    """Return the fingerprint file of an input set at what `ref=` names."""
    return f"{BUILD}/ref/inputs/{name}"


def chosen_verdict(check: str) -> str:
    """Return the verdict file of a check on what `ref=` names."""
    return f"{BUILD}/ref/checks/{check}.json"


def sighting(port: str) -> str:
    """Return the file of what an observer saw."""
    return f"{BUILD}/seen/{port}.json"


def receipt(task: str) -> str:
    """Return the receipt of an effect; `push:web` becomes `push.web.json`."""
    return f"{BUILD}/receipts/{task.replace(':', '.')}.json"


def app(name: str) -> str:
    """Return an app's stamped environment file."""
    return f"{BUILD}/apps/{name}.env"


def image(name: str) -> str:
    """Return the fact of a built image: digest, layers, the key it was built for."""
    return f"{BUILD}/images/{name}.json"


def image_layout(name: str) -> str:
    """Return the OCI layout folder of a built image."""
    return f"{BUILD}/images/{name}"


def environment_values(environment: str) -> str:
    """Return an environment's own values, as the deployments repository has them."""
    return f"{BUILD}/deployments/values/{environment}.yml"


def rendered_values(environment: str) -> str:
    """Return an environment's values for the chart, rendered."""
    return f"{BUILD}/chart/values/{environment}.yaml"


def manifests(environment: str) -> str:
    """Return what the chart renders to for an environment."""
    return f"{BUILD}/chart/manifests/{environment}.yaml"


def promotion(environment: str) -> str:
    """Return the fact of which files an environment should have now."""
    return f"{BUILD}/promotion/{environment}.json"


def tfplan(environment: str) -> str:
    """Return the fact of an environment's saved Terraform plan; the plan stands beside it."""
    return f"{BUILD}/tfplan/{environment}.json"


def health(environment: str) -> str:
    """Return the verdict on what runs in an environment."""
    return f"{BUILD}/health/{environment}.json"


def judged(environment: str) -> str:
    """Return what `promotion` last found out, and for which heads: an idle run asks no more."""
    return f"{BUILD}/promotion/{environment}.judged.json"


def tfplan_file(environment: str) -> str:
    """Return the saved Terraform plan itself; it may hold secrets, and nobody else reads it."""
    return f"{BUILD}/tfplan/{environment}.tfplan"


def deploy_tree(environment: str) -> str:
    """Return the folder of the very files that an environment is deployed from."""
    return f"{BUILD}/deploy/{environment}/tree"


def deploy_ready(environment: str) -> str:
    """Return the note that this folder's Terraform root was prepared, and with which backend."""
    return f"{BUILD}/deploy/{environment}/ready.json"


def deploy_intent(environment: str) -> str:
    """Return the note that an apply has begun, or ended; gone when the deployment is recorded."""
    return f"{BUILD}/deploy/{environment}/intent.json"


def deploy_lock(environment: str) -> str:
    """Return the note of which lock of an environment is ours; it is gone when that is given up."""
    return f"{BUILD}/deploy/{environment}/lock.json"


def tfplan_run(environment: str) -> str:
    """Return the note of which process's run a saved plan belongs to: it ends with that."""
    return f"{BUILD}/tfplan/{environment}.run"


def work(task: str) -> str:
    """Return a task's scratch folder."""
    return f"{BUILD}/work/{task.replace(':', '.')}"


def log(task: str) -> str:
    """Return the full log of a task."""
    return f"{BUILD}/logs/{task.replace(':', '.')}.log"


_SPOKEN = (
    (f"{BUILD}/source/head.json", "the head"),
    (f"{BUILD}/source/inputs/", "the head's "),
    (f"{BUILD}/ref/head.json", "what ref= names"),
    (f"{BUILD}/ref/inputs/", "the chosen "),
    (f"{BUILD}/ref/checks/", "the verdict of "),
    (f"{BUILD}/candidate/inputs/", "the candidate's "),
    (f"{BUILD}/forge/merged.json", "the merged promotion"),
    (f"{BUILD}/version.json", "the version"),
    (f"{BUILD}/binary", "the binary"),
    (f"{BUILD}/apps/", "the stamp of "),
    (f"{BUILD}/images/", "the image "),
    (f"{BUILD}/checks/", "the verdict of "),
    (f"{BUILD}/changelog/", "the changelog"),
    (f"{BUILD}/docs/", "the documentation"),
    (f"{BUILD}/chart/chart.json", "the chart"),
    (f"{BUILD}/chart/lint.json", "the chart's lint"),
    (f"{BUILD}/chart/package", "the chart's package"),
    (f"{BUILD}/chart/values/", "the values of "),
    (f"{BUILD}/chart/manifests/", "the manifests of "),
    (f"{BUILD}/testflight/", "the testflight"),
    (f"{BUILD}/deployments/values/", "the own values of "),
    (f"{BUILD}/deployments/head.json", "the deployments"),
    (f"{BUILD}/promotion/", "the files of "),
    (f"{BUILD}/tfplan/", "the plan of "),
    (f"{BUILD}/health/", "the health of "),
    (f"{BUILD}/seen/live.", "what runs in "),
    (f"{BUILD}/receipts/", "the receipt of "),
    ("tasks/", "Slipway's own "),
)


def spoken(path: str) -> str:
    """Return a file that a task reads in words; one that people edit keeps its path."""
    for prefix, words in _SPOKEN:
        if path.startswith(prefix):
            if not words.endswith(" "):
                return words
            name = path.removeprefix(prefix).removesuffix(".json").removesuffix(".env")
            for ending in (".yaml", ".yml"):
                name = name.removesuffix(ending)
            return words + name
    return path


@cache
def room_sources(room: str) -> tuple[str, ...]:
    """Return the Python files of a room, sorted: a task depends on the code it runs."""
    files = (ROOT / "tasks" / room).rglob("*.py")
    return tuple(
        sorted(file.relative_to(ROOT).as_posix() for file in files if file.name != "__main__.py")
    )
