"""The JSON API. What it takes is in models.py, what it shows in views.py, its errors in problems.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from bot.adapters.web import views
from bot.adapters.web.callers import Called, caller, stands
from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.models import AskIn, CardIn, DecisionIn, EditIn, HoldIn, PostIn, SkipIn, WordsIn
from bot.adapters.web.platform import NAME
from bot.adapters.web.problems import Problem, invalid, missing, note, refused
from bot.adapters.web.streams import StreamStart
from bot.consent import Kind
from bot.desk.view import Decided
from bot.domain import DeliveryState, DraftState, Refused
from bot.errors import StoreError
from bot.events import Event
from bot.intake import COME_AGAIN
from bot.queue import declined
from bot.store import fans
from bot.store.listing import beginning

router = APIRouter(prefix="/api", dependencies=[Depends(caller)])

Json = dict[str, Any]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=200)]
Beginning = Annotated[str | None, Query(pattern="^[0-9a-f]{1,16}$")]
IdempotencyKey = Annotated[str | None, Header(max_length=200)]
SignedBy = Annotated[str | None, Query(max_length=200, description="A manager, to see the texts that their yes sends.")]


_CROWDED = {
    "description": "Too many posts wait to be read. Nothing was stored: send it again after `Retry-After` seconds.",
    "headers": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
}


@router.post("/posts", status_code=202, responses={429: _CROWDED})
async def receive(body: PostIn, deps: Wired, response: Response, idempotency_key: IdempotencyKey = None) -> Json:
    """Take a post; 202 once it is stored, 200 if it was known already; 429 while too many wait."""
    if deps.intake.crowded:
        sentence = f"More posts wait than can be read at once; send this one again in {COME_AGAIN} seconds."
        raise Problem(429, "too_many", sentence, retry_after=COME_AGAIN)
    received = await deps.intake.receive(
        body.post(NAME, deps.clock.now()),
        key=_scoped("post", idempotency_key),
        sent=body.model_dump_json(exclude_unset=True),
    )
    response.status_code = 202 if received.new else 200
    return {"post_id": received.post_id}


@router.get("/posts/{post_id}")
async def show(post_id: str, deps: Wired) -> Json:
    """A post, what became of it, and its reply."""
    page = await deps.store.post_page(post_id)
    if page is None:
        raise _no_post()
    return views.post(page)


@router.patch("/posts/{post_id}")
async def edit(post_id: str, body: EditIn, deps: Wired) -> Json:
    """The fan edited a post of the web platform: it is judged anew."""
    await _refuse_foreign(post_id, deps)
    if not await deps.intake.edit(post_id, body.text):
        raise _no_post()
    return await show(post_id, deps)


@router.delete("/posts/{post_id}", status_code=204)
async def delete(post_id: str, deps: Wired) -> None:
    """The fan deleted a post of the web platform."""
    await _refuse_foreign(post_id, deps)
    if not await deps.intake.delete(post_id):
        raise _no_post()


async def _refuse_foreign(post_id: str, deps: Deps) -> None:
    """A fan's words are the fan's: what stands on another platform, or in a replayed file, is changed there only."""
    page = await deps.store.post_page(post_id)
    if page is None:
        raise _no_post()
    if (platform := page.post.post.platform) != NAME:
        sentence = f"This post came from {platform}; only its author can change it, and only there."
        raise Problem(403, "not_ours", sentence)


@router.post("/posts/{post_id}/card")
async def card(post_id: str, deps: Wired, _body: CardIn | None = None) -> Json:
    """A card for a silent post: a draft if there is one, else a hand-off."""
    found = await deps.intake.card_for(post_id)
    if found is None:
        raise _no_post()
    return views.card(found)


@router.post("/posts/{post_id}/skip")
async def skip(post_id: str, body: SkipIn, who: Called, deps: Wired) -> Json:
    """A post needs no answer: what waits for it is skipped. Answers as a decision does."""
    decided = await deps.intake.needs_no_answer(post_id, who.name(body.by))
    if decided is None:
        raise _no_post()
    return views.decided(decided)


@router.post("/posts/{post_id}/ask", status_code=201)
async def ask(post_id: str, body: AskIn, who: Called, deps: Wired) -> Json:
    """Ask the author of a post for a yes; answers with the card of the question, which waits like any other."""
    incentive = (body.incentive or "").strip() or None
    draft = await deps.asks.propose(Kind(body.kind), post_id, who.name(body.by), incentive=incentive)
    return await draft_of(draft.id, deps)


@router.get("/drafts")
async def drafts(
    deps: Wired,
    *,
    state: DraftState = DraftState.WAITING,
    limit: Limit = 50,
    after: Cursor = None,
    begins: Beginning = None,
    by: SignedBy = None,
) -> Json:
    """Drafts in a state, urgent first, then oldest; or those in any state whose id `begins` so."""
    if begins is not None:
        found = [await deps.desk.draft(one) for one in await deps.store.read(lambda c: beginning(c, begins, limit))]
        return {"items": [views.card(deps.desk.signed(item, by)) for item in found if item], "next": None}
    try:
        items, following = await deps.desk.drafts(state=state, limit=limit, after=after)
    except ValueError:
        raise _bad_cursor() from None
    return {"items": [views.card(deps.desk.signed(item, by)) for item in items], "next": following}


@router.get("/drafts/{draft_id}")
async def draft_of(draft_id: str, deps: Wired, by: SignedBy = None) -> Json:
    """One draft, in any state."""
    found = await deps.desk.draft(draft_id)
    if found is None:
        raise _no_draft()
    return views.card(deps.desk.signed(found, by))


@router.post("/drafts/{draft_id}/remarks")
async def remarks(draft_id: str, body: WordsIn, deps: Wired) -> Json:
    """What the checks say of words that somebody is writing: `stops`, and `remarks`, which stop nothing."""
    found = await deps.desk.remarks(draft_id, body.text)
    if found is None:
        raise _no_draft()
    return asdict(found)


@router.post("/drafts/{draft_id}/decisions")
async def decide(
    draft_id: str,
    body: DecisionIn,
    who: Called,
    deps: Wired,
    *,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Json:
    """One press of a manager; answers with the draft as it is now."""
    command = body.command(draft_id, who.name(body.by))
    key = _scoped("decision", idempotency_key)
    if key is None:
        return views.decided(await deps.desk.decide(command))
    kept = await deps.desk.decide_once(command, key, answer)
    response.status_code = kept["status"]
    shown: Json = kept["body"]
    return shown


def answer(outcome: Decided | Refused) -> Json:
    """Of a decision, `status` and `body`: as it is kept, and given again to the same request."""
    if isinstance(outcome, Refused):
        problem = refused(outcome)
        return {"status": problem.status, "body": problem.content}
    return {"status": 200, "body": views.decided(outcome)}


@router.get("/hold")
async def hold(deps: Wired) -> Json:
    """Whether everything is kept back now, since when, by whom and why."""
    lasting = await deps.desk.on_hold()
    return views.hold(lasting, deps.desk.told_of(lasting)) if lasting else {"on_hold": False}


@router.post("/hold", status_code=201)
async def begin_hold(body: HoldIn, who: Called, deps: Wired) -> Json:
    """Keep everything back. `waiting`: how many approved drafts wait for a yes again."""
    waiting = await deps.desk.hold(who.name(body.by), body.reason)
    return {**await hold(deps), "waiting": waiting}


@router.delete("/hold", status_code=204)
async def lift_hold(who: Called, deps: Wired, by: Annotated[str | None, Query(max_length=200)] = None) -> None:
    """End the hold. What waits goes out only after a new yes."""
    await deps.desk.lift(who.name(by))


@router.get("/fans/{platform}/{fan_id:path}")
async def export(platform: str, fan_id: str, deps: Wired) -> Json:
    """Everything stored about a fan."""
    return await deps.store.export(platform, fan_id)


@router.delete("/fans/{platform}/{fan_id:path}", status_code=204)
async def forget(platform: str, fan_id: str, deps: Wired) -> None:
    """Erase what is stored about a fan."""
    await deps.desk.forget(platform, fan_id)


@router.put("/noai/{platform}/{fan_id:path}", status_code=204)
async def decline_assistant(platform: str, fan_id: str, deps: Wired) -> None:
    """A fan says that no language model may see what they write."""
    now = deps.clock.now()
    await deps.store.write(lambda c: declined.decline(c, platform, fan_id, now))


@router.delete("/noai/{platform}/{fan_id:path}", status_code=204)
async def allow_assistant(platform: str, fan_id: str, deps: Wired) -> None:
    """A fan allows it again."""
    now = deps.clock.now()
    await deps.store.write(lambda c: fans.allow_assistant(c, platform, fan_id, now))


@router.get("/replies")
async def replies(
    deps: Wired,
    channel: Annotated[str | None, Query(max_length=200)] = None,
    state: DeliveryState = DeliveryState.SENT,
    limit: Limit = 50,
    after: Cursor = None,
) -> Json:
    """Our replies, the oldest first."""
    try:
        items, following = await deps.store.replies(channel=channel, state=state, limit=limit, after=after)
    except ValueError:
        raise _bad_cursor() from None
    return {"items": [views.reply(item) for item in items], "next": following}


@router.get("/events", response_class=EventSourceResponse)
async def events(request: Request, deps: Wired, who: Called, after: StreamStart) -> AsyncIterator[ServerSentEvent]:
    """Facts as they happen, without a word of a fan; ends when the server stops, and with the session."""
    try:
        async for fact in _until(request.app.state.closing, deps.store.follow(after)):
            if who.session and not await stands(who.session, deps):
                return
            yield ServerSentEvent(id=str(fact.seq), event=fact.name, data=views.event(fact))
    except StoreError as error:
        note(error)  # the answer has begun: it ends here, and the client comes again


async def _until(closing: asyncio.Event, facts: AsyncIterator[Event]) -> AsyncIterator[Event]:
    closed = asyncio.create_task(closing.wait())
    following: asyncio.Future[Event] | None = None
    try:
        while True:
            following = asyncio.ensure_future(anext(facts))
            await asyncio.wait({closed, following}, return_when=asyncio.FIRST_COMPLETED)
            if closed.done():
                return
            yield following.result()
    finally:
        tasks = [task for task in (closed, following) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Json:
    """This API, described."""
    description: Json = request.app.openapi()
    return description


def _scoped(kind: str, key: str | None) -> str | None:
    """The same key may stand for a post and for a decision."""
    return f"{kind}:{key}" if key else None


def _no_draft() -> Exception:
    return missing("draft", "GET /api/drafts")


def _no_post() -> Exception:
    return missing("post", "GET /api/drafts")


def _bad_cursor() -> Exception:
    return invalid("`after` must be the `next` of an earlier answer.")
