"""What of a model's reply stands in nothing that it was given.

Each part of a sentence must be one of these. Else the reply is blocked, which costs nothing:

- a statement that says what a sentence of a fact, an answer or an example says, or a part of it between commas: all of
  its words by their stems, in the same order, with the same "not" and numbers, and no other word;
- courtesy: it has a word of feeling ("glad", "sorry"), and every other word says nothing by itself or is what the fan
  stated. It has no subject that the fan did not speak of, tells of nobody else, and tells the fan to do nothing;
- something about the fan that the fan stated ("the update wiped your save");
- a question back, in everyday words.

A number, a link, a time, a promise and an order that was obeyed are looked for in the whole reply. What the fan asks or
wishes is no statement. The word lists are in data/grounding.yaml, and a language without lists has no such reply.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

from responders.assistant.brief import RULES, VOICE, Given
from responders.assistant.stems import Token, Words, clauses, parts, sentences, shared_run, stands_in
from responders.types import CheckResult
from responders.understanding.normalise import EMAIL, HANDLE, LINK, reading
from responders.understanding.tokens import visible
from responders.voice.link import BARE, CHANNEL, PATH
from responders.voice.words import WordList, fault

NUMBER, NAME, LINKED, DATE = "model-number", "model-name", "model-link", "model-date"
PROMISE, STATEMENT, OPPOSITE, OBEYED = "model-promise", "model-statement", "model-opposite", "model-obeyed"

_CODE = re.compile(r"[`{}<>|\\\[\]]|^[^\S\n]*+(?:#|[-*+]\s|\d+[.)]\s)|\*\*|__|~~", re.MULTILINE)
_MENTION = re.compile(r"[@\uff20]\w+")
_ECHO, _QUOTED = 7, 6
"""So many words in a row of the post, or of what the model is told, are not said by chance."""
_FEW = 3
_OWN = ("promises", "accepting", "claims", "announced", "advice", "unsure", "manner", "days")
_ANY = ("obeyed", "orders")
"""Phrases of the reply's language, and those of any: an order may come in another one."""
_NOUNS_ARE_CAPITAL = _VERB_LAST = "de"
_EMPTY: Mapping[str, Any] = {"phrases": {}}


def grounded(reply: str, given: Given) -> tuple[CheckResult, ...]:
    """A BLOCK for each thing that the reply makes up, with a sentence for a person. Empty: nothing was made up."""
    return tuple(dict.fromkeys(_Weigher(given).faults(visible(reply))))


def rests_on(reply: str, given: Given) -> tuple[str, ...]:
    """The names of the given facts that the reply may take words from: if one changes, the reply is void."""
    words = Words(given.lists.get("grounding", {}), given.language)
    said = {t.stem for t in words.tokens(reply) if not t.is_small}
    return tuple(name for name, value in given.facts.items() if said & {t.stem for t in words.tokens(value)})


@dataclass(frozen=True, slots=True)
class _Source:
    """A sentence that was given, or a part of one."""

    text: str
    tokens: Sequence[Token]
    named: frozenset[str] = frozenset()
    """Stems of the fact's name, which count too."""
    bounds: frozenset[str] = frozenset()
    """What must not be left out of it: numbers, "only", "under"."""

    @property
    def stems(self) -> frozenset[str]:
        return frozenset(t.stem for t in self.tokens)

    @property
    def denies(self) -> bool:
        return any(t.is_not for t in self.tokens)

    @property
    def opposes(self) -> bool:
        """It denies more than a thing in it: "cancelled without a word" is cancelled."""
        return _opposes(self.tokens)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the reply's sentence."""

    text: str
    tokens: Sequence[Token]
    asks: bool
    """It is a question."""
    hangs: bool
    """It goes on a courtesy: "Schön, dass du das sagst"."""

    @property
    def lows(self) -> frozenset[str]:
        return frozenset(t.low for t in self.tokens)


