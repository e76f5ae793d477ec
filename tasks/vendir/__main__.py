"""The command line: `python -m tasks.vendir sync|verify …`.

`sync` takes vendir's options and prints what it prints. Exit codes: 0 done, 1 anything wrong; for
`verify` also a tree that is not what its lock says.
"""

from __future__ import annotations

import sys

from .engine.commands import main

if __name__ == "__main__":
    sys.exit(main())
