"""Digests go out once a week, to a channel, by mail through a real server, and into a file."""

from __future__ import annotations

import asyncio
import email
from datetime import UTC, date, datetime, timedelta
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from bot import settings
from bot.errors import FaultyFiles
from bot.insights import digests, mail
from bot.insights.digest_text import Passed, monday, told
from bot.insights.digests import Digests, notes, troubles
from bot.people.board import Board
from bot.people.fans import FORGET
from bot.store import topics
from bot.store.ids import new_id
from bot.store.topics import TopicState

CONFIG = """\
community: {{name: Lantern Harbor, timezone: Europe/Berlin}}
managers: {{mara: {{name: Mara Quint}}}}
on_call: mara
web: {{public_url: "https://fans.example"}}
mail: {{host: 127.0.0.1, port: {port}, sender: fans@example.org, starttls: false}}
teams:
  shop: {{title: The shop, mail: shop@example.org, file: out/shop.md}}
  art: {{title: Art}}
"""
SECRET = "zebra quagga"  # noqa: S105 - words of a fan


class Post:
    """What the mail server takes, and what it does with it."""

    def __init__(self) -> None:
        self.letters: list = []
        self.rcpt, self.data = "250 OK", "250 OK"
        self.vanish = False

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session, envelope):  # noqa: N802 - as above
        if self.data.startswith("250"):
            self.letters.append(email.message_from_bytes(envelope.content, policy=default))
        if self.vanish:
            server.transport.abort()
        return self.data


@pytest.fixture
def post():
    return Post()


@pytest.fixture
async def server(post):
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(post, loop=loop), "127.0.0.1", 0)
    yield listening.sockets[0].getsockname()[1]
    listening.close()


class Office:
    """The house with teams, on a Monday morning."""

    def __init__(self, house, port):
        self.house = house
        path = house.settings.path
        path.write_text(CONFIG.format(port=port), encoding="utf-8")
        house.settings = settings.load(path, {"GREENROOM_WEB_TOKEN": "x" * 40})
        self.file = path.parent / "out/shop.md"
        self.start_again()

    def start_again(self, **changes):
        teams = {**self.house.settings.teams, **changes}
        self.house.settings = self.house.settings.model_copy(update={"teams": teams})
        self.board = Board(self.house.store, self.house.settings, self.house.clock, lambda: self.house.pipeline.library)
        self.digests = Digests(
            self.house.store,
            self.house.settings,
            self.house.clock,
            {"stage": self.house.stage},
            lambda platform, channel, message: f"https://chat.example/{channel}/{message}",
        )

    async def topic(self, name, *post_ids, team="shop", by="mara"):
        topic_id, now = new_id(), self.house.clock.now()

        def operation(connection):
            topics.add(connection, topic_id, name, None, now)
            topics.change(connection, topic_id, team=team, named_by=by)
            rows = [{"post_id": each, "topic_id": topic_id, "at": now} for each in post_ids]
            connection.execute(topics.voices.insert(), rows)

        await self.house.store.write(operation)
        return topic_id

    async def week(self):
        """Until after the next Monday at nine, and what is due has gone."""
        self.house.clock.move(days=7)
        await self.digests.once()

    async def note(self, way="shop:mail"):
        return (await self.house.store.read(notes)).get(way)

    async def troubles(self):
        return await self.house.store.read(lambda c: troubles(c, self.house.settings))


@pytest.fixture
async def office(build_house, server):
    house = build_house()
    await house.open()
    made = Office(house, server)
    yield made
    await house.close()


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ("2026-03-02T08:59", "2026-02-23"),
        ("2026-03-02T09:00", "2026-03-02"),
        ("2026-03-08T23:59", "2026-03-02"),
        ("2026-03-03T00:00", "2026-03-02"),
    ],
)
def test_a_week_begins_on_monday_at_nine(now, found):
    assert monday(datetime.fromisoformat(now).replace(tzinfo=UTC)) == date.fromisoformat(found)


