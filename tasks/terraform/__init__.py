"""The port to Terraform, or OpenTofu: one root, planned, applied and destroyed; values in and out.

    program      `Terraform`: the commands, and nothing of them left running or half written
    plan         pure: what a saved plan would do, counted and in words
    said         pure: Terraform's diagnostics, and whose lock is in the way
    backend      where a root keeps its state
    surroundings the variables by which modules reach the cluster

Nothing of it prints or logs what may hold a secret: a plan, a state, an output.
"""

from __future__ import annotations

from .backend import Backend, backend_of, files_of, only_for_tofu, state_config
from .plan import Plan
from .program import Terraform
from .said import Locked, Stale
from .surroundings import TERRAFORM, environment_for, find_terraform

__all__ = [
    "TERRAFORM",
    "Backend",
    "Locked",
    "Plan",
    "Stale",
    "Terraform",
    "backend_of",
    "environment_for",
    "files_of",
    "find_terraform",
    "only_for_tofu",
    "state_config",
]
