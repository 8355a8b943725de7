"""No invention."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.understanding.tokens import is_emoji
from responders.voice.words import WordList, fault, fixed_words, may_repeat, passed, read_words

_NUMBER = re.compile(r"\d+(?:[.,:]\d++)*")
_QUOTE = re.compile(r"[\u201c\"\u00ab\u201e]([^\u201c\u201d\"\u00ab\u00bb\u201e\n]{2,80})[\u201d\"\u00bb\u201c]")
_WORD = re.compile(r"\b[^\W\d_][\w'\u2019-]*")
_OWNED = re.compile(r"['\u2019]s?$")
_BEGINS = re.compile(
    r"(?:^|[.!?:;\n\u2026\u00a1\u00bf(\u201c\"\u201e\u00ab\[*_>-]\s{0,80}|[:;]-?[)(DP]\s{1,80}|[.!?]\)\s{1,80})$"
)
_BACK = 90
"""How many characters before a word tell whether a sentence begins there."""
_MANY = 5
"""Letters. A shorter word in capitals is a term (PC, OLED), not a name."""
_NOUNS_ARE_CAPITAL = frozenset({"de"})


class NoInvention:
    """Blocks numbers, names, days and quotes among a template's fixed words that are not in the post. They must come
    from the post, a slot or the facts. FAQ answers have a source, and managers answer for their own words: both
    pass."""

    id = "no-invention"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take invention.yaml."""
        self._numbers = {word: number for number, words in lists["numbers"].items() for word in words}
        self._dates = WordList(lists["dates"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block an invention."""
        if wording.own_words or may_repeat(wording):
            return passed(self.id)
        known = f"{post.text} {context.community} {context.channel_name} {context.call_name or ''}".casefold()
        for found in self._claims(fixed_words(wording), known, context.locale):
            return fault(self.id, f"Says “{found}”, which is not in the post, a slot or the facts.")
        return passed(self.id)

    def _claims(self, text: str, known: str, locale: str) -> Iterator[str]:
        """Whatever nothing known backs. `known` is case folded."""
        numbers = [*_NUMBER.findall(text), *sorted(read_words(text).words & self._numbers.keys())]
        if numbers:
            backed = self._numbers_in(known)
            yield from (n for n in numbers if self._numbers.get(n, n) not in backed)
        yield from (date for date in self._dates.all(text) if date.split()[-1] not in known)
        yield from (quote for quote in _QUOTE.findall(text) if quote.casefold().strip(" .,!?;") not in known)
        if locale not in _NOUNS_ARE_CAPITAL:
            yield from (name for name in _names(text) if _OWNED.sub("", name.casefold()) not in known)

    def _numbers_in(self, known: str) -> set[str]:
        words = {self._numbers[word] for word in _WORD.findall(known) if word in self._numbers}
        return {*_NUMBER.findall(known), *words}


def _begins(before: str) -> bool:
    """True where a sentence begins: at the start, after the end of another, after an emoji or a smiley."""
    last = before.rstrip()[-1:]
    begins = _BEGINS.search(before, max(0, len(before) - _BACK))
    return bool(begins) or is_emoji(last or " ") or last in {"\ufe0f", "\u200d"}


def _names(text: str) -> Iterator[str]:
    """Words with a capital where none is due: not where a sentence begins, not "I", not a short term."""
    for match in _WORD.finditer(text):
        word = match.group()
        if word == word.lower() or word.replace("\u2019", "'").split("'")[0] == "I":
            continue
        term = len(word) <= _MANY and word.isupper()
        inside = any(map(str.isupper, word[1:]))
        if not term and (inside or not _begins(text[: match.start()])):
            yield word
