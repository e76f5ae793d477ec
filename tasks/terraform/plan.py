"""Pure: what a saved plan would do, from the JSON that `show -json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..kernel.errors import Failed

_VERBS = {
    ("create",): "add",
    ("update",): "change",
    ("delete",): "destroy",
    ("create", "delete"): "replace",
    ("delete", "create"): "replace",
    ("create", "forget"): "replace",
    ("forget", "create"): "replace",
    ("forget",): "forget",
}
_NOTHING = (("no-op",), ("read",))  # untouched, or only read
_REASONS = {
    "replace_because_tainted": "it was not finished before",
    "replace_by_request": "asked for",
    "replace_by_triggers": "what it follows is replaced",
    "delete_because_no_resource_config": "no longer in the files",
    "delete_because_no_module": "its module is no longer in the files",
    "delete_because_count_index": "fewer are wanted",
    "delete_because_each_key": "it is no longer wanted",
}
# `terraform_data` holds one of these as a whole; what changed is inside.
_HOLDERS = ("triggers_replace", "input")
_PROTECTION = "deletion_protection"
_ENDINGS = ("_sha256", "_digest", "_id")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a saved plan would do.

    Attributes:
        empty: nothing at all, outputs included.
        add: resources it would make; `change`, `replace` and `destroy` are counts as well.
        lines: a line each, in words, without any value; sorted by address.
        serial: of the state that it was made for; 0 for none yet.
        lineage: of that state; "" for none yet.
        protected: addresses it would destroy or replace although they are set to be protected
            (`deletion_protection`); Terraform itself refuses where `prevent_destroy` is set.
        destroys: addresses of what it would destroy and not make anew.
        makes: addresses of what it would make: anew, or since it is not there.
        addresses: of all resources that it knows, those that stay as they are as well.
    """

    empty: bool
    add: int
    change: int
    replace: int
    destroy: int
    lines: tuple[str, ...]
    serial: int
    lineage: str
    protected: tuple[str, ...]
    destroys: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def summary(self) -> dict[str, int]:
        """The counts by name."""
        return {
            "add": self.add,
            "change": self.change,
            "replace": self.replace,
            "destroy": self.destroy,
        }


def read(told: Mapping[str, Any], *, empty: bool, serial: int, lineage: str) -> Plan:
    """Return what a plan would do.

    Args:
        told: what `show -json` prints of it.
        empty: Terraform said that there is nothing to do.
        serial: of the prior state.
        lineage: of the prior state.

    Raises:
        Failed: it would do something that no guard knows how to judge.
    """
    counts = dict.fromkeys(("add", "change", "replace", "destroy"), 0)
    lines, protected, destroys, makes = [], [], [], []
    changes = sorted(told.get("resource_changes", ()), key=lambda one: str(one["address"]))
    for one in changes:
        actions = tuple(one["change"]["actions"])
        if actions in _NOTHING:
            continue
        verb = _verb(actions, one["address"])
        if verb in counts:
            counts[verb] += 1
        reason = _reason(verb, one)
        lines.append(f"{verb:<7}  {one['address']}{f' ({reason})' if reason else ''}")
        if verb in ("destroy", "replace") and _is_protected(one["change"].get("before")):
            protected.append(str(one["address"]))
        if verb == "destroy":
            destroys.append(str(one["address"]))
        if verb in ("replace", "add"):
            makes.append(str(one["address"]))
    for name, change in sorted(told.get("output_changes", {}).items()):
        if change["actions"] != ["no-op"]:
            lines.append(f"output   {name}")
    return Plan(
        empty,
        **counts,
        lines=tuple(lines),
        serial=serial,
        lineage=lineage,
        protected=tuple(protected),
        destroys=tuple(destroys),
        makes=tuple(makes),
        addresses=tuple(str(one["address"]) for one in changes if one.get("mode") != "data"),
    )


def _verb(actions: tuple[str, ...], address: str) -> str:
    if actions not in _VERBS:
        raise Failed(
            f"the plan would do to {address} what is not known here: {', '.join(actions)}",
            fix="plan with another version of Terraform, or apply that part by hand",
        )
    return _VERBS[actions]


def _reason(verb: str, told: Mapping[str, Any]) -> str:
    """Return why, in words that hold names and no values."""
    given = _REASONS.get(str(told.get("action_reason", "")), "")
    if verb == "replace" and "forget" in told["change"]["actions"]:
        return "the one before is let go, and stays"
    if given or verb not in ("change", "replace"):
        return given
    change = told["change"]
    unknown = change.get("after_unknown")
    pairs = _changed(change.get("before") or {}, change.get("after") or {}, unknown or {})
    forcing = {str(path[0]) for path in change.get("replace_paths", ()) if path}
    # Of what changes, only what a replacement follows from is the reason for it.
    names = {inner for outer, inner in pairs if outer in forcing} or {one for _, one in pairs}
    told_names = sorted({_spoken(name) for name in names})
    return f"{', '.join(told_names)} changed" if told_names else ""


def _changed(
    before: Mapping[str, Any], after: Mapping[str, Any], unknown: Mapping[str, Any]
) -> set[tuple[str, str]]:
    """Return the names of what changes: an attribute, and the key in it (or its own name)."""
    found: set[tuple[str, str]] = set()
    for name in {*before, *after}:
        old, new, open_ = before.get(name), after.get(name), unknown.get(name)
        if name in _HOLDERS and isinstance(old, dict) and isinstance(new, dict):
            still = open_ if isinstance(open_, dict) else {}
            inside = {key for key in {*old, *new} if old.get(key) != new.get(key)}
            inside.update(key for key in still if still[key])
            found.update((name, key) for key in inside)
        elif old != new and not (new is None and open_ and name not in _HOLDERS):
            found.add((name, name))
    return found


def _spoken(name: str) -> str:
    for ending in _ENDINGS:
        if len(name) > len(ending):
            name = name.removesuffix(ending)
    return name.replace("_", " ")


def _is_protected(before: Any) -> bool:
    """Say whether a resource says of itself that it must not be deleted."""
    if not isinstance(before, dict):
        return False
    held = [before, *(before.get(name) for name in _HOLDERS)]
    return any(isinstance(one, dict) and one.get(_PROTECTION) is True for one in held)
