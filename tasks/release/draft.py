"""The draft of a release: the binary that was tested, its checksums, the notes as reviewed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ..build import Compiled, asset_of, compile_binary
from ..changelog import section_of
from ..forge import Approved, Release, asset_claim, connect, yank_of, yank_ref
from ..images import BINARY_LABEL
from ..kernel import journal, paths, remotes
from ..kernel.effects import Effect, Seen, Skip, Skipped
from ..kernel.errors import Failed, SlipwayError
from ..kernel.receipts import Claims
from ..kernel.world import World
from ..registry import find_file, open_registry
from ..version import tag_prefix
from .settings import refuse_other_settings

CHECKSUMS = "checksums.txt"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The draft of the promoted version.

    Attributes:
        tag: with its prefix.
        version: without.
        candidate: the candidate that was promoted.
        commit: what it was built from.
        notes: the section of the changelog, as merged.
        images: name → "REPOSITORY@DIGEST" of the candidate, as approved.
        binary: name → SHA-256, as approved; empty when there is none.
    """

    tag: str
    version: str
    candidate: str
    commit: str
    notes: str
    images: dict[str, str]
    binary: dict[str, str]

    @property
    def checksums(self) -> str:
        """The checksums file, as `sha256sum --check` reads it."""
        return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(self.binary.items()))

    @property
    def assets(self) -> dict[str, str]:
        """Every asset with its SHA-256: what was approved decides, never what stands there.

        Without a binary there are none: forges take no empty file.
        """
        if not self.binary:
            return {}
        return self.binary | {CHECKSUMS: hashlib.sha256(self.checksums.encode()).hexdigest()}


def want(world: World) -> Wanted | Skip:
    """Want a draft for the newest merged promotion.

    A promotion whose version was released from another commit is spent: its changes come with the
    next candidate.
    """
    promotion = world.json(paths.MERGED)["promotion"]
    if promotion is None:
        return Skip("no promotion was merged yet")
    mirror, version, commit = world.mirror("source"), promotion["version"], promotion["commit"]
    tag = tag_prefix(world, commit) + version
    if yank := yank_of(world, tag):
        return Skip(f"{version} is {yank.spoken}", {"source": {yank_ref(tag): yank.commit}})
    released = world.sightings("source").get(f"refs/tags/{tag}")
    if released not in (None, commit):
        return Skip(
            f"{promotion['candidate']} is spent: {version} was released from {released[:7]}"
        )
    told = Approved(**promotion["approved"])
    if released is None:
        refuse_other_settings(world, told)  # once it is tagged, it is what it is
    changelog = remotes.files_at(mirror, promotion["merge"], world.config.release.changelog) or b""
    notes = section_of(changelog.decode("utf-8", "replace"), version)
    return Wanted(tag, version, promotion["candidate"], commit, notes, told.images, told.binary)


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask the forge for the draft, or for what became of it.

    A public release that is not what was approved (any more) is told by its own task, `intact`: it
    cannot be mended here, and must not hold back what comes next.

    Raises:
        SlipwayError: a draft holds an asset that nobody approved.
    """
    release = connect(world).release(wanted.tag)
    facts = {
        "tag": wanted.tag,
        "version": wanted.version,
        "commit": wanted.commit,
        "assets": wanted.assets,
        "binary": wanted.binary,
        "images": sorted(wanted.images),
    }
    if release is None:
        return Seen(False, f"there is no release {wanted.tag}", facts)
    wrong = _wrong(release, wanted)
    surplus = sorted(set(release.assets) - set(wanted.assets))
    strange = [*wrong, *(f"nobody approved {name}" for name in surplus)]
    if not release.draft:
        if strange:
            facts |= {"damage": strange, "found": dict(release.assets), "where": release.where}
        return Seen(True, f"{wanted.tag} is published, {len(release.assets)} assets", facts)
    if surplus:
        raise SlipwayError(
            "it is a draft, but is not what was approved",
            where=release.where,
            detail=strange,
            fix="delete the draft on the forge, then doit release",
        )
    if not wrong and release.notes == wanted.notes:
        return Seen(True, f"{wanted.tag} is a draft, {len(wanted.assets)} assets", facts)
    return Seen(False, f"the draft of {wanted.tag} is not whole", facts)


def _wrong(release: Release, wanted: Wanted) -> list[str]:
    """Return what there is not as it was approved, both sides; empty when all is."""
    if release.commit != wanted.commit:
        return [f"there   of commit {release.commit}", f"wanted  of commit {wanted.commit}"]
    return [
        line
        for name, sha256 in sorted(wanted.assets.items())
        if release.assets.get(name) != sha256
        for line in (
            f"there   {name} {release.assets.get(name, '(missing)')}",
            f"wanted  {name} {sha256}",
        )
    ]


def _from_image(world: World, name: str, sha256: str, wanted: Wanted) -> bytes | None:
    """Take the binary out of the candidate's image: what ships is what was tested."""
    registry = open_registry(world.config.registry, world.root)
    for at in wanted.images.values():
        repository, _, digest = at.partition("@")
        if registry.manifest(repository, digest) is None:
            continue
        labels = registry.config(repository, digest).get("config", {}).get("Labels") or {}
        if labels.get(BINARY_LABEL) != sha256:
            continue
        content = find_file(registry, repository, digest, name)
        if content is not None and hashlib.sha256(content).hexdigest() == sha256:
            journal.say(f"{name} taken from {repository}@{digest}")
            return content
    return None


