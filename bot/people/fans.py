"""Answers the commands of fans. Adapters only register the commands and show the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bot.consent import Button
from bot.people import memory
from bot.people.answers import Answer, cut
from bot.ports import Clock
from bot.queue import declined, forgetting, voids
from bot.settings import Settings
from bot.settings.values import in_words
from bot.store import Store, fans

__all__ = ["COMMANDS", "LONGEST_REPORT", "NOT_REPORTED", "NO_AI", "OFF", "Answer", "Fans", "commands"]

COMMANDS: Mapping[str, str] = {
    "who": "Who writes the replies here",
    "privacy": "What is stored about you, and for how long",
    "remember": "Be remembered, if you say yes, or tell us something to remember",
    "callme": "What to call you",
    "link": "Be remembered as one person on two platforms",
    "mydata": "Everything that is stored about you, and every yes you gave",
    "forget": "Erase everything that is stored about you",
    "stop": "No more replies to your posts",
    "start": "Replies to your posts again, after /stop",
    "report": "Tell the team that a reply was not right",
}
"""Command -> what it does, in at most 100 characters."""
NO_AI, OFF = "noai", "off"
FORGET, KEEP = "forget", "keep"
"""The values of the buttons under the question of /forget."""
_NO_AI = "No language model gets to see your posts; /noai off allows it again"
LONGEST_REPORT = 1000
"""Characters."""


_STEPS: Mapping[str, memory.Step] = {
    "remember": memory.remember,
    "callme": memory.call_me,
    "link": memory.link,
}


def commands(settings: Settings) -> Mapping[str, str]:
    """The commands that there are: command -> what it does. What is about the language model is there only with it."""
    return {**COMMANDS, NO_AI: _NO_AI} if settings.assistant else COMMANDS


class Fans:
    """A fan is known by a platform and an id there. The answers are fixed, so they need nobody's yes."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        """Reads and writes nothing yet."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self.commands = commands(settings)

    async def answer(self, command: str, platform: str, fan_id: str, words: str = "") -> Answer:
        """The answer to one of `commands`; `words` follow it in the message. Raises KeyError for another command."""
        if command not in self.commands:
            raise KeyError(command)
        if command in _STEPS:
            return await self._remembering(_STEPS[command], platform, fan_id, words)
        if command == "report":
            return self._report(words)
        if command == NO_AI:
            return await self._no_ai(platform, fan_id, words)
        if command == FORGET:
            return ASK_TO_FORGET
        if command in ("who", "privacy"):
            return Answer(text=self._who() if command == "who" else self._privacy())
        steps = {"mydata": self._mydata, "stop": self._stop, "start": self._start}
        return await steps[command](platform, fan_id)

    async def press(self, platform: str, fan_id: str, value: str) -> Answer:
        """The answer to a button under an answer. Pressing twice changes nothing."""
        if value == FORGET:
            return await self._forget(platform, fan_id)
        if value == KEEP:
            return Answer(text=ALL_STAYS)
        return await self._remembering(memory.press, platform, fan_id, value)

    async def _remembering(self, step: memory.Step, platform: str, fan_id: str, words: str) -> Answer:
        fan = memory.Fan(platform=platform, id=fan_id, at=self._clock.now(), settings=self._settings)
        return await self._store.write(lambda c: step(c, fan, words))

    def _who(self) -> str:
        community, model = self._settings.community.name, self._settings.assistant
        helped = ", and a language model may help with the wording" if model else ""
        no = " /noai keeps what you write from the language model." if model else ""
        return (
            f"This account is software that belongs to the team of {community}. It drafts replies from templates that "
            f"people wrote{helped}. Somebody on the team reads each draft and decides whether it is sent.{no} "
            "To reach them, write /report and what you want to say."
        )

    def _privacy(self) -> str:
        keep = self._settings.keep.post_text
        policy = (self._settings.privacy.policy or "").strip()
        own = (
            f"Posts in the channels that are read here are kept for {in_words(keep)} so that the team can "
            "answer, then their text is dropped. Nothing is used to train software, and nobody is scored or ranked.\n"
            "Beyond that nothing is kept or shown without your own yes. /remember asks for one: a name, and up to five "
            "things that you tell us. We ask in the thread before anything of yours is shown, passed on, or "
            "you are introduced to somebody; the exact words of the question are kept with your answer. The "
            "team sees what is remembered, and nobody else.\n"
            "/mydata shows everything that is stored about you and takes a yes back, /forget erases it all and takes "
            "down what was on stage, /stop ends replies to you, /start allows them again."
        )
        if model := self._settings.assistant:
            own += (
                "\nTo help with a reply, a language model may be given your post, the name shown beside it and what "
                "was said in its thread, and is told to keep nothing. It never gets posts that sound like danger. "
                f"It is run by: {model.processor}. /noai keeps what you write from it."
            )
        return f"{own}\n\n{cut(policy, 1990 - len(own))}" if policy else own

    async def _forget(self, platform: str, fan_id: str) -> Answer:
        await forgetting.forget(self._store, platform, fan_id, self._clock.now())
        kept = await self._store.read(lambda c: fans.get(c, platform, fan_id).no_assistant)
        return Answer(text=f"{FORGOTTEN} {NO_STAYS}" if kept else FORGOTTEN)

    async def _stop(self, platform: str, fan_id: str) -> Answer:
        now = self._clock.now()
        await self._store.write(lambda c: voids.opt_out(c, platform, fan_id, now))
        return Answer(text=STOPPED)

    async def _start(self, platform: str, fan_id: str) -> Answer:
        now = self._clock.now()
        was_out = await self._store.write(lambda c: fans.opt_in(c, platform, fan_id, now))
        return Answer(text=STARTED if was_out else NOT_STOPPED)

    async def _no_ai(self, platform: str, fan_id: str, words: str) -> Answer:
        now = self._clock.now()
        if words.strip().casefold() not in ("", OFF):
            return Answer(text=NO_AI_TAKES)
        if not words.strip():
            await self._store.write(lambda c: declined.decline(c, platform, fan_id, now))
            return Answer(text=NO_MODEL)
        had_said_no = await self._store.write(lambda c: fans.allow_assistant(c, platform, fan_id, now))
        return Answer(text=MODEL_AGAIN if had_said_no else NO_SUCH_NO)

    async def _mydata(self, platform: str, fan_id: str) -> Answer:
        fan = memory.Fan(platform=platform, id=fan_id, at=self._clock.now(), settings=self._settings)
        stored, known = await self._store.read(lambda c: (fans.export(c, platform, fan_id), memory.show(c, fan)))
        if not known.text and not any(value for name, value in stored.items() if name not in {"platform", "fan_id"}):
            return Answer(text="Nothing is stored about you.")
        posts = f"{_posts(len(stored['posts']))} The file has everything, word for word; /forget erases it."
        file = json.dumps(stored, ensure_ascii=False, indent=2)
        return Answer(text="\n".join(filter(None, (known.text, posts))), file=file, buttons=known.buttons)

    def _report(self, words: str) -> Answer:
        privacy = self._settings.privacy
        words = words.strip()
        if not words:
            return Answer(text="Write what was not right after the command: /report the reply to my post was rude")
        to = privacy.reports or self._settings.on_call
        return Answer(text=REPORTED, report=cut(words, LONGEST_REPORT), report_to=to)


