"""One post on its way through the pure core: understand, respond, select, check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cache, partial

from responders.builtin.templated import SURE, TemplatedResponder
from responders.library.model import Library
from responders.ports import Analyzer, LanguageDetector, Responder, VoiceCheck
from responders.said import ALSO, in_quotes
from responders.selection import Choice, choose, fresh
from responders.selection.verdict import Case, Judge, Verdict, because, sureness
from responders.types import (
    Candidate,
    CheckResult,
    Context,
    Level,
    Outcome,
    Post,
    Proposal,
    Reason,
    ReasonCode,
    Step,
    Understanding,
    Wording,
)
from responders.understanding import build_analyzers
from responders.understanding.answers import QUESTION
from responders.understanding.facts import Conversation
from responders.understanding.normalise import uncalled
from responders.understanding.trained import Reads
from responders.voice import default_checks, examine

_TWIN = "not-a-twin"
_NO_ANSWER = "A question that no template answers."
_CRISIS, _GATE, _REST = 100, 80, 10
_SUREST = 0.9999
"""Only what a manager named counts as 1."""
_SHOWN = 200
"""The most characters of an error that are shown."""
FAILED = "failed"
"""The stage of trace lines that name a part that failed."""

Measure = Callable[[str], AbstractContextManager[object]]
"""Measures what is done inside: `understand` and `render`. The pipeline has no clock."""


def urgency(risk: Sequence[str]) -> int:
    """The priority that the gates give a post; 0 when none fired."""
    return 0 if not risk else _CRISIS if risk[0] == "crisis" else _GATE


class Pipeline:
    """Decides what becomes of a post. It keeps no state between posts, so threads may share it."""

    def __init__(
        self,
        library: Library,
        analyzers: Sequence[tuple[str, Analyzer]],
        responders: Sequence[Responder],
        checks: Sequence[VoiceCheck],
        thresholds: Mapping[str, float] | None = None,
        *,
        spare: Callable[[], Pipeline] | None = None,
        measure: Measure | None = None,
    ) -> None:
        """Use `build` unless you bring your own parts.

        `analyzers`: each with the words that tell a person what it reads. `thresholds`: the chances from which a
        reading is believed. `spare`: reads the posts that this pipeline cannot.
        """
        self.library = library
        self._analyzers = tuple(analyzers)
        self._responders = tuple(responders)
        self._checks = tuple(checks)
        self._judge = Judge(library, thresholds)
        self._conversation = Conversation(library.word_lists["conversation"])
        self._spare = spare
        self._measure: Measure = measure or (lambda _: nullcontext())

    @property
    def analyzers(self) -> tuple[Analyzer, ...]:
        """The analyzers in their order."""
        return tuple(analyzer for _, analyzer in self._analyzers)

    def run(self, post: Post, context: Context) -> Proposal:
        """Understand, respond, select, check. Never raises, whatever the text. The trace says what each stage saw.

        If an analyzer fails and no gate fires, the spare pipeline reads the post as if there were no model.
        """
        proposal = self._run(post, self._called(post, context))
        read = proposal.understanding
        if not read.unread or read.risk or self._spare is None:
            return proposal
        again = self._spare().run(post, context)
        failed = [step for step in proposal.trace if step.stage == FAILED]
        return replace(
            again,
            understanding=replace(again.understanding, unread=read.unread),
            trace=(*failed, *(step for step in again.trace if step not in failed)),
        )

    def _run(self, post: Post, context: Context) -> Proposal:
        with self._measure("understand"):
            understanding = self.understand(post, context)
        case = Case(post=post, context=context, understanding=understanding)
        trace = [*_seen(case)]
        verdict, choice = self._judge.judge(case), Choice()
        case = replace(case, context=self._in_their_language(context, understanding))
        trace.append(Step(stage="verdict", note=verdict[1].sentence if verdict else "a reply may be looked for"))
        if verdict is None or self._judge.leaves_a_choice(case, verdict):
            with self._measure("render"):
                offered = self._respond(case, trace)
                left = fresh(offered, understanding.intent, case.context, self.library)
                if verdict:
                    left = [replace(candidate, sure=False) for candidate in left]
                choice = choose(left, case.context, partial(self._checked, read=understanding, case=case))
            verdict = verdict or _result(case, self.library, offered, left, choice)
            trace += _chosen(offered, left, choice)
            if choice.best and not choice.best.sure:
                choice = Choice(alternatives=tuple(_told_apart((choice.best, *choice.alternatives))))
        outcome, reason = verdict
        return Proposal(
            outcome=outcome,
            reason=reason,
            understanding=understanding,
            candidate=choice.best,
            alternatives=choice.alternatives,
            priority=0 if outcome is Outcome.SILENT else self._priority(understanding),
            trace=tuple(trace),
        )

    def understand(self, post: Post, context: Context) -> Understanding:
        """What the analyzers read in a post, without a verdict."""
        understanding = Understanding()
        post = replace(post, text=uncalled(post.text)) if post.mentions_us else post
        for reads, analyzer in self._analyzers:
            try:
                understanding = analyzer.analyze(post, context, understanding)
            except Exception as problem:  # it must not switch off the others, above all not the gates
                understanding = replace(
                    understanding,
                    unread=(*understanding.unread, reads),
                    faults=(*understanding.faults, f"{reads} was not read: {problem!r}"[:_SHOWN]),
                )
        return understanding

    def _checked(self, candidate: Candidate, *, read: Understanding, case: Case) -> tuple[CheckResult, ...]:
        return self.check(_wording(candidate, read), case.post, case.context)

    def _in_their_language(self, context: Context, read: Understanding) -> Context:
        """Reply in the fan's language, unless the channel has a language of its own."""
        return context if context.one_language else replace(context, locale=read.language)

    def check(self, wording: Wording, post: Post, context: Context) -> tuple[CheckResult, ...]:
        """Run all voice checks on one wording, also on a manager's own words."""
        return tuple(examine(self._checks, wording, post, self._called(post, context)))

    def _called(self, post: Post, context: Context) -> Context:
        """Add whether the post calls the community by name."""
        called = not context.addressed and self._conversation.called(context.community, post.text)
        return replace(context, addressed=True) if called else context

    def _respond(self, case: Case, trace: list[Step]) -> list[Candidate]:
        """Everything that the responders offer. A responder that fails is traced; the others go on."""
        offered: list[Candidate] = []
        for responder in self._responders:
            try:
                found = list(responder.respond(case.post, case.context, case.understanding))
            except Exception as problem:
                trace.append(Step(stage=FAILED, note=f"responder {responder.name} failed: {problem!r}"))
                continue
            trace.append(Step(stage="responders", note=f"{responder.name} offers {len(found)}"))
            offered += (c if c.responder else replace(c, responder=responder.name) for c in found)
        return offered

    def _priority(self, understanding: Understanding) -> int:
        if understanding.risk:
            return urgency(understanding.risk)
        intent = self.library.intents.get(understanding.intent or "")
        return intent.priority if intent else _REST


