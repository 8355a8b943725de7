"""The same post answered by somebody and by a brand: the checks tell them apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from responders.types import CheckResult, Context, Level, Post, Wording
from responders.voice import default_checks, examine

Pair = tuple[str, str, str, str, tuple[str, ...]]
PAIRS: list[Pair] = [
    (
        "ugc_shared",
        "finally done with my lantern cosplay, the paper moths took forever",
        "The paper moths make it. How did you keep them from tearing?",
        "Wow, amazing work! We love our creative community! Tag us to get featured!",
        (),
    ),
    (
        "praise",
        "this update is so good i forgot to eat",
        "High praise, and please eat. Which part kept you there?",
        "Thank you so much for your kind words!",
        (),
    ),
    ("praise", "love it", "Any part in particular?", "We're thrilled you love it! Stay tuned for more!", ()),
    (
        "complaint",
        "third time the update wiped my save. done.",
        "Your save, three times. I'm sorry. I don't know the cause yet. What were you doing just before?",
        "We apologize for the inconvenience. Please contact support.",
        (),
    ),
    (
        "complaint",
        "great, another crash. 10/10",
        "Another crash, then. Sorry. Which screen were you on?",
        "Thanks for the 10/10!",
        (),
    ),
    (
        "praise",
        "FUCKING finally someone fixed the fog bug",
        "The fog had it coming. Does it hold on your side now?",
        "Please mind your language.",
        (),
    ),
    (
        "wish",
        "5 players. thats it thats the request",
        "Five, noted. Who is it that always sits out?",
        "Great suggestion! We'll pass it on to the team!",
        (),
    ),
    (
        "wish",
        "dark mode but not that blue-ish dark, an actual black",
        "Actual black, for an OLED screen or for your eyes?",
        "Thanks for your feedback!",
        (),
    ),
    (
        "milestone",
        "ran 10k without stopping. first time ever",
        "10k without stopping. How was the last one?",
        "Congratulations! Keep up the great work!",
        (),
    ),
    (
        "recommendation",
        "got my whole book club on it lol",
        "A whole book club. Who was hardest to convince?",
        "Thanks for spreading the word! Refer more friends for rewards!",
        (),
    ),
    (
        "introduction",
        "hi, new here, don't know what half these words mean",
        "Welcome. Which word stopped you first?",
        "Welcome to the community! Check out our pinned rules and follow our socials!",
        (),
    ),
    (
        "helping",
        "@pete fill the oil first, then the lever moves",
        "Oil first, then the lever. That's it exactly.",
        "Thanks for helping!",
        (),
    ),
    (
        "thanks",
        "that fixed it, ty",
        "Good, so it was the cable. The next person with this will find your thread.",
        "You're welcome! Let us know if you need anything else!",
        (),
    ),
    ("greeting", "morning all", "Morning.", "Good morning, community! Have an amazing day!", ()),
    (
        "ugc_shared",
        "used wire and hairspray :)",
        "Hairspray, of course. Somebody here is going to borrow that.",
        "Thank you for sharing!",
        (),
    ),
    ("ugc_shared", "", "What are we looking at?", "Beautiful!", ()),
    (
        "are_you_a_bot",
        "is this a bot",
        "Drafts here are put together by software from templates. Someone on the team reads each one and decides "
        "whether it goes out; this one was Ida.",
        "I'm Luna, your friendly assistant! We love to help, stay tuned!",
        ("Ida",),
    ),
    (
        "question",
        "where's the save folder on linux",
        "It's in ~/.local/share/lantern-harbor. If that's empty, which launcher do you use?",
        "Please visit our help center for assistance.",
        ("~/.local/share/lantern-harbor",),
    ),
    (
        "question",
        "when is the console port out",
        "There's no date I could give you. Which console would it be?",
        "Stay tuned for exciting news!",
        (),
    ),
    (
        "introduction",
        "my dad and i play this every sunday since he moved away",
        "Every Sunday, at that distance. Which of you is the worse driver?",
        "What a heartwarming story!",
        (),
    ),
    (
        "complaint",
        "it's fine i guess. a bit empty",
        "Empty in what way?",
        "Thank you for your honest feedback!",
        (),
    ),
    (
        "complaint",
        "you people are liars, you said july",
        "July was said, and it didn't come. I'm sorry. What were you waiting for most?",
        "We hear your concerns and value your feedback.",
        (),
    ),
]

Faults = Callable[[str, str, str, tuple[str, ...]], list[CheckResult]]


@pytest.fixture(scope="module")
def faults(word_lists: dict[str, Any], a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Faults:
    checks = default_checks(word_lists)

    def look(intent: str, post: str, text: str, quoted: tuple[str, ...]) -> list[CheckResult]:
        wording = Wording(text=text, intent=intent, quoted=quoted)
        return [r for r in examine(checks, wording, a_post(post), a_context()) if r.level is not Level.PASS]

    return look


@pytest.mark.parametrize(
    ("intent", "post", "somebody", "brand", "quoted"), PAIRS, ids=[p[1] or "picture" for p in PAIRS]
)
def test_somebody_and_a_brand(
    faults: Faults, intent: str, post: str, somebody: str, brand: str, quoted: tuple[str, ...]
) -> None:
    good, bad = faults(intent, post, somebody, quoted), faults(intent, post, brand, ())
    assert [r for r in good if r.level is Level.BLOCK] == []
    assert len(good) <= 2
    assert bad


def test_a_brand_collects_more_faults_than_somebody(faults: Faults) -> None:
    good = [len(faults(intent, post, somebody, quoted)) for intent, post, somebody, _, quoted in PAIRS]
    bad = [len(faults(intent, post, brand, ())) for intent, post, _, brand, _ in PAIRS]
    assert sum(good) <= 0.2 * len(PAIRS)
    assert sum(bad) >= 2.5 * len(PAIRS)
    assert sum(1 for pair in PAIRS if any(r.level is Level.BLOCK for r in faults(*pair[:2], pair[3], ()))) >= 10
