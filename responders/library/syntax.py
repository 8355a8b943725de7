"""What a template may contain: an allow-list of the syntax tree, checked before anything is compiled.

The sandbox alone does not stop `'a' * 10**9`, so calls, arithmetic, loops and the like are refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache

from babel.core import Locale, UnknownLocaleError
from babel.plural import PluralRule
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from responders.library.unseen import unseen

MAX_CHARS = 2_000
MAX_DEPTH = 20
PLURAL = "plural"
_NUMBER = re.compile(r"\d{1,15}(?:[.,]\d{1,15})?")
_THOUSANDS = re.compile(r"(?<=\d)[.,](?=\d{3}(?!\d))")
MARKS = [chr(0xF0000 + n) for n in range(MAX_CHARS)]
"""Private-use characters. No operator and no fan writes them."""
RESERVED = frozenset(
    {PLURAL, "self", "true", "false", "none", "and", "or", "not", "in", "is", "if", "elif", "else", "endif"}
)
"""Names that a slot cannot have."""


class Refused(Exception):
    """The template is not allowed. `line` counts from 1 in its source; `message` says what to do."""

    def __init__(self, line: int, message: str) -> None:
        """Keep line and message."""
        super().__init__(message)
        self.line = line
        self.message = message


def cap(text: str) -> str:
    """The text with a capital at its start; the rest stays."""
    return text[:1].upper() + text[1:]


def plural_in(locale: str) -> Callable[..., str]:
    """`plural(count, one=..., other=...)` by the CLDR rules of a language.

    `other` stands in for a form that is not given, and for a count without a number.
    """

    def plural(count: object, **forms: str) -> str:
        number = _NUMBER.search(_THOUSANDS.sub("", str(count)))
        form = _forms(locale)(Decimal(number[0].replace(",", "."))) if number else "other"
        return forms.get(form, forms["other"])

    return plural


def plural_forms(locale: str) -> frozenset[str]:
    """The plural forms of a language: one and other in English."""
    return _forms(locale).tags | {"other"}


@lru_cache(maxsize=64)
def _forms(locale: str) -> PluralRule:
    try:
        return Locale.parse(locale).plural_form
    except (UnknownLocaleError, ValueError):
        return PluralRule({})


_FILTERS = {"cap": cap, "lower": str.lower, "trim": str.strip}
_HINTS: dict[type[nodes.Node], str] = {
    nodes.CondExpr: "an if inside {{ }} is not allowed; use {% if %} ... {% endif %}",
    nodes.Test: '"is" tests are not allowed; {% if slot %} asks whether a slot has words',
    nodes.For: "loops are not allowed; write the words out",
    nodes.Getattr: "a dot after a name is not allowed; declare what you need as a slot of its own",
    nodes.Getitem: "brackets after a name are not allowed; declare what you need as a slot of its own",
    nodes.Concat: "~ is not allowed; put the two side by side",
    nodes.Call: "only plural(...) can be called; write the words out",
}
_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Filter,
    nodes.Call,
    nodes.Keyword,
    nodes.If,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Compare,
    nodes.Operand,
)


@lru_cache(maxsize=1)
def environment() -> ImmutableSandboxedEnvironment:
    """The one environment of all templates: strict, sandboxed, with nothing in it but the listed filters and
    `plural`."""
    # No autoescape: replies are chat text, not HTML. The console escapes when it shows them.
    env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    env.filters = dict(_FILTERS)
    env.tests = {}
    env.globals = {}  # plural comes with the values, because it depends on the language
    return env


def parse(source: str) -> nodes.Template:
    """The syntax tree of an allowed template. Raises `Refused` for any other."""
    if len(source) > MAX_CHARS:
        raise Refused(1, f"the wording has over {MAX_CHARS:,} characters; a reply is a few sentences")
    try:
        tree = environment().parse(source)
    except TemplateSyntaxError as error:
        raise Refused(*_explain(source, error)) from error
    except RecursionError as error:
        raise Refused(1, "this is nested too deeply; make it flatter") from error
    except (TemplateError, ValueError, ArithmeticError) as error:  # for example a number of 5,000 digits
        raise Refused(1, "something between braces cannot be read; keep to slots, filters and {% if %}") from error
    _check(tree, 0, 1)
    return tree


def names(tree: nodes.Node) -> Iterator[nodes.Name]:
    """Each place that names a slot."""
    return (name for name in tree.find_all(nodes.Name) if name.name != PLURAL)


def unguarded(tree: nodes.Node) -> set[str]:
    """Names that are printed although no `{% if %}` or `or` makes sure that they have words."""
    return set(_printed(tree, frozenset()))


def branches(tree: nodes.Template) -> list[int]:
    """Put a mark (from `MARKS`, in order) into each branch of each `{% if %}`. Returns the branches' lines."""
    lines: list[int] = []
    for found in list(tree.find_all(nodes.If)):
        for branch in (found.body, *(other.body for other in found.elif_), found.else_):
            if branch:
                mark = nodes.TemplateData(MARKS[len(lines)])
                lines.append(branch[0].lineno or found.lineno)
                branch.insert(0, nodes.Output([mark], lineno=lines[-1]))
    return lines