def build(
    library: Library,
    *,
    reads: Reads | None = None,
    languages: LanguageDetector | None = None,
    responders: Sequence[Responder] | None = None,
    checks: Sequence[VoiceCheck] | None = None,
    spare: Callable[[], Reads] | None = None,
    measure: Measure | None = None,
) -> Pipeline:
    """A pipeline for a library, with the shipped responder and checks unless others are given.

    `reads` reads the posts; without it only the lists of the gates are used. `spare` makes the reader that takes over
    where `reads` fails; it is called when first needed.
    """
    responders = (TemplatedResponder(library),) if responders is None else responders
    checks = default_checks(library.word_lists) if checks is None else checks

    def read_by(reads: Reads | None, spare: Callable[[], Pipeline] | None = None) -> Pipeline:
        thresholds = reads.thresholds if reads else None
        analyzers = build_analyzers(library, reads, languages)
        return Pipeline(library, analyzers, responders, checks, thresholds, spare=spare, measure=measure)

    return read_by(reads, cache(lambda: read_by(spare())) if spare else None)


def _result(case: Case, library: Library, offered: list[Candidate], left: list[Candidate], choice: Choice) -> Verdict:
    """The outcome, once the responders have answered."""
    read, best = case.understanding, choice.best
    asks = read.intent == QUESTION
    if best and best.sure:
        return Outcome.DRAFT, Reason(code=ReasonCode.INTENT, sentence=_why(read, best))
    if best and not asks:
        sentence = f"Reads as {because(read)}; what it is about exactly is not clear: pick what fits."
        return Outcome.HANDOFF, Reason(code=ReasonCode.LOW_CONFIDENCE, sentence=sentence)
    if not offered or (asks and best):
        return _unanswered(case, _unwritten(case, library), choice)
    if not left or choice.blocked <= {_TWIN}:
        return case.short_of(ReasonCode.NO_FRESH_WORDING, "Every wording that fits was used here lately.")
    return case.short_of(ReasonCode.NO_TEMPLATE, "Every wording that fits says something that may not be said here.")


