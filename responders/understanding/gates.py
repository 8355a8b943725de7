"""The safety gates: phrase lists, which run whatever else fails, and the chances that the model gives. A post at a
gate is never answered from a template."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from responders.ports import Floats
from responders.types import GATES, Alarm, Context, Post, Understanding
from responders.understanding.features import Features
from responders.understanding.normalise import ENCODED, compile_phrases, encodable, has_words, reading, unmasked
from responders.understanding.trained import Reads

CRISIS = "crisis"
MAYBE = "crisis_maybe"
"""Names the chance from which a person reads the post before anything is drafted, though nobody is called."""
_LISTED = {"crisis": 5.0, "legal": 2.0, "minor": 0.5, "toxic": 1.5, "spam": 2.0}
"""What a listed phrase adds to the log-odds of a gate. The list knows words; the model reads what they are used for."""
_ALONE = {"crisis": 0.9, "legal": 0.9, "spam": 0.9, "toxic": 0.6}
"""How sure a phrase makes a gate where nothing else could be read."""
_CUE, _CUES = 0.7, 3
"""What one cue of spam adds, and how many count."""
_SENTENCE = re.compile(r"[^.!?\n\u2026]+[.!?\u2026]*")
_PARTS, _PART_WORDS, _WORDS = 8, 4, 7
"""In a post of more than `_WORDS` words, up to `_PARTS` sentences of `_PART_WORDS` words or more are read one by
one: a crisis may be one sentence among praise."""
_WITHOUT_THE_REST = 1.0
"""Log-odds against a sentence that is read alone."""
_FRIENDLY = frozenset(
    {"praise", "thanks", "milestone", "ugc_shared", "recommendation", "introduction", "greeting", "farewell", "helping"}
)
_QUESTION, _BETWEEN = "question", ("complaint", "wish")
_ASKED, _HINTED = 0.7, 0.25
"""From these chances a post also asks (by one sentence), or also complains or wishes (by the whole post). Read
alone, a sentence sounds like a complaint too often."""
_LONGEST, _OVERLAP = 8_000, 80
"""The most characters of a post that are read, and the overlap of its pieces, so that no phrase is cut at a border."""
_PLAINLY_A_CHILD = 0.8
"""From this chance of a child's post it need not also give something private away by a listed word."""
_LONG_NUMBER = re.compile(r"\d(?:[ /().-]?\d){5,14}")
_TINY = 1e-6
_SUREST = 0.9999
"""Only a manager's word counts as 1."""
_SHOWN = 200
EVERYWHERE = "en"
"""English insults count in posts of every language; others only in their own."""


def phrases_of(lists: Mapping[str, Any]) -> tuple[str, ...]:
    """A list's phrases in all languages: a fan may write in any, whatever the channel's is."""
    return tuple(phrase for phrases in lists.get("phrases", {}).values() for phrase in phrases)


class Gate:
    """One phrase list. It fires on a phrase that is left after the harmless uses are struck out."""

    def __init__(self, lists: Mapping[str, Any], *, language: str | None = None) -> None:
        """Take one section of gates.yaml. With a `language`, only its phrases in that language and in English."""
        spoken = {language, EVERYWHERE} if language else set(lists["phrases"])
        phrases = {name: words for name, words in lists["phrases"].items() if name in spoken}
        codes = tuple(lists.get("codes", ()))
        self._phrases = compile_phrases((*phrases_of({"phrases": phrases}), *codes))
        self._codes = compile_phrases(codes)
        self._unless = compile_phrases(lists.get("unless", ()))

    def fires(self, text: str) -> bool:
        """True when the text has one of the phrases, also with stretched letters, or digits and signs in place of
        letters."""
        return any(map(self._fires, dict.fromkeys((reading(text), reading(text, stretched=1), unmasked(text)))))

    def hidden(self, text: str) -> bool:
        """True when it fires only on a code word, or once digits and signs are put right: the model cannot read such
        words."""
        plain = (reading(text), reading(text, stretched=1))
        coded = any(self._codes.search(self._unless.sub(" ; ", read)) for read in plain)
        return self.fires(text) and (coded or not any(map(self._fires, plain)))

    def _fires(self, read: str) -> bool:
        return bool(self._phrases.search(read)) and bool(self._phrases.search(self._unless.sub(" ; ", read)))


