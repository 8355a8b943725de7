"""A reading of a post in plain words."""

from __future__ import annotations

from bot.language import language_name
from responders.library.model import Library
from responders.said import ALSO, doing, in_quotes
from responders.selection.verdict import sureness
from responders.types import Understanding

SOUNDS = {"light": "playful"}
"""How a mood sounds, where its name does not say it."""
TELLS = {
    "platform": "the device",
    "version": "the version",
    "number": "a number",
    "since_when": "since when",
    "what_came_before": "what came before",
    "order": "the order's number",
    "picture": "that a picture is there",
    "name": "a name",
}
"""What a post can tell."""
_CLEAR, _WORTH = 0.5, 0.2
"""From the first chance a situation or a second intent is stated; from the second it is named as a maybe."""


def in_words(read: Understanding, library: Library, locale: str) -> str:
    """A few sentences: what it is and how sure that is, how it sounds, what it tells, what else it does. A language
    other than `locale` is named."""
    if read.risk:
        alarm = next((f" ({sureness(a.chance)})" for a in read.alarms if a.gate == read.risk[0]), "")
        return f"Raises an alarm: {doing(read.risk[0])}{alarm}."
    sentences = [_reads_as(read, library)]
    if read.mood != "plain":
        sentences.append(f"Sounds {SOUNDS.get(read.mood, read.mood)}.")
    if read.tells:
        sentences.append(f"Tells {_and([words for name, words in TELLS.items() if name in read.tells])}.")
    if read.second in ALSO:
        sentences.append(f"Also {ALSO[read.second]}.")
    if read.language != locale:
        sentences.append(f"Written in {language_name(read.language)}.")
    return " ".join(sentences)


def _reads_as(read: Understanding, library: Library) -> str:
    if read.intent is None:
        return "Nothing was read in it."
    happened, chance = read.situations[0] if read.situations else ("", 0.0)
    of = intent_of(library).get(happened)
    if of == read.intent and chance >= _CLEAR:
        named = "" if of.partition("_")[0] in happened.split("_") else f", {doing(of)}"
        return f"Reads as {in_quotes(happened)}{named} ({sureness(chance)})."
    maybe = f", maybe {in_quotes(happened)}" if of == read.intent and chance >= _WORTH else ""
    if read.confidence >= _CLEAR or len(read.intents) < 2:  # noqa: PLR2004 - the second of two
        return f"Reads as {doing(read.intent)} ({sureness(read.confidence)}){maybe}."
    second, share = read.intents[1]
    other = f", or {doing(second)}" if share >= _WORTH else ""
    return f"Not clear: maybe {doing(read.intent)}{other}{maybe}."


def intent_of(library: Library) -> dict[str, str]:
    """Situation -> its intent: the built-in ones and the operator's own."""
    own = {t.id: t.intent for t in library.templates if not t.is_general and not t.is_faq}
    listed = library.word_lists.get("situations", {})
    return own | {name: intent for intent, names in listed.items() for name in names}


def _and(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
