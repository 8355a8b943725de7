"""Wordings that managers mostly edit, and the wordings that their edits would make. Pure.

A fan's words must not get into a file: what a fan said stands in an edit as a slot, or the edit is not offered.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from rapidfuzz.fuzz import ratio

from bot.insights.wordings import Became, Key
from bot.store.wordings import Edit
from responders.library.model import Library, Template
from responders.library.render import RenderFailed, preview
from responders.library.syntax import MARKS, cap
from responders.types import Recipe

LEAST_EDITS = 3
"""Edits whose words are kept that a wording needs before patches are offered."""
ALIKE = 85.0
"""Edits that are alike by this much, in percent, are offered as one."""
_LITTLE = 0.5
"""Texts that share a smaller part of their words are told as two."""
QUOTE = 4
"""So many words of a fan in a row are a quote, whatever words they are."""
_WORD = re.compile(r"\w+(?:['\u2019]\w++)*")
_TAGS = re.compile(r"\{%-?\s*(?P<what>if|endif)\b[^%]*%\}|\{\{[^{}]*\}\}")
_SLOT = re.compile(r"\{\{[^{}]*\}\}|\{%[^%]*%\}")
_NUMBER = re.compile(r"\d")
_STARTS = re.compile(r"(?:^|[.!?:\n][^\S\n]*+)$")
_HALF = re.compile(r"^\s*[,.;:!?]|\s[,.;:!?]|[,;:][.!?]")
"""Signs with nothing before them, where a slot was left out."""
_ID = 6
"""Digits by which a person names a patch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotOffered:
    """Edits of a wording that cannot become one, and why, in a sentence."""

    why: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A wording that managers sent in place of another, with slots where a fan's words stood."""

    template: str
    variant: str
    old: str
    """The wording as it stands in the file."""
    new: str
    number: int
    """How often it was sent, in these words or nearly these."""
    unsent: bool
    """True if the old one was never sent as it is."""
    covers: frozenset[str]
    """Marks of all texts that it stands for. Who takes or drops it settles all."""

    @cached_property
    def id(self) -> str:
        """A short name for it, the same as long as nobody edits otherwise."""
        return mark(self.template, self.variant, self.new)[:_ID]

    @property
    def differences(self) -> tuple[tuple[str, str, str], ...]:
        """See `differences`."""
        return differences(self.old, self.new)


@dataclass(frozen=True, kw_only=True, slots=True)
class Patched:
    """A wording that is mostly edited, and what could be said instead."""

    wording: Became
    patches: tuple[Patch, ...]
    """The most frequent first."""
    not_offered: tuple[NotOffered, ...]


def mark(template: str, variant: str, text: str) -> str:
    """By which a text that was taken or dropped is known again, without its words."""
    return hashlib.sha256("\x00".join((template, variant, text)).encode()).hexdigest()


def differences(old: str, new: str) -> tuple[tuple[str, str, str], ...]:
    """Parts of both texts in turn, word by word: (`same`, `gone` or `new`; the words; the space behind them). Two texts
    with little in common stand one after the other."""
    before, after = (re.findall(r"\S+\s*", text) for text in (old, new))
    bare_before, bare_after = ([word.strip() for word in words] for words in (before, after))
    matcher = SequenceMatcher(None, bare_before, bare_after, autojunk=False)
    found: list[tuple[str, list[str]]] = []
    if matcher.ratio() < _LITTLE:
        found = [("gone", before), ("new", after)]
    else:
        for kind, a, b, c, d in matcher.get_opcodes():
            found += [("same", after[c:d])] if kind == "equal" else [("gone", before[a:b]), ("new", after[c:d])]
    joined = ((kind, "".join(words)) for kind, words in found if words)
    return tuple((kind, words.rstrip(), words[len(words.rstrip()) :]) for kind, words in joined)


