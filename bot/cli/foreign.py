"""Texts of other tools as our rows: Zammad's text modules and Chatwoot's canned responses. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html.parser import HTMLParser

from bot.cli.rows import TO_WRITE, Row
from responders.library.faults import Fault

_NAMES = {"zammad": "Zammad", "chatwoot": "Chatwoot"}
_PLACEHOLDER = re.compile(r"#\{\s*([\w.]+)\s*\}|\{\{\s*+([\w.]++)[^{}]*+\}\}")
_WITH_COMMAS = re.compile(rf"(,? ?)({_PLACEHOLDER.pattern})(,? ?)")
_FAN = frozenset(
    (
        "ticket.customer.firstname",
        "ticket.customer.fullname",
        "contact.name",
        "contact.first_name",
        "customer.firstname",
    )
)
_MANAGER = frozenset(("user.firstname", "user.fullname", "ticket.owner.firstname", "agent.name", "agent.first_name"))
_LIKE_A_POST = 3
"""Words of a title that may stand in for a post."""
_SLOTS = {
    "name": "  name: {from: fan.call_name}",
    "who": "  who: {from: approver.first_name}",
}


def adopted(
    file: str, kind: str, rows: Iterable[Row], faults: list[Fault], *, language: str, intent: str
) -> tuple[list[Row], list[tuple[int, str]]]:
    """Rows of Zammad or Chatwoot as ours, and what is left out: the line, and why.

    Of each text one file is made. Its title stands in for the posts that it answers until somebody writes them. A
    short title cannot: a reply called "hello" would answer all who greet. Then a comment stands there (`TO_WRITE`).
    """
    ours, left_out, names = list[Row](), list[tuple[int, str]](), set[str]()
    for row in rows:
        cells = {name: cell.strip() for name, cell in row.cells.items()}
        title = cells.get("short_code" if kind == "chatwoot" else "name", "")
        text = plain_text(cells.get("content", "")) if kind == "zammad" else cells.get("content", "")
        if cells.get("active", "").lower() in {"false", "0", "no", "f"}:
            left_out.append((row.line, f"“{title}” is not active"))
        elif not text or not title:
            left_out.append((row.line, "it has no name or no text"))
        else:
            name = _unused(_name(title) or f"text-{row.line}", names)
            text, slots, unknown = _with_slots(text)
            for placeholder in unknown:
                message = f"{placeholder} has no counterpart here; replace it by words, or take it out"
                faults.append(Fault(file=file, line=row.line, message=message))
            if unknown:
                continue
            made_of = {"language": language, "intent": intent, "name": name, "variant": "plain", "text": text}
            posts = _posts(title, cells.get("keywords", ""))
            made_of["answers_to"] = "\n".join(posts)
            if intent == "question":
                made_of["source"] = f"{_NAMES[kind]}: {title}"
            more = [] if posts else [TO_WRITE]
            more += ["slots:", *(_SLOTS[slot] for slot in slots)] if slots else []
            made_of["more"] = "\n".join(more)
            ours.append(Row(line=row.line, cells=made_of))
    return ours, left_out


def _posts(title: str, keywords: str) -> list[str]:
    """What stands in for fans' posts: the title if it is long enough, and keywords of more than one word."""
    more = (one.strip() for one in re.split(r"[,;\n]|~~~", keywords))
    post = re.sub(r"[\s_-]+", " ", title).strip(" /")
    said = [post] if len(post.split()) >= _LIKE_A_POST else []
    return list(dict.fromkeys([*said, *(one for one in more if " " in one)]))[:12]


def _name(title: str) -> str:
    """A file name."""
    ascii_only = unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:50].strip("-")


def _unused(name: str, names: set[str]) -> str:
    number = 1
    found = name
    while found in names:
        number += 1
        found = f"{name}-{number}"
    names.add(found)
    return found


def _with_slots(text: str) -> tuple[str, list[str], list[str]]:
    """A text with our slots instead of their placeholders; the slots; and placeholders that we have no slot for.

    A fan's name may be missing. Then the comma beside it is left out, too.
    """
    slots, unknown = dict[str, None](), list[str]()

    def slot(found: re.Match[str]) -> str:
        before, placeholder, name, after = found[1], found[2], found[3] or found[4], found[5]
        if name in _FAN:
            slots["name"] = None
            begins = not before and text[found.start() - 1 : found.start()] in ("", "\n")
            inside, outside = (after, "") if begins else ("", after)
            return f"{{% if name %}}{before}{{{{ name }}}}{inside}{{% endif %}}{outside}"
        if name in _MANAGER:
            slots["who"] = None
            return f"{before}{{{{ who }}}}{after}"
        unknown.append(placeholder)
        return found[0]

    return _WITH_COMMAS.sub(slot, text), list(slots), unknown


class _Words(HTMLParser):
    """The words of HTML, as a person sees them."""

    _BREAKS = frozenset({"p", "div", "li", "ul", "ol", "tr", "blockquote", "h1", "h2", "h3", "h4", "pre"})
    _UNSEEN = frozenset({"style", "script", "head", "title"})

    def __init__(self) -> None:
        """Nothing is read yet."""
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._unseen = 0
        self._address = ""
        self._linked = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A line break, a list's dash, or a link's address."""
        self._unseen += tag in self._UNSEEN
        if tag == "br" or tag in self._BREAKS:
            self.words.append("\n- " if tag == "li" else "\n")
        elif tag == "a":
            self._address, self._linked = dict(attrs).get("href") or "", len(self.words)

    def handle_endtag(self, tag: str) -> None:
        """The end of a line, or of a link, whose address is kept where its words do not say it."""
        self._unseen -= tag in self._UNSEEN and self._unseen > 0
        if tag in self._BREAKS:
            self.words.append("\n")
        elif tag == "a" and self._address:
            said = "".join(self.words[self._linked :])
            if self._address.removeprefix("mailto:") not in said:
                self.words.append(f" ({self._address})")
            self._address = ""

    def handle_data(self, data: str) -> None:
        """Words, in which a line break is a space."""
        if not self._unseen:
            self.words.append(re.sub(r"\s+", " ", data))


def plain_text(html: str) -> str:
    """The words of Zammad's HTML. Text without a tag keeps its lines."""
    if not re.search("<[a-zA-Z/!]", html):
        html = html.replace("\n", "<br>")
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.replace("\u00a0", " ").split()) for line in "".join(reader.words).split("\n")]
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip()
