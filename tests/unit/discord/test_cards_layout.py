"""Buttons, forms and the look of cards: no card that Discord would refuse, no press that goes astray."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.discord import buttons, forms
from bot.adapters.discord.buttons import BUTTONS, ITEMS, VERBS, Pressed
from bot.adapters.discord.faces import MOST_TEXT, Scene, digest, face, fingerprint, typed
from bot.adapters.surface.words import settled
from bot.settings import Manager
from tests.unit.cards import DRAFT, delivery
from tests.unit.cards import card as neutral_card

SCENE = Scene(name_of=str.title, mention=str.title, link=lambda post: None)
KNOWN = forms.Known(
    managers={f"m{n}": Manager(name="N" * 80) for n in range(40)}, intents=[f"{'i' * 90}{n}" for n in range(40)]
)

card = partial(neutral_card, "discord", "9", "general")


def verbs(view: discord.ui.LayoutView) -> list[str]:
    return [c.custom_id.split(":")[-1] for c in view.walk_children() if isinstance(c, discord.ui.DynamicItem)]


def words(view: discord.ui.LayoutView) -> str:
    return "\n".join(c.content for c in view.walk_children() if isinstance(c, discord.ui.TextDisplay))


def test_every_id_is_taken_by_exactly_one_pattern():
    patterns = [item.__discord_ui_compiled_template__ for item in ITEMS]
    for verb in VERBS:
        custom_id = buttons.button(verb, "x", DRAFT, 999_999_999).custom_id
        assert len(custom_id) <= 100
        assert sum(p.fullmatch(custom_id) is not None for p in patterns) == 1
        assert sum(p.match(custom_id) is not None for p in patterns) == 1
    assert sum(p.fullmatch(buttons.MORE) is not None for p in patterns) == 1


@given(st.from_regex(r"card:[0-9a-f]{15,17}:[0-9]{0,11}:[a-z_]{3,15}\n?", fullmatch=True))
def test_what_a_pattern_takes_is_what_is_read(custom_id):
    taken = [v for v, item in BUTTONS.items() if item.__discord_ui_compiled_template__.fullmatch(custom_id)]
    read = buttons.read(custom_id)
    assert ([read.verb] if read else []) == taken


@given(st.text(max_size=120))
def test_reading_never_stumbles(custom_id):
    assert buttons.read(custom_id) is None
    assert forms.read(custom_id) is None


async def test_a_form_says_which_button_opened_it():
    for verb in VERBS:
        if forms.is_form(verb):
            pressed = Pressed(draft_id=DRAFT, revision=7, verb=verb)
            shown = card(missing_slots=[{"name": "tip", "ask": "What helps?"}], deliveries=[delivery("sent")])
            first, second = (forms.form(pressed, shown, KNOWN) for _ in range(2))
            assert first
            assert second
            assert first.custom_id != second.custom_id
            assert forms.read(first.custom_id) == pressed
            assert first.is_finished(), "the library must not keep it"


def limits(modal: discord.ui.Modal) -> None:
    raw = modal.to_dict()
    assert len(raw["title"]) <= 45
    assert 1 <= len(raw["components"]) <= 5
    for label in raw["components"]:
        assert len(label["label"]) <= 45
        assert len(label.get("description") or "") <= 100
        field = label["component"]
        assert field["required"]
        if field["type"] == 3:
            assert 1 <= len(field["options"]) <= 25
            assert all(len(o["label"]) <= 100 for o in field["options"])
        else:
            assert len(field.get("value") or "") <= field["max_length"] <= 4000


@given(
    name=st.text(max_size=200),
    ask=st.text(min_size=1, max_size=300),
    slots=st.integers(1, 9),
    text=st.text(max_size=2000),
)
def test_forms_keep_to_the_limits(name, ask, slots, text):
    shown = card(
        text=text,
        post={"author": {"id": "1", "name": name}},
        missing_slots=[{"name": f"s{n}", "ask": ask} for n in range(slots)],
        deliveries=[delivery("sent", text="sent " + text[:1000])],
    )
    for verb in ("edit", "fill", "skip", "snooze", "handover", "relabel", "correct"):
        modal = forms.form(Pressed(draft_id=DRAFT, revision=1, verb=verb), shown, KNOWN)
        assert modal
        limits(modal)


def test_a_text_is_never_cut_behind_a_managers_back():
    edit = Pressed(draft_id=DRAFT, revision=1, verb="edit")
    assert forms.form(edit, card(text="x" * 2001), KNOWN) is None
    assert forms.form(edit, card(text="x" * 3501, post={"platform": "telegram"}), KNOWN) is None
    field = forms.form(edit, card(text="x" * 2000), KNOWN)
    assert field
    assert field.to_dict()["components"][0]["component"]["max_length"] == 2000
    view = face(card(text="y" * 2001, post={"platform": "web"}), SCENE)
    assert "send" not in verbs(view)
    assert "edit" in verbs(view)


def test_what_was_filled_in_is_found_wherever_it_stands():
    rows = [
        {"type": 1, "components": [{"type": 4, "custom_id": "text", "value": "a"}]},
        {"type": 18, "component": {"type": 3, "custom_id": "choice", "values": ["60"]}},
        {"type": 18, "component": {"type": 3, "custom_id": "none", "values": []}},
        {"type": 10, "id": 3},
    ]
    assert forms.values(rows) == {"text": "a", "choice": "60"}


STATES = [
    ({}, ["send", "edit", "skip", "snooze", "handover", "relabel"], "Which part?"),
    ({"alternatives": [{}]}, ["send", "edit", "reword", "skip", "snooze", "handover", "relabel"], "Which part?"),
    (
        {"checks": [{"id": "x", "level": "warn", "note": "Long."}]},
        ["sure", "edit", "skip", "snooze", "handover", "relabel"],
        "Long.",
    ),
    (
        {"checks": [{"id": "x", "level": "pass", "note": ""}]},
        ["send", "edit", "skip", "snooze", "handover", "relabel"],
        "Which",
    ),
    (
        {"missing_slots": [{"name": "tip", "ask": "What helps?"}]},
        ["fill", "edit", "skip", "snooze", "handover", "relabel"],
        "Still to fill: What helps?",
    ),
    ({"kind": "handoff", "text": None}, ["open", "edit", "skip", "snooze", "handover", "relabel"], "Needs a person"),
    (
        {"kind": "handoff", "text": None, "risk": ["crisis"]},
        ["open", "edit", "skip", "snooze", "handover"],
        "Somebody may be in danger",
    ),
    ({"state": "snoozed", "snoozed_until": "2026-03-01T13:00:00+00:00"}, ["open"], "Snoozed"),
    (
        {"state": "rejected", "undo_until": "2026-03-01T13:00:00+00:00", "decided_by": "mara"},
        ["undo"],
        "Skipped** · Mara",
    ),
    ({"state": "rejected"}, [], "Skipped"),
    ({"state": "withdrawn", "cause": "answered"}, [], "A teammate has answered"),
    ({"state": "expired", "cause": "too_old"}, [], "waited too long"),
    ({"state": "superseded", "cause": "something new"}, [], "It is over"),
    (
        {"state": "approved", "deliveries": [delivery("held")], "undo_until": "2026-03-01T13:00:00+00:00"},
        ["undo"],
        "Approved",
    ),
    ({"state": "approved", "deliveries": [delivery("sending")]}, [], "on its way"),
    ({"state": "approved", "deliveries": [delivery("held", error="Slow mode.")]}, [], "Slow mode."),
    ({"state": "approved", "deliveries": [delivery("failed", error="No permission.")]}, ["retry"], "No permission."),
    ({"state": "approved", "deliveries": [delivery("uncertain")]}, ["arrived", "lost"], "arrive?"),
    ({"state": "approved", "deliveries": [delivery("sent")]}, ["correct", "remove"], "Sent"),
    ({"state": "approved", "deliveries": [delivery("sent", text=None)]}, ["remove"], "Sent"),
    (
        {"state": "approved", "deliveries": [delivery("sent", "correct"), delivery("sent")]},
        ["correct", "remove"],
        "Corrected",
    ),
    (
        {"state": "approved", "deliveries": [delivery("recalled", "correct"), delivery("sent")]},
        ["correct", "remove"],
        "Sent",
    ),
    ({"state": "approved", "deliveries": [delivery("sent", "remove"), delivery("removed")]}, [], "Removed"),
    (
        {"state": "approved", "deliveries": [delivery("failed", "remove", error="Gone."), delivery("sent")]},
        ["retry"],
        "the removal: Gone.",
    ),
]


@pytest.mark.parametrize(("more", "buttons_", "text"), STATES)
def test_each_state_has_its_buttons_and_words(more, buttons_, text):
    view = face(card(**more), SCENE)
    assert verbs(view) == buttons_
    assert text in words(view)
    labels = [c.item.label for c in view.walk_children() if isinstance(c, discord.ui.DynamicItem)]
    assert all(len(label) <= 34 for label in labels)


@pytest.mark.parametrize(("more", "buttons_", "text"), STATES)
def test_what_is_over_keeps_no_words_of_the_fan(more, buttons_, text):
    shown = words(face(card(**more), SCENE))
    waiting = more.get("state", "waiting") == "waiting"
    assert ("love it" in shown, "Robin" in shown) == (waiting, waiting)


def test_settled_is_what_nothing_happens_to_any_more():
    done = [more for more, _, _ in STATES if settled(card(**more))]
    assert [m.get("cause") or m["deliveries"][0]["state"] for m in done if m["state"] != "rejected"] == [
        "answered",
        "too_old",
        "something new",
        "sent",
        "sent",
        "sent",
        "recalled",
        "sent",
    ]


def test_a_card_is_red_only_in_danger_and_never_black():
    colours = {
        name: face(card(**more), SCENE).children[0].accent_colour  # type: ignore[attr-defined]
        for name, more in {
            "crisis": {"kind": "handoff", "text": None, "risk": ["crisis"]},
            "handoff": {"kind": "handoff", "text": None},
            "draft": {},
        }.items()
    }
    assert len(set(colours.values())) == 3
    assert all(colours.values())


@given(
    text=st.text(max_size=9000),
    name=st.text(max_size=300),
    reply=st.none() | st.text(min_size=1, max_size=4096),
    why=st.text(max_size=600),
    notes=st.lists(st.text(max_size=400), max_size=9),
    said=st.lists(st.text(max_size=3000), max_size=9),
    topic=st.text(max_size=300),
    asks=st.lists(st.text(min_size=1, max_size=400), max_size=9),
)
def test_no_card_is_more_than_discord_takes(text, name, reply, why, notes, said, topic, asks):
    shown = card(
        text=reply,
        kind="draft" if reply else "handoff",
        why=why,
        risk=["crisis", "legal", "minor"],
        checks=[{"id": "x", "level": "warn", "note": note} for note in notes],
        thread=[{"who": "fan", "name": name, "text": t} for t in said],
        missing_slots=[{"name": "s", "ask": ask} for ask in asks],
        alternatives=[{}],
        post={"text": text, "author": {"id": "1", "name": name}, "place": {"name": "x", "topic": topic}},
    )
    view = face(shown, SCENE)
    assert view.content_length() <= MOST_TEXT
    assert view.total_children_count <= 40
    assert all(c.content for c in view.walk_children() if isinstance(c, discord.ui.TextDisplay))
    assert all(c.is_persistent() for c in view.walk_children() if isinstance(c, discord.ui.DynamicItem))
    assert fingerprint(view) == fingerprint(face(shown, SCENE))


@pytest.mark.parametrize("evil", ["*" * 3000, "[a](b)" * 700, "\n" * 3000, "`~|_*>" * 600, "\\" * 3000, "# x\n" * 900])
def test_marks_that_grow_when_they_are_disarmed(evil):
    shown = card(
        text="d" * 2000,
        thread=[{"who": "fan", "name": evil, "text": evil}] * 3,
        post={"text": evil, "author": {"id": "1", "name": evil}, "place": {"name": "x", "topic": evil}},
        checks=[{"id": "x", "level": "warn", "note": evil}] * 9,
        missing_slots=[{"name": "s", "ask": evil}] * 9,
        risk=["crisis", "legal", "minor", "toxic"],
        assigned_to="m" * 80,
        writing="w" * 80,
        why=evil,
    )
    shown["post"]["attachments"] = [{"kind": "image", "url": None, "title": evil}] * 9
    view = face(shown, Scene(name_of=str.title, mention=str.title, link=lambda post: "https://example.org/" + "1" * 90))
    assert view.content_length() <= MOST_TEXT
    assert "\n>" in "\n" + words(view), "the post is on it"


@given(st.text(max_size=4000), st.text(min_size=1, max_size=3500))
def test_what_was_typed_is_given_back_whole(notes, text):
    view = typed(notes or "-", text, buttons.button("edit_anyway", "Send it anyway", DRAFT, 1))
    assert view.content_length() <= MOST_TEXT
    assert words(view).endswith(text)


def test_a_digest_is_short():
    view = digest({"crisis": 1, "complaint": 3}, datetime(2026, 3, 1, tzinfo=UTC), 10)
    assert "**4 more waiting**" in words(view)
    assert "1 crisis, 3 complaint" in words(view)
