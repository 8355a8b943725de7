"""Posts come in: each once, durable and cleaned, and each ends with an action and a reason."""

import asyncio
from datetime import UTC, datetime

import pytest

from bot.store import posts
from responders.types import Attachment

PRAISE = "the colours on the map are gorgeous"
QUESTION = "how do I save"
NASTY = [
    "a\x00b",
    "\ud83d",
    "\udfff\ud800",
    "\u202eevil\u202c",
    "\u200b\u200d\u2060",
    "",
    " ",
    "a" * 8000,
    "🏳️‍🌈" * 500,
    "{{ x }} {% y %}",
]


async def page(house, post_id):
    found = await house.store.post_page(post_id)
    assert found.post.action
    assert found.post.reason
    return found


@pytest.mark.whole
async def test_nasty_text_in_every_field(house):
    for n, nasty in enumerate(NASTY):
        await goes_through(house, n, nasty)


async def goes_through(house, n, nasty):
    attachment = Attachment(kind="image", url=nasty or None, title=nasty or None)
    post_id = await house.post(
        f"{PRAISE} {nasty}",
        fan=f"robin{n}{nasty}",
        channel=f"harbor{n}{nasty}",
        name=f"Robin {nasty}",
        external_id=f"id{n}{nasty}",
        reply_to=nasty or None,
        attachments=(attachment,),
        key=f"key{n}{nasty}".replace("\x00", "").encode("utf-8", "replace").decode(),
    )
    found = await page(house, post_id)
    if found.draft:
        card = await house.draft_of(post_id)
        await house.press(card, "edit", text=f"Where {nasty}?") if len(nasty) < 1900 else None
        await house.send()
    await house.store.export("stage", found.post.post.author.id)
    assert await house.intake.edit(post_id, f"love it {nasty}{nasty}")
    await house.quiet()
    await page(house, post_id)
    await house.desk.forget("stage", found.post.post.author.id)


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
async def test_times_at_the_ends_of_the_calendar(house, at):
    for n, text in enumerate((QUESTION, "never mind, fixed it", PRAISE)):
        await page(house, await house.post(text, external_id=f"id{n}", at=at))


async def test_one_bad_post_among_many(house):
    class Moody:
        def __init__(self, real):
            self._real = real
            self.library = real.library

        def run(self, post, context):
            if "boom" in post.text:
                raise RecursionError("deep inside")
            return self._real.run(post, context)

    house.pipeline = Moody(house.pipeline)
    ids = await asyncio.gather(*(house.receive(f"{PRAISE} {'boom' if n == 12 else n}") for n in range(30)))
    await house.quiet()
    pages = [await page(house, post_id) for post_id in ids]
    bad = [p for p in pages if "boom" in p.post.post.text]
    assert [(p.post.action, p.draft.kind, p.draft.state) for p in bad] == [("handoff", "handoff", "waiting")]
    assert "read it yourself" in bad[0].post.reason
    assert all(p.post.action for p in pages)
    assert sum("read it yourself" in p.post.reason for p in pages) == 1


async def test_the_same_post_is_stored_once_and_judged_once(house):
    ids = await asyncio.gather(*(house.receive(PRAISE, external_id="same") for _ in range(50)))
    await house.quiet()
    assert len(set(ids)) == 1
    assert len(await house.events("post_received")) == len(await house.events("post_judged")) == 1
    other = await house.post(PRAISE, external_id="same", channel="pier")
    assert other not in ids


async def test_a_delete_that_comes_first_wins(house):
    await house.intake.deleted("stage", "harbor", "early")
    post_id = await house.post(PRAISE, external_id="early")
    found = await page(house, post_id)
    assert (found.post.deleted, found.post.post.text, found.post.action, found.draft) == (True, "", "silent", None)
    assert (await page(house, await house.post(PRAISE, external_id="early", channel="pier"))).draft


async def test_a_deleted_post_leaves_no_words(house):
    card = await house.draft(f"{PRAISE} zqmarker")
    await house.intake.delete(card["post"]["post_id"])
    after = await house.again(card)
    assert "zqmarker" not in str(after)
    assert (after["state"], after["text"], after["post"]["deleted"]) == ("withdrawn", None, True)
    assert await house.intake.delete(card["post"]["post_id"]), "again is no error"
    assert not await house.intake.edit(card["post"]["post_id"], PRAISE)
    assert not await house.intake.delete("0" * 16)


async def test_what_comes_in_together_belongs_together(house):
    """A post, a reply to it and a teammate's answer in one commit: the thread is the post's."""
    sent = [
        house.receive(PRAISE, external_id="root"),
        house.receive("me too, all of it", fan="kim", external_id="second", reply_to="root"),
        house.receive("Glad to hear that, both of you.", fan="ida", staff=True, reply_to="second"),
    ]
    ids = await asyncio.gather(*sent)
    await house.quiet()
    threads = {(await house.store.post_page(post_id)).post.thread for post_id in ids}
    assert threads == {ids[0]}
    root = await house.store.post_page(ids[0])
    assert root.draft is None or root.draft.state == "withdrawn"


