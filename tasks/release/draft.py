"""The draft of a release: the binary that was tested, its checksums, the notes as reviewed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ..build import compile_binary
from ..changelog import section_of
from ..forge import Release, asset_claim, connect
from ..images import BINARY_LABEL, repository_of
from ..kernel import journal, paths, remotes
from ..kernel.effects import Effect, Seen, Skip
from ..kernel.errors import SlipwayError
from ..kernel.receipts import Claims
from ..kernel.world import UNKNOWN, World
from ..registry import Registry, find_file, open_registry
from ..version import tag_prefix

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
        names: of the assets, sorted.
    """

    tag: str
    version: str
    candidate: str
    commit: str
    notes: str
    names: tuple[str, ...]


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
    released = world.sightings("source").get(f"refs/tags/{tag}")
    if released not in (None, commit):
        return Skip(
            f"{promotion['candidate']} is spent: {version} was released from {released[:7]}"
        )
    changelog = remotes.files_at(mirror, promotion["merge"], world.config.release.changelog) or b""
    notes = section_of(changelog.decode("utf-8", "replace"), version)
    binary = world.config.binary
    names = (CHECKSUMS, *([binary.name] if binary else []))
    return Wanted(tag, version, promotion["candidate"], commit, notes, tuple(sorted(names)))


def observe(world: World, wanted: Wanted) -> Seen:
    """Ask the forge for the draft, or for what became of it.

    Raises:
        SlipwayError: a release stands there that is of another commit, or lacks an asset.
    """
    release = connect(world).release(wanted.tag)
    facts = {"tag": wanted.tag, "version": wanted.version, "commit": wanted.commit}
    if release is None:
        unknown = dict.fromkeys(wanted.names, UNKNOWN)
        return Seen(False, f"there is no release {wanted.tag}", facts | {"assets": unknown})
    wrong = _wrong(world, release, wanted)
    if not release.draft and wrong:
        raise SlipwayError(
            "it is published, but is not what was approved",
            where=release.where,
            detail=wrong,
            fix="published releases do not change: look who did, and promote a newer candidate",
        )
    known = {name: release.assets.get(name, UNKNOWN) for name in wanted.names}
    if not wrong and (not release.draft or release.notes == wanted.notes):
        state = "a draft" if release.draft else "published"
        says = f"{wanted.tag} is {state}, {len(known)} assets"
        return Seen(True, says, facts | {"assets": known})
    return Seen(False, f"the draft of {wanted.tag} is not whole", facts | {"assets": known})


def _wrong(world: World, release: Release, wanted: Wanted) -> list[str]:
    """Return what there is not as it was approved; empty when all is."""
    if release.commit != wanted.commit:
        return [f"there   of commit {release.commit}", f"wanted  of commit {wanted.commit}"]
    missing = sorted(set(wanted.names) - set(release.assets))
    if missing:
        return [f"it has no {name}" for name in missing]
    sums = {name: release.assets[name] for name in wanted.names if name != CHECKSUMS}
    told = connect(world).asset(wanted.tag, CHECKSUMS).decode(errors="replace")
    lines = zip(
        _checksums(sums).splitlines(), [*told.splitlines(), *[""] * len(sums)], strict=False
    )
    return [f"{CHECKSUMS} says {says}, but there is {is_}" for is_, says in lines if is_ != says]


def _checksums(sums: dict[str, str]) -> str:
    """Return the text of the checksums file, as `sha256sum --check` reads it."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))


def _tested_binary(world: World, registry: Registry, name: str, wanted: Wanted) -> bytes | None:
    """Take the binary out of the candidate's image: what ships is what was tested."""
    for image in world.config.images.values():
        repository = repository_of(world.config, image)
        if image.binary != name or not (digest := registry.resolve(repository, wanted.candidate)):
            continue
        labels = registry.config(repository, digest).get("config", {}).get("Labels") or {}
        content = find_file(registry, repository, digest, name)
        if content is None or hashlib.sha256(content).hexdigest() != labels.get(BINARY_LABEL):
            raise SlipwayError(
                f"the candidate's image does not hold the {name} it says it does",
                where=f"{repository}:{wanted.candidate}",
                fix="do not release it; push a fix and promote the next candidate",
            )
        journal.say(f"{name} taken from {repository}@{digest}")
        return content
    return None


def act(world: World, wanted: Wanted, _seen: Seen) -> str:
    """Make the draft, then attach every asset; nobody sees it before `publish`."""
    forge, config = connect(world), world.config
    assets: dict[str, bytes] = {}
    if config.binary:
        name = config.binary.name
        registry = open_registry(config.registry, world.root)
        content = _tested_binary(world, registry, name, wanted)
        if content is None:
            journal.say(
                "the candidate's image is gone from the registry: compiling the commit again"
            )
            content = compile_binary(
                world, config.binary, wanted.commit, wanted.version, "draft"
            ).content
        assets[name] = content
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in assets.items()}
    assets[CHECKSUMS] = _checksums(sums).encode()
    forge.draft(wanted.tag, wanted.commit, wanted.version, wanted.notes)
    for name, content in sorted(assets.items()):
        forge.attach(wanted.tag, name, content)
    return f"{wanted.tag}: {', '.join(sorted(assets))}"


def claims(wanted: Wanted, seen: Seen) -> Claims:
    """Claim the assets; that stays true when the draft is published."""
    assets = seen.facts["assets"]
    value = UNKNOWN if UNKNOWN in assets.values() else asset_claim(assets)
    return {"forge": {f"assets:{wanted.tag}": value}}


def means(wanted: Wanted) -> str:
    """Say what it changes."""
    return f"a draft of release {wanted.tag} with {', '.join(wanted.names)}"


EFFECT = Effect("draft", "forge", want, observe, act, claims, means)
