#!/usr/bin/env python3
"""Build `lana-cli`: the server as one executable file that any Python 3.11 runs.

VERSION and COMMITHASH in the environment are stamped into it. Equal inputs give equal bytes:
entries are sorted and stored uncompressed, with one fixed time and one fixed mode.
"""

import argparse
import os
import zipfile
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).resolve().parent
START = "from server.__main__ import main\n\nraise SystemExit(main())\n"


def entries(version: str, commit: str) -> dict[str, bytes]:
    """Return every file of the archive by its name."""
    sources = sorted((HERE / "server").glob("*.py"))
    files = {f"server/{path.name}": path.read_bytes() for path in sources}
    files["server/_built.py"] = f"VERSION = {version!a}\nCOMMIT = {commit!a}\n".encode()
    files["__main__.py"] = START.encode()
    return files


def executable(files: dict[str, bytes]) -> bytes:
    """Return the archive with the line in front that makes a system start Python."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            target.writestr(entry, content)
    return b"#!/usr/bin/env python3\n" + archive.getvalue()


def main() -> None:
    """Write the executable to the path that `--output` names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="where to write it")
    output: Path = parser.parse_args().output
    version = os.environ.get("VERSION") or "dev"
    commit = os.environ.get("COMMITHASH") or "unknown"
    output.parent.mkdir(parents=True, exist_ok=True)
    half = output.with_name(f".{output.name}.{os.getpid()}")
    half.write_bytes(executable(entries(version, commit)))
    half.chmod(0o755)
    half.replace(output)
    print(f"{output}: {version} ({commit}), {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
