"""What a digest says: the topics of a team with their counts and links, and in its file the fans' words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from bot.settings import Settings
from bot.store import Connection, answers, topics
from bot.store.topics import Topic, TopicState

MONDAY, NINE = 0, time(9)
"""When digests go, by the community's clock."""
LINKS, EXAMPLES = 3, 20
"""Posts of a topic: with a link in a digest, and with their words in the file."""
STATES: Mapping[TopicState, str] = {
    TopicState.OPEN: "open",
    TopicState.PLANNED: "planned",
    TopicState.DONE: "done",
    TopicState.NOT_PLANNED: "not planned",
}
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~&])")

LinkOf = Callable[[str, str, str], str | None]
"""The address of a message, by platform, channel and id."""


class Passed(NamedTuple):
    """A topic of a team, as a digest tells it."""

    topic: Topic
    new: int
    """Its posts of the week."""
    links: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.topic.name


def monday(local: datetime) -> date:
    """The last Monday on which digests were due. `local`: now, by the community's clock."""
    day = local.date() - timedelta(days=local.weekday())
    return day if local.time() >= NINE or local.weekday() != MONDAY else day - timedelta(days=7)


def moment(day: date, settings: Settings) -> datetime:
    """When the digests of a Monday are due."""
    return datetime.combine(day, NINE, settings.community.timezone)


def passed_on(connection: Connection, team: str, settings: Settings, link_of: LinkOf, day: date) -> list[Passed]:
    """The topics of a team that are worth telling on a Monday: open and planned ones, and those with new posts."""
    since, until = moment(day - timedelta(days=7), settings), moment(day, settings)
    new: defaultdict[str, int] = defaultdict(int)
    for topic_id, at in answers.topic_voices(connection, since):
        new[topic_id] += since <= at < until
    found = []
    for topic in topics.every(connection):
        if topic.team == team and (new[topic.id] or topic.state in (TopicState.OPEN, TopicState.PLANNED)):
            posts = topics.newest(connection, topic.id, LINKS, kept=False)
            links = (link_of(p.post.platform, p.post.channel, p.post.external_id) for p in posts)
            found.append(Passed(topic=topic, new=new[topic.id], links=tuple(filter(None, links))))
    return sorted(found, key=lambda one: -one.new)


def told(title: str, found: Sequence[Passed], day: date, board: str | None, limit: int | None = None) -> str:
    """A digest in plain text: counts, names of topics and links. Whole topics are left out beyond `limit` characters,
    counted as platforms do (UTF-16 units)."""
    posts, new = sum(one.topic.count for one in found), sum(one.new for one in found)
    counts = f"{_many(posts, 'post')} in {_many(len(found), 'topic')}, {new} new this week."
    head = f"What fans say, for {title}, week to {day:%d %B %Y}\n{counts}\n"
    tail = f"\nAll of it: {board}" if board else ""
    parts = ["\n" + "\n".join(_topic(number, one)) + "\n" for number, one in enumerate(found, start=1)]
    kept = len(parts)
    while True:
        left = len(parts) - kept
        more = f"\nAnd {_many(left, 'topic')} more.\n" if left else ""
        text = f"{head}{''.join(parts[:kept])}{more}{tail}".rstrip()
        if limit is None or kept == 0 or _units(text) <= limit:
            return text
        kept -= 1


def _topic(number: int, one: Passed) -> list[str]:
    count = f"{_many(one.topic.count, 'post')}, {one.new} new"
    return [f"{number}. {one.name}: {count}; {STATES[one.topic.state]}", *(f"   {link}" for link in one.links)]


def in_markdown(title: str, found: Sequence[tuple[Passed, Sequence[tuple[str, str | None, str]]]]) -> str:
    """A team's file. For each topic its posts: the day, the link, the words."""
    lines = [f"# What fans say, for {_escaped(title)}", ""]
    if not found:
        lines += ["Nothing just now.", ""]
    for one, said in found:
        lines += [f"## {_escaped(one.name)}", ""]
        lines += [f"{_many(one.topic.count, 'post')}, {one.new} new this week; {STATES[one.topic.state]}.", ""]
        if one.topic.reason:
            lines += [_escaped(one.topic.reason), ""]
        for day, link, words in said:
            lines += [f"- {day}{f' · <{link}>' if link else ''}", ""]
            lines += [f"  > {_escaped(line)}" for line in words.splitlines()]
            lines.append("")
    lines.append(
        "Greenroom writes this file anew when a fan deletes something or asks to be forgotten. Do not copy it."
    )
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Words that stay words in Markdown."""
    return _MARKUP.sub(r"\\\1", text)


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def file_of(connection: Connection, key: str, settings: Settings, link_of: LinkOf, now: datetime) -> str:
    """The file of a team: the topics of the week that is not over yet, with the words of their newest posts."""
    local = settings.community.local
    day = monday(local(now)) + timedelta(days=7)
    found = []
    for one in passed_on(connection, key, settings, link_of, day):
        posts = [stored.post for stored in topics.newest(connection, one.topic.id, EXAMPLES)]
        said = [(f"{local(p.at):%Y-%m-%d}", link_of(p.platform, p.channel, p.external_id), p.text) for p in posts]
        found.append((one, said))
    return in_markdown(settings.teams[key].title, found)
