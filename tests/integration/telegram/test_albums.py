"""Albums on Telegram: several messages, one post under all their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from bot.adapters.telegram.commands import NOTHING
from bot.domain import StoredPost
from bot.store import events, parts, posts
from bot.store.parts import Part
from bot.store.tables import metadata
from responders.types import Author, Post

from .house import PRAISE, House

Json = dict[str, Any]
AT = datetime(2026, 3, 1, tzinfo=UTC)


async def album(house: House, captions: list[str], **more: Any) -> list[Json]:
    """An album that is stored, and judged."""
    sent = house.fake.album(house.harbor, house.robin, captions, **more)
    await house.judged(sent[0])
    return sent


async def test_it_is_one_post_under_its_first_number(open_house: House) -> None:
    house = open_house
    sent = await album(house, ["", f"{PRAISE}, look", ""])
    found = await house.judged(sent[0])
    assert found.post.text == f"{PRAISE}, look"
    assert [a.kind for a in found.post.attachments] == ["image"] * 3
    assert [house.posted(one) for one in sent[1:]] == [None, None]
    assert house.rows("SELECT count(*) FROM inbox") == [(0,)]


@pytest.mark.parametrize("answered", [0, 1, 2])
async def test_a_teammate_who_answers_any_picture_has_answered_the_post(open_house: House, answered: int) -> None:
    house = open_house
    sent = await album(house, ["", PRAISE, ""])
    await house.draft(sent[0])
    house.fake.reply(sent[answered], house.mara, "Thank you! The whole team is happy.")
    await house.draft(sent[0], "withdrawn")
    assert house.fake.replies_to(sent[0]) == []


async def test_a_teammate_who_answers_before_it_is_complete_has_answered_it(open_house: House) -> None:
    house = open_house
    sent = house.fake.album(house.harbor, house.robin, ["", PRAISE, ""])
    answer = house.fake.reply(sent[2], house.mara, "Thank you! The whole team is happy.")
    found = await house.judged(answer)
    post = await house.judged(sent[0])
    assert found.thread == post.id
    await house.until(lambda: house.rows("SELECT count(*) FROM drafts WHERE state = 'waiting'") == [(0,)])


async def test_what_the_fan_adds_under_any_picture_goes_on_with_the_post(open_house: House) -> None:
    house = open_house
    sent = await album(house, ["", PRAISE, ""])
    more = await house.judged(house.fake.reply(sent[2], house.robin, "and the music is lovely, too"))
    assert more.thread == (await house.judged(sent[0])).id
    assert (more.action, more.reason_code) != ("silent", "crosstalk")


async def test_our_reply_goes_to_the_first_picture(open_house: House) -> None:
    house = open_house
    sent = await album(house, ["", "", PRAISE])
    draft = await house.draft(sent[0])
    await house.decide(draft, "approve")
    await house.delivery(draft, "sent")
    assert [len(house.fake.replies_to(one)) for one in sent] == [1, 0, 0]


@pytest.mark.parametrize(
    ("edits", "text"),
    [
        ([(1, "the map is great")], "the map is great"),
        ([(1, ""), (0, "the map is great")], "the map is great"),  # moved to the first picture
        ([(0, "the map is great"), (1, "")], "the map is great"),  # told the other way round
        ([(2, "and so is the fog")], f"{PRAISE}\nand so is the fog"),
        ([(2, "and so is the fog"), (1, "")], "and so is the fog"),
    ],
)
async def test_a_caption_that_is_changed_added_or_moved_is_not_lost(
    open_house: House, edits: list[tuple[int, str]], text: str
) -> None:
    house = open_house
    sent = await album(house, ["", PRAISE, ""])
    for number, words in edits:
        house.fake.edit(sent[number], words)
    await house.judged(sent[0], text)
    assert house.rows("SELECT count(*) FROM posts") == [(1,)]


async def test_a_caption_that_changes_while_it_is_put_together(open_house: House) -> None:
    house = open_house
    first, _ = house.fake.album(house.harbor, house.robin, ["teh map", ""])
    house.fake.edit(first, "the map is gorgeous")
    assert (await house.judged(first)).post.text == "the map is gorgeous"
    house.fake.edit(first, "the map is great")
    await house.judged(first, "the map is great")


async def test_one_picture_alone_whose_caption_changes_at_once(open_house: House) -> None:
    house = open_house
    (only,) = house.fake.album(house.harbor, house.robin, ["teh map is gorgeous"])
    house.fake.edit(only, PRAISE)
    assert (await house.judged(only)).post.text == PRAISE


async def test_pictures_that_come_late_and_over_a_restart_join_their_post(open_house: House) -> None:
    house = open_house
    first = house.fake.post(house.harbor, house.robin, album="holiday")
    assert (await house.judged(first)).reason_code == "not_text"
    await house.restart()
    house.fake.post(house.harbor, house.robin, PRAISE, album="holiday")
    found = await house.judged(first, PRAISE)
    assert [a.kind for a in found.post.attachments] == ["image"] * 2
    await house.draft(first)
    house.fake.edit(first)  # nothing that anybody sees
    house.fake.post(house.harbor, house.robin, album="holiday")
    await house.until(lambda: house.rows("SELECT count(*) FROM parts") == [(3,)])
    assert (await house.judged(first)).version == found.version
    assert house.rows("SELECT count(*) FROM posts") == [(1,)]


async def test_a_manager_points_at_any_picture(open_house: House) -> None:
    house = open_house
    sent = await album(house, ["", "fog again on the way to work", ""])
    house.fake.reply(sent[2], house.mara, "/draft")
    await house.card("fog again on the way to work")
    assert house.rows("SELECT count(*) FROM posts WHERE text <> ''") == [(1,)]
    link = f"https://t.me/c/{str(house.harbor['id'])[4:]}/{sent[1]['message_id']}"
    asked = house.fake.post(house.room, house.tom, f"/draft {link}")
    said = (await house.until(lambda: house.fake.replies_to(asked)))[-1]
    assert "card" in said["text"]
    assert said["text"] != NOTHING


async def test_nothing_of_a_caption_is_kept_of_a_fan_who_is_forgotten(open_house: House) -> None:
    house = open_house
    sent = await album(house, ["", PRAISE, "and the fog"])
    await house.app.desk.forget("telegram", str(house.robin["id"]))
    assert house.rows("SELECT count(*) FROM parts WHERE text <> ''") == [(0,)]
    house.fake.edit(sent[1], f"{PRAISE}!")
    await house.judged(house.fake.post(house.harbor, house.kim, "hello, all of you"))
    assert house.rows("SELECT count(*) FROM parts WHERE text <> ''") == [(0,)]
    assert house.rows("SELECT text FROM posts WHERE author_id = ''") == [("",)]


async def test_a_reply_under_another_picture_of_a_supergroups_old_album_stays_with_it(house: House) -> None:
    small = house.fake.group("Small Harbor")
    house.listen = f"{small['id']}"
    await house.start()
    sent = house.fake.album(small, house.robin, ["", PRAISE])
    await house.judged(sent[0])
    big = house.fake.migrate(small, house.mara)
    others = [house.fake.post(big, house.kim, "hello, all of you") for _ in range(4)]  # numbered as the pictures were
    found = [await house.judged(one) for one in others]
    assert len({post.id for post in found}) == len(others)


changes = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 4), st.text("abc", max_size=3)), max_size=8)


@pytest.fixture(scope="module")
def tables() -> Iterator[Engine]:
    """In memory; nothing that is written is kept."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@given(told=changes, order=st.randoms(use_true_random=False))
