"""One table says what each column holds. What a fan is shown and what is erased follow from it."""

import json
import os
import sqlite3
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from bot import private
from bot.adapters.web import views
from bot.domain import DeliveryState
from bot.queue import forgetting
from bot.store import Store, cards, fans, migrate
from bot.store.personal import COLUMNS, Holds
from bot.store.tables import decisions, deliveries, drafts, metadata, posts
from responders.types import Place
from tests.databases import of_version

PRAISE = "the colours on the map are gorgeous"
CRISIS = "I want to kill myself"


def test_every_column_stands_in_the_table_once():
    listed = Counter((table.name, name) for table, held in COLUMNS.items() for names in held.values() for name in names)
    stored = Counter((table.name, column.name) for table in metadata.tables.values() for column in table.columns)
    assert listed == stored


async def values(house, kinds):
    """Everything in the columns of these kinds, as one text."""

    def read(connection):
        return "\n".join(
            f"{table.name}.{name}: {json.dumps(row[0], default=str)}"
            for table, held in COLUMNS.items()
            for kind in kinds
            for name in held.get(kind, ())
            for row in connection.execute(select(table.c[name]))
        )

    return await house.store.read(read)


async def mark_all(house):
    """Put a mark into every column of words."""

    marked = []

    def write(connection):
        for table in (posts, drafts, decisions, deliveries):
            names = [n for n in COLUMNS[table][Holds.WORDS] if table.c[n].type.python_type is str]
            marks = {name: f"zqmarker {table.name}.{name}" for name in names}
            connection.execute(update(table).values(marks))
            marked.extend(marks.values())

    await house.store.write(write)
    return marked


async def test_my_data_has_every_word_that_is_kept(house):
    sent = await house.draft(PRAISE)
    await house.press(sent, "edit", text="Lovely, zqown!")
    await house.send()
    skipped = await house.draft("love the harbor", channel="pier")
    await house.press(skipped, "reject", reason="zqnote")
    waiting = await house.draft("the new map is gorgeous", channel="quay")
    removed = await house.sent("the art is stunning", channel="mole")
    await house.press(removed, "remove")
    await house.send()
    export = await house.store.export("stage", "robin")
    assert {d["draft_id"] for d in export["drafts"]} == {c["draft_id"] for c in (sent, skipped, waiting, removed)}
    assert waiting["text"] in [d["text"] for d in export["drafts"]]
    assert all(a["text"] in json.dumps(export, ensure_ascii=False) for a in waiting["alternatives"])
    assert {"zqown" in str(r) for r in export["replies"]} == {True, False}
    assert "removed" in [r["state"] for r in export["replies"]]
    assert "zqnote" in str(export["decisions"])
    assert json.loads(json.dumps(export)) == export, "it is JSON as it is"


async def test_my_data_shows_what_the_table_says_and_no_manager(house):
    card = await house.draft(PRAISE)
    await house.press(card, "edit", text="Lovely.")
    await house.send()
    marked = await mark_all(house)
    told = json.dumps(await house.store.export("stage", "robin"))
    assert marked
    assert [mark for mark in marked if mark not in told] == []
    assert "mara" not in told.casefold(), "who decided is about somebody else"


@pytest.mark.parametrize("state", ["held", "sent"])
async def test_after_its_time_no_word_is_left_and_only_who_and_what_stays(house, state):
    card = await house.draft(PRAISE, name="Zqname")
    await house.press(card, "edit", text="Lovely.")
    if state == "sent":
        await house.send()
        assert (await house.reply(card["post"]["post_id"])).state is DeliveryState.SENT
    await mark_all(house)
    house.clock.move(days=8)
    await house.rounds.once()
    left = await values(house, [Holds.WORDS])
    if state == "held":  # the draft expired in the same round, and nothing waits
        await house.rounds.once()
        left = await values(house, [Holds.WORDS])
    assert "zq" not in left.casefold()
    assert "robin" in await values(house, [Holds.WHO])


async def test_the_sentence_on_a_crisis_goes_with_its_words(house):
    card = await house.draft(CRISIS)
    await house.press(card, "reject")
    await mark_all(house)
    house.clock.move(minutes=2)
    await house.rounds.once()
    assert "zq" not in (await values(house, list(Holds))).casefold()