def patched(
    wordings: Iterable[Became], edits: Iterable[Edit], library: Library, settled: Collection[str], files: Files
) -> list[Patched]:
    """The wordings that are mostly edited, the most often edited first. `settled`: marks of texts that were taken or
    dropped."""
    of_wording: dict[Key, list[Edit]] = {}
    for edit in edits:
        of_wording.setdefault((edit.template, edit.variant), []).append(edit)
    found = []
    for wording in sorted(wordings, key=lambda one: (-one.edited, one.template, one.variant)):
        template = library.by_key.get(wording.template)
        old = next((v.source for v in template.variants if v.name == wording.variant), "") if template else ""
        edits_of = of_wording.get((wording.template, wording.variant), [])
        kept = [edit for edit in edits_of if edit.proposed.source == old]  # it may have been another text then
        if not wording.mostly_edited or len(kept) < LEAST_EDITS or template is None:
            continue
        texts, why = _texts(kept, template, files)
        there = {one.source.strip() for one in template.variants}
        key = (template.key, wording.variant)
        new = [text for text in texts if text not in there and mark(*key, text) not in settled]
        patches = tuple(
            Patch(
                template=template.key,
                variant=wording.variant,
                old=old,
                new=group[0],
                number=len(group),
                unsent=wording.as_it_is == 0,
                covers=frozenset(mark(*key, text) for text in group),
            )
            for group in _groups(new)
        )
        left_out = tuple(NotOffered(why=reason, number=number) for reason, number in why.most_common())
        if patches or left_out:
            found.append(Patched(wording=wording, patches=patches, not_offered=left_out))
    return found


def _texts(edits: Iterable[Edit], template: Template, files: Files) -> tuple[list[str], Counter[str]]:
    """The wordings that the edits make, and why others make none."""
    texts: list[str] = []
    why: Counter[str] = Counter()
    for edit in edits:
        try:
            texts.append(as_wording(edit, template, files))
        except Unfit as unfit:
            why[str(unfit)] += 1
    return texts, why


def _groups(texts: Sequence[str]) -> list[list[str]]:
    """Texts that are alike together, the largest group first. The most frequent text of a group stands first."""
    groups: list[list[str]] = []
    for text, number in Counter(texts).most_common():
        near = next((g for g in groups if ratio(g[0].casefold(), text.casefold()) >= ALIKE), None)
        if near is None:
            groups.append([text] * number)
        else:
            near += [text] * number
    return sorted(groups, key=len, reverse=True)


# --- an edit as a wording


class Unfit(Exception):
    """The edit cannot become a wording; the sentence says why."""


class Files:
    """What an edit is compared with."""

    def __init__(
        self, library: Library, names: Collection[str] = (), more: Callable[[str], Iterable[str]] = lambda _: ()
    ) -> None:
        """`names`: those of managers; `more`: other wordings in a language, whose words are nobody's."""
        self._library = library
        self._more = more
        self._of: dict[str, frozenset[str]] = {}
        self.names = names

    def words(self, template: Template) -> frozenset[str]:
        """The words of all wordings in a template's language, and of the posts that the operator wrote for it."""
        locale = template.locale
        if locale not in self._of:
            own = (v.source for other in self._library.templates if other.locale == locale for v in other.variants)
            self._of[locale] = frozenset(_vocabulary((*own, *self._more(locale))))
        return self._of[locale] | set(_vocabulary(template.answers_to))


