"""What fans say yes to: consents, and the steps in which a fan is asked. Pure: no clock, no store, no platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What a consent is for."""

    MEMORY = "memory"
    """Being remembered: a name, and up to five things the fan wants known."""
    ANSWER = "answer"
    """What the fan wrote may be kept, and passed on to others as their answer."""
    STAGE = "stage"
    """What the fan made or reached may be shown."""
    INTRODUCTION = "introduction"
    """The fan may be introduced to somebody with whom they share something."""


class State(StrEnum):
    """Where a consent stands."""

    ASKED = "asked"
    YES = "yes"
    NO = "no"
    WITHDRAWN = "withdrawn"
    OVER = "over"
    """Its time is up, or it was never answered."""


class Honour(StrEnum):
    """What is noted of a fan who asked to be remembered, for them to see."""

    HELPED = "helped"
    """An answer of theirs helped somebody."""
    ON_STAGE = "on_stage"


class Scope(StrEnum):
    """Where something may be shown. Each includes the ones before it."""

    HERE = "here"
    SITE = "site"
    EVERYWHERE = "everywhere"


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A button under a message to a fan. `value` comes back with the press; at most 24 characters of ASCII."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """One question to one fan, and the answer."""

    id: str
    kind: Kind
    state: State
    platform: str
    fan_id: str
    wording: str
    """Exactly what the fan was asked."""
    created_at: datetime
    post_id: str | None = None
    """The post that it is about."""
    draft_id: str | None = None
    """The draft of the message that asks."""
    asked_by: str | None = None
    """The manager who asks; None where the fan came by themselves."""
    asked_at: datetime | None = None
    """When the question reached the fan."""
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    scope: Scope | None = None
    """Where it may be shown, once the fan has said so."""
    days: int | None = None
    """For how many days it counts; 0: until it is taken back."""
    credit: str | None = None
    """The name that the fan wants to stand there; empty: none."""
    work: str | None = None
    """The fan's words that are kept while the yes counts."""
    incentive: str | None = None
    """What the fan got from us for it, to be disclosed with it (16 CFR 255.5)."""
    link: str | None = None
    """An address that opens the post for those who may read it."""
    partner: str | None = None
    """Of an introduction: the consent of the other person."""

    @property
    def until(self) -> datetime | None:
        """When the yes runs out by itself; None if it does not."""
        return self.answered_at + timedelta(days=self.days) if self.answered_at and self.days else None

    def counts(self, now: datetime) -> bool:
        """True while the fan's yes counts."""
        return self.state is State.YES and (self.until is None or now < self.until)


NO, WITHDRAW = "no", "withdraw"
_DAYS = {30: "For a month", 365: "For a year", 0: "Until I take it back"}
_SCOPES = {
    Scope.HERE: "Yes, here",
    Scope.SITE: "Yes, here and on your site",
    Scope.EVERYWHERE: "Yes, wherever you like",
}
_NOT = Button(value=NO, label="No, thanks")
_BACK = Button(value=WITHDRAW, label="Take it back")


def buttons(consent: Consent, names: Mapping[str, str]) -> tuple[Button, ...]:
    """What can be pressed now. `names`: a key of at most 10 characters -> a name that the fan may want to stand there.

    A question with several steps has them one after the other, in one message.
    """
    if consent.state is State.YES:
        return (_BACK,)
    if consent.state is not State.ASKED:
        return ()
    if consent.kind is Kind.STAGE and consent.scope is None:
        return (*(Button(value=f"scope:{scope}", label=label) for scope, label in _SCOPES.items()), _NOT)
    if consent.kind is Kind.STAGE and consent.days is None:
        return (*(Button(value=f"days:{days}", label=label) for days, label in _DAYS.items()), _NOT)
    if consent.kind in (Kind.STAGE, Kind.ANSWER):
        named = (Button(value=f"as:{key}", label=f"Yes, as {name}"[:60]) for key, name in names.items())
        return (*named, Button(value="as:", label="Yes, without my name"), _NOT)
    return (Button(value="yes", label="Yes"), _NOT)


def pressed(consent: Consent, value: str, names: Mapping[str, str], now: datetime) -> Consent | None:
    """The consent after a press; None for a button that is not there now. The same press twice changes nothing."""
    if value not in {button.value for button in buttons(consent, names)}:
        return None
    key, _, choice = value.partition(":")
    if key == NO:
        return replace(consent, state=State.NO, answered_at=now, work=None)
    if key == WITHDRAW:
        return replace(consent, state=State.WITHDRAWN, ended_at=now, work=None)
    if key == "scope":
        return replace(consent, scope=Scope(choice))
    if key == "days":
        return replace(consent, days=int(choice))
    credit = names.get(choice, "") if key == "as" else None
    return replace(consent, state=State.YES, answered_at=now, credit=credit)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A fan who asked to be remembered, on all platforms that they linked."""

    id: str
    since: datetime
    call_name: str | None = None
    things: tuple[str, ...] = ()
    """What they want known, in their own words; at most five."""
    accounts: tuple[tuple[str, str], ...] = field(default=())
    """Platform and id of each account."""