async def test_a_letter_has_counts_names_and_links_and_no_words_of_fans(office, post):
    one = await office.house.post(f"{SECRET} crashes", fan="ada", name="Adabella")
    await office.digests.once()
    await office.topic("crash at the bell", one)
    await office.week()
    (letter,) = post.letters
    text = letter.get_content()
    assert letter["To"] == "shop@example.org"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "crash at the bell: 1 post, 1 new; open" in text
    assert "https://chat.example/harbor/p1" in text
    assert "https://fans.example/heard" in text
    assert SECRET not in letter.as_string()
    assert "Adabella" not in letter.as_string()
    assert await office.troubles() == []


async def test_a_digest_goes_once_a_week_also_after_a_restart_and_not_for_nothing(office, post):
    await office.digests.once()
    await office.week()
    assert post.letters == []  # nothing was heard
    await office.topic("crash", await office.house.post("it crashes"))
    await office.digests.once()
    assert post.letters == []  # not before the next Monday
    await office.week()
    office.start_again()
    await office.digests.once()
    assert len(post.letters) == 1
    await office.week()
    assert len(post.letters) == 2
    assert len({letter["Message-ID"] for letter in post.letters}) == 2


async def test_a_new_team_waits_for_its_first_monday(office, post):
    await office.topic("crash", await office.house.post("it crashes"))
    await office.digests.once()
    assert post.letters == []


async def test_what_is_done_and_not_heard_again_is_left_out(office, post):
    await office.digests.once()
    done = await office.topic("old thing", await office.house.post("it crashes"))
    await office.topic("new thing", await office.house.post("it rains"))
    await office.board.mark(done, TopicState.DONE, "old thing", "Mended.", "mara")
    await office.week()
    assert "old thing" in post.letters[0].get_content()
    await office.week()
    assert "old thing" not in post.letters[1].get_content()
    assert "new thing: 1 post, 0 new" in post.letters[1].get_content()


async def test_a_refused_address_is_told_in_words_and_tried_again_after_a_restart(office, post):
    await office.digests.once()
    await office.topic("crash", await office.house.post("it crashes"))
    post.rcpt = "550 5.1.1 no such person"
    await office.week()
    await office.digests.once()
    (trouble,) = await office.troubles()
    assert trouble == (
        "The digest for The shop did not get through: "
        "The mail server refuses the address shop@example.org (550 5.1.1 no such person)."
    )
    post.rcpt = "250 OK"
    await office.digests.once()
    assert post.letters == []
    office.start_again()
    await office.digests.once()
    assert (len(post.letters), await office.troubles()) == (1, [])


@pytest.mark.parametrize(("what", "answer"), [("rcpt", "451 come back later"), ("data", "452 disk full")])
async def test_a_busy_server_is_tried_again_with_growing_pauses(office, post, what, answer):
    await office.digests.once()
    await office.topic("crash", await office.house.post("it crashes"))
    setattr(post, what, answer)
    await office.week()
    assert "has not got through yet" in (await office.troubles())[0]
    await office.digests.once()
    assert (await office.note()).tries == 1
    office.house.clock.move(minutes=1)
    await office.digests.once()
    assert (await office.note()).tries == 2
    setattr(post, what, "250 OK")
    office.house.clock.move(minutes=1)
    await office.digests.once()
    assert post.letters == []
    office.house.clock.move(minutes=1)
    office.start_again()
    await office.digests.once()
    assert (len(post.letters), await office.troubles()) == (1, [])


async def test_a_dead_server_is_told_and_nothing_is_lost(office, post, server):
    await office.digests.once()
    await office.topic("crash", await office.house.post("it crashes"))
    dead = office.house.settings.mail.model_copy(update={"port": 1})
    office.house.settings = office.house.settings.model_copy(update={"mail": dead})
    office.start_again()
    await office.week()
    assert (await office.troubles())[0].startswith(
        "The digest for The shop has not got through yet: The mail server 127.0.0.1:1 does not answer (Connection refus"
    )
    alive = dead.model_copy(update={"port": server})
    office.house.settings = office.house.settings.model_copy(update={"mail": alive})
    office.start_again()
    office.house.clock.move(hours=1)
    await office.digests.once()
    assert len(post.letters) == 1