def _vocabulary(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for word, begins in _words(_SLOT.sub(" ", text)):
            yield word
            if begins:
                yield word[:1].lower() + word[1:]


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Each word, and whether it begins a sentence."""
    for found in _WORD.finditer(text):
        yield found[0], bool(_STARTS.search(text[: found.start()]))


def as_wording(edit: Edit, template: Template, files: Files) -> str:
    """What a manager sent, as a wording: with slots where the words of slots stood. Raises Unfit."""
    text, before = edit.sent.strip(), edit.proposed
    if any(sign in text for sign in ("{{", "{%", "{#")):
        raise Unfit("Curly brackets stand in it.")
    if "@" in text:
        raise Unfit("It names an account.")
    slotted = _Slotted(text, before.slots, template).made(before.source or "")
    own = _SLOT.sub("\n", slotted)
    ours = frozenset(_vocabulary([before.source or before.text]))
    known = ours | files.words(template)
    _refuse_slot_words(own, before.slots, known)
    _refuse_names(own, [*edit.names, *files.names], ours, known)
    _refuse_quotes(own, edit.around, before.source or before.text)
    _refuse_words_of(own, edit.around, ours, known)
    return slotted


class _Slotted:
    """A text in which slots are put back."""

    def __init__(self, text: str, slots: Mapping[str, str], template: Template) -> None:
        if any(c >= MARKS[0] for c in text):
            raise Unfit("A sign that nobody can see stands in it.")
        self._text = text
        self._slots = {name: value.strip() for name, value in slots.items() if value.strip()}
        self._all = slots
        self._template = template
        self._places: list[str] = []

    def made(self, source: str) -> str:
        """First the parts of the source in which a slot's words stand, then each slot by itself. Raises Unfit."""
        for place in _places(source):
            shown = _shown(place, self._all, self._template.locale)
            if any(value.casefold() in shown.casefold() for value in self._slots.values()):
                self._put(shown, place)
        for name, value in sorted(self._slots.items(), key=lambda pair: -len(pair[1])):
            slot = self._template.slots.get(name)
            self._put(value, f"{{{{ {name} }}}}", guarded="" if slot and slot.required else name)
            self._put(cap(value), f"{{{{ {name} | cap }}}}", guarded="" if slot and slot.required else name)
        text = "".join(self._places[MARKS.index(c)] if c >= MARKS[0] else c for c in self._text)
        self._refuse_half(text)
        return text

    def _put(self, words: str, place: str, *, guarded: str = "") -> None:
        """Put a place where these words stand by themselves. `guarded`: the slot without whose words it is left out,
        with the comma before it."""
        for before in (", ", " ", "") if guarded else ("",):
            said = before + words
            head = r"(?<!\w)" if said[:1].isalnum() else ""
            tail = r"(?!\w)" if said[-1:].isalnum() else ""
            sign = MARKS[len(self._places)]
            self._text, times = re.subn(f"{head}{re.escape(said)}{tail}", sign, self._text)
            if times:
                self._places.append(f"{{% if {guarded} %}}{before}{place}{{% endif %}}" if guarded else place)

    def _refuse_half(self, text: str) -> None:
        """Where a slot may be empty, the sentence must be whole without it."""
        optional = [name for name in self._slots if name in text and not self._required(name)]
        for name in optional:
            said = _shown(text, {**self._all, name: ""}, self._template.locale)
            if not said.strip() or _HALF.search(said):
                raise Unfit(f"Without words for the slot {name} its sentence is not whole.")

    def _required(self, name: str) -> bool:
        slot = self._template.slots.get(name)
        return slot is not None and slot.required


def _places(source: str) -> Iterator[str]:
    """The outermost parts of a wording that are not its own words: {{ ... }}, or {% if %} up to its {% endif %}."""
    depth, start = 0, 0
    for tag in _TAGS.finditer(source):
        if tag["what"] == "if":
            start = tag.start() if depth == 0 else start
            depth += 1
        elif tag["what"] == "endif":
            depth -= 1
            if depth == 0:
                yield source[start : tag.end()]
        elif depth == 0:
            yield tag[0]


def _shown(place: str, slots: Mapping[str, str], locale: str) -> str:
    """What a part of a wording says, with the spaces around it; nothing if it cannot be said."""
    try:
        return preview(Recipe(source=f".{place}.", slots=slots, locale=locale))[1:-1]
    except RenderFailed:
        return ""


def _refuse_slot_words(own: str, slots: Mapping[str, str], known: Collection[str]) -> None:
    """Part of what a slot said may still stand there: "Ida" of "Ida Berg"."""
    words = {word.casefold() for value in slots.values() for word, _ in _words(value)}
    for word, begins in _words(own):
        if word.casefold() in words and not _is_known(word, known, begins=begins):
            raise Unfit(f"“{word}” is what a slot said; put the slot there.")


def _refuse_names(own: str, names: Iterable[str], ours: Collection[str], known: Collection[str]) -> None:
    of_names = {word.casefold() for name in names for word, _ in _words(name)}
    for word, begins in _words(own):
        small = word[:1].islower() or (begins and word[:1].lower() + word[1:] in known)
        if word.casefold() in of_names and word not in ours and not (small and word.casefold() in known):
            raise Unfit("Somebody's name stands in it.")


def _refuse_quotes(own: str, around: Iterable[str], ours: str) -> None:
    runs = set(_runs(own)) - set(_runs(ours))
    if any(runs & set(_runs(text)) for text in around):
        raise Unfit("It repeats what the fan wrote.")


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    for part in text.split("\n"):
        words = [word.casefold() for word in _WORD.findall(part)]
        yield from (tuple(words[at : at + QUOTE]) for at in range(len(words) - QUOTE + 1))


def _refuse_words_of(own: str, around: Iterable[str], ours: Collection[str], known: Collection[str]) -> None:
    """A word of the fan that no wording of the operator's uses is about this fan: a place, a number, a thing."""
    theirs = {word.casefold() for text in around for word, _ in _words(text)}
    for word, begins in _words(own):
        is_known = not _NUMBER.search(word) and _is_known(word, known, begins=begins)
        if word.casefold() in theirs and not (is_known or word in ours):
            raise Unfit(f"“{word}” is a word of the fan's.")


def _is_known(word: str, known: Collection[str], *, begins: bool) -> bool:
    """True if an operator's wording has it so. At the beginning of a sentence a capital says nothing."""
    return word in known or (begins and word[:1].lower() + word[1:] in known)
