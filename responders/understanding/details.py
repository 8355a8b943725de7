"""What exactly a post is about, in its own words: what makes a reply specific. Rather nothing than something wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from responders.library.model import Library
from responders.types import Context, Detail, Post, Understanding
from responders.understanding.normalise import EMAIL, HANDLE, LINK

_WORDS, _CHARACTERS = 6, 60
"""The longest detail that still reads as a name for something."""
_LOOKED_AT = 1000
_HIDDEN = tuple(
    re.compile(p, re.IGNORECASE)
    for p in (
        LINK.pattern,
        EMAIL.pattern,
        HANDLE.pattern,
        r"@\w+",
        r"<[^>\s]*>",
        r"`[^`]*`",
        r"\b[\w-]+\.[a-z]{2,}\b(?:/\S*)?",
        r"(?<!\w)\+?\d[\d\s()/-]{6,}\d",
    )
)
"""Never said back: links, addresses, handles, markup, telephone numbers."""
_OTHERS = re.compile(r"\b(?:yours?|eure?[mnrs]?|dein\w*)\b", re.IGNORECASE)
_DETERMINER = r"(?:the|my|our|this|these|that|those|an?|der|die|das|den|dem|mein\w*|unser\w*|diese\w*|eine?n?)"
_INNER = _DETERMINER.replace("my|our|", "").replace("|mein\\w*|unser\\w*", "")
_MINE = re.compile(r"(?:my|our|mein\w*|unser\w*|mi|mis|mon|ma|mes|meu|minha|meus|minhas)\b", re.IGNORECASE)
_QUOTED = re.compile(r"[“\"«„]([^“”\"«»„\n]{2,60})[”\"»“]")
_VERSION = re.compile(
    r"\b(?:v\d+(?:\.\d+)+|\d+\.\d+\.\d+|(?<=version )\d+(?:\.\d+)+|(?<=versão )\d+(?:\.\d+)+"
    r"|(?<=versión )\d+(?:\.\d+)+|(?<=patch )\d+(?:\.\d+)+|(?<=update )\d+(?:\.\d+)+|(?<=firmware )\d+(?:\.\d+)+)\b",
    re.IGNORECASE,
)
_ASKED = r"\b(?:where|what(?! an?\b)|when|how|why|which|wo|wie|wann|was)\b(?: (?!should|can|could|must)\w+){0,4}? "


class DetailsAnalyzer:
    """Fills `details`, the most telling first."""

    def __init__(self, library: Library) -> None:
        """Take details.yaml and the operators' facts."""
        words = {name: str(part) for name, part in library.word_lists["details"].items()}
        self._patterns = _patterns(tuple(words.items()))
        nothing = rf"{_DETERMINER}?\s*(?:{words['empty']}\s*)+"
        self._empty = re.compile(rf"(?:.* {words['joins']} )?{nothing}(?:{words['joins']} .*)?", re.IGNORECASE)
        self._numbers = re.compile(rf"(?<![\w.,])(?:{words['counts']}\s|\d[\d.,]*\s?){words['units']}\b", re.IGNORECASE)
        self._joins = re.compile(rf" (?:{words['joins'][1:-1]}) ", re.IGNORECASE)
        self._private = re.compile(rf"\w+ (?:\w+ )?{words['private']}\b", re.IGNORECASE)
        self._names = _names(library)

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Add what is found; each text once."""
        found: dict[str, Detail] = {}
        for detail in self._all(post):
            found.setdefault(detail.text.casefold(), detail)
        return replace(so_far, details=tuple(found.values()))

    def _all(self, post: Post) -> Iterator[Detail]:
        text = _visible(post.text[:_LOOKED_AT])
        for kind, pattern in self._patterns:
            for match in pattern.finditer(text):
                phrase = match.group("np")
                if len(phrase.split()) > _WORDS:
                    phrase = self._joins.split(phrase)[0]
                if self._names_something(phrase):
                    yield Detail(kind=kind, text=phrase)
        for quoted in (*_QUOTED.findall(text), *(_visible(a.title) for a in post.attachments if a.title)):
            if _sayable(quoted):
                yield Detail(kind="title", text=quoted.strip())
        yield from (Detail(kind="feature", text=m.group()) for name in self._names for m in name.finditer(text))
        yield from (Detail(kind="version", text=m.group()) for m in _VERSION.finditer(text))
        yield from (Detail(kind="number", text=m.group()) for m in self._numbers.finditer(text))

    def _names_something(self, phrase: str) -> bool:
        """False for "the thing", for "your quilt", which is not the author's to be asked about, and for "my sister" and
        "my address", which are nobody's business."""
        return not (
            not _sayable(phrase)
            or _OTHERS.search(phrase)
            or self._empty.fullmatch(phrase)
            or (_MINE.match(phrase) and self._private.match(phrase))
        )