async def test_a_lost_answer_after_the_letter_is_not_guessed(office, post):
    await office.digests.once()
    await office.topic("crash", await office.house.post("it crashes"))
    post.vanish = True
    await office.week()
    assert (await office.note()).state == "uncertain"
    assert "may not have arrived" in (await office.troubles())[0]
    post.vanish = False
    office.start_again()
    office.house.clock.move(hours=2)
    await office.digests.once()
    assert len(post.letters) == 1  # it had arrived; it is not sent again
    await office.week()
    assert len(post.letters) == 2


async def test_a_stop_while_a_letter_leaves_is_not_guessed(office, post):
    await office.digests.once()
    await office.topic("crash", await office.house.post("it crashes"))
    office.house.clock.move(days=7)
    week = monday(office.house.settings.community.local(office.house.clock.now())).isoformat()
    await office.digests._note("shop:mail", digests.Note(week=week, state="sending"))
    office.start_again()
    await office.digests.once()
    assert (post.letters, (await office.note()).state) == ([], "uncertain")


@pytest.mark.parametrize(("script", "sent"), [("sent", 1), ("refused", 1), ("unsure", 0), ("lost for now", 1)])
async def test_a_channel_gets_a_digest_once(office, script, sent):
    house = office.house
    team = house.settings.teams["art"].model_copy(update={"channel": {"stage": "art-team"}})
    office.start_again(art=team)
    await office.digests.once()
    await office.topic("too dark", await house.post(f"{SECRET} too dark"), team="art")
    house.stage.script.append(script)
    house.clock.move(days=7)
    for _ in range(3):
        await office.digests.once()
        house.clock.move(hours=1)
    office.start_again(art=team)
    await office.digests.once()
    shown = [text for channel, to, text in house.stage.shown.values() if channel == "art-team" and to == ""]
    assert len(shown) == sent
    assert all("too dark: 1 post" in text and SECRET not in text for text in shown)


async def test_a_channel_that_is_full_is_tried_again(office):
    house = office.house
    team = house.settings.teams["art"].model_copy(update={"channel": {"stage": "art-team"}})
    office.start_again(art=team)
    await office.digests.once()
    await office.topic("too dark", await house.post("too dark"), team="art")
    house.stage.script.append("later")
    house.clock.move(days=7)
    await office.digests.once()
    house.clock.move(minutes=2)
    await office.digests.once()
    assert len([1 for channel, _, _ in house.stage.shown.values() if channel == "art-team"]) == 1


async def test_a_stop_while_a_channel_is_written_to_is_looked_up(office):
    house = office.house
    team = house.settings.teams["art"].model_copy(update={"channel": {"stage": "art-team"}})
    office.start_again(art=team)
    await office.digests.once()
    await office.topic("too dark", await house.post("too dark"), team="art")
    house.stage.script.append("cut off arrived")
    house.clock.move(days=7)
    with pytest.raises(asyncio.CancelledError):
        await office.digests.once()
    office.start_again(art=team)
    await office.digests.once()
    assert len([1 for channel, _, _ in house.stage.shown.values() if channel == "art-team"]) == 1
    assert (await office.note("art:stage")).state == "sent"


async def test_the_file_has_the_words_until_a_fan_takes_them_back(office):
    house = office.house
    posts = [await house.post(f"{SECRET} {fan} # <b>bold</b>", fan=fan, external_id=fan) for fan in ("ada", "bo", "cy")]
    topic_id = await office.topic("crash", *posts)
    await office.digests.once()
    text = office.file.read_text(encoding="utf-8")
    assert text.count(SECRET) == 3
    assert "\\<b\\>bold" in text
    assert office.file.stat().st_mode & 0o777 == 0o600
    office.file.chmod(0o640)
    await house.intake.deleted("stage", "harbor", "ada")
    await house.fans.press("stage", "bo", FORGET)
    await office.digests.once()
    text = office.file.read_text(encoding="utf-8")
    assert (text.count(SECRET), "cy" in text) == (1, True)
    assert office.file.stat().st_mode & 0o777 == 0o640
    await office.board.assign(topic_id, None, "mara")
    await office.digests.once()
    assert SECRET not in office.file.read_text(encoding="utf-8")


