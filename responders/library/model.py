"""What the operators' files say, once read: templates, intents, facts, voice. All frozen, with the place each came
from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal

Conditions = Mapping[str, tuple[str, ...]]
"""A `when` or `unless`: field -> the values it names. `when` needs every field to hold, `unless` none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """Words that a template takes from somewhere. `vocabulary` lists what `source` can be."""

    name: str
    source: str
    required: bool = False
    ask: str | None = None
    """The question to the manager; set when the source is `ask_approver`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A template's own test: with this post, expect that."""

    given: Mapping[str, Any]
    expect: Mapping[str, Any]
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One wording. `source` is its Jinja text; `needs` are the declared slots in it."""

    name: str
    source: str
    line: int
    """The line of its heading. Its wording begins on `source_line`."""
    source_line: int = 0
    when: Conditions = field(default_factory=dict)
    unless: Conditions = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    asks_for: str | None = None
    """What its question asks for. It is never offered to a post that tells this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """At most `count` uses in `per`."""

    count: int
    per: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """The replies to one situation: a file `<locale>/<intent>/<id>.md`. `key` is that path without the ending.

    Without `answers_to` it is general: for any post of its intent. Without `variants` a person answers.
    """

    key: str
    path: str
    id: str
    intent: str
    locale: str
    variants: tuple[Variant, ...]
    slots: Mapping[str, Slot]
    examples: tuple[Example, ...]
    when: Conditions = field(default_factory=dict)
    unless: Conditions = field(default_factory=dict)
    limits: Mapping[Literal["per_fan", "per_channel"], Limit] = field(default_factory=dict)
    answers_to: tuple[str, ...] = ()
    """Posts that it answers, as the operator wrote them."""
    answers_to_line: int = 0
    source: str | None = None
    """Where its facts come from. Set only for the answer to a frequent question (FAQ)."""
    credit: str | None = None
    """The id of the consent of the fan whose answer it passes on. Without that yes it is never offered."""
    credit_line: int = 0
    handoff: str | None = None
    """A note to the manager. A person answers such posts in their own words."""
    asks_line: int = 0
    """The line of `asks:`, the old name of `answers_to:`; 0 where there is none."""

    glued_line: int = 0
    """The line under `answers_to` where two posts became one; 0 where there is none."""

    @property
    def is_faq(self) -> bool:
        """True for the answer to one question."""
        return self.source is not None

    @property
    def is_general(self) -> bool:
        """True when it fits any post of its intent."""
        return not self.answers_to


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """What a post can be doing, as `intents/<name>.yaml` says it."""

    name: str
    meaning: str
    action: Literal["draft", "handoff", "silent"]
    priority: int
    examples: Mapping[str, tuple[str, ...]]
    """Locale -> posts that the operators wrote."""
    counter_examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Locale -> posts that look like this intent and are another."""
    cues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Locale -> words that speak for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """Something a reply may state, in every language or in some. Not used after `until`."""

    name: str
    value: str = ""
    """For every language; empty where `by_language` is set."""
    by_language: Mapping[str, str] = field(default_factory=dict)
    until: date | None = None
    line: int = 0

    @property
    def values(self) -> tuple[str, ...]:
        """What it says, in any language."""
        return (self.value, *self.by_language.values()) if self.value else tuple(self.by_language.values())

    def said_in(self, language: str) -> str | None:
        """Its words in that language; None where it has none."""
        return self.by_language.get(language) or self.value or None

    def holds(self, day: date) -> bool:
        """True when it may be said on that day."""
        return self.until is None or day <= self.until


@dataclass(frozen=True, kw_only=True)
class Library:
    """Everything the operators wrote, valid as a whole."""

    templates: tuple[Template, ...]
    intents: Mapping[str, Intent]
    notices: tuple[Template, ...] = ()
    """Wordings for what is no reply, see `notices`. No post is ever answered with them."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    word_lists: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The shipped lists (gates, cues, checks) by file name, with the operators' words from `voice.yaml`."""

    registers: Mapping[str, str] = field(default_factory=dict)
    """Name -> what it sounds like, from `voice.yaml`. config.yaml says which channel uses which."""

    def offering(self, intent: str, locale: str) -> tuple[Template, ...]:
        """The templates of an intent in a locale, in the order of their paths."""
        return self._by_intent.get((intent, locale), ())

    def for_situation(self, name: str, locale: str) -> tuple[Template, ...]:
        """The templates of a situation in a locale. Answers to questions and general replies are for none."""
        return self._by_situation.get((name, locale), ())

    def unwritten(self, situation: str, locale: str) -> bool:
        """True when a person answers such posts: the files of the situation have no wording, or it is a question and
        has no file."""
        if files := self.for_situation(situation, locale):
            return not any(template.variants for template in files)
        return situation in self.word_lists.get("situations", {}).get("question", ())

    @cached_property
    def by_key(self) -> Mapping[str, Template]:
        """The templates by their keys."""
        return {template.key: template for template in self.templates}

    @cached_property
    def _by_intent(self) -> Mapping[tuple[str, str], tuple[Template, ...]]:
        found: dict[tuple[str, str], tuple[Template, ...]] = {}
        for template in self.templates:
            place = (template.intent, template.locale)
            found[place] = (*found.get(place, ()), template)
        return found

    @cached_property
    def _by_situation(self) -> Mapping[tuple[str, str], tuple[Template, ...]]:
        found: dict[tuple[str, str], tuple[Template, ...]] = {}
        for template in self.templates:
            if not template.is_general and not template.is_faq:
                place = (template.id, template.locale)
                found[place] = (*found.get(place, ()), template)
        return found
