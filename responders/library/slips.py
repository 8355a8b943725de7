"""Lines below a variant's heading that were meant as a condition and would go out as words."""

from __future__ import annotations

import re

from rapidfuzz.distance import OSA

from responders.library.vocabulary import ASKABLE, WHEN_FIELDS

CONDITIONS = ("when", "unless", "asks_for")
_TOP = frozenset({"answers_to", "source", "credit", "handoff", "slots", "limits", "examples"})
_SHORT_FOR = {"ask": "asks_for", "asks": "asks_for", "if": "when", "not_when": "unless"}
_SLIPS = {"when": 1, "unless": 1, "asks_for": 2}
"""How many letters of each may be wrong."""
_WORDS = frozenset({"then", "hen", "wen"})
"""Words that look like one of them."""
_PAIR = re.compile(r"([^\W\d_][\w -]{0,30}?)\s*:(?=[\s{\[]|$)\s*(.*)")
_BRACED = re.compile(r"([^\W\d_][\w -]{0,30}?)\s*+[:=]?\s*+\{\s*+([a-z_]+)\b")
_BARE = re.compile(r"(?<![a-z_])([a-z_]++)\s++([a-z_]++)\s*+[:=]?\s*+(\w++)")
_ASKS = re.compile(r"asks?([ _-])for\s+(\w+)")
_VALUE = re.compile(rf"\{{.*|(?:{'|'.join(WHEN_FIELDS)})\b.*|\w+")
"""What follows a condition, and hardly a word that begins a wording."""
_BELOW = re.compile(r"asks_for\s*:.*|(?:when|unless)\s*:\s*\{(?!\{).*")


def slip(line: str) -> str | None:
    """What is wrong with a line above the words that was meant as a condition, with a way out; None for words.

    A wording may begin with any word and a colon if it has a capital ("Sorry: ..."). Only small letters, or the rest
    of a condition behind it, give a slip away.
    """
    if pair := _PAIR.fullmatch(line):
        return _pair(pair[1], pair[2])
    if (braced := _BRACED.match(line)) and braced[2] in WHEN_FIELDS:
        return _unknown(braced[1], _near(_key(braced[1])) or "when")
    if (asks := _ASKS.fullmatch(line)) and (asks[1] != " " or asks[2] in ASKABLE):
        return f"a colon is missing; write asks_for: {asks[2]}"
    if (bare := _BARE.fullmatch(line)) and (near := _near(bare[1])) and bare[3] in WHEN_FIELDS.get(bare[2], ()):
        return f"a condition is written {near}: {{{bare[2]}: {bare[3]}}}"
    return None


def below(line: str) -> str | None:
    """The same for a condition that stands below the words."""
    return "a condition stands right below the heading; move it above the words" if _BELOW.fullmatch(line) else None


def _pair(written: str, value: str) -> str | None:
    key = _key(written)
    near = _near(key)
    if near and (written == written.casefold() or (key == near and _VALUE.fullmatch(value))):
        return _unknown(written, near)
    if written != written.casefold():
        return None
    if key in _TOP:
        return f"{key}: belongs at the top of the file, between the two lines ---"
    if key in WHEN_FIELDS:
        return f"a condition is written on one line: when: {{{key}: {value or '...'}}}"
    return None


def _unknown(written: str, near: str) -> str:
    if _key(written) == near:
        return f"{written!r} is not known here; write {near}: and its value"
    way_out = "a wording that really begins so starts with a capital letter"
    return f"{written!r} is not known here (did you mean {near}?); {way_out}"


def _key(written: str) -> str:
    return re.sub(r"[\s_-]+", "_", written.casefold())


def _near(key: str) -> str | None:
    if key in _WORDS:
        return None
    return _SHORT_FOR.get(key) or next((c for c in CONDITIONS if OSA.distance(key, c) <= _SLIPS[c]), None)
