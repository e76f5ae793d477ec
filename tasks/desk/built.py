"""Links of a trace: from the images in the chart to the release, its commit, its approval."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..chart.bump import breadcrumb
from ..chart.bump.document import document
from ..forge import Pull, connect, marked
from ..forge.promotions import Promotion, Rules, merged_promotion, proofs_in
from ..images.context import REVISION, VERSION, repository_of
from ..kernel.config import Config
from ..kernel.errors import SlipwayError
from ..kernel.redact import redact
from ..kernel.world import World
from ..registry import Registry
from ..registry.names import is_digest
from ..registry.oci import labels
from ..version import tag_prefix
from .links import Link, compared, missing
from .naming import commit_of
from .sides import Side, short

IMAGES = "images"
# How forges begin a merge, and how they end a squash.
_NUMBER = re.compile(r"(?:^Merge pull request |\((?=#[0-9]+\)$))#([1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class Carried:
    """An image that the chart carries.

    Attributes:
        name: as `pipeline.yml` calls it.
        repository: in the registry.
        digest: as the values have it; "" when they do not.
        ref: what it was built from, as its breadcrumb says; "" when it does not.
        trouble: why something of that is not known.
    """

    name: str
    repository: str
    digest: str
    ref: str
    trouble: str = ""


def carried(config: Config, values: bytes, file: str) -> list[Carried]:
    """Return the images that a chart's values carry.

    Args:
        config: says where each stands.
        values: the values file.
        file: its name, for messages.
    """
    assert config.chart  # the trace has looked  # noqa: S101
    found: list[Carried] = []
    try:
        text = document(values, file)
    except SlipwayError as error:
        return [
            Carried(name, _repository(config, name), "", "", error.what)
            for name in config.chart.images
        ]
    for name, path in config.chart.images.items():
        repository = _repository(config, name)
        try:
            node = text.scalar(path)
        except SlipwayError as error:
            found.append(Carried(name, repository, "", "", error.what))
            continue
        comment = text.comment(node)
        crumb = breadcrumb.parse(comment[1]) if comment else None
        ref = crumb.commit_ref if crumb else ""
        trouble = "" if ref else "no breadcrumb beside the digest says what it was built from"
        found.append(Carried(name, repository, node.value, ref, trouble))
    return found


def _repository(config: Config, name: str) -> str:
    image = config.images.get(name)
    return repository_of(config, image) if image else name


def image_link(registry: Registry, image: Carried, version: str) -> Link:
    """Hold an image in the chart against the registry, and its labels against the chart.

    Args:
        registry: is asked.
        image: as the chart has it.
        version: the chart's appVersion; "" when that is not known.

    Raises:
        SlipwayError: the registry cannot be asked.
    """
    link = Link(
        image.name,
        f"{image.digest[:19]}…  built from {image.ref or '?'} as {version or '?'}",
        f"registry  {image.repository}",
        part=IMAGES,
        facts={"repository": image.repository, "digest": image.digest, "commit_ref": image.ref},
    )
    if not image.digest:
        return missing(link, image.trouble)
    if not is_digest(image.digest):
        return compared(link, image.digest, "a digest", same=False)
    if registry.manifest(image.repository, image.digest) is None:
        return missing(link, "the registry has no such image", image.digest)
    if image.trouble:
        return missing(link, image.trouble)
    told = labels(registry.config(image.repository, image.digest))
    revision, stamped = told.get(REVISION, ""), told.get(VERSION, "")
    if not (revision and revision.startswith(image.ref)):
        return compared(link, revision or "nothing", image.ref, same=False,
                        says=f"its label {REVISION}")  # fmt: skip
    if version and stamped != version:
        return compared(link, stamped or "nothing", version, says=f"its label {VERSION}")
    return link


@dataclass(frozen=True, slots=True)
class Origin:
    """What the images of a chart were built from.

    Attributes:
        commit: its full id; "" when the source does not have it.
        subject: its first line.
        link: the verdict on it.
    """

    commit: str
    subject: str
    link: Link


def origin(source: Side, images: list[Carried]) -> Origin:
    """Find the commit that the breadcrumbs name, and hold it against the source branch."""
    refs: dict[str, list[str]] = {}
    for image in images:
        if image.ref:
            refs.setdefault(image.ref, []).append(image.name)
    link = Link("commit", "?", f"source {source.branch}")
    if not refs:
        return Origin("", "", missing(link, "no breadcrumb in the chart names it"))
    ids = {ref: commit_of(source, ref) for ref in refs}
    first = next(iter(refs))
    commit = ids[first]
    if not commit:
        return Origin("", "", missing(link, f"the source has no commit {first}", first))
    subject = source.told(commit).subject
    facts = {"commit": commit, "subject": subject}
    link = Link("commit", f"{short(commit)} “{subject}”", link.source, facts=facts)
    if len(set(ids.values())) > 1:
        there = "; ".join(f"{ref} ({', '.join(names)})" for ref, names in refs.items())
        link = compared(link, there, "one commit for all images", same=False)
    elif not source.holds(commit):
        link = compared(link, commit, f"a commit that {source.branch} holds", same=False)
    return Origin(commit, subject, link)


def tag_of(world: World, source: Side, version: str, commit: str) -> str:
    """Return the name of a release's tag."""
    return tag_prefix(world, commit or source.head) + version