class _Weigher:
    """Weighs a reply against what was given."""

    def __init__(self, given: Given) -> None:
        lists = given.lists.get("grounding", {})
        self._given = given
        self._words = Words(lists, given.language)
        self._phrases = {name: _in(given.language, lists.get(name, _EMPTY)) for name in _OWN}
        self._phrases |= {name: _in(None, lists.get(name, _EMPTY)) for name in _ANY}
        self._vague = _in(given.language, given.lists.get("promise", {}).get("vague", _EMPTY))
        self._dates = _in(given.language, given.lists.get("invention", {}).get("dates", _EMPTY))
        joins = lists.get("joins", {}).get(given.language)
        self._joins = re.compile(rf"\s(?:{joins['words']})\s(?={joins['before']})" if joins else r"(?!)", re.IGNORECASE)
        self._and = re.compile(rf"\s(?:{joins['words']})\s" if joins else r"(?!)", re.IGNORECASE)
        self._names = frozenset(t.stem for t in self._words.tokens(" ".join((*given.names, given.community))))

    @cached_property
    def _sources(self) -> list[_Source]:
        """The sentences of facts, answers and examples, and their parts."""
        found = list[_Source]()
        for name, value in self._given.facts.items():
            named = frozenset(t.stem for t in self._words.tokens(name.replace("_", " ")))
            found += (self._source(said, named) for said in dict.fromkeys((value, *clauses(value))))
        for text in (*self._given.answers.values(), *self._given.examples):
            found += (self._source(said) for said in clauses(text))
        return found

    def _source(self, text: str, named: frozenset[str] = frozenset()) -> _Source:
        tokens = self._words.tokens(text)
        turning = self._turning(tokens)
        return _Source(text, tokens, named, frozenset(t.stem for t in tokens if t.is_number or t.low in turning))

    def _turning(self, tokens: Sequence[Token]) -> frozenset[str]:
        sets = self._words.sets
        return sets["turning"] | sets["limits"] if any(t.is_number for t in tokens) else sets["turning"]

    @cached_property
    def _post(self) -> tuple[list[_Source], list[_Source]]:
        """What the fan states; and what they ask or wish. Nothing counts from where they speak to a program."""
        stated, wanted = list[_Source](), list[_Source]()
        for sentence in sentences(self._given.post):
            if self._phrases["orders"].find(sentence):
                break
            tokens, sets = self._words.tokens(sentence), self._words.sets
            asks = "?" in sentence or any(t.low in sets["opening"] for t in tokens[:1])
            open_ = asks or self._given.asks or any(self._words.wants(t) for t in tokens)
            (wanted if open_ else stated).append(_Source(sentence, tokens))
        return stated, wanted

    def faults(self, reply: str) -> Iterator[CheckResult]:
        """Everything that was not given."""
        yield from self._obeyed(reply)
        yield from self._linked(reply)
        yield from self._counted(reply)
        yield from self._dated(reply)
        for sentence in sentences(reply):
            yield from self._weigh(sentence)

    def _obeyed(self, reply: str) -> Iterator[CheckResult]:
        if code := _CODE.search(reply):
            yield fault(OBEYED, f"Has signs of code or markup (“{code.group().strip()}”).")
        if found := self._phrases["obeyed"].find(reply):
            yield fault(OBEYED, f"Speaks of how it was made (“{found}”).")
        told = (*RULES, *VOICE, *self._given.intents.values(), *self._given.situations.values())
        if run := shared_run(reply, "\n".join(told), _QUOTED):
            yield fault(OBEYED, f"Repeats what the model is told (“{run}”).")
        if run := shared_run(reply, self._given.post, _ECHO):
            yield fault(OBEYED, f"Repeats the post word for word (“{run}”).")

    def _linked(self, reply: str) -> Iterator[CheckResult]:
        """A link that the fan wrote is not said back either."""
        known = "\n".join((*self._given.facts.values(), *self._given.answers.values()))
        found = (m.group() for p in (LINK, EMAIL, PATH, BARE, HANDLE, CHANNEL, _MENTION) for m in p.finditer(reply))
        if link := next((link for link in found if link.rstrip(".,!?)") not in known), None):
            yield fault(LINKED, f"Has a link, an address or a handle that was not given ({link}).")

    def _counted(self, reply: str) -> Iterator[CheckResult]:
        given = (*self._sources, *self._post[0], *self._post[1])
        known = {t.stem for source in given for t in source.tokens if t.is_number}
        for token in self._words.tokens(reply):
            if token.is_number and token.stem not in known:
                yield fault(NUMBER, f"Says “{token.text}”, which is not in the post, the facts or the answers.")

    def _dated(self, reply: str) -> Iterator[CheckResult]:
        known = reading("\n".join((self._given.post, *self._given.facts.values(), *self._given.answers.values())))
        for found in (*self._phrases["days"].all(reply), *self._dates.all(reply)):
            if found.split()[-1] not in known:
                yield fault(DATE, f"Names a time that was not given (“{found}”).")

    def _weigh(self, sentence: str) -> Iterator[CheckResult]:
        tokens = self._words.tokens(sentence)
        backed = self._backing(tokens)
        if found := self._promised(sentence, backed):
            yield fault(PROMISE, f"Promises or gives something that no fact or answer says (“{found}”).")
        if backed or not tokens:
            return
        cut = [part for rough in parts(sentence) for part in self._joins.split(rough) if part.strip()]
        asked = sentence.rstrip(" )\"\u201d\u00bb'").endswith("?")
        kind = False
        for text in cut:
            words = self._words.tokens(text)
            asks = asked and (len(cut) == 1 or self._begins_a_question(words))
            hangs = kind and any(t.low in self._words.sets["hanging"] for t in words[:1])
            wrong = self._fault(_Part(text.strip(), words, asks, hangs))
            if wrong:
                yield wrong
            kind = wrong is None

    def _promised(self, sentence: str, backed: _Source | None) -> str | None:
        for words in (self._phrases["promises"], self._vague):
            found = words.find(sentence)
            if found and not (backed and words.find(backed.text)):
                return found
        return None

    def _begins_a_question(self, tokens: Sequence[Token]) -> bool:
        sets = self._words.sets
        first = [t for t in tokens if not self._words.has("kind", t) and t.low not in sets["hanging"]][:1]
        return any(t.low in sets["opening"] for t in first) or any(t.low in sets["interrogative"] for t in tokens[:3])

    def _fault(self, part: _Part) -> CheckResult | None:
        """What is wrong with a part of a sentence."""
        if not part.tokens or self._backing(part.tokens):
            return None
        if found := self._accepted(part):
            return fault(PROMISE, f"Accepts what the fan asks or wishes (“{found}”).")
        if found := self._claimed(part) or self._advised(part):
            return self._unbacked(part, (found,))
        unknown, taken = self._sorted(part)
        if unknown or part.asks:
            return self._unbacked(part, unknown) if unknown else None
        if self._is_opposite(part, taken) or self._is_of_others(part):
            return fault(OPPOSITE, f"“{part.text}” may say the opposite of the post.")
        fine = self._is_courtesy(part, taken) or self._is_of_the_fan(part, taken) or self._says_nothing(part, taken)
        return None if fine else self._unbacked(part, ())

    def _unbacked(self, part: _Part, unknown: Sequence[str]) -> CheckResult:
        named = [t.text for t in part.tokens[1:] if t.text in unknown and t.text[:1].isupper()]
        if named and self._given.language != _NOUNS_ARE_CAPITAL:
            return fault(NAME, f"Names “{named[0]}”, which was not given.")
        why = f" ({', '.join(dict.fromkeys(unknown))})" if unknown else ""
        return fault(STATEMENT, f"“{part.text}” stands in nothing that was given{why}.")

    def _backing(self, tokens: Sequence[Token]) -> _Source | None:
        """The sentence of a fact, an answer or an example that says what these words say."""
        return next((source for source in self._sources if self._covers(source, tokens)), None)

    def _covers(self, source: _Source, tokens: Sequence[Token]) -> bool:
        """True where a statement says all that the source says, in its order, and nothing else."""
        stems = frozenset(t.stem for t in tokens)
        if any(t.is_not for t in tokens) is not source.denies or not source.bounds <= stems:
            return False
        turning, own = self._turning(tokens), source.stems
        known = own | source.named
        if any(t.stem not in (own if t.low in turning else known) for t in tokens if not self._is_neutral(t, turning)):
            return False
        begun = next((n for n, t in enumerate(tokens) if t.stem in own and not t.is_small), 0)
        if any(t.stem not in known and not (t.is_small or t.is_not) for t in tokens[begun:]):
            return False  # "good question" may stand before it; "for good" behind it says more
        ends = max((n + 1 for n, t in enumerate(tokens) if t.stem in own and not t.is_small), default=len(tokens))
        lows = {t.low for t in source.tokens}
        if any(t.low not in lows for t in tokens[ends:]):
            return False  # "and so do you" says more, too
        in_order = iter([t.stem for t in source.tokens])
        placed = (t for t in tokens if t.stem in own - source.named and not t.is_small and not t.is_not)
        if not all(t.stem in in_order for t in placed):
            return False
        telling = {t.stem for t in source.tokens if not self._is_neutral(t)}
        return telling <= stems if telling else stands_in([t.low for t in tokens], [t.low for t in source.tokens])

    def _is_neutral(self, token: Token, turning: Collection[str] = ()) -> bool:
        """True for a word that adds nothing to a statement of fact."""
        sets = self._words.sets
        if token.is_number or token.low in turning or token.low in sets["acting"]:
            return False
        passing = self._words.has("kind", token) or token.stem in self._names or token.low in sets["around"]
        return token.is_small or token.is_not or passing

    def _accepted(self, part: _Part) -> str | None:
        """The few words that accept what the fan asks or wishes: "Gerne!"."""
        few = len(part.tokens) <= _FEW + 1 and not part.asks and not self._is_unsure(part)
        return self._phrases["accepting"].find(part.text) if few and self._post[1] else None

    def _claimed(self, part: _Part) -> str | None:
        """The phrase of a part that announces a fact, unless the fan stated it."""
        if announced := self._phrases["announced"].find(part.text):
            return announced
        found = None if part.asks else self._phrases["claims"].find(part.text)
        stated = {t.stem for source in self._post[0] for t in source.tokens}
        return found if found and self._words.tokens(found)[-1].stem not in stated else None

    def _advised(self, part: _Part) -> str | None:
        """What the fan is told to do, where it is no courtesy: "try it later", but not "take your time"."""
        courteous = self._phrases["manner"].find(part.text) is not None or not part.lows.isdisjoint(_US)
        return part.text if not part.asks and not courteous and self._phrases["advice"].begins(part.text) else None

    def _sorted(self, part: _Part) -> tuple[list[str], frozenset[str]]:
        """The words of a part that nothing allows, and the stems of those that were taken over from what the fan
        stated."""
        sets, (stated, wanted) = self._words.sets, self._post
        says_back = part.asks or not part.lows.isdisjoint(sets["wished"]) or self._is_unsure(part)
        of_the_fan = {t.stem for source in stated for t in source.tokens if not t.is_small}
        open_ = {t.stem for source in wanted for t in source.tokens} if says_back else set()
        lists = ("kind", "said", "asked") if part.asks else ("kind", "said")
        taken, unknown = set[str](), list[str]()
        for token in part.tokens:
            listed = any(self._words.has(name, token) for name in lists) or token.stem in self._names
            passing = token.is_small or token.is_not or token.low in sets["turning"] or listed
            if token.stem in of_the_fan and (token.is_number or not passing):
                taken.add(token.stem)
            elif not passing and token.stem not in open_:
                unknown.append(token.text)
        return unknown, frozenset(taken)

    def _is_unsure(self, part: _Part) -> bool:
        return self._phrases["unsure"].find(part.text) is not None

    @cached_property
    def _stated_parts(self) -> list[_Source]:
        """The parts of what the fan states: "it loads, but nothing is saved" denies one thing only."""
        texts = (text for source in self._post[0] for rough in parts(source.text) for text in self._and.split(rough))
        return [_Source(text, self._words.tokens(text)) for text in texts]

    def _is_opposite(self, part: _Part, taken: Collection[str]) -> bool:
        """True where words of the fan were taken over with another "not"."""
        near = [stated for stated in self._stated_parts if stated.stems & set(taken)]
        opposes = _opposes(part.tokens)
        return bool(near) and not self._is_unsure(part) and all(stated.opposes is not opposes for stated in near)

    def _is_courtesy(self, part: _Part, taken: Collection[str]) -> bool:
        usual = any(t.low in self._words.sets["usual"] and t.stem not in taken for t in part.tokens)
        if self._tells_of_something(part) or self._tells_of_somebody(part) or (usual and not part.hangs):
            return False
        feels = any(self._words.has("kind", t) and not t.is_small for t in part.tokens)
        turn = self._phrases["manner"].find(part.text) is not None or self._is_unsure(part)
        return feels or turn or (part.hangs and (not taken or self._is_stated(taken)))

    def _tells_of_something(self, part: _Part) -> bool:
        """True where the subject is nothing that the fan spoke of, or does more than to be: "Your time is great"."""
        sets = self._words.sets
        verb = next((n for n, t in enumerate(part.tokens) if t.low in sets["being"]), 0)
        begins = max((n + 1 for n, t in enumerate(part.tokens[:verb]) if t.low in sets["hanging"]), default=0)
        before = [t for t in part.tokens[begins:verb] if not (t.is_small or t.is_not or t.low in sets["turning"])]
        subject = [t for t in before if not self._words.has("kind", t) or t is part.tokens[verb - 1]]
        late = self._given.language == _VERB_LAST and part.tokens[0].low in sets["hanging"]
        if part.asks or late or not subject or any(t.low in sets["spoken"] for t in subject):
            return False
        stated = {t.stem for source in self._post[0] for t in source.tokens}
        if part.tokens[verb].low not in sets["linking"] and part.lows.isdisjoint(_YOU):
            return True
        thing = len(subject) == 1 and not subject[0].is_number and part.lows.isdisjoint(_YOU)
        named = not subject[0].low.endswith(_DOING.get(self._given.language, "ing"))
        how = [t for t in part.tokens[verb:] if not t.is_small and self._words.has("kind", t)]
        judged = thing and named and any(t.stem not in stated for t in how)
        return judged or all(t.stem not in stated for t in subject)

    def _tells_of_somebody(self, part: _Part) -> bool:
        """True where somebody else is the subject: "she had a good life"."""
        sets = self._words.sets
        start = 1 if part.tokens[0].low in sets["hanging"] else 0
        who, does = part.tokens[start : start + 1], part.tokens[start + 1 : start + 2]
        guessed = {"must", "muss", "debe", "doit", "deve"}
        return not part.asks and any(t.low in sets["third"] for t in who) and any(t.low not in guessed for t in does)

    def _is_of_others(self, part: _Part) -> bool:
        """True where the fan is said to have done what another did: "you slept in the car" for "my kids slept"."""
        stated = (source.tokens for source in self._post[0])
        pairs = [(before, t) for tokens in stated for before, t in pairwise(tokens[1:]) if not t.is_small]
        for who, does in pairwise(part.tokens):
            did = [before for before, t in pairs if t.stem == does.stem]
            if who.low in _SUBJECT_YOU and did and not any(self._may_be_the_fan(before) for before in did):
                return True
        return False

    def _may_be_the_fan(self, before: Token) -> bool:
        return (before.is_small or before.is_not) and before.low not in self._words.sets["third"]

    def _is_stated(self, taken: Collection[str]) -> bool:
        """True where one sentence of the fan has all of these words."""
        return any(set(taken) <= source.stems for source in self._post[0])

    def _is_of_the_fan(self, part: _Part, taken: Collection[str]) -> bool:
        """True for what one sentence of the fan states, said to the fan: "the update wiped your save"."""
        to_them = not part.lows.isdisjoint(_YOU) and part.lows.isdisjoint(_WE)
        alone = all(t.is_small or t.is_not or t.stem in taken for t in part.tokens)
        told = len(taken) > 1 or not any(t.low in self._words.sets["being"] for t in part.tokens)
        return to_them and alone and told and bool(taken) and self._is_stated(taken)

    def _says_nothing(self, part: _Part, taken: Collection[str]) -> bool:
        """True for a word or two by themselves: of the fan ("your poor lamp"), or none that says anything ("of
        course"), unless they may answer something."""
        few = len(part.tokens) <= _FEW and all(t.is_small or t.stem in taken for t in part.tokens)
        acts = any(not part.lows.isdisjoint(self._words.sets[name]) for name in ("others", "third"))
        return few and not acts and (bool(taken) or not self._post[1])


