"""Releases of GitHub: their assets, checked, or one archive of them unpacked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tasks.kernel.errors import SlipwayError, WrongUsage
from tasks.kernel.redact import redact

from . import auth, httpsource
from .archives import unpack
from .gitsource import Place
from .globs import any_matches, compiled
from .model import Content
from .paths import inside
from .versions import highest

API: Final = "https://api.github.com"
_TOKEN: Final = "VENDIR_GITHUB_API_TOKEN"  # noqa: S105 - the name of a variable
_MOST_PAGES: Final = 250


class Asset(NamedTuple):
    """A file of a release."""

    name: str
    url: str
    size: int


def fetch(content: Content, at: Place, into: Path) -> dict[str, Any]:
    """Write a release's assets, and return which release it was.

    Raises:
        WrongUsage: the source is not complete.
        SlipwayError: GitHub refuses, or an asset is not what the release says it is.
    """
    source, where = content.source, f"{content.where}.githubRelease"
    headers = _login(source, at, where)
    release = _asked(_address(source, headers, at, where), headers, at, where, dict)
    tag, url = str(release.get("tag_name") or ""), str(release.get("url") or "")
    tree = at.scratch / "assets"
    if "http" in source:
        given = dict(source["http"])
        given["url"] = str(given.get("url", "")).replace("{tag}", tag)
        httpsource.fetch_from(given, at, tree, f"{where}.http")
    else:
        tree.mkdir(mode=0o700)
        _download_all(source, release, tree, headers, where)
    if "unpackArchive" in source:
        _unpack(str(source["unpackArchive"].get("path", "")), tree, into, where)
    else:
        tree.rename(into)
    return {"url": url} | ({"tag": tag} if tag else {})


def _login(source: Mapping[str, Any], at: Place, where: str) -> dict[str, str]:
    token = os.environ.get(_TOKEN, "")
    if "secretRef" in source:
        held = auth.secret(at.config, source["secretRef"].get("name", ""), where)
        if unknown := sorted(set(held) - {"token"}):
            raise WrongUsage(f"the secret has an unknown field {unknown[0]}", where=where)
        token = auth.words(held, "token", where) or token
    return {"Authorization": f"token {token}"} if token else {}


def _address(source: Mapping[str, Any], headers: Mapping[str, str], at: Place, where: str) -> str:
    """Return the address of the release that a source names: a url wins, then a tag."""
    if source.get("url"):
        return str(source["url"])
    slug = str(source.get("slug", ""))
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", slug, re.ASCII):
        raise WrongUsage(f"githubRelease needs a slug OWNER/NAME, this is {slug!r}", where=where)
    releases = f"{API}/repos/{slug}/releases"
    if source.get("tag"):
        return f"{releases}/tags/{source['tag']}"
    if (selection := source.get("tagSelection")) is not None:
        semver = selection.get("semver")
        if semver is None:
            raise WrongUsage("tagSelection needs semver", where=where)
        allowed = semver.get("prereleases")
        tags = list(_tags(f"{API}/repos/{slug}/tags?per_page=40", headers, at, where))
        identifiers = None if allowed is None else allowed.get("identifiers", [])
        return f"{releases}/tags/{highest(tags, semver.get('constraints', ''), identifiers)}"
    if source.get("latest"):
        return f"{releases}/latest"
    raise WrongUsage("githubRelease needs one of url, tag, tagSelection and latest", where=where)


def _tags(url: str, headers: Mapping[str, str], at: Place, where: str) -> Iterator[str]:
    for page in range(_MOST_PAGES):
        address = url if not page else f"{url}&page={page + 1}"
        names = [str(one.get("name", "")) for one in _asked(address, headers, at, where, list)]
        yield from names
        if not names:
            return


def _asked(url: str, headers: Mapping[str, str], at: Place, where: str, kind: type) -> Any:
    """Return what the API answers."""
    file = at.scratch / "answer"
    try:
        httpsource.download(url, file, where, headers=headers)
        told = json.loads(file.read_bytes())
    except ValueError:
        told = None
    except SlipwayError as error:
        raise SlipwayError(
            error.what, where=error.where, detail=error.detail,
            fix=error.fix or f"a token in {_TOKEN} opens private repositories and raises limits;"
            " latest wants a release that is no pre-release",
        ) from None  # fmt: skip
    if not isinstance(told, kind):
        what = "the answer is not what GitHub would say"
        raise SlipwayError(what, where=redact(url), detail=[where])
    return told


def _download_all(
    source: Mapping[str, Any], release: Mapping[str, Any], tree: Path,
    headers: Mapping[str, str], where: str,
) -> None:  # fmt: skip
    globs = [compiled(pattern) for pattern in source.get("assetNames", [])]
    try:
        given = release.get("assets") or []
        assets = [Asset(str(one["name"]), str(one["url"]), int(one["size"])) for one in given]
    except (KeyError, TypeError, ValueError):
        raise SlipwayError("the release's assets are not told completely", where=where) from None
    wanted = [asset for asset in assets if not globs or any_matches(globs, asset.name)]
    sums = _checksums(source, wanted, str(release.get("body") or ""), where)
    for asset in wanted:
        name = asset.name
        if "/" in name or "\0" in name or name in ("", ".", "..", ".git"):
            raise SlipwayError(f"the release has an asset that is no file: {name!r}", where=where)
        file = tree / name
        told = {**headers, "Accept": "application/octet-stream"}
        found = httpsource.download(asset.url, file, where, headers=told)
        file.chmod(0o644)
        if file.stat().st_size != asset.size:
            what = f"{name} has {file.stat().st_size} bytes, and the release says {asset.size}"
            raise SlipwayError(what, where=where, fix="run the same again")
        if sums and found != sums[name]:
            raise httpsource.unexpected(found, sums[name], f"{where}: {name}", "checksums")


def _checksums(
    source: Mapping[str, Any], wanted: Sequence[Asset], notes: str, where: str
) -> dict[str, str]:
    """Return asset → SHA-256, as configured, or as the release notes have them.

    Raises:
        WrongUsage: an asset has none.
    """
    sums = dict(source.get("checksums", {}))
    if not sums and not source.get("disableAutoChecksumValidation"):
        for asset in wanted:
            line = rf"^\s*([a-f0-9]{{64}})\s+(?:/|\./)?{re.escape(asset.name)}\s*$"
            found = (re.match(line, row) for row in notes.split("\n"))
            if first := next(filter(None, found), None):
                sums[asset.name] = first[1]
    elif not sums:
        return {}
    missing = [asset.name for asset in wanted if not sums.get(asset.name)]
    if missing:
        raise WrongUsage(
            f"there is no checksum for {missing[0]}", where=where,
            fix="add it to checksums, leave the file out by assetNames, or set"
            " disableAutoChecksumValidation",
        )  # fmt: skip
    return sums


def _unpack(name: str, tree: Path, into: Path, where: str) -> None:
    archive = tree / inside(name, "unpackArchive.path", where)
    if not archive.is_file():
        raise SlipwayError(
            f"{name!r} is not among the release's files", where=f"{where}.unpackArchive",
            detail=sorted(path.name for path in tree.iterdir()),
        )  # fmt: skip
    if not unpack(archive, into, f"{where}: {name}", name):
        raise SlipwayError(f"{name} is neither zip, tar.gz nor tar", where=where)
