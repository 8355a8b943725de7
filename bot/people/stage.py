"""The stage: what fans make and reach is shown, with their yes, under the name that they want."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.consent import Consent, Scope
from bot.domain import LOBBY, Purpose, Target
from bot.people.wordings import say
from bot.queue import moves
from bot.queue.moves import Offer
from bot.settings import Settings
from bot.store import Connection, consents, posts
from responders.library.model import Library

WAITS = timedelta(days=14)
"""How long a draft for the stage may wait for a manager."""
WEB_STAGE = LOBBY[2]
"""The web platform's stage channel."""


def channels(settings: Settings, platform: str, scope: Scope) -> list[Target]:
    """The stage channels where something with this scope may be shown: those of its platform, or of all."""
    found = {name: section.stage for name, section in settings.platforms.chats.items() if section.stage}
    found["web"] = WEB_STAGE
    on = {"web", *settings.switched_on}
    wanted = on if scope is Scope.EVERYWHERE else {platform}
    named = sorted(name for name in wanted & on & found.keys() if name != "web" or platform == "web")
    return [Target(platform=name, channel=str(found[name]), reply_to="") for name in named]


def offer(connection: Connection, consent: Consent, library: Library, settings: Settings, at: datetime) -> None:
    """The fan said yes: a credited post for each stage channel waits at the desk.

    A platform without a stage channel gets it as an answer in the thread.
    """
    post = posts.get(connection, consent.post_id) if consent.post_id else None
    if post is None:
        return
    targets: list[Target | None] = [*channels(settings, consent.platform, consent.scope or Scope.HERE)] or [None]
    slots = {
        "name": consent.credit or "",
        "work": consent.work or "",
        "incentive": consent.incentive or "",
        "link": consent.link or "",
    }
    wordings = say(connection, library, "stage_post", post, slots)
    for target in targets if wordings else []:
        shown = Offer(purpose=Purpose.STAGE, wordings=wordings, why=_WHY, waits=WAITS, target=target)
        draft = moves.offer(connection, post, shown, at)
        consents.needs(connection, draft.id, [consent.id])


_WHY = "The author said yes. A press shows it on stage."
