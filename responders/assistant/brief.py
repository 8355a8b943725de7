"""What a language model is given for one post."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from responders.library.model import Library
from responders.types import Context, Post, Understanding

Use = Literal["reading", "wording"]
"""What a community lets the model do: say what a post is, and word a reply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Brief:
    """What is sent to a model: the rules, the post with what is known around it as JSON, and the form of the answer."""

    system: str
    user: str
    schema: Mapping[str, Any]
    """A JSON schema."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """All that a reply may rest on. Names of other fans are replaced, and no id or link of the post is in it."""

    post: str
    thread: tuple[str, ...] = ()
    """The messages before the post, oldest first, each with who wrote it."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Operators' facts that hold now: name -> words in the reply's language."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """The nearest answers to frequent questions: the template's key -> its words."""
    examples: tuple[str, ...] = ()
    """Wordings for posts that are like this one, as examples of manner."""
    names: tuple[str, ...] = ()
    """Names that a reply may say: what the author may be called."""
    community: str = ""
    language: str = "en"
    register: str = ""
    """What the channel's register sounds like; empty where it has none."""
    intents: Mapping[str, str] = field(default_factory=dict)
    """The likeliest readings of the post: the intent's name -> its meaning."""
    situations: Mapping[str, str] = field(default_factory=dict)
    """As `intents`, for situations."""


def given(post: Post, context: Context, understanding: Understanding, library: Library) -> Given:
    """Collect what a reply to the post may rest on."""
    return Given(post=post.text, community=context.community, language=understanding.language)


def brief(given: Given, library: Library, uses: Collection[Use]) -> Brief:
    """Write the brief. Equal input gives equal text, and its length is bounded."""
    return Brief(system="", user=json.dumps({"post": given.post}, ensure_ascii=False), schema={"type": "object"})
