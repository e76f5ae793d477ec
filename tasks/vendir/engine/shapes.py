"""What a configuration document may hold, structure by structure: the schema of `vendir.yml`."""

from __future__ import annotations

from typing import Any, Final

import yaml

from . import documents
from .documents import Document, Reader, Shape, flag, listed, mapped, strict_text, whole

API_VERSION: Final = "vendir.k14s.io/v1alpha1"


def _without_nul(read: Reader) -> Reader:
    """Return the reader of a name: of a file, an argument, or an address, which hold no NUL."""

    def checked(document: Document, node: yaml.Node, key: str) -> Any:
        value = read(document, node, key)
        if value is not None and "\0" in value:
            raise document.wrong(node, f"{key} has a NUL in it")
        return value

    return checked


text, exact_text = _without_nul(documents.text), _without_nul(documents.exact_text)
_NAME: Final = Shape({"name": text})
_TEXTS: Final = listed(text, "")

_SELECTION: Final = Shape(
    {
        "semver": Shape(
            {
                "constraints": text,
                "prereleases": Shape({"identifiers": _TEXTS}),
            },
            pointers=frozenset({"prereleases"}),
        )
    },
    pointers=frozenset({"semver"}),
)

GIT: Final = Shape(
    {
        "url": text,
        "ref": exact_text,
        "refSelection": _SELECTION,
        "verification": Shape(
            {"publicKeysSecretRef": _NAME}, pointers=frozenset({"publicKeysSecretRef"})
        ),
        "secretRef": _NAME,
        "lfsSkipSmudge": flag,
        "dangerousSkipTLSVerify": flag,
        "skipInitSubmodules": flag,
        "depth": whole,
        "forceHTTPBasicAuth": flag,
    },
    pointers=frozenset({"refSelection", "verification", "secretRef"}),
)

_HG: Final = Shape(
    {"url": text, "ref": exact_text, "evolve": flag, "secretRef": _NAME},
    pointers=frozenset({"secretRef"}),
)

HTTP: Final = Shape(
    {"url": text, "sha256": exact_text, "secretRef": _NAME, "disableUnpack": flag},
    pointers=frozenset({"secretRef"}),
)

_IMAGE: Final = Shape(
    {
        "url": text,
        "tagSelection": _SELECTION,
        "secretRef": _NAME,
        "dangerousSkipTLSVerify": flag,
        "responseHeaderTimeout": whole,
    },
    pointers=frozenset({"tagSelection", "secretRef"}),
)

_BUNDLE: Final = Shape(
    {
        "image": text,
        "tagSelection": _SELECTION,
        "secretRef": _NAME,
        "dangerousSkipTLSVerify": flag,
        "recursive": flag,
        "responseHeaderTimeout": whole,
    },
    pointers=frozenset({"tagSelection", "secretRef"}),
)

_RELEASE: Final = Shape(
    {
        "slug": text,
        "tag": exact_text,
        "tagSelection": _SELECTION,
        "latest": flag,
        "url": text,
        "checksums": mapped(text),
        "disableAutoChecksumValidation": flag,
        "assetNames": _TEXTS,
        "unpackArchive": Shape({"path": exact_text}, always={"path": ""}),
        "secretRef": _NAME,
        "http": HTTP,
    },
    always={"slug": "", "tag": ""},
    pointers=frozenset({"tagSelection", "unpackArchive", "secretRef", "http"}),
)

_CHART: Final = Shape(
    {
        "name": text,
        "version": exact_text,
        "repository": Shape({"url": text, "secretRef": _NAME}, pointers=frozenset({"secretRef"})),
        "helmVersion": text,
    },
    pointers=frozenset({"repository"}),
)

_INLINE_REF: Final = Shape({"directoryPath": exact_text, "name": text})

_INLINE: Final = Shape(
    {
        "paths": mapped(documents.text, exact_keys=True),
        "pathsFrom": listed(
            Shape(
                {"secretRef": _INLINE_REF, "configMapRef": _INLINE_REF},
                pointers=frozenset({"secretRef", "configMapRef"}),
            ),
            {},
        ),
    }
)

SOURCES: Final = {
    "git": GIT,
    "hg": _HG,
    "http": HTTP,
    "image": _IMAGE,
    "imgpkgBundle": _BUNDLE,
    "githubRelease": _RELEASE,
    "helmChart": _CHART,
    "manual": Shape({}),
    "directory": Shape({"path": exact_text}, always={"path": ""}),
    "inline": _INLINE,
}

CONTENT: Final = Shape(
    {
        "path": exact_text,
        "lazy": flag,
        **SOURCES,
        "includePaths": _TEXTS,
        "excludePaths": _TEXTS,
        "ignorePaths": _TEXTS,
        "legalPaths": _TEXTS,
        "newRootPath": exact_text,
        "permissions": whole,
    },
    always={"path": ""},
    pointers=frozenset({*SOURCES, "legalPaths", "permissions"}),
)

DIRECTORY: Final = Shape(
    {"path": exact_text, "contents": listed(CONTENT, {"path": ""}), "permissions": whole},
    always={"path": ""},
    pointers=frozenset({"permissions"}),
)

CONFIG: Final = Shape(
    {
        "apiVersion": text,
        "kind": text,
        "minimumRequiredVersion": text,
        "directories": listed(DIRECTORY, {"path": ""}),
    },
    always={"apiVersion": "", "kind": "", "minimumRequiredVersion": ""},
)

KIND: Final = Shape({"apiVersion": text, "kind": text}, always={"apiVersion": "", "kind": ""})

SECRET: Final = Shape(
    {"metadata": _NAME, "type": text, "data": mapped(strict_text)}, always={"metadata": {}}
)
CONFIG_MAP: Final = Shape(
    {"metadata": _NAME, "data": mapped(documents.text)}, always={"metadata": {}}
)

_LOCK_CONTENT: Final = Shape(
    {
        "path": text,
        "configDigest": text,
        "git": Shape(
            {"sha": text, "tags": _TEXTS, "commitTitle": text},
            always={"sha": "", "commitTitle": ""},
        ),
        "hg": Shape(
            {"sha": text, "tags": _TEXTS, "changeSetTitle": text},
            always={"sha": "", "changeSetTitle": ""},
        ),
        "http": Shape({}),
        "image": Shape({"url": text, "tag": text}, always={"url": ""}),
        "imgpkgBundle": Shape({"image": text, "tag": text}, always={"image": ""}),
        "githubRelease": Shape({"url": text, "tag": text}, always={"url": ""}),
        "helmChart": Shape(
            {"version": text, "appVersion": text}, always={"version": "", "appVersion": ""}
        ),
        "manual": Shape({}),
        "directory": Shape({}),
        "inline": Shape({}),
    },
    always={"path": ""},
    pointers=frozenset({"configDigest", *SOURCES}),
)

LOCK: Final = Shape(
    {
        "apiVersion": text,
        "kind": text,
        "directories": listed(
            Shape(
                {"path": text, "contents": listed(_LOCK_CONTENT, {"path": ""})},
                always={"path": ""},
            ),
            {"path": ""},
        ),
    },
    always={"apiVersion": "", "kind": ""},
)
