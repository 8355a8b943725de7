"""What ships can be said aloud: the shape of the sample community's templates (voice.md)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations

import pytest
from rapidfuzz import fuzz

from responders.builtin.templated import TemplatedResponder
from responders.library.model import Library, Template
from responders.library.render import preview
from responders.types import Candidate, Context, Detail, Level, Post, Understanding, Wording
from responders.voice import default_checks, examine

SPOKEN = ("praise", "question", "complaint", "ugc_shared", "thanks")
DETAILS = ("the paper moths", "a lantern", "the fog", "Keeper's Rest")
POSTS = {
    "praise": "the paper moths are gorgeous, best thing in a long while for me",
    "question": "how do I keep the paper moths from tearing when I fold them twice",
    "complaint": "the paper moths vanished again after the update, third evening lost",
    "ugc_shared": "finished the paper moths for my costume, they took me a whole week",
    "thanks": "thank you, the paper moths work now, that was the missing step",
    "are_you_a_bot": "are you a bot",
}


def said(library: Library, context: Context, post: Callable[[str], Post], intent: str) -> list[Candidate]:
    """Every wording of an intent, with each of the details and without any, with a name and without."""
    responder = TemplatedResponder(library)
    found: dict[tuple[str, str, str], Candidate] = {}
    for detail in (*DETAILS, None):
        details = (Detail(kind="work", text=detail), Detail(kind="thing", text=detail)) if detail else ()
        for name in ("Ida", None):
            around = replace(context, call_name=name)
            reading = Understanding(intent=intent, details=details)
            asked = [POSTS[intent], *(t.asks[0] for t in library.offering(intent, "en") if t.asks)]
            for text in asked:
                for candidate in responder.respond(post(text), around, reading):
                    found[candidate.template, candidate.variant, candidate.text] = candidate
    return list(found.values())


def test_every_variant_is_said(library: Library, context: Context, post: Callable[[str], Post]) -> None:
    reached = {(c.template, c.variant) for intent in POSTS for c in said(library, context, post, intent)}
    assert reached == {(t.key, v.name) for t in library.templates for v in t.variants}


@pytest.mark.parametrize("intent", SPOKEN)
def test_an_intent_has_words_with_and_without_a_detail(library: Library, intent: str) -> None:
    templates = library.offering(intent, "en")
    with_detail = [t for t in templates if any(s.source.startswith("post.detail") for s in t.slots.values())]
    assert with_detail
    assert len(templates) > len(with_detail)
    assert all(len(template.variants) >= 3 for template in templates)
    one_tap = [v for t in templates for v in t.variants if not any(t.slots[n].ask for n in v.needs)]
    assert len(one_tap) >= 2 / 3 * sum(len(t.variants) for t in templates)


@pytest.mark.parametrize("intent", SPOKEN)
def test_no_two_wordings_open_alike_or_are_twins(library: Library, intent: str) -> None:
    sources = [variant.source for template in library.offering(intent, "en") for variant in template.variants]
    openers = Counter(" ".join(source.casefold().split()[:2]) for source in sources if not source.startswith("{{"))
    assert [opener for opener, count in openers.items() if count > 1] == []
    per_file = [[v.source for v in t.variants] for t in library.offering(intent, "en") if not t.asks]
    twins = [pair for file in per_file for pair in combinations(file, 2) if fuzz.ratio(*pair) > 65]
    assert [pair for pair in twins if "{{ answer }}" not in pair[0]] == []


@pytest.mark.parametrize("intent", POSTS)
def test_the_taste_of_the_house(library: Library, context: Context, post: Callable[[str], Post], intent: str) -> None:
    for candidate in said(library, context, post, intent):
        text = candidate.text
        assert not re.match(r"(?:hi|hey|hello|good (?:morning|evening)|thanks for|thank you)\b", text, re.IGNORECASE), (
            text
        )
        assert not re.search(r"!|\u2014|https?:|\bwe\b|\bour\b|\bunfortunately\b", text, re.IGNORECASE), text
        assert re.sub(r"\[.*?\]", "", text).count("?") <= 1, text
        assert len(text.split()) <= 40, text
        assert not re.search(r"[{}]|\bNone\b|  |\s[,.?]", text), text


@pytest.mark.parametrize("intent", POSTS)
def test_every_wording_passes_the_checks(
    library: Library, context: Context, post: Callable[[str], Post], intent: str
) -> None:
    checks = default_checks(library.word_lists)
    for candidate in said(library, context, post, intent):
        wording = Wording(text=candidate.text, intent=intent, quoted=candidate.quoted)
        results = examine(checks, wording, post(POSTS[intent]), context)
        # A short line may go to a long post: a warning is all it gets.
        assert [r for r in results if r.level is not Level.PASS and r.id != "length"] == [], candidate.text


def test_complaints_say_sorry_and_know_no_cause(
    library: Library, context: Context, post: Callable[[str], Post]
) -> None:
    for candidate in said(library, context, post, "complaint"):
        assert "sorry" in candidate.text.casefold()
        assert re.search(r"cause|behind it|don't know why", candidate.text), candidate.text
        assert candidate.text.count("?") == 1


def test_there_is_one_true_answer_to_who_writes(library: Library) -> None:
    (template,) = library.offering("are_you_a_bot", "en")
    assert isinstance(template, Template)
    assert len(template.variants) == 1
    assert [slot.source for slot in template.slots.values()] == ["approver.first_name"]


@pytest.mark.parametrize("name", [*SPOKEN, "are_you_a_bot", "offtopic", "crosstalk", "churn", "legal"])
def test_intents_have_enough_examples(library: Library, name: str) -> None:
    intent = library.intents[name]
    assert len(set(intent.examples["en"])) == len(intent.examples["en"]) >= 20
    assert len(set(intent.examples["de"])) == len(intent.examples["de"]) >= 8
    assert intent.counter_examples["en"]
    assert intent.cues["en"]
    others = {e for other in library.intents.values() if other != intent for e in other.examples["en"]}
    assert not others & set(intent.examples["en"])


def test_recipes_render_as_they_were_shown(library: Library, context: Context, post: Callable[[str], Post]) -> None:
    shown: Mapping[str, Candidate] = {c.text: c for intent in POSTS for c in said(library, context, post, intent)}
    assert [text for text, c in shown.items() if c.recipe is None or preview(c.recipe) != text] == []
