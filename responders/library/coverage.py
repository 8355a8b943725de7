"""Warning L09: nobody has read what no example renders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from responders.library.examples import Understand, offered, typed
from responders.library.faults import Fault
from responders.library.model import Library, Template
from responders.library.render import unsaid
from responders.types import Recipe

_Filling = tuple[Recipe, Mapping[str, str], str]


def coverage_faults(library: Library, understand: Understand) -> Iterator[Fault]:
    """Variants, and branches of `{% if %}`, that none of the file's examples renders. Files without examples pass."""
    for template in library.templates:
        if not template.examples:
            continue
        said: dict[str, list[_Filling]] = defaultdict(list)
        for example in template.examples:
            for candidate in offered(library, template, example, understand):
                if candidate.recipe:
                    words, signer = typed(candidate.recipe, example)
                    said[candidate.variant].append((candidate.recipe, words, signer or "your name"))
        yield from _unsaid(template, said)


def _unsaid(template: Template, said: Mapping[str, list[_Filling]]) -> Iterator[Fault]:
    for variant in template.variants:
        if variant.name not in said:
            message = f"no example renders variant {variant.name}; add one whose post it fits"
            yield Fault(file=template.path, line=variant.line, message=message, code="L09", warning=True)
            continue
        for line in unsaid(said[variant.name]):
            message = f"no example renders this branch of variant {variant.name}; add one that does"
            place = variant.source_line + line - 1
            yield Fault(file=template.path, line=place, message=message, code="L09", warning=True)
