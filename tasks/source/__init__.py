"""The source: which commit is released, and one fingerprint for each declared input set.

The observer fixes the commit for the whole run. What stages depend on are git tree ids, so that
an input set costs the same however many files it has.
"""

from .fingerprints import fingerprints
from .observe import head_of

__all__ = ["fingerprints", "head_of"]
