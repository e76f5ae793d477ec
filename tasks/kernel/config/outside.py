"""Values for what stands outside: the remotes, the ports, and where releases run."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from .value import Value

_EMBEDDED = ".sandbox/"
TERRAFORM = "terraform"


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
        secrets: variables of our own environment that Terraform may see in every root, although
            they look like secrets.
    """

    cepler: str
    vendir: str
    vendored: str | None
    state: str
    freezes: str
    lease: float
    backend: dict[str, str]
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Environment(Value):
    """Somewhere to deploy; `passed` names the environment that must have had the same before.

    Attributes:
        root: its folder in the deployments repository: a Terraform root, and its `values.yml`.
        namespace: where its release runs.
        terraform: the program that plans and applies it; `terraform` stands for OpenTofu, too.
        secrets: variables of our own environment that it may see in this root, too.
    """

    name: str
    passed: str | None
    gate: bool
    root: str
    namespace: str
    terraform: str = TERRAFORM
    secrets: tuple[str, ...] = ()


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
