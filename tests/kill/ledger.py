"""Does everything add up? Compares what people did and saw, what is stored, and what stands on the platforms."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections import Counter
from collections.abc import Iterator

from bot.domain import Target, seal
from tests.kill.house import House, Said, draft_of
from tests.kill.process import DANGER

QUIET = 150.0
"""Seconds in which all must be settled once nobody disturbs the program. Pauses after faults are up to a minute."""
LOST = 4.0
"""Seconds around a kill or a cut connection in which Telegram's answer to a send may have been lost."""
_DONE = ("sent", "removed")


class Ledger:
    """Of one house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.counts: Counter[str] = Counter()

    # Quiet.

    async def quiet(self) -> None:
        """Wait until nothing is open. Raises AssertionError with what still is."""
        until, calm = time.monotonic() + QUIET, 0
        while calm < 3:
            left = list(self.under_way())
            calm = 0 if left else calm + 1
            if time.monotonic() > until:
                raise AssertionError(f"after {QUIET:.0f} quiet seconds: {left}")
            await asyncio.sleep(0.15)

    def under_way(self) -> Iterator[str]:
        """What is not settled yet."""
        rows = self.house.rows
        if waiting := self.house.telegram.world.updates.waiting:
            yield f"{len(waiting)} updates that Telegram still keeps"
        for what, query in _UNDER_WAY.items():
            if found := rows(query):
                yield f"{what}: {found[:5]}"
        yield from self._cardless()
        yield from self._erased()

    def _cardless(self) -> Iterator[str]:
        """Waiting drafts without a card, and cards that do not show how their draft stands."""
        there, stored = self.house.cards(), self.house.rows("SELECT surface, message_id, draft_id FROM cards")
        shown = {(surface, draft_id) for surface, own, draft_id in stored if (surface, own) in there}
        for (draft_id,) in self.house.rows("SELECT id FROM drafts WHERE state = 'waiting'"):
            for surface in ("discord", "telegram"):
                if (surface, draft_id) not in shown:
                    yield f"draft {draft_id} waits without a card on {surface}"

    # The books.

    def problems(self) -> list[str]:
        """What is wrong, in sentences; once it is quiet."""
        self.counts.clear()
        parts = (self._posts, self._words, self._yeses, self._replies, self._stage, self._web, self._changes)
        found = [line for part in (*parts, self._cards, self._model, self._sound) for line in part()]
        platforms = (self.house.discord, self.house.telegram, self.house.model)
        self.counts["words erased"] = len(self.house.erased)
        return [*found, *(f"a request that is none: {line}" for platform in platforms for line in platform.problems)]

    def _stored(self) -> dict[tuple[str, str, str], tuple[str, str, str, bool, bool, str]]:
        query = "SELECT platform, channel, external_id, id, text, action, deleted, kept, author_id FROM posts"
        return {(p, c, e): tuple(rest) for p, c, e, *rest in self.house.rows(query)}  # type: ignore[misc]

    def _posts(self) -> Iterator[str]:
        """Every acknowledged post is stored and has an outcome."""
        stored = self._stored()
        for said in self.house.posts:
            row = stored.get((said.platform, said.channel, said.external_id))
            self.counts["posts stored"] += row is not None
            if row is None:
                if said.acknowledged and not (said.deleted and said.platform == "discord"):
                    yield f"{_name(said)} was acknowledged and is not there"
                continue
            our_id, _, action, deleted, _, _ = row
            if said.our_id and our_id != said.our_id:
                yield f"{_name(said)} has another id than the one that was answered"
            if not action:
                yield f"{_name(said)} is not judged"
            if said.told_deleted and not deleted:
                yield f"{_name(said)} was deleted, which was acknowledged, and still stands"

    def _words(self) -> Iterator[str]:
        """Words that somebody still needs are stored, in their newest version."""
        stored = self._stored()
        needed = {post_id for (post_id,) in self.house.rows(_NEEDED)}
        for said in self.house.posts:
            our_id, text, _, deleted, kept, author = stored.get(
                (said.platform, said.channel, said.external_id), ("", "", "", False, False, "")
            )
            possible = [_mark(wording) for wording in said.wordings[said.last_known :]]
            if kept and not deleted:
                self.counts["words kept"] += 1
                if _mark(text) not in possible:
                    yield f"{_name(said)} says “{text}”, and its fan wrote {possible}"
            elif our_id in needed and author and not deleted:
                yield f"the words of {_name(said)} are gone, and somebody still needs them"
        for delivery_id, state in self.house.rows(_WORDLESS):
            yield f"the words of delivery {delivery_id} are gone, and it is {state}"

    def _erased(self) -> Iterator[str]:
        """No row and no byte of the files holds what was forgotten or deleted."""
        deleted, stored = dict[str, str](), self._stored()
        for said in self.house.posts:
            if stored.get((said.platform, said.channel, said.external_id), ("", "", "", False))[3]:
                deleted |= dict.fromkeys(map(_mark, said.wordings), f"{_name(said)} was deleted")
        rows = "\n".join(self._rows_in_words())
        log = self.house.log_of_writes()
        whole, without = self.house.bytes_of_database() + log, without_gaps(self.house.bytes_of_database()) + log
        for gone, raw in ((self.house.erased, whole), (deleted, without)):
            for words, why in gone.items():
                if words in rows:
                    yield f"“{words}” is still stored: {why}"
                elif words.encode() in raw:
                    yield f"“{words}” is still in the bytes of the files: {why}"

    def _rows_in_words(self) -> Iterator[str]:
        for table in self.house.tables():
            yield from (f"{table}: {row}" for row in self.house.rows(f'SELECT * FROM "{table}"'))  # noqa: S608 - its own

    def _yeses(self) -> Iterator[str]:
        """A press that was confirmed counts, and no draft has two yeses."""
        decided: dict[str, list[tuple[str, str]]] = {}
        for draft_id, action, by in self.house.rows(_DECIDED):
            decided.setdefault(draft_id, []).append((action, by))
        wanted = {"send": {"approve"}, "approve": {"approve"}, "edit": {"edit"}, "undo": {"undo"}}
        for one in self.house.pressed:
            actions = wanted.get(one.verb.split(":")[0])
            if one.reached and actions:
                self.counts["answers that reached a manager"] += 1
                if not any(action in actions and by == one.by for action, by in decided.get(one.draft_id, ())):
                    yield f"{one.by} was told that “{one.verb}” on {one.draft_id} is done, and nothing is recorded"
        for draft_id, actions_ in decided.items():
            open_ = 0
            for action, _ in actions_:
                open_ += (action in ("approve", "edit")) - (action in ("undo", "on hold"))
                self.counts["yeses"] += action in ("approve", "edit")
                self.counts["undone"] += action == "undo"
                self.counts["taken back by a hold"] += action == "on hold"
                if open_ > 1:
                    yield f"draft {draft_id} was approved twice: {actions_}"
        yield from (f"draft {d} is approved, and nothing became of it" for (d,) in self.house.rows(_NOTHING_CAME))
        yield from (f"delivery {d} failed or is uncertain without a word why" for (d,) in self.house.rows(_UNSAID))

    def _replies(self) -> Iterator[str]:
        """Nothing twice, nothing lost, nothing without a yes."""
        arrived: dict[tuple[str, str, str], list[str]] = {}
        for a in self.house.arrivals:
            arrived.setdefault((a.platform, a.channel, a.reply_to), []).append(a.text)
        stored = {key: row[0] for key, row in self._stored().items()}
        seals = {s for (s,) in self.house.rows("SELECT seal FROM decisions WHERE seal IS NOT NULL")}
        states: dict[str, Counter[str]] = {}
        for post_id, state in self.house.rows(
            "SELECT post_id, state FROM deliveries WHERE kind = 'send' AND reply_to != ''"
        ):
            states.setdefault(post_id, Counter())[state] += 1
            self.counts[state] += 1
        for place, said in arrived.items():
            target = Target(platform=place[0], channel=place[1], reply_to=place[2])
            for text in said:
                if seal(text, target) not in seals:
                    yield f"“{text}” stands below {place}, and nobody said yes to it"
            if place not in stored and place[2]:
                yield f"{place} was answered and is not known"
        for place, post_id in stored.items():
            if place[0] == "web":
                continue
            count, found = states.get(post_id, Counter()), arrived.get(place, [])
            least = sum(count[state] for state in _DONE)
            if not least <= len(found) <= least + count["uncertain"]:
                yield f"{place} ({post_id}) has {len(found)} replies {found}, and its deliveries are {dict(count)}"

    def _stage(self) -> Iterator[str]:
        """What stands on a stage has a yes of its author that counts; all that a yes was taken back for is gone."""
        given = {post_id for (post_id,) in self.house.rows(_GIVEN)}
        open_ = {post_id for (post_id,) in self.house.rows(_BY_HAND)}
        there, stored = self.house.on_stage(), self._stored()
        self.counts["on stage"] = len(there)
        for said in self.house.posts:
            place = (said.platform, said.channel, said.external_id)
            shown = self.house.shown_of(*place)
            if not shown:
                continue
            our_id = stored[place][0]
            self.counts["shown on a stage"] += len(shown)
            standing = [a for a in shown if (a.platform, a.message_id) in there]
            if standing and our_id not in given | open_:
                yield f"{_name(said)} is on stage ({standing}), and its author's yes does not count"
            ((least, most),) = self.house.rows(_ON_STAGE, our_id)
            if not least <= len(shown) <= most:
                yield f"{_name(said)} was shown {len(shown)} times, and its deliveries say {least} to {most}"
        yield from (f"a stage post of {post} was sent without a consent" for (post,) in self.house.rows(_UNASKED))
        for state, number in self.house.rows("SELECT state, count(*) FROM consents GROUP BY state"):
            self.counts[f"consents: {state}"] = number

    def _web(self) -> Iterator[str]:
        """On the web our database is the platform: one reply for each yes that counts."""
        query = (
            "SELECT d.post_id, count(*) FROM deliveries d JOIN drafts r ON r.id = d.draft_id WHERE d.platform = 'web' "
            "AND d.kind = 'send' AND d.state = 'sent' AND r.purpose = 'reply' GROUP BY d.post_id HAVING count(*) > 1"
        )
        yield from (f"post {p} of the web has {n} replies" for p, n in self.house.rows(query))

    def _changes(self) -> Iterator[str]:
        """Corrections and removals are visible where fans read."""
        discord, telegram = self.house.discord.world, self.house.telegram.world
        there = {("discord", one): m["content"] for one, m in discord.messages[self.house.general["id"]].items()}
        room = telegram.rooms[self.house.harbor["id"]]
        there |= {("telegram", str(one)): m.get("text") for one, m in room.messages.items()}
        for reply, platform, own, state, text in self.house.rows(_REPLIES):
            if (platform, own) not in there:
                if state == "sent" and own.isdecimal():
                    yield f"reply {reply} is sent, and message {own} is not on {platform}"
            elif state == "removed":
                yield f"reply {reply} is removed, and message {own} still stands on {platform}"
            elif text is not None and there[platform, own] != text:
                yield f"reply {reply} reads “{text}”, and on {platform} “{there[platform, own]}”"
        for kind, number in self.house.rows(
            "SELECT kind, count(*) FROM deliveries WHERE kind != 'send' AND state = 'sent' GROUP BY kind"
        ):
            self.counts[f"done: {kind}"] += number

    def _cards(self) -> Iterator[str]:
        """Every card has a row and shows what is true, except a copy whose answer Telegram lost."""
        known = {
            (s, own): draft_id
            for s, own, draft_id in self.house.rows("SELECT surface, message_id, draft_id FROM cards")
        }
        states = dict(self.house.rows("SELECT id, state FROM drafts"))
        for (surface, own), (message, verbs, words) in self.house.cards().items():
            draft_id = draft_of(verbs)
            if (surface, own) not in known:
                self.counts["cards without a row"] += 1
                if surface != "telegram" or not self._lost(message):
                    yield f"{surface} card {own} of draft {draft_id} is not known: {words[:80]}"
            elif "edit" in verbs and states.get(draft_id) != "waiting":
                yield f"{surface} card {own} offers an answer, and draft {draft_id} is {states.get(draft_id)}"
        for surface, number in Counter(surface for surface, _ in known).items():
            self.counts[f"cards on {surface}"] = number

    def _lost(self, message: dict[str, object]) -> bool:
        made = float(str(message["date"])) - time.time() + time.monotonic()
        return any(-LOST < made - at < LOST for at in self.house.lost_answers)

    def _model(self) -> Iterator[str]:
        """A language model is asked once about a card, and never about a post that hit a gate. That its words have a
        yes is in `_replies`."""
        seen = self.house.model.seen
        ((claimed,),) = self.house.rows("SELECT count(*) FROM assistant_calls")
        if len(seen) > claimed:
            yield f"the model was asked {len(seen)} times, for {claimed} cards"
        yield from (f"the model was given “{one.data['post']}”" for one in seen if DANGER in str(one.data["post"]))
        for outcome, number in self.house.rows("SELECT outcome, count(*) FROM assistant_calls GROUP BY outcome"):
            self.counts[f"asked: {outcome}"] = number
        ((taken,),) = self.house.rows("SELECT count(*) FROM drafts WHERE state = 'approved' AND template = 'assistant'")
        self.counts["words of the model with a yes"] = taken

    def _sound(self) -> Iterator[str]:
        if self.house.server is None:
            ((told,),) = self.house.rows("PRAGMA integrity_check")
            if told != "ok":
                yield f"the database is damaged: {told}"
        yield from (f"not handled: {why}: {raw}" for raw, why in self.house.rows(_ASIDE))

    def told(self) -> str:
        """The counts, for a person."""
        return json.dumps(dict(sorted(self.counts.items())))


def without_gaps(database: bytes) -> bytes:
    """A database's bytes, but for the part of a page between the list of its cells and the first cell.

    There SQLite leaves what stood in a page that it built anew, `secure_delete` or not, until the file is written anew:
    soon after somebody was forgotten, else once a day. See https://www.sqlite.org/fileformat2.html#b_tree_pages.
    """
    found = bytearray(database)
    size = struct.unpack_from(">H", found, 16)[0] if found else 1
    for page in range(0, len(found), size):
        head = page + (100 if page == 0 else 0)
        kind, _, cells, first = struct.unpack_from(">BHHH", found, head)
        if kind in (2, 5, 10, 13):
            begin = head + (12 if kind < 10 else 8) + 2 * cells
            found[begin : page + first] = bytes(max(0, page + first - begin))
    return bytes(found)


def _name(said: Said) -> str:
    return f"{said.platform} post {said.external_id}"


def _mark(wording: str) -> str:
    return wording.rpartition(" ")[2]


_UNDER_WAY = {
    "not judged": "SELECT external_id FROM posts WHERE action IS NULL",
    "updates at work": "SELECT update_id FROM inbox WHERE set_aside IS NULL",
    "on their way": "SELECT id, platform, kind, state, attempts, due_at, error FROM deliveries "
    "WHERE state IN ('held', 'sending')",
    "cards not in line": "SELECT c.surface, c.draft_id, c.shown_state, d.state FROM cards c JOIN drafts d "
    "ON d.id = c.draft_id WHERE c.shown_state != d.state OR (c.shown_revision != d.revision AND d.state = 'waiting')",
}
_NEEDED = "SELECT post_id FROM drafts WHERE state IN ('waiting', 'snoozed')"
_WORDLESS = (
    "SELECT d.id, d.state FROM deliveries d JOIN posts p ON p.id = d.post_id WHERE d.text IS NULL "
    "AND d.kind != 'remove' AND NOT p.deleted AND p.author_id != '' "
    "AND d.state IN ('held', 'sending', 'uncertain', 'failed')"
)
_NOTHING_CAME = (
    "SELECT id FROM drafts WHERE state = 'approved' AND id NOT IN (SELECT draft_id FROM deliveries WHERE kind = 'send')"
)
_UNSAID = "SELECT id FROM deliveries WHERE state IN ('failed', 'uncertain') AND coalesce(error, '') = ''"
_REPLIES = (
    "SELECT id, platform, external_id, state, text FROM deliveries WHERE kind = 'send' AND platform != 'web' "
    "AND reply_to != '' AND external_id IS NOT NULL AND state IN ('sent', 'removed') "
    "AND id NOT IN (SELECT reply_id FROM deliveries WHERE kind != 'send' AND state IN ('uncertain', 'failed'))"
)
_DECIDED = (
    'SELECT draft_id, action, "by" FROM (SELECT draft_id, action, "by", at, revision AS nth FROM decisions UNION ALL '
    "SELECT draft_id, 'on hold', '', at, 1000000 FROM events WHERE name = 'draft_undone' "
    "AND CAST(data AS TEXT) LIKE '%on_hold%') AS done ORDER BY at, nth"
)
_GIVEN = "SELECT post_id FROM consents WHERE kind = 'stage' AND state = 'yes'"
_BY_HAND = "SELECT post_id FROM deliveries WHERE kind = 'remove' AND reply_to = '' AND state IN ('failed', 'uncertain')"
"""What nobody could take down, and a person was told so: its receipt was lost."""
_ON_STAGE = (
    "SELECT count(CASE WHEN state IN ('sent', 'removed') THEN 1 END), "
    "count(CASE WHEN state IN ('sent', 'removed', 'uncertain') THEN 1 END) "
    "FROM deliveries WHERE kind = 'send' AND reply_to = '' AND post_id = ?"
)
_UNASKED = (
    "SELECT p.id FROM deliveries d JOIN posts p ON p.id = d.post_id WHERE d.kind = 'send' AND d.reply_to = '' "
    "AND d.state = 'sent' AND d.post_id NOT IN (SELECT post_id FROM consents WHERE kind = 'stage' AND state = 'yes') "
    "AND d.id NOT IN (SELECT reply_id FROM deliveries WHERE kind = 'remove')"
)
_ASIDE = "SELECT raw, set_aside FROM inbox WHERE set_aside IS NOT NULL"
