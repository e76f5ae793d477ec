"""Releases of the fake GitHub."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from tasks.kernel import git as g
from tests.forge.fake_github_state import WHEN, Answer, FakeState, Refused, Told, invalid


class FakeReleases(FakeState):
    """The endpoints of releases and assets."""

    def _need_release(self, number: str) -> Told:
        try:
            told: Told = self.state["releases"][number]
        except KeyError:
            raise Refused(404, "Not Found") from None
        return told

    def _assets_of(self, number: int) -> list[Told]:
        found = self.state["assets"].values()
        return [self._asset(asset) for asset in found if asset["release"] == number]

    def _asset(self, asset: Told) -> Told:
        url = f"{self.api}/repos/{self.name}/releases/assets/{asset['id']}"
        digest = f"sha256:{asset['sha256']}" if self.digests and asset["sha256"] else None
        told = {key: asset[key] for key in ("id", "name", "state", "size")}
        return told | {"url": url, "digest": digest, "label": "", "updated_at": WHEN}

    def _told(self, release: Told) -> Told:
        place = f"/repos/{self.name}/releases/{release['id']}"
        tag = "untagged-0a1b2c" if release["draft"] else release["tag_name"]
        return release | {
            "url": f"{self.api}{place}",
            "upload_url": f"{self.files}/uploads{place}/assets{{?name,label}}",
            "html_url": f"https://github.com/{self.name}/releases/tag/{tag}",
            "immutable": self.immutable and not release["draft"],
            "assets": self._assets_of(release["id"])[:30],
        }

    def list_releases(self, _call: Any) -> Answer:
        found = sorted(self.state["releases"].values(), key=lambda told: -int(told["id"]))
        return Answer(200, [self._told(release) for release in found])

    def release(self, _call: Any, number: str) -> Answer:
        return Answer(200, self._told(self._need_release(number)))

    def release_by_tag(self, _call: Any, tag: str) -> Answer:
        for release in self.state["releases"].values():
            if release["tag_name"] == tag and not release["draft"]:
                return Answer(200, self._told(release))
        raise Refused(404, "Not Found")

    def make_release(self, call: Any) -> Answer:
        told = call.body
        release = {
            "id": self.next_id(),
            "tag_name": told["tag_name"],
            "target_commitish": told.get("target_commitish", "main"),
            "name": told.get("name"),
            "body": told.get("body"),
            "draft": True,
            "prerelease": told.get("prerelease", False),
        }
        self._refuse_target(release)
        if not told.get("draft", False):
            self._publish(release)
            self.state["latest"] = str(release["id"])
        self.state["releases"][str(release["id"])] = release
        return Answer(201, self._told(release))

    def change_release(self, call: Any, number: str) -> Answer:
        release, told = self._need_release(number), dict(call.body)
        published = not release["draft"]
        if published and self.immutable and set(told) & {"tag_name", "target_commitish", "draft"}:
            raise Refused(422, "Validation Failed", {"message": "immutable release", "code": "x"})
        draft = told.pop("draft", release["draft"])
        latest = told.pop("make_latest", "true" if release["draft"] and not draft else "")
        if latest == "true" and draft:
            raise invalid("Release", "make_latest")
        changed = release | told
        self._refuse_target(changed)
        if release["draft"] and not draft:
            self._publish(changed)
        release |= changed
        if latest == "true":
            self.state["latest"] = number
        return Answer(200, self._told(release))

    def latest_release(self, _call: Any) -> Answer:
        """Answer with the one that was made the latest; no draft ever is."""
        release = self.state["releases"].get(self.state.get("latest", ""))
        if release is None or release["draft"]:
            raise Refused(404, "Not Found")
        return Answer(200, self._told(release))

    def delete_release(self, _call: Any, number: str) -> Answer:
        release = self._need_release(number)
        for asset in self._assets_of(release["id"]):
            del self.state["assets"][str(asset["id"])]
        del self.state["releases"][number]
        return Answer(204, None)

    def _refuse_target(self, release: Told) -> None:
        target = release["target_commitish"]
        if not (self.ref(f"heads/{target}") or (len(target) == 40 and self.has(target))):
            raise invalid("Release", "target_commitish")
        if not release["tag_name"] or re.search(r"[\s~^:?*\[\\]|\.\.", release["tag_name"]):
            raise invalid("Release", "tag_name")

    def _publish(self, release: Told) -> None:
        tag = release["tag_name"]
        for other in self.state["releases"].values():
            same = other["tag_name"] == tag and other["id"] != release["id"]
            if same and not other["draft"]:
                raise invalid("Release", "tag_name", "already_exists")
        if not self.ref(f"tags/{tag}"):
            target = release["target_commitish"]
            commit = self.ref(f"heads/{target}") or target
            g.git("update-ref", f"refs/tags/{tag}", commit, repo=self.source)
        release["draft"] = False

    # assets

    def list_assets(self, _call: Any, number: str) -> Answer:
        return Answer(200, self._assets_of(self._need_release(number)["id"]))

    def upload(self, call: Any, number: str) -> Answer:
        release, name = self._need_release(number), call.query.get("name", "")
        if not call.headers.get("host", "").startswith("localhost:"):
            raise Refused(404, "Not Found")  # files are not taken where the API is
        if not name or not call.headers.get("content-type"):
            raise Refused(400, "Missing name or content type")
        if not call.content:
            raise Refused(400, "Bad Content-Length: ")
        if self.immutable and not release["draft"]:
            raise Refused(422, "Cannot upload assets to an immutable release.")
        name = re.sub(r"[^A-Za-z0-9._+-]", ".", name)
        name = f"default{name}" if name.startswith(".") else name.rstrip(".")
        if any(asset["name"] == name for asset in self._assets_of(release["id"])):
            raise invalid("ReleaseAsset", "name", "already_exists")
        asset = {
            "id": self.next_id(),
            "release": release["id"],
            "name": name,
            "state": "uploaded",
            "size": len(call.content),
            "sha256": hashlib.sha256(call.content).hexdigest(),
        }
        (self.folder / "assets" / str(asset["id"])).write_bytes(call.content)
        self.state["assets"][str(asset["id"])] = asset
        return Answer(201, self._asset(asset))

    def break_off(self, number: int, name: str) -> None:
        """Leave what an upload leaves that broke off on GitHub's side."""
        asset = {"id": self.next_id(), "release": number, "name": name, "state": "starter"}
        self.state["assets"][str(asset["id"])] = asset | {"size": 0, "sha256": ""}

    def _need_asset(self, number: str) -> Told:
        try:
            asset: Told = self.state["assets"][number]
        except KeyError:
            raise Refused(404, "Not Found") from None
        return asset

    def asset(self, call: Any, number: str) -> Answer:
        asset = self._need_asset(number)
        if call.headers["accept"] != "application/octet-stream":
            return Answer(200, self._asset(asset))
        return Answer(302, b"", {"Location": f"{self.files}/storage/{number}?sig=5ecret"})

    def stored(self, call: Any) -> Answer:
        number = call.path.rpartition("/")[2]
        if call.query != {"sig": "5ecret"}:
            raise Refused(403, "Signature missing")
        headers = {"Content-Type": "application/octet-stream"}
        return Answer(200, (self.folder / "assets" / number).read_bytes(), headers)

    def delete_asset(self, _call: Any, number: str) -> Answer:
        asset = self._need_asset(number)
        release = self.state["releases"][str(asset["release"])]
        if self.immutable and not release["draft"]:
            raise Refused(422, "Cannot delete asset from an immutable release")
        del self.state["assets"][number]
        return Answer(204, None)
