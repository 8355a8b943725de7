"""What buttons mean on every platform: their commands, their choices, and who may press them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.adapters.chat.words import one_line
from bot.consent import Kind
from bot.desk.view import CardView
from bot.domain import SKIP_REASONS, Action, Command, Refused
from bot.settings import Manager, Settings
from responders.said import said

log = structlog.get_logger()

OUT_OF_DATE = "This card is out of date. /queue shows what is waiting now."
STUMBLED = "Something went wrong here, and it was noted for the operator. Look at the card before you press again."
SNOOZES: Mapping[str, str] = {"15": "15 minutes", "60": "1 hour", "240": "4 hours", "1440": "1 day"}
"""Minutes -> words."""
ANYBODY = "-"
"""Stands for no manager in particular."""
ACTIONS: Mapping[str, Action] = {
    "send": Action.APPROVE,
    "edit": Action.EDIT,
    "propose": Action.PROPOSE,
    "fill": Action.FILL,
    "reword": Action.REWORD,
    "skip": Action.REJECT,
    "snooze": Action.SNOOZE,
    "handover": Action.HANDOVER,
    "relabel": Action.RELABEL,
    "open": Action.OPEN,
    "undo": Action.UNDO,
    "correct": Action.CORRECT,
    "remove": Action.REMOVE,
    "retry": Action.RETRY,
    "arrived": Action.SETTLE,
    "lost": Action.SETTLE,
}
ASKS: Mapping[str, Kind] = {"stage": Kind.STAGE, "keep": Kind.ANSWER}
"""Buttons that put a question to the author of the post on the desk."""
VERBS = (*(verb for verb in ACTIONS if verb != "propose"), *ASKS)
"""What a card's button can say; `propose` is only typed."""
ON_A_CARD = "The question to the author is on a card of its own. It is asked once you press Send there."


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """What a button says: the draft, the revision that the card showed, the verb, and a choice."""

    draft_id: str
    revision: int
    verb: str
    choice: str = ""
    """The number of the alternative, or what was picked in a menu."""

    def command(self, by: str, fields: Mapping[str, str]) -> Command:
        """See `command_of`."""
        return command_of(self.verb, self.draft_id, self.revision, by, fields)

    def opened(self, by: str) -> Command:
        """Somebody begins to write, and the card tells the others. Refused when the draft is over or has changed."""
        return command_of("open", self.draft_id, self.revision, by, {})


def command_of(verb: str, draft_id: str, revision: int, by: str, fields: Mapping[str, str]) -> Command:
    """The command to the desk for a button and what was filled in.

    `by` is a manager's key. `fields`: `text`, `choice`, and `slot:NAME` for each blank.
    """
    choice = fields.get("choice")
    more: dict[str, Any] = {}
    match verb:
        case "send" | "reword":
            more = {"alternative": _number(choice)}
        case "edit" | "propose" | "correct":
            more = {"text": fields.get("text", "")}
        case "fill":
            slots = {name.removeprefix("slot:"): text for name, text in fields.items() if name.startswith("slot:")}
            more = {"slots": slots}
        case "skip":
            more = {"reason": choice}
        case "snooze":
            more = {"minutes": int(choice) if choice and choice.isdecimal() else None}
        case "handover":
            more = {"to": None if choice in (None, ANYBODY) else choice}
        case "relabel":
            more = {"intent": choice}
        case "arrived" | "lost":
            more = {"arrived": verb == "arrived"}
    return Command(draft_id=draft_id, revision=revision, by=by, action=ACTIONS[verb], **more)


def _number(choice: str | None) -> int | None:
    """The alternative that a button names, if any. Raises Refused."""
    if choice and not choice.isdecimal():
        raise Refused("bad_action", OUT_OF_DATE)
    return int(choice) if choice else None


def choices(verb: str, card: CardView, managers: Mapping[str, Manager], intents: Iterable[str]) -> Mapping[str, str]:
    """The choices of a button: the value for `command_of` -> the words that are shown."""
    match verb:
        case "skip":
            return {reason: reason for reason in SKIP_REASONS}
        case "snooze":
            return SNOOZES
        case "handover":
            return {ANYBODY: "anybody", **{key: manager.name for key, manager in managers.items()}}
        case "relabel":
            return {name: one_line(said(name)) for name in intents if name != card.draft.intent}
    return {}


def manager(settings: Settings, platform: str, user_id: int | str, user_name: str, shown_name: str) -> str:
    """The key of whoever presses, looked up at every press. Raises Refused for somebody who may not decide."""
    by = settings.manager_of(platform, str(user_id))
    if by is None:
        raise Refused("not_a_manager", not_listed(settings, platform, user_id, user_name, shown_name))
    return by


def not_listed(settings: Settings, platform: str, user_id: int | str, user_name: str, shown_name: str) -> str:
    """The sentence for somebody who may not decide. Logs the line to paste into config.yaml."""
    key = re.sub(r"[^a-z0-9]+", "-", user_name.lower()).strip("-")[:32] or "name"
    log.warning(
        f"{platform}_manager_not_listed",
        **{f"{platform}_id": str(user_id)},
        name=shown_name,
        config_line=f"managers: {{{key}: {{name: {json.dumps(shown_name)}, {platform}: {json.dumps(user_id)}}}}}",
    )
    community = settings.community.name
    return (
        f"Only the managers of {community} can decide here. If you should be one, give this number to whoever runs "
        f"Greenroom: {user_id}"
    )
