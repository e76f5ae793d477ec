"""Values for what a release is made of: its checks, its products, and how it is published."""

from __future__ import annotations

from dataclasses import dataclass, field

from .value import Value


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Check(Value):
    """One verdict on the source: a command, or a built-in rule; the other one is None.

    Attributes:
        timeout: seconds for one attempt, and for `before` and `after` each.
        attempts: how often the command may be started before its "no" counts.
        secrets: variables of our own environment that the command may see although they look like
            secrets.
        before: what is run before each attempt.
        after: what is run after each attempt, however it ended.
        artifacts: paths in the check's tree that are kept when it passes.
        from_: other checks whose artifacts it gets, and the folder of its tree they go to (`from`).
        guards: what waits for it: `pull-request`, `candidate`, or both.
        limit: how many pull requests the rule `pull-limit` allows.
        status: the name that its verdict goes by on the forge; "" for `slipway/NAME`.
    """

    name: str
    inputs: tuple[str, ...]
    command: tuple[str, ...] | None
    rule: str | None
    timeout: float
    attempts: int
    env: dict[str, str]
    secrets: tuple[str, ...] = ()
    before: tuple[str, ...] | None = None
    after: tuple[str, ...] | None = None
    artifacts: tuple[str, ...] = ()
    from_: dict[str, str] = field(default_factory=dict)
    guards: tuple[str, ...] = ("pull-request", "candidate")
    limit: int = 0
    status: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Binary(Value):
    """The compiled program; `output` is where `command` leaves it, relative to the source.

    Attributes:
        outputs: further files that the command must leave; they are kept beside the binary.
        assets: those of them that a release has beside the binary: name there → path here.
        secrets: variables of our own environment that the command may see although they look like
            secrets.
        attempts: how often the command may be started, each time in a new checkout.
        timeout: seconds for one attempt.
        store: a folder outside of the checkout that links of the command may lead to, as Nix's do;
            "" for none.
    """

    name: str
    inputs: tuple[str, ...]
    command: tuple[str, ...]
    output: str
    env: dict[str, str]
    outputs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    attempts: int = 1
    timeout: float = 3600.0
    store: str = ""
    assets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class App(Value):
    """A frontend that learns its version from one variable in one environment file."""

    name: str
    inputs: tuple[str, ...]
    env_file: str
    variable: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Image(Value):
    """A container image; the Dockerfiles are relative to `context`, `context` to the source.

    Attributes:
        base: what the Dockerfiles' argument BASE is, pinned by its digest; "" for their default.
    """

    name: str
    repository: str
    inputs: tuple[str, ...]
    context: str
    dockerfile_candidate: str
    dockerfile_release: str
    binary: str | None
    app: str | None
    args: dict[str, str]
    base: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Promotion(Value):
    """The pull request that a human merges; `files` are the only ones it may touch.

    Attributes:
        title: its title, `{version}` standing for the candidate's; None for the built-in one.
        take_over: whether a branch of that name which another tool has made may be replaced.
    """

    branch: str
    labels: tuple[str, ...]
    files: tuple[str, ...]
    title: str | None
    take_over: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Moving(Value):
    """The tags that follow the newest image of each kind."""

    candidate: str
    release: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Release(Value):
    """How a published version is named and written down.

    Attributes:
        version_file: the file on the version branch.
        cliff: git-cliff's configuration in the source; None for `cliff.toml` there, else our own.
    """

    tag_prefix: str
    version_branch: str
    changelog: str
    moving: Moving
    version_file: str = "version"
    cliff: str | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Chart(Value):
    """The Helm chart; `images` maps an image to the dotted path of its digest in `values`.

    Attributes:
        path: the chart's folder in the charts repository.
        values: the values file, relative to `path`.
        labels: labels of the pull request that takes a release into the chart.
        version: what a release does to the chart's own version: `patch` raises it, `keep` does not.
        modules: folders of the chart, and the folders of the source that are copied there.
        inputs: names of input sets whose changes need a release, though no image is made from them.
        candidate: whether a pull request that is never merged shows the newest candidate.
    """

    path: str
    values: str
    images: dict[str, str]
    labels: tuple[str, ...]
    version: str
    modules: dict[str, str] = field(default_factory=dict)
    candidate: bool = True
    inputs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The chart's name, which is also that of its release in every namespace."""
        return self.path.rpartition("/")[2]
