"""What a fan asks us to remember: with their own yes, on all accounts that they link, until they take it back.

Plain functions of a connection. They refuse by what they return: an answer for the fan.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from bot.consent import WITHDRAW, Button, Consent, Kind, Person, Scope, State, pressed
from bot.content import shipped_texts
from bot.domain import clean
from bot.events import Happened
from bot.people.answers import Answer, cut
from bot.queue import consents, declined
from bot.queue.context import wished_name
from bot.queue.memory import HONOURS
from bot.settings import Settings
from bot.store import Connection, events, fans, people, posts
from bot.store import consents as stored
from bot.store.ids import new_id
from responders.library.data_files import read_shipped
from responders.understanding.gates import Gate
from responders.understanding.normalise import EMAIL, HANDLE, LINK
from responders.understanding.tokens import visible

MOST_THINGS = 5
LONGEST_THING = 100
"""Characters."""
CODE_LIVES = timedelta(minutes=10)
_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""What a code is made of: nothing that is easily taken for something else."""
_CODE = 8
_MOST_NOTED = 5
_MOST_YESES = 12
"""Buttons for them under one answer. The others follow as these are taken back."""

YES, NO, NAME, DROP, BACK = "remember", "no", "name", "drop", "back"
"""The values of the buttons; `drop:THING` and `back:CONSENT` carry an id."""
WORDING = (
    "May we remember you? With your yes we keep the name that you tell us with /callme, up to five things that you "
    "tell us with /remember, since when, and what of yours helped somebody or was on stage. Replies may speak of it "
    "when you speak to us, and the team sees it beside your posts. Nobody is scored or ranked. It is kept until you "
    "end it: /mydata shows all of it, with a button to take it back, and /forget erases everything. Leave out what you "
    "would not say in public, and please say yes only if you are 16 or older."
)
"""What a fan says yes to, word for word. It is stored with the yes."""
NOTHING_KEPT = "Nothing is kept, not even this no. If you change your mind, write /remember."
REMEMBERED = (
    "Thank you, we remember you from now on. Tell us something with /remember and your words, such as /remember I play "
    "on Linux, and what to call you with /callme. /mydata shows what is kept, and ends it."
)
FOR_FANS = "Memory is for fans. This account belongs to the team here, so nothing is remembered about it."
TOO_YOUNG = (
    "We keep nothing about anybody who may be a child, so nothing is remembered here. Everything else works as before. "
    "If that is a mistake, write /report and tell the team."
)
BEING_FORGOTTEN = "Everything about you is being erased at this moment. Try again in a minute."
FULL = "Five things are remembered already. Take one out with /mydata, then tell us the new one."
TOO_LONG = f"That is too long: at most {LONGEST_THING} characters, please."
NOT_KEPT = "That is nothing to keep here. Links, addresses and harsh words are left out."
NO_NAME = "That is no name that we can say in public: letters, spaces and hyphens, at most 40 characters."
NAME_GONE = "Done. We call you by the name that is shown beside your posts."
NO_CODE = "This code is not known, or its ten minutes are over. Write /link on the other account for a new one."
MEMORY_GONE = "Done. Nothing is remembered of you any more."
TAKEN_BACK = "Done. It is taken back, and what was shown is being removed."
SAME = "These two accounts are linked already."
OVER = "This button does nothing any more. /mydata shows what is kept now."

