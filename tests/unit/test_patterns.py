"""No pattern over words of fans, managers or operators takes more than linear time.

All patterns in our code are tried: those of the modules, of the phrase lists, and those made while posts are read. A
slow pattern, or one that nests unbounded repetition, must be rewritten: with bounds, with a look-behind that keeps it
from starting again inside a run, or with `++`, which never goes back.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]  # what `re` itself reads patterns with
from time import process_time
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "responders")
LENGTH = 4_000
SECONDS = 0.05
"""Process time for one text. Linear patterns take a few thousandths; a quadratic one several tenths or far more."""
COMPILED = """
import importlib, json, pkgutil, re, sys
from datetime import UTC, datetime
from pathlib import Path

found, sites, compiled = {}, set(), re._compile

def noted(pattern, flags):
    made, frame = compiled(pattern, flags), sys._getframe(1)
    while frame.f_globals["__name__"] in ("re", "functools"):
        frame = frame.f_back
    module = frame.f_globals["__name__"]
    sites.add((module, frame.f_lineno))
    if module.partition(".")[0] in ("bot", "responders") and isinstance(made.pattern, str):
        found[made.pattern, int(made.flags)] = module
    return made

re._compile = noted
import bot, responders

for package in (bot, responders):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)

from bot.console.notes import names_in
from bot.content import Content
from bot.insights import patches
from bot.settings import Manager
from responders.assistant.brief import given
from responders.assistant.grounding import grounded
from responders.library import examples
from responders.types import Author, Context, Post, Wording

pipeline = Content(Path("templates")).load()
examples._has("the lamps of the harbor", "lamp")
names_in("@mara, look", {"mara": Manager(name="Mara")})
patches._Slotted("Hi Robin", {"name": "Robin"}, pipeline.library.templates[0]).made("Hi {{ name }}")
now = datetime(2026, 5, 4, tzinfo=UTC)
for text in json.loads(sys.argv[1]):
    author = Author(id="1", name="Robin")
    post = Post(platform="web", channel="c", external_id="1", author=author, text=text, at=now)
    for locale in ("en", "de"):
        context = Context(now=now, community="Lantern Harbor", locale=locale, asked=True)
        read = pipeline.run(post, context).understanding
        grounded(text, given(post, context, read, pipeline.library))
        pipeline.check(Wording(text=text, intent="praise", quoted=("lamp",)), post, context)
print(json.dumps({"made": [[module, *key] for key, module in found.items()], "sites": sorted(sites)}))
"""
POSTS = [
    "love “The Long Night”, I made a lamp of 3 metres for version 1.2.3! https://x.example @kim",
    "Danke! Wo ist der Schlüssel? Schon wieder kaputt, seit dem Update 4.1.",
    "¡gracias! ¿cuándo sale? je n'arrive plus à me connecter. não consigo entrar",
    "you 1d10ts, i will call my lawyer. i am 11. free nitro",
    "hey Lantern Harbor, are you there? Lantern Harbor",
    "Lantern Harbor, where are you?",
]
UNITS = (
    *("a", "en ", "a, ", "_", "1", "1.", " ", "\n", "!", '"', "“", "(", "*", "a-", "@a", "a@a.", "<@1", "{{", "👍"),
    "I made my ",
)
BEGINS = ("a b", "x:", "hey Lantern Harbor", ', "a', "{{", "1.")


class Pattern(NamedTuple):
    module: str
    text: str
    flags: int


@pytest.fixture(scope="module")
def compiled() -> Any:
    """Every pattern that is compiled while our modules are imported and posts are read, and where."""
    done = subprocess.run(
        [sys.executable, "-c", COMPILED, json.dumps(POSTS)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def patterns(compiled: Any) -> list[Pattern]:
    """All that our code compiles, each once."""
    made = [Pattern(*found) for found in compiled["made"]]
    return [*{(p.text, p.flags): p for p in (*written(), *made)}.values()]


def calls() -> Iterator[tuple[str, int, Any]]:
    """Each place in our source that compiles or uses a pattern: module, line and pattern."""
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        module = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name), args=[given, *_]) if (
                    name != "escape"
                ):
                    yield module, node.lineno, given


def written() -> Iterator[Pattern]:
    """The patterns that are written out in our source, also in functions that no post reaches."""
    for module, _, given in calls():
        if isinstance(given, ast.Constant):
            yield Pattern(module, given.value, re.compile(given.value).flags)


def texts() -> Iterator[str]:
    """Runs of one thing: alone, with an end that does not fit, and behind anything that a pattern may begin with."""
    for unit in UNITS:
        run = unit * (LENGTH // len(unit))
        yield run
        yield f"{run[:-1]}t"
    for begin in BEGINS:
        for unit in (" ", "a", "!"):
            yield f"{begin}{unit * LENGTH}\0"


def nested(parsed: Iterable[Any], *, inside: bool = False) -> bool:
    """True when an unbounded repetition holds another one: the inner text can be cut in many ways. Possessive ones
    never go back and do not count."""
    for kind, value in parsed:
        repeats = kind in {_constants.MAX_REPEAT, _constants.MIN_REPEAT}
        unbounded = repeats and value[1] == _constants.MAXREPEAT
        if unbounded and inside:
            return True
        if any(nested(part, inside=inside or unbounded) for part in _parts(value)):
            return True
    return False


def _parts(value: Any) -> Iterator[Any]:
    """The patterns within one element."""
    if isinstance(value, _parser.SubPattern):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _parts(part)


@pytest.mark.parametrize(
    ("pattern", "bad"),
    [
        (r"(a+)+", True),
        (r"(?:\w+\s?)*x", True),
        (r"(?:(?:a|b+){2}c)*", True),
        (r"(?=(a*b)*)c", True),
        (r"(?:a+?){1,}", True),
        (r"a+b+", False),
        (r"(?:a+b){0,3}", False),
        (r"\d+(?:[.,]\d++)*", False),
        (r"(?:(?>a+)b)*", True),
    ],
)
def test_what_nested_repetition_is(pattern: str, *, bad: bool) -> None:
    assert nested(_parser.parse(pattern)) is bad


@pytest.mark.whole
def test_all_parts_of_the_product_are_among_them(patterns: list[Pattern]) -> None:
    modules = {pattern.module for pattern in patterns}
    assert {"responders.understanding.normalise", "responders.voice.words", "bot.settings.values"} <= modules


@pytest.mark.whole
def test_what_is_put_together_is_looked_at_too(compiled: Any) -> None:
    """Every place that builds a pattern from parts was reached."""
    reached = {(module, line) for module, line in compiled["sites"]}
    made = {(module, line) for module, line, given in calls() if not isinstance(given, ast.Constant)}
    assert made <= reached, made - reached


@pytest.mark.whole
def test_none_nests_repetition_without_bounds(patterns: list[Pattern]) -> None:
    bad = [p for p in patterns if nested(_parser.parse(p.text, p.flags & ~re.UNICODE))]
    assert bad == []


@pytest.mark.whole
def test_none_takes_more_than_linear_time(patterns: list[Pattern]) -> None:
    slow = []
    for pattern in patterns:
        compiled = re.compile(pattern.text, pattern.flags)
        for text in texts():
            start = process_time()
            compiled.fullmatch(text)
            for _ in compiled.finditer(text):
                if process_time() - start > SECONDS:
                    break
            took = process_time() - start
            if took > SECONDS:
                slow.append((pattern.module, pattern.text[:100], text[:20], round(took, 1)))
    assert slow == []
