"""One post through the pure half of the product: understand, respond, select, check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from responders.builtin.templated import TemplatedResponder
from responders.library.model import Library
from responders.ports import Analyzer, Encoder, LanguageDetector, Polarity, Responder, VoiceCheck
from responders.selection import Choice, choose, fresh
from responders.selection.verdict import Case, Judge, Verdict, because
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
from responders.understanding.normalise import encodable
from responders.voice import default_checks, examine

_TWIN = "not-a-twin"
_CRISIS, _GATE, _REST = 100, 80, 10


class Pipeline:
    """Says of any post what should become of it. Holds no state between posts, so that threads may share it."""

    def __init__(
        self,
        library: Library,
        analyzers: Sequence[Analyzer],
        responders: Sequence[Responder],
        checks: Sequence[VoiceCheck],
        encoder: Encoder | None = None,
    ) -> None:
        """Use `build` unless the parts are your own. `encoder`: the one that the analyzers read with."""
        self.library = library
        self._analyzers = tuple(analyzers)
        self._responders = tuple(responders)
        self._checks = tuple(checks)
        self._encoder = encoder
        self._judge = Judge(library)

    def prepare(self, posts: Sequence[Post]) -> None:
        """Encode several posts in one call, which costs half as much a post: the runs that follow find them done."""
        if self._encoder and len(posts) > 1:
            self._encoder.encode([encodable(post.text) for post in posts])

    def run(self, post: Post, context: Context) -> Proposal:
        """Understand, respond, select, check. Never raises for any text; the trace says what each stage saw."""
        understanding = self.understand(post, context)
        context = self._in_their_language(context, understanding)
        case = Case(post=post, context=context, understanding=understanding)
        trace = [*_seen(case)]
        verdict, choice = self._judge.judge(case), Choice()
        trace.append(Step(stage="verdict", note=verdict[1].sentence if verdict else "a reply may be looked for"))
        if verdict is None:
            offered = self._respond(case, trace)
            left = fresh(offered, understanding.intent, context, self.library)
            choice = choose(left, post, context, lambda c: self.check(_wording(c, understanding), post, context))
            verdict = _result(case, offered, left, choice)
            trace += _chosen(offered, left, choice)
            if choice.best and not choice.best.sure:
                choice = Choice(alternatives=(choice.best, *choice.alternatives))
        outcome, reason = verdict
        return Proposal(
            outcome=outcome,
            reason=reason,
            understanding=understanding,
            candidate=choice.best and _explained(choice.best, understanding),
            alternatives=tuple(_explained(c, understanding) for c in choice.alternatives),
            priority=0 if outcome is Outcome.SILENT else self._priority(understanding),
            trace=tuple(trace),
        )

    def understand(self, post: Post, context: Context) -> Understanding:
        """What the analyzers read in a post, without a verdict."""
        understanding = Understanding()
        for analyzer in self._analyzers:
            understanding = analyzer.analyze(post, context, understanding)
        return understanding

    def _in_their_language(self, context: Context, read: Understanding) -> Context:
        """The fan's language is answered in, where there are templates in it for what they say; else the channel's."""
        theirs = bool(read.intent and self.library.offering(read.intent, read.language))
        return replace(context, locale=read.language) if theirs else context

    def check(self, wording: Wording, post: Post, context: Context) -> tuple[CheckResult, ...]:
        """All voice checks on one wording, a manager's own words too."""
        return tuple(examine(self._checks, wording, post, context))

    def _respond(self, case: Case, trace: list[Step]) -> list[Candidate]:
        """All that the responders offer. One that fails is traced; the others go on."""
        offered: list[Candidate] = []
        for responder in self._responders:
            try:
                found = list(responder.respond(case.post, case.context, case.understanding))
            except Exception as problem:
                trace.append(Step(stage="responders", note=f"responder {responder.name} failed: {problem!r}"))
                continue
            trace.append(Step(stage="responders", note=f"{responder.name} offers {len(found)}"))
            offered += (c if c.responder else replace(c, responder=responder.name) for c in found)
        return offered

    def _priority(self, understanding: Understanding) -> int:
        if understanding.risk:
            return _CRISIS if understanding.risk[0] == "crisis" else _GATE
        intent = self.library.intents.get(understanding.intent or "")
        return intent.priority if intent else _REST


