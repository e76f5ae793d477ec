"""The command line: `python -m tasks.promotion check|prepare|record|… -e ENV`.

Takes cepler's options and environment variables, prints what it prints, and ends with its exit
codes: 0 done, 1 anything wrong, 2 for a `check` that found nothing new.
"""

from __future__ import annotations

from tasks.kernel import stop


def _command() -> int:
    from .engine.commands import main

    return main()


if __name__ == "__main__":
    stop.run(_command)
