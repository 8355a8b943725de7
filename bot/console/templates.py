"""The templates page: what can be said, what became of it, what would be drafted for a post, and what is wrong in the
files. Edits stay in the files."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Annotated, Any, Final
from weakref import ReferenceType, ref

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from bot.adapters.web.callers import Called
from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.models import Body, Id, PostText, Text
from bot.adapters.web.problems import Problem, invalid
from bot.console.conditions import in_words as conditions_in_words
from bot.console.conditions import limits_in_words
from bot.console.patches import patches
from bot.console.shell import fragment, page
from bot.console.signin import SignedIn
from bot.content import read_texts
from bot.domain import LOBBY, StoredPost, visible
from bot.errors import FaultyFiles
from bot.insights.wordings import Became, became
from bot.language import language_name
from bot.own_files import could_be_better, files_of, lost_posts, tried
from bot.queue import context
from bot.reading import in_words
from bot.settings import Listen, Settings
from bot.store import Connection, listing, wordings
from bot.worker import LONGEST, TookTooLong, Worker
from responders.library.faults import Fault
from responders.library.found import lacks_fact
from responders.library.model import Fact, Library, Template, Variant
from responders.library.render import RenderFailed, preview
from responders.library.vocabulary import ASK_APPROVER, FACTS, POST_DETAIL, SIGNER
from responders.pipeline import Pipeline
from responders.said import doing, said
from responders.types import Author, Candidate, Outcome, Place, Post, Proposal

router = APIRouter(include_in_schema=False)

COUNTED: Final = timedelta(days=30)
"""How far back uses are counted."""
SOON: Final = timedelta(days=14)
"""A fact that ends within this time is pointed out."""
CHANNELS: Final = 50
"""Channels that a trial can stand in, those with the newest cards."""
_NEITHER: Final = "Nothing is sent and nothing is kept."
_OUTCOMES = {
    Outcome.DRAFT: "A reply is drafted; a manager decides.",
    Outcome.HANDOFF: "Goes to a person.",
    Outcome.SILENT: "Stays unanswered.",
}
_SOURCES = {
    ASK_APPROVER: "words that the manager types",
    SIGNER: "the first name of who decides",
    POST_DETAIL: "what the post is about",
    "fan.call_name": "the fan's name",
    "channel.name": "the channel's name",
}

Uses = Mapping[tuple[str, str], Became]
"""(template, wording) -> what became of it lately."""
Titles = Mapping[tuple[str, str], str]
"""(intent, name) -> a situation in words."""
Name = Annotated[str, Path(max_length=100)]


class Filter(BaseModel):
    """What narrows the list down."""

    q: str = Field(default="", max_length=100)
    """Words that all stand in what the operator wrote for a situation."""
    language: str = Field(default="", pattern="^([a-z]{2})?$")


Filtered = Annotated[Filter, Query()]


# --- the list and one situation


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A situation in the list."""

    name: str
    words: str
    address: str
    languages: tuple[str, ...]
    sent: int
    """Yeses to its wordings, edited or not."""
    written: bool
    """False where nobody wrote a reply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The situations of one reading."""

    name: str
    words: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A wording in one language."""

    template: Template
    variant: Variant
    conditions: tuple[str, ...]
    use: Became | None
    """None if it lay on no card."""


@router.get("/templates")
async def templates(request: Request, session: SignedIn, deps: Wired, only: Filtered) -> Response:
    """The list of what can be answered."""
    library, titles, uses = await _known_now(deps)
    return page(
        request,
        session,
        deps,
        "templates.html",
        **_list(library, titles, uses, only),
        gone=False,
        situation=None,
        used=_most_used(library, titles, uses),
        days=COUNTED.days,
    )


@router.get("/templates/list")
async def found(request: Request, session: SignedIn, deps: Wired, only: Filtered) -> Response:
    """The list alone, for a search."""
    library, titles, uses = await _known_now(deps)
    values = _list(library, titles, uses, only)
    return fragment(request, session.manager, deps, "templates_list.html", **values, situation=None)


@router.get("/templates/of/{intent}/{name}")
async def situation(request: Request, session: SignedIn, deps: Wired, intent: Name, name: Name) -> Response:
    """The wordings of one situation, in all languages."""
    library, titles, uses = await _known_now(deps)
    listed = _list(library, titles, uses, Filter())
    files = [template for template in library.templates if (template.intent, template.id) == (intent, name)]
    if not files:
        used = _most_used(library, titles, uses)
        return page(
            request,
            session,
            deps,
            "templates.html",
            status=404,
            **listed,
            gone=True,
            situation=None,
            used=used,
            days=COUNTED.days,
        )
    keys = {template.key for template in files}
    waiting = [one for one in await patches(deps) if one.wording.template in keys]
    first = deps.settings.community.locale
    files.sort(key=lambda template: (template.locale != first, template.locale))
    today = deps.clock.now()
    return page(
        request,
        session,
        deps,
        "templates.html",
        **listed,
        situation=files,
        words=titles[intent, name],
        means=_meaning(library, files[0]),
        intent_words=doing(intent),
        wordings=list(_side_by_side(files, uses)),
        patched={(one.wording.template, one.wording.variant): one for one in waiting},
        file_conditions={t.locale: [*conditions_in_words(t.when, t.unless), *limits_in_words(t.limits)] for t in files},
        mute={template.locale for template in files if lacks_fact(library, template, today)},
        slot_source=_slot_source,
        folder=deps.settings.templates.name,
        days=COUNTED.days,
    )


async def _known_now(deps: Deps) -> tuple[Library, Titles, Uses]:
    """The files in use, the titles of their situations, and what became of their wordings lately."""
    library, since = deps.pipeline().library, deps.clock.now() - COUNTED
    cards = await deps.store.read(lambda c: wordings.cards(c, [since]))
    uses = {(use.template, use.variant): use for use in became(cards, ())}
    return library, titles_of(library, deps.settings.community.locale), uses


def _list(library: Library, titles: Titles, uses: Uses, only: Filter) -> dict[str, Any]:
    sent: defaultdict[str, int] = defaultdict(int)
    for use in uses.values():
        sent[use.template] += use.as_it_is + use.edited
    words = only.q.casefold().split()
    files = sorted(library.templates, key=lambda t: (doing(t.intent), t.intent, t.id, t.locale))
    readings = []
    for intent, of_intent in groupby(files, key=lambda t: t.intent):
        rows = []
        for name, of_situation in groupby(of_intent, key=lambda t: t.id):
            same = [*of_situation]
            if only.language and all(t.locale != only.language for t in same):
                continue
            title = titles[intent, name]
            if words and not _says(library, same, title, words):
                continue
            rows.append(
                Row(
                    name=name,
                    words=title,
                    address=address(intent, name),
                    languages=tuple(t.locale for t in same),
                    sent=sum(sent[t.key] for t in same),
                    written=any(t.variants for t in same),
                )
            )
        if rows:
            rows.sort(key=lambda row: row.words.casefold())
            readings.append(Reading(name=intent, words=doing(intent), rows=tuple(rows)))
    return {
        "readings": readings,
        "languages": [(code, language_name(code)) for code in sorted({t.locale for t in library.templates})],
        "language_name": language_name,
        "q": only.q,
        "language": only.language,
        "total": sum(len(reading.rows) for reading in readings),
    }


def address(intent: str, name: str) -> str:
    """The page of a situation."""
    return f"/templates/of/{intent}/{name}"


def _says(library: Library, files: Sequence[Template], title: str, words: Sequence[str]) -> bool:
    """True if all words stand together: in the name of a situation and what it means, in a post, in a wording or in a
    note."""
    parts = [f"{doing(files[0].intent)} {title} {files[0].id} {_meaning(library, files[0])}"]
    for template in files:
        parts += (template.handoff or "", *template.answers_to, *(variant.source for variant in template.variants))
    return any(all(word in part for word in words) for part in map(str.casefold, parts))


def titles_of(library: Library, first: str) -> dict[tuple[str, str], str]:
    """(intent, name) -> the situation in words; for an answer the question, in the language `first` if it is there."""
    titles: dict[tuple[str, str], str] = {}
    for template in sorted(library.templates, key=lambda t: (t.locale != first, t.locale)):
        asked = template.answers_to[0] if template.is_faq and template.answers_to else ""
        words = f"any {said(template.intent)}" if template.is_general else said(template.id)
        titles.setdefault((template.intent, template.id), asked or words)
    return titles


def _meaning(library: Library, template: Template) -> str:
    listed = library.word_lists.get("situations", {}).get(template.intent, {})
    return str(listed.get(template.id, "")) if isinstance(listed, Mapping) else ""


def _side_by_side(files: Sequence[Template], uses: Uses) -> Iterator[tuple[str, list[Cell]]]:
    """Each wording by its name, in every language that has it."""
    cells: defaultdict[str, list[Cell]] = defaultdict(list)
    for template in files:
        for variant in template.variants:
            conditions = tuple(conditions_in_words(variant.when, variant.unless, variant.asks_for))
            use = uses.get((template.key, variant.name))
            cells[variant.name].append(Cell(template=template, variant=variant, conditions=conditions, use=use))
    yield from cells.items()


def _slot_source(source: str) -> str:
    """Where the words of a slot come from, in words."""
    if source.startswith(FACTS):
        return f"the fact {source.removeprefix(FACTS)}"
    if source.startswith(f"{POST_DETAIL}."):
        return f"the {said(source.removeprefix(f'{POST_DETAIL}.'))} that the post names"
    return _SOURCES.get(source, source)


def _most_used(library: Library, titles: Titles, uses: Uses, most: int = 10) -> list[tuple[Template, str, Became]]:
    """The wordings that lay on most cards and are still there, with their titles."""
    known = sorted(uses.values(), key=lambda use: (-use.used, use.template, use.variant))
    there = [(library.by_key[use.template], use) for use in known if use.template in library.by_key]
    return [(template, titles[template.intent, template.id], use) for template, use in there[:most]]


# --- a trial


class TrialIn(Body):
    """A post that nobody wrote."""

    text: PostText
    name: Id
    channel: Annotated[Text, Field(max_length=400)]
    """PLATFORM:ID."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A reply as it would go out."""

    text: str
    why: str
    address: str
    path: str
    variant: str
    remarks: tuple[str, ...]
    asks: tuple[str, ...]
    """What a manager has to type first."""