def _posts(count: int) -> str:
    if count == 0:
        return "None of your posts is stored."
    return "1 post of yours is stored." if count == 1 else f"{count} posts of yours are stored."


ASK_TO_FORGET = Answer(
    text="Erase everything that is stored about you? What you wrote, your name, what is remembered of you and every "
    "yes that you gave are erased, on all accounts that you linked. What is on stage is taken down. Messages in the "
    "channel itself stay, and so does a wish for no replies or no language model. This cannot be undone.",
    buttons=(Button(value=FORGET, label="Yes, erase everything"), Button(value=KEEP, label="No, keep it")),
)
ALL_STAYS = "Nothing was erased."
FORGOTTEN = (
    "Done. What you wrote, your name and our copies of replies to you are erased here, and what waited for you is "
    "withdrawn. What was remembered and every yes of yours are gone too, on all accounts that you linked, and what was "
    "on stage is being taken down. Messages in the channel itself are yours to delete. If you asked for no replies, "
    "that stays."
)
NO_STAYS = (
    "Your /noai stays, too: we keep a code made from your account, which says nothing but that. /noai off erases it."
)
STOPPED = (
    "Done. Your posts will not be answered from here any more, and what waited for you is withdrawn. "
    "If you change your mind, write /start."
)
STARTED = "Done. Your posts may be answered from here again. /stop ends that."
NOT_STOPPED = "Your posts may be answered from here. /stop ends that."
NO_MODEL = (
    "Done. No language model gets to see what you write here any more, and what it wrote for you is taken out. This "
    "stays when you /forget everything else; /noai off ends it."
)
MODEL_AGAIN = "Done. A language model may help with replies to you again, and a person reads each one. /noai ends that."
NO_AI_TAKES = "Nothing has changed. Write /noai, and no language model sees your posts; /noai off allows it again."
NO_SUCH_NO = "A language model may help with replies to you, and a person reads each one. /noai ends that."
REPORTED = "Thank you. The team has it."
NOT_REPORTED = "This could not be shown to the team just now; please write to a moderator, or try again later."
"""For an adapter that could not show the words to anybody."""
