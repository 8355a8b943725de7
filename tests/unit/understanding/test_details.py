"""What is said back is right, whole and the author's own; otherwise nothing is."""

from __future__ import annotations

import unicodedata
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
from responders.understanding.tokens import is_emoji, visible

ROOT = Path(__file__).parents[2]
Find = Callable[..., tuple[Detail, ...]]
FACTS = {
    "game": "Lantern Harbor",
    "text_size": "Settings, then Text size",
    "host": "Nimbus",
    "report_a_bug": "in Settings",
}


@pytest.fixture(scope="module")
def find(small_library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Find:
    facts = {name: Fact(name=name, value=value) for name, value in FACTS.items()}
    analyzer = DetailsAnalyzer(replace(small_library, facts=facts))
    return lambda text, **kw: analyzer.analyze(a_post(text, **kw), a_context(), Understanding()).details


def texts(found: tuple[Detail, ...]) -> list[str]:
    return [detail.text for detail in found]


@pytest.mark.parametrize(
    ("text", "kind", "first"),
    [
        ("finally finished my lantern cosplay, took a whole week", "work", "my lantern cosplay"),
        ("just made a tutorial about the storm boss", "work", "a tutorial"),
        ("built the whole harbor in lego", "work", "the whole harbor"),
        ("I've knitted a hat that my nan wants too", "work", "a hat"),
        ("love this so much, my dad and I built a marble run for it", "work", "a marble run"),
        ("ok so last night i crocheted an axolotl", "work", "an axolotl"),
        ("made a map of all the loops", "work", "a map"),
        ("habe das Leuchtturm-Modell gebaut", "work", "das Leuchtturm-Modell"),
        ("ich hab gestern einen Schal für Oma gestrickt", "work", "einen Schal"),
        ("terminé mi primer suéter", "work", "mi primer suéter"),
        ("he tejido una bufanda de lana", "work", "una bufanda de lana"),
        ("j'ai enfin fini mon pull", "work", "mon pull"),
        ("terminei meu primeiro quadro", "work", "meu primeiro quadro"),
        ("ran into it on v1.4.2", "version", "v1.4.2"),
        ("100 hours and counting", "number", "100 hours"),
        ("humming “Foghorn Blues” all day", "title", "Foghorn Blues"),
        ("i play lantern harbor with dad", "feature", "lantern harbor"),
        ("is Nimbus down again", "feature", "Nimbus"),
        ("the Text size is too small", "feature", "Text size"),
    ],
)
def test_what_may_be_said_back(find: Find, text: str, kind: str, first: str) -> None:
    assert find(text)[0] == Detail(kind=kind, text=first)


def test_the_most_telling_comes_first_and_each_once(find: Find) -> None:
    found = find("built a tower in Lantern Harbor, lantern harbor 2.3.1, 40 hours, song “Slow Tram”")
    assert [d.kind for d in found] == ["work", "title", "feature", "version", "number"]
    assert texts(found) == ["a tower", "Slow Tram", "Lantern Harbor", "2.3.1", "40 hours"]


NOTHING = {
    "a guess at what it is about": [
        "love the fog in the last level",
        "the lamp puzzle is broken since yesterday",
        "third time the update wiped my save",
        "where is the blue key",
        "please add a dark theme",
        "the game crashes every time i open the inventory",
        "das neue Update ist kaputt",
        "my seagull costume is ready for the con",
    ],
    "made by somebody else, or not made": [
        "you made a lovely quilt",
        "my sister knitted a scarf",
        "whoever painted the mural, thank you",
        "did you paint the mural",
        "the devs built the map in a week",
        "if i made a quilt would you buy it",
        "I wish I'd built a boat",
        "i almost finished my scarf",
        "never finished my quilt",
        "finished the quilt yet?",
        "I would have built a bridge",
        "she said i made a scarf",
        "meine Schwester hat einen Schal gestrickt",
        "ich habe keinen Turm gebaut",
        "ich finde, die Jungs haben den Turm gebaut",
        "mi hermana tejió una bufanda",
        "j'ai pas fini mon pull",
        "meu irmão fez um bolo",
    ],
    "no thing": [
        "made a mistake, sorry",
        "made my day",
        "made it to the top",
        "finished my shift",
        "finished the game last night",
        "i made an account",
        "drew a blank",
        "drew the short straw",
        "built my confidence",
        "wrote a ticket about it",
        "hab leider Mist gebaut",
        "ich habe einen Unfall gebaut",
        "hice el ridículo",
        "painted the town red",
    ],
    "cut in half": [
        "made the tea cosy shaped like a hen",
        "made the crash fix needed for wayland",
        "carved a tiny, tiny spoon",
        "sewed a soft, warm blanket",
        "knitted a red and white scarf",
        "painted the fence green",
        "finished my first",
        "built a robot arm controller board thing",
        "drew a dragon breathing fire",
        "built half of the tower",
        "painted the two of them",
        "made a frog 🐸 hat",
        "ich habe den Zaun grün gebaut",
    ],
    "somebody, or nobody's business": [
        "made my sister a dress",
        "painted my boyfriend",
        "drew my dad as a viking",
        "i painted my nails",
        "my name is Peter Vogel",
        "my address is 12 Mill Lane",
        "my phone number changed",
        "mein Passwort geht nicht",
        "i am 15 years old",
        "im 43 years and weigh 92 kg",
        "tengo 15 años",
        "j'ai 15 ans et j'adore",
        "Olá, sou o Hélder, 34 anos, de Nampula",
        "ich bin 10 Jahre alt",
        "minha filha de 9 anos ama",
        "drew our mascot Pip",
    ],
    "a link, an address, a handle, code": [
        "made the @everyone banner",
        "built a https://x.example/map",
        "finished the example.com quilt",
        "mail me at kim@example.com",
        "painted the <@!123456> badge",
        "made the `rm -rf` scarf",
        "`i made a scarf` is the code",
        "> i made a scarf\nnice one",
        "humming “@here now” song",
        "knitted u/somebody a hat",
    ],
    "a date": [
        "born 12.08.1994",
        "on 12/05/2025 it broke",
        "since the update 12.05.",
        "broken since 3.4.24",
        "as of 2025.11.3 nothing works",
        "5 days ago it was fine",
        "nine years back it was fine",
        "vor 3 Tagen ging es noch",
        "hace 3 días funcionaba",
        "il y a 3 jours tout allait bien",
        "há 3 dias funcionava",
        "the 2021 sets are gone",
    ],
    "a time of day": [
        "starts at 8:15",
        "see you at 20 hours",
        "at 20h sharp",
        "ouvert à 20 heures",
        "abre a las 20 horas",
        "fecha às 20 horas",
        "um 20 Uhr ging nichts",
    ],
    "an address or a number to call": [
        "router answers on 192.168.1.1",
        "10.0.0.2 is the printer",
        "the shop at 12 Miles Road",
        "12 Mill Lane, second floor",
        "call +49 170 1234567",
        "call me on 0171 555 0199",
        "order 4471 8829 1 is late",
        "IBAN DE12 5001 0517 0648 4898 90",
    ],
    "the number of a thing, or no quantity": [
        "episode 44 was the best",
        "chapter 12 pages are blank",
        "level 60 times out",
        "100% agree",
        "ten times better than before",
        "one day i will",
        "#12 hours",
        "a 4 hour stream",
        "a 3-day event",
        "price went up by 20",
        "i paid 20",
        "section 3.2.1 of the manual",
        "bring back update 2",
    ],
    "part of a number": [
        "took 3 to 4 weeks",
        "3, maybe 4 weeks",
        "between 3 and 4 weeks",
        "3 oder 4 Wochen",
        "tres o cuatro semanas",
        "trois ou quatre semaines",
        "3 - 4 weeks",
        "3/4 weeks",
        "4 hours 20 minutes on it",
        "two and a half hours",
        "two hours and a half",
        "2 million views",
        "250 000 km",
        "twenty five hours",
        "a week or two",
        "3 of 5 people",
        "10 hours a day",
        "60 frames per second, 3 times a week",
        "14 € a head",
        ".5 hours",
        "-5 kg",
        "~4 weeks",
        "3 weeks' notice",
        "£42 to £65",
    ],
    "part of a version, or none": [
        "2.3.1-2.3.4 are bad",
        "1.2.3.4 is here",
        "v2 is out",
        "1.2.x is old",
        "version 2 is out",
        "3.14 is pi",
        "update 2.5 hours",
        "$1.2.3",
    ],
    "said, named or shown, and no title": [
        'he said "Never Again" and left the book',
        'it says "Access Denied" on every page',
        'error "Connection Refused" in this episode',
        'the level "fix" broke it',
        '"Lamplight Team" signs every reply',
        'some "Dear Builder" letter',
        "il a dit « Jamais De La Vie » en chanson",
        'the guy "Peter Vogel" charged me twice',
        'wood is 5" by 6" here, song',
        '"THE END OF IT" song',
        'song "“”"',
        'Anna "Maple" Lind sings this song',
    ],
    "emoji": [
        "knitted a 👩\u200d🎨 hat",
        "song “Foghorn ❤️ Blues”",
        "took 4️⃣ weeks",
        "took 1️⃣4️⃣ weeks",
        "painted a 🏳️\u200d🌈 flag",
        "made a hat👍🏽er",
    ],
}


@pytest.mark.parametrize(("why", "text"), [(why, text) for why, posts in NOTHING.items() for text in posts])
def test_nothing_rather_than_something_wrong(find: Find, why: str, text: str) -> None:
    assert texts(find(text)) == [], why


WHOLE = [
    ("needs 3-4 weeks", ["3-4 weeks"]),
    ("needs 3–4 weeks", ["3–4 weeks"]),
    ("1,000 followers today", ["1,000 followers"]),
    ("1.000 Stunden", ["1.000 Stunden"]),
    ("10,5 km heute", ["10,5 km"]),
    ("2½ hours of it", ["2½ hours"]),
    ("10k followers", ["10k followers"]),
    ("ping is 300ms", ["300ms"]),
    ("99% and stuck", ["99%"]),
    ("cost me $14.99 in total", ["$14.99"]),
    ("14,99 € für nichts", ["14,99 €"]),
    ("paguei R$ 50 e nada", ["R$ 50"]),
    ("vendo por R$350", ["R$350"]),
    ("twelve euros at the flea market", ["twelve euros"]),
    ("lost my whole save, 80 hours.", ["80 hours"]),
    ("half a year of work", ["half a year"]),
    ("took me a couple of days", ["a couple of days"]),
    ("TROIS FOIS", ["TROIS FOIS"]),
    ("(40 minutes) of queue", ["40 minutes"]),
    ("4 weeks", ["4 weeks"]),
    ("update 2.3.1 deleted it", ["2.3.1"]),
    ("firmware 1.9 bricked it", ["1.9"]),
    ("version 12.05 is bad", ["12.05"]),
    ("Version 1.2.24 geht", ["1.2.24"]),
    ("2.1.0-rc1 crackles", ["2.1.0-rc1"]),
    ("(0.31.2, Win 11)", ["0.31.2"]),
    ("regression between 1.8.2 and 1.8.3", ["1.8.2", "1.8.3"]),
    ("the song “La La Land” and „Nachtzug“", ["La La Land", "Nachtzug"]),
    ("quelle chanson, « La Marée »", ["La Marée"]),
    ('loved "The Salt Path," what a book', ["The Salt Path"]),
    ("made a dress. my sister wears it", ["a dress"]),
    ("MADE MY FIRST QUILT", ["MY FIRST QUILT"]),
    ("built a shelf in 3 hours. it took 40 pieces. then 5 tries to hang it.", ["a shelf"]),
]


@pytest.mark.parametrize(("text", "whole"), WHOLE)
def test_what_is_said_back_is_whole(find: Find, text: str, whole: list[str]) -> None:
    assert texts(find(text)) == whole


def test_a_title_comes_with_a_link(find: Find) -> None:
    link = Attachment(kind="link", title="Tides of the Pier", url="https://x.example/1")
    assert find("done", attachments=(link,)) == (Detail(kind="title", text="Tides of the Pier"),)


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("link", "a forwarded message"),
        ("link", "How do I reset my password"),
        ("link", "https://x.example/map"),
        ("file", "Quarterly Report"),
        ("image", "Happy Cat"),
        ("audio", "Recording 12"),
        ("video", "VID_2024.mp4"),
        ("audio", "Voice Message"),
        ("link", "@kim on Something"),
        ("link", ""),
        ("link", None),
    ],
)
def test_a_mere_name_of_a_file_is_no_title(find: Find, kind: str, title: str | None) -> None:
    assert find("done", attachments=(Attachment(kind=kind, title=title),)) == ()  # type: ignore[arg-type] # a table


INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u202e\u202c\u2066\u2069\u00ad\u034f\ufe0f\u180e\u3164\u2800\U000e0041\u200f"
KNOWN = [
    "finished my first quilt last night, 48 squares",
    "update 2.3.1 ate 80 hours of it",
    "listening to “Slow Tram” on repeat, best song",
    "habe einen Schal gestrickt",
    "is Lantern Harbor down",
    "took 3 to 4 weeks",
    "made the tea cosy shaped like a hen",
]


@given(st.sampled_from(KNOWN), st.lists(st.tuples(st.integers(0, 60), st.sampled_from(INVISIBLE)), max_size=8))
def test_invisible_characters_change_nothing(find: Find, text: str, where: list[tuple[int, str]]) -> None:
    spoilt = text
    for place, character in where:
        spoilt = spoilt[:place] + character + spoilt[place:]
    assert find(spoilt) == find(text)


WORDS = (
    "i",
    "made",
    "finished",
    "knitted",
    "my",
    "a",
    "the",
    "first",
    "quilt",
    "hat",
    "of",
    "3",
    "4",
    "weeks",
    "hours",
    "to",
)
JUNK = (
    "@everyone",
    "https://a.example/x",
    "a@b.example",
    "<@1>",
    "“",
    "”",
    '"',
    "*",
    "\n",
    ",",
    "1.2.3",
    "v1.2",
    "$5",
    "🧵",
)
JOINED = (
    "👩\u200d🎨",
    "qu\u200bilt",
    "4️⃣",
    "\u202e",
    "Paper Tigers",
    "song",
    "gebaut",
    "ich",
    "einen",
    "j'ai",
    "fini",
    "mon",
)
PIECES = st.sampled_from((*WORDS, *JUNK, *JOINED))


