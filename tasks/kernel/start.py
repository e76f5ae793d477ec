"""What the wrapper starts instead of doit itself, so that ^C is met from the first moment on.

doit and the graph take a tenth of a second to load; whoever changes their mind in that time would
be shown a traceback. Nothing is running yet, so there is nothing to tidy up. Once the graph runs,
the reporter takes over.
"""

from __future__ import annotations

import os
import runpy
import signal


def _stop(number: int, _frame: object) -> None:
    os.write(2, b"stopped before anything ran\n")
    os._exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _stop)
    runpy.run_module("doit", run_name="__main__", alter_sys=True)
