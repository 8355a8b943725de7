"""Once a week each team hears what fans say: in its channel, by mail, and in a file.

To a channel and by mail go counts, names of topics and links: what has left cannot be taken back. The file also has the
fans' words while they are kept, and is written anew whenever some of them go.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

import structlog

from bot.domain import Delivery, DeliveryState, NotSent, SendResult, Sent, Target, Uncertain, seal
from bot.events import Happened
from bot.insights import mail
from bot.insights.digest_text import LinkOf, Passed, monday, passed_on, told
from bot.insights.mail import MailTrouble
from bot.insights.team_files import TeamFiles
from bot.ports import Clock, PlatformAdapter
from bot.settings import Settings, Team
from bot.stopping import finished
from bot.store import Connection, Store, cursors, events

EVERY = 15.0
"""Seconds between two looks; an event brings the next one forward."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
"""Before a digest that did not leave is tried again. The pause doubles each time."""
NOTES = "digest"
"""`platform` of the notes among the cursors: TEAM:WAY -> what became of the last one."""
_CHANGES = (
    Happened.TOPIC_CHANGED,
    Happened.POST_DELETED,
    Happened.POST_EDITED,
    Happened.FAN_FORGOTTEN,
    Happened.TEXTS_DROPPED,
)

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What became of the last digest that went one way to one team."""

    week: str
    """The Monday of it."""
    state: Literal["begun", "nothing", "sending", "waiting", "sent", "failed", "uncertain"]
    why: str = ""
    tries: int = 0
    due: str = ""
    """When it is tried again."""


def notes(connection: Connection) -> dict[str, Note]:
    """TEAM:WAY -> what became of its last digest."""
    return {way: Note(**json.loads(text)) for way, text in cursors.load(connection, NOTES).items()}


def troubles(connection: Connection, settings: Settings) -> list[str]:
    """What did not get through to a team, in sentences."""
    found = []
    for way, note in sorted(notes(connection).items()):
        team = settings.teams.get(way.partition(":")[0])
        if team and note.why:
            found.append(f"The digest for {team.title} {_FATES[note.state]}: {note.why}")
    return found


_FATES = {
    "waiting": "has not got through yet",
    "failed": "did not get through",
    "uncertain": "may not have arrived",
}


class Digests:
    """Sends digests when they are due, and keeps the files."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        platforms: Mapping[str, PlatformAdapter],
        link_of: LinkOf,
    ) -> None:
        """`platforms` by name. Sends and writes nothing before `run` or `once`."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._platforms = platforms
        self._link_of = link_of
        self._files = TeamFiles(store, settings, clock, link_of)
        self._tried: set[str] = set()
        """What was refused since the start: it is tried again after the next one, when config.yaml may be better."""
        self._unnoted: dict[str, Note] = {}
        """What became of a digest, while it cannot be stored."""
        self._told: dict[str, str] = {}
        """The last trouble of a way that was logged."""

    async def run(self) -> None:
        """Until cancelled."""
        with self._store.signal(*_CHANGES) as signal:
            while True:
                await self.once()
                await signal.wait(self._store.sweep(EVERY))

    async def once(self) -> None:
        """Write the files, and send what is due. Raises what the store raises."""
        known = await self._store.read(notes)
        for key, why in (await self._files.write()).items():
            note = Note(week="", state="failed" if why else "begun", why=why)
            if note != known.get(f"{key}:file"):
                await self._note(f"{key}:file", note)
        for key, team in self._settings.teams.items():
            for way in (*team.channel, *(["mail"] if team.mail else [])):
                await finished(self._look(key, team, way, known.get(f"{key}:{way}")))

    async def _look(self, key: str, team: Team, way: str, note: Note | None) -> None:
        """Send the digest of this week if it is due and has not been sent."""
        now, name = self._clock.now(), f"{key}:{way}"
        day = monday(self._settings.community.local(now))
        week = day.isoformat()
        if note is None:  # a team that is new hears on the next Monday
            await self._note(name, Note(week=week, state="begun"))
            return
        if note.week == week and note.state == "sending":
            note = await self._cut_off(name, team, way, note)
        if note.week == week and (
            note.state in {"begun", "nothing", "sending", "sent", "uncertain"}
            or (note.state == "failed" and name in self._tried)
            or (note.state == "waiting" and now < datetime.fromisoformat(note.due))
        ):
            return
        tries = note.tries if note.week == week and note.state == "waiting" else 0
        found = await self._store.read(lambda c: passed_on(c, key, self._settings, self._link_of, day))
        if not found:
            await self._note(name, Note(week=week, state="nothing"))
            return
        await self._note(name, Note(week=week, state="sending", tries=tries))
        became = await self._send(name, team, way, found, day)
        if became.state == "waiting":
            pause = min(FIRST_PAUSE * 2**tries, LONGEST_PAUSE)
            became = replace(became, tries=tries + 1, due=(self._clock.now() + pause).isoformat())
        if became.state == "failed":
            self._tried.add(name)
        self._unnoted[name] = became
        await self._note(name, became)
        del self._unnoted[name]

    async def _send(self, name: str, team: Team, way: str, found: Sequence[Passed], day: date) -> Note:
        week = day.isoformat()
        url = self._settings.web.public_url
        board = f"{url}/heard" if url else None
        if way == "mail":
            return await self._mail(name, team, told(team.title, found, day, board), day)
        platform = self._platforms.get(way)
        if platform is None:
            why = f"{way} is not switched on."
            return Note(week=week, state="failed", why=why)
        text = told(team.title, found, day, board, platform.text_limit)
        try:
            result = await platform.deliver(self._delivery(name, team, way, text, week))
        except Exception:  # the adapter promised not to raise
            log.exception("digest_failed", way=name)
            result = Uncertain(reason="Something went wrong in Greenroom while sending.")
        return _became(result, week)

    async def _mail(self, name: str, team: Team, text: str, day: date) -> Note:
        server, week = self._settings.mail, day.isoformat()
        if server is None or team.mail is None:
            return Note(week=week, state="failed", why="config.yaml names no mail server.")
        subject = f"What fans say, for {team.title}, week to {day:%d %B %Y}"
        key = f"greenroom.{_hash(name, week)}"
        made = mail.letter(server, team.mail, subject, text, key=key, at=self._clock.now())
        try:
            await asyncio.to_thread(mail.send, self._settings, server, made)
        except MailTrouble as error:
            state: Literal["uncertain", "waiting", "failed"]
            state = "uncertain" if error.uncertain else "waiting" if error.again else "failed"
            return Note(week=week, state=state, why=str(error))
        return Note(week=week, state="sent")

    async def _cut_off(self, name: str, team: Team, way: str, note: Note) -> Note:
        """Its outcome was not stored, because the program stopped or the database failed: find it out if possible."""
        if became := self._unnoted.pop(name, None):
            await self._note(name, became)
            return became
        why = "Greenroom stopped while it was on its way; look whether it arrived."
        became = Note(week=note.week, state="uncertain", why=why)
        platform = self._platforms.get(way)
        if platform is not None:
            result = await platform.look_up(self._delivery(name, team, way, "", note.week))
            if isinstance(result, NotSent):
                became = Note(week=note.week, state="waiting", tries=note.tries, due=self._clock.now().isoformat())
            elif isinstance(result, Sent):
                became = Note(week=note.week, state="sent")
            elif isinstance(result, Uncertain) and result.retry_after is not None:
                return note  # it is asked again
        await self._note(name, became)
        return became

    def _delivery(self, name: str, team: Team, way: str, text: str, week: str) -> Delivery:
        """The digest in the form that platforms send. No draft belongs to it, and no fan is addressed."""
        now, key = self._clock.now(), _hash(name, week)
        target = Target(platform=way, channel=team.channel[way], reply_to="")
        return Delivery(
            id=key,
            reply_id=key,
            kind="send",
            draft_id="",
            post_id="",
            post_version=0,
            decision_id="",
            target=target,
            text=text,
            seal=seal(text, target),
            state=DeliveryState.SENDING,
            nonce=f"gr-{key}",
            due_at=now,
            approved_by="",
            created_at=now,
        )

    async def _note(self, name: str, note: Note) -> None:
        now = self._clock.now()
        if note.why and self._told.get(name) != note.why:
            log.warning("digest_not_sent", way=name, state=note.state, why=note.why)
        self._told[name] = note.why

        def operation(connection: Connection) -> None:
            cursors.save(connection, NOTES, {name: json.dumps(asdict(note))}, now)
            if note.state == "sent":
                team, _, way = name.partition(":")
                events.append(connection, Happened.DIGEST_SENT, now, team=team, way=way)

        await self._store.write(operation)


def _became(result: SendResult, week: str) -> Note:
    if isinstance(result, Sent):
        return Note(week=week, state="sent")
    if isinstance(result, NotSent):
        return Note(week=week, state="failed" if result.retry_after is None else "waiting", why=result.reason)
    if isinstance(result, Uncertain) and result.retry_after is not None:
        return Note(week=week, state="sending")  # the platform may still tell, see `_cut_off`
    why = result.reason if isinstance(result, Uncertain) else "The channel is gone."
    return Note(week=week, state="uncertain", why=why)


def _hash(name: str, week: str) -> str:
    """Sixteen hex digits, the same for each try."""
    return hashlib.sha256(f"{name} {week}".encode()).hexdigest()[:16]
