"""The vendored chart among an environment's files: its versions, and the digests it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..kernel import git as g
from ..kernel.errors import SlipwayError
from ..kernel.world import World
from ..promotion import repository_of

if TYPE_CHECKING:
    from ..promotion import engine


@dataclass(frozen=True, slots=True)
class Chart:
    """What is deployed, as far as the chart tells.

    Attributes:
        name: of the chart.
        version: of the chart itself.
        app_version: the release in it.
        commit: of the charts repository that it was vendored from; "" when nobody says.
        digests: image → digest.
    """

    name: str
    version: str
    app_version: str
    commit: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)

    def trailers(self) -> list[str]:
        """Return the chart as trailers of a commit message."""
        return [
            f"Slipway-Release: {self.app_version}",
            f"Slipway-Chart: {' '.join(filter(None, [self.name, self.version, self.commit]))}",
            *(f"Slipway-Digest: {name} {at}" for name, at in sorted(self.digests.items())),
        ]


def chart_in(world: World, state: engine.State | None) -> Chart | None:
    """Return the chart in a state; None when it has none.

    Raises:
        SlipwayError: a file of it cannot be read.
    """
    folder, told = world.config.deployments.vendored, world.config.chart
    if folder is None or told is None or state is None:
        return None
    hashes = state.hashes()
    about = hashes.get(f"{folder}/Chart.yaml")
    if about is None:
        return None
    chart = _yaml(world, about, f"{folder}/Chart.yaml")
    values: Any = {}
    if blob := hashes.get(f"{folder}/{told.values}"):
        values = _yaml(world, blob, f"{folder}/{told.values}")
    found = {image: lookup(values, path) for image, path in told.images.items()}
    return Chart(
        name=_word(chart, "name"),
        version=_word(chart, "version"),
        app_version=_word(chart, "appVersion"),
        commit=_vendored_from(world, state, folder),
        digests={image: at for image, at in found.items() if at},
    )


def _word(chart: Any, name: str) -> str:
    return _plain(chart.get(name)) if isinstance(chart, dict) else ""


def _plain(text: Any) -> str:
    """Return a text in one line: these end up in trailers, where a line is a statement."""
    return " ".join(text.split()) if isinstance(text, str) else ""


def _yaml(world: World, blob: str, where: str) -> Any:
    """Read YAML with every scalar as it is written: a version 1.10 is not the number 1.1."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return yaml.load(repository_of(world).blob(blob), Loader=loader)  # noqa: S506 - texts only
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise SlipwayError("the file is not valid YAML", where=where, detail=[said]) from None


def lookup(values: Any, path: str) -> str:
    """Return what stands at a dotted path, numbers counting in lists; "" for nothing."""
    at = values
    for part in path.split("."):
        if isinstance(at, dict):
            at = at.get(part)
        elif isinstance(at, list) and part.isdigit() and int(part) < len(at):
            at = at[int(part)]
        else:
            return ""
    return _plain(at)


def _vendored_from(world: World, state: engine.State, folder: str) -> str:
    """Return the commit of the charts repository, as `vendir.yml` said when the files came in."""
    commits = sorted(
        {
            file.from_commit
            for key, file in state.files.items()
            if f"}}/{folder}/" in key and file.from_commit
        }
    )
    if not commits:
        return ""
    repository = repository_of(world)
    newest = g.text(
        "rev-list", "--topo-order", "--max-count=1", *commits, "--", repo=repository.path
    )
    file = repository.tree(newest).get(world.config.deployments.vendir)
    if file is None:
        return ""
    from ..vendir import vendored_ref

    try:
        return str(vendored_ref(repository.blob(file.blob), folder))
    except SlipwayError:
        return ""  # of an older form: a record need not name what nobody can read
