"""The command line: `python -m tasks.vendir sync|verify …`.

`sync` takes vendir's options and prints what it prints. Exit codes: 0 done, 1 anything wrong; for
`verify` also a tree that is not what its lock says.
"""

from __future__ import annotations

import gc
import os
import sys

from tasks.kernel import stop

if __name__ == "__main__":
    stop.install()
    # A sync takes as long as Python needs to begin and to end: looking for garbage while modules
    # are read, and taking them apart again in the end, would be a quarter of that.
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
