"""Notes of managers on posts: who is named, who has seen it, and that they go with the post's words."""

import json

import pytest
from sqlalchemy import func, select

from bot.domain import Note
from bot.store import fans, notes
from bot.store.ids import new_id
from bot.store.tables import mentions
from bot.store.tables import notes as table

PRAISE = "the new map is gorgeous"
CRISIS = "I want to kill myself"


async def write(house, post_id, text="zqnote", *, by="tom", names=()):
    kept = Note(id=new_id(), by=by, at=house.clock.now(), text=text, names=names)
    return kept if await house.store.write(lambda c: notes.add(c, kept, post_id)) else None


async def count(house):
    return await house.store.read(lambda c: c.execute(select(func.count()).select_from(table)).scalar_one())


async def unseen(house, manager):
    return await house.store.read(lambda c: notes.has_unseen(c, manager))


async def test_a_card_has_the_notes_of_its_post_oldest_first(house):
    card = await house.draft(PRAISE)
    first = await write(house, card["post"]["post_id"], "she wrote to me too", names=("mara", "tom"))
    second = await write(house, card["post"]["post_id"], "@nobody knows", by="mara")
    told = (await house.again(card))["notes"]
    assert [(n["id"], n["by"], n["text"], n["names"]) for n in told] == [
        (first.id, "tom", "she wrote to me too", ["mara", "tom"]),
        (second.id, "mara", "@nobody knows", []),
    ]
    other = await house.draft(PRAISE, fan="kim", channel="pier")
    assert other["notes"] == []


async def test_a_note_stays_with_the_post_when_it_gets_another_card(house):
    card = await house.draft(PRAISE)
    await write(house, card["post"]["post_id"])
    await house.press(card, "relabel", intent="question")
    assert [n["text"] for n in (await house.draft_of(card["post"]["post_id"]))["notes"]] == ["zqnote"]


async def test_a_note_and_its_removal_are_told_without_its_words(house):
    card = await house.draft(PRAISE)
    note = await write(house, card["post"]["post_id"])
    now = house.clock.now()
    assert await house.store.write(lambda c: notes.remove(c, note.id, "tom", now)) == "removed"
    told = await house.events("note_written", "note_removed")
    assert [(e.name, e.by, e.post_id, e.draft_id, e.data) for e in told] == [
        (name, "tom", card["post"]["post_id"], card["draft_id"], {}) for name in ("note_written", "note_removed")
    ]


async def test_only_its_writer_removes_a_note_and_only_once(house):
    card = await house.draft(PRAISE)
    note = await write(house, card["post"]["post_id"], names=("mara",))
    now = house.clock.now()

    async def remove(by, note_id=note.id):
        return await house.store.write(lambda c: notes.remove(c, note_id, by, now))

    assert await remove("mara") == "not yours"
    assert await remove("tom", "0" * 16) == "unknown"
    assert await remove("tom") == "removed"
    assert await remove("tom") == "unknown"
    assert (await house.again(card))["notes"] == []
    assert not await unseen(house, "mara")


async def test_a_note_that_names_somebody_is_new_until_they_look_at_the_card(house):
    card = await house.draft(PRAISE)
    other = await house.draft(PRAISE, fan="kim", channel="pier")
    await write(house, card["post"]["post_id"], names=("mara",))
    await write(house, other["post"]["post_id"], names=("mara",))

    async def see(manager, seen):
        await house.store.write(lambda c: notes.see(c, manager, seen["draft_id"], house.clock.now()))

    await see("tom", card)
    await see("mara", other)
    assert await unseen(house, "mara"), "somebody else has looked at it, and she at another one"
    await see("mara", card)
    assert not await unseen(house, "mara")
    assert not await unseen(house, "tom")
    await write(house, card["post"]["post_id"], names=("mara",))
    assert await unseen(house, "mara"), "a newer one is new"


@pytest.mark.parametrize("gone", ["unknown", "deleted", "forgotten"])
async def test_there_is_no_note_on_a_post_that_is_gone(house, gone):
    card = await house.draft(PRAISE)
    post_id = card["post"]["post_id"]
    if gone == "deleted":
        await house.intake.delete(post_id)
    elif gone == "forgotten":
        await house.desk.forget("stage", "robin")
    assert await write(house, "0" * 16 if gone == "unknown" else post_id) is None
    assert await count(house) == 0
    assert await house.events("note_written") == []


@pytest.mark.parametrize("way", ["forget", "delete", "retention", "crisis"])
async def test_the_words_of_a_note_go_with_those_of_the_post(house, way):
    card = await house.draft(CRISIS if way == "crisis" else PRAISE)
    post_id = card["post"]["post_id"]
    await write(house, post_id, names=("mara",))
    await house.press(card, "reject", key="once")
    if way == "forget":
        await house.desk.forget("stage", "robin")
    elif way == "delete":
        await house.intake.delete(post_id)
    else:
        house.clock.move(minutes=2 if way == "crisis" else 60 * 24 * 8)
        await house.rounds.once()
    assert (await house.again(card))["notes"] == []
    assert not await unseen(house, "mara")
    raw = await house.store.read(lambda c: [*c.execute(select(table.c.text)).scalars()])
    assert "zqnote" not in raw
    assert "zqnote" not in json.dumps(await house.store.export("stage", "robin"))


async def test_a_fan_is_shown_what_was_noted_about_them_but_not_by_whom(house):
    card = await house.draft(PRAISE)
    await write(house, card["post"]["post_id"], by="tom", names=("mara",))
    export = await house.store.export("stage", "robin")
    assert [(n["text"], n["post_id"]) for n in export["notes"]] == [("zqnote", card["post"]["post_id"])]
    assert "tom" not in json.dumps(export["notes"])
    assert "mara" not in json.dumps(export["notes"])


async def test_the_rows_of_notes_go_with_those_of_the_post(house):
    card = await house.draft(PRAISE)
    await write(house, card["post"]["post_id"], names=("mara", "tom"))
    await house.desk.forget("stage", "robin")
    house.clock.move(days=800)
    await house.store.write(lambda c: fans.drop_rows(c, house.clock.now()))
    assert await count(house) == 0
    named = select(func.count()).select_from(mentions)
    assert await house.store.read(lambda c: c.execute(named).scalar_one()) == 0
