"""What is on a card and what is left out, on every platform: first the replies, then the post, then the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.chat.layout import Budget, Layout, digest, layout, shorten
from bot.adapters.chat.verbs import VERBS
from bot.desk.view import SHOWN_OR_KEPT, CardView
from bot.domain import BY_FAN, Delivery, Purpose, Target
from responders.types import ASSISTANT, Attachment, Author, MissingSlot
from tests.unit.cards import LATER, alternative, check, delivery, raised, turn
from tests.unit.cards import card as any_card

card = partial(any_card, "pigeon", "loft", "Loft")
BUDGET = Budget(size=len, reply_size=len, total=3000, reply=1000, post=800, post_lines=10, row=3)
TEXT = st.text(max_size=1500)


def laid(view: CardView, budget: Budget = BUDGET) -> Layout:
    return layout(view, budget, "pigeon", str.title)


def full(**more: object) -> CardView:
    """Every section has something."""
    return card(
        **{
            "text": "r" * 900,
            "why": "w" * 200,
            "risk": ["crisis", "legal"],
            "alarms": raised("a" * 120, "crisis", "legal"),
            "unread": ["its mood"],
            "checks": [check("warn", letter * 190) for letter in "bcd"],
            "thread": [turn("fan", "Kim", letter * 140) for letter in "efg"],
            "post": {"text": "p" * 790, "attachments": [Attachment(kind="image", title="t" * 50)]},
            **more,
        }
    )


def verbs(shown: Layout) -> list[list[str]]:
    return [[f"{one.verb}{one.choice}" for one in row] for row in shown.rows]


def size(shown: Layout) -> int:
    """All its words."""
    words = [shown.unread, shown.author, shown.place, shown.topic, shown.assigned, shown.writing, shown.quote]
    words += [*shown.before, *shown.attachments, *shown.notes]
    words += [part for alarm in shown.alarms for part in (alarm.line, alarm.part)]
    words += [part for reply in shown.replies for part in (reply.text, reply.heading, *reply.remarks)]
    return sum(map(len, words))


def sections(shown: Layout) -> dict[str, bool]:
    """What is there in its whole length."""
    return {
        "before": bool(shown.before),
        "attachments": bool(shown.attachments),
        "reasons": bool(shown.unread) and all(alarm.part for alarm in shown.alarms),
        "notes": len(shown.notes) == 4 and not shown.notes[-1].endswith("…"),
        "post": len(shown.quote) == 790,
    }


def test_where_there_is_room_everything_is_shown():
    assert all(sections(laid(full(), replace(BUDGET, total=5000))).values())


def test_what_matters_least_goes_first():
    """The less room, the fewer sections are whole. A short post and some notes are always there."""
    gone: list[str] = []
    for total in range(5000, 1700, -10):
        shown = laid(full(), replace(BUDGET, total=total))
        gone += [name for name, whole in sections(shown).items() if not whole and name not in gone]
        assert len(shown.quote) >= 290
        assert sum(map(len, shown.notes)) >= 290
        assert shown.replies[0].whole
    assert gone == ["before", "notes", "post", "attachments", "reasons"]


@given(
    post=TEXT.map(str.strip),
    why=TEXT,
    notes=st.lists(TEXT, max_size=4),
    said=st.lists(TEXT, max_size=4),
    reply=st.none() | st.text(min_size=1, max_size=1500),
    total=st.integers(2100, 5000),
)
def test_no_card_is_larger_than_its_budget_and_none_is_without_the_post(post, why, notes, said, reply, total):
    shown = laid(
        card(
            text=reply,
            kind="draft" if reply else "handoff",
            why=why,
            risk=["crisis", "legal", "minor", "toxic"],
            alarms=raised(post, "crisis", "legal", "minor", "toxic"),
            unread=notes,
            checks=[check("warn", note) for note in notes],
            thread=[turn("fan", "Kim", one) for one in said],
            missing=[MissingSlot(name="s", ask=note) for note in notes],
            alternatives=[alternative(note or "x", reading=why) for note in notes],
            assigned_to="m" * 80,
            writing="w" * 80,
            post={"text": post, "attachments": [Attachment(kind="image", title=why)] * 3},
        ),
        replace(BUDGET, total=total),
    )
    assert size(shown) <= total
    assert len(shown.quote) >= min(100, len(post)) or post.count("\n") >= BUDGET.post_lines or "\n" in post
    assert shown.replies == () or all(one.whole for one in shown.replies) == (reply is None or len(reply) <= 1000)


def test_a_button_sends_only_what_stands_whole():
    assert verbs(laid(card(text="x" * 1000)))[0] == ["send", "edit"]
    long = laid(card(text="x" * 1001))
    assert (verbs(long)[0], long.replies[0].whole) == (["edit"], False)
    ready = [alternative("x" * 600), alternative("y" * 600), alternative("z" * 100)]
    shown = laid(card(kind="handoff", text=None, alternatives=ready))
    assert [reply.text[0] for reply in shown.replies] == ["x", "z"]
    assert verbs(shown)[:2] == [["send1", "send3"], ["open", "edit", "reword2"]]


def test_buttons_stand_in_groups_of_a_row():
    assert verbs(laid(card(alternatives=[alternative()]))) == [
        ["send", "edit", "reword"],
        ["skip", "snooze", "handover"],
        ["relabel"],
    ]
    assert verbs(laid(card(), replace(BUDGET, row=4))) == [["send", "edit"], ["skip", "snooze", "handover", "relabel"]]


@pytest.mark.parametrize("state", ["waiting", "snoozed", "approved", "rejected"])
@pytest.mark.parametrize("row", [1, 3, 5])
def test_every_button_has_a_verb_and_each_row_has_room(state, row):
    more = {"deliveries": [delivery("failed", error="No.")]} if state == "approved" else {"undo_until": LATER}
    shown = laid(card(state=state, **more), replace(BUDGET, row=row))
    found = [one for buttons in shown.rows for one in buttons]
    assert {one.verb for one in found} <= set(VERBS)
    assert all(1 <= len(buttons) <= row for buttons in shown.rows)
    assert all(len(one.label) <= 34 for one in found)


def test_what_is_over_keeps_only_the_line_that_says_so():
    shown = laid(full(state="rejected", decided_by="mara"))
    assert shown.outcome
    assert (shown.outcome.head, shown.decided_by, shown.place) == ("Skipped", "Mara", "Loft")
    assert (shown.quote, shown.author, shown.notes, shown.replies, shown.alarms, shown.before) == (
        "",
        "",
        (),
        (),
        (),
        (),
    )


def test_a_long_post_is_folded_and_a_very_long_one_is_cut():
    assert not laid(card(post={"text": "p" * 300})).folded
    assert laid(card(post={"text": "p" * 301})).folded
    assert laid(card(post={"text": "a\n" * 7 + "a"})).folded
    assert laid(card(post={"text": "a\n" * 30})).quote == "a\n" * 10 + "…"
    assert laid(card(post={"text": " \n "})).quote == "(no text)"


def test_the_same_attachment_many_times_is_one_line():
    image = Attachment(kind="image", url="https://cdn.example.org/1")
    shown = laid(card(post={"attachments": [image] * 9 + [Attachment(kind="file", title="map.png")]}))
    assert shown.attachments == ("image (cdn.example.org) (9)", "file: map.png")


def test_who_said_what_before_the_post_and_what_it_quotes():
    thread = [turn("fan", "Old", "gone"), turn("us", "", "Hello!"), turn("fan", "", "a\nb"), turn("fan", "Kim", "me")]
    shown = laid(card(thread=thread, post={"quote": "my words"}))
    assert shown.before == ("we: Hello!", "a fan: a b", "Kim: me", "Robin quotes: my words")


def test_a_post_of_another_platform_says_so():
    assert laid(card(post={"platform": "discord"})).place == "Loft (discord)"


def test_what_the_fan_asked_us_to_remember_stands_first_among_the_notes():
    known = "Remembered since May 2026: plays on Linux"
    assert laid(card(remembered=known)).notes == (known, "Somebody likes something.")
    assert laid(card()).notes == ("Somebody likes something.",)
    assert known not in str(laid(card(remembered=known, state="rejected")).notes), "settled cards say nothing of a fan"


def test_a_digest_is_short():
    shown = digest({"crisis": 1, "complaint": 3}, datetime(2026, 3, 1, tzinfo=UTC), 10)
    assert (shown.heading, shown.kinds, shown.more) == ("4 more waiting", "crisis (1), complaint (3)", "Show 4 more")
    many = digest({f"{'intent' * 5}{n}": 3 for n in range(200)}, datetime(2026, 3, 1, tzinfo=UTC), 10)
    assert len(many.kinds) <= 1000
    assert many.more == "Show 10 more"


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=80), room=st.integers(1, 60))
@pytest.mark.parametrize("size", [len, units, lambda text: 2 * len(text)])
def test_a_text_is_shortened_as_little_as_its_room_asks(text, room, size):
    found = shorten(text, room, size)
    if size(text) <= room:
        assert found == text
        return
    kept = found.removesuffix("…")
    assert text.startswith(kept)
    assert found == "…" or size(found) <= room
    longer = text[: len(kept) + 1]
    assert size(f"{longer}…") > room or longer.isspace() or longer != longer.rstrip()


@pytest.mark.parametrize(
    ("purpose", "target", "says"),
    [
        ("reply", None, ""),
        ("ask", None, "A question to Robin"),
        ("credit", None, "Thanks to a helper"),
        ("introduction", None, "An introduction"),
        ("told_back", None, "Told back"),
        ("stage", None, "For the stage, here in the thread"),
        ("stage", ("pigeon", "showcase"), "For the stage: #showcase"),
        ("stage", ("pigeon", "#showcase"), "For the stage: #showcase"),
        ("stage", ("discord", "showcase"), "For the stage on Discord: #showcase"),
        ("stage", ("pigeon", "-1001234567/12"), "For the stage"),
    ],
)
def test_a_card_says_what_it_is_for(purpose: str, target: tuple[str, str] | None, says: str) -> None:
    where = Target(platform=target[0], channel=target[1], reply_to="") if target else None
    assert laid(card(purpose=Purpose(purpose), target=where)).about == says


def test_what_is_no_reply_is_sent_changed_or_left() -> None:
    shown = laid(card(purpose=Purpose.ASK))
    assert [verb for row in verbs(shown) for verb in row] == ["send", "edit", "skip", "snooze"]


def test_during_a_hold_a_card_that_waits_says_why_nothing_is_sent() -> None:
    assert laid(card(hold="A wrong price\nis out")).hold == "Nothing is sent now: A wrong price is out"
    assert laid(card()).hold == ""
    long = laid(full(hold="h" * 500, purpose=Purpose.ASK))
    assert size(long) + len(long.hold) + len(long.about) <= BUDGET.total


@pytest.mark.parametrize("intent", sorted(SHOWN_OR_KEPT))
def test_the_author_of_such_a_post_can_be_asked_also_once_it_is_answered(intent: str) -> None:
    waiting, sent = card(intent=intent), card(intent=intent, state="approved", deliveries=[delivery("sent")])
    assert verbs(laid(waiting))[-1] == verbs(laid(sent))[-1] == ["stage", "keep"]


@pytest.mark.parametrize(
    "more",
    [
        {"intent": "praise"},
        {"risk": ["minor"]},
        {"purpose": Purpose.ASK},
        {"state": "rejected"},
        {"state": "approved", "deliveries": [delivery("removed")]},
        {"post": {"author": Author(id="", name="")}},
        {"post": {"author": Author(id="9", name="Tom", is_staff=True)}},
        {"post": {"author": Author(id="9", name="Bot", is_bot=True)}},
    ],
)
def test_nobody_else_is_asked(more: dict[str, object]) -> None:
    shown = laid(card(**{"intent": "ugc_shared", **more}))  # type: ignore[arg-type]
    assert "stage" not in [verb for row in verbs(shown) for verb in row]


def test_nobody_is_asked_about_words_that_are_gone() -> None:
    view = card(intent="ugc_shared", state="approved", deliveries=[delivery("sent")])
    assert "stage" not in str(laid(replace(view, post=replace(view.post, kept=False))).rows)


@pytest.mark.parametrize(
    ("newest", "head", "tail"),
    [
        (delivery("held", "remove", approved_by=BY_FAN, text=None), "The fan has taken their yes back", "the removal"),
        (delivery("sent", "remove", approved_by=BY_FAN, text=None), "Removed", "taken their yes back"),
        (delivery("sent"), "Sent", "the post for the stage"),
    ],
)
def test_a_card_says_what_became_of_the_stage(newest: Delivery, head: str, tail: str) -> None:
    shown = delivery("removed") if newest.kind == "remove" and newest.state == "sent" else delivery("sent")
    sent = [newest, shown] if newest.kind == "remove" else [newest]
    found = laid(card(state="approved", purpose=Purpose.STAGE, deliveries=sent)).outcome
    assert found
    assert found.head == head
    assert tail in found.tail


def test_words_of_a_language_model_are_marked() -> None:
    def headings(**more: object) -> list[str]:
        return [one.heading for one in laid(card(**more)).replies]

    assert headings(template=ASSISTANT, variant="small") == ["Written by a language model:"]
    assert headings(template=ASSISTANT, variant="small", own_words=True) == [""]
    ready = (alternative(), alternative("Thank you.", template=ASSISTANT, reading=""))
    handoff = headings(kind="handoff", text=None, alternatives=ready)
    assert handoff == ["1 as praise:", "2 written by a language model:"]


def test_one_more_wording_of_a_language_model_is_told_while_it_is_not_on_the_card() -> None:
    one_more = "One more wording is by a language model."
    theirs = alternative("Thank you.", template=ASSISTANT, reading="")
    assert one_more in laid(card(alternatives=(alternative(), theirs))).notes
    assert one_more not in laid(card(alternatives=(alternative(),))).notes
    assert one_more not in laid(card(kind="handoff", text=None, alternatives=(alternative(), theirs))).notes
