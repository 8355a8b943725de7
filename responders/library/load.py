"""From the operators' texts to a library that is valid as a whole, or to all that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

from responders.library.data_files import read_facts, read_intent, read_shipped, read_voice
from responders.library.examples import run
from responders.library.faults import Fault, LibraryFaults
from responders.library.model import Library
from responders.library.template_file import read_template
from responders.library.vocabulary import LOCALE
from responders.library.wordings import wording_faults

_TEMPLATE_DEPTH = 3


def load(texts: Mapping[str, str], shipped: Mapping[str, str]) -> Library:
    """Read, check and try everything; the examples of the templates run too. `lint` tells what could be better.

    `texts`: path below templates/ -> text; files that are none of ours (such as README.md) are ignored.
    `shipped`: file name -> text of the word lists that come with the product.
    Raises `LibraryFaults` with all faults; nothing else, whatever the texts hold.
    """
    faults: list[Fault] = []
    lists = read_shipped(shipped, faults)
    registers = read_voice("voice.yaml", texts.get("voice.yaml", ""), lists, faults)
    facts = read_facts("facts.yaml", texts.get("facts.yaml", ""), faults)
    intents = [read_intent(path, texts[path], faults) for path in sorted(texts) if _is_intent(path)]
    by_name = {intent.name: intent for intent in intents if intent}
    templates = [read_template(path, texts[path], by_name, facts, faults) for path in _templates(texts, faults)]
    library = Library(
        templates=tuple(template for template in templates if template),
        intents=by_name,
        facts=facts,
        word_lists=lists,
        registers=registers,
    )
    if not faults:
        faults += [*run(library), *wording_faults(library)]
    if faults:
        raise LibraryFaults(faults)
    return library


def _is_intent(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return folder == "intents" and name.endswith(".yaml")


def _templates(texts: Mapping[str, str], faults: list[Fault]) -> list[str]:
    """The paths of template files, sorted; a text in a language folder that lies too high or too deep is a fault."""
    found = []
    for path in sorted(texts):
        parts = path.split("/")
        if not path.endswith(".md") or parts[-1].lower() == "readme.md" or len(parts) == 1:
            continue
        if len(parts) == _TEMPLATE_DEPTH:
            found.append(path)
        elif LOCALE.fullmatch(parts[0]):
            message = "move it to <language>/<intent>/<name>.md, as in README.md"
            faults.append(Fault(file=path, line=None, message=message, code="L02"))
    return found
