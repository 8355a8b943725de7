"""Credits a fan who helped another one: a draft that thanks them in the thread. Nobody is counted or ranked."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain import Purpose, StoredPost
from bot.people.wordings import name_of, say
from bot.queue import moves
from bot.queue.moves import Offer
from bot.store import Connection, drafts, fans, posts
from responders.library.model import Library
from responders.types import Understanding

THANKS, QUESTION = "thanks", "question"
"""The intents that a credit looks at."""
ANSWERED_FOR = timedelta(days=1)
"""How far back the question of somebody who says "it works" may be."""
WAITS = timedelta(days=2)
"""How long a credit may wait for a yes. Later nobody knows any more what it is for."""
_WHY = "They helped somebody, who said thanks or that it worked. A press thanks them in the thread."


def notice(connection: Connection, post: StoredPost, read: Understanding, library: Library, at: datetime) -> None:
    """A post was read: if it thanks a fan for help, a credit for that fan waits at the desk."""
    helped = _helped_by(connection, post, read)
    if helped is None or _not_due(connection, helped):
        return
    wordings = say(connection, library, "credit_helper", helped, {"name": name_of(connection, helped)})
    if not wordings:
        return
    moves.offer(connection, helped, Offer(purpose=Purpose.CREDIT, wordings=wordings, why=_WHY, waits=WAITS), at)


def _helped_by(connection: Connection, post: StoredPost, read: Understanding) -> StoredPost | None:
    """The post of another fan that helped the author of this one."""
    if not (read.intent == THANKS or read.resolves) or read.risk or not _of_fan(post):
        return None
    known = posts.replied_to(connection, post.post) if post.post.reply_to else None
    to = known[0] if known else None
    if known and (to is None or not _of_author(to, post)):
        return to if to and _of_fan(to) else None  # it says whom it thanks; a reply of ours is no fan's
    return _answer(connection, post)


def _answer(connection: Connection, post: StoredPost) -> StoredPost | None:
    """The answer to the last question of the post's author, if one fan alone answered it."""
    asked = posts.earlier_of_author(connection, post, post.post.at - ANSWERED_FOR, [QUESTION])
    if not asked:
        return None
    question = max(asked, key=lambda earlier: earlier.post.at)
    if _at_a_gate(question):
        return None
    found = [answer for answer in posts.answers(connection, question) if not _of_author(answer, post)]
    helpers = {answer.post.author.id for answer in found}
    return found[-1] if len(helpers) == 1 and all(map(_of_fan, found)) else None


def _not_due(connection: Connection, helped: StoredPost) -> bool:
    """True if this helper gets no credit: they were credited in this thread, want no replies, or a gate is near."""
    author = helped.post.author
    start = posts.get(connection, helped.thread) if helped.thread != helped.id else None
    return (
        helped.deleted
        or not helped.kept
        or _at_a_gate(helped)
        or (start is not None and _at_a_gate(start))
        or fans.get(connection, helped.post.platform, author.id).opted_out_at is not None
        or drafts.has_credit(connection, helped.thread, author.id)
    )


def _of_fan(post: StoredPost) -> bool:
    return not (post.post.author.is_staff or post.post.author.is_bot)


def _of_author(one: StoredPost, other: StoredPost) -> bool:
    return one.post.author.id == other.post.author.id


def _at_a_gate(post: StoredPost) -> bool:
    return bool((post.understanding or {}).get("risk"))
