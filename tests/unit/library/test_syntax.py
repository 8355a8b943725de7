"""A template can hold words, slots and a few choices. Anything else is refused before it is compiled."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.library.render import RenderFailed, missing, preview, render
from responders.library.syntax import Refused, parse, unguarded
from responders.library.unseen import seen
from responders.types import MissingSlot, Recipe

ATTACKS = [
    "{{ ''.__class__ }}",
    "{{ x.__class__.__mro__ }}",
    "{{ x['__class__'] }}",
    "{{ x[0] }}",
    "{{ 'a' * 10**9 }}",
    "{{ 'a' * 1000000000 }}",
    "{{ 2 + 2 }}",
    "{{ -x }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 10 // 3 }}",
    "{{ 10 % 3 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ range(10**9) }}",
    "{{ range(9) }}",
    "{{ cycler('a').next() }}",
    "{{ lipsum(9) }}",
    "{{ dict(a=1) }}",
    "{{ self.x() }}",
    "{{ x() }}",
    "{{ x.format(1) }}",
    "{{ 'a' ~ 'b' }}",
    "{{ x | attr('y') }}",
    "{{ x | upper }}",
    "{{ x | center(100000000) }}",
    "{{ x | cap(1) }}",
    "{{ x is defined }}",
    "{{ 'a' if x else 'b' }}",
    "{{ [1, 2] }}",
    "{{ {'a': 1} }}",
    "{{ (1, 2) }}",
    "{{ 1.5 }}",
    "{{ none }}",
    "{{ x == 'a' }}",
    "{{ not x }}",
    "{{ _x }}",
    "{{ plural(x) }}",
    "{{ plural(x, one='a') }}",
    "{{ plural(x, one='a', other='b', lots='c') }}",
    "{{ plural(x, one='a', one='b', other='c') }}",
    "{{ plural(*x) }}",
    "{{ plural(x, one='a', other='b', **x) }}",
    "{{ plural(range(9), one='a', other='b') }}",
    "{% for a in x %}{{ a }}{% endfor %}",
    "{% set a = 1 %}",
    "{% include 'a' %}",
    "{% import 'a' as a %}",
    "{% from 'a' import b %}",
    "{% extends 'a' %}",
    "{% block a %}{% endblock %}",
    "{% macro a() %}{% endmacro %}",
    "{% call x() %}{% endcall %}",
    "{% filter upper %}a{% endfilter %}",
    "{% with a = 1 %}{% endwith %}",
    "{% autoescape true %}{% endautoescape %}",
    "{% if x.y %}a{% endif %}",
    "{% if x in range(9) %}a{% endif %}",
    "{{ x",
    "{% if x %}",
    "{% endif %}",
    "{{ }}",
    "{{ x | }}",
    "{{ x y }}",
    "{{ '",
    "{# never closed",
    "{{ " + "(" * 900 + "x" + ")" * 900 + " }}",
    "{{ " + "not " * 400 + "x }}",
    "{% if x %}" * 100 + "a" + "{% endif %}" * 100,
    "{{ " + "9" * 1_900 + "." + " }}",
    "{{ '\\N{' }}",
    "a" * 2_001,
]


@pytest.mark.parametrize("source", ATTACKS)
def test_refused_with_a_line_and_a_sentence(source: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(source)
    assert refused.value.line >= 1
    assert refused.value.message
    with pytest.raises(RenderFailed):
        render(Recipe(source=source, slots={"x": "a"}))


@pytest.mark.parametrize(
    "inside", ["true", "False", "x == 'a'", "not x", "x and y == 'a'", "(x == 'a') or y", "plural(x, other=x == 'a')"]
)
def test_what_would_print_true_or_false_is_refused_in_a_sentence(inside: str) -> None:
    with pytest.raises(Refused, match=r"True (or|and) False; (use|write)"):
        parse(f"one\n{{{{ {inside} }}}}")
    with pytest.raises(Refused, match="True and False"):
        parse("{% if true %}a{% endif %}")


@pytest.mark.parametrize(
    ("source", "slots", "text"),
    [
        ("{{ d | cap }}: yes", {"d": "the paper moths"}, "The paper moths: yes"),
        ("{{ d | trim | lower }}", {"d": " LOUD "}, "loud"),
        ("a{% if n %}, {{ n }}{% endif %}.", {"n": ""}, "a."),
        ("a{% if n %}, {{ n }}{% endif %}.", {"n": "Ida"}, "a, Ida."),
        ("{% if n == 'a' %}1{% elif not n %}2{% else %}3{% endif %}", {"n": "b"}, "3"),
        ("{% if n and m or not n %}1{% else %}2{% endif %}", {"n": "b", "m": ""}, "2"),
        ("{{ n or 'you' }}", {"n": ""}, "you"),
        ("{{ c }} {{ plural(c, one='answer', other='answers') }}", {"c": "1"}, "1 answer"),
        ("{{ c }} {{ plural(c, one='answer', other='answers') }}", {"c": "1.5"}, "1.5 answers"),
        ("{{ c }} {{ plural(c, one='answer', other='answers') }}", {"c": "11"}, "11 answers"),
        ("{{ plural(c, one='a', other='b') }}", {"c": "many"}, "b"),
        ("{# why #}a", {}, "a"),
        ("<b> & {{ d }}", {"d": "<i> & 'x'"}, "<b> & <i> & 'x'"),
        ("{{ d }}", {"d": "{{ 7*7 }}"}, "{{ 7*7 }}"),
        ("{{ d }}", {"d": "{% for x in y %}"}, "{% for x in y %}"),
    ],
)
def test_rendered(source: str, slots: dict[str, str], text: str) -> None:
    assert render(Recipe(source=source, slots=slots)) == text


@pytest.mark.parametrize(
    ("locale", "count", "form"),
    [
        ("en", "1", "ONE"),
        ("en", "1,001", "OTHER"),
        ("en", "1,000.5", "OTHER"),
        ("de", "1 Stunde", "ONE"),
        ("fr", "0", "ONE"),
        ("pl", "3", "FEW"),
        ("pl", "5", "MANY"),
        ("ja", "1", "OTHER"),
        ("zz", "1", "OTHER"),
        ("en", "9" * 5000, "OTHER"),
        ("en", "no number", "OTHER"),
    ],
)
def test_plural_in_any_language(locale: str, count: str, form: str) -> None:
    source = "{{ plural(c, one='ONE', few='FEW', many='MANY', other='OTHER') }}"
    assert render(Recipe(source=source, slots={"c": count}, locale=locale)) == form


@given(st.text())
def test_a_slot_value_appears_whatever_it_holds_as_it_can_be_seen(value: str) -> None:
    assert render(Recipe(source="a {{ x }} b", slots={"x": value})) == seen(f"a {value} b")


@given(st.text(alphabet="{}%#|()[]'\".~*+-x1 ifnotadrelsp\n", max_size=60))
def test_any_source_is_parsed_or_refused_and_what_is_parsed_renders_or_fails_in_words(source: str) -> None:
    try:
        parse(source)
    except Refused:
        return
    with suppress(RenderFailed):
        assert render(Recipe(source=source, slots={"x": "v"})).strip()


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("{{ x }}", {"x"}),
        ("{{ x | cap }}", {"x"}),
        ("{% if x %}{{ x }}{% endif %}", set()),
        ("{% if x %}a{% else %}{{ x }}{% endif %}", {"x"}),
        ("{% if not x %}a{% else %}{{ x }}{% endif %}", set()),
        ("{% if x and y %}{{ x }}{{ y }}{% endif %}", set()),
        ("{% if x or y %}{{ x }}{% endif %}", {"x"}),
        ("{% if not x %}a{% elif y %}{{ x }}{{ y }}{% endif %}", set()),
        ("{% if y %}{{ x }}{% endif %}", {"x"}),
        ("{{ x or 'you' }}", set()),
        ("{{ x or y }}", {"y"}),
        ("{{ plural(x, one='a', other='b') }}", {"x"}),
    ],
)
def test_optional_slots_need_an_if(source: str, names: set[str]) -> None:
    assert unguarded(parse(source)) == names


ASKED = Recipe(
    source="{{ d }} {{ wish }}{% if extra %} {{ extra }}{% endif %} {{ by }}",
    slots={"d": "Moths."},
    asks={"wish": "What do you want to know?", "extra": "Anything else?"},
    required=("wish",),
    signers=("by",),
)


def test_missing_words_are_asked_for_and_shown_as_gaps() -> None:
    wanted = (MissingSlot(name="wish", ask="What do you want to know?"),)
    assert missing(ASKED) == missing(ASKED, {"wish": "  "}) == wanted
    assert preview(ASKED) == "Moths. [What do you want to know?] [your name]"
    with pytest.raises(RenderFailed, match="What do you want to know"):
        render(ASKED, signer="Ida")


def test_typed_words_and_the_signer_finish_the_text() -> None:
    assert missing(ASKED, {"wish": "How?"}) == ()
    assert preview(ASKED, {"wish": "How?"}, "Ida") == render(ASKED, {"wish": "How?"}, "Ida") == "Moths. How? Ida"
    assert render(ASKED, {"wish": "{{ d }}", "extra": "{%"}, "Ida") == "Moths. {{ d }} {% Ida"
    with pytest.raises(RenderFailed, match="first name"):
        render(ASKED, {"wish": "How?"}, " ")


@pytest.mark.parametrize(
    ("source", "slots", "words"),
    [
        ("{{ x }}", {"x": " "}, "empty"),
        ("{{ x }}", {"x": "a" * 4_097}, "4,097"),
        ("{{ x }}", {}, "x"),
        ("{% if x > 1 %}a{% endif %}", {"x": "a"}, "could not be filled"),
    ],
)
def test_what_cannot_be_finished_says_why(source: str, slots: dict[str, str], words: str) -> None:
    with pytest.raises(RenderFailed, match=words):
        render(Recipe(source=source, slots=slots))


def test_a_recipe_survives_the_store() -> None:
    again = Recipe.from_dict(ASKED.as_dict())
    assert again == ASKED
    assert render(again, {"wish": "How?"}, "Ida") == "Moths. How? Ida"
