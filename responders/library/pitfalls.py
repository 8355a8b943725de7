"""Words that were never meant to go out, though they break no rule of the format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from babel.core import Locale, UnknownLocaleError

from responders.library.faults import Fault
from responders.library.model import Library, Template, Variant
from responders.library.trial import FILLER, trials
from responders.ports import LanguageDetector
from responders.understanding.normalise import bare
from responders.understanding.tokens import is_emoji

_LEFT_OVER = re.compile(
    r"^(?:<{7}|>{7}|\|{7})(?: .*)?$|^={7}$"
    r"|^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@|^diff --git .*$|^(?:---|\+\+\+) [ab]/.*$",
    re.MULTILINE,
)
"""What a merge of two versions, or a patch, leaves in a file."""
_PLACEHOLDERS = re.compile(
    r"\[[^\[\]\n]*[^\W\d_][^\[\]\n]*\]"  # [NAME], [your link]
    r"|<<?\s*[A-Z_][^<>\n]{0,40}>"  # <NAME>; a small letter after < is markup
    r"|«\w*_\w*»"  # «First_Name»
    r"|%%?[A-Za-z_][\w.]*%|%\(\w+\)[a-z]|(?<![\w%])%(?:\d+\$)?[sd]\b"  # %name%, %(name)s, %s
    r"|(?<![\w$])\$[A-Za-z_]\w+"  # $name
    r"|\*\|\w+\|\*"  # *|FNAME|*
    r"|(?<![\w@])@(?:user(?:name)?|name|first_?name|fan|author|member|handle|mention)\b"
    r"|\bX{3,}\b|\b(?:TBD|TBC|TBA|FIXME)\b|\?{3,}"
)
_TODO = re.compile(r"\bTODO\b")
_TODO_MEANS_ALL = re.compile(r"\bTODO(?=\s*[:(])")
_ALL = frozenset({"es", "gl", "pt"})
"""Languages in which "TODO" is a word."""
_FILLER = re.compile(
    r"\blorem\b|\bdolor sit amet\b|\basdf\w*|\bblindtext\b|\bplatzhaltertext\b|\byour text here\b|\btexte fictif\b"
    r"|\b(?:sample|placeholder|dummy|filler) text\b|\btexto de (?:relleno|exemplo|ejemplo|preenchimento)\b"
    r"|\binsert (?:your |the |a )?(?:name|text|reply|link|words|title|answer)\b|\btext (?:hier )?einf\u00fcgen\b"
    r"|\bins\u00e9rer (?:le |un )?texte\b|\b(?:insertar|inserir) (?:el |o )?texto\b",
    re.IGNORECASE,
)
_SHORTCODE = re.compile(r"(?<![\w:]):[a-z][a-z0-9_+-]+:(?![\w:])")
"""An emoji by its name, which some platforms show as it stands."""
_TELLING = 5
"""From this many words the language of a wording can be told."""
_SURELY = 0.95
_NAMED = 3


class Languages(LanguageDetector, Protocol):
    """A detector that says which languages it tells apart."""

    known: frozenset[str]
    """Two letters each."""


def left_over(path: str, text: str) -> Fault | None:
    """A fault where two versions of a file stand in one. Nothing else in it can be judged then."""
    found = _LEFT_OVER.search(text)
    if found is None:
        return None
    message = f"{found.group()[:40]!r} was left over from a merge; keep one of the two versions, without such lines"
    return Fault(file=path, line=text.count("\n", 0, found.start()) + 1, message=message, code="L27")


def wrong_words(library: Library, languages: Languages | None) -> Iterator[Fault]:
    """What must not go live: placeholders, filler, and words in another language."""
    for template in library.templates:
        for variant in template.variants:
            if problem := _problem(template, variant):
                yield _fault(template, variant, "L27", *problem)
    if languages:
        yield from _other_languages(library, languages)


def double_meanings(library: Library, texts: Mapping[str, str]) -> Iterator[Fault]:
    """Names and posts with two meanings. `texts`: the files by path, to find lines."""
    yield from _two_intents(library)
    yield from _twice(library, texts)


def emoji_faults(library: Library) -> Iterator[Fault]:
    """Warnings: an emoji in a wording stands under every post, also under sad ones."""
    for template in library.templates:
        for variant in template.variants:
            found = next((sign for text in _fixed(template, variant) for sign in _emoji(text)), None)
            if found:
                message = f"{found} would stand under sad posts, too; leave the emoji out"
                yield _fault(template, variant, "L15", found, message, warning=True)


def _emoji(text: str) -> Iterator[str]:
    yield from (c for c in text if is_emoji(c))
    yield from _SHORTCODE.findall(text)


def _problem(template: Template, variant: Variant) -> tuple[str, str] | None:
    """The words at fault, and what is wrong with a way out."""
    texts = _fixed(template, variant)
    todo = _TODO_MEANS_ALL if template.locale in _ALL else _TODO
    for text in texts:
        if found := _PLACEHOLDERS.search(text) or todo.search(text):
            words = found.group().strip()
            return words, f"{words!r} stands for words that are not there; write them, or use a {{{{ slot }}}}"
        if found := _FILLER.search(text):
            return found.group(), f"{found.group()!r} is filler; write what the reply should say"
    said = "".join(texts)
    if texts and not (variant.needs or any(c.isalnum() or is_emoji(c) for c in said)):
        return said.strip(), "there are no words in it; write some, or remove the variant"
    return None


def _fixed(template: Template, variant: Variant) -> list[str]:
    """Each way a wording comes out, without the words of its slots."""
    said = (
        trial.text.replace(FILLER, " ").replace(FILLER.capitalize(), " ") for trial in trials(template, variant, {})
    )
    return list(dict.fromkeys(said))


def _other_languages(library: Library, languages: Languages) -> Iterator[Fault]:
    """Wordings that are surely not in the language of their folder; where most are not, one fault for the folder."""
    for locale in sorted({template.locale for template in library.templates} & languages.known):
        judged, found = 0, list[tuple[str, Fault]]()
        for template in (t for t in library.templates if t.locale == locale):
            for variant in template.variants:
                text = next(iter(_fixed(template, variant)), "")
                if sum(any(map(str.isalpha, word)) for word in text.split()) < _TELLING:
                    continue
                judged += 1
                other, chance = languages.detect(text)
                if other != locale and chance >= _SURELY:
                    message = (
                        f"this is {_called(other)}, and {locale}/ is for {_called(locale)}; translate it, or move it"
                    )
                    found.append((other, _fault(template, variant, "L28", "", message)))
        if len(found) > _NAMED and 2 * len(found) > judged:
            other = max((name for name, _ in found), key=[name for name, _ in found].count)
            message = f"{len(found)} of {judged} wordings are {_called(other)}; translate them, or take the folder out"
            yield Fault(file=locale, line=None, message=message, code="L28")
        else:
            yield from (fault for _, fault in found)


def _called(language: str) -> str:
    try:
        return Locale.parse(language).get_language_name("en") or language
    except (UnknownLocaleError, ValueError):
        return language


def _two_intents(library: Library) -> Iterator[Fault]:
    """L02: the name of a situation in another intent's folder. Its replies would go under the wrong posts."""
    listed = library.word_lists.get("situations", {})
    known = {name: intent for intent, names in listed.items() for name in names}
    first: dict[str, Template] = {}
    for template in library.templates:
        if template.is_general or template.is_faq:
            continue
        other = first.setdefault(template.id, template)
        if known.get(template.id, template.intent) != template.intent:
            intent = known[template.id]
            message = f"{template.id} is known as a situation of {intent}; move it to {template.locale}/{intent}/"
        elif template.id not in known and other.intent != template.intent:
            message = f"{other.path} has this name for another intent; give one of the two another name"
        else:
            continue
        yield Fault(file=template.path, line=None, message=message, code="L02")


