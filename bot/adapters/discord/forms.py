"""Forms (modals) of cards. Nothing keeps them: the id of a form says which draft it is about."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.adapters.chat.verbs import ANYBODY, VERBS, Pressed, choices
from bot.adapters.chat.words import cut
from bot.adapters.discord.render import TYPED
from bot.desk.view import CardView
from bot.domain import SKIP_REASONS
from bot.settings import Manager

TITLE, LABEL, HINT = 45, 45, 100
"""Discord's limits, in characters."""
FIELDS = 5
"""The most of them in one form."""
MESSAGE = 2000
"""The longest message on Discord, in characters."""
_ID = re.compile(
    rf"form:(?P<draft>[0-9a-f]{{16}}):(?P<revision>[1-9][0-9]{{0,8}}):(?P<verb>{'|'.join(VERBS)}):[0-9a-f]+"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What can be chosen."""

    managers: Mapping[str, Manager]
    intents: Sequence[str]


def form(pressed: Pressed, card: CardView, known: Known) -> discord.ui.Modal | None:
    """The form that a button opens; None when there is nothing to fill in."""
    return _FORMS[pressed.verb](pressed, card, known)


def is_form(verb: str) -> bool:
    """True for buttons that open one."""
    return verb in _FORMS


def read(custom_id: str) -> Pressed | None:
    """The button that opened a form; None for a form that is not ours."""
    found = _ID.fullmatch(custom_id)
    return found and Pressed(draft_id=found["draft"], revision=int(found["revision"]), verb=found["verb"])


def values(components: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What was filled in: a field's id -> its text, or the choice."""
    return dict(_fields(components))


def _fields(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for component in components:
        inner = component.get("component")
        yield from _fields([*component.get("components", ()), *([inner] if inner else ())])
        if "value" in component:
            yield component["custom_id"], component["value"] or ""
        elif component.get("values"):
            yield component["custom_id"], component["values"][0]


def _modal(pressed: Pressed, title: str, *fields: discord.ui.Label[Any]) -> discord.ui.Modal:
    # Each form has its own id: with one id for all, the first submit would close the second manager's form.
    custom_id = f"form:{pressed.draft_id}:{pressed.revision}:{pressed.verb}:{secrets.token_hex(4)}"
    modal = discord.ui.Modal(title=cut(title, TITLE), custom_id=custom_id)
    for field in fields:
        modal.add_item(field)
    modal.stop()  # the library need not remember it: submits come through `on_interaction`, also after a restart
    return modal


def _text(label: str, custom_id: str, default: str, longest: int) -> discord.ui.Label[Any]:
    field: discord.ui.TextInput[Any] = discord.ui.TextInput(
        style=discord.TextStyle.paragraph,
        custom_id=custom_id,
        default=default[:longest] or None,
        max_length=longest,
        required=True,
    )
    return discord.ui.Label(
        text=cut(label, LABEL), description=cut(label, HINT) if len(label) > LABEL else None, component=field
    )


def _choice(label: str, offered: Mapping[str, str], default: str) -> discord.ui.Label[Any]:
    options = [discord.SelectOption(label=cut(v, 100), value=k, default=k == default) for k, v in offered.items()]
    field: discord.ui.Select[Any] = discord.ui.Select(custom_id="choice", options=options[:25], required=True)
    return discord.ui.Label(text=label, component=field)


def _offered(pressed: Pressed, card: CardView, known: Known) -> Mapping[str, str]:
    return choices(pressed.verb, card, known.managers, known.intents)


def _longest(card: CardView) -> int:
    return MESSAGE if card.post.post.platform == "discord" else TYPED


def _edit(pressed: Pressed, card: CardView, _known: object) -> discord.ui.Modal | None:
    name = card.post.post.author.name or "a fan"
    text = card.draft.text or ""
    if len(text) > _longest(card):
        return None
    field = _text("The whole reply, as it will be sent", "text", text, _longest(card))
    return _modal(pressed, f"Reply to {name}", field)


def _fill(pressed: Pressed, card: CardView, _known: object) -> discord.ui.Modal | None:
    asks = card.draft.missing[:FIELDS]
    if not asks:
        return None
    return _modal(pressed, "Fill in", *(_text(slot.ask, f"slot:{slot.name}", "", 300) for slot in asks))


def _skip(pressed: Pressed, card: CardView, known: Known) -> discord.ui.Modal | None:
    title = "Close without a reply" if card.draft.kind == "handoff" else "Skip this post"
    return _modal(pressed, title, _choice("Why?", _offered(pressed, card, known), SKIP_REASONS[0]))


def _snooze(pressed: Pressed, card: CardView, known: Known) -> discord.ui.Modal | None:
    return _modal(pressed, "Snooze", _choice("Bring it back in", _offered(pressed, card, known), "60"))


def _handover(pressed: Pressed, card: CardView, known: Known) -> discord.ui.Modal | None:
    return _modal(pressed, "Hand over", _choice("To whom?", _offered(pressed, card, known), ANYBODY))


def _relabel(pressed: Pressed, card: CardView, known: Known) -> discord.ui.Modal | None:
    others = _offered(pressed, card, known)
    return _modal(pressed, "Not this intent", _choice("What is it then?", others, "")) if others else None


def _correct(pressed: Pressed, card: CardView, _known: object) -> discord.ui.Modal | None:
    text = card.reply_text
    if not text or len(text) > _longest(card):
        return None
    return _modal(
        pressed, "Correct the reply", _text("The whole reply, as it should stand", "text", text, _longest(card))
    )


_FORMS: Mapping[str, Callable[[Pressed, CardView, Known], discord.ui.Modal | None]] = {
    "edit": _edit,
    "fill": _fill,
    "skip": _skip,
    "snooze": _snooze,
    "handover": _handover,
    "relabel": _relabel,
    "correct": _correct,
}
