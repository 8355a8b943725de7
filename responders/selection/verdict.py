"""Whether a post wants a reply at all: rules in their order, the first that says something decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from responders.library.model import Library
from responders.types import Context, Outcome, Post, Reason, ReasonCode, Understanding
from responders.understanding.facts import Conversation
from responders.understanding.gates import Gates
from responders.understanding.normalise import has_words
from responders.understanding.sentiment import Mockery

DRAFT_FROM = 0.5
"""Confidence from which an intent is believed (understanding.md section 3)."""
MAYBE_FROM = 0.3
"""Confidence from which a person is asked, if the post is meant for us."""
_WANT_ANSWER = frozenset({"question", "complaint"})
_FRIENDLY = frozenset({"praise", "thanks"})
_GATE_SENTENCES = {
    "crisis": "Sounds like somebody in danger or a threat: a person answers, at once.",
    "legal": "Talks of legal steps: a person answers.",
    "minor": "The author seems to be a child or teenager: a person answers.",
    "toxic": "Hard words aimed at people: a person decides.",
    "spam": "Looks like spam.",
}
_FOLLOW_UP = "This answers our own reply, and what it asks for is not clear."

_SURENESS = (
    (1.0, "named by a manager"),
    (0.9, "almost surely"),
    (0.7, "very likely"),
    (0.5, "probably"),
    (0.0, "maybe"),
)
"""Confidence from which a person reads these words; nothing that a machine reads is certain."""

Verdict = tuple[Outcome, Reason]
_H, _S, _C = Outcome.HANDOFF, Outcome.SILENT, ReasonCode


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A post with all that the rules look at."""

    post: Post
    context: Context
    understanding: Understanding

    @property
    def decided(self) -> bool:
        """True when a manager asked for a card or named the intent."""
        return self.context.asked or self.context.forced_intent is not None

    @property
    def wants_answer(self) -> bool:
        """True when silence would be rude: the post is meant for us, or is a question or complaint."""
        return self.context.addressed or self.context.asked or self.understanding.intent in _WANT_ANSWER

    def short_of(self, code: ReasonCode, sentence: str) -> Verdict:
        """There is no draft: a person's turn if an answer is wanted, else silence."""
        return (_H if self.wants_answer else _S), Reason(code=code, sentence=sentence)


