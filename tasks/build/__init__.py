"""Builds: the version-stamped environment of each app, and the compiled binary.

The binary carries the commit and the core version, so that its bytes are the same in the
candidate, in the release's asset and in the final image; the candidate's number never goes into it.
"""

from .binary import Compiled, asset_of, compile_binary
from .binary import content_of as binary_content
from .stamp import stamped_env

__all__ = ["Compiled", "asset_of", "binary_content", "compile_binary", "stamped_env"]
