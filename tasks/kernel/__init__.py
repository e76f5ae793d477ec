"""Mechanism that all rooms share: paths, facts, receipts, observers, effects, programs, git, locks.

The kernel knows nothing of releases, images or environments; a rule of the pipeline never stands
here.
"""
