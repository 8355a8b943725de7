"""Messages as posts: nothing that Telegram sends, and no text of a fan, makes the reading stumble."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from telegram import Message, User

from bot.adapters.telegram.directory import Directory
from bot.adapters.telegram.posts import SHOWN_SIDE, by_a_person, channel_of, chat_of, mentions_us, post_of, readable
from bot.settings import Listen

ME = User(id=1, is_bot=True, first_name="Greenroom", username="greenroom_bot")
AT = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = ["mention", "text_link", "text_mention", "hashtag", "bot_command", "custom_emoji", "something_new"]


def message(**more):
    plain = {
        "message_id": 7,
        "date": int(AT.timestamp()),
        "chat": {"id": -1001, "type": "supergroup", "title": "Harbor"},
        "from": {"id": 5, "is_bot": False, "first_name": "Robin"},
    }
    return Message.de_json({**plain, **more}, None)


entity = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS), "offset": st.integers(0, 60), "length": st.integers(0, 60)},
    optional={"url": st.just("https://example.org"), "user": st.just({"id": 1, "is_bot": True, "first_name": "G"})},
)


@given(st.text(min_size=1, max_size=60), st.lists(entity, max_size=4), st.booleans())
def test_any_words_with_any_marks_are_read(words, entities, as_caption):
    part = {"caption": words, "caption_entities": entities} if as_caption else {"text": words, "entities": entities}
    found = message(**part)
    post = post_of([found], Listen(channel="-1001"), Directory(), ME, "")
    assert (post.text, post.author.id, post.external_id) == (words, "5", "7")
    assert by_a_person(found)
    assert readable(found)


@given(st.text(st.sampled_from("a🦋é "), max_size=20))
def test_our_name_is_found_behind_anything(before):
    offset = len(f"{before} ".encode("utf-16-le")) // 2
    mark = {"type": "mention", "offset": offset, "length": len("@Greenroom_Bot")}
    assert mentions_us(message(text=f"{before} @Greenroom_Bot hello", entities=[mark]), ME)
    assert not mentions_us(message(text=f"{before} @Greenroom_Bod hello", entities=[mark]), ME)


@given(st.integers(-(2**52), -1), st.none() | st.integers(1, 2**31))
def test_the_chat_is_known_from_a_posts_channel(chat, topic):
    inside = {"message_thread_id": topic, "is_topic_message": True} if topic else {}
    found = message(chat={"id": chat, "type": "supergroup"}, text="x", **inside)
    assert chat_of(channel_of(found)) == chat


def test_a_reply_chain_is_no_topic():
    assert channel_of(message(text="x", message_thread_id=3)) == "-1001"


@given(st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 3000)), min_size=1, max_size=6))
def test_of_a_photo_the_largest_size_is_kept_that_is_not_too_large(sides):
    sizes = [{"file_id": f"f{n}", "file_unique_id": "u", "width": w, "height": h} for n, (w, h) in enumerate(sides)]
    (photo,) = post_of([message(photo=sizes)], Listen(channel="-1001"), Directory(), ME, "").attachments
    longer = {f"f{n}": max(side) for n, side in enumerate(sides)}
    fitting = [side for side in longer.values() if side <= SHOWN_SIDE]
    assert (photo.kind, photo.url) == ("image", None)
    assert longer[photo.file] == (max(fitting) if fitting else min(longer.values()))
