"""Checks: a verdict for each, on the very commit that is to be released.

A check runs in a clean checkout of the head. It runs again when one of its declared inputs
changed, so the same tree is never judged twice.
"""
