"""Warning L31: a post under `answers_to` that does not find its reply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from responders.library.faults import Fault
from responders.library.model import Library, Template
from responders.library.offers import sources
from responders.library.pitfalls import line_of
from responders.library.vocabulary import FACTS
from responders.types import Author, Context, Credit, Outcome, Post, Proposal, ReasonCode, Understanding
from responders.understanding.normalise import bare

Run = Callable[[Post, Context], Proposal]
"""What becomes of a post: `Pipeline.run`."""
_SHOWN = 60
"""The most characters of a post that are shown."""


def astray(
    library: Library, run: Run, templates: Iterable[Template], texts: Mapping[str, str], now: datetime
) -> Iterator[Fault]:
    """A warning for each post of these templates that something else takes, with what takes it.

    Posts of two files are left to L22, templates that lack a fact today to L24. `texts`: the files by path, to find
    lines.
    """
    takes = {(t.locale, bare(text)): t for t in library.templates for text in t.answers_to}
    for template in templates:
        if lacks_fact(library, template, now):
            continue
        for text in template.answers_to:
            if takes[template.locale, bare(text)] is not template:
                continue
            proposal = run(*as_written(template, text, now))
            if finds(template, proposal):
                continue
            line = line_of(texts.get(template.path, ""), text) or template.answers_to_line
            message = f"{_short(text)} does not find its reply: {_taken(proposal)}"
            yield Fault(file=template.path, line=line, message=message, code="L31", warning=True)


def as_written(template: Template, text: str, now: datetime) -> tuple[Post, Context]:
    """A stranger's post in a channel of the template's language. Whom the template credits has said yes."""
    fan = Author(id="fan", name="fan")
    post = Post(platform="web", channel="general", external_id="1", author=fan, text=text, at=now)
    credits = {template.credit: Credit()} if template.credit else {}
    context = Context(now=now, community="community", locale=template.locale, channel_name="general", credits=credits)
    return post, context


def lacks_fact(library: Library, template: Template, now: datetime) -> bool:
    """True when a fact that it needs has ended or has no words in its language."""
    post, context = as_written(template, "", now)
    known = sources(library.facts, post, context, Understanding(language=template.locale))
    return any(s.required and s.source.startswith(FACTS) and s.source not in known for s in template.slots.values())


def _short(text: str) -> str:
    return f"“{text}”" if len(text) <= _SHOWN else f"“{text[:_SHOWN].rstrip()}…”"


def finds(template: Template, proposal: Proposal) -> bool:
    """True when the template's words are offered, or its note is told to the manager, or it has no words and the post
    goes to a person as its situation."""
    if proposal.reason.code is ReasonCode.BY_HAND and template.handoff:
        return True
    if not template.variants:
        read = proposal.understanding
        is_read = not read.risk and any(name == template.id for name, _ in read.situations[:1])
        return proposal.outcome is Outcome.HANDOFF and is_read
    offered = (proposal.candidate, *proposal.alternatives)
    return any(candidate is not None and candidate.template == template.key for candidate in offered)


def _taken(proposal: Proposal) -> str:
    if proposal.understanding.risk or proposal.candidate is None:
        return proposal.reason.sentence.rstrip(".")
    return f"{proposal.candidate.template}.md answers it, and no wording of this file fits it as well"