def _unanswered(case: Case, unwritten: str, choice: Choice) -> Verdict:
    """The outcome where nothing certain is offered. `unwritten`: as `_unwritten` says."""
    read = case.understanding
    near = ", ".join(c.why for c in (choice.best, *choice.alternatives) if c and c.answer)
    if read.intent != QUESTION:
        if unwritten:
            return Outcome.HANDOFF, Reason(code=ReasonCode.BY_HAND, sentence=f"{unwritten}: a person answers.")
        return case.short_of(ReasonCode.NO_TEMPLATE, f"Reads as {because(read)}, and no template fits.")
    if unwritten:
        sentence = f"{unwritten}; the nearest answers are {near}." if near else f"{unwritten}: a person answers."
    elif near:
        sentence = f"No answer is certain; the nearest are {near}."
    else:
        sentence = "No answer is certain: pick what fits." if choice.best else _NO_ANSWER
    return case.short_of(ReasonCode.NO_ANSWER, sentence)


def _unwritten(case: Case, library: Library) -> str:
    """The beginning of a sentence about the likeliest situation, where nobody wrote a reply for it; else nothing."""
    name, chance = next(iter(case.understanding.situations), ("", 0.0))
    if chance < SURE or not library.unwritten(name, case.context.locale):
        return ""
    return f"Reads as {in_quotes(name)} ({sureness(min(chance, _SUREST))}), and no reply is written for that"


def _told_apart(replies: Iterable[Candidate]) -> Iterator[Candidate]:
    """Ready replies, where a second one for the same reading says so."""
    told = set()
    for reply in replies:
        yield replace(reply, why=f"{reply.why}, in other words") if reply.why in told else reply
        told.add(reply.why)


def _why(read: Understanding, best: Candidate) -> str:
    """What was read, how sure that is, and what else the post does."""
    also = f" It also {ALSO[read.second]}." if read.second in ALSO else ""
    name = best.template.rpartition("/")[2]
    chance = dict(read.situations).get(name)
    if chance is None:
        return f"Reads as {because(read)}.{also}"
    how = sureness(chance if read.confidence == 1.0 else min(chance, _SUREST))
    return f"Reads as {in_quotes(name)} ({how}).{also}"


def _wording(candidate: Candidate, read: Understanding) -> Wording:
    return Wording(
        text=candidate.text,
        intent=read.intent,
        quoted=candidate.quoted,
        sources=candidate.sources,
        answer=candidate.answer,
        unfinished=bool(candidate.missing),
        template=candidate.template,
        variant=candidate.variant,
    )


def _seen(case: Case) -> tuple[Step, ...]:
    """The trace lines of what the analyzers saw."""
    read, context = case.understanding, case.context
    details = ", ".join(f"{d.kind} “{d.text}”" for d in read.details)
    surest = ", ".join(f"{name} {share:.2f}" for name, share in read.intents[:3])
    happened = ", ".join(f"{name} {share:.2f}" for name, share in read.situations[:3])
    alarms = ", ".join(f"{a.gate} {a.chance:.2f} “{a.part}”" for a in read.alarms)
    return (
        Step(stage="facts", note=f"replies to {context.replies_to}{', addressed to us' if context.addressed else ''}"),
        Step(stage="gates", note=alarms or "none"),
        Step(stage="intent", note=surest or "not read"),
        Step(stage="situation", note=happened or "not read"),
        Step(stage="tells", note=", ".join(sorted(read.tells)) or "none"),
        Step(stage="details", note=details or "none"),
        Step(stage="mood", note=f"{read.mood}, {read.sentiment}, language {read.language}"),
        *(Step(stage=FAILED, note=fault) for fault in read.faults),
    )


def _chosen(offered: list[Candidate], left: list[Candidate], choice: Choice) -> tuple[Step, ...]:
    """The trace lines of what selection and checks did."""
    note = f"{len(left)} of {len(offered)} are fresh"
    if choice.best:
        note += f"; chosen {choice.best.template}/{choice.best.variant}, {len(choice.alternatives)} others"
    warned = [r for r in choice.best.checks if r.level is not Level.PASS] if choice.best else []
    checks = [f"blocked by {i}" for i in sorted(choice.blocked)] + [f"{r.id}: {r.note}" for r in warned]
    return Step(stage="selection", note=note), Step(stage="checks", note="; ".join(checks) or "all pass")
