"""Checks: a verdict for each, on the very commit that is to be released, or on what `ref=` names.

A check runs in a clean checkout. It runs again when one of its declared inputs changed, and every
pass is remembered by the fingerprint of what passed, so the same tree is never judged twice.

    subject      what is judged, and where its facts are
    chosen       `ref=`: a branch, tag, commit or folder → a commit
    verdict      one check: by its command, or by a rule
    attempt      once: a tree, before, the command, after
    unfinished   the mark by which a killed attempt is ended by the next run
    passes       what has passed, by fingerprint
    artifacts    what checks keep, for people and for other stages
    messages     the rule conventional-commits
    pulls        the rules promote-files and pull-limit
    statuses     what was judged, told to the forge
    telling      what it cannot tell: that a check runs, or has failed
"""

from .artifacts import lay as lay_artifacts

__all__ = ["lay_artifacts"]