def _from_here(world: World, name: str, sha256: str) -> bytes | None:
    """Take a further asset from this working tree, when the build that left it was here."""
    binary = world.config.binary
    if binary is None or name not in binary.assets:
        return None
    content = asset_of(world, binary, name)
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


class _Again:
    """The commit compiled again, once, when what was approved is gone; only equal bytes will do."""

    def __init__(self, world: World, wanted: Wanted) -> None:
        self.world, self.wanted = world, wanted
        self.made: Compiled | None = None

    def content(self, name: str, sha256: str) -> bytes:
        """Return one of the files.

        Raises:
            SlipwayError: it is not equal: nobody has tested this one.
        """
        binary, wanted = self.world.config.binary, self.wanted
        gone = f"the candidate's image with the approved {name} is gone from the registry"
        fix = f"push the image of {wanted.candidate} back, or promote a newer candidate"
        if binary is None or name not in (binary.name, *binary.assets):
            raise SlipwayError(gone, where=f"release {wanted.tag}", fix=fix)
        if name in binary.assets:
            gone = f"the approved {name} is not in this working tree"
            fix = "release from where the candidate was built, or promote a newer candidate"
        if self.made is None:
            self.made = compile_binary(self.world, binary, wanted.commit, wanted.version, "draft")
        path = binary.assets.get(name)
        content = self.made.outputs[path] if path else self.made.content
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            raise SlipwayError(
                f"{gone}, and compiling it again gives other bytes",
                where=f"release {wanted.tag}",
                detail=[f"approved  {sha256}", f"compiled  {found}"],
                fix=fix,
            )
        return content


def act(world: World, wanted: Wanted, _seen: Seen) -> str:
    """Make the draft, then attach every asset; nobody sees it before `publish`."""
    forge = connect(world)
    assets = {CHECKSUMS: wanted.checksums.encode()} if wanted.binary else {}
    once_more, names = _Again(world, wanted), []
    for name, sha256 in wanted.binary.items():
        content = _from_here(world, name, sha256) or _from_image(world, name, sha256, wanted)
        if content is None:
            content = once_more.content(name, sha256)
            names.append(name)
        assets[name] = content
    what = "the one that was" if len(names) == 1 else "those that were"
    again = f"; {', '.join(names)} compiled again, byte for byte {what} tested" if names else ""
    forge.draft(wanted.tag, wanted.commit, wanted.version, wanted.notes)
    for name, content in sorted(assets.items()):
        forge.attach(wanted.tag, name, content)
    return f"{wanted.tag}: {', '.join(sorted(assets)) or 'notes alone'}{again}"


def claims(wanted: Wanted, seen: Seen) -> Claims:
    """Claim the assets; that stays true when the draft is published."""
    there = seen.facts.get("found", wanted.assets)
    return {"forge": {f"assets:{wanted.tag}": asset_claim(there)}}


def judge(world: World) -> str:
    """Say whether what is public is what was approved.

    Raises:
        Failed: it is not, with both sides.
    """
    told = world.json(paths.receipt("draft"))
    if "skipped" in told:
        return Skipped(told["skipped"])
    if "damage" in told:
        raise Failed(
            "it is published, but is not what was approved",
            where=told["where"],
            detail=told["damage"],
            fix="published releases do not change: find out who did it, and release something newer"
            " (doit release goes on as ever)",
        )
    return f"{told['version']} is what was approved"


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    with_what = f" with {', '.join(sorted(wanted.assets))}" if wanted.assets else ""
    return f"a draft of release {wanted.tag}{with_what}"


EFFECT = Effect("draft", "forge", want, observe, act, claims, means)
