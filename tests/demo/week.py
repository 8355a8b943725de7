"""`python -m tests.demo.week`: a week of the sample community in which managers edit, and what their patches change.

500 posts, 200 decisions. The managers are invented: four wordings are not to their taste, and they send other words
instead, mostly the same ones. They take three patches. Then the next week's posts are replayed with the files before
and after: how many drafts are what the team would have sent.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from rapidfuzz.fuzz import ratio

from bot.backtest import Item, Options, judge
from bot.cli.works import patch_lines, stats_lines
from bot.content import Content
from bot.domain import Action, Command
from bot.exports import Exported
from bot.insights.coverage import mondays
from bot.insights.patches import Patched
from bot.insights.taking import Taken, take, waiting
from bot.insights.wordings import WhatWorks, what_works
from bot.reader import Reader, load_reader
from bot.settings import Settings
from bot.store import wordings
from responders.types import Author, Post
from tests.demo.script import Says, script
from tests.demo.town import Town, build
from training import corpus

POSTS, DECISIONS, PATCHES = 500, 200, 3
PAUSE = timedelta(minutes=20)
"""Between two posts: 500 of them fill a week."""
CHANNELS = ("general", "help", "showcase")
JUDGED = Path(__file__).parents[1] / "voice" / "judged.jsonl"
FREQUENT = ("lost_progress", "praise_for_update", "thanks_for_fix", "tells_others_to_try")
"""What many fans write about this week, each in other words."""
OF_EACH = 25
TASTE = {
    ("en/complaint/lost_progress", "plain"): (
        "That must have hurt to see. I'm really sorry that all of it is gone.",
        "I'm really sorry that all of it is gone.",
    ),
    ("en/praise/praise_for_update", "plain"): (
        "So happy that this one worked out for you!",
        "So happy that this one worked out for you! Thank you.",
    ),
    ("en/thanks/thanks_for_fix", "plain"): (
        "Good to hear that it works again! Thanks for coming back to tell us.",
        "Good to hear that!",
    ),
    ("en/recommendation/tells_others_to_try", "plain"): (
        "Thank you for spreading the word, that really helps.",
        "Thank you for spreading the word!",
    ),
}
"""Wordings that the managers never send as they are, and what they send instead: mostly the first, else the second."""
FIRST, NAMED, AS_IT_IS, SKIPPED = 0.7, 0.1, 0.85, 0.08
"""How often they send their first words, how often they put the fan's name before them, how often they send another
wording as it is, and how often they skip a card."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """Drafts of a backtest beside what the team sent, where it answered."""

    drafts: int
    same: int
    """Drafts that are word for word what the team sent."""
    close: float
    """How alike both are on average, 0 to 100."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What the week came to."""

    posts: int
    decisions: int
    told: WhatWorks
    patched: Sequence[Patched]
    taken: Sequence[Taken]
    before: Compared
    after: Compared
    beside_old_answers: Compared
    """The new drafts beside what the team sent when the old drafts lay before it."""


def texts() -> tuple[list[str], list[str]]:
    """The posts of this week and of the next one. None is in both."""
    month = [step.text for step in script() if isinstance(step, Says) and not step.staff and not step.answers]
    with JUDGED.open(encoding="utf-8") as lines:
        strangers = [post["post"] for post in map(json.loads, lines) if post["language"] == "en"]
    labelled = [p for p in corpus.load() if p.language == "en" and p.context is None and not p.second]
    of_each = [[post.text for post in labelled if post.situation == name] for name in FREQUENT]
    first = [text for of in of_each for text in of[:OF_EACH]]
    second = [text for of in of_each for text in of[OF_EACH : OF_EACH + 15]]
    left = POSTS - len(month) - len(first)
    this_week, next_week = [*month, *first, *strangers[:left]], [*second, *strangers[left : left + 240]]
    for week in (this_week, next_week):
        random.Random(1).shuffle(week)  # noqa: S311 - a story
    return this_week, next_week


def sends(key: tuple[str, str], text: str, fan: str, chance: random.Random) -> str | None:
    """What the managers send in place of a draft; None if they skip it."""
    if chance.random() < SKIPPED:
        return None
    if key in TASTE:
        first, second = TASTE[key]
        words = first if chance.random() < FIRST else second
        return f"{fan}, {words[:1].lower()}{words[1:]}" if chance.random() < NAMED else words
    return text if chance.random() < AS_IT_IS else f"{text} Really."


async def play(folder: Path, now: datetime, reader: object) -> Outcome:
    """Play the week into a folder that is made anew."""
    build(folder, now)
    town = Town(folder, now, reader)  # type: ignore[arg-type]
    this_week, next_week = texts()
    town.clock.move_to(now - POSTS * PAUSE)
    old = folder / "before"
    shutil.copytree(town.settings.templates, old)
    async with town.open():
        decisions = await _week(town, this_week)
        begun = mondays(town.clock.now(), town.settings.community.timezone, 2)
        library = town.content.pipeline.library
        counted = await town.store.read(lambda c: wordings.counted(c, begun))
        told = what_works(counted, library, begun, town.settings.community.timezone)
        found = await town.store.read(lambda c: waiting(c, library, town.settings, begun[0]))
        best = sorted((one.patches[0] for one in found if one.patches), key=lambda patch: -patch.number)[:PATCHES]
        taken = [take(patch, town.settings, town.content.tried) for patch in best]
    before, after, beside = _next_week(town.settings, old, reader, next_week, now)
    return Outcome(
        posts=len(this_week),
        decisions=decisions,
        told=told,
        patched=found,
        taken=taken,
        before=before,
        after=after,
        beside_old_answers=beside,
    )