async def test_who_is_forgotten_is_in_no_column(house):
    card = await house.draft(PRAISE, fan="zqid", name="Zqname")
    await house.press(card, "edit", text="Lovely.")
    await house.send()
    await mark_all(house)
    await house.desk.forget("stage", "zqid")
    assert "zq" not in (await values(house, list(Holds))).casefold()


async def test_what_others_quoted_of_the_forgotten_is_dropped(house):
    await house.post("the new map is gorgeous zqmarker", fan="zqid", name="Zqname", external_id="root")
    kim = await house.post("which map?", fan="kim", reply_to="root", quote="gorgeous zqmarker")
    assert (await house.store.post_page(kim)).post.post.quote
    await house.desk.forget("stage", "zqid")
    assert "zq" not in (await values(house, list(Holds))).casefold()
    assert (await house.store.post_page(kim)).post.post.text == "which map?", "kim's own words stay"


@pytest.mark.parametrize("how", ["forgotten", "deleted"])
async def test_the_title_of_a_thread_goes_with_who_began_it(house, how):
    place = Place(name="harbor", parent="forum", topic="zqmarker is broken")
    began = await house.post("it is broken", fan="zqid", channel="t1", external_id="t1", place=place)
    kim = await house.post("mine too", fan="kim", channel="t1", place=place)
    if how == "forgotten":
        await house.desk.forget("stage", "zqid")
    else:
        await house.intake.deleted("stage", "t1", "t1")
    assert "zqmarker" not in await values(house, list(Holds))
    left = (await house.store.post_page(kim)).post.post.place
    assert (left.topic, left.parent, left.name) == ("", "forum", "harbor")
    assert not (await house.store.post_page(began)).post.kept


async def test_a_teammate_who_is_forgotten_is_not_named_on_others_posts(house):
    asked = house.clock.now()
    await house.post("You save at the red lamp.", fan="zqid", name="Zqname", staff=True, reply_to="q")
    page = await house.store.post_page(await house.post("how do I save", fan="kim", external_id="q", at=asked))
    assert page.post.reason_code == "answered"
    await house.desk.forget("stage", "zqid")
    assert "zq" not in (await values(house, list(Holds))).casefold()


async def test_a_manager_by_role_who_is_forgotten_keeps_the_key_and_loses_the_name(house):
    await house.store.write(lambda c: cards.name_role_holder(c, "stage:zqid", "Zqname"))
    card = await house.draft(PRAISE)
    why = update(drafts).values(why="Zqname handed it over. It was praise.", decided_by="stage:zqid")
    await house.store.write(lambda c: c.execute(why))
    await house.desk.forget("stage", "zqid")
    assert "zqname" not in (await values(house, list(Holds))).casefold()
    assert (await house.again(card))["why"].startswith("A manager handed it over")


async def test_forgetting_goes_on_after_a_crash(house):
    for n in range(3):
        await house.store_only(f"{PRAISE} {n}")
    now = house.clock.now()
    await house.store.write(lambda c: fans.begin_forgetting(c, "stage", "robin", now))
    await house.restart()
    await house.rounds.once()
    assert await house.store.read(fans.being_forgotten) == []
    assert (await house.store.export("stage", "robin"))["posts"] == []
    assert len(await house.events("fan_forgotten")) == 1
    await house.rounds.once()
    await forgetting.finish(house.store, now)
    assert len(await house.events("fan_forgotten")) == 1


# On the disk


def bytes_of(house):
    file = house.settings.var / "greenroom.db"
    return b"".join(path.read_bytes() for path in file.parent.iterdir() if path.name.startswith(file.name))


@pytest.mark.whole
@pytest.mark.sqlite
async def test_words_that_are_gone_are_in_no_file(house):
    """Many posts, so that whole pages are freed."""
    long = f"{PRAISE}, zqmarker. " * 20
    for n in range(20):
        await house.receive(long, fan="zqid", name="Zqname", external_id=f"f{n}")
        await house.receive(long, fan="kim", name="Zqkim", external_id=f"d{n}")
        await house.receive(long, fan="lee", name="Zqlee", external_id=f"r{n}")
    await house.quiet()
    assert b"zqmarker" in bytes_of(house)
    for n in range(20):
        await house.intake.deleted("stage", "harbor", f"d{n}")
    await house.desk.forget("stage", "zqid")
    found = bytes_of(house)
    assert b"zqid" not in found
    assert b"Zqname" not in found
    assert b"Zqkim" not in found, "what was deleted goes with the next emptying of the log"
    for draft in (await house.desk.drafts(limit=200))[0]:
        await house.press(views.card(draft), "reject")
    house.clock.move(days=8)
    await house.rounds.once()
    found = bytes_of(house)
    assert [word for word in (b"zqmarker", b"Zqlee", b"Zqkim", b"Zqname", b"zqid") if word in found] == []