async def test_a_file_that_is_no_longer_configured_is_deleted(office):
    await office.topic("crash", await office.house.post(SECRET))
    await office.digests.once()
    assert office.file.exists()
    moved = office.house.settings.teams["shop"].model_copy(update={"file": Path("out/other.md")})
    office.start_again(shop=moved)
    await office.digests.once()
    assert not office.file.exists()
    assert SECRET in office.file.with_name("other.md").read_text(encoding="utf-8")


async def test_a_file_that_cannot_be_written_is_told_once_and_mended(office):
    office.file.parent.write_text("a file where a folder should be", encoding="utf-8")
    await office.digests.once()
    (trouble,) = await office.troubles()
    assert "shop.md cannot be written" in trouble
    office.file.parent.unlink()
    office.start_again()
    await office.digests.once()
    assert await office.troubles() == []


def test_a_digest_that_is_too_long_leaves_whole_topics_out():
    now = datetime(2026, 3, 2, tzinfo=UTC)
    passed = [
        Passed(
            topic=topics.Topic(id=str(n), name=f"topic {n} 😀", state=TopicState.OPEN, created_at=now, count=n),
            new=1,
            links=("https://chat.example/1",),
        )
        for n in range(1, 200)
    ]
    text = told("The shop", passed, date(2026, 3, 2), "https://fans.example/heard", limit=2000)
    assert len(text.encode("utf-16-le")) // 2 <= 2000
    assert "topics more." in text
    assert text.endswith("https://fans.example/heard")
    assert "19900 posts in 199 topics, 199 new this week." in text


def test_letters_keep_other_scripts_and_long_lines():
    server = settings.Mail(host="mail.example", sender="fans@example.org")
    at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=1)
    made = mail.letter(server, "shop@example.org", "Über\nalles", "Grüße 😀 " * 200, key="k", at=at)
    read = email.message_from_bytes(made.as_bytes(policy=mail.WIRE), policy=default)
    assert read.get_content().strip() == ("Grüße 😀 " * 200).strip()
    assert read["Subject"] == "Über alles"
    assert all(len(line) < 998 for line in made.as_bytes(policy=mail.WIRE).split(b"\r\n"))


async def test_doctor_asks_the_server_about_each_address(office, post):
    check = (await asyncio.to_thread(mail.check_online, office.house.settings))[0]
    assert (check.ok, check.result) == (True, "127.0.0.1 takes mail for the teams")
    post.rcpt = "550 no such person"
    check = (await asyncio.to_thread(mail.check_online, office.house.settings))[0]
    assert check.ok is False
    assert "refuses the address shop@example.org (550 no such person)" in check.result
    assert post.letters == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"user": "fans"}, "wants a password"),
        ({"starttls": True}, "does not offer STARTTLS"),
    ],
)
async def test_what_the_server_does_not_do_is_told(office, changes, words):
    server = office.house.settings.mail.model_copy(update=changes)
    made = mail.letter(server, "shop@example.org", "x", "y", key="k", at=office.house.clock.now())
    with pytest.raises(mail.MailTrouble, match=words):
        await asyncio.to_thread(mail.send, office.house.settings, server, made)


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ("teams: {shop: {title: S, mail: a@b.c}}", "the team `shop` has a mail address, so `mail` must name"),
        ("teams: {shop: {title: S, channel: {irc: x}}}", "`irc` is no chat platform; write one of: discord, telegram"),
        ("teams: {shop: {title: S, channel: {discord: 1, telegram: 2}}}", "`channel` takes one platform"),
        ("teams: {'a b': {title: S}}", "`a b` cannot be a team's key"),
        ("teams: {a: {title: S, file: x}, b: {title: S, file: x}}", "two teams have the same `file`"),
        ("mail: {host: m.example, sender: nobody}", "sender"),
        ("mail: {host: m.example, sender: a@b.c, user: u, starttls: false}", "would show the password to everybody"),
        ("mail: {host: m.example, sender: a@b.c, password: x}", "GREENROOM_MAIL_PASSWORD"),
    ],
)
def test_a_wrong_block_is_told_in_a_sentence(write_config, block, sentence):
    path = write_config(f"community: {{name: X}}\nmanagers: {{m: {{name: M}}}}\non_call: m\n{block}\n")
    with pytest.raises(FaultyFiles) as error:
        settings.load(path, {})
    assert sentence in str(error.value.faults[0])
