"""The lobby: channels where anything can be tried as a fan, and the first steps of a newcomer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from zlib import crc32

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from bot.adapters.web.callers import caller
from bot.adapters.web.deps import Wired
from bot.adapters.web.models import AttachmentIn, Body, Id, PostText
from bot.adapters.web.platform import NAME
from bot.adapters.web.problems import Problem
from bot.adapters.web.streams import Newest
from bot.consent import Button
from bot.console.evening import FANS, PICTURES, SECONDS, Evening
from bot.console.shell import page
from bot.console.signin import SignedIn
from bot.domain import LOBBY, Cause, Delivery, DeliveryState, Draft, DraftState, Purpose, StoredPost
from bot.events import Happened
from bot.people.fans import Answer
from bot.queue import consents as rules
from bot.store import Connection, consents, deliveries, drafts, events, posts

router = APIRouter(include_in_schema=False)

ENOUGH = 20
"""Whoever has decided so many cards is no newcomer."""
_DECISIONS = (Happened.DRAFT_APPROVED, Happened.DRAFT_REJECTED)

SHOWN = 60
"""Posts of a channel on the page, the newest."""
FAN_NAMES = ("Robin", "Amina", "Luca", "Señora Niebla", "نادية", "fox 🦊")
"""To write as; who is there adds their own."""
_ADDRESSES = {picture.url for picture in PICTURES}
_HUES = 6
OF_LOBBY = "lobby-"
"""How the ids of fans begin as whom managers write."""
_FOLLOWED = ("post_", "draft_", "reply_", "fan_", "texts_", "consent_")


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message of a channel. `post` is None for a reply of ours, and `fate` says what became of a post."""

    key: str
    """Its id on the page."""
    id: str
    """The platform's id, for `reply_to`."""
    name: str
    text: str
    at: datetime
    reply_to: str
    post: StoredPost | None = None
    answers: Message | None = None
    draft: Draft | None = None
    fate: str = ""
    edited: bool = False
    gone: str = ""
    """Why there are no words."""
    asks: str = ""
    """The consent that its buttons are for."""
    of: str = ""
    """The fan whom it asks."""
    buttons: tuple[Button, ...] = ()
    hue: int = 0

    @property
    def pictures(self) -> list[AttachmentIn]:
        """Those that the page shows in place. Whatever else a post brings has an address that is not ours."""
        brought = self.post.post.attachments if self.post else ()
        return [picture for item in brought for picture in PICTURES if picture.url == item.url]


@router.get("/lobby")
async def lobby(
    request: Request,
    session: SignedIn,
    deps: Wired,
    *,
    seen: Newest,
    channel: Annotated[str, Query(max_length=200)] = LOBBY[0],
) -> Response:
    """A channel of the lobby as a fan sees it, with what became of each post."""
    here = channel if channel in LOBBY else LOBBY[0]
    messages = await deps.store.read(lambda c: _messages(c, here))
    return page(
        request,
        session,
        deps,
        "lobby.html",
        seen=seen,
        messages=messages,
        more=sum(message.post is not None for message in messages) == SHOWN,
        channel=here,
        channels=LOBBY,
        fans=FAN_NAMES,
        pictures=PICTURES,
        evening=_evening(request).progress,
        commands=deps.fans.commands,
        follows=[name for name in Happened if name.startswith(_FOLLOWED)],
    )


@router.get("/lobby/steps", dependencies=[Depends(caller)])
async def steps(session: SignedIn, deps: Wired) -> Mapping[str, bool]:
    """Which of the first steps this manager has done, of those that the server knows about. `over`: they have decided
    so many cards that they need no first steps."""
    return await deps.store.read(lambda c: _steps(c, session.manager))


class PressIn(Body):
    """A fan of the lobby presses a button: under a question, or under an answer that they alone see."""

    fan: Id
    value: Id
    asks: Id | None = None
    """The consent that is asked for; None under an answer."""


