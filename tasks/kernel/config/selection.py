"""Which pipeline file is meant."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import WrongUsage

DEFAULT = "pipeline.yml"
VARIABLE = "SLIPWAY_PIPELINE"


def selected_path(root: Path) -> Path:
    """Return the pipeline file that this command is about.

    `pipeline=PATH` on doit's command line comes before the environment's SLIPWAY_PIPELINE, and both
    before the checkout's own `pipeline.yml`. A relative path is relative to the folder where the
    command was typed: SLIPWAY_CWD, which the wrapper sets since doit changes folders, else the
    working folder.

    Args:
        root: the checkout.

    Raises:
        WrongUsage: `pipeline=` names nothing: an unset shell variable must not choose another file.
    """
    import doit

    chosen = doit.get_var("pipeline")
    if chosen is not None and not chosen.strip():
        raise WrongUsage(
            "pipeline= on the command line names no file",
            fix="write pipeline=PATH, or leave it out for pipeline.yml",
        )
    chosen = chosen or os.environ.get(VARIABLE)
    if not chosen:
        return root / DEFAULT
    return Path(os.environ.get("SLIPWAY_CWD") or Path.cwd()) / chosen