@pytest.mark.whole
@pytest.mark.parametrize("how", ["forgotten", "deleted"])
async def test_words_in_the_gaps_of_pages_go_when_the_file_is_written_anew(house, how):
    """A page that SQLite rebuilds keeps what stood in its gap; growing rows make it rebuild pages."""
    ids = [await house.post(f"fog, zq{n:03}marker", fan="zqid", external_id=f"g{n}") for n in range(25)]
    for n, post_id in enumerate(ids):
        await house.intake.edit(post_id, f"fog again, zq{n:03}marker, " + "as ever and ever " * (6 * (n % 9)))
    await house.quiet()
    await house.rounds.once()
    if how == "forgotten":
        await house.desk.forget("stage", "zqid")
        house.clock.move(minutes=2)
    else:
        for n in range(25):
            await house.intake.deleted("stage", "harbor", f"g{n}")
        house.clock.move(days=1, minutes=1)
    await house.rounds.once()
    assert b"marker" not in bytes_of(house)


async def test_words_that_an_edit_replaced_are_in_no_file(house):
    post_id = await house.post("fog again, zqmarker")
    await house.intake.edit(post_id, "fog again on the way to work, as ever")
    house.clock.move(minutes=2)
    await house.rounds.once()
    assert b"zqmarker" not in bytes_of(house)


@pytest.mark.sqlite
async def test_files_are_their_owners_alone(house):
    file = house.settings.var / "greenroom.db"
    await house.post(PRAISE)
    assert {oct(p.stat().st_mode & 0o777) for p in file.parent.iterdir() if p.is_file()} == {"0o600"}
    assert {p.name.removeprefix(file.name) for p in file.parent.iterdir()} >= {"", "-wal", "-shm", ".lock"}
    for path in file.parent.iterdir():
        path.chmod(0o644)
    await house.restart()
    assert {oct(p.stat().st_mode & 0o777) for p in file.parent.iterdir() if p.is_file()} == {"0o600"}


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
async def test_whatever_the_mask_of_the_process_is(tmp_path, mask):
    before = os.umask(mask)
    try:
        store = await Store.open(f"sqlite:///{tmp_path / 'var' / 'greenroom.db'}")
        await store.first_use("key", datetime.now(UTC))
        assert {p.stat().st_mode & 0o077 for p in (tmp_path / "var").iterdir()} == {0}
        assert (tmp_path / "var").stat().st_mode & 0o077 == 0
        await store.close()
    finally:
        os.umask(before)


def test_everything_below_var_is_tightened_and_nothing_beside_it(tmp_path):
    var, beside = tmp_path / "var", tmp_path / "beside"
    (var / "inner").mkdir(parents=True)
    (var / "inner" / "secret").touch(0o644)
    beside.touch(0o644)
    (var / "link").symlink_to(beside)
    private.tighten_all(var)
    assert [oct(p.stat().st_mode & 0o777) for p in (var, var / "inner", var / "inner" / "secret", beside)] == [
        "0o700",
        "0o700",
        "0o600",
        "0o644",
    ]


async def test_a_database_from_before_is_cleaned_as_well(tmp_path):
    """A file from an earlier version still holds what was erased."""
    file = tmp_path / "old.db"
    engine = of_version(f"sqlite:///{file}", "0005")
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA secure_delete=OFF")
        row = ("zqmarker" * 500,)
        database.execute("INSERT INTO cursors VALUES ('p', 'c', ?, '2026-01-01 00:00:00.000000')", row)
        database.commit()
        database.execute("DELETE FROM cursors")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    assert b"zqmarker" in file.read_bytes()
    migrate.bring_up(engine)
    engine.dispose()
    assert b"zqmarker" not in file.read_bytes()
