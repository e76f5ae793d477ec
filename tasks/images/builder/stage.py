"""The state while a Dockerfile's instructions are worked through: variables, base, settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tasks.registry import oci

from . import base_image as bases_
from .base_image import Base
from .context import Context
from .parse import Instruction
from .settings import Settings
from .substitute import substitute

# What BuildKit and buildah set where a base image sets none, `scratch` included.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

Bases = Callable[[str], Path | None]


class Stage:
    """One build stage, the only one there may be.

    Args:
        escape: the Dockerfile's escape character.
        context: where COPY finds its sources.
        given: values for ARG.
        bases: finds a base image's layout by name; None when there are only `scratch` images.
    """

    def __init__(
        self, escape: str, context: Context, given: Mapping[str, str], bases: Bases | None
    ) -> None:
        self.escape = escape
        self.context = context
        self.given = given
        self.bases = bases
        self.base: Base | None = None
        self.base_name = ""
        self.settings = Settings()
        self.before: dict[str, str] = _platform()  # ARGs that stand before FROM
        self.arguments: dict[str, str] = {}

    @property
    def variables(self) -> dict[str, str]:
        """What `$X` may stand for now; ENV wins over ARG."""
        if self.base is None:
            return self.before
        return {**self.arguments, **self.settings.environment}

    def expand(self, word: str, instruction: Instruction) -> str:
        """Fill in variables and take off quotes."""
        return substitute(word, self.variables, self.escape, instruction.place)

    def argument(self, name: str, default: str | None) -> None:
        """Declare an ARG: what was given wins over its default, that over one before FROM."""
        if self.base is None:
            value = self.given.get(name, default)
            target = self.before
        else:
            value = self.given.get(name, self.before.get(name) if default is None else default)
            target = self.arguments
        if value is not None:
            target[name] = value

    def begin(self, name: str, instruction: Instruction) -> None:
        """Take the base image that FROM names.

        Raises:
            SlipwayError: there is no such base.
        """
        self.base_name = name
        if name == "scratch":
            self.base = bases_.scratch()
        else:
            layout = self.bases(name) if self.bases else None
            if layout is None:
                raise instruction.place.error(
                    f"the base image {name} is not here",
                    fix="provide it as an OCI image layout, or build FROM scratch",
                )
            self.base = bases_.load(layout, name, instruction.place)
        self.settings = Settings.of(self.base.config)
        if "PATH" not in self.settings.environment:
            self.settings.set_environment({"PATH": _PATH})


def _platform() -> dict[str, str]:
    """Return the arguments that BuildKit sets by itself."""
    machine = oci.architecture()
    platform = {"PLATFORM": f"linux/{machine}", "OS": "linux", "ARCH": machine, "VARIANT": ""}
    return {
        f"{kind}{key}": value for kind in ("BUILD", "TARGET") for key, value in platform.items()
    }
