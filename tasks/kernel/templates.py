"""Templates: Jinja2, strict (an undefined name is an error) and sandboxed."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from . import paths
from .errors import SlipwayError


def render(name: str, /, **values: Any) -> str:
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
    except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        said = f"{type(error).__name__}: {getattr(error, 'message', '') or error}"
        raise SlipwayError(said, where=_place(error, name), fix="mend the template") from None


def _place(error: Exception, name: str) -> str:
    """Return the file and the line that an error came from; Jinja2 tells both as Python does."""
    folder = paths.ROOT / "templates"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(folder):
            return f"templates/{Path(frame.filename).relative_to(folder)}:{frame.lineno}"
    return f"templates/{name}"
