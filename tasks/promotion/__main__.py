"""The command line: `python -m tasks.promotion check|prepare|record|… -e ENV`.

Takes cepler's options and environment variables, prints what it prints, and ends with its exit
codes: 0 done, 1 anything wrong, 2 for a `check` that found nothing new.
"""

from __future__ import annotations

import gc
import os
import sys

from tasks.kernel import stop

if __name__ == "__main__":
    stop.install()
    # A check takes as long as Python needs to begin and to end: no looking for garbage while
    # modules are read, and no taking them apart again in the end.
    gc.set_threshold(100_000)
    from .engine.commands import main

    try:
        code = main()
    except SystemExit as end:  # a signal, or the command line itself
        code = end.code if isinstance(end.code, int) else 0
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads it
        code = code or 1
    os._exit(code)
