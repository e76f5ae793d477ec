"""Documentation: what a release's site gets, generated and kept, ready for the promotion.

The configured commands write API docs and event schemas into a checkout of the candidate's commit;
the pages as they are then are kept as a version of their own, and the oldest versions go. The
promotion commits it beside the changelog. Nothing of it is in an input set, so merging it makes no
new candidate. `python -m tasks.docs snapshot` keeps a version of a site in any folder.

    tree       a site's files: in a folder, or at a commit
    snapshot   pure: the files that keep a version, and those of versions that go
    generate   the commands, and what they changed
    bundle     all of it as two facts, and what of it a commit needs
"""

from .bundle import files_for as docs_for

__all__ = ["docs_for"]
