"""Once a week each team hears what fans say: in its channel, by mail, and in a file.

To a channel and by mail go counts, names of topics and links: what has left cannot be taken back. The file also has the
fans' words while they are kept, and is written anew whenever some of them go.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import structlog

from bot import private
from bot.domain import Delivery, DeliveryState, NotSent, SendResult, Sent, Target, Uncertain, seal
from bot.events import Happened
from bot.insights import mail
from bot.insights.mail import MailTrouble
from bot.ports import Clock, PlatformAdapter
from bot.settings import Settings, Team
from bot.stopping import finished
from bot.store import Connection, Store, answers, cursors, events, topics
from bot.store.topics import Topic, TopicState

EVERY = 15.0
"""Seconds between two looks; an event brings the next one forward."""
MONDAY, NINE = 0, time(9)
"""When digests go, by the community's clock."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
"""Before a digest that did not leave is tried again. The pause doubles each time."""
LINKS, EXAMPLES = 3, 20
"""Posts of a topic: with a link in a digest, and with their words in the file."""
NOTES = "digest"
"""`platform` of the notes among the cursors: TEAM:WAY -> what became of the last one."""
_CHANGES = (
    Happened.TOPIC_CHANGED,
    Happened.POST_DELETED,
    Happened.POST_EDITED,
    Happened.FAN_FORGOTTEN,
    Happened.TEXTS_DROPPED,
)
STATES: Mapping[TopicState, str] = {
    TopicState.OPEN: "open",
    TopicState.PLANNED: "planned",
    TopicState.DONE: "done",
    TopicState.NOT_PLANNED: "not planned",
}
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~&])")

log = structlog.get_logger()

LinkOf = Callable[[str, str, str], str | None]
"""The address of a message, by platform, channel and id."""


class Passed(NamedTuple):
    """A topic of a team, as a digest tells it."""

    topic: Topic
    new: int
    """Its posts of the week."""
    links: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.topic.name


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


def monday(local: datetime) -> date:
    """The last Monday on which digests were due. `local`: now, by the community's clock."""
    day = local.date() - timedelta(days=local.weekday())
    return day if local.time() >= NINE or local.weekday() != MONDAY else day - timedelta(days=7)


def moment(day: date, settings: Settings) -> datetime:
    """When the digests of a Monday are due."""
    return datetime.combine(day, NINE, settings.community.timezone)


def passed_on(connection: Connection, team: str, settings: Settings, link_of: LinkOf, day: date) -> list[Passed]:
    """The topics of a team that are worth telling on a Monday: open and planned ones, and those with new posts."""
    since, until = moment(day - timedelta(days=7), settings), moment(day, settings)
    new: defaultdict[str, int] = defaultdict(int)
    for topic_id, at in answers.topic_voices(connection, since):
        new[topic_id] += since <= at < until
    found = []
    for topic in topics.every(connection):
        if topic.team == team and (new[topic.id] or topic.state in (TopicState.OPEN, TopicState.PLANNED)):
            posts = topics.newest(connection, topic.id, LINKS, kept=False)
            links = (link_of(p.post.platform, p.post.channel, p.post.external_id) for p in posts)
            found.append(Passed(topic=topic, new=new[topic.id], links=tuple(filter(None, links))))
    return sorted(found, key=lambda one: -one.new)


def told(title: str, found: Sequence[Passed], day: date, board: str | None, limit: int | None = None) -> str:
    """A digest in plain text: counts, names of topics and links. Whole topics are left out beyond `limit` characters,
    counted as platforms do (UTF-16 units)."""
    posts, new = sum(one.topic.count for one in found), sum(one.new for one in found)
    counts = f"{_many(posts, 'post')} in {_many(len(found), 'topic')}, {new} new this week."
    head = f"What fans say, for {title}, week to {day:%d %B %Y}\n{counts}\n"
    tail = f"\nAll of it: {board}" if board else ""
    parts = ["\n" + "\n".join(_topic(number, one)) + "\n" for number, one in enumerate(found, start=1)]
    kept = len(parts)
    while True:
        left = len(parts) - kept
        more = f"\nAnd {_many(left, 'topic')} more.\n" if left else ""
        text = f"{head}{''.join(parts[:kept])}{more}{tail}".rstrip()
        if limit is None or kept == 0 or _units(text) <= limit:
            return text
        kept -= 1


