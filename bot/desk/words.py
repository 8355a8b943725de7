"""The words of a decision, filled in and checked before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from rapidfuzz.distance import Levenshtein

from bot.domain import Action, Command, Draft, Proposed, Refused, clean, visible
from bot.queue import moves
from responders.library.render import NAME_YOURSELF, UNSIGNED, RenderFailed, gap, missing, preview, render
from responders.library.unseen import seen
from responders.types import CheckResult, Level, MissingSlot, Recipe, Wording

TYPING = frozenset({Action.EDIT, Action.PROPOSE, Action.CORRECT, Action.APPROVE, Action.FILL})
"""Actions that put words on the card or send them."""

Examine = Callable[[Wording], tuple[CheckResult, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What a command would put on the card or send. Valid for one revision only."""

    revision: int | None = None
    text: str | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[MissingSlot, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    proposed: Proposed | None = None
    """What these words of a manager replace."""
    changed: float | None = None
    """The share of its words that they changed."""


def for_yes(draft: Draft, command: Command) -> Draft:
    """The draft that a command means: `approve` may name a ready reply of a hand-off. Raises Refused."""
    if command.action is not Action.APPROVE or command.alternative is None:
        return draft
    if draft.kind != "handoff" or draft.text is not None:
        sentence = "This card has a text of its own; approve that, or put the other one on the card first."
        raise Refused("bad_action", sentence, draft=draft)
    return moves.laid(draft, command.alternative)


def words_of(command: Command, draft: Draft, signer: str, limit: int, examine: Examine) -> Words:
    """Finish and check the words of a command of `TYPING`. Raises Refused (`blocked`, `bad_action`).

    A manager's own words are stopped only if they are empty, over the platform's `limit`, still have a blank of the
    card, ping a crowd, or say who or what is writing. Everything else that the checks find is a remark, and needs no
    second press. Where they took over the place for a name, it is theirs: `signer`, empty if nobody knows it.
    """

    def looked_at(wording: Wording) -> tuple[CheckResult, ...]:
        return look(wording, draft, limit, examine)

    draft = for_yes(draft, command)
    if command.action in (Action.APPROVE, Action.FILL):
        words = _from_recipe(command, draft, signer, looked_at)
    else:
        text = written(command.text or "").replace(UNSIGNED, signer or UNSIGNED)
        proposed = _proposed(draft, signer) if command.action is not Action.CORRECT else None
        words = Words(
            text=text,
            checks=looked_at(own_words(text, draft)),
            proposed=proposed,
            changed=share_changed(proposed.text, text) if proposed else None,
        )
    left = blanks(words.text or "", draft) if command.action is not Action.FILL else ()
    blocks = tuple(c for c in (*_bounds(words.text, limit), *left, *words.checks) if c.level is Level.BLOCK)
    blocks = tuple(dict.fromkeys(blocks))
    if blocks:
        raise Refused("blocked", " ".join(c.note for c in blocks), draft=draft, checks=blocks)
    return replace(words, revision=draft.revision)


def look(wording: Wording, draft: Draft, limit: int, examine: Examine) -> tuple[CheckResult, ...]:
    """What stops the words, and remarks on them. Length is checked first: no check reads more than can be sent.

    Behind a gate there are no remarks: who answers somebody in danger needs no advice on style.
    """
    found = _bounds(wording.text, limit) or examine(wording)
    return tuple(c for c in found if c.level is not Level.WARN) if draft.risk else found


def blanks(text: str, draft: Draft) -> tuple[CheckResult, ...]:
    """A block for each place of the card that waits for words and stands in a text: nobody sends it."""
    recipes = (draft.recipe, *(other.recipe for other in draft.alternatives))
    asked = dict.fromkeys(ask for recipe in recipes if recipe for ask in recipe.asks.values())
    left = [ask for ask in asked if gap(ask) in text]
    notes = [f"Still to fill: {ask}" for ask in left]
    notes += [f"Write your first name where {UNSIGNED} stands, or {NAME_YOURSELF}."] if UNSIGNED in text else []
    return tuple(CheckResult(id="missing-slot", level=Level.BLOCK, note=note) for note in notes)


def written(text: str) -> str:
    """What a manager typed, in the form in which it is sent."""
    return seen(clean(text)).strip()


def own_words(text: str, draft: Draft) -> Wording:
    """A whole text in a manager's own words."""
    return Wording(text=text, intent=draft.intent, own_words=True)


def _proposed(draft: Draft, signer: str) -> Proposed | None:
    """What lies on the card, or lay there before a manager wrote over it; None where nothing did."""
    if draft.own_words or draft.text is None:
        return draft.proposed
    recipe = draft.recipe
    if recipe is None:
        return Proposed(text=draft.text)
    typed = {name: draft.typed.get(name, "") for name in recipe.asks}
    return Proposed(
        text=_signed(recipe, draft.typed, signer, draft.text),
        source=recipe.source,
        slots={**recipe.slots, **typed, **dict.fromkeys(recipe.signers, signer)},
    )


def signed(draft: Draft, signer: str) -> Draft:
    """An open draft with the texts that a yes sends: signed with the first name of whoever says it."""
    if not draft.live:  # its text is what was sent
        return draft
    others = (
        replace(other, text=_signed(other.recipe, {}, signer, other.text)) if other.recipe else other
        for other in draft.alternatives
    )
    text = _signed(draft.recipe, draft.typed, signer, draft.text) if draft.recipe and draft.text else draft.text
    return replace(draft, text=text, alternatives=tuple(others))


def _signed(recipe: Recipe, typed: Mapping[str, str], signer: str, unsigned: str) -> str:
    try:
        return preview(recipe, typed, signer)
    except RenderFailed:  # only the name of who signs can make it too long, and then it cannot be sent
        return unsigned


def share_changed(old: str, new: str) -> float:
    """The share of words that differ, 0 to 1: the least number of words to put in, take out or replace, by the longer
    text."""
    return Levenshtein.normalized_distance(old.split(), new.split())


def _from_recipe(command: Command, draft: Draft, signer: str, examine: Examine) -> Words:
    if draft.recipe is None:
        if command.slots:
            raise Refused("bad_action", "This draft has no blanks to fill.", draft=draft)
        return Words(text=draft.text, checks=draft.checks)
    unknown = sorted(set(command.slots) - set(draft.recipe.asks))
    if unknown:
        known = ", ".join(sorted(draft.recipe.asks)) or "none"
        raise Refused("bad_action", f"There is no blank named {unknown[0]}; blanks: {known}.", draft=draft)
    typed = {**draft.typed, **{name: seen(written(text)) for name, text in command.slots.items()}}
    typed = {name: text for name, text in typed.items() if visible(text)}
    open_slots = missing(draft.recipe, typed)
    if command.action is Action.FILL:
        text = _made(draft, lambda recipe: preview(recipe, typed))
    elif open_slots:
        asks = tuple(
            CheckResult(id="missing-slot", level=Level.BLOCK, note=f"Still to fill: {m.ask}") for m in open_slots
        )
        raise Refused("blocked", asks[0].note, draft=draft, checks=asks)
    else:
        text = _made(draft, lambda recipe: render(recipe, typed, signer))
    filled = replace(own_words(text, draft), quoted=tuple(typed.values()))
    checks = examine(filled) if typed else draft.checks
    return Words(text=text, typed=typed, missing=open_slots, checks=checks)


def _made(draft: Draft, make: Callable[[Recipe], str]) -> str:
    assert draft.recipe is not None  # noqa: S101 - the caller looked
    try:
        return make(draft.recipe)
    except RenderFailed as error:
        fault = CheckResult(id="template", level=Level.BLOCK, note=str(error))
        raise Refused("blocked", str(error), draft=draft, checks=(fault,)) from error


def _bounds(text: str | None, limit: int) -> tuple[CheckResult, ...]:
    if not visible(text or ""):
        return (CheckResult(id="empty", level=Level.BLOCK, note="There is nothing to send; write something first."),)
    # Counted in UTF-16 units, as Telegram does. Discord counts less, so that is safe there.
    length = len((text or "").encode("utf-16-le")) // 2
    if length > limit:
        note = f"This is {length} characters long; at most {limit} can be sent."
        return (CheckResult(id="too-long", level=Level.BLOCK, note=note),)
    return ()
