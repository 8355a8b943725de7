"""The look of cards: no card that Telegram would refuse, whatever fans write, and none that says less than it must."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardButton, MessageEntity

from bot.adapters.chat.layout import digest, layout
from bot.adapters.telegram.buttons import parse
from bot.adapters.telegram.render import (
    BUDGET,
    COPIED,
    MOST_TEXT,
    Rendered,
    cut,
    disarmed,
    fingerprint,
    render,
    render_digest,
    units,
)
from bot.desk.view import CardView
from responders.types import Alarm, Attachment, Author, MissingSlot, Place
from tests.unit.cards import LATER, alternative, check, delivery, raised, turn
from tests.unit.cards import card as any_card

ANY = st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("😀👩‍🚀@/\n <>&*_[]()~`#\u2060\u202e"))
EVIL = [
    "@everyone " * 400,
    "/forget " * 500,
    "😀" * 2100,
    "\n" * 3000,
    "<b>&lt;*_[x](y)`" * 300,
    "e\u0301" * 2000,
    "\u202e" * 9,
]
card = partial(any_card, "telegram", "-1001", "Harbor")


def rendered(view: CardView) -> Rendered:
    assigned = {"mara": 7}.get(view.draft.assigned_to or "")
    return render(layout(view, BUDGET, "telegram", str.title), assigned, "https://t.me/c/1/2")


def handed_over(**more: Any) -> CardView:
    return card(**{"kind": "handoff", "text": None, **more})


def pressable(shown: Rendered) -> list[InlineKeyboardButton]:
    return [one for row in shown.keyboard.inline_keyboard for one in row] if shown.keyboard else []


def verbs(shown: Rendered) -> list[str]:
    """With the choice, where a button names one."""
    data = [str(one.callback_data) for one in pressable(shown) if one.callback_data]
    found = [pressed for one in data if (pressed := parse(one))]
    return [f"{pressed.verb}:{pressed.choice}" if pressed.choice else pressed.verb for pressed in found]


def marked(shown: Rendered, *kinds: str) -> list[str]:
    """The words under entities of these kinds, cut as Telegram cuts."""
    raw = shown.text.encode("utf-16-le")
    found = [e for e in shown.entities if e.type in kinds]
    return [raw[e.offset * 2 : (e.offset + e.length) * 2].decode("utf-16-le") for e in found]


QUOTES = (MessageEntity.BLOCKQUOTE, MessageEntity.EXPANDABLE_BLOCKQUOTE)
REST = ["skip", "snooze", "handover", "relabel"]
STATES: list[tuple[dict[str, Any], list[str], str]] = [
    ({}, ["send", "edit", *REST], "Which part?"),
    ({"alternatives": [alternative()]}, ["send", "edit", "reword", *REST], "Which part?"),
    (
        {"kind": "handoff", "text": None, "alternatives": [alternative(), alternative("How odd.")]},
        ["send:1", "send:2", "open", "edit", *REST],
        "1 as praise:\nWhat a view.",
    ),
    ({"checks": [check("warn", "Long.")]}, ["send", "edit", *REST], "Remark: Long."),
    ({"checks": [check("pass")]}, ["send", "edit", *REST], "Which"),
    ({"missing": [MissingSlot(name="tip", ask="What helps?")]}, ["fill", "edit", *REST], "Still to fill: What helps?"),
    ({"kind": "handoff", "text": None}, ["open", "edit", *REST], "Needs a person"),
    ({"kind": "handoff", "text": None, "risk": ["crisis"]}, ["open", "edit", *REST[:-1]], "Somebody may be in danger"),
    ({"writing": "tom"}, ["send", "edit", *REST], "Tom is writing"),
    ({"assigned_to": "tom"}, ["send", "edit", *REST], "for Tom"),
    ({"state": "snoozed", "snoozed_until": LATER}, ["open"], "Snoozed, back 01 Mar 13:00 UTC"),
    ({"state": "rejected", "undo_until": LATER, "decided_by": "mara"}, ["undo"], "Skipped · Mara"),
    ({"state": "rejected"}, [], "Skipped"),
    ({"state": "withdrawn", "cause": "answered"}, [], "A teammate has answered"),
    ({"state": "expired", "cause": "too_old"}, [], "waited too long"),
    ({"state": "superseded", "cause": "something new"}, [], "It is over"),
    ({"state": "approved", "deliveries": [delivery("held")], "undo_until": LATER}, ["undo"], "Approved"),
    ({"state": "approved", "deliveries": [delivery("sending")]}, [], "on its way"),
    ({"state": "approved", "deliveries": [delivery("held", error="Slow mode.")]}, [], "Slow mode."),
    ({"state": "approved", "deliveries": [delivery("failed", error="No rights.")]}, ["retry", "undo"], "No rights."),
    ({"state": "approved", "deliveries": [delivery("uncertain")]}, ["arrived", "lost"], "Did the reply arrive?"),
    ({"state": "approved", "deliveries": [delivery("sent")]}, ["correct", "remove"], "Sent"),
    ({"state": "approved", "deliveries": [delivery("sent", text=None)]}, ["remove"], "Sent"),
]


@pytest.mark.parametrize(("more", "buttons", "words"), STATES)
def test_each_state_has_its_buttons_and_words(more, buttons, words):
    shown = rendered(card(**more))
    assert verbs(shown) == buttons
    assert words in shown.text
    assert all(len(one.text) <= 34 for one in pressable(shown))
    assert fingerprint(shown) == fingerprint(rendered(card(**more)))
    assert fingerprint(shown) != fingerprint(rendered(card(**{**more, "revision": 2, "decided_by": "kim"})))


@pytest.mark.parametrize(("more", "buttons", "words"), STATES)
def test_what_is_over_is_one_line_without_words_of_the_fan(more, buttons, words):
    shown = rendered(card(**more)).text
    waiting = more.get("state", "waiting") == "waiting"
    assert ("love it" in shown, "Robin" in shown, "\n" in shown) == (waiting, waiting, waiting)


def test_a_card_reads_from_who_to_the_reply():
    thread = [turn("us", "", "Welcome!"), turn("fan", "Kim", "me too")]
    shown = rendered(
        card(alternatives=[alternative()], thread=thread, post={"place": Place(name="Harbor", topic="Maps")})
    )
    assert shown.text == (
        "Robin in Harbor, Maps · 01 Mar 12:00 UTC · post\n"
        "we: Welcome!\nKim: me too\n"
        "love it\n"
        "Somebody likes something.\n\n"
        "Reply\nWhich part?"
    )
    assert marked(shown, *QUOTES) == ["love it"]
    assert marked(shown, MessageEntity.DATE_TIME) == ["01 Mar 12:00 UTC"]
    assert [[one.text for one in row] for row in shown.keyboard.inline_keyboard] == [  # type: ignore[union-attr] # it has one
        ["Send", "Edit", "Other wording"],
        ["Skip", "Snooze", "Hand over"],
        ["Not this intent", "Copy"],
    ]


def test_an_album_is_one_line():
    image, file = (
        Attachment(kind=kind, url=None, title=title) for kind, title in (("image", None), ("file", "map.png"))
    )
    shown = rendered(card(post={"attachments": [image] * 9 + [file]})).text
    assert "image (9)\nfile: map.\u2060png\n" in shown


def test_a_post_of_another_platform_says_so():
    assert (
        "in general (discord) ·"
        in rendered(card(post={"platform": "discord", "place": Place(name="general", topic="")})).text
    )


def test_only_who_it_is_handed_to_is_notified():
    shown = rendered(handed_over(assigned_to="mara", post={"text": "@mara /stop @tom http://x.example/y"}))
    people = [e.user.id for e in shown.entities if e.user]
    assert people == [7]
    assert marked(shown, MessageEntity.TEXT_MENTION) == ["Mara"]
    quoted = marked(shown, *QUOTES)[0]
    assert quoted == "@\u2060mara /\u2060stop @\u2060tom http://x.example/y"
    assert not [e for e in rendered(handed_over(assigned_to="tom")).entities if e.user]


def test_a_draft_can_be_copied_as_it_is():
    def copied(text: str) -> list[str]:
        return [one.copy_text.text for one in pressable(rendered(card(text=text))) if one.copy_text]

    assert copied("hello @robin") == ["hello @robin"]
    assert copied("x" * COPIED) == ["x" * COPIED]
    assert copied("😀" * (COPIED // 2)) == ["😀" * (COPIED // 2)]
    assert copied("😀" * (COPIED // 2 + 1)) == []


def test_what_cannot_be_read_whole_cannot_be_sent():
    for text in ("x" * BUDGET.reply, "😀" * (BUDGET.reply // 2)):
        shown = rendered(card(text=text))
        assert verbs(shown)[0] == "send"
        assert shown.text.endswith(f"Reply\n{text}")
    for text in ("x" * (BUDGET.reply + 1), "😀" * (BUDGET.reply // 2 + 1), "@a" * (BUDGET.reply // 3 + 1)):
        shown = rendered(card(text=text))
        assert verbs(shown)[0] == "edit"
        assert "in the web console" in shown.text


def test_a_long_post_is_folded_and_a_short_one_is_not():
    def kinds(text: str) -> set[str]:
        return {e.type for e in rendered(card(post={"text": text})).entities} & set(QUOTES)

    assert kinds("short") == {MessageEntity.BLOCKQUOTE}
    assert kinds("a word " * 60) == kinds("a\n" * 9) == {MessageEntity.EXPANDABLE_BLOCKQUOTE}
    assert "(no text)" in rendered(card(post={"text": " \n "})).text


def is_fit(shown: Rendered) -> None:
    """What Telegram asks of every message."""
    assert 1 <= units(shown.text) <= MOST_TEXT
    assert shown.text.strip()
    assert len(shown.entities) <= 100
    raw = shown.text.encode("utf-16-le")
    last = 0
    for entity in shown.entities:
        assert entity.offset >= last, "they do not overlap"
        last = entity.offset + entity.length
        assert entity.length > 0
        assert last * 2 <= len(raw)
        assert raw[entity.offset * 2 : last * 2].decode("utf-16-le"), "no character is cut in two"
    for one in pressable(shown):
        assert 1 <= len(one.text) <= 34
        assert bool(one.callback_data) != bool(one.copy_text)
        if one.copy_text:
            assert 1 <= units(one.copy_text.text) <= COPIED
        else:
            assert 1 <= len(str(one.callback_data).encode()) <= 64


@given(
    text=ANY,
    name=ANY,
    reply=st.none() | ANY.filter(str.strip),
    why=ANY,
    notes=st.lists(ANY, max_size=5),
    said=st.lists(ANY, max_size=5),
    topic=ANY,
    grow=st.sampled_from([1, 1, 40, 400]),
)
def test_no_card_is_more_than_telegram_takes(text, name, reply, why, notes, said, topic, grow):
    shown = card(
        text=reply and reply * grow,
        kind="draft" if reply else "handoff",
        why=why * grow,
        risk=["crisis", "legal", "minor", "toxic"],
        checks=[check("warn", note * grow) for note in notes],
        thread=[turn("fan", name, t * grow) for t in said],
        missing=[MissingSlot(name="s", ask=note) for note in notes],
        alternatives=[alternative((reply or "x") * grow, reading=note * grow) for note in notes[:3]],
        alarms=raised(text * grow, "crisis", "legal", "minor", "toxic"),
        unread=[note * grow for note in notes],
        revision=999_999_999,
        assigned_to="mara",
        writing="w" * 300,
        post={
            "text": text * grow,
            "author": Author(id="1", name=name * grow),
            "place": Place(name=name, topic=topic * grow),
            "attachments": [Attachment(kind="image", url=None, title=topic * grow)] * 4,
        },
    )
    is_fit(rendered(shown))


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("reply", [None, "d" * BUDGET.reply, "😀" * (BUDGET.reply // 2)])
def test_the_post_is_on_the_card_however_much_there_is_beside_it(evil, reply):
    shown = card(
        text=reply,
        why=evil,
        risk=["crisis", "legal", "minor", "toxic"],
        alarms=raised(evil, "crisis", "legal", "minor", "toxic"),
        unread=[evil],
        checks=[check("warn", evil)] * 4,
        thread=[turn("fan", evil, evil)] * 3,
        missing=[MissingSlot(name="s", ask=evil)] * 4,
        assigned_to="m" * 80,
        writing="w" * 80,
        post={
            "text": evil or "x",
            "author": Author(id="1", name=evil),
            "place": Place(name="n" * 90, topic=evil),
            "attachments": [Attachment(kind="image", url=None, title=evil)] * 4,
        },
    )
    made = rendered(shown)
    is_fit(made)
    quoted = marked(made, *QUOTES)[0]
    assert units(quoted) >= min(150, units(disarmed(evil).strip() or "(no text)"))
    assert reply is None or made.text.endswith(reply)


@pytest.mark.parametrize(("more", "buttons", "words"), STATES)
@pytest.mark.parametrize("evil", EVIL)
def test_nothing_about_a_post_breaks_the_card_of_a_decision(more, buttons, words, evil):
    deliveries = [replace(one, error=evil) for one in more.get("deliveries", ())]
    post = {"text": evil, "author": Author(id="1", name=evil), "place": Place(name=evil, topic=evil)}
    is_fit(rendered(card(**{**more, "deliveries": deliveries, "decided_by": "m" * 200}, decided_at=LATER, post=post)))


@given(ANY, st.integers(1, 50))
def test_a_cut_is_no_longer_than_asked_for(text, length):
    found = cut(text, length)
    assert units(found) <= length
    assert found == text or found.endswith("…")
    assert text.startswith(found.removesuffix("…")) or found == text


@given(ANY)
def test_words_that_are_disarmed_read_the_same(text):
    assert disarmed(text).replace("\u2060", "") == text.replace("\u2060", "")


def test_remarks_on_a_managers_own_words_are_not_told_again_on_the_card():
    noted = [check("warn", "Long.")]
    assert "Long." not in rendered(card(checks=noted, own_words=True)).text
    assert "odd-check" not in rendered(card(checks=[check("warn")])).text


def test_a_digest_is_short():
    shown = render_digest(digest({"crisis": 1, "complaint": 3}, datetime(2026, 3, 1, tzinfo=UTC), 10))
    assert shown.text == (
        "4 more waiting since 01 Mar 00:00 UTC\ncrisis (1), complaint (3)\nThe next ones come as these are decided."
    )
    assert [(one.text, one.callback_data) for one in pressable(shown)] == [("Show 4 more", "more")]
    is_fit(shown)
    is_fit(render_digest(digest({f"{'intent' * 5}{n}": 3 for n in range(200)}, datetime(2026, 3, 1, tzinfo=UTC), 10)))


def test_ready_replies_are_numbered_and_whole():
    warned = [check("warn", "Ask @tom."), check("pass")]
    blank = [MissingSlot(name="tip", ask="What helps?")]
    shown = rendered(
        handed_over(
            alternatives=[
                alternative("Lovely, @robin."),
                alternative("Sorry.", reading="how do I /save?", checks=warned),
                alternative("[What helps?]", reading="", missing=blank),
            ]
        )
    )
    assert shown.text.startswith("Needs a person\nRobin in Harbor")
    assert shown.text.endswith(
        "\nSomebody likes something.\n\n"
        "1 as praise:\nLovely, @\u2060robin.\n\n"
        "2 how do I /\u2060save?:\nRemark: Ask @\u2060tom.\nSorry.\n\n"
        "3:\nStill to fill: What helps?\n[What helps?]"
    )
    assert marked(shown, MessageEntity.BOLD)[-3:] == ["1 as praise:", "2 how do I /\u2060save?:", "3:"]
    assert [[one.text for one in row] for row in shown.keyboard.inline_keyboard] == [  # type: ignore[union-attr] # it has one
        ["Send 1", "Send 2"],
        ["I have it", "Answer", "Pick a reply"],
        ["Close", "Snooze", "Hand over"],
        ["Not this intent"],
    ]
    assert verbs(shown)[:5] == ["send:1", "send:2", "open", "edit", "reword:3"]


@pytest.mark.parametrize(
    ("lengths", "sent", "picked"),
    [
        ([900, 900, 900], [1, 2, 3], None),
        ([2000, 1000, 900], [1, 3], 2),
        ([3000, 100, 100], [2, 3], 1),
        ([4000], [], 1),
        ([2900, 2900, 2900], [1], 2),
    ],
)
@pytest.mark.parametrize("letter", ["x", "😀", "@a"])
def test_no_button_for_a_reply_that_is_not_shown_whole(lengths, sent, picked, letter):
    size = units(disarmed(letter))
    replies = [alternative(f"{n}{letter * (length // size - 1)}") for n, length in enumerate(lengths, start=1)]
    shown = rendered(handed_over(alternatives=replies, post={"text": "p" * 3000}))
    is_fit(shown)
    assert [v for v in verbs(shown) if v.startswith("send")] == [f"send:{n}" for n in sent]
    assert [v for v in verbs(shown) if v.startswith("reword")] == ([f"reword:{picked}"] if picked else [])
    for number, reply in enumerate(replies, start=1):
        assert (disarmed(reply.text) in shown.text) == (number in sent)
        assert (f"{number} as praise:" in shown.text) == (number in sent)


@given(st.lists(st.tuples(ANY.filter(str.strip), ANY, st.sampled_from([1, 40, 400])), max_size=4))
def test_what_can_be_sent_can_be_read(replies):
    made = [alternative(text * grow, reading=reading * grow) for text, reading, grow in replies]
    shown = rendered(handed_over(alternatives=made, post={"text": "the post"}))
    is_fit(shown)
    assert "the post" in marked(shown, *QUOTES)
    for verb in verbs(shown):
        if verb.startswith("send:"):
            assert f":\n{disarmed(made[int(verb[5:]) - 1].text)}" in shown.text


@pytest.mark.parametrize("more", [{"kind": "draft", "text": "Which part?"}, {"text": "My own words."}])
def test_a_card_with_a_text_of_its_own_has_one_button_that_sends(more):
    shown = rendered(handed_over(alternatives=[alternative(), alternative("How odd.")], **more))
    assert [v for v in verbs(shown) if v.startswith(("send", "reword"))] == ["send", "reword"]
    assert "What a view." not in shown.text


def test_what_raised_a_gate_stands_below_it():
    crisis = Alarm(gate="crisis", chance=0.9, part="ask @kim,\nI cannot go on")
    shown = rendered(handed_over(risk=["crisis", "legal"], alarms=[crisis]))
    assert shown.text.startswith(
        "Somebody may be in danger\n“ask @\u2060kim, I cannot go on”\nA legal matter\nRobin in"
    )
    maybe = rendered(handed_over(alarms=[crisis])).text
    assert maybe.startswith("Somebody may not be well\n“ask")
    assert "Needs a person" not in maybe
    assert f"“{'x' * 119}…”\n" in rendered(card(alarms=[replace(crisis, part="x" * 500)])).text
    assert rendered(handed_over(risk=["crisis"])).text.startswith("Somebody may be in danger\nRobin in")
    assert "Could not be read: its mood, danger\n" in rendered(card(unread=["its mood", "danger"])).text


def test_a_title_does_not_hide_where_a_link_leads() -> None:
    url = "https://accounts.example.org@evil.example/login"
    attachment = Attachment(kind="link", url=url, title="https://accounts.example.org")
    shown = rendered(card(post={"attachments": [attachment]}))
    assert "link: https://accounts.example.org (evil.example)\n" in shown.text.replace("\u2060", "")
    assert all(entity.url != url for entity in shown.entities)