def _check(node: nodes.Node, depth: int, line: int) -> None:
    line = node.lineno or line  # some kinds of node have no line
    if depth > MAX_DEPTH:
        raise Refused(line, "this is nested too deeply; make it flatter")
    if not isinstance(node, _ALLOWED):
        tag = type(node).__name__.lower()
        raise Refused(line, _HINTS.get(type(node), f"{tag} is not allowed; write the words out"))
    problem = _problem(node)
    if problem:
        raise Refused(line, problem)
    for child in node.iter_child_nodes():
        _check(child, depth + 1, line)


def _problem(node: nodes.Node) -> str | None:
    """What is wrong with a node of an allowed kind."""
    match node:
        case nodes.Call():
            return _call_problem(node)
        case nodes.Filter() if node.name not in _FILTERS or node.args or node.kwargs or node.dyn_args:
            return f"the filter {node.name} is not known here; known, without brackets: {', '.join(_FILTERS)}"
        case nodes.Output() if node.find(nodes.Compare) or node.find(nodes.Not):
            return "a comparison prints True or False; use it in {% if %}, not in {{ }}"
        case nodes.Const():
            return _const_problem(node.value)
        case nodes.Name() if node.name.startswith("_"):
            return f"{node.name} cannot be the name of a slot"
        case _:
            return None


def _const_problem(value: object) -> str | None:
    if isinstance(value, bool):
        return "true and false print True and False; write words in quotes, or ask {% if slot %}"
    if not isinstance(value, str | int):
        return f"{str(value)[:20]} cannot stand here; only words in quotes and whole numbers"
    sign = next(unseen(str(value)), None)
    return f"{sign[1]} hides behind a \\ in quotes here; write the words without it" if sign else None


_PLURALS = frozenset({"zero", "one", "two", "few", "many", "other"})
_PLURAL_FORM = 'write it as plural(slot, one="answer", other="answers")'


def _call_problem(node: nodes.Call) -> str | None:
    if not (isinstance(node.node, nodes.Name) and node.node.name == PLURAL):
        return _HINTS[nodes.Call]
    forms = {keyword.key for keyword in node.kwargs}
    unknown = "other" not in forms or not forms <= _PLURALS or len(forms) < len(node.kwargs)
    if len(node.args) != 1 or unknown or node.dyn_args or node.dyn_kwargs:
        return _PLURAL_FORM
    return None


def _printed(node: nodes.Node, sure: frozenset[str]) -> Iterator[str]:
    match node:
        case nodes.Name():
            if node.name != PLURAL and node.name not in sure:
                yield node.name
        case nodes.If():
            yield from _printed_branches(node, sure)
        case nodes.Or():  # {{ name or "you" }}: the right side is the fallback
            yield from _printed(node.right, sure)
        case _:
            for child in node.iter_child_nodes():
                yield from _printed(child, sure)