@router.get("/templates/preview")
async def try_page(request: Request, session: SignedIn, deps: Wired) -> Response:
    """The form."""
    known = await deps.store.read(lambda c: listing.channels(c, CHANNELS))
    lobby = [listing.Channel(platform="web", id=name, name=name) for name in LOBBY]
    channels = lobby + [channel for channel in known if channel not in lobby]
    return page(request, session, deps, "templates_preview.html", channels=channels, neither=_NEITHER)


@router.post("/templates/preview")
async def try_post(request: Request, trial: TrialIn, deps: Wired, who: Called) -> Response:
    """What would become of a post. It is read as one that comes in now, and nothing is stored."""
    if who.session is None:
        raise Problem(403, "session_needed", "Only a manager who is signed in can try a post here.")
    if not visible(trial.text):
        raise invalid("Write what a fan would write.")
    platform, _, channel = trial.channel.partition(":")
    if not platform or not channel:
        raise invalid("`channel` names a platform and a channel, as PLATFORM:ID.")
    now, pipeline = deps.clock.now(), deps.pipeline()
    trials: Worker = request.app.state.trials

    def judge() -> tuple[Proposal, str]:
        def around(connection: Connection) -> tuple[StoredPost, Any]:
            place = wordings.place_of(connection, platform, channel) or _place(deps.settings, channel)
            post = _post(trial, platform, channel, place, now)
            return post, context.load(connection, post, deps.settings, now)

        post, before = deps.store.read_here(around)
        return pipeline.run(post.post, before), before.locale

    try:
        proposal, locale = await trials.run(judge)
    except TookTooLong:
        sentence = f"It took longer than {LONGEST:.0f} seconds to read; try it again, or try a shorter post."
        raise Problem(503, "unavailable", sentence) from None
    offered = filter(None, (proposal.candidate, *proposal.alternatives))
    signer = deps.desk.first_name(who.session.manager)
    replies = [_reply(pipeline.library, candidate, signer, deps.settings.templates.name) for candidate in offered]
    return fragment(
        request,
        who.session.manager,
        deps,
        "templates_trial.html",
        reads=in_words(proposal.understanding, pipeline.library, locale),
        like=proposal.understanding.nearest,
        outcome=_OUTCOMES[proposal.outcome],
        why=proposal.reason.sentence,
        drafted=proposal.candidate is not None,
        replies=replies,
        steps=proposal.trace,
    )


