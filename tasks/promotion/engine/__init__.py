"""The engine: cepler's rules and files, as a library on git alone. It knows no doit.

Values: `config`, `globs`, `documents`, `scalars`, `state`, `statefile`, `queue`. Reading git:
`repository`, `desired` (the walk to the trigger commit), `origins`, `records`, `gates`. Changing
something: `checkout` (files), `commits`, `remote`. In front: `bare` for commits without a work
tree, `workspace` with `arguments`, `commands` and `concourse` for the command line.
"""

from __future__ import annotations

from .bare import (
    Pending,
    UpstreamNotDeployed,
    compare,
    config_at,
    desired,
    export,
    gate_commit,
    gates_at,
    pending,
    record_commit,
    records_at,
)
from .commits import message
from .config import Config, Environment
from .gates import parse as parse_gates
from .repository import Repository
from .state import Difference, File, Record, State

__all__ = [
    "Config",
    "Difference",
    "Environment",
    "File",
    "Pending",
    "Record",
    "Repository",
    "State",
    "UpstreamNotDeployed",
    "compare",
    "config_at",
    "desired",
    "export",
    "gate_commit",
    "gates_at",
    "message",
    "parse_gates",
    "pending",
    "record_commit",
    "records_at",
]
