"""What people do in a community, and what goes wrong on the platforms: chosen at random from a seed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from bot.adapters.chat import asks
from bot.people.fans import FORGET
from tests.fakes.discord import CALLBACK, Interaction, components
from tests.fakes.discord import DELETE as DISCORD_DELETE
from tests.fakes.discord import EDIT as DISCORD_EDIT
from tests.fakes.discord import SEND as DISCORD_SEND
from tests.fakes.discord import Fault as DiscordFault
from tests.fakes.telegram import ANSWER, DELETE, EDIT, POLL, SEND, buttons
from tests.fakes.telegram import Fault as TelegramFault
from tests.integration.made import MADE
from tests.kill.house import PLAZA, House, Json, Pressed, Said, Trap, When, draft_of
from tests.kill.model import Model
from tests.kill.process import CRASH, DANGER, FOG, PRAISE, SAVE, Died, Watch

ERASE = asks.data(asks.ME, FORGET)

FANS = 6
"""On each platform."""
TOO_MANY = 429
TOGETHER = 0.1
"""How often all processes die at once."""
FOREVER = 10.0**6
_MESSAGE = "/channels/{channel}/messages/{message}"
LONGEST, BUSIEST = 8.0, 100
"""Seconds of a life after it serves, and requests of the program in it."""
LONGEST_WAIT = 120.0
"""Seconds in which anything happens while nobody disturbs the program."""
PATIENCE = 4
"""How many lives wait for the next named moment before another has its turn."""
ONCE = ("getMe", "getChat", "GET /channels/{channel}/messages (fans)")
"""Requests that come once in a life."""
OFTEN = (
    *(f"{SEND} (fans)", SEND, EDIT, DELETE, POLL, ANSWER),
    *(f"{DISCORD_SEND} (fans)", DISCORD_SEND, DISCORD_EDIT, CALLBACK),
    *(f"{SEND} (stage)", f"{DELETE} (stage)", f"{DISCORD_SEND} (stage)", f"{DISCORD_DELETE} (stage)"),
    *(f"GET {_MESSAGE} (fans)", f"{DISCORD_DELETE} (fans)", "PATCH /webhooks/{application}/{token}/messages/@original"),
)
WHEN: tuple[When, ...] = ("arrives", "is taken", "is answered")
MOMENTS = [(call, when) for call in (*ONCE, *OFTEN) for when in WHEN]
"""The named ones at which it is killed."""


class Script:
    """Fans, three managers and bad luck."""

    def __init__(self, house: House, seed: str) -> None:
        self.house = house
        self.chance = random.Random(seed)  # noqa: S311 - it makes a story, not a secret
        self.counts: Counter[str] = Counter()
        self.model = Model(house.model, seed)
        self.discord_fans = [house.discord.member(f"Fan {n}") for n in range(FANS)]
        self.telegram_fans = [house.telegram.user(f"Fan {n}") for n in range(FANS)]
        self.moments = self.chance.sample(MOMENTS, len(MOMENTS))
        """The moments in their order. Each waits for its turn through a few lives."""
        self.keeps = False
        """What is shown on a stage stays there."""
        self._waited = 0
        self._marks = 0
        self._again: list[tuple[Json, str]] = []
        """Posts of the web whose answer was lost: their client sends them once more."""
        self._asked: dict[str, float] = {}
        """When fans of Telegram asked to be forgotten."""
        self._working: set[asyncio.Task[Any]] = set()

    def mark(self) -> str:
        """A word that is nowhere else."""
        self._marks += 1
        return f"qz{self._marks:06d}"

    # A life.

    async def life(self) -> None:
        """The program starts, people do things, it is killed; then people do things without it."""
        house, chance = self.house, self.chance
        kind = chance.choices(("start", "short", "long", "sync", "stop"), (10, 20, 45, 20, 5))[0]
        at, after, power = chance.randint(1, 30), chance.random() < 0.5, chance.random() < 0.5
        watch = Watch(kill_at=at if kind == "sync" else 0, after=after, power=power)
        self._waited += 1
        if house.trap is None or self._waited > PATIENCE:
            self._waited = 0
            self.moments.append(self.moments.pop(0))
            call, when = self.moments[-1]
            house.trap = Trap(call, when, nth=1 if call in ONCE else chance.randint(1, 3))
        house.doomed = chance.randrange(len(house.layout))
        house.note(f"life: {kind}, {watch}, {house.trap}")
        self._trouble()
        people = [asyncio.create_task(work()) for work in (self._fans, self._mara, self._tom, self._wim)]
        early = asyncio.create_task(self._kill_within(chance.uniform(0, 1.2) if kind == "start" else FOREVER))
        with contextlib.suppress(Died):
            await house.start(watch)
            house.note("it serves")
            await self._lives(BUSIEST if kind in ("sync", "long") else chance.randint(1, BUSIEST))
            if kind == "stop":
                await self._stop(chance.uniform(0, 3))
        if house.alive:
            house.kill("at any moment")
        if chance.random() < TOGETHER:
            house.kill_all("all at once")
        await self._over(people, early)
        for _ in range(chance.randint(0, 3)):  # nobody is there
            await self._fan()

    async def _over(self, people: list[asyncio.Task[None]], early: asyncio.Task[None]) -> None:
        for status in await self.house.over():
            self.counts["kills" if status == -signal.SIGKILL else "stops"] += 1
            if status not in (-signal.SIGKILL, 0):
                raise AssertionError(f"it ended by itself with status {status}: {self.house.folder / 'log'}")
        for task in (*people, early):
            task.cancel()
        for error in await asyncio.gather(*people, return_exceptions=True):
            if isinstance(error, Exception):
                raise error

    async def _stop(self, seconds: float) -> None:
        """Ask it to stop; it may be killed before it has."""
        program = self.house.stop()
        with contextlib.suppress(TimeoutError):
            await program.ended(seconds)

    async def _lives(self, requests: int) -> None:
        """Live for this many requests to the platforms: on a slow machine a life is longer, but as eventful."""
        until, last = time.monotonic() + LONGEST, self.house.requests + requests
        while self.house.alive and time.monotonic() < until and self.house.requests < last:
            await asyncio.sleep(0.002)

    async def _kill_within(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        while not self.house.alive:
            await asyncio.sleep(0.001)
        self.house.kill("while it starts")

    def _trouble(self) -> None:
        """What goes wrong on the platforms in this life."""
        house, chance = self.house, self.chance
        for _ in range(chance.choice((0, 0, 1, 1, 2))):
            status, after, slow = (
                chance.choice((TOO_MANY, 500, None, 0)),
                chance.random() < 0.5,
                chance.uniform(0.2, 1.5),
            )
            after = after and status != TOO_MANY  # what a platform refuses it has not done
            if chance.random() < 0.5:
                call = chance.choice((SEND, EDIT, DELETE, ANSWER, POLL))
                fault: Any = TelegramFault(status, after=after or status == 0, hold=status == 0)
                house.telegram.fail_next(call, fault)
            else:
                call = chance.choice((DISCORD_SEND, DISCORD_EDIT, CALLBACK, DISCORD_DELETE))
                fault = DiscordFault(status, after=after and status != 0, hold=status == 0)
                house.discord.fail_next(call, fault)
            house.note(f"trouble: {call} {status} after={after}")
            self.counts["faults"] += 1
            if status == 0:
                self._work(_let_go(fault, slow))
        if chance.random() < 0.15:
            self._work(self._disconnect(chance.uniform(1, 2.5)))

    async def _disconnect(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self.house.alive:
            self.house.note("Discord's gateway closes")
            self.counts["disconnects"] += 1
            self.house.discord.disconnect(resumable=self.chance.random() < 0.5)

    def _work(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def idle(self) -> None:
        """Until nobody waits for an answer any more."""
        while self._working:
            await asyncio.gather(*self._working)

    async def listening(self) -> None:
        """Wait until Discord's channel was read for the first time; older posts are not the program's to answer."""
        listening, general = (
            "SELECT 1 FROM cursors WHERE platform = 'discord' AND channel = ?",
            self.house.general["id"],
        )
        while not self.house.rows(listening, general) or not self.house.discord.gateway.sessions:
            await asyncio.sleep(0.05)

    async def calm(self) -> None:
        """What needs a program that lives long enough to hear of it: deletions on Discord, and one fan of each platform
        who wants to be forgotten."""
        house = self.house
        await self.listening()
        while house.rows(_ON_HOLD):
            await self.hold()
            await asyncio.sleep(0.1)
        gone = [p for p in house.posts[-20:] if p.platform == "discord" and not p.deleted]
        for found in self.chance.sample(gone, min(2, len(gone))):
            house.note(f"discord: delete {found.external_id}, which is told")
            found.deleted = True
            house.discord.delete(found.message)
        for where in ("discord", "telegram"):
            await self.show(where)
        for where in ("discord", "telegram", "web"):
            await self.forget(where, self.chance.randrange(FANS))

    async def show(self, where: str) -> None:
        """Somebody made something, is asked and says yes, and a manager shows it; half of them take it back."""
        house = self.house
        await self.post(where, MADE)
        said = house.posts[-1]
        judged = "SELECT id FROM posts WHERE channel = ? AND external_id = ? AND action IS NOT NULL"
        ((post_id,),) = await self._until(lambda: house.rows(judged, said.channel, said.external_id))
        await self._insist(lambda: self._ask(post_id))
        await self._approve(post_id, "ask")
        for value in (":scope:here", ":days:0", ":as:"):
            await self._press_as_fan(said, value)
        await self._approve(post_id, "stage")
        await self._until(lambda: house.shown_of(said.platform, said.channel, said.external_id))
        if not self.keeps and self.chance.random() < 0.5:
            await self._press_as_fan(said, ":withdraw")

    async def _press_as_fan(self, said: Said, value: str) -> None:
        """The author of a post presses the button under the question that ends so, once it is there."""

        def offered() -> list[tuple[Json, str]]:
            asked = (one for one in self.house.asked() if one[2] is said.message)
            return [(message, v) for _, message, _, values in asked for v in values if v.endswith(value)]

        async def press() -> bool:
            for message, found in offered()[:1]:
                self.house.note(f"{said.platform}: the author presses {found}")
                if said.platform == "discord":
                    fan = next(one for one in self.discord_fans if one["user"]["id"] == said.fan)
                    return not (await self.house.discord.press(message, found, fan)).failed
                user = next(one for one in self.telegram_fans if str(one["id"]) == said.fan)
                return not (await self.house.telegram.press(message, found, user)).failed
            return True  # the press before was heard after all

        await self._until(offered)
        await self._insist(press)

    async def _approve(self, post_id: str, purpose: str) -> None:
        """Wim says yes to a draft of this purpose, once it waits."""
        waiting = "SELECT id, revision, text FROM drafts WHERE post_id = ? AND purpose = ? AND state = 'waiting'"
        approved = "SELECT 1 FROM drafts WHERE post_id = ? AND purpose = ? AND state = 'approved'"

        async def approve() -> bool:
            for draft_id, revision, text in self.house.rows(waiting, post_id, purpose):
                draft = {"draft_id": draft_id, "revision": revision, "text": text, "post": {"post_id": post_id}}
                await self.decide(draft, "approve")
            return bool(self.house.rows(approved, post_id, purpose))

        await self._insist(approve)

    async def _insist(self, act: Callable[[], Awaitable[bool]]) -> None:
        """Do something again until it is taken, as people do: a platform gives up a press after a while, and the
        database may be away."""
        async with asyncio.timeout(LONGEST_WAIT):
            while not await act():
                await asyncio.sleep(0.2)

    async def _until(self, happened: Any) -> Any:
        """What `happened` gives, as soon as it gives something."""
        async with asyncio.timeout(LONGEST_WAIT):
            while not (found := happened()):
                await asyncio.sleep(0.05)
            return found

    # Fans.

    async def _fans(self) -> None:
        while True:
            if self.house.serves or self.chance.random() < 0.2:
                await self._fan()
            await asyncio.sleep(self.chance.uniform(0.1, 0.6))

    async def _fan(self) -> None:
        chance = self.chance
        act = chance.choices(
            (self.post, self._say, self._edit, self._delete, self._teammate, self._forget, self._repeat),
            (16, 12, 3, 2, 2, 1, 3),
        )[0]
        await act()

    async def post(self, where: str | None = None, words: str | None = None) -> None:
        """Somebody writes."""
        house, chance = self.house, self.chance
        where = where or chance.choice(("discord", "telegram", "web"))
        words = words or chance.choices((MADE, PRAISE, CRASH, SAVE, FOG, DANGER), (6, 8, 3, 3, 2, 1))[0]
        text, fan = f"{words} {self.mark()}", chance.randrange(FANS)
        self.counts["posts"] += 1
        if where == "discord":
            author = self.discord_fans[fan]
            text = f"<@{house.discord.world.bot['id']}> {text}"
            message = house.discord.post(house.general, author, text)
            found = Said("discord", house.general["id"], message["id"], author["user"]["id"], [text], message)
        elif where == "telegram":
            user = self.telegram_fans[fan]
            message = house.telegram.post(house.harbor, user, text)
            own = str(message["message_id"])
            found = Said("telegram", str(house.harbor["id"]), own, str(user["id"]), [text], message)
        else:
            body = {"id": f"p{self._marks}", "channel": PLAZA, "author": {"id": f"fan-{fan}", "name": "Robin"}}
            found = Said("web", PLAZA, str(body["id"]), f"fan-{fan}", [text], acknowledged=False)
            house.posts.append(found)
            await self._send(found, {**body, "text": text}, f"key-{self._marks}")
            return
        house.posts.append(found)
        house.note(f"{where}: post {found.external_id}: {text}")

    async def _send(self, found: Said, body: Json, key: str) -> None:
        answer = await self.house.call("POST", "/api/posts", json=body, headers={"Idempotency-Key": key})
        self.house.note(f"web: post {body['id']}: {body['text']}: {answer and answer.status_code}")
        if answer is None or answer.status_code == 503:  # not known, or not now
            self._again.append((body, key))
        elif answer.status_code in (200, 202):
            found.acknowledged, found.our_id = True, answer.json()["post_id"]
        else:
            raise AssertionError(f"a post was refused: {answer.status_code} {answer.text}")

    async def _repeat(self) -> None:
        """A client that heard no answer sends the post again, with the same key."""
        if self._again:
            body, key = self._again.pop(0)
            found = next(p for p in self.house.posts if p.platform == "web" and p.external_id == body["id"])
            self.counts["repeats"] += 1
            await self._send(found, body, key)

    def _some_post(self, *, deletable: bool = False) -> Said | None:
        usable = [p for p in self.house.posts[-30:] if not p.deleted and (p.platform != "web" or p.our_id)]
        usable = [p for p in usable if not deletable or p.platform != "telegram"]
        return self.chance.choice(usable) if usable else None

    async def _edit(self) -> None:
        found = self._some_post()
        if found is None:
            return
        self.counts["edits"] += 1
        text = f"{found.wordings[-1].rpartition(' ')[0]} {self.mark()}"
        found.wordings.append(text)
        self.house.note(f"{found.platform}: edit {found.external_id}: {text}")
        if found.platform == "discord" and found.message:
            self.house.discord.edit(found.message, text)
        elif found.platform == "telegram" and found.message:
            self.house.telegram.edit(found.message, text)
            found.last_known = len(found.wordings) - 1
        else:
            number = len(found.wordings) - 1
            answer = await self.house.call("PATCH", f"/api/posts/{found.our_id}", json={"text": text})
            if answer is not None and answer.status_code == 200:
                found.last_known = max(found.last_known, number)

    async def _delete(self) -> None:
        found = self._some_post(deletable=True)
        if found is None:
            return
        self.counts["deletes"] += 1
        self.house.note(f"{found.platform}: delete {found.external_id}")
        found.deleted = True
        if found.platform == "discord" and found.message:
            self.house.discord.delete(found.message)
        else:
            answer = await self.house.call("DELETE", f"/api/posts/{found.our_id}")
            found.told_deleted = answer is not None and answer.status_code == 204

    async def _teammate(self) -> None:
        """A colleague answers by hand, without us."""
        house, found = self.house, self._some_post()
        if found is None:
            return
        self.counts["answered by hand"] += 1
        house.note(f"{found.platform}: a teammate answers {found.external_id}")
        if found.platform == "discord":
            house.discord.post(house.general, house.tom, "I have seen it.", reply_to=found.message)
        elif found.message:
            house.telegram.reply(found.message, house.mara, "I have seen it.")
        else:
            body = {"id": f"t{self.mark()}", "channel": PLAZA, "reply_to": found.external_id, "text": "I have seen it."}
            await house.call(
                "POST", "/api/posts", json={**body, "author": {"id": "w", "name": "Wim", "is_staff": True}}
            )

    async def _say(self) -> None:
        """A fan answers a question of ours, or takes a yes back; now and then somebody else tries to."""
        house, chance = self.house, self.chance
        asked = [one for one in house.asked() if one[2]]
        if not asked:
            return
        where, message, post, values = chance.choice(asked[-6:])
        value = chance.choices(values, [1 if one.endswith(":no") else 3 for one in values])[0]
        self.counts["answers of fans"] += 1
        house.note(f"{where}: a fan presses {value}")
        assert post
        if where == "discord":
            theirs = next(fan for fan in self.discord_fans if fan["user"]["id"] == post["author"]["id"])
            who = chance.choice(self.discord_fans) if chance.random() < 0.1 else theirs
            self._work(house.discord.press(message, value, who))
        else:
            user = chance.choice(self.telegram_fans) if chance.random() < 0.1 else post["from"]
            self._work(house.telegram.press(message, value, user))

    async def _forget(self) -> None:
        where, fan = self.chance.choice(("discord", "telegram", "web")), self.chance.randrange(FANS)
        await self.forget(where, fan)

    async def forget(self, where: str, fan: int) -> None:
        """A fan wants to be forgotten: what was stored by then must go."""
        house = self.house
        if not house.is_made:
            return
        author = {
            "discord": self.discord_fans[fan]["user"]["id"],
            "telegram": str(self.telegram_fans[fan]["id"]),
            "web": f"fan-{fan}",
        }[where]
        stored = {
            (channel, own): our_id
            for channel, own, our_id in house.rows(
                "SELECT channel, external_id, id FROM posts WHERE platform = ? AND author_id = ?", where, author
            )
        }
        theirs = [p for p in house.posts if p.platform == where and (p.channel, p.external_id) in stored]
        words = [w.rpartition(" ")[2] for p in theirs for w in p.wordings[: p.last_known + 1]]
        words += [w for w, our_id in house.own_words.items() if our_id in stored.values()]
        house.note(f"{where}: forget {author}: {words}")
        if where == "web":
            answer = await house.call("DELETE", f"/api/fans/web/{author}")
            done = answer is not None and answer.status_code == 204
        elif where == "telegram":
            if time.monotonic() < self._asked.get(author, 0) + 20:
                return  # who repeats a command at once is not heard again
            self._asked[author] = time.monotonic()
            done = await self._forget_on_telegram(fan)
        else:
            done = await self._forget_on_discord(fan)
        if done:
            self.counts["forgets"] += 1
            house.erased |= dict.fromkeys(words, f"{author} asked on {where} to be forgotten")

    async def _forget_on_discord(self, fan: int) -> bool:
        house = self.house
        if not any(one["name"] == "forget" for one in house.discord.world.commands.values()):
            return False
        who = self.discord_fans[fan]
        asked = await house.discord.command("forget", house.general, who)
        if not await self._soon(lambda: asked.shown and components(asked.shown[-1])):
            return False
        pressed = await house.discord.press(asked.shown[-1], ERASE, who)
        return await self._soon(lambda: "erased here" in pressed.text)

    async def _forget_on_telegram(self, fan: int) -> bool:
        telegram, who = self.house.telegram, self.telegram_fans[fan]
        chat = telegram.direct(who)
        telegram.post(chat, who, "/forget")

        def question() -> Json | None:
            return next((one for one in reversed(telegram.by_bot(chat)) if ERASE in buttons(one)), None)

        if not await self._soon(lambda: question() is not None):
            return False
        before = len(telegram.by_bot(chat))
        await telegram.press(question() or {}, ERASE, who)
        return await self._soon(lambda: any("erased here" in one["text"] for one in telegram.by_bot(chat)[before:]))

    async def _soon(self, happened: Callable[[], object]) -> bool:
        """Whether it happens within a second, and before the program dies."""
        until = time.monotonic() + 1
        while not happened() and time.monotonic() < until and self.house.alive:
            await asyncio.sleep(0.02)
        return bool(happened())

    # Managers.

    async def _mara(self) -> None:
        """On Telegram, whatever button is there."""
        while True:
            await asyncio.sleep(self.chance.uniform(0.05, 0.5))
            if not self.house.serves and self.chance.random() < 0.8:
                continue
            cards = [card for (surface, _), card in self.house.cards().items() if surface == "telegram"]
            self._press_on_telegram(cards)

    def _press_on_telegram(self, cards: list[tuple[Json, dict[str, str], str]]) -> None:
        house, chance = self.house, self.chance
        weights = {"send": 12, "undo": 2, "reword": 1, "open": 1, "remove": 1, "skip": 1, "handover": 0.3, "stage": 4}
        offered = [
            (message, verb, data, weights[name])
            for message, verbs, _ in cards[-12:]
            for verb, data in verbs.items()
            if (name := verb.split(":")[0]) in weights
        ]
        if not offered:
            return
        message, verb, data, _ = chance.choices(offered, [one[-1] for one in offered])[0]
        if chance.random() < (0.1 if verb == "send" else 0.3):
            self.counts["words by a reply"] += 1
            house.telegram.reply(message, house.mara, f"Thank you for telling us, {self.mark()}.")
            return
        one = Pressed(data.split(":")[1], verb, "mara")
        house.pressed.append(one)
        self.counts["presses"] += 1
        house.note(f"mara presses {data}")

        async def press() -> None:
            # The press is known before it is answered, so that one which is answered late counts too.
            known = set(house.telegram.methods.presses)
            pressing = asyncio.create_task(house.telegram.press(message, data, house.mara))
            await asyncio.sleep(0)
            one.press = next((p for i, p in house.telegram.methods.presses.items() if i not in known), None)
            await pressing

        if message["message_id"] in house.telegram.world.rooms[house.direct["id"]].messages:
            self._work(press())

    async def _tom(self) -> None:
        """On Discord."""
        while True:
            await asyncio.sleep(self.chance.uniform(0.05, 0.5))
            if not self.house.serves and self.chance.random() < 0.8:
                continue
            cards = [card for (surface, _), card in self.house.cards().items() if surface == "discord"]
            self._press_on_discord(cards)

    def _press_on_discord(self, cards: list[tuple[Json, dict[str, str], str]]) -> None:
        house, chance = self.house, self.chance
        weights = {"send": 12, "undo": 2, "reword": 1, "open": 1, "remove": 1, "edit": 3, "fill": 2, "skip": 1}
        weights |= {"correct": 1, "stage": 4}
        offered = [
            (message, verb, custom_id, weights[verb])
            for message, verbs, _ in cards[-12:]
            for verb, custom_id in verbs.items()
            if verb in weights
        ]
        if not offered:
            return
        message, verb, custom_id, _ = chance.choices(offered, [one[-1] for one in offered])[0]
        self.counts["presses"] += 1
        house.note(f"tom presses {custom_id}")
        self._work(self._on_discord(message, verb, custom_id))

    async def _on_discord(self, message: Json, verb: str, custom_id: str) -> None:
        house = self.house
        opened = await house.discord.press(message, custom_id, house.tom)
        if verb in ("edit", "correct", "fill", "skip") and opened.callback and opened.callback["type"] == 9:
            await self._fill_in(opened, verb)

    async def _fill_in(self, opened: Interaction, verb: str) -> None:
        field = opened.modal["components"][0]["component"]["custom_id"]
        words = {} if verb == "skip" else {field: f"We are on it, {self.mark()}."}
        await self.house.discord.submit(opened, self.house.tom, words)

    async def _wim(self) -> None:
        """Over the web, with an eye on what went wrong."""
        while True:
            await asyncio.sleep(self.chance.uniform(0.05, 0.4))
            await self.settle()
            if self.chance.random() < (0.3 if self.house.rows(_ON_HOLD) else 0.005):
                await self.hold()
            listed = await self.house.call("GET", "/api/drafts", params={"limit": 10})
            if listed is None or listed.status_code != 200 or not listed.json()["items"]:
                continue
            items = listed.json()["items"]
            await self._ask_somebody(items)
            await self._take_words_of_the_model(items)
            about_fans = [draft for draft in items if draft["purpose"] != "reply"]
            draft = self.chance.choice(about_fans if about_fans and self.chance.random() < 0.5 else items)
            action = self.chance.choices(("approve", "edit", "reject", "undo"), (6, 3, 1, 1))[0]
            await self.decide(draft, action)
            if self.chance.random() < 0.3:
                await self.decide(draft, "undo")
            elif self.chance.random() < 0.2:
                await self._change()

    async def _ask_somebody(self, drafts: list[Json]) -> None:
        """Put a question to somebody who made something on the desk."""
        made = [draft["post"]["post_id"] for draft in drafts if MADE in (draft["post"]["text"] or "")]
        if made and self.chance.random() < 0.5:
            await self._ask(self.chance.choice(made))

    async def _ask(self, post_id: str) -> bool:
        """Put a question to the author of a post. True if it is on the desk now."""
        body = {"kind": "stage", "by": "wim"}
        answer = await self.house.call("POST", f"/api/posts/{post_id}/ask", json=body)
        self.house.note(f"web: ask about {post_id}: {answer and answer.status_code}")
        self.counts["asked for the stage"] += answer is not None and answer.status_code == 201
        asked = "SELECT 1 FROM drafts WHERE post_id = ? AND purpose = 'ask'"
        return bool(self.house.rows(asked, post_id))

    async def _take_words_of_the_model(self, drafts: list[Json]) -> None:
        """Say yes to a wording that a language model put on a card."""
        offered = [
            (draft, number)
            for draft in drafts
            for number, other in enumerate(draft["alternatives"], 1)
            if other["by_model"] and not draft["text"]
        ]
        if offered and self.chance.random() < 0.5:
            draft, number = self.chance.choice(offered)
            await self.decide(draft, "approve", alternative=number)

    async def hold(self) -> None:
        """Somebody on Discord puts everything on hold, or lifts that."""
        house = self.house
        lasts = bool(house.rows(_ON_HOLD))
        if not any(one["name"] == "hold" for one in house.discord.world.commands.values()) or not house.alive:
            return
        self.counts["holds lifted" if lasts else "holds"] += 1
        house.note(f"tom: /hold{' lift' if lasts else ''}")
        await house.discord.command("hold", house.room, house.tom, reason="lift" if lasts else "A wrong price is out")

    async def decide(self, draft: Json, action: str, **more: Any) -> bool:
        """One decision; what was taken for certain is remembered."""
        house = self.house
        word = self.mark()
        if action in ("edit", "correct"):
            more["text"] = f"Thank you for writing, {word}."
        elif action == "approve" and not draft["text"] and "alternative" not in more:
            return False
        body = {"revision": draft["revision"], "by": "wim", "action": action, **more}
        one = Pressed(draft["draft_id"], action, "wim")
        house.pressed.append(one)
        path, key = f"/api/drafts/{draft['draft_id']}/decisions", {"Idempotency-Key": f"d{word}"}
        answer = await house.call("POST", path, json=body, headers=key)
        house.note(f"web: {action} {draft['draft_id']}: {answer and answer.status_code}")
        self.counts["decisions over the web"] += 1
        if answer is not None and answer.status_code not in (200, 404, 409, 422, 503):
            raise AssertionError(f"{action}: {answer.status_code} {answer.text}")
        one.taken = answer is not None and answer.status_code == 200
        if one.taken and "text" in more:
            house.own_words[word] = draft["post"]["post_id"]
        return one.taken

    async def _change(self) -> None:
        """Correct or remove a reply that was sent."""
        listed = await self.house.call("GET", "/api/drafts", params={"state": "approved", "limit": 200})
        if listed is not None and listed.status_code == 200 and listed.json()["items"]:
            draft = self.chance.choice(listed.json()["items"][-20:])
            if await self.decide(draft, self.chance.choice(("correct", "remove"))):
                self.counts["changes"] += 1

    async def settle(self) -> None:
        """A person looks after each uncertain reply in the channel, and says what is true."""
        house = self.house
        if not house.is_made:
            return
        for draft_id, post_id, revision, kind, reply_to, to in house.rows(
            "SELECT d.draft_id, d.post_id, r.revision, d.kind, d.reply_to, d.platform FROM deliveries d "
            "JOIN drafts r ON r.id = d.draft_id WHERE d.state = 'uncertain'"
        ):
            arrived = self._is_there(post_id, to, on_stage=not reply_to) if kind == "send" else True
            body = {"revision": revision, "by": "wim", "action": "settle", "arrived": arrived}
            answer = await house.call("POST", f"/api/drafts/{draft_id}/decisions", json=body)
            house.note(f"web: settle {draft_id} arrived={arrived}: {answer and answer.status_code}")
            self.counts["settled"] += 1
            if not arrived and self.chance.random() < 0.5:
                await house.call(
                    "POST",
                    f"/api/drafts/{draft_id}/decisions",
                    json={"revision": revision, "by": "wim", "action": "retry"},
                )

    def _is_there(self, post_id: str, to: str, *, on_stage: bool) -> bool:
        """Whether more of a post stands on the platform `to` than is known. A stage may be on another one."""
        ((platform, channel, own),) = self.house.rows(
            "SELECT platform, channel, external_id FROM posts WHERE id = ?", post_id
        )
        if on_stage:
            here = [a for a in self.house.shown_of(platform, channel, own) if a.platform == to]
        else:
            here = [a for a in self.house.arrivals if (a.platform, a.channel, a.reply_to) == (platform, channel, own)]
        ((known,),) = self.house.rows(
            "SELECT count(*) FROM deliveries WHERE post_id = ? AND kind = 'send' AND state IN ('sent', 'removed') "
            "AND (reply_to = '') = ? AND platform = ?",
            post_id,
            on_stage,
            to,
        )
        return len(here) > known

    def seen(self) -> list[str]:
        """Cards show managers what is true, also right after a kill."""
        yes = {d for (d,) in self.house.rows("SELECT draft_id FROM decisions WHERE action IN ('approve', 'edit')")}
        wrong = []
        for (surface, own), (_, verbs, words) in self.house.cards().items():
            said = words.lstrip("*# ").startswith(("Approved", "Sent", "Corrected", "Removed"))
            if said and draft_of(verbs) not in yes:
                wrong.append(f"{surface} card {own} says “{words}”, and there is no such decision")
        return wrong


_ON_HOLD = "SELECT 1 FROM holds WHERE lifted_at IS NULL"


async def _let_go(fault: Any, seconds: float) -> None:
    await asyncio.sleep(seconds)
    fault.go.set()