def test_in_whatever_order_edits_are_told_the_newest_words_of_each_picture_stand(
    tables: Engine, told: list[tuple[int, int, str]], order: Any
) -> None:
    newest = dict.fromkeys((1, 2, 3), (-1, ""))
    order.shuffle(told)
    for number, second, words in told:
        if second >= newest[number][0]:
            newest[number] = (second, words)
    with tables.connect() as connection:
        connection.info[events.APPENDED] = []  # as the writer does
        fan = Author(id="5", name="Robin", is_staff=False)
        inner = Post(platform="telegram", channel="-1", external_id="1", author=fan, text="", at=AT)
        posts.add_many(connection, [posts.NewPost(id="a", post=inner, received_at=AT)])
        post = posts.get(connection, "a")
        assert isinstance(post, StoredPost)
        parts.keep(connection, post, "album", [Part(external_id=str(n), text="") for n in (3, 1, 2)])
        for number, second, words in told:
            changed = Part(external_id=str(number), text=words, edited_at=AT + timedelta(seconds=second))
            assert parts.keep(connection, post, "album", [changed]) == []
        assert parts.text_of(connection, "a") == "\n".join(filter(None, (newest[n][1] for n in (1, 2, 3))))
        assert posts.by_external(connection, "telegram", "-1", "3") == post
