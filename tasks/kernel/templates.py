"""Templates: Jinja2, strict (an undefined name is an error) and sandboxed."""

from __future__ import annotations

from typing import Any

from . import paths
from .errors import SlipwayError


def render(name: str, **values: Any) -> str:
    """Render `templates/NAME`.

    Args:
        name: path below `templates/`.
        values: what the template may use.

    Raises:
        SlipwayError: the template is missing or broken, or uses a name that has no value.
    """
    from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(  # renders text and Markdown, never HTML
        loader=FileSystemLoader(paths.ROOT / "templates"),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        return environment.get_template(name).render(**values)
    except TemplateSyntaxError as error:
        where = f"templates/{error.name or name}:{error.lineno}"
        raise SlipwayError(str(error.message), where=where, fix="mend the template") from None
    except TemplateError as error:
        said = f"{type(error).__name__}: {error.message or error}"
        raise SlipwayError(said, where=f"templates/{name}", fix="mend the template") from None
