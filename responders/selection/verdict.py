"""Whether a post wants a reply at all. Rules in a fixed order; the first that decides, decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from responders.library.model import Library, Template
from responders.said import doing, in_quotes
from responders.types import GATES, Alarm, Context, Outcome, Post, Reason, ReasonCode, Understanding
from responders.understanding.answers import QUESTION, sure_answer
from responders.understanding.facts import Conversation
from responders.understanding.gates import CRISIS, MAYBE, Gate, Gates
from responders.understanding.normalise import has_emoji, has_words
from responders.understanding.sentiment import Mockery

SURE, SILENT_FROM, THREE = "sure", "silent", "three"
"""Names of three chances: from which a reading is believed, from which a post is not meant for us, and from which
one of the three likeliest readings is believed to be right."""
_FROM = {SURE: 0.7, SILENT_FROM: 0.5, THREE: 0.8, MAYBE: 0.5}
READINGS = 3
_LEAST = 0.05
"""Below this chance a reading is not offered."""
_GRAVE_FROM, _GRAVE_GOODBYE, _GOODBYES = 0.02, 0.008, frozenset({"farewell", "churn"})
"""From this chance of a crisis nothing is drafted or offered; one plain post in eighty has it. For those who take
their leave a smaller chance is enough; one in ten has it."""
_DANGEROUS = 0.1
"""From this chance of a gate nothing is offered for one press, and from this chance of a crisis no post is left
alone."""
_WANT_ANSWER = frozenset({"question", "complaint"})
_SAID_CHANCE = 0.25
"""From this chance of a question or a complaint an unclear post goes to a person."""
_TOGETHER = 0.4
"""The same for a question, a complaint and an angry goodbye together."""
_NEVER_ALONE = frozenset({"crisis", "legal", "minor", "toxic"})
NEVER_CAPPED = frozenset({"are_you_a_bot", "privacy_request", "question", "complaint"})
"""Intents that no cap silences."""
_PLAINLY = 0.9
"""From this chance spam is left alone. Below, a person sees it."""
_SAD = frozenset({"pet_died", "someone_died", "illness_in_passing", "bad_luck_in_passing"})
_SAD_FROM = 0.35
_CHOICE = frozenset({ReasonCode.INTENT, ReasonCode.BY_HAND})
"""Reasons for a hand-off that may still offer ready replies."""
_SCAM, _SCAM_FROM = "reports_scam", 0.25
_TOO_SHORT = 2
"""An unclear post of no more words ("sheesh") is left alone, if it wants no answer."""
_LONG = 60
"""From this many words a post is somebody's story, and a person reads it."""
_LANGUAGES = {"de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian", "pt": "Portuguese"}
_FRIENDLY = frozenset({"praise", "thanks"})
_BY_SIGNS = frozenset({"praise", "thanks", "greeting", "farewell"})
"""Intents that emoji alone can express."""
_GATE_SENTENCES = {
    "crisis": "Sounds like somebody in danger or a threat ({how}): a person answers at once.",
    "legal": "Talks of legal steps ({how}): a person answers.",
    "minor": "The author seems to be a child who gives away something private ({how}): a person answers.",
    "toxic": "Hard words aimed at people ({how}): a person decides.",
    "spam": "Looks like spam ({how}).",
}
_MAYBE_CRISIS = "Somebody may not be well ({how}): read it before anything is answered."
_NOT_CLEAR = "It is not clear what this is about."
_FOLLOW_UP = "This answers our own reply, and what it asks for is not clear."

_SURENESS = (
    (1.0, "named by a manager"),
    (0.95, "sure"),
    (0.5, "likely"),
    (0.0, "a guess"),
)
"""From this confidence a person reads these words. Nothing that a machine reads is certain."""

