"""A post of a fan who made something, and the files of operators that answer it and ask for the stage."""

from __future__ import annotations

from typing import Any

from bot.app import App
from bot.consent import Kind
from bot.domain import Action, Command
from bot.store import consents
from responders.types import Author, Post

MADE = "carved a lantern out of driftwood, here it is"
FILES = {
    "intents/ugc_shared.yaml": """\
meaning: Somebody shows what they made themselves.
action: draft
priority: 10
examples:
  en: [built a marble run that spells the logo, baked a cake in the shape of the tower, little comic about the gull,
    "last end woven in, the blanket is done", sewed a coat for the keeper, carved a whale out of driftwood,
    painted the lighthouse on a plate, knitted a scarf in the colours of the harbor]
""",
    "en/ugc_shared/shows_handmade.md": """\
---
answers_to: [sewed a coat for the keeper, carved a whale out of driftwood, knitted a scarf in the colours of the harbor]
examples:
  - {given: {post: "knitted a scarf in the colours of the harbor"}, expect: {max_words: 20}}
---
## variant: plain
What a lovely thing to make.
## variant: kind
So much care went into this.
""",
    "en/people/ask_stage.md": "## variant: plain\nMay we show it to everybody?\n",
    "en/people/ask_answer.md": "## variant: plain\nMay we pass it on to others?\n",
    "en/people/stage_post.md": """\
## variant: plain
Made by {% if name %}{{ name }}{% else %}somebody here{% endif %}: {{ work }}{% if incentive %}
({{ incentive }}){% endif %}{% if link %}
{{ link }}{% endif %}
""",
}


async def said_yes(app: App, post_id: str, scope: str = "here", name: str = "") -> tuple[str, list[str]]:
    """The author of a post is asked for the stage and says yes: the consent, and the drafts that then wait."""
    question = await app.asks.propose(Kind.STAGE, post_id, "mara")
    consent = await app.store.read(lambda c: consents.asked_by_draft(c, question.id))
    assert consent
    for value in (f"scope:{scope}", "days:0", f"as:{name}"):
        await app.asks.press(consent.platform, consent.fan_id, consent.id, value)
    return consent.id, await app.store.read(lambda c: consents.drafts_needing(c, consent.id))


async def take_back(app: App, consent_id: str) -> None:
    """The author takes the yes back."""
    consent = await app.store.read(lambda c: consents.get(c, consent_id))
    assert consent
    await app.asks.press(consent.platform, consent.fan_id, consent.id, "withdraw")


async def decide(app: App, draft_id: str, action: Action, **more: Any) -> None:
    """Mara decides."""
    card = await app.desk.draft(draft_id)
    assert card
    command = Command(draft_id=draft_id, revision=card.draft.revision, by="mara", action=action, **more)
    await app.desk.decide(command)


def post(**more: Any) -> Post:
    """A post of Robin's."""
    return Post(author=Author(id="robin", name="Robin"), **more)
