"""`doit where COMMIT`: how far a change has got, and what it waits for. Changes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..kernel.errors import WrongUsage
from ..kernel.redact import printable
from ..kernel.world import World


def where(world: World, names: Sequence[str] = (), as_json: bool = False) -> str:
    """Print how far a change has got.

    Args:
        world: whose configuration says where everything is.
        names: one commit: a tag, an id or the beginning of one, `#` and the number of a pull
            request, or any other revision (`HEAD~2`, a branch).
        as_json: for a program.

    Raises:
        WrongUsage: not one was named, nothing is called so, or more than one commit is.
        Failed: it is in no release branch.
    """
    from .passage import passage
    from .stops import shown

    if len(names) != 1:
        raise WrongUsage("name one commit", fix="doit where COMMIT (an id, a tag, '#12', HEAD)")
    found = passage(world, names[0])
    print(printable(json.dumps(found.plain(), indent=2) if as_json else shown(found)))
    return ""
