"""The lobby: a channel where anything can be tried as a fan."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from bot.adapters.web.deps import Wired
from bot.console.shell import page
from bot.console.signin import SignedIn
from bot.domain import LOBBY, Delivery, DeliveryState, StoredPost

router = APIRouter(include_in_schema=False)


@router.get("/lobby")
async def lobby(request: Request, session: SignedIn, deps: Wired) -> Response:
    """The channel `lobby` as a fan sees it, with a note of how each post was judged."""
    said = await deps.store.channel_page(*LOBBY)
    return page(request, session, deps, "lobby.html", messages=_messages(said), channel=LOBBY[1])


def _messages(said: list[StoredPost | Delivery]) -> list[dict[str, Any]]:
    """Posts and the replies that arrived, in order, each with what it answers."""
    arrived = [s for s in said if isinstance(s, StoredPost) or s.state is DeliveryState.SENT]
    arrived.sort(key=lambda s: s.post.at if isinstance(s, StoredPost) else s.sent_at or s.created_at)
    messages = [_post(s) if isinstance(s, StoredPost) else _reply(s) for s in arrived]
    known = {m["id"]: m for m in messages}
    return [{**m, "answers": known.get(m["reply_to"])} for m in messages]


def _post(stored: StoredPost) -> dict[str, Any]:
    post = stored.post
    return {
        "post": stored,
        "id": post.external_id,
        "name": post.author.name,
        "text": post.text,
        "at": post.at,
        "reply_to": post.reply_to,
    }


def _reply(reply: Delivery) -> dict[str, Any]:
    return {
        "post": None,
        "id": reply.external_id,
        "name": "",
        "text": reply.text or "",
        "at": reply.sent_at or reply.created_at,
        "reply_to": reply.target.reply_to,
    }
