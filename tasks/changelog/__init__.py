"""The changelog: git-cliff writes the new section; it goes on top of what is there, byte for byte.

The section is also the release's notes, as it was reviewed in the promotion.
"""

from .section import prepended, section_of

__all__ = ["prepended", "section_of"]