class CommandIn(Body):
    """A fan of the lobby writes a command."""

    fan: Id
    text: PostText


@router.post("/lobby/press", dependencies=[Depends(caller)])
async def press(body: PressIn, deps: Wired) -> Mapping[str, object]:
    """What the fan reads. Only for fans of the lobby: nobody else's yes may be given here."""
    _check(body.fan)
    if body.asks is None:
        return _answer(await deps.fans.press(NAME, body.fan, body.value))
    done = await deps.asks.press(NAME, body.fan, body.asks, body.value)
    return {"text": done.text}


@router.post("/lobby/commands", dependencies=[Depends(caller)])
async def command(body: CommandIn, deps: Wired) -> Mapping[str, object]:
    """What the fan, and nobody else, reads."""
    _check(body.fan)
    said, _, words = body.text.strip().removeprefix("/").partition(" ")
    name = said.casefold()
    if name not in deps.fans.commands:
        raise Problem(404, "not_found", f"There is no command /{said[:40]}; the list behind Commands has them all.")
    answer = await deps.fans.answer(name, NAME, body.fan, words)
    if answer.report:  # the managers are here already
        who = deps.desk.name_of(answer.report_to)
        told = f"(So a fan reads. On a chat platform {who} gets “{answer.report}”; from the lobby it goes nowhere.)"
        return {"text": f"{answer.text}\n{told}"}
    return _answer(answer)


def _check(fan_id: str) -> None:
    if not fan_id.startswith((OF_LOBBY, FANS)):
        raise Problem(403, "not_ours", "This is no fan of the lobby; only they can speak for themselves.")


def _answer(answer: Answer) -> Mapping[str, object]:
    buttons = [asdict(button) for button in answer.buttons]
    return {"text": answer.text, "file": answer.file, "buttons": buttons}


class EveningIn(Body):
    """How long the evening takes."""

    seconds: float = Field(default=SECONDS, ge=0, le=3600)


@router.post("/lobby/evening", status_code=202, dependencies=[Depends(caller)])
async def play(request: Request, _body: EveningIn | None = None) -> Mapping[str, object]:
    """Begin the sample evening; 409 while it plays already."""
    evening = _evening(request)
    if not evening.play((_body or EveningIn()).seconds):
        at = evening.progress
        sentence = f"The sample evening is playing already: {at.done} of {at.total} steps are done."
        raise Problem(409, "plays_already", sentence)
    return asdict(evening.progress)


@router.delete("/lobby/evening", status_code=204, dependencies=[Depends(caller)])
async def stop(request: Request) -> None:
    """End the sample evening; what was written stays."""
    await _evening(request).stop()


def _evening(request: Request) -> Evening:
    evening: Evening = request.app.state.evening
    return evening


def _steps(connection: Connection, manager: str) -> dict[str, bool]:
    lately = posts.in_channel(connection, NAME, LOBBY[0], SHOWN)
    return {
        "evening": any(stored.post.author.id.startswith(FANS) for stored in lately),
        "send": events.was_done_by(connection, Happened.DRAFT_APPROVED, manager),
        "undo": events.was_done_by(connection, Happened.DRAFT_UNDONE, manager),
        "over": events.times_done_by(connection, _DECISIONS, manager, ENOUGH) >= ENOUGH,
    }


