"""The values that `pipeline.yml` becomes: plain, frozen, in the file's own words."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .docsite import Docs
    from .outward import Automerge, Notice

_EMBEDDED = ".sandbox/"
TERRAFORM = "terraform"


class Value:
    """Equality and text of all values here.

    Generated ones would be compiled for every class on every command, which costs more than
    reading the file does.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment] # they hold mappings

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._compared() == other._compared()

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{part.name}={getattr(self, part.name)!r}" for part in _fields(self) if part.repr
        )
        return f"{type(self).__name__}({parts})"

    def _compared(self) -> list[Any]:
        return [getattr(self, part.name) for part in _fields(self) if part.compare]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Remote(Value):
    """A git repository and the branch of it that is followed."""

    url: str
    branch: str

    @property
    def embedded(self) -> bool:
        """Whether it is one of the sandbox's own repositories, a path below `.sandbox/`."""
        return posixpath.normpath(self.url).startswith(_EMBEDDED)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Remotes(Value):
    """The three repositories that a change travels through."""

    source: Remote
    charts: Remote
    deployments: Remote


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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Binary(Value):
    """The compiled program; `output` is where `command` leaves it, relative to the source.

    Attributes:
        outputs: further files that the command must leave; they are kept beside the binary.
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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class App(Value):
    """A frontend that learns its version from one variable in one environment file."""

    name: str
    inputs: tuple[str, ...]
    env_file: str
    variable: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Image(Value):
    """A container image; the Dockerfiles are relative to `context`, `context` to the source."""

    name: str
    repository: str
    inputs: tuple[str, ...]
    context: str
    dockerfile_candidate: str
    dockerfile_release: str
    binary: str | None
    app: str | None
    args: dict[str, str]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Registry(Value):
    """Where images go; `path` is empty for kind http, `url` for kind local."""

    kind: str
    path: str
    url: str
    prefix: str
    insecure: bool


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Forge(Value):
    """Where pull requests and releases live; `path` for kind local, the others for kind github."""

    kind: str
    path: str
    repository: str
    api: str


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
        candidate: whether a pull request that is never merged shows the newest candidate.
    """

    path: str
    values: str
    images: dict[str, str]
    labels: tuple[str, ...]
    version: str
    modules: dict[str, str] = field(default_factory=dict)
    candidate: bool = True

    @property
    def name(self) -> str:
        """The chart's name, which is also that of its release in every namespace."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Cluster(Value):
    """Where releases run; `path` is the folder of kind local, `context` kubectl's name of one."""

    kind: str
    path: str
    context: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Deployments(Value):
    """Where things stand in the deployments repository.

    Attributes:
        cepler: the file that says which files each environment takes.
        vendir: the file that says which chart is vendored.
        vendored: the folder that the chart is vendored to, DIRECTORY/CONTENT of `vendir`; None when
            no chart is vendored.
        state: folder of the Terraform states of roots with an empty local backend.
        freezes: the file that says when nothing may be deployed; it need not be there.
        lease: seconds after which the lock of an environment may be taken over from a dead run.
        backend: what roots with an empty block of another backend are told of it: setting → value,
            `{environment}` standing for the name.
    """

    cepler: str
    vendir: str
    vendored: str | None
    state: str
    freezes: str
    lease: float
    backend: dict[str, str]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Environment(Value):
    """Somewhere to deploy; `passed` names the environment that must have had the same before.

    Attributes:
        root: its folder in the deployments repository: a Terraform root, and its `values.yml`.
        namespace: where its release runs.
        terraform: the program that plans and applies it; `terraform` stands for OpenTofu, too.
    """

    name: str
    passed: str | None
    gate: bool
    root: str
    namespace: str
    terraform: str = TERRAFORM


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Testflight(Value):
    """The throwaway environment that a chart must pass.

    Attributes:
        root: its folder in the deployments repository.
        timeout: seconds for all of it.
        secrets: names of the secrets that it gets copies of.
        secrets_from: the namespace that they are copied from; "" for the first environment's.
    """

    root: str
    timeout: float
    secrets: tuple[str, ...] = ()
    secrets_from: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Endpoint(Value):
    """One question of the smoketest: a service of the release, asked over HTTP.

    Attributes:
        version: whether the answer's `version` must be the chart's appVersion.
        status: that it must answer with.
        body: regular expression that must be found in the answer; "" for any answer.
    """

    name: str
    service: str
    port: int
    path: str
    version: bool
    status: int = 200
    body: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Smoketest(Value):
    """What a release must answer before anything goes on; `timeout` is in seconds."""

    endpoints: dict[str, Endpoint]
    timeout: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Gates(Value):
    """Where humans open gates: a branch of the deployments repository, and a file on it."""

    branch: str
    file: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Config(Value):
    """Everything `pipeline.yml` says, valid and complete.

    Two of them are equal when they say the same, wherever they were read from.
    """

    project: str
    remotes: Remotes
    inputs: dict[str, tuple[str, ...]]
    checks: dict[str, Check]
    binary: Binary | None
    apps: dict[str, App]
    images: dict[str, Image]
    registry: Registry
    forge: Forge
    promotion: Promotion
    release: Release
    chart: Chart | None
    cluster: Cluster
    deployments: Deployments
    environments: dict[str, Environment]
    testflight: Testflight | None
    smoketest: Smoketest
    gates: Gates
    automerge: Automerge
    notify: tuple[Notice, ...]
    docs: Docs | None = None
    file: str = field(default="pipeline.yml", compare=False)
    lines: dict[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def release_inputs(self) -> tuple[str, ...]:
        """Names of the input sets that what is released is made from, sorted.

        A commit that changes none of them needs no new candidate.
        """
        makers: list[App | Image] = [*self.apps.values(), *self.images.values()]
        names = {name for maker in makers for name in maker.inputs}
        names.update(self.binary.inputs if self.binary else ())
        return tuple(sorted(names))

    @property
    def candidate_checks(self) -> tuple[str, ...]:
        """Names of the checks that a candidate waits for, in the order of the file."""
        return tuple(name for name, check in self.checks.items() if "candidate" in check.guards)

    def slice(self, *names: str) -> dict[str, Any]:
        """Return parts of the configuration as plain data, for a task to depend on them alone.

        Args:
            names: sections ("release") or their items ("images.lana-bank", "remotes.source").

        Returns:
            Name to JSON-able data; a part that is left out of the file, such as a chart, is None.

        Raises:
            KeyError: there is no such part.
        """
        return {name: _plain(self._part(name)) for name in names}

    def where(self, key: str) -> str:
        """Return the place to name in a message about a key: `pipeline.yml:31: images.web.context`.

        A key that is not written in the file gets the line of what it would stand in.
        """
        return f"{self.file}:{nearest_line(self.lines, key)}: {key}"

    def _part(self, name: str) -> Any:
        section, _, item = name.partition(".")
        if section not in _SECTIONS:
            raise KeyError(name)
        value = getattr(self, section)
        if not item:
            return value
        if isinstance(value, dict) and item in value:
            return value[item]
        if is_dataclass(value) and item in {part.name for part in fields(value)}:
            return getattr(value, item)
        raise KeyError(name)


_SECTIONS = frozenset(part.name for part in fields(Config)) - {"file", "lines"}


def _fields(value: Any) -> tuple[Field[Any], ...]:
    return fields(value)


def nearest_line(lines: Mapping[str, int], key: str) -> int:
    """Return the line of `key`, or of the innermost written key around it, or 1."""
    while key and key not in lines:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return lines.get(key, 1)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
