"""Answers the commands of fans. Adapters only register the commands and show the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.ports import Clock
from bot.queue import forgetting, voids
from bot.settings import Settings
from bot.settings.values import in_words
from bot.store import Store, fans

COMMANDS: Mapping[str, str] = {
    "who": "Who writes the replies here",
    "privacy": "What is stored about you, and for how long",
    "mydata": "Everything that is stored about you",
    "forget": "Erase everything that is stored about you",
    "stop": "No more replies to your posts",
    "start": "Replies to your posts again, after /stop",
    "report": "Tell the team that a reply was not right",
}
"""Command -> what it does, in at most 100 characters."""
LONGEST_REPORT = 1000
"""Characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer that only the fan sees."""

    text: str
    """At most 2,000 characters."""
    file: str | None = None
    """The content of a JSON file that comes with it."""
    report: str | None = None
    """Words to show to `report_to`. They are stored nowhere, so the fan must be told if nobody could be shown them."""
    report_to: str = ""
    """The key of the manager who reads reports."""


class Fans:
    """A fan is known by a platform and an id there. The answers are fixed, so they need nobody's yes."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        """Reads and writes nothing yet."""
        self._store = store
        self._settings = settings
        self._clock = clock

    async def answer(self, command: str, platform: str, fan_id: str, words: str = "") -> Answer:
        """The answer to one of `COMMANDS`; `words` follow it in the message. Raises KeyError for another command."""
        if command not in COMMANDS:
            raise KeyError(command)
        if command == "mydata":
            return await self._mydata(platform, fan_id)
        if command == "forget":
            await forgetting.forget(self._store, platform, fan_id, self._clock.now())
            return Answer(text=FORGOTTEN)
        if command == "stop":
            now = self._clock.now()
            await self._store.write(lambda c: voids.opt_out(c, platform, fan_id, now))
            return Answer(text=STOPPED)
        if command == "start":
            return await self._start(platform, fan_id)
        if command == "report":
            return self._report(words)
        return Answer(text=self._who() if command == "who" else self._privacy())

    def _who(self) -> str:
        community = self._settings.community.name
        return (
            f"This account is software that belongs to the team of {community}. It drafts replies from templates that "
            "people wrote. Somebody on the team reads each draft and decides whether it is sent. "
            "To reach them, write /report and what you want to say."
        )

    def _privacy(self) -> str:
        keep = self._settings.keep.post_text
        policy = (self._settings.privacy.policy or "").strip()
        own = (
            f"Posts in the channels that are read here are kept for {in_words(keep)} so that the team can "
            "answer, then their text is dropped. Nothing is used to train software, and nobody is scored.\n"
            "/mydata shows everything that is stored about you, /forget erases it, /stop ends replies to you, /start "
            "allows them again."
        )
        return f"{own}\n\n{_cut(policy, 1400)}" if policy else own

    async def _start(self, platform: str, fan_id: str) -> Answer:
        now = self._clock.now()
        was_out = await self._store.write(lambda c: fans.opt_in(c, platform, fan_id, now))
        return Answer(text=STARTED if was_out else NOT_STOPPED)

    async def _mydata(self, platform: str, fan_id: str) -> Answer:
        stored = await self._store.export(platform, fan_id)
        count = len(stored["posts"])
        if not any(value for name, value in stored.items() if name not in {"platform", "fan_id"}):
            return Answer(text="Nothing is stored about you.")
        text = f"{count} post{'s' if count != 1 else ''} of yours {'are' if count != 1 else 'is'} stored; "
        text += "the file has everything, word for word. /forget erases it."
        return Answer(text=text, file=json.dumps(stored, ensure_ascii=False, indent=2))

    def _report(self, words: str) -> Answer:
        privacy = self._settings.privacy
        words = words.strip()
        if not words:
            return Answer(text="Write what was not right after the command: /report the reply to my post was rude")
        to = privacy.reports or self._settings.on_call
        return Answer(text=REPORTED, report=_cut(words, LONGEST_REPORT), report_to=to)


FORGOTTEN = (
    "Done. What you wrote, your name and our copies of replies to you are erased here, and what waited for you is "
    "withdrawn. Messages in the channel itself are yours to delete. If you asked for no replies, that stays."
)
STOPPED = (
    "Done. Your posts will not be answered from here any more, and what waited for you is withdrawn. "
    "If you change your mind, write /start."
)
STARTED = "Done. Your posts may be answered from here again. /stop ends that."
NOT_STOPPED = "Your posts may be answered from here. /stop ends that."
REPORTED = "Thank you. The team has it."
NOT_REPORTED = "This could not be shown to the team just now; please write to a moderator, or try again later."
"""For an adapter that could not show the words to anybody."""


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
