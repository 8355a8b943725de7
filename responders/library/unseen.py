"""What got into a text without being typed: invisible characters, and letters that were garbled on the way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff\U000f0000-\U0010ffff]"
)
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
"""The flags of England, Scotland and Wales, as phones write them."""
_JOINERS = frozenset("\u200c\u200d")
"""They belong between emoji, and in scripts whose letters change where they join."""
_MARKS = frozenset("\u061c\u200e\u200f")
"""People who write from right to left need them beside digits and brackets."""
_JOINED = frozenset({"So", "Sk", "Mn", "Mc", "Me", "Lo"})
_BRAILLE = range(0x2801, 0x2900)
_REPLACED = "\ufffd"
_GARBLED = re.compile(
    "\u00c3[\u00a0-\u00ba\u00bc-\u00bf\u0152\u0153\u0160\u0178\u201e\u2013]|\u00e2\u20ac.?|\u00f0\u0178"
)
"""What becomes of "ä", a dash or an emoji when UTF-8 is read as something else."""
_NAMES = {"\u00ad": "a soft hyphen", "\u200b": "a space of no width", "\ufeff": "a byte order mark"}


def unseen(text: str) -> Iterator[tuple[int, str]]:
    """(place, what it is) of each character that is invisible or turns the writing round. Those that emoji and other
    scripts need are left alone."""
    if text.isascii() and text.isprintable():
        return
    flags = [match.span() for match in _FLAG.finditer(text)]
    for found in _UNSEEN.finditer(text):
        at, sign = found.start(), found.group()
        if not (any(start <= at < end for start, end in flags) or _belongs(text, at)):
            yield at, f"{_name(sign)} (U+{ord(sign):04X})"


def seen(text: str) -> str:
    """A text that may go out: composed (NFC), with plain line ends, without what `unseen` finds."""
    text = unicodedata.normalize("NFC", plain_lines(text))
    while gone := {at for at, _ in unseen(text)}:  # again: a joiner may have stood beside a character that is gone
        text = unicodedata.normalize("NFC", "".join(c for at, c in enumerate(text) if at not in gone))
    return text


def plain_lines(text: str) -> str:
    """The text with line ends as Unix writes them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def garbled(text: str) -> Iterator[tuple[int, str]]:
    """(place, the letters) of each garbled run."""
    yield from ((found.start(), found.group()) for found in _GARBLED.finditer(text))


def _belongs(text: str, at: int) -> bool:
    sign, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if sign in _JOINERS:
        return bool(before and after) and unicodedata.category(before) in _JOINED
    if sign in _MARKS:
        line = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]
        return any(unicodedata.bidirectional(c) in {"R", "AL"} for c in line if c not in _MARKS)
    return sign == "\u2800" and any(ord(c) in _BRAILLE for c in before + after)


def _name(sign: str) -> str:
    if sign in _NAMES:
        return _NAMES[sign]
    kind = unicodedata.category(sign)
    if sign == _REPLACED:
        return "a sign for a letter that was lost"
    if unicodedata.bidirectional(sign) in {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}:
        return "a sign that turns the writing round"
    return "a character for private use" if kind == "Co" else "a character that nobody sees"
