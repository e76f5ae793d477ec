import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAMP = {"VERSION": "1.2.3", "COMMITHASH": "0123abc"}


def build(output: Path, umask: int) -> bytes:
    subprocess.run(
        [sys.executable, "build.py", "--output", str(output)],
        cwd=ROOT, env={**os.environ, **STAMP}, umask=umask, check=True, capture_output=True,
    )  # fmt: skip
    return output.read_bytes()


class Build(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_equal_inputs_give_equal_bytes_whatever_the_umask(self) -> None:
        first = build(self.folder / "one" / "lana-cli", 0o022)
        self.assertEqual(build(self.folder / "two" / "lana-cli", 0o077), first)

    def test_the_executable_tells_what_it_was_stamped_with(self) -> None:
        build(self.folder / "lana-cli", 0o022)
        env = {"PATH": os.environ["PATH"], "VERSION": "another"}
        told = subprocess.run(
            [self.folder / "lana-cli", "version"],
            cwd=self.folder, env=env, check=True, capture_output=True, text=True,
        )  # fmt: skip
        self.assertEqual(told.stdout, "lana-cli 1.2.3 (0123abc)\n")
