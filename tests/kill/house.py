"""One community on a Discord, a Telegram and a web client of our own, and the program in between, life after life."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
from aiohttp import web

from bot.domain import Target, seal
from tests.databases import Served
from tests.fakes.assistant import FakeAssistant
from tests.fakes.discord import TOKEN as DISCORD_TOKEN
from tests.fakes.discord import FakeDiscord, components, texts
from tests.fakes.discord.http import API
from tests.fakes.telegram import POLL, FakeTelegram, Press, buttons
from tests.fakes.telegram import TOKEN as TELEGRAM_TOKEN
from tests.kill.process import Program, Watch, write_templates

Json = dict[str, Any]
WEB_TOKEN = "a-token-of-the-tests"  # noqa: S105 - it opens nothing
PLAZA = "plaza"
"""The web platform's channel."""
_YESES_TO_STAGE = (
    "SELECT n.seal FROM decisions n JOIN drafts d ON d.id = n.draft_id JOIN posts p ON p.id = d.post_id "
    "WHERE d.purpose = 'stage' AND n.seal IS NOT NULL AND p.platform = ? AND p.channel = ? AND p.external_id = ?"
)
CONFIG = """\
community: {{name: Lantern Harbor}}
store: {store}
web: {{bind: "127.0.0.1:0"}}
managers:
  mara: {{name: Mara Quint, telegram: {mara}}}
  tom: {{name: Tom Weiss, discord: {tom}}}
  wim: {{name: Wim Ode}}
on_call: tom
privacy: {{policy: "We keep what you write for seven days. A language model on our own machine may read it."}}
replies: {{undo_seconds: 0.7, per_fan: null, per_channel: null, remind_after: null}}
assistant: {{endpoint: "{model}", model: small-model, timeout: 1s, per_day: 100000, processor: our own machine}}
platforms:
  discord: {{listen: [general], cards: mods-room, stage: showcase, api_base: "{discord}", gateway_url: "{gateway}"}}
  telegram: {{listen: [{harbor}], cards: mara, stage: {scene}, api_base: "{telegram}"}}
"""
ALONE = ((),)
"""One process with all roles."""
THREE = ((), (), ("web",))
"""Two that take each other's place, and one that only serves the console and the API."""
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]
When = Literal["arrives", "is taken", "is answered"]


@dataclass(eq=False)
class Said:
    """A fan's post, wherever it was written. Each wording carries a word that is nowhere else."""

    platform: str
    channel: str
    external_id: str
    fan: str
    wordings: list[str]
    message: Json | None = None
    """The platform's; None on the web."""
    acknowledged: bool = True
    """We were told that it was taken, or the platform keeps it until it is."""
    last_known: int = 0
    """The stored wording may be this or a later one: this one was acknowledged, later ones perhaps not."""
    deleted: bool = False
    """By the fan."""
    told_deleted: bool = False
    """The program surely heard of it."""
    our_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A message of ours that a platform took. One on stage answers none: its `reply_to` is empty."""

    platform: str
    channel: str
    reply_to: str
    text: str
    message_id: str
    at: float

    @property
    def seal(self) -> str:
        """That of the yes to it."""
        return seal(self.text, Target(platform=self.platform, channel=self.channel, reply_to=self.reply_to))


@dataclass(eq=False)
class Pressed:
    """A manager's press on a card of Telegram's, or a decision over the web."""

    draft_id: str
    verb: str
    by: str
    press: Press | None = None
    taken: bool = False
    """The web's answer said so."""

    @property
    def reached(self) -> bool:
        """The manager was told that it is done."""
        return self.taken or (self.press is not None and self.press.answered.is_set() and not self.press.text)


@dataclass
class Trap:
    """Kills the program at the n-th request of a kind."""

    call: str
    when: When
    nth: int = 1


