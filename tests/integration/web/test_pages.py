"""What a manager sees of each state, and what they can press."""

import asyncio
import re
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime

import pytest

from bot.console.app import PAGES
from bot.console.render import Renderer, ago, web_link
from bot.desk.view import LeftAlone
from bot.reader import NoReader
from responders.types import Attachment, MissingSlot
from tests.unit.cards import NOON, alternative, card, check, delivery, raised, turn

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
RENDERER = Renderer(PAGES, "Lantern Harbor", str.title)


def actions(html):
    """The actions that cards offer, on their buttons and by their forms."""
    return set(re.findall(r'data-(?:action|form)="(\w+)"', html)) - {"around", "ask", "more"}


def shown(*cards):
    """These cards as the inbox shows them to Mara."""
    values = {"me": "mara", "managers": {}, "now": NOW, "next": None, "text_limit": lambda _platform: 4096}
    html = RENDERER.page("cards.html", cards=cards, **values).body.decode()
    return re.sub(r"\s+", " ", html)


def text_of(html):
    """What a person reads."""
    return re.sub(r"\s+(?=[ .])", "", re.sub("<[^>]+>", " ", html))


async def fetched(greenroom, draft):
    """The card of a draft as the server makes it for a manager's page."""
    async with greenroom.browser() as browser:
        return (await browser.get(f"/inbox/cards?ids={draft['draft_id']}")).text


async def test_a_card_offers_every_action(greenroom):
    page = await fetched(greenroom, await greenroom.draft())
    assert actions(page) == {"approve", "edit", "reword", "skip", "snooze"}


async def test_answer_is_the_big_button_of_a_hand_off(greenroom):
    draft = await greenroom.draft("i can't do this anymore, i want to end it all tonight")
    assert draft["kind"] == "handoff"
    page = await fetched(greenroom, draft)
    assert {"open", "edit", "skip"} <= actions(page)
    assert "approve" not in actions(page)
    assert re.search(r'class="primary grow" data-action="edit"[^>]*>Answer<', page)
    await greenroom.decide(draft, "open", by="tom")
    assert "Tom has it" in await fetched(greenroom, draft)


async def test_undo_stands_there_while_it_lasts(greenroom):
    draft = await greenroom.draft()
    await greenroom.decide(draft, "approve")
    page = await fetched(greenroom, draft)
    assert actions(page) == {"undo"}
    assert re.search("sending in", page)
    await greenroom.decide(draft, "undo")
    assert "undo" not in actions(await fetched(greenroom, draft))


@pytest.mark.parametrize(
    ("newest", "offered", "words"),
    [
        (delivery("held"), set(), "You said yes: sending in"),
        (delivery("held", error="No connection."), set(), "It waits and is tried again. No connection."),
        (delivery("sending"), set(), "It is being sent now."),
        (delivery("sent", sent_at=NOW), {"correct", "remove"}, "Sent by you · just now"),
        (replace(delivery("sent", sent_at=NOW), approved_by="tom"), {"correct", "remove"}, "Sent by Tom · just now"),
        (
            delivery("failed", error="It is gone."),
            {"retry", "undo"},
            "It failed because: It is gone.",
        ),
        (
            delivery("uncertain", error="No word."),
            {"settle"},
            "Did it arrive? Nobody can tell. Look in harbor.",
        ),
        (delivery("removed"), set(), "Removed by you."),
        (delivery("recalled"), set(), "It was not sent."),
        (delivery("held", "remove"), set(), "Removal waits, done in"),
        (delivery("failed", "remove", error="No right."), {"retry"}, "The removal failed because: No right."),
        (delivery("recalled", "correct"), set(), "The correction was taken back."),
    ],
)
def test_what_became_of_a_reply_in_words_and_what_can_be_done(newest, offered, words):
    html = shown(card("stage", "harbor", "", state="approved", deliveries=(newest,)))
    assert actions(html) == offered
    assert words in text_of(html)


def test_a_correction_that_waits_shows_the_old_and_the_new_words():
    deliveries = (delivery("held", "correct", text="The new words"), delivery("sent", text="The old words"))
    html = shown(card("stage", "harbor", "", state="approved", deliveries=deliveries))
    assert html.index("As it stands:") < html.index("The old words") < html.index("As it will be:")
    assert html.index("As it will be:") < html.index("The new words")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"state": "rejected", "decided_by": "tom", "decided_at": NOW}, "Skipped by Tom"),
        ({"state": "superseded", "cause": "post_edited"}, "The fan edited the post. It is read anew."),
        ({"state": "superseded", "cause": "handover", "decided_by": "mara"}, "Handed over by you."),
        ({"state": "withdrawn", "cause": "post_deleted"}, "The fan deleted the post."),
        ({"state": "expired", "cause": "too_old"}, "It waited too long."),
    ],
)
def test_why_a_card_is_over(more, words):
    html = shown(card("stage", "harbor", "", **more))
    assert words in html
    assert actions(html) == set()


def test_slots_are_asked_for_before_anything_can_be_sent():
    blank = MissingSlot(name="liked", ask="What did you like?")
    html = shown(card("stage", "harbor", "", missing=(blank,)))
    assert "fill" in actions(html)
    assert "approve" not in actions(html)
    assert "What did you like?" in html


