"""Public pages in HTML, from operators' files. All that is filled in is escaped, and the template can reach nothing
else."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from responders.library.render import RenderFailed


def render_page(source: str, **values: object) -> str:
    """The page. Raises `RenderFailed` with a sentence if the template cannot be used."""
    try:
        return _compiled(source).render(**values)
    except (TemplateError, TypeError, ValueError, ArithmeticError, RecursionError, AttributeError) as error:
        raise RenderFailed(f"The page could not be made: {error}.") from error


@lru_cache(maxsize=16)
def _compiled(source: str) -> Template:
    env = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    env.globals = {}
    return env.from_string(source)
