"""Buttons, forms and the look of cards: no card that Discord would refuse, no press that goes astray."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import discord
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.adapters.chat.layout import digest, layout
from bot.adapters.chat.verbs import VERBS, Pressed
from bot.adapters.chat.words import settled
from bot.adapters.discord import buttons, forms
from bot.adapters.discord.render import BUDGET, MOST_TEXT, fingerprint, quoted, render, render_digest, render_refused
from bot.desk.view import CardView
from bot.domain import Alternative
from bot.settings import Manager
from responders.types import Alarm, Attachment, Author, MissingSlot, Place
from tests.unit.cards import DRAFT, LATER, alternative, check, delivery, raised, turn
from tests.unit.cards import card as any_card

KNOWN = forms.Known(
    managers={f"m{n}": Manager(name="N" * 80) for n in range(40)}, intents=[f"{'i' * 90}{n}" for n in range(40)]
)

card = partial(any_card, "discord", "9", "general")


def rendered(view: CardView, link: str | None = None) -> discord.ui.LayoutView:
    return render(layout(view, BUDGET, "discord", str.title), None, link)


def pressable(view: discord.ui.LayoutView) -> list[Any]:
    return [one for one in view.walk_children() if isinstance(one, discord.ui.Button)]


def verbs(view: discord.ui.LayoutView) -> list[str]:
    """With the number of the alternative, where a button names one."""
    return [one.custom_id.split(":", 3)[-1] for one in pressable(view)]


def handed_over(*replies: Alternative, **more: Any) -> CardView:
    """A hand-off with ready replies."""
    return card(**{"kind": "handoff", "text": None, "alternatives": replies, **more})


def words(view: discord.ui.LayoutView) -> str:
    return "\n".join(c.content for c in view.walk_children() if isinstance(c, discord.ui.TextDisplay))


@given(st.sampled_from(VERBS), st.integers(1, 999_999_999), st.sampled_from(["", *"123456789"]))
def test_what_a_button_says_is_what_is_read(verb, revision, choice):
    pressed = Pressed(draft_id=DRAFT, revision=revision, verb=verb, choice=choice)
    custom_id = buttons.custom_id(pressed)
    assert len(custom_id) <= 100
    assert buttons.read(custom_id) == (pressed if not choice or verb in ("send", "reword") else None)
    assert buttons.read(buttons.MORE) is None


@pytest.mark.parametrize("end", ["send:", "send:0", "send:10", "send:1:2", "send:a", "send:1\n", "send1", "skip:1"])
def test_no_other_number_is_read(end):
    assert buttons.read(f"card:{DRAFT}:1:{end}") is None


@given(st.text(max_size=120))
def test_reading_never_stumbles(custom_id):
    assert buttons.read(custom_id) is None
    assert forms.read(custom_id) is None


async def test_the_library_keeps_no_card():
    assert rendered(card()).is_finished()


async def test_a_form_says_which_button_opened_it():
    for verb in VERBS:
        if forms.is_form(verb):
            pressed = Pressed(draft_id=DRAFT, revision=7, verb=verb)
            shown = card(missing=[MissingSlot(name="tip", ask="What helps?")], deliveries=[delivery("sent")])
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
        post={"author": Author(id="1", name=name)},
        missing=[MissingSlot(name=f"s{n}", ask=ask) for n in range(slots)],
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
    view = rendered(card(text="y" * 2001, post={"platform": "web"}))
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
    (
        {"alternatives": [alternative()]},
        ["send", "edit", "reword", "skip", "snooze", "handover", "relabel"],
        "Which part?",
    ),
    (
        {"checks": [check("warn", "Long.")]},
        ["send", "edit", "skip", "snooze", "handover", "relabel"],
        "-# Remark: Long.",
    ),
    (
        {"checks": [check("pass")]},
        ["send", "edit", "skip", "snooze", "handover", "relabel"],
        "Which",
    ),
    (
        {"missing": [MissingSlot(name="tip", ask="What helps?")]},
        ["fill", "edit", "skip", "snooze", "handover", "relabel"],
        "Still to fill: What helps?",
    ),
    ({"kind": "handoff", "text": None}, ["open", "edit", "skip", "snooze", "handover", "relabel"], "Needs a person"),
    (
        {"kind": "handoff", "text": None, "risk": ["crisis"]},
        ["open", "edit", "skip", "snooze", "handover"],
        "Somebody may be in danger",
    ),
    (
        {"kind": "handoff", "text": None, "alternatives": [alternative(), alternative("How odd.")]},
        ["send:1", "send:2", "open", "edit", "skip", "snooze", "handover", "relabel"],
        "**1 as praise:**\nWhat a view.",
    ),
    ({"state": "snoozed", "snoozed_until": LATER}, ["open"], "Snoozed"),
    (
        {"state": "rejected", "undo_until": LATER, "decided_by": "mara"},
        ["undo"],
        "Skipped** · Mara",
    ),
    ({"state": "rejected"}, [], "Skipped"),
    ({"state": "withdrawn", "cause": "answered"}, [], "A teammate has answered"),
    ({"state": "expired", "cause": "too_old"}, [], "waited too long"),
    ({"state": "superseded", "cause": "something new"}, [], "It is over"),
    (
        {"state": "approved", "deliveries": [delivery("held")], "undo_until": LATER},
        ["undo"],
        "Approved",
    ),
    ({"state": "approved", "deliveries": [delivery("sending")]}, [], "on its way"),
    ({"state": "approved", "deliveries": [delivery("held", error="Slow mode.")]}, [], "Slow mode."),
    (
        {"state": "approved", "deliveries": [delivery("failed", error="No permission.")]},
        ["retry", "undo"],
        "No permission.",
    ),
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
    view = rendered(card(**more))
    assert verbs(view) == buttons_
    assert text in words(view)
    labels = [one.label for one in pressable(view)]
    assert all(len(label) <= 34 for label in labels)


@pytest.mark.parametrize(("more", "buttons_", "text"), STATES)
def test_what_is_over_keeps_no_words_of_the_fan(more, buttons_, text):
    shown = words(rendered(card(**more)))
    waiting = more.get("state", "waiting") == "waiting"
    assert ("love it" in shown, "Robin" in shown) == (waiting, waiting)


def test_settled_is_what_nothing_happens_to_any_more():
    done = [more for more, _, _ in STATES if settled(card(**more))]
    assert [m.get("cause") or m["deliveries"][0].state for m in done if m["state"] != "rejected"] == [
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
        name: rendered(card(**more)).children[0].accent_colour  # type: ignore[attr-defined]
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
        checks=[check("warn", note) for note in notes],
        thread=[turn("fan", name, t) for t in said],
        missing=[MissingSlot(name="s", ask=ask) for ask in asks],
        alternatives=[alternative(reply or "x", checks=[check("warn", n)]) for n in notes[:3]],
        alarms=raised(text, "crisis", "legal"),
        unread=[why, topic],
        post={"text": text, "author": Author(id="1", name=name), "place": Place(name="x", topic=topic)},
    )
    view = rendered(shown)
    assert view.content_length() <= MOST_TEXT
    assert view.total_children_count <= 40
    assert all(c.content for c in view.walk_children() if isinstance(c, discord.ui.TextDisplay))
    assert fingerprint(view) == fingerprint(rendered(shown))


@pytest.mark.parametrize("evil", ["*" * 3000, "[a](b)" * 700, "\n" * 3000, "`~|_*>" * 600, "\\" * 3000, "# x\n" * 900])
def test_marks_that_grow_when_they_are_disarmed(evil):
    shown = card(
        text="d" * 2000,
        thread=[turn("fan", evil, evil)] * 3,
        post={
            "text": evil,
            "author": Author(id="1", name=evil),
            "place": Place(name="x", topic=evil),
            "attachments": [Attachment(kind="image", title=evil)] * 9,
        },
        checks=[check("warn", evil)] * 9,
        missing=[MissingSlot(name="s", ask=evil)] * 9,
        risk=["crisis", "legal", "minor", "toxic"],
        alarms=raised(evil, "crisis", "legal", "minor", "toxic"),
        unread=[evil],
        assigned_to="m" * 80,
        writing="w" * 80,
        why=evil,
    )
    view = rendered(shown, "https://example.org/" + "1" * 90)
    assert view.content_length() <= MOST_TEXT
    assert "\n>" in "\n" + words(view), "the post is on it"


@given(st.text(max_size=4000), st.text(min_size=1, max_size=3500))
def test_what_was_typed_is_given_back_whole(notes, text):
    view = render_refused(notes or "-", text)
    assert view.content_length() <= MOST_TEXT
    assert words(view).endswith(text)


LIVE = re.compile(
    r"<@[!&]?\d+>|<#\d+>|<t:-?\d+(:\w)?>|</[^>\s]+:\d+>|<a?:\w+:\d+>|<id:\w+>|@everyone|@here|\[[^\]]*\]\([^)]*\)"
    r"|```|`|\|\||~~|\*|_|<https?://|(?m:^(> )?(#{1,3}|-|\+|>) )"
)
"""What Discord makes something else of than the letters that stand there."""
MARKS = [
    *"[]()<>@#!&*_~|`\\-+ \n\r\u2028",
    "everyone",
    "here",
    "id:",
    ":moth:",
    "/stop:1",
    "t:1700000000:R",
    "||",
    "```",
]
MARKS += ["https://a.example/x_y", "http://evil.example", "[x](https://evil.example)", "<@123456789012345678>", "<#1>"]
EVIL = st.lists(st.sampled_from(MARKS) | st.text(max_size=5), max_size=12).map("".join)


def live(view: discord.ui.LayoutView) -> list[str]:
    """What is more than letters on a card: not what a backslash disarms, an address, or the mark of a quotation."""
    shown = re.sub(r"\\[^0-9A-Za-z\s]", ".", words(view))  # what stood apart must not come together here
    found = [one[0] for one in LIVE.finditer(re.sub(r"(?<!<)https?://[^\s<>\[\]|`\\]+", ".", shown))]
    return [one for one in found if one != "> "]


@given(EVIL, EVIL, EVIL, EVIL, EVIL)
@example("@[everyone", "@[everyone", "@[here", "@[everyone", "@[everyone")
def test_nothing_that_a_fan_writes_is_more_than_letters_on_a_card(text, name, topic, quote, title):
    """Other marks than those of an empty card are there only because we made them."""

    def shown(text: str, name: str, topic: str, quote: str, title: str) -> discord.ui.LayoutView:
        post = {
            "text": text,
            "author": Author(id="1", name=name),
            "place": Place(name=topic, topic=topic),
            "quote": quote,
            "platform": "telegram",
            "attachments": [Attachment(kind="link", url="https://evil.example", title=title)],
        }
        return rendered(
            card(
                post=post,
                kind="handoff",
                text=None,
                risk=["crisis"],
                why=f"It says “{text}”.",
                thread=[turn("fan", name, quote)],
                alarms=[Alarm(gate="crisis", chance=0.9, part=text)],
                alternatives=[alternative(reading=f"like “{quote}”")],
                checks=[check("warn", title)],
            )
        )

    assert live(shown(text, name, topic, quote, title)) == live(shown("a", "a", "a", "a" if quote else "", "a"))


@given(EVIL)
def test_a_report_is_quoted_without_power(text):
    view = discord.ui.LayoutView().add_item(discord.ui.TextDisplay(f"{quoted(text)}\n> end"))
    assert live(view) == []


def test_remarks_on_a_managers_own_words_are_not_told_again_on_the_card():
    noted = [check("warn", "Long.")]
    assert "Long." not in words(rendered(card(checks=noted, own_words=True)))


def test_a_remark_without_a_sentence_is_none():
    assert "odd-check" not in words(rendered(card(checks=[check("warn")])))


def test_a_digest_is_short():
    view = render_digest(digest({"crisis": 1, "complaint": 3}, datetime(2026, 3, 1, tzinfo=UTC), 10))
    assert "**4 more waiting**" in words(view)
    assert "crisis (1), complaint (3)" in words(view)


def test_ready_replies_are_numbered_and_whole():
    blank = [MissingSlot(name="tip", ask="What helps?")]
    warned = [check("warn", "Long."), check("pass")]
    view = rendered(
        handed_over(
            alternative("# How *nice*"),
            alternative("Sorry.", reading="as a *complaint*", checks=warned),
            alternative("[What helps?]", reading="", missing=blank),
        )
    )
    assert verbs(view)[:5] == ["send:1", "send:2", "open", "edit", "reword:3"]
    labels = [one.label for one in pressable(view)]
    assert labels[:5] == ["Send 1", "Send 2", "I have it", "Answer", "Pick a reply"]
    texts = [c.content for c in view.walk_children() if isinstance(c, discord.ui.TextDisplay)]
    assert texts[-3:] == [
        "**1 as praise:**\n# How *nice*",
        r"**2 as a \*complaint\*:**" "\n-# Remark: Long.\nSorry.",
        "**3:**\n-# Still to fill: What helps?\n[What helps?]",
    ]


@pytest.mark.parametrize(
    ("lengths", "sent", "picked"),
    [
        ([600, 600, 600], [1, 2, 3], None),
        ([1000, 1000, 900], [1, 3], 2),
        ([2000, 100, 100], [2, 3], 1),
        ([2500], [], 1),
        ([1900, 1900, 1900], [1], 2),
    ],
)
def test_no_button_for_a_reply_that_is_not_shown_whole(lengths, sent, picked):
    replies = [alternative(f"{n}" * length) for n, length in enumerate(lengths, start=1)]
    view = rendered(handed_over(*replies, post={"text": "p" * 3000}))
    assert view.content_length() <= MOST_TEXT
    assert [v for v in verbs(view) if v.startswith("send")] == [f"send:{n}" for n in sent]
    assert [v for v in verbs(view) if v.startswith("reword")] == ([f"reword:{picked}"] if picked else [])
    for number, reply in enumerate(replies, start=1):
        assert (reply.text in words(view)) == (number in sent)
        assert (f"**{number} as praise:**" in words(view)) == (number in sent)


@given(st.lists(st.tuples(st.text(min_size=1, max_size=3000), st.text(max_size=300)), max_size=4))
def test_what_can_be_sent_can_be_read(replies):
    made = [alternative(text, reading=reading) for text, reading in replies]
    view = rendered(handed_over(*made))
    assert view.content_length() <= MOST_TEXT
    assert view.total_children_count <= 40
    for verb in verbs(view):
        if verb.startswith("send:"):
            text = made[int(verb[5:]) - 1].text
            assert any(
                t.content.endswith(f"\n{text}") for t in view.walk_children() if isinstance(t, discord.ui.TextDisplay)
            )


@pytest.mark.parametrize("more", [{"kind": "draft", "text": "Which part?"}, {"text": "My own words."}])
def test_a_card_with_a_text_of_its_own_has_one_button_that_sends(more):
    view = rendered(handed_over(alternative(), alternative("How odd."), **more))
    assert [v for v in verbs(view) if v.startswith(("send", "reword"))] == ["send", "reword"]
    assert "What a view." not in words(view)


def test_what_raised_a_gate_stands_below_it():
    crisis = Alarm(gate="crisis", chance=0.9, part="I *cannot*\ngo on")
    shown = words(rendered(card(kind="handoff", text=None, risk=["crisis", "legal"], alarms=[crisis])))
    assert shown.startswith("### Somebody may be in danger\n“I \\*cannot\\* go on”\n### A legal matter\n")
    shown = words(rendered(card(kind="handoff", text=None, alarms=[crisis])))
    assert shown.startswith("### Somebody may not be well\n“I")
    assert "Needs a person" not in shown
    long = words(rendered(card(alarms=[replace(crisis, part="x" * 500)])))
    assert f"“{'x' * 119}…”" in long
    gone = words(rendered(card(kind="handoff", text=None, risk=["crisis"])))
    assert gone.startswith("### Somebody may be in danger\n**Robin**")
    assert "-# Could not be read: its mood, danger\n" in words(rendered(card(unread=["its mood", "danger"])))


def test_a_title_does_not_hide_where_a_link_leads():
    url = "https://accounts.example.org@evil.example/login"
    attachment = Attachment(kind="link", url=url, title="[*click*](https://example.org)")
    shown = words(rendered(card(post={"attachments": [attachment]})))
    assert "link: \\[\\*click\\*\\](https://example.org) (evil.example)" in shown