_YOU = frozenset(
    (
        *(
            "you",
            "your",
            "yours",
            "u",
            "du",
            "dich",
            "dir",
            "dein",
            "deine",
            "deinen",
            "deinem",
            "deiner",
            "euch",
            "euer",
        ),
        *("eure", "ihr", "tu", "te", "ti", "tus", "usted", "tuyo", "tuya", "toi", "ton", "ta", "tes", "vous", "votre"),
        *("vos", "voce", "teu", "tua", "teus", "tuas", "seu", "sua", "lhe"),
    )
)
_WE = frozenset(
    (
        *("i", "we", "us", "our", "my", "mein", "meine", "ich", "wir", "uns", "unser", "unsere", "yo", "nosotros"),
        *("nuestro", "nuestra", "nos", "je", "nous", "notre", "on", "eu"),
    )
)


_DOING = {"es": ("ar", "er", "ir", "ando", "endo"), "fr": ("er", "ir", "re"), "pt": ("ar", "er", "ir"), "de": ("en",)}
"""Endings of words for what somebody does: "waiting is awful" says how that feels, "the gate is bad" what is so."""
_SUBJECT_YOU = frozenset(("you", "tu", "vous"))
_WITHOUT = frozenset(("without", "ohne", "sin", "sans", "sem"))


def _opposes(tokens: Sequence[Token]) -> bool:
    return any(t.is_not and t.low not in _WITHOUT for t in tokens)


_US = frozenset(("us", "me", "uns", "mir", "nos", "me", "nous", "moi"))


def _in(language: str | None, section: Mapping[str, Any]) -> WordList:
    """A list of phrases in one language alone, if it has any there: words of another may mean something else in it."""
    phrases = section["phrases"]
    chosen = (phrases[language],) if language in phrases else phrases.values()
    return _listed(tuple(phrase for some in chosen for phrase in some), tuple(section.get("unless", ())))


@lru_cache(maxsize=256)  # the lists are the same for each reply
def _listed(phrases: tuple[str, ...], unless: tuple[str, ...]) -> WordList:
    return WordList({"phrases": {"": phrases}, "unless": unless})
