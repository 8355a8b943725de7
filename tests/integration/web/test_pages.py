"""What a manager sees of each state, and what they can press."""

import asyncio
import re
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime

import pytest

from bot.console.app import PAGES
from bot.console.render import Renderer, ago, web_link
from bot.reader import NoReader
from responders.types import Attachment, MissingSlot
from tests.unit.cards import NOON, alternative, card, check, delivery, raised, turn

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


def actions(html):
    """The actions that a page offers."""
    return set(re.findall(r'name="action" value="(\w+)"', html))


def inbox(waiting=(), decided=()):
    """The inbox of these cards."""
    values = {"here": "inbox", "me": "mara", "managers": {}, "intents": (), "snoozed": (), "more": False, "now": NOW}
    page = Renderer(PAGES, "Lantern Harbor", str.title).page("inbox.html", waiting=waiting, decided=decided, **values)
    return page.body.decode()


async def test_a_card_offers_every_action(greenroom):
    await greenroom.draft()
    async with greenroom.browser() as browser:
        page = (await browser.get("/inbox")).text
    assert actions(page) == {"approve", "edit", "propose", "reword", "reject", "snooze", "handover", "relabel"}


async def test_a_hand_off_begins_with_i_have_it(greenroom):
    draft = await greenroom.draft("i can't do this anymore, i want to end it all tonight")
    assert draft["kind"] == "handoff"
    async with greenroom.browser() as browser:
        page = (await browser.get("/inbox")).text
        assert {"open", "edit", "reject"} <= actions(page)
        assert "approve" not in actions(page)
        await greenroom.decide(draft, "open", by="tom")
        assert "Tom is writing" in re.sub(r"\s+", " ", (await browser.get("/inbox")).text)


async def test_undo_stands_there_while_it_lasts(greenroom):
    draft = await greenroom.draft()
    await greenroom.decide(draft, "approve")
    async with greenroom.browser() as browser:
        page = (await browser.get("/inbox")).text
        assert actions(page) == {"undo"}
        assert "Mara Quint" in page
        await greenroom.decide(draft, "undo")
        assert "undo" not in actions((await browser.get("/inbox")).text)


@pytest.mark.parametrize(
    ("newest", "offered"),
    [
        (delivery("sent"), {"correct", "remove"}),
        (delivery("failed", error="The channel is gone."), {"retry", "undo"}),
        (delivery("uncertain", error="Nobody answered."), {"settle"}),
        (delivery("sending"), set()),
        (delivery("removed"), set()),
    ],
)
def test_what_can_be_done_about_a_reply(newest, offered):
    html = inbox(decided=[card("stage", "harbor", "", state="approved", deliveries=[newest])])
    assert actions(html) == offered
    assert (newest.error or "") in html


def test_slots_are_asked_for_before_anything_can_be_sent():
    blank = MissingSlot(name="liked", ask="What did you like?")
    html = inbox(waiting=[card("stage", "harbor", "", missing=[blank])])
    assert "fill" in actions(html)
    assert "approve" not in actions(html)
    assert "What did you like?" in html


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
    await greenroom.draft(attachments=attachments)
    async with greenroom.browser() as browser:
        page = (await browser.get("/inbox")).text
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
    await greenroom.draft(attachments=[{"kind": "link", "url": url, "title": "https://accounts.example.org"}])
    async with greenroom.browser() as browser:
        page = (await browser.get("/inbox")).text
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
    seen = 0
    for where, view in (("waiting", waiting), ("waiting", handoff), ("decided", decided)):
        for path in strings(view):
            with subtests.test(where=where, path=path):
                html = inbox(**{where: [put(view, path, MARKUP)]})
                assert "<script>x()" not in html
                assert "id=x>" not in html
                seen += "&lt;script&gt;x()" in html
    assert seen > 30, "most fields are shown"


async def test_no_text_of_the_lobby_ever_becomes_html(greenroom, subtests):
    body = {"channel": "lobby", "author": {"id": "f", "name": "Robin"}, "text": "hello there"}
    for field, change in {
        "text": {"text": MARKUP},
        "name": {"author": {"id": "f", "name": MARKUP}},
        "author": {"author": {"id": MARKUP, "name": "R"}},
        "id": {"id": MARKUP},
        "reply_to": {"reply_to": MARKUP},
    }.items():
        with subtests.test(field=field):
            post_id = (await greenroom.http.post("/api/posts", json=body | change)).json()["post_id"]
            await greenroom.until(f"/api/posts/{post_id}", lambda post: post["action"])
            async with greenroom.browser() as browser:
                for page in ("/lobby", "/inbox"):
                    html = (await browser.get(page)).text
                    assert "<script>x()" not in html
                    assert "id=x>" not in html