_KINDS = {
    Kind.MEMORY: "to be remembered",
    Kind.ANSWER: "that your answer is passed on",
    Kind.STAGE: "that something of yours is shown",
    Kind.INTRODUCTION: "to meet somebody with the same interest",
}
_STATES = {
    State.ASKED: "Asked",
    State.YES: "Yes",
    State.NO: "No",
    State.WITHDRAWN: "Taken back",
    State.OVER: "Over",
}
_SCOPES = {Scope.HERE: "here", Scope.SITE: "here and on our site", Scope.EVERYWHERE: "wherever we like"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fan:
    """Who asks, and when."""

    platform: str
    id: str
    at: datetime
    settings: Settings

    @property
    def account(self) -> tuple[str, str]:
        """Platform and id."""
        return self.platform, self.id

    def day(self, moment: datetime) -> str:
        """A day as people write it: 3 May 2026."""
        local = self.settings.community.local(moment)
        return f"{local.day} {local:%B %Y}"


Step = Callable[[Connection, Fan, str], Answer]


def remember(connection: Connection, fan: Fan, words: str) -> Answer:
    """Ask for the yes, or add a thing; without words show what is kept."""
    refusal = _refused(connection, fan)
    if refusal:
        return refusal
    person = people.of(connection, *fan.account)
    thing = " ".join(visible(clean(words)).split())
    if person is None:
        return _ask(f"/remember {thing}" if thing else "")
    if not thing:
        return show(connection, fan)
    problem = _problem(thing)
    return Answer(text=problem) if problem else _add(connection, fan, person, thing)


def _add(connection: Connection, fan: Fan, person: Person, thing: str) -> Answer:
    if thing.casefold() in {known.casefold() for known in person.things}:
        return show(connection, fan, f"We know that: “{thing}”.")
    if not people.add_thing(connection, person.id, thing, fan.at, MOST_THINGS):
        return show(connection, fan, FULL)
    events.append(connection, Happened.MEMORY_CHANGED, fan.at)
    return show(connection, fan, f"Done. We remember: “{thing}”.")


def call_me(connection: Connection, fan: Fan, words: str) -> Answer:
    """Store what to call them; without a name forget it."""
    refusal = _refused(connection, fan)
    if refusal:
        return refusal
    person = people.of(connection, *fan.account)
    words = " ".join(visible(clean(words)).split())
    if person is None:
        return _ask(f"/callme {words}" if words else "")
    name = wished_name(words) if words else None
    if words and name is None:
        return Answer(text=NO_NAME)
    if name != person.call_name:
        people.call(connection, person.id, name)
        consents.memory_changed(connection, person.accounts, fan.at)
    return Answer(text=f"Done. We call you {name}. /callme alone ends that." if name else NAME_GONE)


def link(connection: Connection, fan: Fan, words: str) -> Answer:
    """Give a code, or take the code of another account and make the two one person."""
    refusal = _refused(connection, fan)
    if refusal:
        return refusal
    person = people.of(connection, *fan.account)
    if person is None:
        return _ask("/link and the code" if words else "/link")
    if not words.strip():
        code = "".join(secrets.choice(_SIGNS) for _ in range(_CODE))
        people.offer_link(connection, person.id, _hashed(code), fan.at + CODE_LIVES)
        return Answer(
            text=f"Your code is {code}. Within ten minutes write /link {code} to us on your other account, where you "
            "have said yes to /remember, too. Give it to nobody else: whoever uses it sees what we remember of you, "
            "and can erase it."
        )
    return _take_code(connection, fan, person, words)


def _take_code(connection: Connection, fan: Fan, person: Person, words: str) -> Answer:
    other_id = people.take_link(connection, _hashed(words), fan.at)
    other = people.get(connection, other_id) if other_id else None
    if other is None:
        return Answer(text=NO_CODE)
    if other.id == person.id:
        return Answer(text=SAME)
    if fans.has_signs_of_minor(connection, other.accounts):
        return Answer(text=TOO_YOUNG)
    left_out = people.merge(connection, other.id, person.id, MOST_THINGS)
    events.append(connection, Happened.ACCOUNTS_LINKED, fan.at)
    consents.memory_changed(connection, _accounts(connection, fan), fan.at)
    declined.follow(connection, _accounts(connection, fan), fan.at)
    lost_name = person.call_name if other.call_name and person.call_name != other.call_name else None
    return show(connection, fan, " ".join(("Done. The accounts are linked.", *_lost(left_out, lost_name))))


def _lost(left_out: list[str], name: str | None) -> list[str]:
    lost = [f"“{thing}”" for thing in left_out] + ([f"the name {name}"] if name else [])
    return [f"There was no room for {', '.join(lost)}."] if lost else []


def press(connection: Connection, fan: Fan, value: str) -> Answer:
    """The answer to a button under an answer of ours."""
    key, _, what = value.partition(":")
    if key == NO:
        return Answer(text=NOTHING_KEPT)
    if key == YES:
        return _begin(connection, fan)
    if key == BACK:
        return _take_back(connection, fan, what)
    person = people.of(connection, *fan.account)
    if person and key == DROP and people.drop_thing(connection, person.id, what):
        consents.memory_changed(connection, person.accounts, fan.at)
        return show(connection, fan, "Done. It is forgotten.")
    if person and key == NAME and person.call_name:
        people.call(connection, person.id, None)
        consents.memory_changed(connection, person.accounts, fan.at)
        return show(connection, fan, NAME_GONE)
    return Answer(text=OVER)


def _begin(connection: Connection, fan: Fan) -> Answer:
    refusal = _refused(connection, fan)
    if refusal or people.of(connection, *fan.account):
        return refusal or Answer(text=REMEMBERED)
    people.remember(connection, *fan.account, fan.at)
    yes = Consent(
        id=new_id(),
        kind=Kind.MEMORY,
        state=State.YES,
        platform=fan.platform,
        fan_id=fan.id,
        wording=WORDING,
        created_at=fan.at,
        asked_at=fan.at,
        answered_at=fan.at,
    )
    stored.add(connection, yes)
    events.append(connection, Happened.CONSENT_GIVEN, fan.at, kind=str(yes.kind), consent=yes.id)
    return Answer(text=REMEMBERED)


def _take_back(connection: Connection, fan: Fan, consent_id: str) -> Answer:
    consent = stored.get(connection, consent_id)
    if consent is None or (consent.platform, consent.fan_id) not in _accounts(connection, fan):
        return Answer(text=OVER)
    new = pressed(consent, WITHDRAW, {}, fan.at)
    if new is None:
        return show(connection, fan, "That is over already.")
    consents.save(connection, consent, new, fan.at)
    return show(connection, fan, MEMORY_GONE if consent.kind is Kind.MEMORY else TAKEN_BACK)


def show(connection: Connection, fan: Fan, first: str = "") -> Answer:
    """What is remembered, and every yes and no, with a button for each that can be ended. `first`: what was done."""
    person = people.of(connection, *fan.account)
    lines = [first] if first else []
    buttons: list[Button] = []
    if person:
        lines.append(f"Remembered since {fan.day(person.since)}:")
        if person.call_name:
            lines.append(f"· We call you {person.call_name}.")
            buttons.append(Button(value=NAME, label="Forget the name"))
        for thing_id, text in people.things_of(connection, person.id).items():
            lines.append(f"· {text}")
            buttons.append(Button(value=f"{DROP}:{thing_id}", label=f"Forget: {cut(text, 40)}"))
        noted = people.honours_of(connection, person.id)[-_MOST_NOTED:]
        lines += [f"· Something of yours {HONOURS[one.kind]}, {fan.day(one.at)}." for one in noted]
        if len(person.accounts) > 1:
            lines.append(f"· Your accounts on {' and '.join(platform for platform, _ in person.accounts)} are linked.")
    asked = [consent for account in _accounts(connection, fan) for consent in stored.of_fan(connection, *account)]
    asked.sort(key=lambda consent: (consent.state is State.YES, consent.created_at), reverse=True)
    if asked:
        lines.append("What you were asked:")
    for number, consent in enumerate(asked, start=1):
        line = f"{number}. {_said(connection, fan, consent)}"
        if sum(len(one) + 1 for one in lines) + len(line) > _ROOM:
            lines.append(f"… and {len(asked) - number + 1} more")
            break
        lines.append(line)
        if consent.state is State.YES and number <= _MOST_YESES:
            buttons.append(Button(value=f"{BACK}:{consent.id}", label=f"Take back {number}"))
    return Answer(text="\n".join(lines), buttons=tuple(buttons))


_ROOM = 1600
"""Characters of `show`, which leaves some for what /mydata says besides."""


def _said(connection: Connection, fan: Fan, consent: Consent) -> str:
    """A question and its answer in a line."""
    day = fan.day(consent.ended_at or consent.answered_at or consent.asked_at or consent.created_at)
    post = posts.get(connection, consent.post_id) if consent.post_id else None
    place = f", {cut(post.post.place.name or post.post.channel, 30)}" if post else ""
    where = f", {_SCOPES[consent.scope]}" if consent.scope else ""
    until = f", until {fan.day(consent.until)}" if consent.until else ", until you take it back"
    return (
        f"{_STATES[consent.state]}, {day}, on {consent.platform}{place}: {_KINDS[consent.kind]}{where}"
        f"{until if consent.state is State.YES else ''}"
    )


def _accounts(connection: Connection, fan: Fan) -> tuple[tuple[str, str], ...]:
    person = people.of(connection, *fan.account)
    return person.accounts if person else (fan.account,)


def _ask(again: str) -> Answer:
    """The question. Without the yes no word is kept, so what they wrote must come again."""
    after = f"\n\nWhat you wrote is not kept. After your yes, send it again: {cut(again, 200)}" if again else ""
    buttons = (Button(value=YES, label="Yes, remember me"), Button(value=NO, label="No, thanks"))
    return Answer(text=f"{WORDING}{after}", buttons=buttons)


def _refused(connection: Connection, fan: Fan) -> Answer | None:
    """Why nothing new may be remembered."""
    if fan.settings.manager_of(*fan.account) or fans.is_of_team(connection, *fan.account):
        return Answer(text=FOR_FANS)
    if fans.get(connection, *fan.account).being_forgotten:
        return Answer(text=BEING_FORGOTTEN)
    if fans.has_signs_of_minor(connection, _accounts(connection, fan)):
        return Answer(text=TOO_YOUNG)
    return None


def _hashed(code: str) -> str:
    """The hash of a code, however it is written."""
    return hashlib.sha256("".join(filter(str.isalnum, code.upper())).encode()).hexdigest()


def _problem(thing: str) -> str | None:
    """Why this cannot be remembered."""
    young, *harsh = _gates()
    if len(thing) > LONGEST_THING:
        return TOO_LONG
    if young.fires(thing):
        return TOO_YOUNG
    linked = any(pattern.search(thing) for pattern in (LINK, EMAIL, HANDLE))
    says_nothing = not any(map(str.isalnum, thing))
    return NOT_KEPT if linked or says_nothing or any(gate.fires(thing) for gate in harsh) else None


@lru_cache(maxsize=1)
def _gates() -> tuple[Gate, ...]:
    lists = read_shipped({"gates.yaml": shipped_texts()["gates.yaml"]}, [])["gates"]
    return Gate(lists["minor"]), Gate(lists["crisis"]), Gate(lists["toxic"], language="en")