def _printed_branches(node: nodes.If, sure: frozenset[str]) -> Iterator[str]:
    otherwise = sure
    for branch in (node, *node.elif_):
        for child in branch.body:
            yield from _printed(child, otherwise | _proven(branch.test, True))
        otherwise |= _proven(branch.test, False)
    for child in node.else_:
        yield from _printed(child, otherwise)


def _proven(test: nodes.Node, outcome: bool) -> frozenset[str]:
    """Names that have words for sure if `test` came out as `outcome`."""
    match test:
        case nodes.Name() if outcome:
            return frozenset({test.name})
        case nodes.Not():
            return _proven(test.node, not outcome)
        case nodes.And() if outcome:
            return _proven(test.left, True) | _proven(test.right, True)
        case nodes.Or() if not outcome:
            return _proven(test.left, False) | _proven(test.right, False)
    return frozenset()


_OPENING = re.compile(r"\{\{|\{%")
_INSIDE = {
    "{{": re.compile(r"\{\{-?((?:(?!\}\}|\{\{|\{%|%\}).)*)-?\}\}", re.DOTALL),
    "{%": re.compile(r"\{%-?((?:(?!%\}|\{%|\{\{|\}\}).)*)-?%\}", re.DOTALL),
}
_CLOSING = {"{{": "}}", "{%": "%}"}
_TAGS = ("if", "elif", "else", "endif")
_BEGUN = re.compile(r"[^\S\n]{0,40}+((?:(?:if|elif)[^\S\n]{1,40}+)?\w{1,60}+)")


def _explain(source: str, error: TemplateSyntaxError) -> tuple[int, str]:
    """The line and what to do there, for somebody who does not know Jinja."""
    open_ifs: list[int] = []
    for start in _OPENING.finditer(source):
        line = source.count("\n", 0, start.start()) + 1
        inside = _INSIDE[start.group()].match(source, start.start())
        if inside is None:
            return line, _not_closed(start.group(), source[start.end() :])
        words = inside[1].split()
        problem = _slot_problem(words) if start.group() == "{{" else _tag_problem(words, open_ifs, line)
        if problem:
            return line, problem
    if open_ifs:
        return open_ifs[-1], "this {% if %} has no end; write {% endif %} behind the words that it is for"
    return error.lineno, "what stands between braces here cannot be read; keep to {{ slot }} and {% if slot %}"


def _not_closed(opening: str, rest: str) -> str:
    """`rest`: what follows the opening braces."""
    found = _BEGUN.match(rest)
    words = found[1] if found else ""
    example = words or ("slot" if opening == "{{" else "if slot")
    return f"{f'{opening} {words}'.strip()} is not closed; write {opening} {example} {_CLOSING[opening]}"


def _slot_problem(words: list[str]) -> str | None:
    if not words:
        return "there is no name between {{ and }}; write the name of a slot"
    if len(words) > 1 and all(re.fullmatch(r"\w+", word) for word in words) and not RESERVED & {*words}:
        return f"{' '.join(words)} is not one word; a slot's name is one, such as {'_'.join(words).lower()}"
    return None


def _tag_problem(words: list[str], open_ifs: list[int], line: int) -> str | None:
    """Keeps track of the `{% if %}` that are open, by line, in `open_ifs`."""
    tag = words[0] if words else ""
    if tag == "if":
        open_ifs.append(line)
        return None if len(words) > 1 else "this {% if %} asks for nothing; write {% if slot %}"
    if tag in {"endif", "else", "elif"}:
        if not open_ifs:
            return f"this {{% {tag} %}} has no {{% if slot %}} before it; write one, or take it out"
        if tag == "endif":
            open_ifs.pop()
        return None
    near = get_close_matches(tag, _TAGS, n=1, cutoff=0.6)
    if len(words) == 1 and not near:
        return f"{{% {tag} %}} is not known here; a slot's words are written {{{{ {tag} }}}}"
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{{% {tag} %}} is not known here{hint}; known are {{% if slot %}}, {{% else %}} and {{% endif %}}"
