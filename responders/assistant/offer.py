"""A model's reply as a candidate, like that of a template."""

from __future__ import annotations

import re
from collections.abc import Iterator

from responders.assistant.answer import Suggestion
from responders.assistant.brief import Given
from responders.assistant.grounding import rests_on
from responders.assistant.stems import clauses
from responders.library.unseen import seen
from responders.library.vocabulary import FACTS
from responders.types import ASSISTANT, Candidate, Recipe

_REPLY = "reply"
_SHORT = 40


def candidate(suggestion: Suggestion, given: Given, *, model: str) -> Candidate | None:
    """The suggested reply, never `sure`; None where there is none. `model`: its name in config.yaml.

    The facts that it rests on are among its sources, so that the reply is void when one changes.
    """
    if suggestion.reply is None:
        return None
    text = seen(suggestion.reply).strip()
    facts = {name: given.facts[name] for name in (*suggestion.facts, *rests_on(text, given)) if name in given.facts}
    return Candidate(
        text=text,
        template=ASSISTANT,
        variant=short_name(model),
        responder=ASSISTANT,
        # The words are a slot's value: a brace in them is never taken for a template's.
        recipe=Recipe(source=f"{{{{ {_REPLY} }}}}", slots={_REPLY: text, **facts}, locale=given.language),
        quoted=tuple(said for said in _given(given) if said.casefold() in text.casefold()),
        sources=(ASSISTANT, *(f"{FACTS}{name}" for name in facts)),
        sure=False,
        why="written by a language model",
    )


def _given(given: Given) -> Iterator[str]:
    """The facts and answers, their sentences and parts: said word for word, they are the operators' words, not the
    model's."""
    for text in (*given.facts.values(), *given.answers.values()):
        yield from (said for said in (text, *(part.strip(" .!") for part in clauses(text))) if said)


def short_name(model: str) -> str:
    """A model's name without its maker and its path, as the name of a wording."""
    name = re.sub(r"[^a-z0-9._:-]+", "-", model.rstrip("/").rpartition("/")[2].casefold()).strip("-")
    return name[:_SHORT] or "model"