def _twice(library: Library, texts: Mapping[str, str]) -> Iterator[Fault]:
    """L30: a post that is an example of two intents, or of one intent and answered by a template of another, or both
    an example and a counter-example of one. No reader can make sense of that."""
    first: dict[str, str] = {}

    def fault(file: str, text: str, what: str, todo: str) -> Fault:
        line = line_of(texts.get(file, ""), text)
        return Fault(file=file, line=line, message=f"{text[:60]!r} is {what}; {todo}", code="L30")

    for intent in library.intents.values():
        file = f"intents/{intent.name}.yaml"
        for text, words in _bare(intent.examples):
            other = first.setdefault(words, intent.name)
            if other != intent.name:
                yield fault(file, text, f"an example of {other} as well", "keep it in one of the two")
        for text, words in _bare(intent.counter_examples):
            if first.get(words) == intent.name:
                yield fault(file, text, "an example and a counter-example", "keep it in one of the two lists")
    for template in library.templates:
        for text, words in _bare({"": template.answers_to}):
            other = first.get(words, template.intent)
            if other != template.intent:
                yield fault(template.path, text, f"an example in intents/{other}.yaml", "keep it in one of the two")


def _bare(texts: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Each text and its bare words, where it has some."""
    yield from ((text, words) for own in texts.values() for text in own if (words := bare(text)))


def line_of(text: str, words: str) -> int | None:
    """The last line of a file that has the words, with or without quotes. An example may stand in a comment above."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if words in line.replace('\\"', '"')]
    return lines[-1] if lines else None


def _fault(
    template: Template, variant: Variant, code: str, words: str, message: str, *, warning: bool = False
) -> Fault:
    at = variant.source.find(words) if words else -1
    line = variant.source_line + (variant.source.count("\n", 0, at) if at > 0 else 0)
    told = f"variant {variant.name}: {message}"
    return Fault(file=template.path, line=line, message=told, code=code, warning=warning)
