"""Cards in a terminal."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from bot.cli import cards
from bot.cli.server import facts

NOW = datetime(2026, 5, 4, 12, 7, tzinfo=UTC)
PAGE = (Path(__file__).parents[3] / "docs/operator.md").read_text(encoding="utf-8")


def wording(text: str | None = "I'm so sorry.", **more: Any) -> dict[str, Any]:
    source = {"template": "en/complaint/lost_progress", "variant": "plain"}
    return {"text": text, **source, "checks": [], "missing_slots": [], **more}


def card(**more: Any) -> dict[str, Any]:
    """As `GET /api/drafts` shows it."""
    post = {
        "author": {"id": "fan", "name": "Marlow"},
        "platform": "discord",
        "place": {"name": "help", "topic": ""},
        "quote": "",
        "text": "tonight's update wiped my save. six hours of chapter four, just gone",
        "attachments": [],
        "at": (NOW - timedelta(minutes=5)).isoformat(),
        "deleted": False,
    }
    empty: dict[str, Any] = dict.fromkeys(
        ("hold", "snoozed_until", "decided_by", "assigned_to", "writing", "undo_until", "remembered"), None
    )
    lists: dict[str, Any] = {
        name: [] for name in ("alternatives", "thread", "risk", "alarms", "unread", "deliveries", "notes")
    }
    since = (NOW - timedelta(minutes=4)).isoformat()
    head = {
        "draft_id": "a90f24c428fe6962",
        "revision": 2,
        "state": "waiting",
        "purpose": "reply",
        "intent": "complaint",
    }
    return {
        **empty,
        **lists,
        **head,
        **wording(),
        "why": "It fits.",
        "waiting_since": since,
        "post": {**post, **more.pop("post", {})},
        **more,
    }


def delivery(state: str) -> dict[str, Any]:
    return {"kind": "send", "state": state, "sent_at": None, "error": None}


def whole(**more: Any) -> str:
    return "\n".join(cards.whole(card(**more), NOW, lambda at: at, lambda key: key.title()))


def test_the_list_is_as_the_page_shows_it() -> None:
    other = card(
        draft_id="f766dc6bf1b58c08",
        intent="question",
        waiting_since=(NOW - timedelta(hours=2, minutes=10)).isoformat(),
        post={"text": "what does\nthe big one  cost?"},
        **wording(None, template=None),
        alternatives=[wording(reading="for “asks price”")],
    )
    shown = PAGE.partition("$ greenroom queue list\n")[2].partition("```")[0]
    assert "\n".join(cards.table([card(), other], NOW, 120)) + "\n" == shown


@pytest.mark.parametrize("width", [0, 20, 80, 200])
def test_the_list_fits_the_terminal_as_far_as_it_can(width: int) -> None:
    lines = [*cards.table([card()], NOW, width)]
    assert all(len(line) <= max(width, 70) for line in lines)
    assert "a90f24" in lines[1]


@pytest.mark.parametrize("text", ["漢字" * 60, "💬 so good " * 30, "e\u0301" * 200])
def test_a_line_is_as_wide_as_its_columns_whatever_the_script(text: str) -> None:
    place = {"name": "質問" * 4, "topic": ""}
    plain, wide = [*cards.table([card(), card(post={"text": text, "place": place})], NOW, 100)][1:]
    assert 98 <= cell_len(wide) <= 100
    before, _, _ = plain.partition("complaint")
    begins, _, _ = wide.partition("complaint")
    assert cell_len(begins) == cell_len(before) > 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"state": "approved", "deliveries": [delivery("held")]}, "approved"),
        ({"state": "approved", "deliveries": [delivery("sent")]}, "sent"),
        ({"state": "rejected"}, "skipped"),
        ({"state": "snoozed"}, "draft"),
    ],
)
def test_the_list_says_what_became_of_a_card(more: dict[str, Any], words: str) -> None:
    assert f"  {words} " in [*cards.table([card(**more)], NOW, 120)][1]


def test_what_is_urgent_is_red() -> None:
    assert [*cards.table([card(risk=["crisis"])], NOW, 120)][1].startswith("\x1b[31m")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "a90f24c428fe6962 · revision 2 · waits since 12:03"),
        ({"state": "snoozed", "snoozed_until": "2026-05-05T09:00:00+00:00"}, "snoozed · back at 2026-05-05 09:00"),
        ({"state": "approved", "decided_by": "mara"}, "approved · by Mara"),
        (
            {"state": "approved", "decided_by": "mara", "deliveries": [delivery("sent")]},
            "revision 2 · sent · by Mara\n",
        ),
        ({"state": "approved", "deliveries": [delivery("held")]}, "revision 2 · approved\n"),
        ({"state": "approved", "deliveries": [delivery("uncertain")]}, "revision 2 · uncertain\n"),
        ({"state": "rejected", "decided_by": "mara"}, "revision 2 · skipped · by Mara\n"),
        ({"assigned_to": "tom", "writing": "mara"}, "for Tom · Mara is writing"),
        ({"hold": "the server burns"}, "On hold, nothing is sent now: the server burns"),
        ({"alarms": [{"gate": "crisis", "part": "no more", "chance": 1}]}, "somebody in danger, because of “no more”"),
        (
            {"thread": [{"who": "staff", "name": "Tom", "text": "hi\nyou", "at": NOW.isoformat()}]},
            "  Tom, 12:07: hi you",
        ),
        ({"post": {"text": "", "deleted": True}}, "  (deleted)"),
        ({"post": {"attachments": [{"kind": "image", "title": "A lamp", "url": None}]}}, "  [image] A lamp"),
        ({"unread": ["the mood"]}, "Could not be read: the mood"),
        ({"remembered": "plays on Linux"}, "They asked us to remember: plays on Linux"),
        ({"checks": [{"id": "x", "level": "warn", "note": "A bit long."}]}, "  remark: A bit long."),
        ({"missing_slots": [{"name": "tip", "ask": "What helps?"}]}, "  still to fill: tip (What helps?)"),
        (
            {"alternatives": [wording("Oh no.", reading="for “x”")]},
            "1. [en/complaint/lost_progress/plain], for “x”:\n  Oh no.",
        ),
        (wording(None, template=None), "There is no reply yet; a person writes it."),
        ({"own_words": True}, "Reply (a manager's words):"),
        ({"template": "assistant", "variant": "m1"}, "Reply (written by a language model, m1):"),
        (
            {"alternatives": [wording("Oh no.", template="assistant", variant="m1", reading="")]},
            "1. (written by a language model, m1):\n  Oh no.",
        ),
        ({"notes": [{"by": "tom", "at": NOW.isoformat(), "text": "mine", "names": []}]}, "Note of Tom, 12:07: mine"),
        (
            {"deliveries": [{"kind": "send", "state": "failed", "sent_at": None, "error": "no rights"}]},
            "Delivery (send): failed: no rights",
        ),
        ({"undo_until": "2026-05-04T12:07:10+00:00"}, "It can be taken back until 12:07:10."),
    ],
)
def test_all_of_a_card_is_told(more: dict[str, Any], words: str) -> None:
    assert words in re.sub(r"\x1b\[\d*m", "", whole(**more))


def test_words_from_outside_are_harmless_wherever_they_stand() -> None:
    bad = "a\x1b[2J\x07\u202eb\x9b1m"
    name = {"id": bad, "name": bad}
    found = whole(
        why=bad,
        hold=bad,
        unread=[bad],
        remembered=bad,
        alarms=[{"gate": "crisis", "part": bad, "chance": 1}],
        thread=[{"who": "fan", "name": bad, "text": bad, "at": NOW.isoformat()}],
        notes=[{"by": "tom", "at": NOW.isoformat(), "text": bad, "names": []}],
        deliveries=[{"kind": "send", "state": "failed", "sent_at": None, "error": bad}],
        post={"text": bad, "quote": bad, "author": name, "place": {"name": bad, "topic": bad}},
        **wording(bad, checks=[{"id": "x", "level": "warn", "note": bad}], missing_slots=[{"name": "tip", "ask": bad}]),
    )
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", re.sub(r"\x1b\[(0|1|31|33)m", "", found))


def test_a_stream_of_events_is_read_whatever_else_is_in_it() -> None:
    lines = [
        ": ping",
        "",
        "id: 7",
        "event: draft_waiting",
        'data: {"seq":',
        "data: 7}",
        "",
        "event: x",
        "",
        "data: {}",
        "",
    ]
    assert [*facts(lines)] == [("draft_waiting", {"seq": 7})]
