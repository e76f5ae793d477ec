"""`candidate:drop`: a human says no to the candidate that waits; nothing of it is deleted.

Its promotion is closed, which every later run takes for the answer that it is. Tag and images stay:
they say what was built, and its number is used up.
"""

from __future__ import annotations

from ..forge import Pull, connect, marked
from ..kernel import journal
from ..kernel.asking import who_and_why
from ..kernel.errors import Failed
from ..kernel.redact import printable
from ..kernel.world import World
from .takeover import say_once


def _waiting(world: World) -> Pull:
    """Return the open promotion.

    Raises:
        Failed: none waits, or what is open there is none of ours.
    """
    pulls = connect(world).pulls(world.config.promotion.branch)
    pull = next((pull for pull in pulls if pull.state == "open"), None)
    if pull is None:
        raise Failed("no candidate waits for an answer", fix="doit status says where things stand")
    if not marked(pull.body):
        raise Failed(f"{pull.where} is no promotion that Slipway made", fix="close it by hand")
    return pull


def drop(world: World, by: str = "", why: str = "") -> str:
    """Show what would be dropped, ask, and close its promotion.

    Raises:
        Failed: none waits, or another one does by now.
    """
    pull, forge = _waiting(world), connect(world)
    candidate = marked(pull.body)
    print(
        printable(
            f"{candidate} would not be released: {pull.where} is closed, with your words in it.\n"
            "Its tag and images stay. The next change makes the next candidate.\n"
        )
    )
    by, why = who_and_why(
        by,
        why,
        command="doit candidate:drop",
        reason="Why is it not to be released? ",
        question=f"Drop {candidate}",
    )
    now = _waiting(world)
    if (now.number, marked(now.body), now.head) != (pull.number, candidate, pull.head):
        raise Failed(
            f"{now.where} has changed while you were looking at {candidate}",
            fix="doit candidate:drop shows what waits now",
        )
    # The words first: a run that is killed in between says them no second time.
    say_once(
        forge,
        pull,
        f"<!-- Slipway-Dropped: {candidate} -->\n**{candidate} is dropped** by {by}: {why}\n",
    )
    forge.close_pull(pull.number)
    journal.effect("candidate:drop", f"close {pull.where}, by {by}: {why}")
    print(printable(f"\n{candidate} is dropped: {pull.where} is closed.\nnext     doit release"))
    return ""
