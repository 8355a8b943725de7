"""What a template can say to a post: which variants fit, and the words for their slots."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta

from responders.library.model import Conditions, Fact, Slot, Template, Variant
from responders.library.render import RenderFailed, missing, placeholders, preview
from responders.library.unseen import seen
from responders.library.vocabulary import (
    ASK_APPROVER,
    CALL_NAME,
    CREDIT,
    FACTS,
    HISTORY,
    HISTORY_SINCE,
    HISTORY_THING,
    LONG,
    MIDDLE,
    NOT_KNOWN,
    POST_DETAIL,
    SHORT,
    SIGNER,
)
from responders.said import in_quotes, said
from responders.types import Candidate, Context, Credit, Detail, Post, Recipe, Understanding

Situation = Mapping[str, frozenset[str]]
"""Field of `when` -> the values that the post has."""

_SHORT, _LONG = 10, 45
"""Up to this many words a post is short, and from this many it is long."""
_AS_WRITTEN = frozenset({"number", "version", "title", "feature"})
_SAID_BACK: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {"your": ("my", "our"), "the": ("a", "an"), "that": ("this",), "those": ("these",)},
    "de": {
        **{f"dein{ending}": (f"mein{ending}",) for ending in ("", "e", "en", "em", "er", "es")},
        **{f"eur{ending}": (f"unser{ending}",) for ending in ("e", "en", "em", "er", "es")},
        "euer": ("unser",),
        "den": ("einen", "nen"),
        "die": ("eine", "ne"),
        "das": ("ein",),
    },
    "es": {"tu": ("mi",), "tus": ("mis",), "su": ("nuestro", "nuestra"), "el": ("un",), "la": ("una",)},
    "fr": {"ton": ("mon",), "ta": ("ma",), "tes": ("mes",), "votre": ("notre",), "vos": ("nos",)},
    "pt": {"seu": ("meu", "nosso"), "sua": ("minha", "nossa"), "seus": ("meus",), "suas": ("minhas",), "o": ("um",)},
}
"""Language -> how a thing begins when we speak of it -> how it begins in the post. German uses the accusative here."""
_WISHED = {
    "morning": "good ?morning|guten morgen|bom dia|buen día|buenos d[ií]as",
    "day": "good ?(?:day|afternoon)|guten (?:tag|nachmittag)|buenas tardes|boa tarde|bon après-midi",
    "evening": "good ?evening|guten abend|bonsoir|buenas noches|boa noite",
    "night": "good ?night|gute nacht|bonne nuit",
}
_NAMED = {"morning": "morning|gm|morgen|moin", "evening": "evening|abend", "night": "night|gn|nacht"}
_TIME_NAMED = re.compile(
    r"(?:^|[,.!\n] ?)(?:hello |hey |hi |hallo |hola |olá |salut )?(?:(?:"
    + "|".join(rf"(?P<wished_{time}>{words})" for time, words in _WISHED.items())
    + r")\b|(?:"
    + "|".join(rf"(?P<{time}>{words})" for time, words in _NAMED.items())
    + r")(?: \w+){0,2}\s*(?:[,.!?;:)\n]|$))",
    re.IGNORECASE,
)
"""A greeting or a good night that names the time of day: a whole wish, or a word or two that are a clause by
themselves."""
_MORNING, _DAY, _EVENING, _NIGHT = 5, 11, 17, 22
_NEW = timedelta(days=30)
"""For so long a fan is newly known."""
_LONGER = 5
"""Letters of a word that says what a post is about."""


def situation(post: Post, context: Context, understanding: Understanding) -> Situation:
    """The values of a post that conditions are compared with."""
    in_thread = post.reply_to is not None or any(turn.in_thread for turn in context.before)
    channels = {name.removeprefix("#").casefold() for name in (post.channel, context.channel_name) if name}
    return {
        "sentiment": frozenset({understanding.sentiment}),
        "language": frozenset({understanding.language}),
        "is_reply": _yes_no(post.reply_to is not None or context.replies_to != "nobody"),
        "replies_to": frozenset({context.replies_to}),
        "has_attachment": _yes_no(bool(post.attachments)),
        "thread_depth": frozenset({"later" if in_thread else "first"}),
        "channel": frozenset(channels),
        "time": frozenset({_time_named(post.text) or _time_of_day(context.now.hour)}),
        "fan_history": _known_of(context),
        "details": frozenset(detail.kind for detail in understanding.details),
        "mood": frozenset({understanding.mood}),
        "length": frozenset({_length(post.text)}),
        "tells": understanding.tells,
        "second": frozenset({understanding.second} if understanding.second else ()),
        "register": frozenset({context.register}),
        "assistant": _yes_no(context.assistant),
    }


def _known_of(context: Context) -> frozenset[str]:
    """What is so of a fan who asked to be remembered, and speaks to us."""
    history = context.invited
    if history is None:
        return frozenset({NOT_KNOWN})
    new = {"newly_known"} if context.now - history.since < _NEW else set()
    return frozenset({"known", *new, *history.honours})


def touched(things: Iterable[str], text: str) -> str:
    """The first thing that shares a longer word with a text; "" if none does."""
    words = _longer_words(text)
    return next((thing for thing in things if words & _longer_words(thing)), "")


def _longer_words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) >= _LONGER}


def _length(text: str) -> str:
    words = len(text.split())
    return SHORT if words <= _SHORT else LONG if words >= _LONG else MIDDLE


def sources(facts: Mapping[str, Fact], post: Post, context: Context, understanding: Understanding) -> dict[str, str]:
    """Slot source -> its words in the context's language, where they are known now. Facts past their `until`, or
    without words in that language, are left out. What we remember of a fan is in it only if they speak to us."""
    details = [(detail.kind, said_back(detail, understanding.language)) for detail in understanding.details]
    known = {f"{POST_DETAIL}.{kind}": words for kind, words in reversed(details)}
    known[POST_DETAIL] = details[0][1] if details else ""
    known[CALL_NAME] = context.call_name or ""
    if history := context.invited:
        known[HISTORY_SINCE] = str(history.since.year)
        known[HISTORY_THING] = touched(history.things, post.text)
    known["channel.name"] = context.channel_name
    current = (fact for fact in facts.values() if fact.holds(context.now.date()))
    known |= {f"{FACTS}{fact.name}": fact.said_in(context.locale) or "" for fact in current}
    return {source: words for source, found in known.items() if (words := seen(found)).strip()}


def said_back(detail: Detail, language: str = "en") -> str:
    """A fan's words as we would say them back: "my quilt" is "your quilt", "a quilt" is now "the quilt", and "this"
    is "that". Numbers, versions and names stay as they are."""
    if detail.kind in _AS_WRITTEN:
        return detail.text
    own, space, rest = detail.text.partition(" ")
    theirs = (word for word, owns in _SAID_BACK.get(language, {}).items() if own.casefold() in owns)
    return f"{next(theirs, own)}{space}{rest}"


def offers(
    template: Template, holds: Situation, known: Mapping[str, str], credits: Mapping[str, Credit]
) -> Iterator[Candidate]:
    """Each variant that fits a post with these values, with its slots filled. `credits`: as in `Context`."""
    credit = credits.get(template.credit) if template.credit else Credit()
    if credit is None:
        return  # the fan said no, or took their yes back
    known = {**known, **_credited(credit)} if template.credit else known
    for variant in template.variants:
        conditions = ((template.when, template.unless), (variant.when, variant.unless))
        if told(variant, holds) or not all(_hold(when, unless, holds) for when, unless in conditions):
            continue
        specific = sum(len(when) + len(unless) for when, unless in conditions)
        # A question comes after a wording that asks nothing.
        candidate = _candidate(template, variant, known, specific - (1 if variant.asks_for else 0))
        if candidate and _discloses(candidate, credit):
            yield candidate


def _credited(credit: Credit) -> dict[str, str]:
    """Slot source -> its words."""
    return {f"{CREDIT}{part}": seen(words).strip() for part, words in asdict(credit).items()}


def _discloses(candidate: Candidate, credit: Credit) -> bool:
    """True where the reply says what the author got from us for their answer, if they got something."""
    return seen(credit.incentive).strip().casefold() in candidate.text.casefold()


def told(variant: Variant, holds: Situation) -> bool:
    """True when the post tells what the variant asks for, or so much that a question would sound as if nobody had
    read it."""
    return variant.asks_for is not None and (SHORT not in holds["length"] or variant.asks_for in holds["tells"])


def _candidate(template: Template, variant: Variant, known: Mapping[str, str], fit: float) -> Candidate | None:
    slots = [template.slots[name] for name in variant.needs]
    remembered = (HISTORY,) if _needs_history(template, variant) else ()
    filled = {slot.name: known.get(slot.source, "") for slot in slots if slot.source not in {ASK_APPROVER, SIGNER}}
    if any(slot.required and not filled.get(slot.name, "given later") for slot in slots):
        return None
    recipe = Recipe(
        source=variant.source,
        slots=filled,
        asks={slot.name: slot.ask or "" for slot in slots if slot.source == ASK_APPROVER},
        required=tuple(slot.name for slot in slots if slot.source == ASK_APPROVER and slot.required),
        signers=tuple(slot.name for slot in slots if slot.source == SIGNER),
        locale=template.locale,
    )
    try:
        text = preview(recipe)
    except RenderFailed:
        return None
    gaps = missing(recipe)
    # One tap first: words that somebody must type make a candidate less fit.
    fit += sum(1 for slot in slots if _is_detail(slot) and filled[slot.name]) - len(gaps)
    return Candidate(
        text=text,
        template=template.key,
        variant=variant.name,
        recipe=recipe,
        missing=gaps,
        quoted=tuple(dict.fromkeys(words for words in (*filled.values(), *placeholders(recipe)) if words)),
        sources=(*(slot.source for slot in slots), *remembered),
        answer=template.is_faq,
        credit=template.credit,
        fit=fit,
        why=_why(template),
    )


def _needs_history(template: Template, variant: Variant) -> bool:
    """True when it is offered only to fans whom we remember."""
    asked = (when.get("fan_history", (NOT_KNOWN,)) for when in (template.when, variant.when))
    ruled_out = (unless.get("fan_history", ()) for unless in (template.unless, variant.unless))
    return any(NOT_KNOWN not in values for values in asked) or any(NOT_KNOWN in values for values in ruled_out)


def _why(template: Template) -> str:
    """What the template is for, in words for a person."""
    if template.is_faq:
        return f"for “{template.answers_to[0]}”"
    return f"for {f'any {said(template.intent)}' if template.is_general else in_quotes(template.id)}"


def _hold(when: Conditions, unless: Conditions, holds: Situation) -> bool:
    return all(holds[field] & set(values) for field, values in when.items()) and not any(
        holds[field] & set(values) for field, values in unless.items()
    )


def _is_detail(slot: Slot) -> bool:
    return slot.source == POST_DETAIL or slot.source.startswith(f"{POST_DETAIL}.")


def _yes_no(value: bool) -> frozenset[str]:
    return frozenset({"true" if value else "false"})


def _time_named(text: str) -> str | None:
    """The time of day that a greeting names. Its author knows it better than our clock."""
    named = _TIME_NAMED.search(text)
    return (named.lastgroup or "").removeprefix("wished_") or None if named else None


def _time_of_day(hour: int) -> str:
    """The time of day, by the hour of the community's clock."""
    if _MORNING <= hour < _DAY:
        return "morning"
    if _DAY <= hour < _EVENING:
        return "day"
    return "evening" if _EVENING <= hour < _NIGHT else "night"