def release_link(world: World, tag: str, commit: str) -> Link:
    """Hold the release against the forge.

    Raises:
        SlipwayError: the forge cannot be asked.
    """
    link = Link("release", f"{tag}, published", "forge", facts={"tag": tag})
    found = connect(world, "source").release(tag)
    if found is None:
        return missing(link, f"the forge has no release {tag}", "a published release")
    facts = {"tag": tag, "assets": dict(found.assets), "notes": found.notes}
    assets = f"{len(found.assets)} asset{'' if len(found.assets) == 1 else 's'}"
    link = Link("release", f"{tag}, published, {assets}", f"forge  {found.where}", facts=facts)
    if found.draft:
        return compared(link, "a draft", "a published release")
    return compared(link, f"of commit {found.commit}", f"of commit {commit}")


def tag_link(source: Side, tag: str, commit: str) -> Link:
    """Hold the tag against the commit."""
    there = source.refs.get(f"refs/tags/{tag}", "")
    link = Link("tag", f"{tag} on {short(commit)}", "source", facts={"tag": tag, "commit": there})
    if not there:
        return missing(link, f"the source has no tag {tag}", f"on {commit}")
    return compared(link, f"on {there}", f"on {commit}")


def merged_of(config: Config, source: Side, wanted: Callable[[str], bool]) -> Promotion | None:
    """Return the newest merged promotion of some candidates; None when there is none.

    Args:
        config: says what a promotion may touch.
        source: the source repository, with the refs that prove which commits are ours.
        wanted: the test whether a candidate is meant.
    """
    proofs = {name: ours for name, ours in proofs_in(source.refs).items() if wanted(name)}
    rules = Rules(proofs, config.promotion.files, config.release.changelog)
    return merged_promotion(source.mirror, source.head, rules)


def promotion_of(config: Config, source: Side, version: str) -> Promotion | None:
    """Return the merged promotion that released a version; None when there is none."""
    return merged_of(config, source, lambda candidate: candidate.partition("-")[0] == version)


def promotion_link(world: World, source: Side, promotion: Promotion | None, commit: str) -> Link:
    """Hold the promotion's merge against the commit, and against the forge's pull request.

    Args:
        world: whose forge.
        source: the source repository.
        promotion: of the released version; None when none was merged.
        commit: that the images were built from.

    Raises:
        SlipwayError: the forge cannot be asked.
    """
    link = Link("promotion", "?", f"source {source.branch}")
    if promotion is None:
        return missing(link, f"nothing that {source.branch} holds promotes this version")
    if promotion.commit != commit:
        return compared(link, f"it promotes {promotion.commit}", commit)
    pulls = connect(world, "source").pulls(world.config.promotion.branch)
    said = _NUMBER.search(source.told(promotion.merge).subject)
    pull = _pull(pulls, int(said[1]) if said else 0, promotion.candidate)
    number = pull.number if pull else int(said[1]) if said else None
    facts = {
        "pull": number,
        "candidate": promotion.candidate,
        "merge": promotion.merge,
        "head": promotion.head,
        "images": promotion.approved.images,
        "binary": promotion.approved.binary,
    }
    name = pull.where if pull else f"pull request #{number}" if number else "a pull request"
    value = f"{name}, {promotion.candidate}, merged"
    link = Link("promotion", value, source.at(promotion.merge), facts=facts)
    if pull is None:
        return missing(link, f"the forge does not know {name}", "a merged pull request")
    if marked(pull.body) not in ("", promotion.candidate):
        return compared(link, f"it stands for {marked(pull.body)}", promotion.candidate)
    return compared(link, pull.state, "merged")


def _pull(pulls: list[Pull], number: int, candidate: str) -> Pull | None:
    """Return the pull request that a merge names, else the one that stands for its candidate."""
    named = [pull for pull in pulls if pull.number == number]
    standing = [pull for pull in pulls if marked(pull.body) == candidate]
    standing.sort(key=lambda pull: pull.state != "merged")
    return next(iter([*named, *(standing if not number else [])]), None)


def approver_link(source: Side, promotion: Promotion) -> Link:
    """Return who merged it, and why."""
    told = source.told(promotion.merge)
    facts: Mapping[str, str] = {
        "by": told.approver,
        "why": told.trailer("Reason"),
        "merged": told.instant,
    }
    return Link("approver", f"{told.approval}", source.at(told.commit), facts=facts)


def said_by(error: SlipwayError) -> str:
    """Return what an error says, for one row."""
    return redact(f"{error.where}: {error.what}" if error.where else error.what)