class SpamCues:
    """What marks spam besides its words: where its links lead, money, and calls to write elsewhere."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take the section `spam` of gates.yaml."""
        self._phrases = [compile_phrases([cue]) for cue in lists["cues"]]
        hosts = "|".join(map(re.escape, lists["hosts"]))
        self._hosts = re.compile(rf"(?<![\w.-])(?:{hosts})(?![\w.-]*\.[a-z])", re.IGNORECASE)

    def count(self, text: str) -> int:
        """How many kinds of cues the text has."""
        read = reading(text)
        return sum(bool(cue.search(read)) for cue in self._phrases) + bool(self._hosts.search(text))


class Parts:
    """Reads a post sentence by sentence: to find the part that sounds most like a crisis, and what a friendly post
    does besides."""

    def __init__(self, reads: Reads) -> None:
        """`reads`: what reads posts."""
        self._reads = reads
        self._crisis = reads.intents.index(CRISIS)

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Add `second`, and an alarm with the chance of the worst part, which `Gates` weighs."""
        parts = _parts(post.text)
        if not parts:
            return replace(so_far, second=self._second([], so_far))
        read = [(part, self._reads.read(encodable(part)).intents) for part in parts]
        worst, chances = max(read, key=lambda pair: float(pair[1][self._crisis]))
        chance = _chance(_odds(float(chances[self._crisis])) - _WITHOUT_THE_REST)
        alarm = Alarm(gate=CRISIS, chance=chance, part=worst)
        return replace(so_far, alarms=(alarm,), second=self._second(read, so_far))

    def _second(self, parts: Sequence[tuple[str, Floats]], read: Understanding) -> str | None:
        """What a friendly post also asks in one of its sentences, or complains of or wishes for in the whole."""
        if read.intent not in _FRIENDLY:
            return None
        at = self._reads.intents.index(_QUESTION)
        if any("?" in part and float(chances[at]) >= _ASKED for part, chances in parts):
            return _QUESTION
        whole = dict(read.intents)
        return next((name for name in _BETWEEN if whole.get(name, 0.0) >= _HINTED), None)


class Gates:
    """Fills `risk` and `alarms`."""

    def __init__(self, lists: Mapping[str, Any], thresholds: Mapping[str, float] | None = None) -> None:
        """Take gates.yaml, as the library read it, and the chances from which a gate holds a post."""
        self._lists = {name: Gate(lists[name]) for name in GATES}
        self._insults = {name: Gate(lists["toxic"], language=name) for name in lists["toxic"]["phrases"]}
        self._cues = SpamCues(lists["spam"])
        self._others = compile_phrases(lists["minor"]["others"])
        self._private = compile_phrases(phrases_of({"phrases": lists["minor"]["private"]}))
        self._aimed = compile_phrases(lists["toxic"]["aimed"])
        self._from = thresholds or dict.fromkeys((*GATES, MAYBE), 0.5)

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Add all gates that fire, the most urgent first, and what raised them."""
        if dict(so_far.intents).get("minor", 1.0) < _PLAINLY_A_CHILD and not self._gives_away(post.text):
            so_far = _without("minor", so_far)
        alarms = [alarm for gate in GATES if (alarm := self._alarm(gate, post, so_far))]
        risk = tuple(alarm.gate for alarm in alarms if alarm.chance >= self._from[alarm.gate])
        kept = tuple(a for a in alarms if a.gate in risk or (a.gate == CRISIS and a.chance >= self._from[MAYBE]))
        return replace(so_far, risk=risk, alarms=kept)

    def aimed(self, post: Post, context: Context) -> bool:
        """True when hard words are aimed at the team, or at a member who is named or answered."""
        return context.addressed or context.replies_to != "nobody" or bool(self._aimed.search(reading(post.text)))

    def _gives_away(self, text: str) -> bool:
        """True when something private is told. An age alone is no danger, nor is the age of somebody else's child."""
        if self._others.search(reading(text)) and not self._lists["minor"].fires(text):
            return False
        return bool(self._private.search(reading(text)) or _LONG_NUMBER.search(text))

    def _alarm(self, gate: str, post: Post, read: Understanding) -> Alarm | None:
        text = ". ".join((post.text, *(a.title for a in post.attachments if a.title)))
        if not has_words(text):
            return None
        listed = self._listed(gate, read)
        part = next((sentence for sentence in _parts(post.text) if listed.fires(sentence)), post.text)
        found = listed.fires(text)
        chance = dict(read.intents).get(gate)
        if gate == CRISIS and read.alarms and read.alarms[0].chance > (chance or 0.0):
            chance, part = read.alarms[0].chance, part if found else read.alarms[0].part
        if chance is None:
            return Alarm(gate=gate, chance=_ALONE[gate], part=part[:_SHOWN]) if found and gate in _ALONE else None
        odds = _odds(chance) + _LISTED[gate] * found
        if gate == "spam":
            odds += _CUE * min(_CUES, self._cues.count(text))
        weighed = _chance(odds)
        failed = gate == CRISIS and found and read.unread  # the part that failed may have been the one to see it
        if gate in _ALONE and (failed or listed.hidden(text)):
            weighed = max(weighed, _ALONE[gate])
        if gate == CRISIS and found:  # whatever stands around it, a person reads it
            weighed = max(weighed, self._from[MAYBE])
        return Alarm(gate=gate, chance=weighed, part=part[:_SHOWN])

    def _listed(self, gate: str, read: Understanding) -> Gate:
        if gate != "toxic":
            return self._lists[gate]
        return self._insults.get(read.language, self._insults[EVERYWHERE])


