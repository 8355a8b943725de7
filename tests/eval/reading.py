"""Posts read by the real pipeline: the shipped templates, what a community adds to them, and what was said before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import yaml

import bot.reader
from bot.content import Content, read_texts
from bot.domain import clean
from responders.library.model import Library
from responders.pipeline import Pipeline
from responders.types import Author, Context, Outcome, Post, Proposal, ReasonCode, Turn
from tests.eval.posts import Entry, NewIntent
from training.corpus import Labelled

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
AGO = timedelta(minutes=1)
"""How long before a post its context was said."""
_UNANSWERED = {"spam": Outcome.SILENT, "toxic": Outcome.SILENT}
_ANSWER = """---
answers_to: {asks}
source: the invented FAQ
slots:
  answer: {{from: facts.{fact}, required: true}}
examples:
  - given: {{post: "here"}}
    expect: {{offered: false}}
---
## variant: plain
{{{{ answer }}}}
"""


@dataclass(frozen=True, kw_only=True)
class Read:
    """A post, what was read in it, and what its label deserves."""

    post: Labelled
    proposal: Proposal
    deserves: Outcome

    @property
    def label(self) -> str:
        """The gate that fired, else the intent."""
        read = self.proposal.understanding
        return read.risk[0] if read.risk else read.intent or "nothing"

    @property
    def confidence(self) -> float:
        """The chance of that."""
        read = self.proposal.understanding
        return next((a.chance for a in read.alarms if a.gate in read.risk[:1]), read.confidence)

    @property
    def right(self) -> bool:
        """True when it was read right."""
        return self.label == self.post.intent

    def among(self, first: int) -> bool:
        """True when the right label is among the likeliest."""
        likely = dict.fromkeys([self.label, *(name for name, _ in self.proposal.understanding.intents)])
        return self.post.intent in list(likely)[:first]

    @property
    def drafted(self) -> bool:
        """True when there was a draft."""
        return self.proposal.outcome is Outcome.DRAFT

    @property
    def reply(self) -> str:
        """The template of that reply, or nothing."""
        return self.proposal.candidate.template if self.proposal.candidate else ""

    @property
    def found(self) -> frozenset[str]:
        """The templates whose words, or whose note, a manager sees, and one without words whose situation is read."""
        offers = (self.proposal.candidate, *self.proposal.alternatives)
        situation = next((name for name, _ in self.proposal.understanding.situations), "")
        unwritten = self.proposal.outcome is Outcome.HANDOFF and situation == self.post.intent.rpartition("/")[2]
        by_hand = self.proposal.reason.code is ReasonCode.BY_HAND
        notes = {self.post.intent} if by_hand or unwritten else set()
        return frozenset({*(reply.template for reply in offers if reply), *notes})

    @property
    def offered(self) -> frozenset[str]:
        """The intents of all replies that a manager can send by one press."""
        first = (self.proposal.candidate,) if self.proposal.candidate else ()
        return frozenset(reply.template.split("/")[1] for reply in (*first, *self.proposal.alternatives))


def around(post: Labelled) -> tuple[Post, Context]:
    """A post as its platform gives it, in a channel of its language, with what was said before it."""
    said = post.context or {"kind": "", "who": "", "text": ""}
    reply = said["kind"] == "reply"
    who: Literal["staff", "fan"] = "staff" if said["who"] == "staff" else "fan"
    before = Turn(role=who, name="Robin", text=said["text"], at=NOW - AGO, in_thread=reply)
    written = Post(
        platform="web",
        channel="general",
        external_id="1",
        author=Author(id="fan", name="Fan"),
        text=clean(post.text),
        at=NOW,
        reply_to="0" if reply else None,
    )
    context = Context(
        now=NOW,
        community="Lantern Harbor",
        locale=post.language,
        channel_name="general",
        replies_to=who if reply else "nobody",
        before=(before,) if said["text"] else (),
    )
    return written, context


class Reader:
    """Builds pipelines of the shipped templates and more files, and reads posts with them."""

    def __init__(self, load: Callable[[], bot.reader.Reader]) -> None:
        """`load`: as `Content` takes it."""
        self._load = load
        self._shipped = read_texts(ROOT / "templates")

    def pipeline(self, more: Mapping[str, str] | None = None) -> Pipeline:
        """The pipeline of the shipped files and `more`, by path. Another community's FAQ takes the place of ours."""
        more = more or {}
        other_faq = any(_is_answer(text) for text in more.values())
        shipped = {path: text for path, text in self._shipped.items() if not (other_faq and _is_answer(text))}
        with TemporaryDirectory() as folder:
            for path, text in {**shipped, **more}.items():
                file = Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return Content(Path(folder), reader=self._load).load()


def read(pipeline: Pipeline, posts: Iterable[Labelled]) -> list[Read]:
    """Each post with what was read."""
    return [
        Read(post=post, proposal=pipeline.run(*around(post)), deserves=_deserves(post, pipeline.library))
        for post in posts
    ]


def _deserves(post: Labelled, library: Library) -> Outcome:
    """What its intent's file says; a person's words where there are no templates in its language."""
    intent = library.intents.get(post.intent)
    if intent is None or intent.action == "handoff":
        return _UNANSWERED.get(post.intent, Outcome.HANDOFF)
    if intent.action == "silent":
        return Outcome.SILENT
    return Outcome.DRAFT if library.offering(post.intent, post.language) else Outcome.HANDOFF


def _is_answer(text: str) -> bool:
    return "\nsource:" in text


def answer_files(entries: Iterable[Entry]) -> dict[str, str]:
    """FAQ entries as template files of one question each."""
    files = {
        f"en/question/{entry.id}.md": _ANSWER.format(asks=_flow([entry.ask]), fact=_fact(entry)) for entry in entries
    }
    facts = (ROOT / "templates/facts.yaml").read_text("utf-8")
    return files | {"facts.yaml": facts + yaml.safe_dump({_fact(entry): entry.answer for entry in entries})}


def _fact(entry: Entry) -> str:
    return f"said_{entry.id.replace('-', '_')}"


def intent_files(intents: Iterable[NewIntent], size: int) -> dict[str, str]:
    """New intents as an operator writes them, with the first `size` examples."""
    return {
        f"intents/{intent.name}.yaml": yaml.safe_dump(
            {"meaning": intent.meaning, "action": "handoff", "examples": {"en": list(intent.examples[:size])}}
        )
        for intent in intents
    }


def _flow(value: Sequence[str]) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
