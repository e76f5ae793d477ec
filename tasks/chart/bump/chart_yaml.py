"""The two versions in `Chart.yaml`: `appVersion`, what it installs, and `version`, the chart's own.

Both are edited like any other scalar of a chart; a chart's version must be a semantic version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tasks.kernel.errors import SlipwayError

from .document import value_at
from .edit import Edit

if TYPE_CHECKING:
    from semver import Version

Part = Literal["major", "minor", "patch"]


def chart_edits(*, app_version: str | None = None, version: str | None = None) -> tuple[Edit, ...]:
    """Return the edits of `Chart.yaml` that set these versions.

    Args:
        app_version: the new `appVersion`, any text.
        version: the new `version`; bumped only when told so.

    Raises:
        SlipwayError: the chart's version is no semantic version.
    """
    edits = [] if app_version is None else [Edit("appVersion", app_version)]
    if version is not None:
        edits.append(Edit("version", str(_semantic(version, "the chart's version"))))
    return tuple(edits)


def next_version(text: bytes, part: Part, *, name: str = "Chart.yaml") -> str:
    """Return the chart's version with one part counted up.

    Args:
        text: the content of `Chart.yaml`.
        part: which part; the ones after it become 0.
        name: the file, for messages.

    Raises:
        SlipwayError: it has no `version`, or one that is no semantic version.
    """
    now = _semantic(value_at(text, "version", name=name), f"{name}: version")
    return str(getattr(now, f"bump_{part}")())


def _semantic(version: str, what: str) -> Version:
    import semver

    try:
        return semver.Version.parse(version)
    except ValueError:
        raise SlipwayError(f"{what} is no semantic version: {version!r}") from None
