"""What git is always told, whoever starts it: settings, environment, and what it is to leave alone.

It imports next to nothing: `kernel.quick` is loaded by commands that have to be there at once.
"""

from __future__ import annotations

import os  # its `path` too: pathlib takes longer to import than git to answer
import re
from collections.abc import Collection, Mapping

from .errors import SlipwayError
from .redact import secret_names, without_secrets

# Nothing a person has configured for themselves may change what the pipeline reads or writes.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "core.autocrlf=false",
    "core.fsmonitor=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "push.gpgSign=false",
    "push.followTags=false",  # a tag that somebody deleted on the remote would come back
    "push.pushOption=",
    "log.date=default",
    "log.showSignature=false",
    "i18n.commitEncoding=utf-8",  # it is part of a commit, so of its id
    "i18n.logOutputEncoding=utf-8",
    "safe.bareRepository=all",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
    "protocol.ext.allow=never",
    "init.defaultBranch=main",
    "user.useConfigOnly=true",
)
_DIGITS = 9
_BARE = re.compile(r"[^/]\.git/*$")
ARGUMENTS = tuple(word for setting in _SETTINGS for word in ("-c", setting))
# What tells git of another repository than the one it is given: a hook's environment, say.
ELSEWHERE = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DEFAULT_HASH",
    "GIT_EXTERNAL_DIFF",
    # … or has it read paths and attributes in another way.
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_ATTR_SOURCE",
)


class GitError(SlipwayError):
    """Git said no; `detail` has its words."""

    returncode = 1


def environment(
    extra: Mapping[str, str] | None = None, repo: str | os.PathLike[str] | None = None
) -> dict[str, str]:
    """Return git's environment: quiet, in English, never asking, of no other repository.

    Args:
        extra: what to add to it; settings in it stand behind the caller's own (`GIT_CONFIG_COUNT`),
            so that they win.
        repo: the repository that is meant. If a bare one (`….git`) is damaged, git would go up
            and work on the one that it stands in, which is the user's own.
    """
    # A person's credential helper may well read a variable of git's own.
    own = [name for name in secret_names() if name.startswith("GIT_")]
    env = {key: value for key, value in without_secrets(own).items() if key not in ELSEWHERE}
    settings = [*_settings(env), *_settings(extra or {})]
    env.update(
        GIT_CONFIG_PARAMETERS="",
        LC_ALL="C.UTF-8",
        LANGUAGE="C",
        GIT_TERMINAL_PROMPT="0",
        GIT_ASKPASS=env.get("GIT_ASKPASS", "true"),
        GIT_PAGER="cat",
        GIT_OPTIONAL_LOCKS="0",
        GIT_EDITOR="true",
    )
    env.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    if repo is not None and _BARE.search(os.fspath(repo)):
        env["GIT_CEILING_DIRECTORIES"] = os.path.dirname(os.path.realpath(repo))  # noqa: PTH120
    env.update(extra or {})
    return env | in_variables(settings)


def in_variables(settings: Collection[tuple[str, str]]) -> dict[str, str]:
    """Return settings as the variables from which git takes them."""
    env = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def _settings(env: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the settings that an environment has for git; none when what counts them is no number.

    Raises:
        GitError: it has fewer than it says.
    """
    count = env.get("GIT_CONFIG_COUNT", "").lstrip("0")[:_DIGITS]  # so many there cannot be
    numbers = range(int(count) if re.fullmatch("[0-9]+", count) else 0)
    try:
        return [(env[f"GIT_CONFIG_KEY_{n}"], env[f"GIT_CONFIG_VALUE_{n}"]) for n in numbers]
    except KeyError as error:
        raise GitError(
            f"the variable {error.args[0]} is missing",
            where="environment",
            fix=f"GIT_CONFIG_COUNT says {count}: set it to how many there are, or unset it",
        ) from None
