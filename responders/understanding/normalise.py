"""Text in the form in which it is matched and counted. What is shown or quoted always comes from the post itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

LINK = re.compile(r"(?:https?://|www\.|discord\.gg/|t\.me/)\S+", re.IGNORECASE)
HANDLE = re.compile(r"<[@#][!&]?\d+>|(?<![\w.])@\w[\w.]*")
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+\.[\w.-]+")
_EMOJI_CODE = re.compile(r"<a?:(\w+):\d+>")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_TYPESET = str.maketrans("\u2018\u2019\u00b4\u201c\u201d", "'''\"\"")
ENCODED = 480
"""The most characters of a post that are encoded."""
_END = 160
_READ = 8_000
"""The most characters that are looked at for it."""
_APOSTROPHES = dict.fromkeys(map(ord, "'`\u2018\u2019\u00b4"))
_WORD = re.compile(r"\w+")

_SMALL_CAPITALS = (
    "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f"
    "\u1d0d\u0274\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22"
)
_ALIKE = dict(
    zip(
        "аеорсухікјѕԁԛһвнтмӏѵԝүҽαονριτκυσօսոհցգɑɡ" + _SMALL_CAPITALS,
        "aeopcyxikjsdqhbhtmlvwyeaovpitkuoounhgqagabcdefghijklmnoprstuvwyz",
        strict=True,
    )
)
_LOOKALIKES = str.maketrans(
    {letter.upper(): latin.upper() for letter, latin in _ALIKE.items()}
    | _ALIKE
    | dict(zip("\u0392\u0395\u0396\u0397\u039c\u039d\u03a5\u03a7", "BEZHMNYX", strict=True))
)
"""Cyrillic, Greek, Armenian and phonetic letters that pass for Latin ones inside a Latin word."""
_LATIN = re.compile(f"[a-zA-Z{_SMALL_CAPITALS}]")
"""What makes a word Latin. Small capitals belong to no language; words are set in them to look odd."""

_AFTER_A_NAME = " \t\n,:;-\u2013\u2014"

_SPELT = re.compile(r"(?<!\w)(?:[^\W\d_][ .*_-]){2,}[^\W\d_](?!\w)")
_RUN = re.compile(r"[\w@$!]+")
_MASKED = re.compile(r"(?<![a-z])(?!@)[a-z]*[\d@$!]\w")
_PLAIN = re.compile(r"[a-z]")
_LETTERS = str.maketrans("0134578@$!", "oieastbasi")


@lru_cache(maxsize=64)  # some thirty parts of the pipeline read the same post
def reading(text: str, *, stretched: int = 2) -> str:
    """The text as it is read: case folded, without apostrophes, invisible and look-alike letters. Letters that stand
    three or more in a row are cut to `stretched`, and links and handles become one word each. Accepts any string."""
    text = LINK.sub(" weblink ", _EMOJI_CODE.sub(r" \1 ", text))
    if "@" in text or "<" in text:
        text = HANDLE.sub(" @someone ", EMAIL.sub(" emailaddress ", text))
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(c for c in text if unicodedata.category(c) != "Cf" or c == "\u200d")
        text = _WORD.sub(_latin, text)  # before the case goes: a Greek N is a small v
    text = text.translate(_APOSTROPHES).casefold()
    return " ".join(_STRETCHED.sub(r"\1" * stretched, text).split())


def unmasked(text: str) -> str:
    """The text as it is read, with disguises undone: digits and signs for letters ("1d10t") and letters set apart
    ("k.y.s")."""
    read = _SPELT.sub(lambda m: re.sub(r"[\W_]", "", m.group()), reading(text, stretched=1))
    return _RUN.sub(_put_right, read)


def _put_right(run: re.Match[str]) -> str:
    """The run from where a digit or sign stands for a letter. Each place where a word can begin is looked at once: a
    pattern that looks ahead from each would take a minute for a post of nothing but "!"."""
    text = run.group()
    if not _PLAIN.search(text):
        return text
    for start in (i for i in range(len(text)) if i == 0 or text[i - 1] in "!$"):
        if _MASKED.match(text, start) and _PLAIN.search(text, start):
            end = len(text.rstrip("@$!"))
            return text[:start] + text[start:end].translate(_LETTERS) + text[end:]
    return text


def encodable(text: str, before: str = "") -> str:
    """The one form of a text for the encoder: links, handles and addresses become one word each, invisible and
    look-alike letters go, stretched letters are cut to two, shouting is lowered, emoji stay.

    At most `ENCODED` characters; of a longer text the beginning and the end, where the question often stands.
    `before`: what was said before it and by whom, as "team: which phone is it?"; it follows behind a line break.
    """
    return f"{_encodable(text)}\n{_encodable(before)}" if before else _encodable(text)


@lru_cache(maxsize=64)  # several parts of the pipeline ask for the same post
def _encodable(text: str) -> str:
    text = LINK.sub(" link ", _EMOJI_CODE.sub(r" \1 ", text[:_READ]))
    if "@" in text or "<" in text:
        text = HANDLE.sub(" @user ", EMAIL.sub(" email ", text))
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(c for c in text if unicodedata.category(c) != "Cf" or c == "\u200d")
        text = _WORD.sub(_latin, text.translate(_TYPESET))
    text = " ".join(_STRETCHED.sub(r"\1\1", text).split())
    if text.isupper():
        text = text.lower()
    return text if len(text) <= ENCODED else f"{text[: ENCODED - _END]} {text[-_END:]}"


def _latin(word: re.Match[str]) -> str:
    """Undo look-alikes in a word that also has Latin letters. Real Cyrillic, Greek or Armenian words stay."""
    found = word.group()
    return found if found.isascii() or not _LATIN.search(found) else found.translate(_LOOKALIKES)


def has_words(text: str) -> bool:
    """True when the text has more than links, handles and emoji, which say too little to answer."""
    rest = reading(text).replace("weblink", "").replace("emailaddress", "").replace("@someone", "")
    return any(c.isalnum() for c in rest)


def compile_phrases(phrases: Iterable[str]) -> re.Pattern[str]:
    """One pattern for a phrase list, to be searched in `reading(text)`.

    `word*` is any ending, `*` alone up to three words, `#` a number, `(a|b)` either, a final ` .` the end of a clause.
    Spaces and commas may stand between words, but no end of a sentence. An empty list matches nothing.
    """
    return _compile(tuple(phrases))


@lru_cache(maxsize=2048)  # the linter, each analyzer and each check use the same lists
def _compile(phrases: tuple[str, ...]) -> re.Pattern[str]:
    choices = "|".join(_phrase(p) for p in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{choices})" if choices else r"(?!)")


_GAP = r"(?:[^\w.!?;]{1,3}|(?<=\d)\. )"
_NUMBER = r"\d[\d.,]{0,9}k?"
_OPERATOR = re.compile(r"\\([()|*])")
_OPERATORS = {"(": "(?:", ")": ")", "|": "|", "*": r"\w*"}
_END_OF_CLAUSE = r"(?=\s*(?:$|[^\w\s%:]|(?:and|und|btw|lol|but|aber)\b))"


def _phrase(phrase: str) -> str:
    """One phrase as a pattern."""
    words = phrase.casefold().translate(_APOSTROPHES).split()
    ends = words[-1] == "."
    pattern = ""
    for word in words[: len(words) - ends]:
        if word == "*":
            pattern += rf"(?:{_GAP}\w+){{0,3}}?"
        elif word == "#":
            pattern += (_GAP if pattern else "") + _NUMBER
        else:
            pattern += (_GAP if pattern else "") + _OPERATOR.sub(lambda m: _OPERATORS[m.group(1)], re.escape(word))
    return rf"(?:{pattern})(?!\w)" + (_END_OF_CLAUSE if ends else "")


def uncalled(text: str) -> str:
    """The text without the handle that calls us, if it is the only handle and stands before or after all words:
    "@harbor_bot, when are you open?". Whom a post speaks to says nothing about its topic."""
    handles = [*islice(HANDLE.finditer(text), 2)]
    if len(handles) != 1:
        return text
    first, rest = text[: handles[0].start()], text[handles[0].end() :]
    if not has_words(first) and has_words(rest):
        return first.lstrip() + rest.lstrip(_AFTER_A_NAME)
    return first.rstrip(_AFTER_A_NAME) + rest if has_words(first) and not has_words(rest) else text


def has_emoji(text: str) -> bool:
    """True when the text has a pictograph."""
    return any(unicodedata.category(c) == "So" for c in text)


def bare(text: str) -> str:
    """The words of a text alone. Phrasings that differ only in case and signs are the same then."""
    return " ".join(re.findall(r"\w+", reading(text)))