def _place(settings: Settings, channel: str) -> Place:
    """Of a channel in which nobody has posted yet."""
    own = next((one for one in settings.platforms.listened if one.channel == channel), Listen(channel=channel))
    return Place(locale=own.locale, register=own.register_)


def _post(trial: TrialIn, platform: str, channel: str, place: Place, now: datetime) -> StoredPost:
    stranger = f"trial-{uuid.uuid4().hex}"  # nobody's id, so that it is somebody's first post
    author = Author(id=stranger, name=trial.name)
    inner = Post(
        platform=platform, channel=channel, external_id=stranger, author=author, text=trial.text, at=now, place=place
    )
    return StoredPost(id="", post=inner, thread="", version=1, received_at=now)


def _reply(library: Library, candidate: Candidate, signer: str, folder: str) -> Reply:
    text = candidate.text
    if candidate.recipe:
        try:
            text = preview(candidate.recipe, signer=signer)
        except RenderFailed:  # it could be made for the card, and a name makes it longer at most
            text = candidate.text
    template = library.by_key.get(candidate.template)
    return Reply(
        text=text,
        why=candidate.why,
        address=address(template.intent, template.id) if template else "",
        path=f"{folder}/{template.path}" if template else candidate.template,
        variant=candidate.variant,
        remarks=tuple(check.note for check in candidate.checks if check.note),
        asks=tuple(slot.ask for slot in candidate.missing),
    )


