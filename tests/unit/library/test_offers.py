"""What is offered to which post, and with which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from responders.builtin.templated import TemplatedResponder
from responders.library.load import load
from responders.library.model import Library
from responders.library.offers import said_back, situation, sources
from responders.library.render import render
from responders.types import Attachment, Candidate, Context, Detail, History, MissingSlot, Post, Turn, Understanding

PRAISE = Understanding(intent="praise", confidence=0.9)
MOTHS = replace(PRAISE, details=(Detail(kind="work", text="the paper moths"), Detail(kind="number", text="40 hours")))
INTENTS = {
    f"intents/{name}.yaml": f"meaning: m\naction: draft\nexamples: {{en: [a {name}]}}"
    for name in ("praise", "question")
}
KNOWN = History(
    since=datetime(2025, 3, 1, tzinfo=UTC),
    call_name="Ida",
    things=("I make lanterns", "I play on Linux"),
    honours=frozenset({"helped"}),
)
NEW = replace(KNOWN, since=datetime(2026, 2, 20, tzinfo=UTC))
EXAMPLES = 'examples: [{given: {post: "?!"}, expect: {offered: false}}]'
Respond = Callable[..., tuple[Candidate, ...]]


def speak(shipped: Mapping[str, str], front: str, body: str, *, intent: str = "praise", facts: str = "") -> Respond:
    """A responder with one template. `front` must keep it from its example, a bare "?!"."""
    text = f"---\n{front}\n{EXAMPLES}\n---\n{body}"
    voice = "registers: {default: plain, warm: warmer}"
    library = load({**INTENTS, "facts.yaml": facts, "voice.yaml": voice, f"en/{intent}/a.md": text}, shipped)

    def respond(post: Post, context: Context, understanding: Understanding) -> tuple[Candidate, ...]:
        return tuple(TemplatedResponder(library).respond(post, context, understanding))

    return respond


def texts(candidates: tuple[Candidate, ...]) -> list[str]:
    return [candidate.text for candidate in candidates]


def test_slots_are_filled_and_say_what_is_quoted(
    shipped: Mapping[str, str], post: Callable[[str], Post], context: Context
) -> None:
    front = (
        "slots: {d: {from: post.detail.work, required: true}, n: {from: fan.call_name}, c: {from: channel.name},"
        " f: {from: facts.host, required: true}}"
    )
    body = "## variant: a\n{{ d | cap }}{% if n %}, {{ n }}{% endif %}{% if c %} in {{ c }}{% endif %}, {{ f }}."
    respond = speak(shipped, front, body, facts="host: Lantern")
    assert respond(post("x"), context, PRAISE) == ()
    (bare,) = respond(post("x"), context, MOTHS)
    assert (bare.text, bare.quoted) == (
        "The paper moths in general, Lantern.",
        ("the paper moths", "general", "Lantern"),
    )
    (named,) = respond(post("x"), replace(context, call_name="{{ d }}"), MOTHS)
    assert named.text == "The paper moths, {{ d }} in general, Lantern."
    assert (named.template, named.variant, named.responder) == ("en/praise/a", "a", "templated")
    assert named.recipe is not None
    assert render(named.recipe) == named.text


def test_a_fact_is_said_until_its_last_day(
    shipped: Mapping[str, str], post: Callable[[str], Post], context: Context
) -> None:
    front = "when: {sentiment: positive}\nslots: {f: {from: facts.fair, required: true}}"
    respond = speak(shipped, front, "## variant: a\n{{ f }}", facts="fair: {value: the fair, until: 2026-03-01}")
    glad = replace(PRAISE, sentiment="positive")
    assert texts(respond(post("x"), context, glad)) == ["the fair"]
    later = replace(context, now=datetime(2026, 3, 2, tzinfo=UTC))
    assert respond(post("x"), later, glad) == ()


CONDITIONS = [
    ("when: {sentiment: [positive, mixed]}", {}, {}, {"sentiment": "mixed"}, True),
    ("when: {sentiment: [positive, mixed]}", {}, {}, {"sentiment": "negative"}, False),
    ("unless: {sentiment: neutral}", {}, {}, {"sentiment": "neutral"}, False),
    ("when: {language: de}", {}, {}, {"language": "de"}, True),
    ("when: {is_reply: yes}", {"reply_to": "0"}, {}, {}, True),
    ("when: {is_reply: true}", {}, {}, {}, False),
    ("when: {replies_to: us}", {}, {"replies_to": "us"}, {}, True),
    ("when: {replies_to: [us, staff]}", {}, {"replies_to": "fan"}, {}, False),
    ("when: {has_attachment: true}", {"attachments": (Attachment(kind="image"),)}, {}, {}, True),
    ("when: {has_attachment: true}", {}, {}, {}, False),
    ("when: {thread_depth: later}", {"reply_to": "0"}, {}, {}, True),
    ("when: {thread_depth: later}", {}, {}, {}, False),
    ('when: {channel: "#Art"}', {"channel": "art"}, {}, {}, True),
    ("when: {channel: art}", {}, {"channel_name": "Art"}, {}, True),
    ("when: {channel: art}", {}, {}, {}, False),
    ("when: {time: night}", {}, {"now": datetime(2026, 3, 1, 23, tzinfo=UTC)}, {}, True),
    ("when: {time: night}", {}, {"now": datetime(2026, 3, 1, 5, tzinfo=UTC)}, {}, False),
    ("when: {time: night}", {"text": "lamp's out. night all"}, {}, {}, True),
    ("when: {time: evening}", {"text": "Good evening!"}, {}, {}, True),
    ("when: {time: morning}", {"text": "guten Morgen zusammen"}, {}, {}, True),
    ("when: {time: night}", {"text": "the show last night was long"}, {}, {}, False),
    ("when: {time: day}", {"text": "morning runs are the best runs I know"}, {}, {}, True),
    ("when: {fan_history: known}", {}, {}, {}, False),
    ("when: {fan_history: known}", {}, {"history": KNOWN}, {}, False),
    ("when: {fan_history: known}", {}, {"addressed": True}, {}, False),
    ("when: {fan_history: known}", {}, {"history": KNOWN, "addressed": True}, {}, True),
    ("when: {fan_history: newly_known}", {}, {"history": KNOWN, "addressed": True}, {}, False),
    ("when: {fan_history: newly_known}", {}, {"history": NEW, "addressed": True}, {}, True),
    ("when: {fan_history: [helped, on_stage]}", {}, {"history": KNOWN, "addressed": True}, {}, True),
    ("when: {fan_history: on_stage}", {}, {"history": KNOWN, "addressed": True}, {}, False),
    ("when: {fan_history: none}", {}, {"history": KNOWN}, {}, True),
    ("unless: {fan_history: none}", {}, {"history": KNOWN}, {}, False),
    ("unless: {fan_history: known}", {}, {"history": KNOWN, "addressed": True}, {}, False),
    ("when: {details: [title, work]}", {}, {}, {"details": MOTHS.details}, True),
    ("when: {details: title}", {}, {}, {"details": MOTHS.details}, False),
    ("when: {language: de, sentiment: positive}", {}, {}, {"language": "de"}, False),
    ("when: {mood: [angry, hurt]}", {}, {}, {"mood": "hurt"}, True),
    ("when: {mood: angry}", {}, {}, {"mood": "light"}, False),
    ("unless: {mood: angry}", {}, {}, {"mood": "angry"}, False),
    ("when: {length: short}", {"text": "so good"}, {}, {}, True),
    ("when: {length: short}", {"text": "good " * 11}, {}, {}, False),
    ("when: {length: middle}", {"text": "good " * 11}, {}, {}, True),
    ("when: {length: long}", {"text": "good " * 44}, {}, {}, False),
    ("when: {length: long}", {"text": "good " * 45}, {}, {}, True),
    ("when: {tells: [order, picture]}", {}, {}, {"tells": frozenset({"picture", "name"})}, True),
    ("when: {tells: order}", {}, {}, {"tells": frozenset()}, False),
    ("when: {second: question}", {}, {}, {"second": "question"}, True),
    ("when: {second: question}", {}, {}, {}, False),
    ("when: {register: warm}", {}, {"register": "warm"}, {}, True),
    ("when: {register: warm}", {}, {}, {}, False),
    ("asks_for: version", {}, {}, {}, True),
    ("asks_for: version", {}, {}, {"tells": frozenset({"version"})}, False),
    ("asks_for: version", {"text": "good " * 60}, {}, {}, False),
    ("asks_for: more", {}, {}, {"tells": frozenset({"version"})}, True),
]


@pytest.mark.parametrize("place", ["file", "variant"])
@pytest.mark.parametrize("case", CONDITIONS, ids=lambda case: case[0])
def test_conditions(
    shipped: Mapping[str, str], post: Callable[[str], Post], context: Context, place: str, case: tuple[str, ...]
) -> None:
    line, in_post, in_context, in_reading, holds = case
    if line.startswith("asks_for") and place == "file":
        return
    front = "slots: {d: {from: fan.call_name, required: true}}"
    front, head = (f"{front}\n{line}", "") if place == "file" else (front, f"{line}\n")
    respond = speak(shipped, front, f"## variant: a\n{head}{{{{ d }}}}")
    named = replace(context, call_name="Ida", **in_context)  # type: ignore[arg-type] # a table of any fields
    found = respond(replace(post("x"), **in_post), named, replace(PRAISE, **in_reading))  # type: ignore[arg-type]
    assert bool(found) == holds


def test_what_is_remembered_is_said_to_whom_it_is_about_and_only_when_they_speak_to_us(
    shipped: Mapping[str, str], post: Callable[[str], Post], context: Context
) -> None:
    front = "slots: {t: {from: fan.history.thing, required: true}, s: {from: fan.history.since}}"
    body = "## variant: a\nwhen: {fan_history: known}\nYou said {{ t }}{% if s %}, back in {{ s }}{% endif %}."
    respond = speak(shipped, front, body)
    spoken_to = replace(context, history=KNOWN, addressed=True)
    (found,) = respond(post("on linux the map is gorgeous"), spoken_to, PRAISE)
    assert found.text == "You said I play on Linux, back in 2025."
    assert found.sources[-1] == "fan.history", "what is offered because of it is known to depend on it"
    assert respond(post("the map is gorgeous"), spoken_to, PRAISE) == (), "it says nothing that the post does not touch"
    assert respond(post("on linux the map is gorgeous"), replace(spoken_to, addressed=False), PRAISE) == ()
    assert respond(post("on linux the map is gorgeous"), replace(spoken_to, history=None), PRAISE) == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    thing=st.text(st.characters(codec="utf-8"), min_size=1, max_size=100),
    text=st.text(st.characters(codec="utf-8"), max_size=100),
    addressed=st.booleans(),
    opted_in=st.booleans(),
)
def test_nothing_of_it_reaches_a_template_uninvited(
    shipped: Mapping[str, str],
    post: Callable[[str], Post],
    context: Context,
    thing: str,
    text: str,
    addressed: bool,
    opted_in: bool,
) -> None:
    known = History(since=context.now, things=(thing,), honours=frozenset({"helped", "on_stage"})) if opted_in else None
    asked = replace(context, history=known, addressed=addressed)
    found = sources({}, post(f"{text} {thing}"), asked, PRAISE)
    said = {source for source in found if source.startswith("fan.history")}
    fits = situation(post(text), asked, PRAISE)["fan_history"]
    if addressed and opted_in:
        assert {"known", "newly_known", "helped", "on_stage"} == fits
        assert "fan.history.since" in said
    else:
        assert (said, fits) == (set(), {"none"})


def test_the_closer_it_fits_the_higher(
    shipped: Mapping[str, str], post: Callable[[str], Post], context: Context
) -> None:
    front = (
        "slots: {d: {from: post.detail, required: true}, n: {from: fan.call_name, required: true},"
        " w: {from: ask_approver, ask: Why?, required: true}}"
    )
    body = (
        "## variant: typed\n{{ n }} {{ w }}\n## variant: plain\n{{ n }}\n## variant: detail\n{{ n }} {{ d }}\n"
        "## variant: sure\nwhen: {sentiment: positive}\n{{ n }} {{ d }}."
    )
    respond = speak(shipped, front, body)
    found = respond(post("x"), replace(context, call_name="Ida"), replace(MOTHS, sentiment="positive"))
    assert [c.variant for c in sorted(found, key=lambda c: -c.fit)] == ["sure", "detail", "plain", "typed"]
    (typed,) = (c for c in found if c.variant == "typed")
    assert typed.missing == (MissingSlot(name="w", ask="Why?"),)
    assert typed.text == "Ida [Why?]"


def test_what_cannot_be_rendered_is_left_out(
    shipped: Mapping[str, str], post: Callable[[str], Post], context: Context
) -> None:
    front = "slots: {d: {from: fan.call_name, required: true}}"
    odd = '## variant: odd\n{% if d != "x" %}a{% endif %}\n'
    respond = speak(shipped, front, odd + "## variant: long\n{{ d }}\n## variant: short\nb {{ d }}")
    assert [c.variant for c in respond(post("x"), replace(context, call_name="x"), PRAISE)] == ["long", "short"]
    assert [c.variant for c in respond(post("x"), replace(context, call_name="y" * 4_095), PRAISE)] == ["odd", "long"]


def test_no_intent_other_language_or_no_template_offer_nothing(
    library: Library, post: Callable[[str], Post], context: Context
) -> None:
    responder = TemplatedResponder(library)
    for reading, around in [
        (Understanding(), context),
        (Understanding(intent="weather"), context),
        (Understanding(intent="crosstalk"), context),
        (PRAISE, replace(context, locale="sv")),
    ]:
        assert tuple(responder.respond(post("lovely"), around, reading)) == ()


def test_turns_of_the_thread_make_it_a_later_one(
    shipped: Mapping[str, str], post: Callable[[str], Post], context: Context
) -> None:
    respond = speak(shipped, "when: {thread_depth: later}", "## variant: a\nGo on.")
    turn = Turn(role="us", name="us", text="How?", at=context.now)
    assert texts(respond(post("x"), replace(context, before=(turn,)), PRAISE)) == ["Go on."]
    nearby = replace(turn, in_thread=False)
    assert respond(post("x"), replace(context, before=(nearby,)), PRAISE) == ()


def test_a_known_answer_stands_alone(library: Library, post: Callable[[str], Post], context: Context) -> None:
    responder = TemplatedResponder(library)
    folder, length = "en/question/save-folder", "en/question/length"
    asked = Understanding(intent="question", faq=((folder, 0.97), (length, 0.2)), situations=(("asks_how_to", 0.6),))
    answers = tuple(responder.respond(post("where's the save folder?"), context, asked))
    assert {answer.template for answer in answers} == {folder}
    assert all(answer.sure and "lantern-harbor" in answer.text for answer in answers)
    unsure = replace(asked, faq=((folder, 0.6), (length, 0.2), ("en/question/gone", 0.9)))
    near = tuple(responder.respond(post("where's the save?"), context, unsure))
    assert {folder, length} <= {answer.template for answer in near}
    assert not any(answer.sure for answer in near)


def test_the_likelier_situation_has_the_higher_chance(
    library: Library, post: Callable[[str], Post], context: Context
) -> None:
    read = Understanding(
        intent="thanks",
        situations=(("thanks_for_fix", 0.6), ("thanks_for_advice", 0.2), ("thanks_for_gift", 0.01)),
    )
    found = tuple(TemplatedResponder(library).respond(post("works again, thanks"), context, read))
    chances = {c.template.rpartition("/")[2]: (c.chance, c.sure) for c in found}
    assert chances["thanks_for_fix"] == (0.6, True)
    assert chances["thanks_for_advice"] == (0.2, False)
    assert "thanks_for_gift" not in chances


@pytest.mark.parametrize(
    ("language", "kind", "text", "said"),
    [
        ("en", "work", "my quilt", "your quilt"),
        ("en", "work", "Our song", "your song"),
        ("en", "work", "a tutorial", "the tutorial"),
        ("en", "work", "an owl", "the owl"),
        ("en", "work", "this panel", "that panel"),
        ("en", "work", "These gulls", "those gulls"),
        ("en", "work", "the myth", "the myth"),
        ("en", "thing", "another crash", "another crash"),
        ("de", "work", "mein Schal", "dein Schal"),
        ("de", "work", "unseren Turm", "euren Turm"),
        ("de", "work", "einen Turm", "den Turm"),
        ("de", "work", "eine Lampe", "die Lampe"),
        ("de", "work", "ein Bild", "das Bild"),
        ("es", "work", "mi primer suéter", "tu primer suéter"),
        ("fr", "work", "mon pull", "ton pull"),
        ("fr", "work", "un pull", "un pull"),
        ("pt", "work", "meu cachecol", "seu cachecol"),
        ("pt", "work", "a bolsa", "a bolsa"),
        ("sv", "work", "min tröja", "min tröja"),
        ("en", "number", "a whole week", "a whole week"),
        ("en", "version", "v1.2", "v1.2"),
        ("en", "title", "My Quilt", "My Quilt"),
        ("en", "title", "A Tide", "A Tide"),
        ("en", "feature", "my library", "my library"),
    ],
)
def test_a_fans_words_are_said_back_as_somebody_else_says_them(language: str, kind: str, text: str, said: str) -> None:
    assert said_back(Detail(kind=kind, text=text), language) == said
