"""What makes a draft or an approved reply void: a change of its post or its fan. Plain functions of a connection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain import Cause, Delivery, DeliveryState, Draft, Purpose, StoredPost
from bot.events import Happened
from bot.queue import consents, moves
from bot.store import Connection, deliveries, drafts, events, fans, parts, posts
from bot.store.parts import Part
from responders.types import Proposal, ReasonCode

RESOLVED, RESOLVES_FOR = ("question", "complaint"), timedelta(days=1)
"""A fan's "never mind" settles their posts of these intents in the channel, this far back, unless they hit a gate."""


def since(connection: Connection, delivery: Delivery, now: datetime) -> Cause | None:
    """Why an approved reply must no longer be sent; None if nothing has changed since the yes."""
    post, draft = posts.get(connection, delivery.post_id), drafts.get(connection, delivery.draft_id)
    is_reply = draft is None or draft.purpose is Purpose.REPLY
    if post is None or post.deleted or (is_reply and not post.kept):
        return Cause.POST_DELETED
    if post.version != delivery.post_version:
        return Cause.POST_EDITED
    if is_reply and posts.has_staff_answer(connection, post):
        return Cause.ANSWERED
    if draft and consents.missing(connection, draft, now):
        return Cause.CONSENT_ENDED
    return Cause.TOO_OLD if draft and draft.expires_at and draft.expires_at <= now else None


def moved_on(connection: Connection, draft: Draft) -> bool:
    """True if a skip can no longer be undone: the post is gone, judged again, or answered by the team."""
    post, newest = posts.get(connection, draft.post_id), drafts.latest(connection, draft.post_id)
    if post is None or post.deleted or not post.kept or newest is None or newest.id != draft.id:
        return True
    return post.action in (None, "silent") or posts.has_staff_answer(connection, post)


def withdraw(connection: Connection, delivery: Delivery, cause: Cause, now: datetime) -> None:
    """Recall a message that was not sent and must not be, and end its draft. A post is judged again if it was edited,
    or if a yes that the reply needs has ended."""
    moves.recall_delivery(connection, delivery, now, cause)
    draft = drafts.get(connection, delivery.draft_id)
    closed = draft and moves.close(connection, draft, cause, now)
    if draft and closed and cause in (Cause.POST_EDITED, Cause.CONSENT_ENDED) and draft.purpose is Purpose.REPLY:
        consents.judge_again(connection, delivery.post_id, now)


def post_edited(
    connection: Connection, post: StoredPost, text: str, at: datetime, *, edited_at: datetime | None = None
) -> None:
    """The fan edited the post: store the new words. Judge it again, unless only white space changed or we answered.

    `edited_at` is the platform's time of the edit. The newest edit wins; of two at the same time, or without a time,
    the one that came last.

    While a reply is in flight the post is not judged again before its outcome is known, see `withdraw`.
    """
    if edited_at and post.edited_at and edited_at < post.edited_at:
        return
    if edited_at and edited_at != post.edited_at:
        posts.note_edit(connection, post, edited_at)
    if text == post.post.text:
        return
    same_words = text.split() == post.post.text.split()
    posts.edit(connection, post, text)
    events.append(connection, Happened.POST_EDITED, at, post_id=post.id, same_words=same_words)
    if same_words:
        _carry_over(connection, post)
        return
    moves.end_all(connection, post.id, Cause.POST_EDITED, at)
    reply = deliveries.reply_of(connection, post.id)
    if reply is None or reply.state is DeliveryState.RECALLED:
        posts.reopen(connection, post.id, at)


def album_grew(connection: Connection, post: StoredPost, album: str, found: Sequence[Part], at: datetime) -> None:
    """Messages of an album came or were edited: the post gets the words and attachments of all of them."""
    if post.deleted or not post.kept:
        return
    shown = [attachment for part in parts.keep(connection, post, album, found) for attachment in part.attachments]
    posts.attach(connection, post, shown)
    post_edited(connection, post, parts.text_of(connection, post.id), at)


def _carry_over(connection: Connection, post: StoredPost) -> None:
    """A yes still counts if only white space changed: its delivery is now for the new version."""
    reply = deliveries.reply_of(connection, post.id)
    if reply and reply.post_version == post.version:
        deliveries.for_version(connection, reply, post.version + 1)


def post_deleted(
    connection: Connection, platform: str, channel: str, external_id: str, at: datetime
) -> StoredPost | None:
    """The fan deleted the post. We may not have got it yet."""
    post = posts.by_external(connection, platform, channel, external_id)
    if post and post.deleted:
        return post
    if post and post.post.external_id != external_id:
        return None  # one picture of an album: the others stay, and the words with them
    if post:
        moves.end_all(connection, post.id, Cause.POST_DELETED, at)
        consents.post_deleted(connection, post.id, at)
    posts.delete(connection, platform, channel, external_id, at)
    if post:
        fans.drop_echoes(connection, [post.id])
        fans.drop_words(connection, [post.id], ReasonCode.NOT_TEXT, posts.GONE)
        events.append(connection, Happened.POST_DELETED, at, post_id=post.id)
    return post


def opt_out(connection: Connection, platform: str, fan_id: str, at: datetime) -> None:
    """A fan wants no replies: withdraw their drafts, except at a gate."""
    fans.opt_out(connection, platform, fan_id, at)
    for draft in drafts.open_for(connection, platform, fan_id):
        if not draft.risk:  # a person looks after somebody in danger, opted out or not
            moves.end(connection, draft, Cause.OPTED_OUT, at)


def settle(connection: Connection, post: StoredPost, proposal: Proposal, at: datetime) -> None:
    """A teammate's answer, or the fan's "never mind", withdraws the drafts that it settles."""
    author = post.post.author
    if author.is_staff and not author.is_bot:
        for answered in posts.answered_by(connection, post):
            moves.end_all(connection, answered.id, Cause.ANSWERED, at)
    elif proposal.understanding.resolves:
        for earlier in posts.earlier_of_author(connection, post, post.post.at - RESOLVES_FOR, RESOLVED):
            if not (earlier.understanding or {}).get("risk"):
                moves.end_all(connection, earlier.id, Cause.RESOLVED, at)