def _messages(connection: Connection, channel: str) -> list[Message]:
    """Posts and the replies that arrived, in order, each with what it answers."""
    written = posts.in_channel(connection, NAME, channel, SHOWN)
    made = drafts.of_posts(connection, [stored.id for stored in written], DraftState)
    replied = [draft for draft in made if draft.purpose is Purpose.REPLY]
    newest = {draft.post_id: draft for draft in sorted(replied, key=lambda draft: draft.created_at)}
    replies = deliveries.in_channel(connection, NAME, channel, SHOWN)
    ids = {draft.id for draft in newest.values()} | {reply.draft_id for reply in replies}
    sent = deliveries.of_drafts(connection, list(ids))
    found = [_post(stored, newest.get(stored.id), sent) for stored in written]
    asked = _asked(connection, sent)
    found += [
        replace(_reply(reply, sent[reply.draft_id]), **asked.get(reply.draft_id, {}))
        for reply in replies
        if reply.state in {DeliveryState.SENT, DeliveryState.REMOVED}
    ]
    found.sort(key=lambda message: message.at)
    known = {message.id: message for message in found}
    return [replace(message, answers=known.get(message.reply_to)) for message in found]


def _asked(connection: Connection, draft_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the fan can press under the questions that were sent for drafts."""
    asking = ((draft_id, consents.asked_by_draft(connection, draft_id)) for draft_id in draft_ids)
    return {
        draft_id: {"asks": consent.id, "of": consent.fan_id, "buttons": rules.shown(connection, consent)}
        for draft_id, consent in asking
        if consent
    }


def _post(stored: StoredPost, draft: Draft | None, sent: Mapping[str, Sequence[Delivery]]) -> Message:
    post = stored.post
    return Message(
        key=f"post-{stored.id}",
        id=post.external_id,
        name=post.author.name,
        text=post.text,
        at=post.at,
        reply_to=post.reply_to or "",
        post=stored,
        draft=draft,
        fate="" if stored.deleted else _fate(stored, draft, sent),
        edited=stored.version > 1,
        gone="Deleted by its author" if stored.deleted else "" if stored.kept else "No longer kept",
        hue=crc32(post.author.id.encode()) % _HUES,
    )


def _reply(reply: Delivery, all_of_draft: Sequence[Delivery]) -> Message:
    removed = reply.state is DeliveryState.REMOVED
    return Message(
        key=f"reply-{reply.reply_id}",
        id=reply.external_id or reply.reply_id,
        name="",
        text="" if removed else reply.text or "",
        at=reply.sent_at or reply.created_at,
        reply_to=reply.target.reply_to,
        edited=any(d.kind == "correct" and d.state is DeliveryState.SENT for d in all_of_draft),
        gone="Removed by the team" if removed else "" if reply.text else "No longer kept",
    )


_FATES = {
    DraftState.SNOOZED: "Snoozed",
    DraftState.REJECTED: "Skipped",
    DraftState.SUPERSEDED: "Being read again",
    DraftState.WITHDRAWN: "No longer needed",
    DraftState.EXPIRED: "Nobody decided in time",
}
_WITHDRAWN: Mapping[str, str] = {
    Cause.RESOLVED: "Settled by its author",
    Cause.ANSWERED: "Answered by a teammate",
    Cause.OPTED_OUT: "Its author wants no replies",
}
_SENT = {
    DeliveryState.HELD: "The reply goes out in a moment",
    DeliveryState.SENDING: "The reply is in flight",
    DeliveryState.SENT: "Answered",
    DeliveryState.FAILED: "The reply could not be sent",
    DeliveryState.UNCERTAIN: "Nobody knows yet whether the reply arrived",
    DeliveryState.RECALLED: "The reply was taken back",
    DeliveryState.REMOVED: "The reply was removed",
}


def _fate(stored: StoredPost, draft: Draft | None, sent: Mapping[str, Sequence[Delivery]]) -> str:
    """What became of a post, in words."""
    if stored.action is None:
        return "Being read"
    if draft is None or stored.action == "silent":
        return "Left alone"
    if draft.state is DraftState.WAITING:
        return "A draft waits" if draft.kind == "draft" else "Waits for a person"
    if draft.state is DraftState.APPROVED:
        reply = next((delivery for delivery in sent[draft.id] if delivery.kind == "send"), None)
        return _SENT[reply.state] if reply else "Approved"
    return _WITHDRAWN.get(draft.cause or "", _FATES[draft.state])