def _without(gate: str, read: Understanding) -> Understanding:
    """The understanding without a reading that was ruled out. Its chance goes to the others."""
    left = [(name, share) for name, share in read.intents if name != gate]
    total = sum(share for _, share in left)
    if len(left) == len(read.intents) or not total:
        return read
    if read.confidence == 1.0:  # a manager named the intent
        return replace(read, intents=tuple(left))
    ranked = tuple((name, round(share / total, 4)) for name, share in left)
    changed = read.intent == gate
    return replace(
        read,
        intents=ranked,
        intent=ranked[0][0] if changed else read.intent,
        confidence=min(ranked[0][1], _SUREST),
        situations=() if changed else read.situations,
        nearest=None if changed else read.nearest,
    )


def _odds(chance: float) -> float:
    return math.log((chance + _TINY) / (1 - chance + _TINY))


def _chance(odds: float) -> float:
    return round(1 / (1 + math.exp(-odds)), 4)


def _parts(text: str) -> list[str]:
    """The sentences of a longer post, or the pieces of a post that is too long to be read at once."""
    if len(text.split()) <= _WORDS and len(text) <= ENCODED:
        return []
    sentences = [found.strip() for found in _SENTENCE.findall(text)]
    own = [s for s in sentences if len(s.split()) >= _PART_WORDS]
    if len(own) < 2 and len(text) <= ENCODED:  # noqa: PLR2004 - one sentence is the post itself
        return []
    if own and len(own) <= _PARTS and all(len(sentence) <= ENCODED for sentence in own):
        return own
    return [text[start : start + ENCODED] for start in range(0, min(len(text), _LONGEST), ENCODED - _OVERLAP)]


def gate_words(word_lists: Mapping[str, Mapping[str, Any]]) -> Features:
    """What reads words where there is no model: the n-grams and word classes of intents, and those of the gates."""
    gates = word_lists["gates"]
    cues = {f"cue {i}": [cue] for i, cue in enumerate(gates["spam"]["cues"])}
    classes = {**word_lists["classes"], **gates["signs"], **cues}
    return Features({"classes": classes, "sentiment": word_lists["sentiment"]})
