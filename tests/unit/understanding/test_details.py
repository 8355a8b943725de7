"""Details are the post's own words, name something, and are never a handle, link or number to call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from responders.library.model import Fact, Library
from responders.types import Attachment, Context, Detail, Post, Understanding
from responders.understanding.details import DetailsAnalyzer

ROOT = Path(__file__).parents[2]
Find = Callable[..., tuple[Detail, ...]]


@pytest.fixture(scope="module")
def find(small_library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Find:
    facts = {"game": Fact(name="game", value="Lantern Harbor"), "save_folder": Fact(name="save_folder", value="~/x")}
    analyzer = DetailsAnalyzer(replace(small_library, facts=facts))
    return lambda text, **kw: analyzer.analyze(a_post(text, **kw), a_context(), Understanding()).details


@pytest.mark.parametrize(
    ("text", "kind", "first"),
    [
        ("finally finished my lantern cosplay, the paper moths took a whole week", "work", "the paper moths"),
        ("my watercolor of the harbor at dawn is done, took three evenings", "work", "the harbor at dawn"),
        ("just made a tutorial about the storm boss", "work", "a tutorial about the storm boss"),
        ("built the whole harbor in lego", "work", "the whole harbor in lego"),
        ("love the fog in the last level", "thing", "the fog in the last level"),
        ("the new map is gorgeous", "thing", "the new map"),
        ("this soundtrack is so good", "thing", "this soundtrack"),
        ("the lamp puzzle is broken since yesterday", "thing", "the lamp puzzle"),
        ("third time the update wiped my save, what is going on", "thing", "the update"),
        ("finished my quilt", "work", "my quilt"),
        ("my seagull costume is ready for the con", "work", "my seagull costume"),
        ("the patch notes say nothing and someone wiped my save", "thing", "my save"),
        ("autocomplete stopped working", "thing", "autocomplete"),
        ("matchmaking is broken. still.", "thing", "matchmaking"),
        ("wrote a song about episode 30", "work", "a song about episode 30"),
        ("knitted headbands for the team", "work", "headbands"),
        ("levels on the ferry are awful", "thing", "levels on the ferry"),
        ("the bench by the pier is lovely", "thing", "the bench by the pier"),
        ("the goat story had me laughing on the bus", "thing", "the goat story"),
        ("the game crashes every time i open the inventory", "place_in_product", "the inventory"),
        ("recorded the harbor theme on my accordion", "work", "the harbor theme"),
        ("what does the brass key open", "thing", "the brass key"),
        ("where is the save folder on linux", "thing", "the save folder on linux"),
        ("The Ferry Song is beautiful", "thing", "The Ferry Song"),
        ("ran into it on v1.4.2", "version", "v1.4.2"),
        ("100 hours and counting", "number", "100 hours"),
        ("humming “Foghorn Blues” all day", "title", "Foghorn Blues"),
        ("i play lantern harbor with dad", "feature", "lantern harbor"),
        ("das neue Update ist kaputt", "thing", "das neue Update"),
    ],
)
def test_the_most_telling_comes_first(find: Find, text: str, kind: str, first: str) -> None:
    assert find(text)[0] == Detail(kind=kind, text=first)


@pytest.mark.parametrize(
    "text",
    [
        "love it",
        "here",
        "is this a bot?",
        "thank you, that fixed it",
        "is your quilt done",
        "made a paper version of your tower",
        "lost my entire weekend to it",
        "what a catch in the last minute",
        "how often should a beginner run",
        "how do I keep a folder from the scan",
        "would love a way to sort by date",
        "my mum was over the moon",
        "that pass. 19 years old",
        "love the thing",
        "the game is great",
        "made the @everyone banner",
        "love the https://x.example/map",
        "love the example.com page",
        "made the `rm -rf` **thing**",
        "call +49 170 1234567 or mail a@b.example",
        "love the <@!123456>",
        "humming “@here now”",
    ],
)
def test_nothing_rather_than_something_wrong(find: Find, text: str) -> None:
    assert find(text) == ()


def test_a_title_comes_with_a_link(find: Find) -> None:
    link = Attachment(kind="link", title="Tides of the Pier", url="https://x.example/1")
    assert find("done", attachments=(link,)) == (Detail(kind="title", text="Tides of the Pier"),)


WORDS = ("love", "the", "fog", "my", "made", "a", "is", "great", "in", "level", "took", "open", "v1.2.3")
JUNK = ("@everyone", "https://a.example/x", "a@b.example", "<@1>", "+49 170 1234567", "“", "”", "*", "\n", ",")
PIECES = st.sampled_from((*WORDS, *JUNK))


@given(st.lists(PIECES, max_size=14).map(" ".join) | st.text(max_size=120))
def test_details_are_verbatim_short_and_harmless(find: Find, text: str) -> None:
    for detail in find(text):
        assert detail.text in text
        assert len(detail.text.split()) <= 6
        assert not set(detail.text) & set("@<>`*{}\n\0")
        assert "example" not in detail.text
        assert "1234567" not in detail.text


def test_the_labelled_posts_are_read_as_well_as_stated(find: Find) -> None:
    cases = yaml.safe_load((ROOT / "eval" / "details.yaml").read_text(encoding="utf-8"))
    read = [([d.text.casefold() for d in find(c["post"])], [g.casefold() for g in c["details"]]) for c in cases]

    def known(text: str, others: list[str]) -> bool:
        return any(text in other or other in text for other in others)

    right = [known(text, wanted) for found, wanted in read for text in found]
    found_of = [known(text, found) for found, wanted in read for text in wanted]
    assert len(cases) >= 150
    assert fmean(right) >= 0.9
    assert fmean(found_of) >= 0.8


@pytest.mark.parametrize(
    "text",
    [
        "my name is Peter Vogel",
        "my address is 12 Mill Lane",
        "my sister loves it",
        "my phone number changed",
        "mein Passwort geht nicht",
        "mi madre no entiende",
        "mon copain adore",
        "minha senha sumiu",
        "our kids broke up with it",
    ],
)
def test_what_is_nobodys_business_is_not_said_back(find: Find, text: str) -> None:
    assert find(text) == ()
