"""The words of the pipeline file: each grammar says what it expects, and what is wrong with a text.

A complaint reads on after the quoted text ("Web" is not a name …); an empty one means it is fine.
Everything that later becomes an argument, a file name or a task name is held so tight here that it
can never be taken for an option, a way out of the repository, or another name.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit


class Grammar(NamedTuple):
    """A kind of word: what a message calls it, and the judge of a text."""

    expected: str
    complaint: Callable[[str], str]


_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME_LIMIT = 100

# OCI distribution specification, "pulling manifests": <name> and <reference> as a tag.
_REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_REPOSITORY_LIMIT = 255
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HOST = re.compile(r"[A-Za-z0-9-]+([.:][A-Za-z0-9-]+)+")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_VERSION_LIKE = re.compile(r"v?\d+\.\d+.*")

_GITHUB = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._][A-Za-z0-9._-]*")
_VALUE_PATH = re.compile(r"[^.\s\x00-\x1f]+(\.[^.\s\x00-\x1f]+)*")
_LABEL_LIMIT = 50
_TITLE_LIMIT = 200

_GIT_SCHEMES = ("https", "ssh", "http", "git", "file")
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")


def _name(text: str) -> str:
    if len(text) > _NAME_LIMIT:
        return f"is longer than a file name should be (expected {_NAME_LIMIT} characters at most)"
    if _NAME.fullmatch(text):
        return ""
    return (
        "is not a name (expected lower-case letters, digits, '.', '_' and '-', "
        "a letter or digit first)"
    )


def _variable(text: str) -> str:
    if _VARIABLE.fullmatch(text):
        return ""
    return "is not a variable (expected letters, digits and '_', no digit first)"


def _path(text: str) -> str:
    if any(sign in text for sign in "*?["):
        return "is a pattern (expected one path; a folder stands for all that is in it)"
    return _pattern(text)


def _file(text: str) -> str:
    return "is a folder (expected a file)" if text == "." else _path(text)


def _pattern(text: str) -> str:
    want = "(expected a relative path)"
    if _CONTROL.search(text) or "\\" in text:
        return "has a character that no path here may have (expected a relative path with '/')"
    if not text or text.startswith("/"):
        return f"is {'an absolute path' if text else 'empty'} {want}"
    if text.startswith(("-", ":", "~")):
        return f"begins with '{text[0]}', which programs take for something else {want}"
    parts = text.split("/")
    if ".." in parts:
        return f"leads out of its folder {want[:-1]} without '..')"
    if ".git" in parts:
        return f"is inside git's own folder {want}"
    normal = posixpath.normpath(text)
    return "" if normal == text else f"is not normalised (expected {normal})"


def _branch(text: str) -> str:
    # git-check-ref-format(1), and what `git branch` refuses on top of it.
    bad = (
        not text
        or text in {"@", "HEAD"}
        or text.startswith(("-", "/", "refs/"))
        or text.endswith(("/", "."))
        or any(wrong in text for wrong in ("..", "//", "@{"))
        or re.search(r"[\x00-\x20\x7f~^:?*\[\\]", text)
        or any(part.startswith(".") or part.endswith(".lock") for part in text.split("/"))
    )
    return "is not a branch name (expected one that git takes)" if bad else ""


def _tag_prefix(text: str) -> str:
    if _branch(f"{text}1.2.3") or text[-1:].isdigit():
        return "cannot stand before a version in a tag (expected \"\" or such as 'v')"
    return ""


def _git_url(text: str) -> str:
    want = "(expected https://…, ssh://…, user@host:path or a path)"
    if not text or _CONTROL.search(text):
        return f"is not a git URL {want}"
    if re.match(r"[A-Za-z0-9+.-]*::", text):
        return f"names a transport helper, which can run any program {want}"
    scheme, mark, rest = text.partition("://")
    if mark:
        return _git_scheme(scheme, rest, want)
    head = text.partition("/")[0]
    if text.startswith(("-", "~")) or "@-" in head:
        return f"would be taken for something else than a place {want}"
    if ":" in head.partition("@")[0] and "@" in head:
        return f"holds a password {want}"
    return ""


def _git_scheme(scheme: str, rest: str, want: str) -> str:
    if scheme not in _GIT_SCHEMES:
        return f"begins with a scheme that is not used here {want}"
    place = rest.partition("/")[0]
    host = place.rpartition("@")[2]
    # ssh would take a host or user with a leading dash for an option.
    if place.startswith("-") or host.startswith("-") or (not host and scheme != "file"):
        return f"has no usable host {want}"
    if any(sign in rest for sign in "?# "):
        return f"has a blank or a query {want}"
    return ""


def _web_url(text: str) -> str:
    want = "(expected https://HOST, http:// only for this machine)"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return f"is not a URL {want}"
    bare = parts.scheme in {"http", "https"} and not (parts.query or parts.fragment)
    if not bare or not parts.hostname or re.search(r"[\s\x00-\x1f]", text):
        return f"is not a URL {want}"
    if "@" in parts.netloc:
        return f"holds a login {want}"
    return "ends with '/' (expected it without)" if text.endswith("/") else ""


def is_plain_http(url: str) -> bool:
    """Return whether a web URL sends in the clear to another machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not _LOOPBACK.fullmatch(parts.hostname or "")


