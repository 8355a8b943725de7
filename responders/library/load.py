"""From the operators' texts to a valid library, or to a list of all faults."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from responders.library.data_files import read_facts, read_intent, read_shipped, read_voice
from responders.library.entries import cleared
from responders.library.faults import Fault, LibraryFaults
from responders.library.model import Fact, Library, Template, Variant
from responders.library.notices import read_notice
from responders.library.pitfalls import Languages, double_meanings, left_over, wrong_words
from responders.library.placing import FACTS, INTENTS, VOICE, Placed, cause, placed
from responders.library.template_file import read_template
from responders.library.vocabulary import FACTS as TAKEN
from responders.library.vocabulary import NAME, did_you_mean
from responders.library.wordings import wording_faults

_NAMED = 8
"""The most facts that are named when none matches."""


def load(
    texts: Mapping[str, str],
    shipped: Mapping[str, str],
    languages: Languages | None = None,
    *,
    known: Collection[str] = (),
) -> Library:
    """Read and check everything. The examples run later, once there is a reader (`examples.run`); `lint` gives the
    warnings.

    `texts`: path below templates/ -> text; files that are not ours (such as README.md) are ignored. `shipped`: file
    name -> text of the word lists that come with Greenroom. `languages` tells the language of a wording. `known`:
    files whose wordings were checked before.

    Raises `LibraryFaults` with all faults, except those that only follow from another; nothing else, whatever the
    texts hold.
    """
    own = placed(texts)
    faults = [*own.faults]
    read = _readable(texts, [FACTS, VOICE, *own.intents, *own.templates, *own.notices], faults)
    lists = read_shipped(shipped, faults)
    registers = read_voice(VOICE, read.get(VOICE, ""), lists, faults)
    facts = read_facts(FACTS, read.get(FACTS, ""), faults)
    intents = [read_intent(path, read[path], faults) for path in own.intents if path in read]
    by_name = {intent.name: intent for intent in intents if intent}
    templates = [read_template(path, read[path], by_name, facts, faults) for path in own.templates if path in read]
    notices = [read_notice(path, read[path], faults) for path in own.notices if path in read]
    _known_registers(templates, registers, faults)
    library = Library(
        templates=tuple(template for template in templates if template),
        intents=by_name,
        notices=tuple(notice for notice in notices if notice),
        facts=facts,
        word_lists=lists,
        registers=registers,
    )
    faulty = {fault.file for fault in faults}
    worded = (*library.templates, *library.notices)
    new = replace(library, templates=tuple(t for t in worded if t.path not in known))
    faults += [*wrong_words(new, languages), *double_meanings(library, read)]
    if not faulty & {FACTS, VOICE, *shipped}:
        told = {_wording(fault) for fault in faults}
        garbled = {fault.file for fault in faults if fault.code == "L29"}  # its words are not what was written
        sound = replace(new, templates=tuple(t for t in new.templates if t.path not in garbled))
        faults += (fault for fault in wording_faults(sound) if _wording(fault) not in told)
    if faults:
        if not facts and (taken := _facts_taken(library)) and cause(FACTS) not in map(cause, faulty):
            faults.append(_no_facts(taken))
        raise LibraryFaults(_causes(faults, own, _sound(facts, registers)))
    return library


def _facts_taken(library: Library) -> list[str]:
    """The names of the facts that templates use."""
    slots = (slot for template in library.templates for slot in template.slots.values())
    return sorted({slot.source.removeprefix(TAKEN) for slot in slots if slot.source.startswith(TAKEN)})


def _no_facts(taken: list[str]) -> Fault:
    more = f" and {len(taken) - _NAMED} more" if len(taken) > _NAMED else ""
    names = ", ".join(taken[:_NAMED])
    message = f"{FACTS} is empty (or not there); templates take from it: {names}{more}; write each as NAME: its words"
    return Fault(file=FACTS, line=None, message=message, code="L05")


def _wording(fault: Fault) -> tuple[str, str]:
    """Which wording a fault is about. If it was never meant to go out, it needs no second look."""
    return fault.file, fault.message.partition(": ")[0]


def _readable(texts: Mapping[str, str], paths: Iterable[str], faults: list[Fault]) -> dict[str, str]:
    """The texts that hold one version of a file, without invisible characters."""
    found = {}
    for path in paths:
        if path not in texts:
            continue
        if fault := left_over(path, texts[path]):
            faults.append(fault)
        else:
            found[path] = cleared(path, texts[path], faults)
    return found


def _sound(facts: Mapping[str, Fact], registers: Mapping[str, str]) -> set[str]:
    """Files that could be read. A name that they lack is missing indeed, whatever else is wrong in them."""
    named = bool(facts) and all(NAME.fullmatch(name) for name in facts)
    return {cause(file) for file, read in ((FACTS, named), (VOICE, bool(registers))) if read}


def _causes(faults: list[Fault], own: Placed, sound: set[str]) -> list[Fault]:
    """Each fault once, without those that only follow from a file that could not be read."""
    broken = {cause(fault.file) for fault in faults if not fault.follows} - sound
    if not own.intents and INTENTS not in broken and any(fault.follows.startswith(INTENTS) for fault in faults):
        message = "there are no intents; `greenroom init DIR` writes those to start from"
        faults = [*faults, Fault(file=INTENTS, line=None, message=message, code="L02")]
        broken.add(INTENTS)

    def follows(fault: Fault) -> bool:
        return bool({cause(fault.follows), fault.follows.partition("/")[0]} & broken)

    return list(dict.fromkeys(fault for fault in faults if not (fault.follows and follows(fault))))


def _known_registers(templates: Iterable[Template | None], registers: Mapping[str, str], faults: list[Fault]) -> None:
    """Note each register in a `when:` or `unless:` that voice.yaml does not have."""
    for template in filter(None, templates):
        places: list[tuple[Template | Variant, int]] = [(template, 1), *((v, v.line) for v in template.variants)]
        for place, line in places:
            named = {*place.when.get("register", ()), *place.unless.get("register", ())}
            for name in sorted(named - {*registers, "default"}):
                message = f"voice.yaml has no register {name}{did_you_mean(name, registers)}; add it there"
                faults.append(Fault(file=template.path, line=line, message=message, code="L05", follows=VOICE))
