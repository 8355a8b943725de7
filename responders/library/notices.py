"""Notices: operators' words for what is no reply, such as a question to a fan: `<language>/people/<notice>.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from responders.library.document import Section, sections
from responders.library.entries import clean
from responders.library.faults import Fault
from responders.library.model import Library, Slot, Template, Variant
from responders.library.placing import PEOPLE
from responders.library.render import RenderFailed, render
from responders.library.template_file import no_language, read_variants
from responders.library.vocabulary import did_you_mean
from responders.types import Recipe

NOTICES: Mapping[str, tuple[str, ...]] = {
    "ask_stage": (),
    "ask_answer": (),
    "ask_introduction": ("thing",),
    "credit_helper": ("name",),
    "stage_post": ("name", "work", "incentive", "link"),
    "introduction": ("first", "second", "thing"),
    "told_back_done": ("topic", "reason"),
    "told_back_planned": ("topic", "reason"),
    "told_back_not_planned": ("topic", "reason"),
}
"""Notice -> its slots. Each of its wordings has a place for each slot, so that no name, no reason and no incentive is
left unsaid."""
OPTIONAL = frozenset({"name", "reason", "incentive", "link"})
"""Slots that may be empty. The caller gives words for all others."""
LONGEST = 1000
"""Characters of a slot; what is longer is cut, because a message on Discord has 2,000."""
_FALLBACK = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """One wording of a notice, filled in."""

    text: str
    template: str
    """`<language>/people/<notice>`."""
    variant: str


def speak(library: Library, notice: str, language: str, slots: Mapping[str, str], used: Sequence[str]) -> list[Spoken]:
    """The wordings of a notice in a language, else in English; those that were not `used` lately come first.

    `used`: variants, the newest first. A slot that is not given is empty. Nothing is found only if the library has
    the notice in neither language. Raises KeyError for an unknown notice.
    """
    words = {name: _cut(slots.get(name, "").strip()) for name in NOTICES[notice]}
    found = {one.locale: one for one in library.notices if one.id == notice}
    template = found.get(language) or found.get(_FALLBACK)
    if template is None:
        return []
    ages = {variant: age for age, variant in reversed([*enumerate(used)])}
    oldest_first = sorted(template.variants, key=lambda variant: -ages.get(variant.name, len(used)))
    return [*_spoken(template, oldest_first, words)]


def _spoken(template: Template, variants: Sequence[Variant], words: Mapping[str, str]) -> Iterator[Spoken]:
    for variant in variants:
        try:
            text = render(Recipe(source=variant.source, slots=words, locale=template.locale))
        except RenderFailed:  # such as one that has a long slot in several places
            continue
        yield Spoken(text=text, template=template.key, variant=variant.name)


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def read_notice(path: str, text: str, faults: list[Fault]) -> Template | None:
    """The notice in `<language>/people/<notice>.md`. None when it has no place or no wording; else look into
    `faults`."""
    locale, _, file_name = path.split("/")
    notice = file_name.removesuffix(".md")
    if fault := no_language(locale) or _unknown(path, notice):
        faults.append(fault)
        return None
    cleaned = clean(path, text, faults)
    if cleaned is None:
        return None
    before = len(faults)
    slots = {
        name: Slot(name=name, source=f"{PEOPLE}.{name}", required=name not in OPTIONAL) for name in NOTICES[notice]
    }
    cut = [_unconditional(path, section, faults) for section in _sections(path, cleaned, faults)]
    variants = read_variants(path, cut, slots, frozenset(), faults, given=True)
    if not variants and len(faults) == before:
        message = "there is no variant; write ## variant: NAME and the wording under it"
        faults.append(Fault(file=path, line=1, message=message, code="L01"))
    if len(faults) == before:
        faults.extend(_unsaid(path, variants, slots))
    return Template(
        key=path.removesuffix(".md"),
        path=path,
        id=notice,
        intent=PEOPLE,
        locale=locale,
        variants=variants,
        slots=slots,
        examples=(),
    )


def _unknown(path: str, notice: str) -> Fault | None:
    if notice in NOTICES:
        return None
    message = f"nothing says {notice}{did_you_mean(notice, NOTICES)}; the files here are: {', '.join(NOTICES)}"
    return Fault(file=path, line=None, message=message, code="L02")


def _sections(path: str, text: str, faults: list[Fault]) -> tuple[Section, ...]:
    lines = text.split("\n")
    if lines[0].strip() != "---":
        return sections(path, lines, 0, faults)
    message = "this file has no front matter; begin it with ## variant: NAME"
    faults.append(Fault(file=path, line=1, message=message, code="L01"))
    return ()


def _unconditional(path: str, section: Section, faults: list[Fault]) -> Section:
    if not section.conditions.strip():
        return section
    message = f"variant {section.name}: there is no post to compare with here; take the condition out"
    faults.append(Fault(file=path, line=section.line + 1, message=message, code="L01"))
    return replace(section, conditions="")


def _unsaid(path: str, variants: Sequence[Variant], slots: Mapping[str, Slot]) -> Iterator[Fault]:
    """L03: a wording that would leave out what somebody typed, or what must be said with it."""
    for variant in variants:
        for name in (name for name in slots if name not in variant.needs):
            message = f"variant {variant.name}: {{{{ {name} }}}} is left out; each wording here has a place for it"
            yield Fault(file=path, line=variant.source_line, message=message, code="L03")
