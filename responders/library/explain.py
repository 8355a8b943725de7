"""Why a variant is offered to a post or not, for `greenroom templates preview`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from responders.library.model import Conditions, Slot, Template, Variant
from responders.library.offers import Situation, told
from responders.library.render import RenderFailed, preview
from responders.library.vocabulary import ASK_APPROVER, SIGNER
from responders.types import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """A variant as it would come out, with `[slot]` for words that are missing. `why_not` is None when it is
    offered."""

    variant: str
    text: str
    why_not: str | None


def explain(
    template: Template, holds: Situation, known: Mapping[str, str], words: Mapping[str, str]
) -> Iterator[Explained]:
    """Each variant, for a post with these values. `words`: slot -> what to fill in."""
    words = {**{slot.name: known.get(slot.source, "") for slot in template.slots.values()}, **words}
    for variant in template.variants:
        conditions = ((template.when, template.unless), (variant.when, variant.unless))
        reasons = [reason for when, unless in conditions for reason in _unmet(when, unless, holds)]
        if told(variant, holds):
            reasons.append("it asks, and the post is long or tells that already")
        slots = [template.slots[name] for name in variant.needs]
        reasons += [f"{s.name} has no words: {s.source} is not known here" for s in slots if _lacks(s, words)]
        said, failed = _said(template, variant, words)
        why_not = "; ".join(reasons) or failed
        yield Explained(variant=variant.name, text=said, why_not=why_not or None)


def _unmet(when: Conditions, unless: Conditions, holds: Situation) -> Iterator[str]:
    for field, values in when.items():
        if not holds[field] & set(values):
            yield f"it wants {field} {' or '.join(values)}, and the post has {_or(holds[field])}"
    for field, values in unless.items():
        if found := holds[field] & set(values):
            yield f"it is not for {field} {_or(found)}"


def _or(values: frozenset[str] | set[str]) -> str:
    return " or ".join(sorted(values)) or "none"


def _lacks(slot: Slot, words: Mapping[str, str]) -> bool:
    return slot.required and slot.source not in {ASK_APPROVER, SIGNER} and not words[slot.name]


def _said(template: Template, variant: Variant, words: Mapping[str, str]) -> tuple[str, str]:
    """The text, or else a sentence that says why there is none."""
    slots = [template.slots[name] for name in variant.needs]
    asks = {slot.name: slot.ask or "" for slot in slots if slot.source == ASK_APPROVER}
    signers = {slot.name: words[slot.name] for slot in slots if slot.source == SIGNER}
    lacking = {slot.name: f"[{slot.name}]" for slot in slots if _lacks(slot, words)}
    recipe = Recipe(
        source=variant.source,
        slots={**{slot.name: words[slot.name] for slot in slots}, **lacking},
        asks=asks,
        required=tuple(slot.name for slot in slots if slot.name in asks and slot.required),
        signers=tuple(signers),
        locale=template.locale,
    )
    try:
        return preview(recipe, words, next(iter(signers.values()), None) or None), ""
    except RenderFailed as failed:
        return "", str(failed)
