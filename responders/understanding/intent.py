"""What a post is doing: what the trained model reads, moved by the operators' examples and by whom the post answers.
Without the model, a head on words and letters reads instead, less well."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz.fuzz import token_set_ratio
from rapidfuzz.utils import default_process

from responders.library.model import Library, Template
from responders.ports import Floats
from responders.types import GATES, Context, Post, Understanding
from responders.understanding.facts import among_fans, before
from responders.understanding.gates import CRISIS, Gate
from responders.understanding.heads import SoftmaxHead
from responders.understanding.normalise import compile_phrases, encodable, reading
from responders.understanding.trained import Read, Reads

ANSWER = "answer"
"""The intent of a post that answers the team. It counts only where the team has just said something."""
_NEAR = 0.85
"""From this likeness an operator's example counts. The same text counts `_SAME` log-odds."""
_SAME = 6.0
_OWN_RIDGE = 3e-2
_OWN_SHARPNESS = 6.0
"""The factor that turns scores of operators' own intents into chances."""
_OWN_RARE = 4.5
"""Log-odds against each own intent: most posts are none of them, and few examples cannot show that."""
_OWN_RARER = 2.0
"""The same again against an own situation, because it leads to a reply."""
_BESIDE, _OWN_BESIDE = " beside", 3.0
"""The label of posts of known situations that have the intent of an own one, and the log-odds against these: where both
fit, it is the own one."""
_TO_NOBODY = 1.2
"""Log-odds against helping when a post answers no fan and names nobody."""
_PHRASE = 3.0
"""Log-odds of a phrase in readings.yaml, for or against intents."""
_CUE = 1.0
"""Log-odds of an operator's cue word for its intent."""
_COMPARED = 8
"""How many of the examples next to a post are compared by words to name the nearest, and how many characters of it."""
_READ = 400
_TINY = 1e-3
_BOTH, _AGREED = 0.9, 0.6
"""How sure an intent is at most, and a situation at least, if two readers name it."""
_SUREST = 0.9999
"""Only a manager's word counts as 1."""
_TOLD = 0.5
"""From this chance a post tells something."""
_SITUATIONS = 5


Heads = Sequence[SoftmaxHead | None]
"""For own intents, and for own situations."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldOut:
    """An operator's example of `intent`, and the intent `read` in it by a reader that does not know it."""

    text: str
    intent: str
    read: str
    confidence: float
    nearest: str | None
    """The example of `read` that it is most like."""
    situation: str | None = None
    """The operator's own situation that it was written for, and `likeliest`, the situation that is read."""
    likeliest: str | None = None