# --- what the linter says


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What could be better in the operator's own files, and the posts of theirs that do not find their reply."""

    warnings: tuple[Fault, ...]
    lost: tuple[Fault, ...]
    own: int
    """How many files are the operator's own."""


class Linter:
    """Checks the files in use as `greenroom templates check` does, once for each set and day."""

    def __init__(self) -> None:
        """Nothing is checked before somebody asks."""
        self._worker = Worker("templates check")
        self._of: tuple[ReferenceType[Pipeline], date] | None = None
        self._task: asyncio.Task[Findings] | None = None

    async def findings(self, pipeline: Pipeline, settings: Settings, now: datetime) -> Findings:
        """For all who ask meanwhile the files are checked together. Raises FaultyFiles and TookTooLong."""
        same = self._of is not None and self._of[0]() is pipeline and self._of[1] == now.date()
        if self._task is None or not same or _failed(self._task):
            self._of = ref(pipeline), now.date()  # the set of an earlier edit is not held
            self._task = asyncio.create_task(self._worker.run(partial(_find, pipeline, settings, now)))
        return await asyncio.shield(self._task)


def _failed(task: asyncio.Task[Findings]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _find(pipeline: Pipeline, settings: Settings, now: datetime) -> Findings:
    files = files_of(settings.templates, read_texts(settings.templates))
    warnings = files.shown(could_be_better(pipeline, settings))
    lost = lost_posts(pipeline, files, tried(pipeline, files, now), now)
    return Findings(warnings=tuple(warnings), lost=tuple(lost), own=len(files.own))


@router.get("/templates/check")
async def check_page(request: Request, session: SignedIn, deps: Wired) -> Response:
    """The page. What takes long comes after it."""
    return page(request, session, deps, "templates_check.html", folder=deps.settings.templates.name)


@router.get("/templates/check/findings")
async def check(request: Request, session: SignedIn, deps: Wired) -> Response:
    """What is wrong and what could be better now, by file and line."""
    linter: Linter = request.app.state.linter
    pipeline, library, findings, trouble = deps.pipeline(), deps.pipeline().library, None, ""
    try:
        findings = await linter.findings(pipeline, deps.settings, deps.clock.now())
    except FaultyFiles:  # the files changed meanwhile; the faults are told
        trouble = "The files have faults; what could be better is told again once they are mended."
    except TookTooLong:
        trouble = "The check takes too long here; write `greenroom templates check` in a terminal."
    return fragment(
        request,
        session.manager,
        deps,
        "templates_findings.html",
        wrong=_by_file(deps.template_faults()),
        warnings=_by_file(findings.warnings) if findings else [],
        lost=_by_file(findings.lost) if findings else [],
        own=findings.own if findings else None,
        trouble=trouble,
        files=len(library.templates),
        count=sum(len(template.variants) for template in library.templates),
    )


def _by_file(faults: Sequence[Fault]) -> list[tuple[str, list[Fault]]]:
    """The faults of each file, in the order in which the files are named first."""
    found: dict[str, list[Fault]] = {}
    for fault in faults:
        found.setdefault(fault.file, []).append(fault)
    return [(file, sorted(of_file, key=lambda fault: fault.line or 0)) for file, of_file in found.items()]


# --- facts and answers


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A fact, and whether it may be said today."""

    fact: Fact
    holds: bool
    soon: bool
    """It ends soon."""
    used_by: tuple[tuple[str, str], ...]
    """Titles and addresses of the situations whose replies take it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer to a frequent question (FAQ)."""

    question: str
    address: str
    languages: tuple[str, ...]
    source: str
    mute: tuple[str, ...]
    """The languages in which it cannot be given today, because a fact is missing."""


@router.get("/templates/facts")
async def facts(request: Request, session: SignedIn, deps: Wired) -> Response:
    """The facts that replies may state, and the answers to questions."""
    library, community = deps.pipeline().library, deps.settings.community
    titles, now = titles_of(library, community.locale), community.local(deps.clock.now())
    return page(
        request,
        session,
        deps,
        "templates_facts.html",
        facts=[_known(library, titles, fact, now.date()) for fact in library.facts.values()],
        answers=_answers(library, titles, now),
        language_name=language_name,
        folder=deps.settings.templates.name,
    )


def _known(library: Library, titles: Titles, fact: Fact, today: date) -> Known:
    source = f"{FACTS}{fact.name}"
    users = [t for t in library.templates if any(slot.source == source for slot in t.slots.values())]
    return Known(
        fact=fact,
        holds=fact.holds(today),
        soon=fact.holds(today) and not fact.holds(today + SOON),
        used_by=tuple(dict.fromkeys((titles[t.intent, t.id], address(t.intent, t.id)) for t in users)),
    )


def _answers(library: Library, titles: Titles, now: datetime) -> list[Answer]:
    answers = []
    faqs = sorted((t for t in library.templates if t.is_faq), key=lambda t: (t.id, t.locale))
    for name, files in groupby(faqs, key=lambda t: t.id):
        same = [*files]
        answers.append(
            Answer(
                question=titles[same[0].intent, name],
                address=address(same[0].intent, name),
                languages=tuple(t.locale for t in same),
                source=same[0].source or "",
                mute=tuple(t.locale for t in same if lacks_fact(library, t, now)),
            )
        )
    return answers