@lru_cache(maxsize=4)  # they are made for the examples of templates, and again for posts
def _patterns(listed: tuple[tuple[str, str], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """(kind, pattern with a group `np`), the most telling first."""
    words = dict(listed)
    word = rf"(?!(?:{words['stops']}|{words['joins']}|{_DETERMINER})\b)[^\W\d_][\w\u2019'-]*"
    number = rf"(?: \d{{1,4}}(?!\s?{words['units']}\b))?"
    core = rf"{_DETERMINER} {word}(?: {word}){{0,3}}{number}"
    np = rf"(?P<np>\b{core}(?: {words['joins']} (?:{_INNER} )?{word}(?: {word})?{number}){{0,2}}\b)"
    bare = rf"(?P<np>\b(?!{words['unnamed']}\b){word}(?: {word})?(?: {words['joins']} (?:{_INNER} )?{word})?{number}\b)"
    plural = rf"(?P<np>\b(?:{word} )?(?!{words['stops']}\b)[^\W\d_]{{3,}}(?<!s)s\b)"
    more = rf"(?: {words['mine_of']} [^\W\d_]{{3,}})?"
    own = rf"(?P<np>\b{words['mine']} (?:{words['mine_between']} )?[^\W\d_]{{3,}}{more})\b"
    simple = rf"(?P<np>\b{core}\b)"
    liked = rf"(?:{words['liked']}|{words['liked_de']})"
    judged = rf"{words['judged']}|{words['judged_de']}"
    failed = rf"{words['failed']}|{words['failed_de']}"
    shapes = (
        ("work", rf"{simple} {words['toil']}\b"),
        (
            "work",
            rf"\b(?:my|our) {word}(?: {word})? (?:of|about|on) {np}",
        ),
        ("work", rf"\b(?:{words['made']} (?:up )?(?:(?:my|our) {word} )?|here(?:.?s| is| are) ){np}"),
        ("work", rf"\b{words['made']} {plural}"),
        ("feature", rf"\b{words['wished']} {simple}"),
        ("feature", rf"\b{words['wished']} {plural}"),
        ("thing", rf"\b(?:{words['reached']}|{words['used']}) {np}"),
        ("thing", rf"{np} {words['gave_way']}\b"),
        ("work", rf"{np} (?:{words['made_de']}|{words['done']}|{words['done_de']})\b"),
        ("thing", rf"\b{liked} {np}"),
        ("thing", rf"{words['start']}{bare} (?:{judged}|{failed})\b"),
        ("thing", rf"{np} (?:{judged}|{failed}|{words['moved']})\b"),
        ("thing", rf"{simple} {words['hurt']} (?:my|our|all|the)\b"),
        ("thing", rf"\b(?:{words['hurt']}|{words['fixed']}) {np}"),
        ("place_in_product", rf"\b{words['hurt_place']} {simple}"),
        (
            "place_in_product",
            rf"\b(?:in|at|on|during|after) (?P<np>{_DETERMINER} (?:{word} ){{0,2}}?{words['place']}\b)",
        ),
        ("thing", own),
        ("thing", rf"\bwhere (?:can|could|do|did) (?:i|we|you|one) (?:find|get|buy|see|download|order) {np}"),
        ("thing", rf"\b(?:ist|sind|war|waren|geht|funktioniert) {simple} {words['gone_de']}\b"),
        ("thing", rf"{_ASKED}(?![^?.!\n]* (?:from|to) ){np}(?=(?: {words['asked_end']})?\s*(?:[?.!,;:)\n]|$))"),
        ("thing", rf"{words['start']}(?=(?:the|this|der|die|das) ){np}(?= {words['acts']}\b)"),
        ("thing", rf"(?=\b(?:my|our|mein\w*|unser\w*) ){simple}"),
    )
    return tuple((kind, re.compile(shape, re.IGNORECASE)) for kind, shape in shapes)


def _names(library: Library) -> tuple[re.Pattern[str], ...]:
    """The operators' facts by their names, and by values that are names themselves."""
    words = {fact.name.replace("_", " ") for fact in library.facts.values() if "_" in fact.name}
    words |= {
        fact.value for fact in library.facts.values() if re.fullmatch(r"[^\W\d_]+(?: [^\W\d_]+){0,2}", fact.value)
    }
    return tuple(re.compile(rf"\b{re.escape(w)}\b", re.IGNORECASE) for w in sorted(words, key=lambda w: (-len(w), w)))


def _visible(text: str) -> str:
    """The text with what must not be said back struck out, place by place, so that spans stay verbatim."""
    for pattern in _HIDDEN:
        text = pattern.sub(lambda m: "\0" * len(m.group()), text)
    return text


def _sayable(text: str) -> bool:
    return (
        0 < len(text.split()) <= _WORDS
        and len(text) <= _CHARACTERS
        and not set(text) & set("\0@<>{}[]`*_~|#\\\n")
        and any(map(str.isalpha, text))
        and not text.endswith(("'s", "\u2019s"))  # "the keeper's": what is the keeper's was lost
    )