def _base_image(text: str) -> str:
    """A host has a dot or a port in it, as docker has it, or is localhost."""
    want = "(expected HOST/REPOSITORY@sha256:… with 64 hex digits)"
    name, sign, digest = text.partition("@")
    if not sign:
        return f"is not pinned by its digest {want}"
    if not _DIGEST.fullmatch(digest):
        return f"has a digest that is none {want}"
    host, slash, rest = name.partition("/")
    if slash and (_HOST.fullmatch(host) or host == "localhost"):
        name = rest
    folder, slash, last = name.rpartition("/")
    repository, _, tag = last.partition(":")
    if _repository(f"{folder}{slash}{repository}") or (":" in last and not _TAG.fullmatch(tag)):
        return f"cannot name an image {want}"
    return ""


def _repository(text: str) -> str:
    if len(text) <= _REPOSITORY_LIMIT and _REPOSITORY.fullmatch(text):
        return ""
    return (
        "is not an image repository (expected lower-case letters and digits, "
        "single '.', '_' or '-' between them, '/' between parts)"
    )


def _prefix(text: str) -> str:
    return _repository(text) if text else ""


def _moving(text: str) -> str:
    if not _TAG.fullmatch(text):
        return "is not an image tag (expected letters, digits, '.', '_' and '-')"
    if _VERSION_LIKE.fullmatch(text):
        return "looks like a version, and versions never move (expected such as edge or latest)"
    return ""


def _github(text: str) -> str:
    owner_and_name = _GITHUB.fullmatch(text) and text.partition("/")[2] not in {".", ".."}
    return "" if owner_and_name else "is not a repository of GitHub (expected OWNER/NAME)"


def _value_path(text: str) -> str:
    if _VALUE_PATH.fullmatch(text):
        return ""
    return "is not the path of a value (expected keys with '.' between, such as web.image.digest)"


def _label(text: str) -> str:
    fine = 0 < len(text.strip()) == len(text) <= _LABEL_LIMIT and text.isprintable()
    if fine and "," not in text and not text.startswith("-"):
        return ""
    return f"is not a label (expected one line of 1 to {_LABEL_LIMIT} characters, no comma)"


def _title(text: str) -> str:
    if not text.strip() or len(text) > _TITLE_LIMIT or not text.isprintable():
        return f"is not a title (expected one line of 1 to {_TITLE_LIMIT} characters)"
    if set(re.findall(r"\{[^{}]*\}|[{}]", text)) - {"{version}"}:
        return "has a placeholder that nothing fills (expected {version} or none)"
    return ""


def _dns_label(text: str) -> str:
    # RFC 1123, as Kubernetes wants the names of namespaces and services.
    if re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", text):
        return ""
    return "is no name for a cluster (expected at most 63 lower-case letters, digits and '-')"


def _url_path(text: str) -> str:
    if text.startswith("/") and text.isprintable() and not re.search(r"[\s#]", text):
        return ""
    return "is not the path of a URL (expected such as /healthz)"


def _context(text: str) -> str:
    if text and not text.startswith("-") and text.isprintable() and " " not in text:
        return ""
    return "is not the name of a context (expected one of `kubectl config get-contexts`)"


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        return f"is not a regular expression: {error} (expected one of Python's)"
    return ""


def _argument(text: str) -> str:
    return "has a NUL character, which no program can be given (expected text)" * ("\0" in text)


def _program(text: str) -> str:
    if not text or text.startswith("-"):
        return "is not a program (expected the name of one, or its path)"
    return _argument(text)


NAME = Grammar("a name", _name)
VARIABLE = Grammar("a variable", _variable)
PATH = Grammar("a path", _path)
FILE = Grammar("the path of a file", _file)
PATTERN = Grammar("a path or pattern", _pattern)
BRANCH = Grammar("a branch", _branch)
TAG_PREFIX = Grammar("the beginning of a tag", _tag_prefix)
GIT_URL = Grammar("a git URL", _git_url)
WEB_URL = Grammar("a URL", _web_url)
REPOSITORY = Grammar("an image repository", _repository)
BASE_IMAGE = Grammar("an image pinned by its digest", _base_image)
PREFIX = Grammar("the beginning of image repositories", _prefix)
MOVING = Grammar("an image tag", _moving)
GITHUB = Grammar("OWNER/NAME", _github)
VALUE_PATH = Grammar("the path of a value", _value_path)
LABEL = Grammar("a label", _label)
TITLE = Grammar("a title", _title)
DNS_LABEL = Grammar("a DNS label", _dns_label)
URL_PATH = Grammar("the path of a URL", _url_path)
CONTEXT = Grammar("the name of a context", _context)
EXPRESSION = Grammar("a regular expression", _expression)
ARGUMENT = Grammar("text", _argument)
PROGRAM = Grammar("a program", _program)
