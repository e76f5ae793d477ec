"""The chart: how a release gets into it, and whether what it renders to may be deployed.

`bump` edits images' digests, references and breadcrumb comments in a chart's files without touching
any other byte. It is values in, values out, knows nothing of doit, and is a command by itself:
`python -m tasks.chart bump VALUES --set a.b.0.digest=sha256:… --ref REF`.

Around it, `remote` asks where the chart stands, `release` says what its files should be (`modules`:
the folders of the source that it takes along), and `proposal` what stands of that on the forge;
`propose` and `merge` are the effects that take a release in, `candidate` the one that only shows.
`values` renders what each environment tells the chart (`rendering`, `own_values`), and `looks` has
`helm` judge and render the whole (`builds`: images of one build; `policy`: every image by its
digest, with limits). `packing` makes one file of it, and `compare` shows what it would change
(`manifests`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .offered import offer_of

__all__ = ["offer_of"]


def __getattr__(name: str) -> Any:
    """Load what passes between rooms when it is asked for: the editor alone needs none of it."""
    if name in __all__:
        from . import offered

        return getattr(offered, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