class Judge:
    """Decides from facts, gates and intent; None when a reply may be looked for."""

    def __init__(self, library: Library) -> None:
        """Take the intents' actions and the lists of phrases."""
        self._intents = library.intents
        self._conversation = Conversation(library.word_lists["conversation"])
        self._gates = Gates(library.word_lists["gates"])
        self._mockery = Mockery(library.word_lists)
        self._rules: tuple[Callable[[Case], Verdict | None], ...] = (
            self._staff_or_bot,
            self._gate,
            self._opted_out,
            self._not_text,
            self._answered,
            self._between_fans,
            self._unsure,
            self._action,
            self._uneasy,
            self._mocking,
            self._cap,
        )

    def judge(self, case: Case) -> Verdict | None:
        """The first rule's verdict. A manager who asked for a card gets a hand-off where the rules say silence, except
        for a fan who opted out."""
        verdict = next((v for rule in self._rules if (v := rule(case))), None)
        if verdict and case.context.asked and verdict[1].code is not _C.OPTED_OUT:
            return _H, verdict[1]
        return verdict

    def _staff_or_bot(self, case: Case) -> Verdict | None:
        author = case.post.author
        if author.is_staff or author.is_bot:
            who = "staff" if author.is_staff else "a bot"
            return _S, Reason(code=_C.STAFF_OR_BOT, sentence=f"Written by {who}.")
        return None

    def _gate(self, case: Case) -> Verdict | None:
        if not case.understanding.risk:
            return None
        gate = case.understanding.risk[0]
        if gate == "toxic" and not self._gates.aimed(case.post, case.context):
            return _S, Reason(code=_C.GATE, sentence="Hard words, aimed at nobody here.")
        return (_S if gate == "spam" else _H), Reason(code=_C.GATE, sentence=_GATE_SENTENCES[gate])

    def _opted_out(self, case: Case) -> Verdict | None:
        if case.context.opted_out:
            return _S, Reason(code=_C.OPTED_OUT, sentence="The author asked not to be answered.")
        return None

    def _not_text(self, case: Case) -> Verdict | None:
        if has_words(case.post.text):
            return None
        sentence = "There are no words to go by, only what came with them." if case.post.attachments else "No words."
        outcome = _H if case.context.addressed else _S
        return outcome, Reason(code=_C.NOT_TEXT, sentence=sentence)

    def _answered(self, case: Case) -> Verdict | None:
        talk, context = self._conversation, case.context
        sentence = ""
        if by := talk.answered_by(context):
            sentence = "Our reply is already there." if by.role == "us" else f"{by.name} already answered."
        elif talk.taken_back(context) or talk.only_solved(case.post.text):
            sentence = "The author says it is settled."
        elif case.understanding.intent == "question" and talk.helped_by(context):
            # Without the name: this sentence stays with the post when the helper asks to be forgotten.
            sentence = "Another fan already answered the question."
        return (_S, Reason(code=_C.ANSWERED, sentence=sentence)) if sentence else None

    def _between_fans(self, case: Case) -> Verdict | None:
        context = case.context
        if context.replies_to != "fan" or context.addressed or case.decided or case.understanding.intent == "helping":
            return None
        return _S, Reason(code=_C.NOT_ADDRESSED, sentence="Fans are talking with each other.")

    def _unsure(self, case: Case) -> Verdict | None:
        read = case.understanding
        if read.confidence >= DRAFT_FROM or case.decided:
            return None
        if case.context.replies_to == "us":
            return _H, Reason(code=_C.FOLLOW_UP, sentence=_FOLLOW_UP)
        if read.intent is None or read.confidence < MAYBE_FROM:
            outcome = _H if case.context.addressed else _S
            return outcome, Reason(code=_C.LOW_CONFIDENCE, sentence="It is not clear what this is about.")
        return case.short_of(_C.LOW_CONFIDENCE, f"Maybe {because(read, sure=False)}; that is not sure.")

    def _action(self, case: Case) -> Verdict | None:
        read = case.understanding
        intent = self._intents.get(read.intent or "")
        if intent is None or intent.action == "draft":
            return None
        if intent.action == "handoff":
            return _H, Reason(code=_C.INTENT, sentence=f"Reads as {because(read)}: a person answers.")
        if case.context.replies_to == "us" and not case.decided:
            return _H, Reason(code=_C.FOLLOW_UP, sentence=_FOLLOW_UP)
        if case.context.asked:
            return None
        return _S, Reason(code=_C.NOT_ADDRESSED, sentence=f"Reads as {because(read)}: not meant for us.")

    def _uneasy(self, case: Case) -> Verdict | None:
        if not case.understanding.uneasy or case.decided:
            return None
        sentence = "Somebody may not be well: a person reads it first."
        return _H, Reason(code=_C.LOW_CONFIDENCE, sentence=sentence)

    def _mocking(self, case: Case) -> Verdict | None:
        """Nothing is worse than thanking somebody for mockery: what may be some is a person's turn."""
        if case.understanding.intent not in _FRIENDLY or case.decided or not self._mockery.likely(case.post.text):
            return None
        return _H, Reason(code=_C.LOW_CONFIDENCE, sentence="Kind words for something that went wrong: maybe mockery.")

    def _cap(self, case: Case) -> Verdict | None:
        if not case.context.cap or case.context.asked:
            return None
        return case.short_of(_C.CAP, f"Enough replies for now: {case.context.cap}.")


def said(intent: str) -> str:
    """An intent's name as words."""
    return intent.replace("_", " ")


def because(read: Understanding, *, sure: bool = True) -> str:
    """The intent, how sure it is in words (unless `sure` is said already), and the example it is like."""
    like = f", like the example “{read.nearest}”" if read.nearest else ""
    how = next(words for least, words in _SURENESS if read.confidence >= least)
    return f"{said(read.intent or 'nothing known')}{f' ({how})' if sure else ''}{like}"
