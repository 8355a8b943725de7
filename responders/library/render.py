"""From a recipe to the finished text, which is clean whatever is filled in. Slot values are data: braces stay
braces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateError

from responders.library.syntax import MARKS, MAX_CHARS, PLURAL, Refused, branches, environment, parse, plural_in
from responders.library.unseen import seen
from responders.types import MissingSlot, Recipe

MAX_OUTPUT = 4_096
"""Characters in the longest message that a platform takes (Telegram). Discord's limit is its adapter's to know."""
NOTHING_TYPED: Mapping[str, str] = {}
UNSIGNED = "[your name]"
"""What stands on a card that nobody has signed yet, in place of the first name of whoever decides."""
NAME_YOURSELF = "write it into config.yaml under `managers:`"


class RenderFailed(Exception):
    """The text cannot be made; the sentence says why."""


def render(recipe: Recipe, typed: Mapping[str, str] = NOTHING_TYPED, signer: str | None = None) -> str:
    """The finished text, with what the manager typed and their first name.

    Raises `RenderFailed` when words are missing, or the text is empty or longer than 4,096 characters.
    """
    if lacking := missing(recipe, typed):
        raise RenderFailed(f"Words are missing for {lacking[0].name}: {lacking[0].ask}")
    if recipe.signers and not (signer and signer.strip()):
        raise RenderFailed(f"This reply is signed, and nobody knows your first name; {NAME_YOURSELF}.")
    return _fill(recipe, {name: typed.get(name, "").strip() for name in recipe.asks}, signer or "")


def preview(recipe: Recipe, typed: Mapping[str, str] = NOTHING_TYPED, signer: str | None = None) -> str:
    """The text as far as it is known: `[the question]` for required words that are missing, `[your name]` for
    the signer.

    Raises `RenderFailed` as `render` does, but not for missing words.
    """
    gaps = {slot.name: gap(slot.ask) for slot in missing(recipe, typed)}
    words = {name: typed.get(name, "").strip() for name in recipe.asks}
    return _fill(recipe, words | gaps, signer or UNSIGNED)


def placeholders(recipe: Recipe) -> tuple[str, ...]:
    """What `preview` shows in place of words that are still missing."""
    return (*(gap(slot.ask) for slot in missing(recipe)), *([UNSIGNED] if recipe.signers else []))


def gap(ask: str) -> str:
    """What stands on a card in place of words that nobody has typed yet."""
    return f"[{ask}]"


def missing(recipe: Recipe, typed: Mapping[str, str] = NOTHING_TYPED) -> tuple[MissingSlot, ...]:
    """The required words that the manager has not typed yet, in the order of the questions."""
    return tuple(
        MissingSlot(name=name, ask=ask)
        for name, ask in recipe.asks.items()
        if name in recipe.required and not typed.get(name, "").strip()
    )


def unsaid(recipes: Sequence[tuple[Recipe, Mapping[str, str], str]]) -> list[int]:
    """The lines of the branches that none of these fillings renders. Each is a recipe, typed words and signer, of
    one source."""
    if not recipes or "{%" not in recipes[0][0].source:
        return []
    tree = parse(recipes[0][0].source)
    lines = branches(tree)
    marked = environment().from_string(tree)
    said = "".join(marked.render(_values(*filling)) for filling in recipes)
    return [line for mark, line in zip(MARKS, lines, strict=False) if mark not in said]


def _values(recipe: Recipe, words: Mapping[str, str], signer: str) -> dict[str, Any]:
    return {**recipe.slots, **words, **dict.fromkeys(recipe.signers, signer), PLURAL: plural_in(recipe.locale)}


def _fill(recipe: Recipe, words: Mapping[str, str], signer: str) -> str:
    try:
        if "{" in recipe.source or len(recipe.source) > MAX_CHARS:
            text = _compiled(recipe.source).render(_values(recipe, words, signer))
        else:  # most wordings have no branches
            text = recipe.source
    except Refused as error:
        raise RenderFailed(f"The template is not allowed: {error.message}.") from error
    except (TemplateError, TypeError, ValueError, RecursionError) as error:
        raise RenderFailed(f"The template could not be filled: {error}.") from error
    text = seen(text).strip()
    if not text:
        raise RenderFailed("The text came out empty.")
    if len(text) > MAX_OUTPUT:
        raise RenderFailed(f"The text has {len(text):,} characters; {MAX_OUTPUT:,} is the most a message can have.")
    return text


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Template:
    return environment().from_string(parse(source))