class IntentAnalyzer:
    """Fills `intent`, `intents`, `situations`, `mood`, `tells`, `nearest` and `confidence`."""

    def __init__(self, library: Library, reads: Reads) -> None:
        """Learn the operators' examples on top of what `reads` knows: their own intents and situations, and posts
        with a given intent."""
        self._reads = reads
        own = _own_situations(library, reads)
        intents = library.intents.values()
        taught = [(t, i.name, locale) for i in intents for locale, texts in i.examples.items() for t in texts]
        taught += [(text, template.id, template.locale) for template in own for text in template.answers_to]
        self._texts = [text for text, _, _ in taught]
        self._labels = [label for _, label, _ in taught]
        self._locales = np.array([locale for _, _, locale in taught])
        labels = np.array(self._labels)
        self._rows = {label: np.flatnonzero(labels == label) for label in {*self._labels}}
        self._situations = {template.id: template.intent for template in own}
        self._vectors = reads.vectors([encodable(text) for text in self._texts])
        self._known = {name: i for i, name in enumerate(reads.intents) if name in library.intents or name in GATES}
        self._beside = reads.vectors([encodable(text) for text in _beside(library, own)])
        self._own = (frozenset({*library.intents} - {*reads.intents}), frozenset(self._situations))
        self._heads = tuple(self._fit(own_labels) for own_labels in self._own)
        lists = [entry for entry in library.word_lists["readings"].values() if "against" in entry]
        self._phrases = [(Gate(entry), entry.get("toward", ()), entry["against"]) for entry in lists]
        self._cues = {
            name: compile_phrases(phrases)
            for name, intent in library.intents.items()
            if (phrases := tuple(cue for cues in intent.cues.values() for cue in cues))
        }

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Read the post, or take the intent that a manager named (`forced_intent`, with confidence 1)."""
        said = before(post, context)
        read = self._reads.read(encodable(post.text, said))
        likeness = self._vectors @ read.vector
        shares, happened = self._shares(post.text, read, likeness, context, said, heads=self._heads)
        forced = context.forced_intent
        second = None if forced else context.second_reading
        if forced:  # danger stays as it was read
            shares = {name: share if name in GATES else 0.0 for name, share in shares.items() if name != forced}
            happened = self._of(forced, happened)
        elif second and second.intent in shares and second.intent not in GATES:
            shares = _second(shares, second.intent)
            happened = _both(self._of(second.intent, happened), second.situation)
        ranked = tuple(sorted(((n, round(float(s), 4)) for n, s in shares.items()), key=lambda p: (-p[1], p[0])))
        if forced:
            ranked = ((forced, 1.0), *ranked)
        if not ranked:
            return so_far
        intent, share = ranked[0]
        return replace(
            so_far,
            intent=intent,
            confidence=1.0 if forced else min(share, _SUREST),
            intents=ranked,
            situations=tuple(
                sorted(((n, round(c, 4)) for n, c in happened.items()), key=lambda p: -p[1])[:_SITUATIONS]
            ),
            mood=read.mood,
            tells=read.told(_TOLD),
            nearest=self._nearest(post.text, likeness, intent, so_far.language),
        )

    def held_out(self, only: Collection[str] | None = None) -> list[HeldOut]:
        """Each example of these intents, and each post of these own situations (None: of all), read by a reader that
        does not know it."""
        found = []
        for i, (text, label) in enumerate(zip(self._texts, self._labels, strict=True)):
            if only is not None and label not in only:
                continue
            others = self._vectors @ self._vectors[i]
            others[i] = -1.0
            read = self._reads.read(encodable(text))
            known = zip(self._own, self._heads, strict=True)
            heads = [self._fit(own, without=i) if label in own else head for own, head in known]
            shares, happened = self._shares(text, read, others, None, "", heads=heads)
            best = max(shares, key=lambda name: shares[name])
            found.append(
                HeldOut(
                    text=text,
                    intent=self._situations.get(label, label),
                    read=best,
                    confidence=shares[best],
                    nearest=self._nearest(text, others, best),
                    situation=label if label in self._situations else None,
                    likeliest=max(happened, key=lambda name: happened[name], default=None),
                )
            )
        return found

    def _fit(self, own: frozenset[str], without: int | None = None) -> SoftmaxHead | None:
        """A head that tells the operators' own intents from everything else that is known, or their own situations.
        Neither knows of the other. None when there are none."""
        away = frozenset().union(*self._own) - own
        rows = [i for i, label in enumerate(self._labels) if i != without and label not in away]
        labels = [label if label in own else "" for label in (self._labels[i] for i in rows)]
        if not any(labels):
            return None
        background = self._reads.background
        parts, others = [self._vectors[rows], background], [""] * len(background)
        if own & self._situations.keys() and len(self._beside):
            parts.append(self._beside)
            others += [_BESIDE] * len(self._beside)
        return SoftmaxHead.fit(np.concatenate(parts), [*labels, *others], ridge=_OWN_RIDGE)

    def _shares(
        self, text: str, read: Read, likeness: Floats, context: Context | None, said: str, *, heads: Heads
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Intent -> its chance, for the gates and the intents of this library; and situation -> its chance."""
        logs = {name: float(np.log(read.intents[i] + 1e-9)) for name, i in self._known.items()}
        if ANSWER in logs and not said.startswith("team:"):
            del logs[ANSWER]
        for name, log in self._prior(text, context).items():
            if name in logs:
                logs[name] += log
        own = self._own_shares(read.vector, likeness, heads)
        for name in logs.keys() & self._rows.keys():
            logs[name] += _near(likeness[self._rows[name]])
        rest = _softmax(logs)
        danger = rest.pop(CRISIS, 0.0)  # operators' own intents take nothing from a crisis
        left = 1.0 - sum(own.values())
        shares = {name: share * left for name, share in rest.items()}
        for label, share in own.items():
            name = self._situations.get(label, label)
            shares[name] = shares.get(name, 0.0) + share * (1.0 - danger)
        shares[CRISIS] = danger
        happened = self._happened(read, {**rest, CRISIS: danger}, left)
        return shares, {**happened, **{n: share * (1.0 - danger) for n, share in own.items() if n in self._situations}}

    def _happened(self, read: Read, shares: Mapping[str, float], left: float) -> dict[str, float]:
        """The situations' chances, moved as their intents' were: by the messages around, phrases and examples."""
        first = dict(zip(self._reads.intents, map(float, read.intents), strict=True))
        return {
            name: min(1.0, left * chance * shares.get(of, 0.0) / max(first[of], _TINY))
            for name, of, chance in read.situations
        }

    def _of(self, intent: str, happened: Mapping[str, float]) -> dict[str, float]:
        """The situations of one intent, as if it were the only one."""
        of = {**self._reads.situations, **self._situations}
        own = {name: chance for name, chance in happened.items() if of[name] == intent}
        total = sum(own.values())
        return {name: chance / total for name, chance in own.items()} if total else {}

    def _own_shares(self, vector: Floats, likeness: Floats, heads: Heads) -> dict[str, float]:
        """Own intents first; own situations share what these leave."""
        found: dict[str, float] = {}
        for head in filter(None, heads):
            scores = dict(zip(head.labels, map(float, _OWN_SHARPNESS * head.scores(vector)), strict=True))
            mine = scores.keys() - {"", _BESIDE}
            for name in mine:
                scores[name] += _near(likeness[self._rows[name]]) - _OWN_RARE - _OWN_RARER * (name in self._situations)
            if _BESIDE in scores:
                scores[_BESIDE] -= _OWN_BESIDE
            left = 1.0 - sum(found.values())
            found |= {name: share * left for name, share in _softmax(scores).items() if name in mine}
        return found

    def _prior(self, text: str, context: Context | None) -> dict[str, float]:
        """What the messages around, phrases and the operators' cue words speak for, as log-odds."""
        read = reading(text)
        prior = {name: _CUE for name, cues in self._cues.items() if name in self._known and cues.search(read)}
        for phrases, toward, against in self._phrases:
            if phrases.fires(text):
                prior |= {name: prior.get(name, 0.0) + _PHRASE for name in toward}
                prior |= {name: prior.get(name, 0.0) - _PHRASE for name in against}
        if context is None or context.replies_to != "nobody":
            return prior  # what was said there has been read with the post
        to_somebody = "@someone" in read
        shifts = {"helping": 0.0 if to_somebody else -_TO_NOBODY, "crosstalk": among_fans(context)}
        return {name: prior.get(name, 0.0) + shifts.get(name, 0.0) for name in {*prior, *shifts}}

    def _nearest(self, text: str, likeness: Floats, intent: str, language: str = "") -> str | None:
        """The example of that intent that is most like the post; None when it has none.

        Examples in the post's language go first. Of those nearest in meaning, the one with the most words in common is
        named, because people see words.
        """
        if (mine := self._rows.get(intent)) is None:
            return None
        spoken = mine[self._locales[mine] == language]
        own: list[int] = (spoken if len(spoken) else mine).tolist()
        close = sorted(own, key=lambda i: -likeness[i])[:_COMPARED]
        words = default_process(text[:_READ])

        def alike(i: int) -> float:
            return float(likeness[i]) + float(token_set_ratio(words, default_process(self._texts[i]))) / 100

        return self._texts[max(close, key=alike)]


