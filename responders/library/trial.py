"""Every way a variant can come out: with and without its optional slots, and with the worst words in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from responders.library.model import Fact, Slot, Template, Variant
from responders.library.render import RenderFailed, render
from responders.library.unseen import seen
from responders.library.vocabulary import ASK_APPROVER, CALL_NAME, FACTS, HISTORY_SINCE, HISTORY_THING, SIGNER
from responders.types import Recipe

FILLER = "xylem"
"""Stands for any word in a slot. No word list knows it."""
_MOST_SUBSETS = 4
"""Up to this many optional slots, every subset is tried; beyond that all, none, and each one left out."""
_LONGEST = {
    ASK_APPROVER: " ".join([FILLER] * 20),
    SIGNER: "Maximiliane",
    CALL_NAME: "Maximiliane",
    HISTORY_SINCE: "2026",
    HISTORY_THING: "paints extraordinarily small lighthouses on the inside of other people's walnut shells, for years",
    "channel.name": "a-channel-with-a-long-name",
}
_LONGEST_DETAIL = "the extraordinarily complicated underwater telescope mechanism"  # six words, as details allow
HOSTILE = " ".join(
    (
        "\U0001f3ee\U0001f468\u200d\U0001f469\u200d\U0001f467",  # an emoji of several parts
        "\u202e\u05e9\u05dc\u05d5\u05dd",  # right to left
        "\"'`\u201c\u2019",
        "{{ 7*7 }}{% if x %}{#",
    )
)
"""Words that a fan may write. They must come out unchanged, except for what turns the writing round."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One way a variant came out. `words`: slot -> what was filled in, as it came out."""

    text: str
    words: Mapping[str, str]


def trials(template: Template, variant: Variant, facts: Mapping[str, Fact]) -> Iterator[Trial]:
    """With a plain word in each slot (facts as they are), for every set of filled optional slots."""
    slots = [template.slots[name] for name in variant.needs]
    plain = {slot.name: _fact(slot, facts, template.locale) or FILLER for slot in slots}
    for empty in _left_out([slot.name for slot in slots if not slot.required]):
        yield from _said(template, variant, {**plain, **dict.fromkeys(empty, "")})


def longest(template: Template, variant: Variant, facts: Mapping[str, Fact]) -> Iterator[Trial]:
    """With the longest words that each slot can hold."""
    slots = [template.slots[name] for name in variant.needs]
    words = {
        slot.name: _fact(slot, facts, template.locale) or _LONGEST.get(slot.source, _LONGEST_DETAIL) for slot in slots
    }
    yield from _said(template, variant, words)


def hostile(template: Template, variant: Variant) -> Iterator[Trial]:
    """With `HOSTILE` in all slots."""
    yield from _said(template, variant, dict.fromkeys(variant.needs, HOSTILE))


def _said(template: Template, variant: Variant, words: Mapping[str, str]) -> Iterator[Trial]:
    try:
        text = render(Recipe(source=variant.source, slots=words, locale=template.locale))
    except RenderFailed:  # for example an {% if %} that leaves nothing; it is not offered then
        return
    yield Trial(text=text, words={name: seen(said) for name, said in words.items()})


def _left_out(optional: list[str]) -> Iterator[tuple[str, ...]]:
    if len(optional) > _MOST_SUBSETS:
        yield from ((), tuple(optional), *(tuple(name for name in optional if name != one) for one in optional))
        return
    for count in range(len(optional) + 1):
        yield from combinations(optional, count)


def _fact(slot: Slot, facts: Mapping[str, Fact], language: str) -> str | None:
    fact = facts.get(slot.source.removeprefix(FACTS)) if slot.source.startswith(FACTS) else None
    return fact.said_in(language) if fact else None