Verdict = tuple[Outcome, Reason]
_H, _S, _C = Outcome.HANDOFF, Outcome.SILENT, ReasonCode
_SAD_NEWS = _H, Reason(code=_C.INTENT, sentence="Tells of something sad: a person decides whether to answer.")
_BY_HAND_FROM = 0.4
"""From this chance of a situation its note to the manager counts."""
_GRAVER = _H, Reason(code=_C.LOW_CONFIDENCE, sentence="It may mean more than it says: read it first.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A post with everything that the rules look at."""

    post: Post
    context: Context
    understanding: Understanding

    @property
    def decided(self) -> bool:
        """True when a manager asked for a card or named the intent."""
        return self.context.asked or self.context.forced_intent is not None

    @property
    def wants_answer(self) -> bool:
        """True when silence would be rude: the post is meant for us, asks or complains, is its author's first, tells
        something sad, or is a long story."""
        read, shares = self.understanding, dict(self.understanding.intents)
        return (
            self.context.addressed
            or self.context.asked
            or read.intent in _WANT_ANSWER
            or any(shares.get(name, 0.0) >= _SAID_CHANCE for name in _WANT_ANSWER)
            or sum(shares.get(name, 0.0) for name in (*_WANT_ANSWER, "churn")) >= _TOGETHER
            or any(shares.get(gate, 0.0) >= _DANGEROUS for gate in _NEVER_ALONE)
            or self.context.first_post
            or self.sad
            or len(self.post.text.split()) >= _LONG
        )

    @property
    def says_something(self) -> bool:
        """True when a person should look at an unclear post."""
        return self.wants_answer or len(self.post.text.split()) > _TOO_SHORT

    @property
    def grave(self) -> float:
        """The chance of a crisis as the model reads it, without the lists."""
        return dict(self.understanding.intents).get(CRISIS, 0.0)

    @property
    def may_be_grave(self) -> bool:
        """True when a crisis is too unlikely to say so, but likely enough that nothing may be answered with one
        press."""
        return self.grave >= (_GRAVE_GOODBYE if self.understanding.intent in _GOODBYES else _GRAVE_FROM)

    @property
    def sad(self) -> bool:
        """True when the post tells something sad that has nothing to do with us."""
        return sum(chance for name, chance in self.understanding.situations if name in _SAD) >= _SAD_FROM

    def short_of(self, code: ReasonCode, sentence: str) -> Verdict:
        """The verdict when there is no draft: a hand-off, or silence for a word or two that want no answer."""
        return (_H if self.says_something else _S), Reason(code=code, sentence=sentence)


class Judge:
    """Decides from facts, gates and intent. None means: look for a reply."""

    def __init__(self, library: Library, thresholds: Mapping[str, float] | None = None) -> None:
        """Take the library, with its intents, notes and phrase lists, and the chances from which readings are
        believed."""
        self._library = library
        self._intents = library.intents
        self._from = {**_FROM, **(thresholds or {})}
        self._conversation = Conversation(library.word_lists["conversation"])
        self._gates = Gates(library.word_lists["gates"])
        self._mockery = Mockery(library.word_lists)
        self._sad_news = Gate(library.word_lists["readings"]["sad"])
        self._notes: dict[str, dict[str, Template]] = {}
        for template in library.templates:
            if template.handoff:
                self._notes.setdefault(template.id, {})[template.locale] = template
        self._rules: tuple[Callable[[Case], Verdict | None], ...] = (
            self._staff_or_bot,
            self._gate,
            self._opted_out,
            self._not_text,
            self._answered,
            self._maybe_crisis,
            self._unread,
            self._between_fans,
            self._by_hand,
            self._sad,
            self._not_meant,
            self._unsure,
            self._graver,
            self._action,
            self._scam,
            self._foreign,
            self._mocking,
            self._cap,
        )

    def judge(self, case: Case) -> Verdict | None:
        """The verdict of the first rule that has one. If a manager asked for a card, silence becomes a hand-off,
        except for a fan who opted out."""
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
        if gate == "spam" and (scam := self._scam(case)):
            return scam
        alarm = next(a for a in case.understanding.alarms if a.gate == gate)
        sentence = _raised(_GATE_SENTENCES[gate], alarm)
        if gate == "toxic" and case.understanding.intent == gate and not self._gates.aimed(case.post, case.context):
            return _S, Reason(code=_C.GATE, sentence="Hard words, aimed at nobody here.")
        plainly = gate == "spam" and case.understanding.intent == gate and alarm.chance >= _PLAINLY
        return (_S if plainly else _H), Reason(code=_C.GATE, sentence=sentence)

    def _maybe_crisis(self, case: Case) -> Verdict | None:
        alarm = next((a for a in case.understanding.alarms if a.gate == CRISIS), None)
        if alarm is None or alarm.chance < self._from[MAYBE] or case.decided:  # unweighed where the gates failed
            return None
        return _H, Reason(code=_C.LOW_CONFIDENCE, sentence=_raised(_MAYBE_CRISIS, alarm))

    def _unread(self, case: Case) -> Verdict | None:
        if not case.understanding.unread or case.decided:
            return None
        what = ", ".join(case.understanding.unread)
        sentence = f"The program failed to read {what}; please read the post yourself."
        return _H, Reason(code=_C.LOW_CONFIDENCE, sentence=sentence)

    def _opted_out(self, case: Case) -> Verdict | None:
        if case.context.opted_out:
            return _S, Reason(code=_C.OPTED_OUT, sentence="The author asked not to be answered.")
        return None

    def _not_text(self, case: Case) -> Verdict | None:
        read, text = case.understanding, case.post.text
        by_signs = read.intent in _BY_SIGNS and has_emoji(text) and read.confidence >= self._from[SURE]
        if has_words(text) or by_signs:
            return None
        sentence = "There are no words to go by, only what came with them." if case.post.attachments else "No words."
        outcome = _H if case.context.addressed else _S
        return outcome, Reason(code=_C.NOT_TEXT, sentence=sentence)

    def _answered(self, case: Case) -> Verdict | None:
        talk, context = self._conversation, case.context
        sentence = ""
        if by := talk.answered_by(context):
            sentence = "Our reply is already there." if by.role == "us" else "A teammate already answered."
        elif talk.taken_back(context) or talk.only_solved(case.post.text):
            sentence = "The author says it is settled."
        elif case.understanding.intent == "question" and talk.helped_by(context):
            # Name nobody: this sentence stays with the post when the helper asks to be forgotten.
            sentence = "Another fan already answered the question."
        return (_S, Reason(code=_C.ANSWERED, sentence=sentence)) if sentence else None

    def _between_fans(self, case: Case) -> Verdict | None:
        context, read = case.context, case.understanding
        if context.addressed or case.decided or read.intent == "helping":
            return None
        thanked = (
            read.intent == "thanks" and not read.second and self._conversation.calls_a_fan(case.post.text, context)
        )
        if context.replies_to != "fan" and not thanked:
            return None
        return _S, Reason(code=_C.NOT_ADDRESSED, sentence="Fans are talking with each other.")

    def _sad(self, case: Case) -> Verdict | None:
        return _SAD_NEWS if self._sad_news.fires(case.post.text) and not case.decided else None

    def _by_hand(self, case: Case) -> Verdict | None:
        """Posts that a manager should answer in person, by an operator's note. A question whose answer is certain gets
        that answer."""
        read = case.understanding
        answered = read.intent == QUESTION and sure_answer(read.faq)
        for name, chance in read.situations:
            notes = self._notes.get(name)
            if notes and chance >= _BY_HAND_FROM and not case.context.forced_intent:
                noted = notes.get(read.language) or next(iter(notes.values()))
                if answered and noted.intent == QUESTION:
                    continue
                sentence = f"Reads as {in_quotes(name)}: a person answers. {noted.handoff}"
                return _H, Reason(code=_C.BY_HAND, sentence=sentence)
        return None

    def _not_meant(self, case: Case) -> Verdict | None:
        """Talk among fans, and what is not for us. Nothing sad or grave is left alone."""
        read, context = case.understanding, case.context
        silent = {name for name, intent in self._intents.items() if intent.action == "silent"}
        share = sum(chance for name, chance in read.intents if name in silent)
        if case.decided or read.intent not in silent or share < self._from[SILENT_FROM]:
            return None
        if case.sad:
            return _SAD_NEWS
        if case.grave >= _DANGEROUS:
            return _GRAVER
        if context.replies_to == "us":
            return _H, Reason(code=_C.FOLLOW_UP, sentence=_FOLLOW_UP)
        return _S, Reason(code=_C.NOT_ADDRESSED, sentence=f"Reads as {because(read)}: not meant for us.")

    def _unsure(self, case: Case) -> Verdict | None:
        read = case.understanding
        if case.decided or (read.intent is not None and read.confidence >= self._from[SURE]):
            return None
        if self._offers(case):
            options = " or ".join(doing(name) for name, _ in self._likely(read))
            sentence = f"Not sure what this is, maybe {options}: pick what fits."
            return _H, Reason(code=_C.LOW_CONFIDENCE, sentence=sentence)
        if case.context.replies_to == "us":
            return _H, Reason(code=_C.FOLLOW_UP, sentence=_FOLLOW_UP)
        if case.says_something:
            maybe = f"Maybe {because(read, sure=False)}; that is not sure." if read.intent else _NOT_CLEAR
            return _H, Reason(code=_C.LOW_CONFIDENCE, sentence=maybe)
        return _S, Reason(code=_C.LOW_CONFIDENCE, sentence=_NOT_CLEAR)

    def _likely(self, read: Understanding) -> tuple[tuple[str, float], ...]:
        """The likeliest readings that a template may answer, the surest first."""
        first = (pair for pair in read.intents[:READINGS] if pair[1] >= _LEAST)
        return tuple((n, c) for n, c in first if n in self._intents and self._intents[n].action == "draft")

    def leaves_a_choice(self, case: Case, verdict: Verdict) -> bool:
        """True when a person gets the nearest replies along with the post."""
        outcome, reason = verdict
        if outcome is not _H or dangerous(case):
            return False
        return reason.code in _CHOICE or (reason.code is _C.LOW_CONFIDENCE and self._offers(case))

    def _offers(self, case: Case) -> bool:
        """True when one of three readings is likely and none is dangerous. One or two words alone are not worth a
        person's time."""
        three = sum(chance for _, chance in case.understanding.intents[:READINGS])
        likely = len(self._likely(case.understanding)) > 0
        return case.says_something and likely and three >= self._from[THREE] and not dangerous(case)

    def _action(self, case: Case) -> Verdict | None:
        read = case.understanding
        intent = self._intents.get(read.intent or "")
        if intent is None or intent.action == "draft":
            return None
        if intent.action == "handoff":
            return _H, Reason(code=_C.INTENT, sentence=f"Reads as {because(read)}: a person answers.")
        if case.context.asked:
            return None
        return _S, Reason(code=_C.NOT_ADDRESSED, sentence=f"Reads as {because(read)}: not meant for us.")

    def _scam(self, case: Case) -> Verdict | None:
        if dict(case.understanding.situations).get(_SCAM, 0.0) < _SCAM_FROM or case.decided:
            return None
        return _H, Reason(code=_C.INTENT, sentence="Reports a scam or a fake: a person looks into it.")

    def _foreign(self, case: Case) -> Verdict | None:
        read, context = case.understanding, case.context
        if context.one_language or self._library.offering(read.intent or "", read.language):
            return None
        if read.language == context.locale:
            return None
        language = _LANGUAGES.get(read.language, f"a language ({read.language})")
        sentence = f"Reads as {because(read)}, in {language}: no template answers that in this language."
        return _H, Reason(code=_C.NO_TEMPLATE, sentence=sentence)

    def _graver(self, case: Case) -> Verdict | None:
        return _GRAVER if case.may_be_grave and not case.decided else None

    def _mocking(self, case: Case) -> Verdict | None:
        """Thanking somebody for mockery is the worst reply. What may be mockery goes to a person."""
        if case.understanding.intent not in _FRIENDLY or case.decided or not self._mockery.likely(case.post.text):
            return None
        return _H, Reason(code=_C.LOW_CONFIDENCE, sentence="Kind words for something that went wrong: maybe mockery.")

    def _cap(self, case: Case) -> Verdict | None:
        if not case.context.cap or case.context.asked or case.understanding.intent in NEVER_CAPPED:
            return None
        outcome = _H if case.context.addressed else _S
        return outcome, Reason(code=_C.CAP, sentence=f"Enough replies for now: {case.context.cap}.")


def dangerous(case: Case) -> bool:
    """True when nothing may be offered for one press."""
    read, shares = case.understanding, dict(case.understanding.intents)
    doubt = any(shares.get(gate, 0.0) >= _DANGEROUS for gate in GATES)
    return bool(read.alarms or read.unread or doubt or case.may_be_grave)


def _raised(sentence: str, alarm: Alarm) -> str:
    """Add how sure it is, in words. The part that raised it is not named: it is the fan's words and stays with the
    post."""
    how = next(words for least, words in _SURENESS if alarm.chance >= least and least < 1)
    return sentence.format(how=how)


def sureness(chance: float) -> str:
    """A chance in words."""
    return next(words for least, words in _SURENESS if chance >= least)


def because(read: Understanding, *, sure: bool = True) -> str:
    """The intent, how sure that is (unless `sure` is said elsewhere), and the example it is like."""
    like = f", like the example “{read.nearest}”" if read.nearest else ""
    return f"{doing(read.intent or 'nothing known')}{f' ({sureness(read.confidence)})' if sure else ''}{like}"
