"""`notify:test`: everybody who is told of anything gets one notice, now."""

from __future__ import annotations

from ..kernel.errors import Failed, SlipwayError
from ..kernel.redact import printable, redact
from ..kernel.world import World
from .notice import Notice
from .send import deliver, name_of


def trial(world: World) -> str:
    """Send a notice that says it is a trial, and print who took it.

    Raises:
        Failed: somebody did not.
    """
    if not world.config.notify:
        print("nobody is told of anything: there is no notify: in the pipeline file")
        return ""
    project = world.config.project
    notice: Notice = {"event": "test", "project": project, "task": "notify:test"}
    notice |= {"version": "", "commit": "", "command": "", "url": ""}
    notice["text"] = f"a trial: this is how {project} tells of its gates, failures and releases"
    missed = 0
    for told in world.config.notify:
        who = f"{name_of(told)} ({', '.join(told.on)})"
        try:
            deliver(world, told, notice)
        except SlipwayError as error:
            missed += 1
            print(printable(redact(f"✗ {who}: {error}")))
        else:
            print(printable(f"✓ {who} took it"))
    if missed:
        raise Failed(f"{missed} of {len(world.config.notify)} did not take it")
    return ""
