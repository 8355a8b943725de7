"""A template's examples are its tests. They run before a set of templates goes live, with the reader that will read
posts.

`given` names the post. It may also name what would otherwise be read in it or around it: `slots`, and any field of
`when`. Everything else is read in the post or is plain (a first post, at noon, to nobody).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from responders.library.conditions import read_values
from responders.library.entries import Entry
from responders.library.faults import Fault
from responders.library.model import Example, Library, Template
from responders.library.offers import offers, situation, sources
from responders.library.render import RenderFailed, preview
from responders.library.vocabulary import CREDIT, WHEN_FIELDS
from responders.types import Author, Candidate, Context, Credit, Post, Recipe, Understanding
from responders.understanding.answers import sure_answer
from responders.understanding.normalise import bare

Understand = Callable[[Post, Context], Understanding]
"""What is read in a post: `Pipeline.understand`."""
_EXPECT = ("offered", "contains", "absent", "max_words", "max_questions")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""When the posts of examples are written."""
_SAME_POST = "answers the same post"


def read_examples(entry: Entry | None, slots: Collection[str] | None) -> tuple[Example, ...]:
    """The `examples:` of a template. `slots`: their names; None when they are not known."""
    if entry is None:
        return ()
    examples = tuple(_read_example(item, slots) for item in entry.sequence())
    if not examples:
        entry.fault("there are no examples; give at least one post and what to expect for it")
    return examples


def _read_example(entry: Entry, slots: Collection[str] | None) -> Example:
    parts = entry.mapping(("given", "expect"))
    given = parts["given"].mapping(("post", "slots", *WHEN_FIELDS)) if "given" in parts else {}
    expect = parts["expect"].mapping(_EXPECT) if "expect" in parts else {}
    if "post" not in given or not expect:
        entry.fault(
            'write an example as {given: {post: "what a fan writes"}, expect: {contains: [words of the reply]}}'
        )
    words = given["slots"].mapping(slots) if "slots" in given else {}
    return Example(
        given={
            "post": given["post"].text() if "post" in given else "",
            "slots": {name: place.text() for name, place in words.items()},
            "situation": {name: read_values(name, place) for name, place in given.items() if name in WHEN_FIELDS},
        },
        expect={name: _read_expectation(name, place) for name, place in expect.items()},
        line=entry.line,
    )


def _read_expectation(name: str, place: Entry) -> object:
    if name == "offered":
        return place.flag()
    return place.number() if name.startswith("max_") else place.texts()


def run(library: Library, understand: Understand) -> Iterator[Fault]:
    """A fault for each expectation that a template does not meet."""
    for template in library.templates:
        told = set[str]()
        for example in template.examples:
            for problem in _problems(library, template, example, understand):
                if (what := problem.partition("; ")[2]) in told:  # the file is a copy: the other takes all its posts
                    continue
                if _SAME_POST in what:
                    told.add(what)
                yield Fault(file=template.path, line=example.line, message=f"the example fails: {problem}", code="L09")


def offered(library: Library, template: Template, example: Example, understand: Understand) -> Iterator[Candidate]:
    """What the template says to the example's post. An FAQ answer is tried only if its question is read; any other
    template as if its situation were certain. The author of an answer has said yes."""
    text = example.given["post"]
    fan = Author(id="example", name="example")
    post = Post(platform="example", channel="example", external_id="1", author=fan, text=text, at=NOON)
    context = Context(now=NOON, community="example", locale=template.locale)
    given = {name: frozenset(values) for name, values in example.given["situation"].items()}
    read = understand(post, context)
    if template.is_faq and sure_answer(read.faq) != template.key:
        return
    if "details" in given:
        read = replace(read, details=())
    read = replace(read, intent=template.intent, language=template.locale)
    known = sources(library.facts, post, context, read)
    known |= {template.slots[name].source: words for name, words in example.given["slots"].items()}
    credit = Credit(**{part.removeprefix(CREDIT): words for part, words in known.items() if part.startswith(CREDIT)})
    credits = {template.credit: credit} if template.credit else {}
    yield from offers(template, {**situation(post, context, read), **given}, known, credits)


def typed(recipe: Recipe, example: Example) -> tuple[dict[str, str], str | None]:
    """What the example's manager types, and the first name that signs."""
    words: Mapping[str, str] = example.given["slots"]
    signer = next((words[name] for name in recipe.signers if name in words), None)
    return {name: words.get(name, "...") for name in recipe.asks}, signer


def _problems(library: Library, template: Template, example: Example, understand: Understand) -> Iterator[str]:
    candidates = tuple(offered(library, template, example, understand))
    expected = example.expect.get("offered", True)
    if bool(candidates) != expected:
        todo = _todo(library, template, example) if expected else "add a condition, or make a slot required"
        yield f"a reply is {'not ' if expected else ''}offered to {example.given['post'][:60]!r}; {todo}"
        return
    for candidate in candidates:
        if candidate.recipe is None:
            continue
        try:
            text = preview(candidate.recipe, *typed(candidate.recipe, example))
        except RenderFailed as failed:
            yield f"variant {candidate.variant}: {failed}"
            continue
        for problem in _unmet(example.expect, text):
            yield f"variant {candidate.variant} {problem}; it says {text[:200]!r}"


def _todo(library: Library, template: Template, example: Example) -> str:
    words = bare(example.given["post"])
    others = (t for t in library.templates if t is not template and t.locale == template.locale)
    taken = next((t.path for t in others if words in map(bare, t.answers_to)), None)
    return f"{taken} {_SAME_POST}; keep it in one of them" if taken else "check its slots and conditions"


def _unmet(expect: Mapping[str, Any], text: str) -> Iterator[str]:
    folded = text.casefold()
    yield from (f"lacks {word!r}" for word in expect.get("contains", ()) if not _has(folded, word))
    yield from (f"has {word!r}" for word in expect.get("absent", ()) if _has(folded, word))
    for name, counted in (("max_words", len(re.findall(r"\S+", text))), ("max_questions", text.count("?"))):
        if counted > expect.get(name, counted):
            yield f"has {counted} {name.removeprefix('max_')}, over {expect[name]}"


def _has(folded: str, words: str) -> bool:
    """True when the words stand there from the start of a word: "our" is not in "your", but "http" is in "https"."""
    start = r"(?<!\w)" if words[:1].isalnum() else ""
    return re.search(start + re.escape(words.casefold()), folded) is not None