def _topic(number: int, one: Passed) -> list[str]:
    count = f"{_many(one.topic.count, 'post')}, {one.new} new"
    return [f"{number}. {one.name}: {count}; {STATES[one.topic.state]}", *(f"   {link}" for link in one.links)]


def in_markdown(title: str, found: Sequence[tuple[Passed, Sequence[tuple[str, str | None, str]]]]) -> str:
    """The file of a team. For each topic its posts: the day, the link, the words."""
    lines = [f"# What fans say, for {_escaped(title)}", ""]
    if not found:
        lines += ["Nothing just now.", ""]
    for one, said in found:
        lines += [f"## {_escaped(one.name)}", ""]
        lines += [f"{_many(one.topic.count, 'post')}, {one.new} new this week; {STATES[one.topic.state]}.", ""]
        if one.topic.reason:
            lines += [_escaped(one.topic.reason), ""]
        for day, link, words in said:
            lines += [f"- {day}{f' · <{link}>' if link else ''}", ""]
            lines += [f"  > {_escaped(line)}" for line in words.splitlines()]
            lines.append("")
    lines.append(
        "Greenroom writes this file anew when a fan deletes something or asks to be forgotten. Do not copy it."
    )
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Words that stay words in Markdown."""
    return _MARKUP.sub(r"\\\1", text)


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


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
        await self._write_files()
        known = await self._store.read(notes)
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

    async def _write_files(self) -> None:
        """Bring the teams' files in line with what is stored, and delete those that config.yaml names no more."""
        noted = await self._store.read(notes)
        files = {key: self._settings.root / team.file for key, team in self._settings.teams.items() if team.file}
        written = await self._store.read(partial(cursors.load, platform=FILES))
        known = {name.removesuffix(":"): path for name, path in written.items()}
        for key, path in known.items():
            if str(files.get(key)) != path:
                with suppress(OSError):
                    await asyncio.to_thread(Path(path).unlink, missing_ok=True)
                await self._store.write(partial(cursors.forget, platform=FILES, prefix=f"{key}:"))
        now = self._clock.now()
        for key, file in files.items():
            if known.get(key) != str(file):  # noted before it is written, so that it is deleted some day
                await self._store.write(partial(cursors.save, platform=FILES, positions={f"{key}:": str(file)}, at=now))
            text = await self._store.read(partial(self._file, key=key))
            try:
                await asyncio.to_thread(_write, file, text)
            except OSError as error:
                note = Note(week="", state="failed", why=f"{file} cannot be written ({error.strerror}).")
            else:
                note = Note(week="", state="begun")
            if note != noted.get(f"{key}:file"):
                await self._note(f"{key}:file", note)

    def _file(self, connection: Connection, key: str) -> str:
        local = self._settings.community.local
        day = monday(local(self._clock.now())) + timedelta(days=7)  # the week that is not over yet
        found = []
        for one in passed_on(connection, key, self._settings, self._link_of, day):
            posts = [stored.post for stored in topics.newest(connection, one.topic.id, EXAMPLES)]
            said = [
                (f"{local(p.at):%Y-%m-%d}", self._link_of(p.platform, p.channel, p.external_id), p.text) for p in posts
            ]
            found.append((one, said))
        return in_markdown(self._settings.teams[key].title, found)


FILES = "digest file"
"""`platform` of the notes among the cursors on which files were written: TEAM: -> path."""


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


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, and only if it changed. It keeps its mode; a new one is for its owner only.
    Raises OSError."""
    content, mode = text.encode(), private.FILE
    if path.exists():
        if path.read_bytes() == content:
            return
        mode = path.stat().st_mode & 0o777
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, private.FILE), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
