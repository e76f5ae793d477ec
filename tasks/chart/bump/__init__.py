"""Editing a chart's YAML in place: scalars by path, and the breadcrumb comments beside them.

Nothing is ever serialised again. `layout` and `lookup` find where a scalar stands, `spelling` how a
new value is written there, `breadcrumb` reads the comment, and `edit` puts them together into
replacements of a few characters, checked by reading the result again. `document` answers what
stands in a file now. `chart_yaml` is the same for the versions in `Chart.yaml`, `pull_request` the
words of the pull request. `files` alone touches the disk.
"""

from __future__ import annotations

from .breadcrumb import Crumb, Origin
from .chart_yaml import chart_edits, next_version
from .document import git_ref_path, old_ref, read_crumb, value_at
from .edit import Edit, bump, edit, renew
from .files import rewrite
from .pull_request import Bumped, PullRequestText, pull_request

__all__ = [
    "Bumped",
    "Crumb",
    "Edit",
    "Origin",
    "PullRequestText",
    "bump",
    "chart_edits",
    "edit",
    "git_ref_path",
    "next_version",
    "old_ref",
    "pull_request",
    "read_crumb",
    "renew",
    "rewrite",
    "value_at",
]
