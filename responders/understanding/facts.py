"""What the messages around a post say about it: who answered, and whether its author still waits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from string import punctuation
from typing import Any

from responders.types import Context, Post, Turn, Understanding
from responders.understanding.gates import phrases_of
from responders.understanding.normalise import compile_phrases, reading

_SHORT = 14
"""Words. "never mind, restarting it did the trick" is short; a longer message is a story of its own."""
_LIVELY, _HEARD, _QUIET = timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1)
"""Time since a fan spoke (who is then probably answered), since the team spoke (the same), and since anybody spoke."""
_MEANT, _NEAR = 1.5, 0.7
_WORD = re.compile(r"\w")
_ANSWER = 3
"""A fan's reply of fewer words answers no question."""


def among_fans(context: Context) -> float:
    """The log-odds that a post belongs to a talk among fans, from whom it answers and who spoke last. 0 where the
    channel's messages are not known; then the words decide."""
    if context.addressed or context.replies_to in {"us", "staff"}:
        return -_MEANT
    if context.replies_to == "fan":
        return _MEANT
    last = context.before[-1] if context.before else None
    if last is None:
        return 0.0
    ago = context.now - last.at
    if last.role in {"staff", "us"} and ago <= _HEARD:
        return -_NEAR
    if last.role == "fan" and ago <= _LIVELY:
        return _NEAR
    return -_NEAR if ago >= _QUIET else 0.0


def before(post: Post, context: Context) -> str:
    """What the post answers or follows, and who said it ("team: which phone?"). Empty when nothing is known."""
    thread = [turn for turn in context.before if turn.in_thread and turn.text]
    if context.replies_to in {"us", "staff"}:
        team = [turn for turn in thread if turn.role in {"us", "staff"}]
        return f"team: {team[-1].text}" if team else ""
    if context.replies_to == "fan":
        fans = [turn for turn in thread if turn.role == "fan"]
        return f"fan: {fans[-1].text}" if fans else ""
    last = context.before[-1] if context.before else None  # what a fan said just before is usually another talk
    if last is None or last.role not in {"us", "staff"} or post.at - last.at > _HEARD:
        return ""
    return f"team: {last.text}" if "?" in last.text else ""  # only a question is a reason for the next post


class Conversation:
    """Reads the turns of a context."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take conversation.yaml, as the library read it."""
        solved = lists["solved_alone"]
        self._solved = compile_phrases(phrases_of(solved))
        self._unless = compile_phrases(solved["unless"])
        self._filler = compile_phrases([solved["filler"]])
        self._courtesy = compile_phrases(solved["courtesy"])
        self._me_too = compile_phrases(phrases_of(lists["me_too"]))
        called = lists["called"]
        self._before, self._team = _any_of(called["before"]), _any_of(called["team"])
        self._teams = frozenset(called["team"])
        self._speaks = compile_phrases(called["speaks"])

    def settles(self, text: str) -> bool:
        """True when a post says that its author needs no answer any more, and nothing else but thanks and greetings."""
        return self._only_solved(self._courtesy.sub(" ", reading(text)))

    def only_solved(self, text: str) -> bool:
        """True when it does not even thank or greet, so that it needs no answer either."""
        return self._only_solved(reading(text))

    def _only_solved(self, read: str) -> bool:
        if len(read.split()) > _SHORT or "?" in read or not self._solved.search(self._unless.sub(" ; ", read)):
            return False
        return not _WORD.search(self._filler.sub(" ", self._solved.sub(" ", read)))

    def called(self, name: str, text: str) -> bool:
        """True when a post calls the community by its name. It is not enough that the name occurs."""
        read, own = reading(text), reading(name)
        if not own or own not in read:
            return False
        called = rf"{re.escape(own)}(?: {self._team})?(?!\w)"
        if re.search(rf"(?<!\w){self._before},? (?:the )?{called} ?(?:$|[^\w ])", read):
            return True
        set_off = re.search(rf"^{called} ?[,:!?]|, (?:the )?{called}\W*$", read)
        return bool(set_off) and ("?" in read or bool(self._speaks.search(read)))

    def calls_a_fan(self, text: str, context: Context) -> bool:
        """True when a post calls a fan by name who spoke before it, as in "thank you Ida", "Ida, that did it"."""
        names = {reading(turn.name) for turn in context.before if turn.role == "fan"}
        names = {name for name in names if _WORD.search(name) and name not in self._teams}
        read = reading(text)
        return any(self.called(name, text) or _set_off(name, read) for name in names)

    def answered_by(self, context: Context) -> Turn | None:
        """A teammate's answer: a reply to the post, or a later message in its thread. Ours counts only as a reply."""
        return next(
            (t for t in context.after if (t.replies_to_post and t.role in {"staff", "us"}) or _staff_in_thread(t)), None
        )

    def taken_back(self, context: Context) -> bool:
        """True when the author said later that it is settled."""
        return any(t.role == "author" and self.settles(t.text) for t in context.after)

    def helped_by(self, context: Context) -> Turn | None:
        """The fan who answered a question: with a reply that says something and is not a question itself."""
        return next((t for t in context.after if t.role == "fan" and t.replies_to_post and self._answers(t.text)), None)

    def _answers(self, text: str) -> bool:
        read = reading(text)
        words = re.findall(r"\w+", self._me_too.sub(" ", read))
        return "?" not in read and len(words) >= _ANSWER


class Resolution:
    """Notes a fan's "never mind, fixed it". Drafts for their earlier posts are then void."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take conversation.yaml, as the library read it."""
        self._conversation = Conversation(lists)

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Add whether the post settles what its author wrote before."""
        return replace(so_far, resolves=self._conversation.settles(post.text))


def _set_off(name: str, read: str) -> bool:
    """True when a name stands apart at the beginning or the end."""
    after = read.removeprefix(name).lstrip() if read.startswith(name) else ""
    end = read.rstrip(f"{punctuation} ")
    before = end.removesuffix(name).rstrip() if end.endswith(name) else ""
    return after.startswith((",", ":", "!")) or before.endswith((",", ".", "!"))


def _any_of(words: Sequence[str]) -> str:
    """A pattern for one of the words, the longest first."""
    return f"(?:{'|'.join(re.escape(word) for word in sorted(words, key=len, reverse=True))})"


def _staff_in_thread(turn: Turn) -> bool:
    return turn.role == "staff" and turn.in_thread
