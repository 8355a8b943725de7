"""The development posts, read by the real pipeline with the shipped templates and what a community adds to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.cli.understand import Bad, judged
from bot.content import read_texts, shipped_texts
from bot.language import Langid, Vader
from bot.settings import load as load_settings
from responders.library.load import load
from responders.pipeline import Pipeline, build
from responders.ports import Encoder
from responders.types import Proposal
from tests.eval.posts import Entry, Labelled, NewIntent

ROOT = Path(__file__).parents[2]
_ANSWER = """---
asks: {asks}
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
    """A post and what was read in it."""

    post: Labelled
    proposal: Proposal

    @property
    def label(self) -> str:
        """The gate that fired, else the intent."""
        read = self.proposal.understanding
        return read.risk[0] if read.risk else read.intent or "nothing"

    @property
    def right(self) -> bool:
        """True when it was read as what it is."""
        return self.label == self.post.label

    @property
    def drafted(self) -> bool:
        """True when a reply was laid before a manager."""
        return self.proposal.outcome == "draft"


class Reader:
    """Builds pipelines of the shipped templates and more files, and reads posts with them as the command does."""

    def __init__(self, encoder: Encoder | None, faq_encoder: Encoder | None = None) -> None:
        """`encoder`: None reads by word patterns alone. `faq_encoder`: the one for questions."""
        self._encoder, self._faq_encoder = encoder, faq_encoder
        self._languages = Langid()
        self._polarity = Vader()
        self._texts = read_texts(ROOT / "templates")
        self._shipped = shipped_texts()
        self._settings = load_settings(ROOT / "config.yaml", {})

    def pipeline(self, more: Mapping[str, str] | None = None) -> Pipeline:
        """The pipeline of the shipped files and `more`, by path. Another community's FAQ takes the place of ours."""
        more = more or {}
        other_faq = any(_is_answer(text) for text in more.values())
        shipped = {path: text for path, text in self._texts.items() if not (other_faq and _is_answer(text))}
        library = load({**shipped, **more}, self._shipped)
        return build(
            library,
            encoder=self._encoder,
            faq_encoder=self._faq_encoder,
            languages=self._languages,
            polarity=self._polarity,
        )

    def read(self, pipeline: Pipeline, posts: Sequence[Labelled]) -> list[Read]:
        """Each post with what was read."""
        lines = (post.line(number) for number, post in enumerate(posts))
        found = judged(pipeline, self._settings, lines)
        return [
            Read(post=post, proposal=one[1]) for post, one in zip(posts, found, strict=True) if not isinstance(one, Bad)
        ]


def _is_answer(text: str) -> bool:
    return "\nasks:" in text


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


def _flow(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