async def _week(town: Town, posts: Sequence[str]) -> int:
    """Fans write; after each post somebody looks at the desk, until all decisions are made."""
    made = 0
    for number, text in enumerate(posts):
        town.clock.move_to(town.clock.now() + PAUSE)
        fan = f"Fan{number:03}"
        step = Says(day=1, at="00:00", fan=fan, text=text, channel=CHANNELS[number % len(CHANNELS)])  # type: ignore[arg-type]
        await town.post(step)
        if made < DECISIONS:
            made += await _decide(town, fan)
        town.clock.move_to(town.clock.now() + timedelta(minutes=1))
        await town.pass_time()
    return made


async def _decide(town: Town, fan: str) -> int:
    cards, _ = await town.desk.drafts(limit=200)
    made = 0
    for card in cards:
        draft = card.draft
        if card.post.post.author.name != fan or draft.text is None or draft.missing or draft.risk:
            continue
        key = str(draft.template), str(draft.variant)
        words = sends(key, draft.text, fan, random.Random(fan))  # noqa: S311 - a story
        action, more = (
            (Action.REJECT, {"reason": "no reply needed"})
            if words is None
            else (Action.APPROVE, {})
            if words == draft.text
            else (Action.EDIT, {"text": words})
        )
        await town.desk.decide(
            Command(draft_id=draft.id, revision=draft.revision, by="mara", action=action, **more)  # type: ignore[arg-type]
        )
        made += 1
    return made


def _next_week(
    settings: Settings, old: Path, reader: object, posts: Sequence[str], now: datetime
) -> tuple[Compared, Compared, Compared]:
    """The next week with the old files and with the new ones. The same managers decide about the drafts that lie before
    them; then what they sent is backtested."""
    folders = (old, settings.templates)
    pipelines = [Content(folder, reader=reader, var=settings.var).load() for folder in folders]  # type: ignore[arg-type]
    answers = []
    for pipeline in pipelines:
        drafts = (item for item in judge(_chat(posts, {}, now), pipeline, settings, Options()) if item.reply)
        answers.append({item.id: _sent(item) for item in drafts})
    return (
        _compared(judge(_chat(posts, answers[0], now), pipelines[0], settings, Options())),
        _compared(judge(_chat(posts, answers[1], now), pipelines[1], settings, Options())),
        _compared(judge(_chat(posts, answers[0], now), pipelines[1], settings, Options())),
    )


def _sent(item: Item) -> str | None:
    key, chance = (str(item.template), str(item.variant)), random.Random(item.id)  # noqa: S311 - a story
    return sends(key, str(item.reply), f"Fan{item.id}", chance)


def _chat(posts: Sequence[str], answers: dict[str, str | None], now: datetime) -> Iterator[Exported]:
    """The posts as an export has them, each followed by the team's answer."""
    for number, text in enumerate(posts):
        at, channel, name = now + number * PAUSE, CHANNELS[number % len(CHANNELS)], str(number)
        fan = Author(id=f"fan{number}", name=f"Fan{number}")
        yield Exported(post=Post(platform="web", channel=channel, external_id=name, author=fan, text=text, at=at))
        if answer := answers.get(name):
            team = Author(id="mara", name="Mara", is_staff=True)
            said = at + timedelta(minutes=2)
            yield Exported(
                post=Post(
                    platform="web",
                    channel=channel,
                    external_id=f"a{name}",
                    author=team,
                    text=answer,
                    at=said,
                    reply_to=name,
                )
            )


def _compared(items: Iterable[Item]) -> Compared:
    """An item has its answer only when all are there."""
    pairs = [(item.reply, item.answer.text) for item in [*items] if item.reply and item.answer]
    return Compared(
        drafts=len(pairs),
        same=sum(draft == sent for draft, sent in pairs),
        close=sum(ratio(draft, sent) for draft, sent in pairs) / len(pairs),
    )


def main() -> int:
    """Play a week that ends now, and print its figures."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with tempfile.TemporaryDirectory() as folder:
        reader: Reader | None = None

        def once() -> Reader:
            nonlocal reader
            reader = reader or load_reader()
            return reader

        outcome = asyncio.run(play(Path(folder), hour, once))
        settings = Town(Path(folder), hour, once).settings
        print("\n".join(_lines(outcome, settings)))  # noqa: T201 - a command
    return 0


def _lines(outcome: Outcome, settings: Settings) -> Iterator[str]:
    yield f"{outcome.posts} posts, {outcome.decisions} decisions"
    yield from stats_lines(outcome.told, settings)
    yield ""
    yield from patch_lines(outcome.patched)
    yield ""
    for one in outcome.taken:
        yield f"taken: {one.path}:{one.placed.line}, {one.placed.variant}{', in place' if one.placed.in_place else ''}"
    for name, one in (
        ("with the old files", outcome.before),
        ("with the patches", outcome.after),
        ("with the patches, beside the answers to the old drafts", outcome.beside_old_answers),
    ):
        share = f"{one.same} of {one.drafts} drafts ({100 * one.same / one.drafts:.0f}%)"
        yield f"next week {name}: {share} are what the team sent; {one.close:.1f}% alike"


if __name__ == "__main__":
    sys.exit(main())
