"""What the month came to, in figures, and whether the books add up: nothing of a fan's without their yes."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.domain import BY_FAN, Cause
from bot.insights.coverage import Share, coverage, cuts, mondays, named
from bot.settings import Settings
from bot.store import answers
from bot.store.look import look
from tests.demo.script import ANSWERS, Forgets, Presses, Says, Step
from tests.demo.town import fan_id

WEEKS = 6
"""Calendar weeks that a month can touch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A figure and what it counts."""

    what: str
    figure: str


class Books:
    """Reads the database of a town that is closed."""

    def __init__(self, settings: Settings, steps: Sequence[Step]) -> None:
        """`steps`: those that were played."""
        self._settings = settings
        self._steps = steps
        self.file = settings.var / "greenroom.db"

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return database.execute(query, values).fetchall()

    def _number(self, query: str, *values: object) -> int:
        return int(self._rows(query, *values)[0][0])

    # Figures.

    def figures(self, now: datetime) -> Iterator[Line]:
        """The month, line by line. `now`: when it was over."""
        posts = self._rows("SELECT is_staff, count(*) AS n FROM posts GROUP BY is_staff ORDER BY is_staff")
        yield Line(what="posts by fans, by the team", figure=", ".join(str(row["n"]) for row in posts))
        kinds = self._rows("SELECT kind, count(*) AS n FROM drafts WHERE purpose = 'reply' GROUP BY kind ORDER BY kind")
        yield Line(what="cards with a reply, for a person", figure=", ".join(str(row["n"]) for row in kinds))
        yield from self._replies()
        yield from self._coverage(now)
        yield from self._people()
        yield from self._heard()
        yield from self._command_centre()

    def _replies(self) -> Iterator[Line]:
        sent = self._rows(
            "SELECT d.own_words FROM deliveries s JOIN drafts d ON d.id = s.draft_id "
            "WHERE s.kind = 'send' AND s.state IN ('sent', 'removed') AND d.purpose = 'reply'"
        )
        own = sum(row["own_words"] for row in sent)
        yield Line(what="replies sent, of these in a manager's own words", figure=f"{len(sent)}, {own}")
        states = {
            row["state"]: row["n"]
            for row in self._rows("SELECT state, count(*) AS n FROM drafts WHERE purpose = 'reply' GROUP BY state")
        }
        ends = ", ".join(f"{states.get(name, 0)} {name}" for name in ("rejected", "expired", "withdrawn", "waiting"))
        yield Line(what="cards that were not sent", figure=ends)
        passed = self._passed_on()
        for template, number in passed.items():
            yield Line(what=f"replies that pass on a fan's answer ({template})", figure=str(number))

    def _passed_on(self) -> Counter[str]:
        names = [f"en/question/{path.stem}" for path in sorted(ANSWERS.glob("*.md"))]
        rows = self._rows(
            "SELECT d.template FROM deliveries s JOIN drafts d ON d.id = s.draft_id "
            "WHERE s.kind = 'send' AND s.state = 'sent' AND d.purpose = 'reply'"
        )
        return Counter(row["template"] for row in rows if row["template"] in names)

    def _coverage(self, now: datetime) -> Iterator[Line]:
        zone, overdue = self._settings.community.timezone, now - self._settings.replies.answer_within
        begun = mondays(now, zone, WEEKS)
        rows = look(self._settings.store, lambda c: answers.coverage(c, cuts(begun, overdue)))
        told = coverage(rows, begun, overdue, zone)
        yield Line(what="answered, of posts that deserved it", figure=_sum(told.total).words)
        for intent, shares in told.readings:
            yield Line(what=f"  {named(intent)}", figure=_sum(shares).words)
        lists = self._events("unanswered_listed")
        if lists:
            numbers = ", ".join(str(json.loads(row["data"])["posts"]) for row in lists)
            yield Line(what="posts on the daily list of the unanswered", figure=numbers)

    def _people(self) -> Iterator[Line]:
        for purpose, what in (
            ("credit", "helpers thanked"),
            ("ask", "questions to fans"),
            ("stage", "shown on stage"),
            ("introduction", "introductions"),
            ("told_back", "fans told what became of it"),
        ):
            states = self._rows(
                "SELECT s.state, count(*) AS n FROM deliveries s JOIN drafts d ON d.id = s.draft_id "
                "WHERE s.kind = 'send' AND d.purpose = ? GROUP BY s.state ORDER BY s.state DESC",
                purpose,
            )
            yield Line(what=what, figure=", ".join(f"{row['n']} {row['state']}" for row in states) or "none")
        asked = self._rows("SELECT kind, state, count(*) AS n FROM consents GROUP BY kind, state ORDER BY kind, state")
        for kind in dict.fromkeys(row["kind"] for row in asked):
            figures = ", ".join(f"{row['n']} {row['state']}" for row in asked if row["kind"] == kind)
            yield Line(what=f"yes and no: {kind}", figure=figures)
        yield Line(what="on stage now", figure=str(self._number(_ON_STAGE)))
        yield Line(what="people remembered", figure=str(self._number("SELECT count(*) FROM people")))
        yield Line(what="people forgotten", figure=str(len(self._events("fan_forgotten"))))

    def _heard(self) -> Iterator[Line]:
        for topic in self._rows(
            "SELECT t.name, t.state, t.team, count(v.post_id) AS n FROM topics t "
            "LEFT JOIN voices v ON v.topic_id = t.id GROUP BY t.id ORDER BY n DESC, t.name"
        ):
            yield Line(
                what=f"topic: {topic['name']}",
                figure=f"{topic['n']} posts, {topic['state']}, {topic['team'] or 'no team'}",
            )

    def _command_centre(self) -> Iterator[Line]:
        for name in ("surge_began", "surge_ended"):
            for row in self._events(name):
                data = json.loads(row["data"])
                of = "a topic" if data["topic"] else "complaints"
                figure = f"{self._local(row['at'])}, {data['number']} in an hour, usual {data['usual']}"
                yield Line(what=f"{name.replace('_', ' ')}: {of}", figure=figure)
        for hold in self._rows("SELECT * FROM holds ORDER BY at"):
            until = self._local(hold["lifted_at"]) if hold["lifted_at"] else "now"
            yield Line(what=f"hold by {hold['by']}", figure=f"{self._local(hold['at'])} to {until}")
        back = sum(json.loads(row["data"]).get("cause") == Cause.ON_HOLD for row in self._events("draft_undone"))
        yield Line(what="approved replies that a hold took back", figure=str(back))

    def _events(self, name: str) -> list[sqlite3.Row]:
        return self._rows("SELECT at, data FROM events WHERE name = ? ORDER BY seq", name)

    def _local(self, at: str) -> str:
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        return f"{self._settings.community.local(moment):%d %B %H:%M}"

    # Checks.

    def faults(self) -> Iterator[str]:
        """What does not add up, in sentences."""
        yield from self._without_a_yes()
        yield from self._without_a_manager()
        yield from self._during_a_hold()
        yield from self._where_it_must_not_be()

    def _without_a_yes(self) -> Iterator[str]:
        """What stands on a platform needs yeses that count; what a fan took back is removed."""
        needed = {"stage": 1, "introduction": 2}
        for row in self._rows(
            "SELECT d.id, d.purpose, s.state, s.sent_at, sum(c.state = 'yes') AS yes, max(c.answered_at) AS said "
            "FROM deliveries s JOIN drafts d ON d.id = s.draft_id LEFT JOIN uses u ON u.draft_id = d.id "
            "LEFT JOIN consents c ON c.id = u.consent_id WHERE s.kind = 'send' AND s.state = 'sent' "
            "AND d.purpose IN ('stage', 'introduction') GROUP BY s.id"
        ):
            if (row["yes"] or 0) < needed[row["purpose"]]:
                yield f"The {row['purpose']} post of draft {row['id']} stands there without a yes that counts."
            elif row["said"] > row["sent_at"]:
                yield f"The {row['purpose']} post of draft {row['id']} went out before the yes."
        given = {row["id"] for row in self._rows("SELECT id FROM consents WHERE kind = 'answer' AND state = 'yes'")}
        for path in sorted((self._settings.templates / "en/question").glob("*.md")):
            if (ANSWERS / path.name).exists() and not any(
                f"credit: {consent}\n" in path.read_text("utf-8") for consent in given
            ):
                yield f"{path.name} passes an answer on without a yes that counts."

    def _without_a_manager(self) -> Iterator[str]:
        for row in self._rows(
            "SELECT s.id, s.kind, x.by FROM deliveries s LEFT JOIN decisions x ON x.id = s.decision_id "
            "WHERE s.state IN ('sent', 'removed')"
        ):
            by_fan = row["by"] == BY_FAN and row["kind"] == "remove"
            if not by_fan and row["by"] not in self._settings.managers:
                yield f"Nobody said yes to delivery {row['id']}."

    def _during_a_hold(self) -> Iterator[str]:
        for row in self._rows(
            "SELECT s.id FROM deliveries s JOIN holds h ON s.sent_at > h.at AND (h.lifted_at IS NULL OR s.sent_at < "
            "h.lifted_at) WHERE s.kind = 'send'"
        ):
            yield f"Delivery {row['id']} was sent while everything was on hold."

    def _where_it_must_not_be(self) -> Iterator[str]:
        """The forgotten are nowhere; what was taken back or refused is on no page."""
        yield from self.traces()
        refused = {
            step.fan for step in self._steps if isinstance(step, Presses) and step.presses in (["withdraw"], ["no"])
        }
        given = self._rows("SELECT work FROM consents WHERE state = 'yes' AND kind = 'stage'")
        allowed = {row["work"] for row in given}
        shown = [s.text for s in self._steps if isinstance(s, Says) and s.fan in refused and s.text not in allowed]
        pages = [path for path in self._files() if self._settings.public_pages in path.parents]
        yield from _found(shown, pages, self._settings.root)

    def traces(self) -> Iterator[str]:
        """Words, names and ids of forgotten fans in any file of the folder, whatever its kind, in sentences."""
        for fan in sorted({step.forgets for step in self._steps if isinstance(step, Forgets)}):
            said = (step.text for step in self._steps if isinstance(step, Says) and step.fan == fan)
            yield from _found([fan, fan_id(fan), *said], self._files(), self._settings.root)

    def _files(self) -> list[Path]:
        return [path for path in sorted(self._settings.root.rglob("*")) if path.is_file()]


_ON_STAGE = """
SELECT count(DISTINCT u.consent_id) FROM uses u JOIN drafts d ON d.id = u.draft_id AND d.purpose = 'stage'
JOIN deliveries s ON s.draft_id = d.id AND s.kind = 'send' AND s.state = 'sent'
"""


def _found(words: Sequence[str], files: Sequence[Path], folder: Path) -> Iterator[str]:
    for path in files:
        content = path.read_bytes()
        for text in words:
            if any(form in content for form in _forms(text)):
                yield f"{path.relative_to(folder)} has “{text[:60]}”."


def _forms(text: str) -> tuple[bytes, ...]:
    """As text, and as it stands in JSON."""
    return text.encode(), json.dumps(text)[1:-1].encode()


def _sum(shares: Sequence[Share]) -> Share:
    return Share(
        answered=sum(share.answered for share in shares),
        nothing=sum(share.nothing for share in shares),
        skipped=sum(share.skipped for share in shares),
        open=sum(share.open for share in shares),
    )
