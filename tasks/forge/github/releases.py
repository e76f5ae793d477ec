"""Releases and their assets on GitHub.

Several drafts may have one tag there, and a draft is not found by its tag: whoever makes one looks
through the list first, and of two that two machines made at once both take the older.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from urllib.parse import quote

from ...kernel.errors import SlipwayError
from ..port import Release
from .api import BYTES, Api, Told
from .pulls import plain

_KEPT = re.compile(r"[A-Za-z0-9_+-](?:[A-Za-z0-9._+-]*[A-Za-z0-9_+-])?")
_ALL = 30  # assets that certainly come with the release itself
_WHOLE = "uploaded"  # the state of an asset; an upload that broke off leaves another


class Releases:
    """The releases of a repository; see `port.Forge` for what the methods promise."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._ids: dict[str, int] = {}
        self._sums: dict[tuple[int, str], str] = {}

    def release(self, tag: str) -> Release | None:
        """See `Forge.release`."""
        told = self._find(tag)
        return self._release(told) if told else None

    def draft(self, tag: str, commit: str, name: str, notes: str) -> Release:
        """See `Forge.draft`."""
        what = f"release {tag} cannot be drafted"
        body = {"target_commitish": commit, "name": name, "body": notes, "draft": True}
        told = self._find(tag)
        if told is None:

            def make() -> Told:
                new = {"tag_name": tag, "prerelease": False, **body}
                response = self.api.attempt("POST", self.api.path("releases"), body=new)
                found: Told = self.api.told(response, what)
                return found

            told = self.api.create(make, lambda: self._find(tag))
            self._ids[tag] = told["id"]
        _refuse_published(told)
        if any(plain(told[key]) != value for key, value in body.items() if key != "draft"):
            told = self.api.change(what, "PATCH", self._path(told), body)
        return self._release(told)

    def attach(self, tag: str, name: str, content: bytes) -> None:
        """See `Forge.attach`."""
        _refuse_name(tag, name)
        if not content:
            raise SlipwayError(f"GitHub takes no empty file: {name}", where=f"release {tag}")
        told = self._need(tag)
        _refuse_published(told)
        wanted = hashlib.sha256(content).hexdigest()

        def find() -> bool | None:
            asset = self._asset(self._need(tag), name)
            return True if asset and self._sha256(asset) == wanted else None

        if not find():
            self.api.create(lambda: self._upload(tag, name, content), find)
            if not find():
                raise SlipwayError(
                    f"the asset {name} is not there as it was uploaded",
                    where=f"release {tag}",
                    fix="run the same again",
                )

    def asset(self, tag: str, name: str) -> bytes:
        """See `Forge.asset`."""
        _refuse_name(tag, name)
        told = self._find(tag)
        asset = self._asset(told, name) if told else None
        if asset is None or asset["state"] != _WHOLE:
            raise SlipwayError(f"release {tag} has no asset {name}")
        return self._content(asset)

    def publish(self, tag: str) -> None:
        """See `Forge.publish`."""
        told = self._need(tag)
        if told["draft"]:
            what = f"release {tag} cannot be published"
            self.api.change(what, "PATCH", self._path(told), {"draft": False})

    def retitle(self, tag: str, name: str, notes: str) -> None:
        """See `Forge.retitle`; an immutable release allows that, and nothing else."""
        self._change_published(tag, {"name": name, "body": notes})

    def latest(self) -> str:
        """See `Forge.latest`."""
        response = self.api.ask("GET", self.api.path("releases/latest"))
        if response.status_code == 404:
            return ""
        told: Told = self.api.told(response, "the latest release cannot be read")
        return str(told["tag_name"])

    def make_latest(self, tag: str) -> None:
        """See `Forge.make_latest`."""
        self._change_published(tag, {"make_latest": "true"})

    def _change_published(self, tag: str, body: Told) -> None:
        told = self._need(tag)
        if told["draft"]:
            raise SlipwayError(f"release {tag} is a draft")
        self.api.change(f"release {tag} cannot be changed", "PATCH", self._path(told), body)

    def delete_draft(self, tag: str) -> None:
        """See `Forge.delete_draft`."""
        told = self._find(tag)
        if told is None:
            return
        _refuse_published(told)
        response = self.api.ask("DELETE", self._path(told))
        self._ids.pop(tag, None)
        if response.status_code not in (204, 404):
            raise self.api.refused(response, f"the draft of release {tag} cannot be deleted")

    # finding

    def _find(self, tag: str) -> Told | None:
        what = f"release {tag} cannot be read"
        if tag in self._ids:
            response = self.api.ask("GET", self.api.path("releases", self._ids[tag]))
            if response.status_code == 200:
                known: Told = self.api.told(response, what)
                if known["tag_name"] == tag:
                    return known
            del self._ids[tag]
        path = f"{self.api.path('releases/tags')}/{quote(tag, safe='')}"
        response = self.api.ask("GET", path)
        if response.status_code != 404:
            found: Told = self.api.told(response, what)
        else:
            all_of_them = self.api.pages(what, self.api.path("releases"))
            drafts = [told for told in all_of_them if told["tag_name"] == tag]
            if not drafts:
                return None
            found = min(drafts, key=lambda told: int(told["id"]))
        self._ids[tag] = found["id"]
        return found

    def _need(self, tag: str) -> Told:
        told = self._find(tag)
        if told is None:
            raise SlipwayError(f"there is no release {tag}", where=self.api.repository)
        return told

    def _path(self, told: Told) -> str:
        return self.api.path("releases", int(told["id"]))

    def _release(self, told: Told) -> Release:
        tag = told["tag_name"]
        return Release(
            tag,
            self._commit(told),
            told["name"] or "",
            plain(told["body"]),
            bool(told["draft"]),
            self._sums_of(told),
            f"release {tag} ({told['html_url']})",
        )

    def _commit(self, told: Told) -> str:
        """Return what it is of: what a draft says; for one made in a browser, what the tag says."""
        target = str(told["target_commitish"])
        if re.fullmatch(r"[0-9a-f]{40,64}", target) or told["draft"]:
            return target
        ref = quote(f"tags/{told['tag_name']}", safe="")
        response = self.api.ask("GET", f"{self.api.path('commits')}/{ref}")
        if response.status_code in (404, 422):
            return target  # its tag is gone
        return str(self.api.told(response, f"the tag {told['tag_name']} cannot be read")["sha"])

    # assets

    def _assets(self, told: Told) -> list[Told]:
        listed: list[Told] = told["assets"]
        if len(listed) < _ALL:
            return listed
        path = self.api.path("releases", int(told["id"]), "assets")
        return list(self.api.pages(f"the assets of {told['tag_name']} cannot be read", path))

    def _asset(self, told: Told, name: str) -> Told | None:
        return next((asset for asset in self._assets(told) if asset["name"] == name), None)

    def _sums_of(self, told: Told) -> Mapping[str, str]:
        found = {asset["name"]: self._sha256(asset) for asset in self._assets(told)}
        return {name: found[name] for name in sorted(found) if found[name]}

    def _sha256(self, asset: Told) -> str:
        """Return an asset's checksum; "" for what an upload left that broke off."""
        if asset["state"] != _WHOLE:
            return ""
        if said := _digest(asset):
            return said
        key = (int(asset["id"]), str(asset["updated_at"]))
        if key not in self._sums:  # an older server tells none: hash what it gives, once
            self._sums[key] = hashlib.sha256(self._content(asset)).hexdigest()
        return self._sums[key]

    def _content(self, asset: Told) -> bytes:
        path = self.api.path("releases/assets", int(asset["id"]))
        response = self.api.ask("GET", path, accept=BYTES)
        if response.status_code != 200:
            raise self.api.refused(response, f"the asset {asset['name']} cannot be read")
        said = _digest(asset)
        if said and hashlib.sha256(response.content).hexdigest() != said:
            raise SlipwayError(
                f"the asset {asset['name']} came back with another checksum than GitHub tells",
                where=self.api.repository,
                fix="run the same again; something on the way may be broken",
            )
        return response.content

    def _upload(self, tag: str, name: str, content: bytes) -> bool:
        told = self._need(tag)
        if there := self._asset(told, name):
            path = self.api.path("releases/assets", int(there["id"]))
            response = self.api.ask("DELETE", path)
            if response.status_code not in (204, 404):
                raise self.api.refused(response, f"the asset {name} cannot be replaced")
        url = str(told["upload_url"]).partition("{")[0]
        response = self.api.attempt("POST", url, query={"name": name}, content=content)
        made = self.api.told(response, f"the asset {name} cannot be uploaded")
        if made["name"] != name:
            self.api.ask("DELETE", self.api.path("releases/assets", int(made["id"])))
            raise SlipwayError(
                f"GitHub calls the asset {name} {made['name']}",
                where=f"release {tag}",
                fix="give it a name that GitHub keeps",
            )
        return True


def _digest(asset: Told) -> str:
    """Return the SHA-256 that GitHub tells of an asset, in hex; "" when it tells none."""
    kind, _, value = str(asset.get("digest") or "").partition(":")
    return value if kind == "sha256" and re.fullmatch("[0-9a-f]{64}", value) else ""


def _refuse_published(told: Told) -> None:
    if not told["draft"]:
        tag = told["tag_name"]
        raise SlipwayError(f"release {tag} is published, and published releases do not change")


def _refuse_name(tag: str, name: str) -> None:
    """Refuse a name that GitHub would change without a word, so that nobody finds the asset."""
    if not _KEPT.fullmatch(name):
        raise SlipwayError(
            f"{name!r} cannot be an asset's name on GitHub",
            where=f"release {tag}",
            fix="letters, digits and . _ + - are kept; a dot may not stand at an end",
        )
