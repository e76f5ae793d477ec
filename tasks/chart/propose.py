"""The effect `chart:bump`: a published release's digests in one pull request on the charts."""

from __future__ import annotations

from ..forge import NewPull, connect
from ..kernel import git as g
from ..kernel import paths, remotes
from ..kernel.effects import Again, Effect, Seen, Skip, killed_here
from ..kernel.errors import SlipwayError
from ..kernel.receipts import Claims
from ..kernel.world import UNKNOWN, World
from . import builds
from .modules import content as content_of
from .modules import of_source
from .proposal import Standing, is_open, mark, marked, pulls, standing
from .release import Release, files_with, words
from .remote import REMOTE, TRAILER, Charts, address, ask, branch_of, chart_of, repository_of

TASK = "chart:bump"
STANDING = "standing"
_BOT = ("Slipway", "slipway@localhost")
_KEPT = "refs/slipway/kept/"


def want(world: World) -> Release | Skip:
    """Want the newest published release in the chart, whole.

    Raises:
        SlipwayError: it was published without an image that the chart names, which would stay at
            an older build beside the others.
    """
    published = world.json(paths.receipt("publish"))
    if "skipped" in published:
        return Skip(published["skipped"])
    version, images = published["version"], published["images"]
    told = chart_of(world).images
    if lacks := sorted(set(told) - set(images)):
        raise SlipwayError(
            f"{version} was published without {', '.join(lacks)}",
            where=world.config.where(f"chart.images.{lacks[0]}"),
            detail=[f"{told[name]}: no image {name} of {version}" for name in lacks],
            fix="release again: what is approved next has every image; a chart never gets some of"
            " them",
        )
    named = {name: images[name] for name in sorted(told)}
    return Release(version, published["commit"], named)


def observe(world: World, release: Release) -> Seen:
    """Ask whether the chart has the release, or a pull request that brings it is open.

    Raises:
        SlipwayError: the branch of that name is somebody's own work; or an image is not in the
            registry, or of another build.
    """
    charts = ask(world)
    there = standing(world, charts, release)
    facts = release.plain() | {"pull": there.pull}
    if not there.done:
        _refuse_foreign(world, charts, release)
        builds.refuse_release(world, release)
        facts["pull"] = there.pull or UNKNOWN
    return Seen(there.done, there.says, facts)


def _refuse_foreign(world: World, charts: Charts, release: Release) -> None:
    """Refuse to replace a branch of that name that is somebody's own work."""
    branch = branch_of(world, final=release.final)
    there = charts.refs.get(f"refs/heads/{branch}", "")
    if there and charts.is_foreign(there):
        raise SlipwayError(
            f"the branch {branch} is somebody's own work",
            where=world.config.remotes.charts.url,
            detail=[f"it stands at {there[:12]}, and none of its commits takes a release in"],
            fix="rename that branch",
        )


def _commit(world: World, charts: Charts, release: Release) -> str:
    """Make the bump's commit in our mirror, as old as what it brings: the same facts, the same."""
    content, told = charts.content(charts.head), charts.told
    files: dict[str, bytes | None] = {**files_with(content, release, repository_of(world))}
    modules = of_source(world, told, release.commit)
    files |= {f"{told.path}/{name}": None for name in content.modules if name not in modules}
    files |= {f"{told.path}/{name}": content_of(world, file) for name, file in modules.items()}
    programs = {f"{told.path}/{name}" for name, file in modules.items() if file.program}
    dated = ("log", "-1", "--format=%ct +0000", release.commit, "--")
    date = g.text(*dated, repo=world.mirror("source"))
    message = (
        f"chore({told.name}): bump images to {release.version}\n\n"
        f"They were built from {release.commit[:12]}.\n\n{TRAILER}: {release.version}\n"
        f"Slipway-Commit: {release.commit}\n"
    )
    who = g.identity(*_BOT, date)
    return remotes.commit_files(world, REMOTE, charts.head, files, message, who, programs)


def act(world: World, release: Release, _seen: Seen) -> str:
    """Push the branch, then open the pull request or take over the one that is open.

    What people had committed on top of an older bump is kept under a ref and told.

    Raises:
        Again: somebody else has pushed meanwhile.
    """
    charts = ask(world)
    _refuse_foreign(world, charts, release)
    branch = branch_of(world, final=release.final)
    commit, ref = _commit(world, charts, release), f"refs/heads/{branch}"
    there = charts.refs.get(ref, "")
    kept = _keep(world, charts, there)
    if there != commit:
        try:
            remotes.push(world, REMOTE, address(world), ref, commit, there)
        except remotes.RefTaken as error:
            raise Again(error.what) from None
    killed_here(f"{TASK if release.final else 'chart:candidate'}:pushed")
    return _offer(world, charts, release) + kept


def _offer(world: World, charts: Charts, release: Release) -> str:
    """Have one pull request open, with our words; return which."""
    forge, final = connect(world, REMOTE), release.final
    # What merges by labels, here or on the forge, must not merge a candidate.
    labels = charts.told.labels if final else ()
    told = words(charts.content(charts.head), release, repository_of(world))
    body, pull = f"{mark(release.version)}\n{told.body}", is_open(pulls(world, final=final))
    if pull is None:
        branch = branch_of(world, final=final)
        new = NewPull(told.title, body, branch, charts.branch, labels, draft=not final)
        return f"{forge.open_pull(new).where}: {release.version} for {charts.told.name}"
    before = marked(pull)
    pull = forge.update_pull(pull.number, told.title, body, labels)
    if before in ("", release.version):
        return f"{pull.where} made whole again"
    return f"{pull.where}: {release.version} takes over from {before}"


def _keep(world: World, charts: Charts, there: str) -> str:
    """Keep the commits of people that are about to be replaced; return words for it."""
    if not there or charts.is_ours(there):
        return ""
    ref = f"{_KEPT}{there[:12]}"
    if charts.refs.get(ref) != there:
        remotes.push(world, REMOTE, address(world), ref, there, "")
    return f" (what people had changed in it is kept at {ref})"


def claims(release: Release, _seen: Seen) -> Claims:
    """Claim that the release is in the chart or on its way; it stays true when it is merged."""
    return {REMOTE: {f"bump:{release.version}": STANDING}}


def means(release: Release) -> str:
    """Say what it changes."""
    return f"a pull request that takes {release.version} into the chart"


def stands(world: World, charts: Charts, release: Release) -> Standing:
    """Say what stands of a release; one that cannot be read stands nowhere."""
    try:
        return standing(world, charts, release)
    except SlipwayError as error:
        return Standing(False, error.what, None)


EFFECT = Effect(TASK, REMOTE, want, observe, act, claims, means)
