"""What each of the operators' files is, by its folder and name, and which files a slip of the hand hides."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from responders.library.faults import Fault
from responders.library.vocabulary import LOCALE

FACTS, VOICE, INTENTS, PEOPLE = "facts.yaml", "voice.yaml", "intents", "people"
_TEMPLATE_DEPTH = 3
_TEXTS = (".markdown", ".mdown", ".text", ".txt", ".rtf", ".doc", ".docx", ".odt", ".html", ".yml", ".yaml", ".md")
"""Endings that editors give to a template or a YAML file, in small letters."""

_MOVE = "move it to <language>/<intent>/<name>.md, as in README.md"


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """Paths below templates/, sorted. Files that are not ours are in no list."""

    intents: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = field(default=())


def is_text(name: str) -> bool:
    """True for a file whose name may be a slip for one of ours. It is told rather than ignored."""
    return "." not in name or name.lower().endswith(_TEXTS)


def placed(paths: Iterable[str]) -> Placed:
    """Sort the paths, with a fault for each file or folder that is nearly in its place."""
    intents: list[str] = []
    templates: list[str] = []
    notices: list[str] = []
    faults: dict[str, Fault] = {}
    for path in sorted(paths):
        folder, _, name = path.rpartition("/")
        if name.lower().startswith("readme"):
            continue
        if problem := _problem(path.split("/")):
            where, message = problem
            faults.setdefault(where, Fault(file=where, line=None, message=message, code="L02"))
        elif folder == INTENTS:
            intents.append(path)
        elif name.endswith(".md") and path.count("/") == _TEMPLATE_DEPTH - 1:
            (notices if folder.endswith(f"/{PEOPLE}") else templates).append(path)
    return Placed(
        intents=tuple(intents),
        templates=tuple(templates),
        notices=tuple(notices),
        faults=tuple(faults.values()),
    )


def cause(path: str) -> str:
    """What a file was meant to be, whatever its case and ending: intents/Wish.yml is intents/wish."""
    folder, _, name = path.casefold().rpartition("/")
    stem = name.partition(".")[0]
    return f"{INTENTS}/{stem}" if _is_intents(folder.partition("/")[0]) else f"{folder}/{stem}".strip("/")


def _problem(parts: list[str]) -> tuple[str, str] | None:
    """What the slip is, and what to do; None for a file in its place or not ours."""
    top, name, path = parts[0], parts[-1], "/".join(parts)
    if len(parts) == 1:
        if name.lower().endswith(".md"):
            return path, _MOVE
        meant = _meant(name, (FACTS, VOICE))
        return (path, f"nothing reads this file; if it is {meant}, give it that name") if meant else None
    if _is_intents(top):
        return _intents_problem(parts)
    if LOCALE.fullmatch(top.casefold()):
        return _language_problem(parts)
    if top == "templates":
        return top, "there is a second templates folder in this one; move what it holds one folder up"
    return None


def _intents_problem(parts: list[str]) -> tuple[str, str] | None:
    top, name, path = parts[0], parts[-1], "/".join(parts)
    if top != INTENTS:
        return top, f"the folder of the intents is called {INTENTS}; rename it"
    if len(parts) > 2:  # noqa: PLR2004 - intents/<name>.yaml
        return path, f"nothing reads it there; move it to {INTENTS}/"
    if not name.endswith(".yaml"):
        return path, f"an intent's file ends in .yaml; call it {_stem(name)}.yaml"
    if _stem(name) == PEOPLE:
        return path, f"the folder {PEOPLE} is for words that are no reply; give the intent another name"
    return None


def _language_problem(parts: list[str]) -> tuple[str, str] | None:
    top, name, path = parts[0], parts[-1], "/".join(parts)
    if top != top.casefold():
        return top, f"a language's folder has two small letters; call it {top.casefold()}"
    if not name.endswith(".md"):
        if not is_text(name):
            return None
        if name.lower().endswith((".yaml", ".yml")):
            return path, f"nothing reads it there; intents stand in {INTENTS}/, and {FACTS} beside the languages"
        return path, f"a template's file ends in .md; call it {_stem(name)}.md, or move it out of the folder {top}"
    if len(parts) != _TEMPLATE_DEPTH:
        return path, _MOVE
    return None


def _is_intents(folder: str) -> bool:
    return folder.casefold() in {INTENTS, INTENTS.removesuffix("s")}


def _stem(name: str) -> str:
    """The name without the endings that editors add: wish for Wish.YAML.txt."""
    stem = name.casefold()
    while ending := next((e for e in _TEXTS if stem.endswith(e)), None):
        stem = stem.removesuffix(ending)
    return stem


def _meant(name: str, known: Collection[str]) -> str | None:
    """The known file that it was meant to be; None for that file itself and for a stranger."""
    if name in known or not is_text(name):
        return None
    near = get_close_matches(_stem(name), [_stem(one) for one in known], n=1, cutoff=0.85)
    return f"{near[0]}.yaml" if near else None
