"""What somebody is called is a name, as they show it, or nothing."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import responders
from bot.queue.context import call_name
from responders.understanding.tokens import visible

LISTS = yaml.safe_load((Path(responders.__file__).parent / "data/call_names.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("shown", "called"),
    [
        ("Mara Lind", "Mara"),
        ("JÖRG", "JÖRG"),
        ("Lucía", "Lucía"),
        ("Ida", "Ida"),
        ("kofi", "kofi"),
        ("Zoë", "Zoë"),
        ("Zoe\u0301 Martin", "Zoé"),
        ("Søren Kierkegaard", "Søren"),
        ("Łukasz", "Łukasz"),
        ("Anne-Marie", "Anne-Marie"),
        ("Jean-Luc P.", "Jean-Luc"),
        ("McKenzie", "McKenzie"),
        ("Maria da Silva", "Maria"),
        ("Ludwig van Beethoven", "Ludwig"),
        ("Mara 🌸", "Mara"),
        ("Mara (she/her)", "Mara"),
        ("Eva 🏳️\u200d🌈", "Eva"),
        ("Ma\u200bra", "Mara"),
        ("\u202eMara", "Mara"),
        ("Harshada", "Harshada"),
        ("Ming", "Ming"),
        ("Irving", "Irving"),
    ],
)
def test_a_name_is_said_as_it_is_shown(shown: str, called: str) -> None:
    assert call_name(shown) == called


NO_NAMES = {
    "a phrase": [
        "The Real Slim",
        "Not A Robot",
        "Lost In Paris",
        "Its Me",
        "Just Vibing",
        "Angry Panda",
        "Night Owl",
        "Frog Enjoyer",
        "Mara Of The Woods",
        "Send Help",
        "Der Echte",
        "El Toro",
        "La Bruja",
        "Les Copains",
        "O Rei",
        "Anna & Paul",
        "Anna und Paul",
        "lost paris",
        "Emily Plays Games All Day",
    ],
    "a title": [
        "Captain Haddock",
        "Mr Bean",
        "Dr. Who",
        "Prof. Plum",
        "Sir Robin",
        "Lady Grey",
        "Frau Holle",
        "Señor Lopez",
        "Mme Roux",
    ],
    "a stand-in": [
        "user",
        "Guest",
        "deleted",
        "Deleted User",
        "anonymous",
        "Anônimo",
        "admin",
        "Mod",
        "nobody",
        "jemand",
        "Utilisateur",
        "fan",
    ],
    "rude": ["Fuckface", "Shithead", "Arschgeige", "puta", "Connard", "caralho", "Idiot", "Hitler", "Karen", "Cabrón"],
    "not in letters": [
        "anna_k",
        "Mara99",
        "xX_Mara_Xx",
        "M4ra",
        "@mara",
        "Mara!",
        "mara.lind",
        "$ara",
        "🌸 Mara",
        "🌸",
        "123",
        "...",
    ],
    "shouted, stretched or not spoken": [
        "MARKUS",
        "SHADOW",
        "Brrr",
        "Hmm",
        "Aaaaron",
        "xXShadowXx",
        "PixelQueen",
        "mARA",
    ],
    "of unknown letters, or of two kinds": ["Анна", "李雷", "M\u0430ra", "Νίκος"],
    "too short or too long": ["X", "", "   ", "\u200b", "M", "Maximilianalexanderfriedrich"],
}


@pytest.mark.parametrize(("why", "shown"), [(why, shown) for why, names in NO_NAMES.items() for shown in names])
def test_rather_no_name_than_a_wrong_one(why: str, shown: str) -> None:
    assert call_name(shown) is None, why


@given(st.text(max_size=40))
def test_a_call_name_stands_in_what_is_shown_and_can_be_said_aloud(shown: str) -> None:
    called = call_name(shown)
    if called is not None:
        assert 2 <= len(called) <= 24
        assert called.replace("-", "").isalpha()
        assert visible(called) == called
        assert called.casefold() not in set(chain(*LISTS.values()))


@given(st.sampled_from(sorted(set(chain(*LISTS.values())))), st.sampled_from((str, str.upper, str.title)))
def test_no_word_of_the_lists_is_ever_a_name(word: str, written: type[str]) -> None:
    assert call_name(written(word)) is None
    assert call_name(f"{written(word)} Lind") is None


def test_the_lists_hold_words_only() -> None:
    words = list(chain(*LISTS.values()))
    assert all(isinstance(word, str) and word == word.strip() and " " not in word for word in words)