def build(
    library: Library,
    *,
    encoder: Encoder | None = None,
    faq_encoder: Encoder | None = None,
    languages: LanguageDetector | None = None,
    polarity: Polarity | None = None,
    responders: Sequence[Responder] | None = None,
    checks: Sequence[VoiceCheck] | None = None,
) -> Pipeline:
    """A pipeline for a library, with the shipped responder and checks unless told otherwise. Fits the intents.

    Without an `encoder` posts are read by word patterns alone; `faq_encoder` is for questions, else `encoder` serves.
    """
    return Pipeline(
        library,
        build_analyzers(library, encoder, faq_encoder, languages, polarity),
        (TemplatedResponder(library),) if responders is None else responders,
        default_checks(library.word_lists) if checks is None else checks,
        encoder,
    )


def _result(case: Case, offered: list[Candidate], left: list[Candidate], choice: Choice) -> Verdict:
    """The outcome once the responders had their say."""
    read = case.understanding
    if choice.best and not choice.best.sure:
        near = ", ".join(f"“{c.why}”" for c in (choice.best, *choice.alternatives) if c.answer)
        sentence = f"No answer is certain; the nearest are for {near}." if near else "No answer is near this question."
        return case.short_of(ReasonCode.NO_ANSWER, sentence)
    if choice.best:
        where = f"template {choice.best.template}, variant {choice.best.variant}"
        return Outcome.DRAFT, Reason(code=ReasonCode.INTENT, sentence=f"Reads as {because(read)}; {where}.")
    if not offered and read.intent == "question":
        return case.short_of(ReasonCode.NO_ANSWER, "A question that no template answers.")
    if not offered:
        return case.short_of(ReasonCode.NO_TEMPLATE, f"Reads as {because(read)}, and no template fits.")
    if not left or choice.blocked <= {_TWIN}:
        return case.short_of(ReasonCode.NO_FRESH_WORDING, "Every wording that fits was used here lately.")
    held = ", ".join(sorted(choice.blocked))
    return case.short_of(ReasonCode.NO_TEMPLATE, f"Every wording that fits was held back by the checks: {held}.")


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


def _explained(candidate: Candidate, read: Understanding) -> Candidate:
    why = f"Reads as {because(read)}; template {candidate.template}, variant {candidate.variant}."
    return replace(candidate, why=why)


def _seen(case: Case) -> tuple[Step, ...]:
    """What the analyzers saw, as lines of the trace."""
    read, context = case.understanding, case.context
    details = ", ".join(f"{d.kind} “{d.text}”" for d in read.details)
    surest = ", ".join(f"{name} {share:.2f}" for name, share in read.intents[:3])
    return (
        Step(stage="facts", note=f"replies to {context.replies_to}{', addressed to us' if context.addressed else ''}"),
        Step(stage="gates", note=", ".join(read.risk) or "none"),
        Step(stage="intent", note=surest or "not read"),
        Step(stage="details", note=details or "none"),
        Step(stage="sentiment", note=f"{read.sentiment}, language {read.language}"),
    )


def _chosen(offered: list[Candidate], left: list[Candidate], choice: Choice) -> tuple[Step, ...]:
    """What selection and checks did, as lines of the trace."""
    note = f"{len(left)} of {len(offered)} are fresh"
    if choice.best:
        note += f"; chosen {choice.best.template}/{choice.best.variant}, {len(choice.alternatives)} others"
    warned = [r for r in choice.best.checks if r.level is not Level.PASS] if choice.best else []
    checks = [f"blocked by {i}" for i in sorted(choice.blocked)] + [f"{r.id}: {r.note}" for r in warned]
    return Step(stage="selection", note=note), Step(stage="checks", note="; ".join(checks) or "all pass")
