"""Numbers with their unit, whole and as the post writes them: "400 pieces", "3-4 weeks", "a whole week", "14 €"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from responders.understanding.tokens import Token, words_of

_PLAIN = r"(?:[1-9][0-9]{0,2}(?:[.,][0-9]{3}){1,3}|(?:0|[1-9][0-9]{0,6})(?:[.,][0-9]{1,2})?)[½¼¾]?"
_NUMBER = re.compile(rf"{_PLAIN}(?:[-\u2013]{_PLAIN})?[kKM]?")
_CLOSE = re.compile(r"(?<![0-9.,½¼¾\u2013-])([0-9][0-9.,½¼¾\u2013-]*)([^\W\d_]+)")
_PRICE = re.compile(rf"(?:R|US|AU|CA|NZ)\${_PLAIN}")
_CURRENCY = re.compile(r"(?:^|[\s(\u201c\u201e\u00ab\"])((?:(?:R|US|AU|CA|NZ)?\$|€|£) ?)$")
_SIGN = re.compile(r"(?: ?€|[%$£]| %)(?!\w)")
_SPACES = frozenset((" ", "\u00a0", "\u202f"))
_OPENS = frozenset(" \n\t\u00a0\u202f(\u201c\u201e\u00ab\"'")
_ENDS = re.compile(r"[.!?;:\n()]")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}(?:[-\u2013].*)?")
_TIME_OF_DAY = 24
_DOTS = 2
"""With this many dots it is a version, not a number."""
_SURE = 100
"""Percent. "100% agree" is no number of anything."""


class _Found(NamedTuple):
    first: int
    last: int
    start: int
    end: int
    unit: str


class Numbers:
    """Finds them. Part of a number (a range, a sum, a rate) is left alone, and so are dates, times, ages, addresses
    and numbers that name things."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take the part `numbers` of details.yaml."""
        self._lists = {name: words_of(lists, name) for name in lists}
        self._many = self._lists["units"] | self._lists["money"]
        self._prices = self._lists["money"] | {"$", "€", "£"}
        self._units = self._many | self._lists["one_unit"]
        self._numerals = self._lists["words"] | self._lists["magnitudes"]
        self._wholes = tuple(tuple(phrase.split()) for phrase in self._lists["wholes"])
        self._rounds = tuple(tuple(phrase.split()) for phrase in self._lists["rounds"])

    def find(self, text: str, tokens: Sequence[Token]) -> Iterator[str]:
        """The words of each, in order."""
        for i in range(len(tokens)):
            found = self._at(text, tokens, i)
            if found and self._whole(tokens, found):
                yield text[found.start : found.end]

    def _at(self, text: str, tokens: Sequence[Token], i: int) -> _Found | None:
        token = tokens[i]
        if _NUMBER.fullmatch(token.text):
            return self._priced(text, tokens, i) or self._with_unit(tokens, i, i, self._many, one=token.text == "1")
        if token.text[-1].isnumeric() or token.text[0].isnumeric():
            return self._close(token, i)
        if token.low in self._lists["words"]:
            return self._with_unit(tokens, i, i, self._many)
        for phrases, units in ((self._wholes, self._lists["one_unit"]), (self._rounds, self._many)):
            for phrase in phrases:
                last = i + len(phrase) - 1
                if _run(tokens, i, last) == phrase:
                    return self._with_unit(tokens, i, last, units)
        return None

    def _close(self, token: Token, i: int) -> _Found | None:
        """A number and its unit in one word: "10km", "R$50"."""
        number, unit = token.text, "$"
        if match := _CLOSE.fullmatch(token.text):
            number, unit = match.group(1), match.group(2).casefold()
            known = unit in self._lists["close_units"] and bool(_NUMBER.fullmatch(number))
        else:
            known = bool(_PRICE.fullmatch(token.text))
        of_day = unit == "h" and number.isdigit() and int(number) <= _TIME_OF_DAY
        return _Found(i, i, token.start, token.end, unit) if known and not of_day else None

    def _with_unit(
        self, tokens: Sequence[Token], first: int, last: int, units: frozenset[str], *, one: bool = False
    ) -> _Found | None:
        """A number and the unit right behind it."""
        if last + 1 >= len(tokens) or tokens[last].after not in _SPACES:
            return None
        unit = tokens[last + 1]
        if unit.low not in (self._lists["one_unit"] if one else units):
            return None
        return _Found(first, last + 1, tokens[first].start, unit.end, unit.low)

    def _priced(self, text: str, tokens: Sequence[Token], i: int) -> _Found | None:
        """A number with the sign of a currency or of percent before or behind it."""
        token = tokens[i]
        if sign := _CURRENCY.search(text[max(0, token.start - 5) : token.start]):
            first = i if tokens[i].before.endswith(sign.group(1)) else i - 1  # the letters of "R$" are a token
            return _Found(first, i, token.start - len(sign.group(1)), token.end, "$")
        sign = _SIGN.match(text, token.end)
        return _Found(i, i, token.start, sign.end(), sign.group().strip()) if sign else None

    def _whole(self, tokens: Sequence[Token], found: _Found) -> bool:
        """False for a part of something, for what is no quantity, and for what is private."""
        first, last = tokens[found.first], tokens[found.last]
        opening = first.before[: len(first.before) - (first.start - found.start)]
        before = _Near(tokens, found.first, -1)
        after = _Near(tokens, found.last, 1)
        if opening and opening[-1] not in _OPENS:
            return False
        if last.after[found.end - last.end : found.end - last.end + 1] in set("-\u2013/'\u2019+"):
            return False
        return not (
            self._joined(before, after, found.unit)
            or self._named(before, after, first.text, found.unit)
            or self._private(before, found)
        )

    def _joined(self, before: _Near, after: _Near, unit: str) -> bool:
        """True when a neighbour belongs to the same number or makes it a rate."""
        if self._numeral(before[0]) or self._numeral(after[0]):
            return True
        if before.unit(self._units):
            return True
        if any(
            near[0] in self._lists["joins"] and (self._numeral(near[1]) or self._numeral(near[2]))
            for near in (before, after)
        ):
            return True
        return after[0] in self._lists["per"] and (after[1] in self._units or unit in self._prices)

    def _named(self, before: _Near, after: _Near, number: str, unit: str) -> bool:
        """True when the number names, orders, dates or denies something."""
        lists = self._lists
        return bool(
            before[0] in lists["ordinal"]
            or (before[0] in lists["than"] and before[1] in lists["less"])
            or (unit in lists["occasions"] and after[0] in lists["comparing"])
            or before[0] in lists["ago_before"]
            or (before[0], before[1]) == ("a", "y")
            or after[0] in lists["ago_after"] | lists["old_after"] | lists["streets"]
            or after[1] in lists["old_after"] - {"old"}
            or (unit in lists["clock_units"] and before[0] in lists["clock_before"])
            or _YEAR.fullmatch(number)
            or (unit in lists["shares"] and number.isdigit() and int(number) >= _SURE)
        )

    def _private(self, before: _Near, found: _Found) -> bool:
        """True for somebody's age or weight."""
        aged = before[0] in self._lists["ages"] or "," in before.gap  # "Hélder, 34 anos, de Nampula"
        weighed = before[0] in self._lists["weighing"]
        return (aged and found.unit in self._lists["years"]) or (weighed and found.unit in self._lists["weights"])

    def _numeral(self, word: str) -> bool:
        return word in self._numerals or (word[:1].isnumeric() and word.count(".") < _DOTS)


class _Near:
    """The words before or behind a place within the sentence, the nearest first; "" where there is none."""

    def __init__(self, tokens: Sequence[Token], place: int, step: int) -> None:
        self._words: list[str] = []
        self.gap = ""
        for n in range(3):
            at, edge = place + (n + 1) * step, place + n * step
            gap = tokens[edge].after if step > 0 else tokens[edge].before
            if not 0 <= at < len(tokens) or _ENDS.search(gap):
                break
            self.gap = self.gap or gap
            self._words.append(tokens[at].low)

    def __getitem__(self, n: int) -> str:
        return self._words[n] if n < len(self._words) else ""

    def unit(self, units: frozenset[str]) -> bool:
        """True when the nearest word is a unit and only a space stands between: "3 weeks 2 days"."""
        return self.gap in _SPACES and self[0] in units


def _run(tokens: Sequence[Token], first: int, last: int) -> tuple[str, ...]:
    """The words from `first` to `last` if only spaces stand between them; else nothing."""
    if last >= len(tokens) or any(token.after not in _SPACES for token in tokens[first:last]):
        return ()
    return tuple(token.low for token in tokens[first : last + 1])
