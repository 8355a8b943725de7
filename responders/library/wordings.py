"""What the fixed words of a template must not say: faults L10 to L19.

The word lists are those of the voice checks, so that what passes here is not held back later.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

from responders.library.faults import Fault
from responders.library.model import Fact, Library, Template, Variant
from responders.library.render import MAX_OUTPUT
from responders.library.trial import FILLER, Trial, hostile, longest, trials
from responders.library.vocabulary import HISTORY
from responders.ports import VoiceCheck
from responders.types import Author, Context, Level, Post, Wording
from responders.voice import default_checks

MAX_WORDS = 60
CHECKED = {
    "no-link": ("L11", "take it from facts.yaml, by a slot with from: facts.NAME"),
    "no-invention": ("L11", "take it from facts.yaml, by a slot with from: facts.NAME"),
    "no-promo-word": ("L12", "leave it out"),
    "no-task": ("L12", "ask about their own doing instead, or leave it out"),
    "no-promise": ("L13", "leave it out; what will be done is a manager's to type (from: ask_approver)"),
    "no-borrowed-life": ("L14", "leave it out; what somebody felt or did is a manager's to type (from: ask_approver)"),
    "honest-identity": ("L14", "leave it out; only the answer to are_you_a_bot says who writes"),
    "no-stock-phrase": ("L15", "say it as you would to one person, or leave it out"),
    "no-cheer": ("L15", "end with a full stop, and leave jokes and emoji to glad news"),
    "no-blame": ("L16", "say it without blame, and no 'but' after sorry"),
    "no-mass-ping": ("L19", "leave it out"),
}
"""Check -> its code and the way out. The other checks need a real post; the card shows their result."""
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_QUOTED = re.compile(r"[\"\u201c]([^\"\u201c\u201d]+)[\"\u201d]|\(([^()]+)\)")
_MARKUP = re.compile(r"\*\*|__|~~|\|\||`|</?[a-z]+[^>]*>|\]\(|<[@#:]|(?m:^[^\S\n]*(?:#{1,3}|>|[-*]) )")
_SPECIAL_PLACE = re.compile(r"[@#/<\[\\]\{\{[^}]*\}\}")
_PLACEHOLDER = re.compile(r"\b(?:None|undefined)\b")
_TAGS = re.compile(r"\{[{%#][^{]*?[}%#]\}")
_EXCLAIMS = re.compile(r"[!\uff01\u00a1]")


def wording_faults(library: Library) -> Iterator[Fault]:
    """All faults in the fixed words, each once, at the line of the words."""
    shipped = default_checks(library.word_lists) if library.word_lists.keys() >= {"gates", "promo"} else ()
    used = [check for check in shipped if check.id in CHECKED]
    post = _post(library.facts)
    for template in library.templates:
        for variant in template.variants:
            found = dict.fromkeys(_problems(library, partial(_checked, used, post), template, variant))
            yield from (_fault(template, variant, *problem) for problem in found)


Problem = tuple[str, str, str]
"""Code, the words at fault, what is wrong and the way out."""


def _problems(
    library: Library, check: Callable[[Template, Trial], Iterator[Problem]], template: Template, variant: Variant
) -> Iterator[Problem]:
    yield from _in_source(template, variant)
    yield from _too_long(library, template, variant)
    for trial in trials(template, variant, library.facts):
        yield from _left_over(trial)
        yield from check(template, trial)
    for trial in hostile(template, variant):
        yield from _left_over(trial)


def _in_source(template: Template, variant: Variant) -> Iterator[Problem]:
    fixed = _TAGS.sub("", variant.source)
    if found := _MARKUP.search(fixed):
        yield "L19", found.group(), f"{found.group().strip()!r} is markup, which each platform shows in its own way"
    if found := _SPECIAL_PLACE.search(variant.source):
        yield (
            "L19",
            found.group(),
            f"{found.group()!r} can become a mention, a command or a link; put a space or a word",
        )
    if template.handoff and (found := _EXCLAIMS.search(fixed)):
        yield "L15", found.group(), f"{found.group()!r} where a person is to answer; end with a full stop"
    conditions = (template.when, template.unless, variant.when)
    for name in variant.needs:
        if template.slots[name].source.startswith(HISTORY) and not any("fan_history" in part for part in conditions):
            todo = "add when: {fan_history: known}"
            yield "L17", name, f"the slot {name} is remembered history, which a fan must have agreed to; {todo}"


def _too_long(library: Library, template: Template, variant: Variant) -> Iterator[Problem]:
    for trial in longest(template, variant, library.facts):
        words = len(trial.text.split())
        if words > MAX_WORDS:
            yield "L10", "", f"with long slots it has {words} words, over {MAX_WORDS}; say less"
        if len(trial.text) > MAX_OUTPUT:
            yield "L10", "", f"with long slots it has {len(trial.text):,} characters, over {MAX_OUTPUT:,}; say less"


def _left_over(trial: Trial) -> Iterator[Problem]:
    text = _without(trial)
    if brace := next((c for c in text if c in "{}"), None):
        yield "L10", brace, f"a fan would read this {brace}; a slot stands in two: {{{{ slot }}}}"
    if found := _PLACEHOLDER.search(text):
        yield "L10", found.group(), f"{found.group()!r} reads like a slot that failed; use another word"


def _without(trial: Trial) -> str:
    text = trial.text
    for words in sorted(set(trial.words.values()), key=len, reverse=True):
        text = text.replace(words, " ") if words else text
    return text


def _checked(checks: list[VoiceCheck], post: Post, template: Template, trial: Trial) -> Iterator[Problem]:
    quoted = tuple(dict.fromkeys(words for words in trial.words.values() if words))
    wording = Wording(text=trial.text, intent=template.intent, quoted=quoted)
    context = Context(now=_NOON, community="lint", locale=template.locale)
    for check in checks:
        result = check.check(wording, post, context)
        if result.level is not Level.PASS:
            code, todo = CHECKED[check.id]
            at = next((part for match in _QUOTED.finditer(result.note) for part in match.groups() if part), "")
            yield code, at, f"{result.note.rstrip('.')}; {todo}"


def _post(facts: Mapping[str, Fact]) -> Post:
    """A post that names every fact: what a check still finds is the wording's own."""
    named = " ".join(f"{fact.name.replace('_', ' ')} {' '.join(fact.values)}" for fact in facts.values())
    text = f"{FILLER} {named}"
    fan = Author(id="lint", name="lint")
    return Post(platform="lint", channel="lint", external_id="1", author=fan, text=text, at=_NOON)


def _fault(template: Template, variant: Variant, code: str, words: str, message: str) -> Fault:
    at = variant.source.casefold().find(words.casefold()) if words else -1
    line = variant.source_line + (variant.source.count("\n", 0, at) if at > 0 else 0)
    return Fault(file=template.path, line=line, message=f"variant {variant.name}: {message}", code=code)