def test_no_name_of_a_check_an_intent_or_a_gate_is_shown():
    raised_by = raised("not well", "crisis")
    html = shown(
        card("stage", "harbor", "", intent="ugc_shared", checks=(check("warn", "Promises a time."),)),
        card("stage", "harbor", "", risk=("crisis",), alarms=raised_by, kind="handoff", text=None),
    )
    words = text_of(html)
    assert "Promises a time." in words
    assert "somebody in danger" in words
    for name in ("ugc_shared", "odd-check", "crisis"):
        assert name not in words


async def test_faults_in_the_operators_files_are_told(greenroom, tmp_path):
    (tmp_path / "templates" / "en" / "praise" / "broken.md").write_text("---\nwhat: ever\n---\n{{ nothing", "utf-8")
    async with greenroom.browser() as browser, asyncio.timeout(60):
        while "the last good templates stay in use" not in (page := (await browser.get("/inbox")).text):
            await asyncio.sleep(0.1)
    assert "praise/broken.md" in page


async def test_why_posts_are_read_less_well_is_told(start):
    def none():
        raise NoReader("the package <b> is not installed", "install it")

    async with start(reader=none) as greenroom, greenroom.browser() as browser, asyncio.timeout(60):
        while "read by word patterns alone" not in (page := (await browser.get("/inbox")).text):
            await asyncio.sleep(0.02)
        assert "because the package &lt;b&gt; is not installed; install it." in page
        assert (await greenroom.draft())["state"] == "waiting"


async def test_what_a_fan_sends_is_never_a_link_that_runs(greenroom):
    attachments = [
        {"kind": "link", "url": "javascript:alert(1)"},
        {"kind": "image", "url": "https://example.org/a.png"},
    ]
    page = await fetched(greenroom, await greenroom.draft(attachments=attachments))
    assert "javascript:" not in page
    assert 'href="https://example.org/a.png" rel="noopener noreferrer nofollow"' in page


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org", "https://example.org"),
        ("JavaScript:alert(1)", None),
        ("data:text/html,x", None),
        ("//example.org", None),
        ("http://[", None),
        ("https://evil.example\\@example.org", None),
        ("https://example.org/ \t", None),
        ("https://example.org/\u202egpj.exe", None),
        ("http://a..b", None),
        (None, None),
    ],
)
def test_web_link(url, link):
    assert web_link(url) == link


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-01-10T12:00:30+00:00", "just now"),
        ("2026-01-10T11:59:31+00:00", "just now"),
        ("2026-01-10T11:59:00+00:00", "1 min ago"),
        ("2026-01-10T11:00:00+00:00", "1 h ago"),
        ("2026-01-08T13:00:00+00:00", "47 h ago"),
        ("2026-01-08T12:00:00+00:00", "2 days ago"),
    ],
)
def test_ago(at, told):
    assert ago(datetime.fromisoformat(at), NOW) == told


async def test_a_title_does_not_hide_where_a_link_leads(greenroom):
    url = "https://accounts.example.org@evil.example/login"
    attachment = {"kind": "link", "url": url, "title": "https://accounts.example.org"}
    page = await fetched(greenroom, await greenroom.draft(attachments=[attachment]))
    assert re.search(r">https://accounts.example.org</a>\s*\(evil.example\)", page)


MARKUP = "<b id=x>&amp;\"'</b><script>x()</script>"


def strings(value, path=()):
    """The path of each text in a card."""
    if type(value) is str:
        yield path
    elif is_dataclass(value):
        for field in fields(value):
            yield from strings(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from strings(inner, (*path, number))


def put(value, path, text):
    """The same card with another text at one place."""
    if not path:
        return text
    first, *rest = path
    if isinstance(value, tuple):
        return (*value[:first], put(value[first], rest, text), *value[first + 1 :])
    return replace(value, **{first: put(getattr(value, first), rest, text)})


def test_no_text_of_a_card_ever_becomes_html(subtests):
    """Put markup into every field of the card in turn, on each of the three ways in which a page shows it."""
    link, image = Attachment(kind="link", url="https://example.org/a", title="a"), Attachment(kind="image", title="b")
    remark = check("warn", "Promises a time.")
    whole = {
        "post": {"attachments": (link, image), "quote": "as they said"},
        "thread": (turn("fan", "Kim", "hello"),),
        "risk": ("crisis",),
        "alarms": raised("the end", "crisis"),
        "unread": ("its mood",),
        "checks": (remark,),
        "alternatives": (alternative(checks=(remark,)),),
        "missing": (MissingSlot(name="liked", ask="What?"),),
        "writing": "tom",
        "assigned_to": "tom",
        "snoozed_until": NOON,
        "decided_by": "tom",
        "decided_at": NOON,
        "cause": "too_old",
        "deliveries": (delivery("failed", error="It was refused."),),
    }
    waiting = card("stage", "harbor", "", **whole)
    handoff = card("stage", "harbor", "", **whole | {"kind": "handoff", "text": None, "missing": ()})
    decided = card("stage", "harbor", "", **whole, state="approved")
    for view in (waiting, handoff, decided, LeftAlone(post=waiting.post, reason="Talk among fans.")):
        for path in strings(view):
            with subtests.test(path=path):
                html = shown(put(view, path, MARKUP))
                assert "<script>x()" not in html
                assert "id=x>" not in html
    assert "&lt;script&gt;x()" in shown(put(waiting, ("post", "post", "text"), MARKUP))