def _second(shares: Mapping[str, float], intent: str) -> dict[str, float]:
    """The intents' chances, where a second reader names one of them. Danger stays as it was read."""
    danger = {name: share for name, share in shares.items() if name in GATES}
    others = {name: share for name, share in shares.items() if name not in GATES and name != intent}
    left = 1.0 - sum(danger.values())
    both = min(left, _BOTH)
    scale = (left - both) / (sum(others.values()) or 1.0)
    return {**danger, **{name: share * scale for name, share in others.items()}, intent: both}


def _both(happened: Mapping[str, float], situation: str | None) -> dict[str, float]:
    """The situations' chances, where a second reader names one. If it is also the likeliest, it counts more."""
    agreed = situation is not None and situation == max(happened, key=lambda name: happened[name], default=None)
    return {name: max(chance, _AGREED) if agreed and name == situation else chance for name, chance in happened.items()}


def _own_situations(library: Library, reads: Reads) -> list[Template]:
    """Situations that the reader was not fitted to. It learns them from the posts under `answers_to`."""
    if not reads.situations:
        return []
    return [t for t in library.templates if t.answers_to and not t.is_faq and t.id not in reads.situations]


def _beside(library: Library, own: Sequence[Template]) -> list[str]:
    """The posts of known situations with the intents of own ones. Without them an own situation takes what belongs to
    them: a request for an interview is much like an offer to join the team."""
    intents, taught = {template.intent for template in own}, {template.key for template in own}
    known = (t for t in library.templates if t.intent in intents and t.key not in taught and not t.is_faq)
    return [text for template in known for text in template.answers_to]


def _near(likeness: Floats) -> float:
    """What an intent's nearest example speaks for, as log-odds: 0 when it is far, `_SAME` when it is the same text."""
    nearest = float(likeness.max(initial=-1.0))
    return _SAME * max(0.0, (nearest - _NEAR) / (1 - _NEAR)) ** 2


def _softmax(logs: Mapping[str, float]) -> dict[str, float]:
    if not logs:
        return {}
    values = np.array([*logs.values()])
    shares: Sequence[float] = (np.exp(values - values.max()) / np.exp(values - values.max()).sum()).tolist()
    return dict(zip(logs, shares, strict=True))
