"""One reader for each section of `pipeline.yml`, in the order of the file."""

from __future__ import annotations

from functools import partial

from . import checking, docsite, outward, places, products
from .grammar import (
    BRANCH,
    FILE,
    GIT_URL,
    GITHUB,
    LABEL,
    MOVING,
    NAME,
    PATTERN,
    PREFIX,
    TAG_PREFIX,
    TITLE,
    WEB_URL,
    is_plain_http,
)
from .model import (
    Config,
    Forge,
    Moving,
    Promotion,
    Registry,
    Release,
    Remote,
    Remotes,
)
from .readers import (
    Spot,
    choice,
    each,
    flag,
    text,
    without_repeats,
)
from .records import Fields, named

_GITHUB_API = "https://api.github.com"


def pipeline(spot: Spot) -> Config:
    """Read the whole file."""
    top = Fields(
        spot,
        *("project", "remotes", "inputs", "checks", "artifacts", "images", "registry", "forge"),
        *("promotion", "release", "chart", "cluster", "deployments", "environments"),
        *("testflight", "smoketest", "gates", "automerge", "notify", "docs"),
    )
    binary, apps = top.get("artifacts", products.artifacts, (None, {}))
    project = top.need("project", text(NAME))
    chart = top.get("chart", products.chart, None)
    config = Config(
        project=project,
        remotes=top.need("remotes", remotes),
        inputs=top.need("inputs", named("inputs", products.input_set)),
        checks=top.get("checks", named("checks", checking.check), {}),
        binary=binary,
        apps=apps,
        images=top.get("images", named("images", products.image), {}),
        registry=top.need("registry", registry),
        forge=top.need("forge", forge),
        promotion=top.get("promotion", promotion, None) or promotion(spot.blank()),
        release=top.get("release", release, None) or release(spot.blank()),
        chart=chart,
        cluster=top.get("cluster", places.cluster, None) or places.cluster(spot.blank()),
        deployments=top.get("deployments", places.deployments, None)
        or places.deployments(spot.blank()),
        environments=top.need(
            "environments", named("environments", partial(places.environment, project))
        ),
        testflight=top.get("testflight", places.testflight, None),
        smoketest=top.get("smoketest", places.smoketest, None) or places.smoketest(spot.blank()),
        gates=top.get("gates", places.gates, None) or places.gates(spot.blank()),
        automerge=top.get("automerge", partial(outward.automerge, chart), None)
        or outward.automerge(chart, spot.blank()),
        notify=top.get("notify", outward.notices, ()),
        docs=top.get("docs", docsite.docs, None),
        file=spot.sheet.file,
        lines=spot.sheet.lines,
    )
    if top.complete:
        # A section that is left out declares nothing; one that is misspelt might declare anything.
        for section, kinds in {"artifacts": ("binary", "apps"), "images": ("images",)}.items():
            for kind in kinds if section not in top else ():
                spot.sheet.names[kind] = set()
    return config


def remotes(spot: Spot) -> Remotes:
    """Read the three repositories."""
    fields = Fields(spot, "source", "charts", "deployments")
    return Remotes(
        source=fields.need("source", remote),
        charts=fields.need("charts", remote),
        deployments=fields.need("deployments", remote),
    )


def remote(spot: Spot) -> Remote:
    """Read one repository."""
    fields = Fields(spot, "url", "branch")
    return Remote(
        url=fields.need("url", text(GIT_URL)), branch=fields.get("branch", text(BRANCH), "main")
    )


def registry(spot: Spot) -> Registry:
    """Read where images go."""
    fields = Fields(spot, "kind", "path", "url", "prefix", "insecure")
    kind = fields.need("kind", choice("local", "http"))
    read = Registry(
        kind=kind,
        path=fields.need("path", text(FILE)) if kind == "local" else "",
        url=fields.need("url", text(WEB_URL)) if kind == "http" else "",
        prefix=fields.get("prefix", text(PREFIX), ""),
        insecure=fields.get("insecure", flag, False),
    )
    _only(fields, kind, {"local": ("path",), "http": ("url", "insecure")})
    if read.url and is_plain_http(read.url) and not read.insecure:
        message = "is not encrypted (expected https://…, or insecure: true beside it)"
        spot.sheet.mistake_at(f"{spot.key}.url", message)
    return read


def forge(spot: Spot) -> Forge:
    """Read where pull requests and releases live."""
    fields = Fields(spot, "kind", "path", "repository", "api")
    kind = fields.need("kind", choice("local", "github"))
    read = Forge(
        kind=kind,
        path=fields.need("path", text(FILE)) if kind == "local" else "",
        repository=fields.need("repository", text(GITHUB)) if kind == "github" else "",
        api=fields.get("api", text(WEB_URL), _GITHUB_API) if kind == "github" else "",
    )
    _only(fields, kind, {"local": ("path",), "github": ("repository", "api")})
    if read.api and is_plain_http(read.api):
        message = "would send the token in the clear (expected https://…)"
        spot.sheet.mistake_at(f"{spot.key}.api", message)
    return read


def _only(fields: Fields, kind: str, belongs: dict[str, tuple[str, ...]]) -> None:
    for other, keys in belongs.items():
        for key in keys if kind and kind != other else ():
            fields.forbid(key, f"has no meaning here (expected with kind: {other})")


def promotion(spot: Spot) -> Promotion:
    """Read the pull request that a human merges."""
    fields = Fields(spot, "branch", "labels", "files", "title", "take-over")
    labels, files = without_repeats(each(text(LABEL))), each(text(PATTERN), least=1)
    return Promotion(
        branch=fields.get("branch", text(BRANCH), "bot-promote-rc"),
        labels=fields.get("labels", labels, ("promote-rc",)),
        files=fields.get("files", without_repeats(files), ("CHANGELOG.md", "docs-site/**")),
        title=fields.get("title", text(TITLE), None),
        take_over=fields.get("take-over", flag, False),
    )


def release(spot: Spot) -> Release:
    """Read how a version is named and written down."""
    fields = Fields(
        spot,
        *("tag-prefix", "version-branch", "version-file", "changelog", "cliff", "moving"),
    )
    return Release(
        tag_prefix=fields.get("tag-prefix", text(TAG_PREFIX), ""),
        version_branch=fields.get("version-branch", text(BRANCH), "version"),
        changelog=fields.get("changelog", text(FILE), "CHANGELOG.md"),
        moving=fields.get("moving", moving, None) or moving(spot.blank()),
        version_file=fields.get("version-file", text(FILE), "version"),
        cliff=fields.get("cliff", text(FILE), None),
    )


def moving(spot: Spot) -> Moving:
    """Read the tags that follow the newest images."""
    fields = Fields(spot, "candidate", "release")
    return Moving(
        candidate=fields.get("candidate", text(MOVING), "edge"),
        release=fields.get("release", text(MOVING), "latest"),
    )
