"""Edits become wordings: with slots where a fan's words stood, or not at all."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import shipped_texts
from bot.domain import Proposed
from bot.insights.patches import Files, Unfit, as_wording, differences, mark, patched
from bot.insights.wordings import Became
from bot.store.wordings import Edit
from responders.library.load import load
from responders.library.model import Library

INTENT = """\
meaning: Somebody is unhappy.
action: draft
priority: 50
examples: {en: [my save is gone, it crashed, I am so annoyed]}
"""
LOST = """\
---
answers_to: [my save is gone after the update, "40 hours, all lost", level one again]
slots:
  name: {from: fan.call_name}
  work: {from: post.detail.work, required: true}
  who: {from: approver.first_name, required: true}
---
## variant: plain
Losing {{ work }} is awful{% if name %}, {{ name }}{% endif %}. I'm so sorry.
## variant: signed
That should never happen to {{ work | cap }}. {{ who }}
## variant: short
That is awful, and I am really sorry about your evening.
"""
KEY = "en/complaint/lost_progress"


@pytest.fixture(scope="module")
def library() -> Library:
    texts = {"intents/complaint.yaml": INTENT, f"{KEY}.md": LOST}
    return load(texts, shipped_texts())


SLOTS = {"name": "Ida", "work": "your harbor"}
POST = "my harbor of forty levels vanished on Tuesday, Rolf saw it too and the goats went with it"


def edit(
    library: Library, sent: str, variant: str = "plain", *, slots: dict[str, str] | None = None, post: str = POST
) -> Edit:
    source = next(v.source for v in library.by_key[KEY].variants if v.name == variant)
    return Edit(
        draft_id="d",
        template=KEY,
        variant=variant,
        proposed=Proposed(text="…", source=source, slots=SLOTS if slots is None else slots),
        sent=sent,
        by="mara",
        post=post,
        names=("Ida Berg", "Rolf"),
        around=(post,),
    )


def made(library: Library, sent: str, variant: str = "plain", **more: object) -> str:
    return as_wording(edit(library, sent, variant, **more), library.by_key[KEY], files(library))  # type: ignore[arg-type]


def files(library: Library) -> Files:
    plain = ["We are on it. It is really not that."]
    return Files(library, ["Mara Lind"], lambda locale: plain if locale == "en" else ())


@pytest.mark.parametrize(
    ("sent", "wording"),
    [
        (
            "Losing your harbor is awful, Ida. We are looking into it.",
            "Losing {{ work }} is awful{% if name %}, {{ name }}{% endif %}. We are looking into it.",
        ),
        ("Your harbor deserves better. I'm sorry.", "{{ work | cap }} deserves better. I'm sorry."),
        (
            "That is awful Ida. I'm sorry about your harbor.",
            "That is awful{% if name %} {{ name }}{% endif %}. I'm sorry about {{ work }}.",
        ),
        ("Losing everything is awful. I'm so sorry.", "Losing everything is awful. I'm so sorry."),
        ("That is awful.\nI'm really sorry.", "That is awful.\nI'm really sorry."),
    ],
)
def test_words_of_slots_become_slots_again(library: Library, sent: str, wording: str) -> None:
    assert made(library, sent) == wording


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("That is awful, Berg.", "name"),  # the rest of the fan's name
        ("That is awful, Rolf saw it.", "name"),  # somebody else of the thread
        ("I'm sorry. Mara", "name"),  # who decided
        ("Ask @keeper about it.", "account"),
        ("I'm sorry about the goats.", "goats"),  # a thing of theirs
        ("I'm sorry about Tuesday.", "Tuesday"),
        ("I'm sorry that your harbors vanished.", "vanished"),
        ("I'm sorry, the harbor is not lost.", "harbor"),  # half of what the slot said
        ("Sorry {{ name }}", "brackets"),
        ("Sorry {% if %}", "brackets"),
        ("Ida, I'm so sorry.", "not whole"),  # without a name it would begin with a comma
        ("Ida", "not whole"),
    ],
)
def test_words_of_a_fan_are_not_offered(library: Library, sent: str, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        made(library, sent)


def test_numbers_of_the_fan_are_not_offered(library: Library) -> None:
    with pytest.raises(Unfit, match="40"):
        made(library, "I'm sorry about your 40 hours.", post="40 hours gone", slots={})


def test_common_words_are_no_quote_until_they_stand_in_a_row(library: Library) -> None:
    post = "that is awful and I am sorry"
    assert made(library, "I am sorry. That is awful.", post=post, slots={}) == "I am sorry. That is awful."
    with pytest.raises(Unfit, match="repeats"):
        made(library, "So, awful and I am sorry.", post=post, slots={})
    own = "That is awful, and I am really sorry about your evening. Truly."
    assert made(library, own, "short", post="that is awful, and I am really sorry about it", slots={}) == own


def test_who_signs_becomes_a_slot(library: Library) -> None:
    slots = {"work": "your harbor", "who": "Mara"}
    text = made(library, "Your harbor is back soon. Mara", "signed", slots=slots)
    assert text == "{{ work | cap }} is back soon. {{ who }}"


def test_a_name_that_is_a_plain_word_is_still_a_name(library: Library) -> None:
    fan = replace(edit(library, "I'm sorry about that, Evening.", slots={}), names=("Evening",))
    with pytest.raises(Unfit, match="name"):
        as_wording(fan, library.by_key[KEY], files(library))
    fan = replace(fan, sent="I'm sorry about your evening.")
    assert as_wording(fan, library.by_key[KEY], files(library)) == fan.sent


@given(
    name=st.text(st.characters(categories=("L",)), min_size=2, max_size=12),
    word=st.text(st.characters(categories=("L", "N")), min_size=2, max_size=12),
    before=st.sampled_from(["That is awful", "I'm so sorry", "I am really sorry about your evening"]),
    behind=st.sampled_from([", {}.", " {}!", ". {}", " ({})", " about {}."]),
)
def test_no_word_of_a_fan_gets_into_a_wording(library: Library, name: str, word: str, before: str, behind: str) -> None:
    known = files(library).words(library.by_key[KEY])
    for theirs in (name, word):
        sent = before + behind.format(theirs)
        post = f"look, {word}, it is gone"
        one = replace(
            edit(library, sent, slots={"name": name, "work": "your harbor"}, post=post), names=(name,), around=(post,)
        )
        try:
            text = as_wording(one, library.by_key[KEY], files(library))
        except Unfit:
            continue
        said = {w.casefold() for w in re.findall(r"\w+", re.sub(r"{{.*?}}|{%.*?%}", " ", text))}
        assert theirs.casefold() not in said or theirs.casefold() in known


# --- which wordings, and what is put together


def became(**more: object) -> Became:
    counts = {"template": KEY, "variant": "plain", "known": True, "proposed": 6, "edited": 4, "as_it_is": 2, **more}
    return Became(**counts)  # type: ignore[arg-type]


FIRST = "Losing your harbor is awful, Ida. We are looking into it."
NEARLY = "Losing your harbor is awful, Ida. We are looking into it!"
OTHER = "I'm really sorry."


def offered(library: Library, sent: list[str], became_: Became | None = None, settled: frozenset[str] = frozenset()):
    return patched([became_ or became()], [edit(library, text) for text in sent], library, settled, files(library))


def test_alike_edits_are_one_patch_and_the_most_frequent_stands_first(library: Library) -> None:
    (one,) = offered(library, [OTHER, NEARLY, FIRST, FIRST, "I'm sorry about the goats."])
    first, second = one.patches
    assert (first.number, second.number) == (3, 1)
    assert first.new == "Losing {{ work }} is awful{% if name %}, {{ name }}{% endif %}. We are looking into it."
    assert first.old == library.by_key[KEY].variants[0].source
    assert second.new == OTHER
    (left,) = one.not_offered
    assert (left.number, "goats" in left.why) == (1, True)


def test_a_wording_needs_three_edits_and_as_many_as_went_out_as_they_were(library: Library) -> None:
    assert offered(library, [FIRST, FIRST]) == []
    assert offered(library, [FIRST] * 3, became(edited=3, as_it_is=4)) == []
    assert offered(library, [FIRST] * 3, became(edited=3, as_it_is=3))
    assert offered(library, [FIRST] * 3, became(template="assistant", variant="some-model")) == []


def test_what_was_settled_does_not_come_back(library: Library) -> None:
    (one,) = offered(library, [FIRST, FIRST, NEARLY, OTHER])
    first, second = one.patches
    (one,) = offered(library, [FIRST, FIRST, NEARLY, OTHER, NEARLY], settled=first.covers)
    assert [patch.id for patch in one.patches] == [second.id]
    assert offered(library, [FIRST, FIRST, NEARLY, OTHER], settled=first.covers | second.covers) == []
    assert mark(KEY, "plain", first.new) in first.covers


def test_what_stands_in_the_file_already_is_not_offered(library: Library) -> None:
    short = library.by_key[KEY].variants[2].source
    (one,) = offered(library, [short, short, short, OTHER])
    assert [patch.new for patch in one.patches] == [OTHER]


def test_edits_of_an_older_text_do_not_count(library: Library) -> None:
    old = [replace(edit(library, FIRST), proposed=Proposed(text="x", source="An older text."))] * 3
    assert patched([became()], old, library, frozenset(), files(library)) == []


def test_differences_are_told_word_by_word() -> None:
    found = differences("That is awful. I'm so sorry.", "That is really awful.\nI'm sorry.")
    assert [(kind, words) for kind, words, _ in found] == [
        ("same", "That is"),
        ("new", "really"),
        ("same", "awful.\nI'm"),
        ("gone", "so"),
        ("same", "sorry."),
    ]


def test_texts_with_little_in_common_stand_one_after_the_other() -> None:
    found = differences("So glad you like it. Thank you!", "We show it to the team.")
    assert [(kind, words) for kind, words, _ in found] == [
        ("gone", "So glad you like it. Thank you!"),
        ("new", "We show it to the team."),
    ]


@given(st.text(max_size=80), st.text(max_size=80))
def test_differences_hold_every_word_of_both(old: str, new: str) -> None:
    found = differences(old, new)
    assert "".join(w + s for kind, w, s in found if kind != "gone").split() == new.split()
    gone = "".join(w + s for kind, w, s in found if kind == "gone").split()
    assert all(gone.count(word) <= old.split().count(word) for word in gone)
