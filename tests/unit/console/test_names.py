"""Whom a note names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.notes import names_in
from bot.settings import Manager

MANAGERS = {
    "mara": Manager(name="Mara Quint"),
    "tom": Manager(name="Tom"),
    "tommy": Manager(name="Tommy (EU)"),
    "zoe": Manager(name="Zoë"),
    "noa": Manager(name="נועה"),
    "x-1": Manager(name="C++ [a-z]*"),
    "tom2": Manager(name="Tom"),
}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ()),
        ("mara knows", ()),
        ("@mara", ("mara",)),
        ("ask @Mara Quint, please", ("mara",)),
        ("ask @MARA!", ("mara",)),
        ("(@mara)", ("mara",)),
        ("@mara's post", ("mara",)),
        ("@marabel", ()),
        ("@mara_", ()),
        ("mail a@mara today", ()),
        ("@@mara", ()),
        ("@ mara", ()),
        ("@tommy (eu) and @zoë", ("tommy", "zoe")),
        ("@tom", ("tom", "tom2")),
        ("@tommy", ("tommy",)),
        ("@ZOË", ("zoe",)),
        ("@נועה תסתכלי", ("noa",)),
        ("@c++ [a-z]*", ("x-1",)),
        ("@caaa", ()),
        ("@nobody at all", ()),
        ("@everyone", ()),
        ("@mara@tom", ("mara",)),
        ("@mara @mara @mara", ("mara",)),
    ],
)
def test_names_are_found_whole_and_in_upper_or_lower_case(text, named):
    assert names_in(text, MANAGERS) == named


@given(st.text(max_size=200), st.sampled_from(sorted(MANAGERS)), st.booleans())
def test_a_name_between_any_words_is_found_and_nobody_is_made_up(words, key, by_key):
    name = key if by_key else MANAGERS[key].name
    assert key in names_in(f"{words} @{name} {words}", MANAGERS)
    assert set(names_in(words, MANAGERS)) <= set(MANAGERS)
    assert "@" in words or not names_in(words, MANAGERS)
