"""What `doctor` says of the language model, and when Greenroom does not start with it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.assistant.port import Unanswered, assistants
from bot.ports import Check
from bot.settings import Settings
from responders.assistant import Brief
from responders.library.model import Library

NAME = "assistant"
BOT = "are_you_a_bot"
"""The intent of posts that ask who or what answers here."""
_LINK = ("http://", "https://")
_HELLO = Brief(
    system="You are asked whether you are there. Answer with the JSON object {} and nothing else.",
    user='{"post": "Hello."}',
    schema={"type": "object", "properties": {}, "required": [], "additionalProperties": False},
)


def untold(settings: Settings) -> str | None:
    """Why Greenroom does not start with this language model: fans could not read who runs it. None if they can."""
    section, policy = settings.assistant, (settings.privacy.policy or "").strip()
    if section is None:
        return None
    if not policy:
        return (
            "The language model is on, and `privacy.policy` is missing: write a privacy text that names who runs it "
            "(docs/privacy.md has the words), and put its address or the text there."
        )
    if not policy.startswith(_LINK) and section.processor.casefold() not in policy.casefold():
        return (
            f"The language model is on, and the text in `privacy.policy` does not name who runs it; add "
            f"“{section.processor}” as in docs/privacy.md."
        )
    return None


def checks(settings: Settings, library: Library | None) -> list[Check]:
    """What can be said without asking it. `library`: the operators' files; None if they have faults."""
    return [*_checks(settings, library)]


def _checks(settings: Settings, library: Library | None) -> Iterator[Check]:
    section = settings.assistant
    if section is None:
        return
    yield _check(True, f"{section.model} at {section.host} may help with {' and '.join(section.uses)}")
    if why := untold(settings):
        yield _check(False, why.rstrip("."), "until then `greenroom run` does not start")
    if not section.is_here:
        fix = f"your privacy text must name {section.processor}; a model on this machine is the plain way to be sure"
        yield _check(None, f"{section.host} is not this machine: posts of fans leave it", fix)
    if section.key_env and settings.assistant_key is None:
        fix = "set it where Greenroom starts, or take `key_env` out"
        yield _check(False, f"`key_env` asks for {section.key_env}, which is not in the environment", fix)
    silent = _silent(settings, library) if library else []
    if silent:
        fix = "give their files wordings with `when: {assistant: true}`, as the shipped ones have"
        where = ", ".join(silent)
        yield _check(False, f"the answers to “are you a bot” do not tell of it (languages: {where})", fix)


def _silent(settings: Settings, library: Library) -> list[str]:
    """The languages whose answers to "are you a bot" stay the same with a language model."""
    answers = [t for t in library.templates if t.intent == BOT and t.locale in settings.community.locales]
    told = {
        t.locale for t in answers for v in t.variants if "assistant" in {**t.when, **t.unless, **v.when, **v.unless}
    }
    return sorted({t.locale for t in answers} - told)


async def check_online(settings: Settings) -> list[Check]:
    """Whether it answers: one short question, about nobody."""
    section, key = settings.assistant, settings.assistant_key
    if section is None:
        return []
    model = assistants()[section.kind](section, key.get_secret_value() if key else None)
    try:
        await model.ask(_HELLO)
    except Unanswered as why:
        return [_check(False, f"{section.model} at {section.host} gives no answer: {why}", "cards stay as they are")]
    finally:
        await model.aclose()
    return [_check(True, f"{section.model} at {section.host} answers")]


def _check(ok: bool | None, result: str, fix: str = "") -> Check:
    return Check(name=NAME, ok=ok, result=result, fix=fix)