@dataclass
class House:
    """Everything around the program, and what has happened."""

    folder: Path
    server: Served | None = None
    """Its database on PostgreSQL; None: a SQLite file."""
    discord: FakeDiscord = field(default_factory=FakeDiscord)
    telegram: FakeTelegram = field(default_factory=FakeTelegram)
    model: FakeAssistant = field(default_factory=FakeAssistant)
    layout: Sequence[Sequence[str]] = ALONE
    """The roles of each process; empty: all."""
    in_haste: bool = True
    """See `Program`."""
    programs: list[Program] = field(default_factory=list)
    """Those that run, or ran last, in the order of the layout."""
    doomed: int = 0
    """Which of them is killed next."""
    ending: list[Program] = field(default_factory=list)
    """Those that were killed or asked to stop."""
    trap: Trap | None = None
    posts: list[Said] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    pressed: list[Pressed] = field(default_factory=list)
    erased: dict[str, str] = field(default_factory=dict)
    """Words that must be erased -> why."""
    own_words: dict[str, str] = field(default_factory=dict)
    """A manager's words that were taken for certain -> our id of the post they answer."""
    lost_answers: list[float] = field(default_factory=list)
    """When Telegram's answer to us may have been lost: at kills and cut connections."""
    moments: set[tuple[str, When]] = field(default_factory=set)
    """The named ones at which it was killed."""
    requests: int = 0
    """Of the program, to both platforms."""
    newest: dict[str, int] = field(default_factory=dict)
    """When the newest request of a kind came, in nanoseconds of the monotonic clock."""
    polls: list[tuple[int, int]] = field(default_factory=list)
    """Telegram's questions for updates: when, and the offset."""
    history: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    _turn: int = 0

    def note(self, what: str) -> None:
        self.history.append(f"{time.monotonic() - self.begun:9.3f} {what}")
        with (self.folder / "history").open("a", encoding="utf-8") as file:
            file.write(f"{self.history[-1]}\n")

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[House]:
        """Both platforms run; the program does not yet."""
        discord, telegram = self.discord, self.telegram
        discord.http.serve = self._trapped("discord", discord.http.serve, self._discord_call)  # type: ignore[method-assign]
        telegram.http.serve = self._trapped("telegram", telegram.http.serve, self._telegram_call)  # type: ignore[method-assign]
        self.general, self.room = discord.channel("general"), discord.channel("mods-room")
        self.tom, self.mara = discord.member("Tom"), telegram.user("Mara")
        self.harbor, self.scene = telegram.supergroup("Lantern Harbor"), telegram.supergroup("Showcase")
        self.showcase = discord.channel("showcase")
        telegram.privacy(on=False)
        telegram.start(self.mara)
        telegram.world.updates.waiting.clear()
        self.direct = telegram.direct(self.mara)
        discord.answer_within = telegram.answer_within = 1.0  # who is dead answers no sooner
        self._hear()
        async with discord.running(), telegram.running(), self.model.running():
            self._write()
            try:
                yield self
            finally:
                for program in self.programs:
                    program.signal()

    def _write(self) -> None:
        where = {"discord": self.discord.api_base, "gateway": self.discord.gateway_url}
        ids = {"mara": self.mara["id"], "tom": self.tom["user"]["id"]}
        ids |= {"harbor": self.harbor["id"], "scene": self.scene["id"]}
        store = self.server.url if self.server else "sqlite:///var/greenroom.db"
        config = CONFIG.format(**ids, **where, store=store, telegram=self.telegram.api_base, model=self.model.endpoint)
        (self.folder / "config.yaml").write_text(config, encoding="utf-8")
        write_templates(self.folder / "templates")

    # What the platforms see.

    def _hear(self) -> None:
        """Note every reply that arrives, at the moment it does."""
        emit, add = self.discord.world.emit, self.telegram.world.add

        def told(event: str, data: Json) -> None:
            emit(event, data)
            reference = data.get("message_reference")
            ours = event == "MESSAGE_CREATE" and data["author"]["id"] == self.discord.world.bot["id"]
            if ours and reference and data["channel_id"] == self.general["id"]:
                self._arrived("discord", data["channel_id"], reference["message_id"], data["content"], data["id"])
            elif ours and data["channel_id"] == self.showcase["id"]:
                self._arrived("discord", "showcase", "", data["content"], data["id"])

        def added(room: Any, sender: Json, **more: Any) -> Json:
            message: Json = add(room, sender, **more)
            if sender["id"] == self.telegram.world.bot["id"] and room.chat == self.harbor and more.get("reply_to"):
                to, own = str(more["reply_to"]), str(message["message_id"])
                self._arrived("telegram", str(self.harbor["id"]), to, message["text"], own)
            elif sender["id"] == self.telegram.world.bot["id"] and room.chat == self.scene:
                self._arrived("telegram", str(self.scene["id"]), "", message["text"], str(message["message_id"]))
            return message

        self.discord.world.emit = told
        self.telegram.world.add = added  # type: ignore[method-assign]

    def _arrived(self, platform: str, channel: str, reply_to: str, text: str, message_id: str) -> None:
        self.note(f"{platform}: reply {message_id} to {reply_to} arrived: {text}")
        one = Arrival(
            platform=platform,
            channel=channel,
            reply_to=reply_to,
            text=text.replace("@\N{WORD JOINER}", "@"),  # on Telegram's stage, so that nobody is called
            message_id=message_id,
            at=time.monotonic(),
        )
        self.arrivals.append(one)

    def _trapped(
        self,
        platform: str,
        serve: Callable[[web.Request], Awaitable[web.StreamResponse]],
        name: Callable[[web.Request], Awaitable[str]],
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def served(request: web.Request) -> web.StreamResponse:
            call = await name(request)
            self.requests, self.newest[call] = self.requests + 1, time.monotonic_ns()
            self._spring(platform, call, "arrives")
            faults = len(self.telegram.http.faults)
            response = await serve(request)
            if len(self.telegram.http.faults) < faults:
                self.lost_answers.append(time.monotonic())
            self._spring(platform, call, "is taken")
            if self.trap and self.trap.call == call and self.trap.when == "is answered":
                await response.prepare(request)
                await response.write_eof()
                self._spring(platform, call, "is answered")
            return response

        return served

    def _spring(self, platform: str, call: str, when: When) -> None:
        trap = self.trap
        if trap is None or (trap.call, trap.when) != (call, when) or not self.alive:
            return
        trap.nth -= 1
        if trap.nth <= 0:
            self.trap = None
            self.moments.add((call, when))
            self.doomed = self.connected_to(platform) or 0
            self.kill(f"{call} {when}")

    def connected_to(self, platform: str) -> int | None:
        """Which process has the seat of a platform's bot; None if none has."""
        found = self.rows("SELECT holder FROM leases WHERE name = ?", f"seat {platform}")
        return next((n for n, one in enumerate(self.programs) for (by,) in found if f" {one.pid} " in by), None)

    async def _discord_call(self, request: web.Request) -> str:
        found = self.discord.http.calls.find(request.method, request.path.removeprefix(API))
        call, words = found or (None, {})
        places = {self.general["id"]: " (fans)", self.showcase["id"]: " (stage)"}
        place = places.get(words.get("channel", ""), "")
        return f"{call.name if call else 'unknown'}{place}"

    async def _telegram_call(self, request: web.Request) -> str:
        call = request.match_info["call"]
        form = {} if request.content_type.startswith("multipart") else await request.post()
        if call == POLL:
            self.polls.append((time.monotonic_ns(), int(str(form.get("offset", 0)))))
        places = {str(self.harbor["id"]): " (fans)", str(self.scene["id"]): " (stage)"}
        return f"{call}{places.get(str(form.get('chat_id')), '')}"

    # The program.

    async def start(self, watch: Watch | None = None) -> None:
        """Start what does not run, until all serve. Raises Died."""
        new = {n: Program(self.folder, watch or Watch(), only, self.in_haste) for n, only in enumerate(self.layout)}
        living = dict(enumerate(self.programs))
        self.programs = [living[n] if n in living and living[n].alive else one for n, one in new.items()]
        secrets = {"GREENROOM_WEB_TOKEN": WEB_TOKEN, "DISCORD_TOKEN": DISCORD_TOKEN, "TELEGRAM_TOKEN": TELEGRAM_TOKEN}
        starting = [one.start(secrets) for one in new.values() if one in self.programs]
        for error in await asyncio.gather(*starting, return_exceptions=True):
            if error:
                raise error

    def kill(self, when: str, program: Program | None = None) -> None:
        """Kill the process that is doomed, or another one, as if its machine lost its power, but for what the system
        still writes: see `Watch.power`."""
        program = program or self.programs[self.doomed]
        program.signal()
        self.ending.append(program)
        self.note(f"{self._name(program)} killed: {when}")

    def kill_all(self, when: str) -> None:
        """Kill all that run."""
        for program in self.programs:
            if program.alive:
                self.kill(when, program)

    def stop(self) -> Program:
        """Ask a process to stop."""
        program = self.programs[self.doomed]
        program.signal(signal.SIGTERM)
        self.ending.append(program)
        self.note(f"{self._name(program)} is asked to stop")
        return program

    def _name(self, program: Program) -> str:
        return f"process {self.programs.index(program) + 1} of {len(self.programs)}"

    async def over(self) -> list[int | None]:
        """Wait until those are dead that are ending, and cut the power if this kill does so. Returns the exit statuses
        of all that do not run any more."""
        for program in self.ending:
            await program.ended()
            program.power_cut()
        self.ending.clear()
        self.lost_answers.append(time.monotonic())
        for faults in (self.discord.http.faults, self.telegram.http.faults):
            for _, fault in faults:
                fault.go.set()
            faults.clear()
        return [one.process.exitcode for one in self.programs if one.process and not one.alive]

    @property
    def alive(self) -> bool:
        """Whether all processes run."""
        return bool(self.programs) and all(one.alive for one in self.programs)

    @property
    def serves(self) -> bool:
        return any(one.alive and one.address for one in self.programs)

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """The web API's answer, of each process in turn; None when there was none, so that nobody knows."""
        serving = [one for one in self.programs if one.address and (one.alive or len(self.programs) == 1)]
        if not serving:
            return None
        self._turn += 1
        address = serving[self._turn % len(serving)].address
        headers = {"Authorization": f"Bearer {WEB_TOKEN}", **more.pop("headers", {})}
        try:
            async with httpx.AsyncClient(base_url=address, headers=headers, timeout=20) as client:
                return await client.request(method, path, **more)
        except httpx.TransportError:
            return None

    # What is stored.

    @property
    def database(self) -> Path:
        return self.folder / "var/greenroom.db"

    @property
    def is_made(self) -> bool:
        """True once there is a database; it may still be without tables."""
        return self.server is not None or self.database.exists()

    def tables(self) -> list[str]:
        if self.server:
            return self.server.tables()
        return [name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Read without changing the files. The last connection to close would write the log back."""
        if self.server:
            return self.server.tuples(query, values)
        try:
            return self._rows(query, values)
        except sqlite3.OperationalError as error:
            if "no such table" in str(error) or "unable to open" in str(error):
                return []  # it was killed before it was made
            raise

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        if self.alive:
            with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20)) as found:
                return found.execute(query, values).fetchall()
        with tempfile.TemporaryDirectory() as place:
            for name in ("greenroom.db", "greenroom.db-wal"):
                if (self.database.parent / name).exists():
                    shutil.copy(self.database.parent / name, place)
            with contextlib.closing(sqlite3.connect(Path(place) / "greenroom.db")) as found:
                return found.execute(query, values).fetchall()

    def bytes_of_database(self) -> bytes:
        """The bytes of its file."""
        return self.database.read_bytes() if self.database.exists() else b""

    def log_of_writes(self) -> bytes:
        """The bytes of the database's write-ahead log."""
        log = Path(f"{self.database}-wal")
        return log.read_bytes() if log.exists() else b""

    # Fans.

    def asked(self) -> list[tuple[str, Json, Json | None, list[str]]]:
        """Questions that can be answered: platform, our message, the post it answers if that is there, the buttons."""
        found: list[tuple[str, Json, Json | None, list[str]]] = []
        for one in self.discord.by_bot(self.general):
            ids = [part["custom_id"] for part in components(one) if "custom_id" in part]
            post = self.discord.world.messages[self.general["id"]].get(one["message_reference"]["message_id"])
            found.append(("discord", one, post, ids))
        room = self.telegram.world.rooms[self.harbor["id"]]
        for one in self.telegram.by_bot(self.harbor):
            post = room.messages.get(room.answers.get(one["message_id"], 0))
            found.append(("telegram", one, post, list(buttons(one))))
        return [one for one in found if one[-1]]

    def shown_of(self, platform: str, channel: str, own: str) -> list[Arrival]:
        """What was shown of a post on stage: by its own words, or by the yes to other words of a manager."""
        place = (platform, channel, own)
        wordings = [
            w for said in self.posts if (said.platform, said.channel, said.external_id) == place for w in said.wordings
        ]
        marks = {wording.rpartition(" ")[2] for wording in wordings}
        yeses = {one for (one,) in self.rows(_YESES_TO_STAGE, *place)}
        return [a for a in self.arrivals if not a.reply_to and (marks & {*a.text.split()} or a.seal in yeses)]

    def on_stage(self) -> set[tuple[str, str]]:
        """(platform, id) of what stands on the stages."""
        there = {("discord", one["id"]) for one in self.discord.by_bot(self.showcase)}
        return there | {("telegram", str(one["message_id"])) for one in self.telegram.by_bot(self.scene)}

    # Cards.

    def cards(self) -> dict[tuple[str, str], tuple[Json, dict[str, str], str]]:
        """(surface, message id as it is stored) -> message, verb -> what its button sends, words."""
        found = {}
        for one in self.discord.by_bot(self.room):
            ids = [part["custom_id"] for part in components(one) if "custom_id" in part]
            verbs = {custom_id.split(":", 3)[-1]: custom_id for custom_id in ids if custom_id.startswith("card:")}
            if verbs:
                found["discord", one["id"]] = (one, verbs, "\n".join(texts(one)))
        for one in self.telegram.cards(self.direct):
            verbs = {":".join([(p := data.split(":"))[0], *p[3:]]): data for data in buttons(one) if ":" in data}
            if verbs:
                found["telegram", f"{self.direct['id']}/{one['message_id']}"] = (one, verbs, one["text"])
        return found


def draft_of(verbs: dict[str, str]) -> str:
    """Which draft a card's buttons are about."""
    return next(iter(verbs.values())).split(":")[1]
