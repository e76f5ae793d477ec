"""The command line: `python -m tasks.version next --repo DIR [--ref REF] [--final]`.

Exit codes: 0 and the version alone on stdout; 2 when there is nothing to release; 1 for anything
else. The reason goes to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tasks.kernel import quick

from .questions import REFS, SHALLOW, head_question
from .words import FAILED, Wanted, read

DONE = 0
NOTHING = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    wanted = read(sys.argv[1:] if arguments is None else arguments)
    if wanted.repo and (question := head_question(wanted.ref, SHALLOW)):
        quick.begin(wanted.repo, *question)
        quick.begin(wanted.repo, *REFS)
    # What follows is read while git looks for the answers.
    from tasks.kernel.errors import SlipwayError

    try:
        return _next(wanted)
    except SlipwayError as error:
        print(error, file=sys.stderr)
        return FAILED


def _next(wanted: Wanted) -> int:
    from .bump import core_of
    from .history import look, rules_at
    from .sight import Sight, next_candidate

    view = look(wanted.repo, wanted.ref, hasty=True, ask=quick.git)
    rules = rules_at(wanted.repo, view.head, quick.git)
    version = next_candidate(view, rules)
    if version is None:
        reason = Sight.from_top(view, rules).no_release(view, rules)
        print(f"nothing to release: {reason}", file=sys.stderr)
        return NOTHING
    return _say(str(core_of(version) if wanted.final else version))


def _say(version: str) -> int:
    """Print the version; a script must not take "nothing" for an answer."""
    try:
        print(version, file=sys.stdout or sys.stderr, flush=True)
    except BrokenPipeError:
        return FAILED  # whoever read it has gone
    except OSError as error:
        print(f"the version could not be printed: {error.strerror}", file=sys.stderr)
        return FAILED
    return DONE if sys.stdout else FAILED


if __name__ == "__main__":
    # At once: nothing is left to tidy up, and Python would take a tenth of the time for it.
    os._exit(main())