@given(st.lists(PIECES, max_size=16).map(" ".join) | st.lists(PIECES, max_size=16).map("".join) | st.text(max_size=120))
def test_details_are_verbatim_and_harmless(find: Find, text: str) -> None:
    for detail in find(text):
        assert detail.text in visible(text)
        assert visible(detail.text) == detail.text
        assert not {unicodedata.category(c) for c in detail.text} & {"Cc", "Cf", "Cs", "Co", "Cn"}
        assert not any(map(is_emoji, detail.text))
        assert 0 < len(detail.text.split()) <= 6
        assert not set(detail.text) & set("@<>`*{}\n\0")
        assert "example" not in detail.text
        assert detail.kind in {"work", "title", "feature", "version", "number"}


BETWEEN = (
    "-",
    "–",
    " - ",
    " to ",
    " or ",
    " bis ",
    " oder ",
    " a ",
    " à ",
    "/",
    ", ",
    " and ",
    " y ",
    " e ",
    " maybe ",
)


@given(
    st.integers(1, 900), st.sampled_from(BETWEEN), st.integers(2, 900), st.sampled_from(("weeks", "km", "Stunden", "€"))
)
def test_a_range_is_one_number_or_nothing(find: Find, low: int, between: str, high: int, unit: str) -> None:
    text = f"it took {low}{between}{high} {unit} in all"
    assert set(texts(find(text))) <= {f"{low}{between}{high} {unit}"}


@given(st.text(max_size=30), st.integers(0, 9_000))
def test_where_a_long_post_is_cut_nothing_ends(find: Find, tail: str, padding: int) -> None:
    text = f"{'lorem ' * (padding // 6)}i finished my first quilted blanket today and it took 300 hours {tail}"
    assert set(texts(find(text))) <= {"my first quilted blanket", "300 hours", *texts(find(f"300 hours {tail}"))}


def test_the_labelled_posts_are_read_as_well_as_stated(find: Find) -> None:
    cases = yaml.safe_load((ROOT / "eval" / "details.yaml").read_text(encoding="utf-8"))
    read = [
        ([text.casefold() for text in texts(find(case["post"]))], [wanted.casefold() for wanted in case["details"]])
        for case in cases
    ]
    assert fmean(text in wanted for found, wanted in read for text in found) >= 0.95
    assert fmean(text in found for found, wanted in read for text in wanted) >= 0.5
