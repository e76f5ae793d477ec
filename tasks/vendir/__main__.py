"""The command line: `python -m tasks.vendir sync|verify …`.

`sync` takes vendir's options and prints what it prints. Exit codes: 0 done, 1 anything wrong; for
`verify` also a tree that is not what its lock says.
"""

from __future__ import annotations

from tasks.kernel import stop


def _command() -> int:
    from .engine.commands import main

    return main()


if __name__ == "__main__":
    stop.run(_command)
