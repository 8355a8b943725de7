"""A replay judges each post as it would have been judged at its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import settings
from bot.backtest import Item, Options, judge
from bot.exports import Exported
from bot.settings import Settings
from responders.library.model import Library
from responders.pipeline import Pipeline
from responders.types import (
    Author,
    Candidate,
    Context,
    Outcome,
    Place,
    Post,
    Proposal,
    Reason,
    ReasonCode,
    Understanding,
)

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
TEAM = frozenset({"team"})


class Seen(Pipeline):
    """Drafts the same reply for everything, and keeps what it was shown."""

    def __init__(self, library: Library) -> None:
        super().__init__(library, (), (), ())
        self.contexts: list[Context] = []

    def run(self, post: Post, context: Context) -> Proposal:
        self.contexts.append(context)
        return Proposal(
            outcome=Outcome.DRAFT if context.cap is None else Outcome.SILENT,
            reason=Reason(code=ReasonCode.INTENT, sentence="It fits."),
            understanding=Understanding(intent="praise", confidence=0.9),
            candidate=Candidate(text=f"Lovely, {post.text}.", template="en/praise/a", variant="plain"),
        )


@pytest.fixture
def pipeline(word_lists: dict[str, Any]) -> Seen:
    return Seen(Library(templates=(), intents={}, word_lists=word_lists))


@pytest.fixture
def with_settings(tmp_path: Path) -> Callable[..., Settings]:
    def load(**replies: str) -> Settings:
        lines = "".join(f"  {name}: {value}\n" for name, value in replies.items())
        path = tmp_path / "config.yaml"
        more = f"replies:\n{lines}" if lines else ""
        path.write_text(
            f"community: {{name: Harbor}}\nmanagers: {{mara: {{name: Mara}}}}\non_call: mara\n{more}", encoding="utf-8"
        )
        return settings.load(path, {})

    return load


def wrote(number: int, text: str = "", fan: str = "robin", **more: Any) -> Exported:
    mentions = more.pop("mentions", ())
    post = Post(
        platform="discord",
        channel=more.pop("channel", "general"),
        external_id=str(number),
        author=Author(id=fan, name=fan.title(), is_bot=more.pop("bot", False)),
        text=text or f"words {number}",
        at=START + timedelta(minutes=more.pop("minute", number)),
        **more,
    )
    return Exported(post=post, mentions=mentions)


def judged(
    pipeline: Seen, found: Settings, messages: Sequence[Exported], **options: Any
) -> tuple[list[Item], list[Context]]:
    items = list(judge(messages, pipeline, found, Options(**{"staff": TEAM, **options})))
    return items, pipeline.contexts


def test_only_posts_of_fans_are_judged(pipeline: Seen, with_settings: Callable[..., Settings]) -> None:
    messages = [wrote(1), wrote(2, fan="team"), wrote(3, fan="helper-bot", bot=True), wrote(4, fan="kim")]
    items, _ = judged(pipeline, with_settings(), messages)
    assert [item.id for item in items] == ["1", "4"]


def test_what_was_said_before_and_by_whom(pipeline: Seen, with_settings: Callable[..., Settings]) -> None:
    messages = [
        wrote(1, "how do I save?", fan="kim"),
        wrote(2, "press the lamp", fan="team", reply_to="1"),
        wrote(3, "a bot's words", fan="bot", bot=True),
        wrote(4, "thank you", fan="kim", reply_to="2"),
        wrote(5, "elsewhere", fan="kim", channel="art"),
    ]
    _, (_, answer, elsewhere) = judged(pipeline, with_settings(), messages)
    assert [(turn.role, turn.text) for turn in answer.before] == [
        ("author", "how do I save?"),
        ("staff", "press the lamp"),
    ]
    assert (answer.replies_to, answer.addressed, answer.first_post) == ("staff", True, False)
    assert all(turn.in_thread for turn in answer.before)
    assert (elsewhere.before, elsewhere.first_post) == ((), True)


@pytest.mark.parametrize(
    ("reply_to", "expected"), [("1", "fan"), ("2", "nobody"), ("99", "fan"), (None, "nobody"), ("3", "staff")]
)
def test_whom_a_post_answers(
    pipeline: Seen, with_settings: Callable[..., Settings], reply_to: str | None, expected: str
) -> None:
    messages = [wrote(1, fan="kim"), wrote(2), wrote(3, fan="team"), wrote(4, reply_to=reply_to)]
    _, contexts = judged(pipeline, with_settings(), messages)
    assert contexts[-1].replies_to == expected


def test_a_mention_of_the_team_calls_us(pipeline: Seen, with_settings: Callable[..., Settings]) -> None:
    _, (plain, called) = judged(pipeline, with_settings(), [wrote(1), wrote(2, mentions=("team",))])
    assert (plain.addressed, called.addressed) == (False, True)


def test_drafts_count_as_sent(pipeline: Seen, with_settings: Callable[..., Settings]) -> None:
    messages = [wrote(1), wrote(2, fan="kim"), wrote(3, channel="art"), wrote(4)]
    _, contexts = judged(pipeline, with_settings(), messages)
    assert [(r.text, r.same_channel, r.same_fan) for r in contexts[-1].past_replies] == [
        ("Lovely, words 3.", False, True),
        ("Lovely, words 2.", True, False),
        ("Lovely, words 1.", True, True),
    ]


def test_caps_count_only_when_asked(pipeline: Seen, with_settings: Callable[..., Settings]) -> None:
    capped = with_settings(per_fan="1/1h", per_channel="null")
    messages = [wrote(1), wrote(2), wrote(3, fan="kim"), wrote(4, minute=70)]
    _, contexts = judged(pipeline, capped, messages, caps=True)
    assert [context.cap is None for context in contexts] == [True, False, True, True]
    pipeline.contexts.clear()
    _, contexts = judged(pipeline, capped, messages)
    assert all(context.cap is None for context in contexts)


def test_since_and_limit_leave_the_rest_as_context(pipeline: Seen, with_settings: Callable[..., Settings]) -> None:
    messages = [wrote(number) for number in range(1, 7)]
    since = START + timedelta(minutes=3)
    items, contexts = judged(pipeline, with_settings(), messages, since=since, limit=2)
    assert [item.id for item in items] == ["3", "4"]
    assert len(contexts[0].before) == 2


def test_what_the_team_answered(pipeline: Seen, with_settings: Callable[..., Settings]) -> None:
    messages = [
        wrote(1, "first"),
        wrote(2, "second", fan="kim"),
        wrote(3, "the answer", fan="team", reply_to="1", minute=90),
        wrote(4, "and one more", fan="team", reply_to="1", minute=95),
        wrote(5, "to nobody", fan="team", minute=96),
    ]
    first, second = judged(pipeline, with_settings(), messages)[0]
    assert first.answer is not None
    assert (first.answer.text, first.answer.after) == ("the answer", timedelta(minutes=89))
    assert second.answer is None


def test_an_answer_in_the_thread_that_a_post_began(pipeline: Seen, with_settings: Callable[..., Settings]) -> None:
    """A thread on Discord has the id of the message that it began with."""
    thread = Place(name="general", parent="general")
    messages = [
        wrote(1, "my question"),
        wrote(7, "more of it", channel="1", place=thread, reply_to="1"),
        wrote(8, "it is so", fan="team", channel="1", place=thread, reply_to="1"),
    ]
    items, _ = judged(pipeline, with_settings(), messages)
    assert items[0].answer is not None
    assert items[0].answer.text == "it is so"


def test_the_same_export_gives_the_same_items(pipeline: Seen, with_settings: Callable[..., Settings]) -> None:
    messages = [wrote(number, fan=f"fan{number % 3}") for number in range(40)]
    first, _ = judged(pipeline, with_settings(), messages)
    second, _ = judged(pipeline, with_settings(), messages)
    assert first == second


def test_a_long_channel_is_bounded(pipeline: Seen, with_settings: Callable[..., Settings], monkeypatch: Any) -> None:
    monkeypatch.setattr("bot.backtest.history.REMEMBERED", 50)
    monkeypatch.setattr("bot.backtest.run.REMEMBERED", 50)
    messages = [wrote(number, fan=f"fan{number}", reply_to=str(number - 60)) for number in range(300)]
    _, contexts = judged(pipeline, with_settings(), messages)
    assert contexts[-1].replies_to == "fan"
    assert len(contexts[-1].past_replies) <= 50