@pytest.mark.parametrize("order", ["question first", "answer first", "answer before the question was judged"])
async def test_a_teammate_was_there_first(house, order):
    asked = house.clock.now()
    question = {"external_id": "q", "at": asked}
    answer = {"fan": "ida", "staff": True, "reply_to": "q"}
    if order == "answer first":
        await house.post("At the lamp.", **answer)
        post_id = await house.post(QUESTION, **question)
    elif order == "question first":
        post_id = await house.post(QUESTION, **question)
        await house.post("At the lamp.", **answer)
    else:
        post_id = await house.receive(QUESTION, **question)
        await house.receive("At the lamp.", **answer)
        await house.quiet()
    found = await page(house, post_id)
    assert found.draft is None or (found.draft.state, found.draft.cause) == ("withdrawn", "answered")


async def test_never_mind_withdraws_what_the_fan_asked_before(house):
    asked = await house.draft(QUESTION)
    others = await house.draft(QUESTION, fan="kim", channel="harbor")
    praised = await house.draft(PRAISE)
    await house.post("never mind, fixed it")
    assert ((await house.again(asked))["state"], (await house.again(asked))["cause"]) == ("withdrawn", "resolved")
    assert (await house.again(others))["state"] == (await house.again(praised))["state"] == "waiting"


async def test_never_mind_takes_no_alarm_back(house):
    alarm = await house.draft("where do i go? i want to kill myself")
    assert alarm["risk"][0] == "crisis"
    await house.post("never mind, fixed it")
    assert (await house.again(alarm))["state"] == "waiting"


async def test_white_space_leaves_the_draft_as_it_is(house):
    card = await house.draft(PRAISE)
    await house.intake.edit(card["post"]["post_id"], f"  {PRAISE}\n")
    await house.quiet()
    after = await house.again(card)
    assert (after["state"], after["revision"]) == ("waiting", card["revision"])
    assert len(await house.events("post_judged")) == 1


@pytest.mark.parametrize("state", ["waiting", "snoozed", "held", "silent", "rejected"])
async def test_an_edit_is_judged_anew(house, state):
    post_id = await house.post("fog again on the way to work" if state == "silent" else PRAISE)
    old = None
    if state != "silent":
        old = await house.draft_of(post_id)
        if state != "waiting":
            await house.press(old, {"snoozed": "snooze", "held": "approve", "rejected": "reject"}[state])
    await house.intake.edit(post_id, "the game crashes when I open the inventory")
    await house.quiet()
    new = await house.draft_of(post_id)
    assert (new["intent"], new["state"]) == ("complaint", "waiting")
    if old and state != "rejected":
        assert (await house.again(old))["state"] == "superseded"


async def test_a_flood_of_edits_ends_with_the_last(house):
    post_id = await house.receive(PRAISE)
    await asyncio.gather(*(house.intake.edit(post_id, f"{PRAISE} {n}") for n in range(30)))
    await house.quiet()
    found = await page(house, post_id)
    assert (found.post.post.text, found.post.version) == (f"{PRAISE} 29", 31)
    waiting, _ = await house.desk.drafts()
    assert [card.post.post.text for card in waiting] == [f"{PRAISE} 29"]


@pytest.mark.parametrize("meanwhile", ["forget", "opt out", "delete", "edit"])
@pytest.mark.parametrize("asked", [False, True])
async def test_what_happens_while_a_post_is_read(house, meanwhile, asked):
    """The pipeline runs outside any transaction. What it read may be gone when it is done."""
    loop = asyncio.get_running_loop()
    real, did = house.pipeline, []
    post_id = None

    async def happens():
        known = (await house.store.read(lambda c: posts.in_channel(c, "stage", "harbor", 1)))[0].id
        await {
            "forget": lambda: house.desk.forget("stage", "zqid"),
            "opt out": lambda: house.fans.answer("stop", "stage", "zqid"),
            "delete": lambda: house.intake.delete(known),
            "edit": lambda: house.intake.edit(known, "rain again on the way to work"),
        }[meanwhile]()

    class Slow:
        library = real.library

        def run(self, post, context):
            proposal = real.run(post, context)
            if not did:
                did.append(post)
                asyncio.run_coroutine_threadsafe(happens(), loop).result()
            return proposal

    if asked:
        post_id = await house.post("fog again on the way to work", fan="zqid")
    house.pipeline = Slow()
    if asked:
        await asyncio.gather(house.asked(post_id), return_exceptions=True)
    else:
        post_id = await house.post(PRAISE, fan="zqid")
    await house.quiet()
    found = await page(house, post_id)
    live = found.draft is not None and found.draft.live
    if meanwhile in {"forget", "delete"}:
        assert (live, found.post.post.text, found.post.understanding) == (False, "", None)
    elif meanwhile == "opt out":
        assert not live or asked
    else:
        assert found.post.post.text == "rain again on the way to work"
        assert live == asked


async def test_a_card_for_a_silent_post(house):
    post_id = await house.post("fog again on the way to work")
    card = await house.asked(post_id)
    assert card["state"] == "waiting"
    assert await house.asked(post_id) == card, "the same one again"
    await house.press(card, "edit", text="See you there.")
    assert (await house.asked(post_id))["draft_id"] == card["draft_id"], "nobody is answered twice"
    assert await house.asked("0" * 16) is None


@pytest.mark.whole
async def test_a_large_backlog_is_judged_after_a_start(house):
    ids = [await house.store_only(PRAISE) for _ in range(60)]
    await house.restart()
    await house.quiet()
    for post_id in ids:
        await page(house, post_id)
