"""`templates preview` of words that are no reply, and `templates check` of answers that fans allowed to pass on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bot.consent import Consent, Kind, State
from bot.settings import load
from bot.store import Store, consents

Write = Callable[..., Path]
Run = Callable[..., tuple[int, str, str]]
STAGE = """## variant: plain
{% if name %}{{ name }}: {% endif %}“{{ work }}”{% if incentive %} (for {{ incentive }}){% endif %}{% if link %}
{{ link }}{% endif %}
"""
CREDITED = """---
credit: "{number}"
slots:
  author: {{from: credit.name}}
examples:
  - {{given: {{post: love it, slots: {{author: Ida}}}}, expect: {{contains: [Ida]}}}}
---
## variant: one
So kind{{% if author %}}, as {{{{ author }}}} says{{% endif %}}.
"""


def notice(templates: Path, text: str) -> Path:
    file = templates / "en/people/stage_post.md"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    return file


def test_preview_shows_each_wording(greenroom: Run, templates: Path) -> None:
    file = notice(templates, STAGE)
    status, out, err = greenroom("templates", "preview", file)
    assert (status, err) == (0, "")
    assert out == "plain:\n  [name]: “[work]” (for [incentive])\n[link]\n\n"
    given = [f"--slot={words}" for words in ("work=my boat", "name=", "incentive=", "link=")]
    _, out, _ = greenroom("templates", "preview", file, *given)
    assert out == "plain:\n  “my boat”\n\n"
    status, _, err = greenroom("templates", "preview", file, "--slot", "wrk=a")
    assert status == 2
    assert "did you mean work?" in err


def test_check_names_the_fault_and_its_line(greenroom: Run, templates: Path) -> None:
    notice(templates, STAGE.replace("{{ work }}", "a work"))
    status, out, _ = greenroom("templates", "check", templates)
    assert status == 1
    assert "templates/en/people/stage_post.md:2: L03 variant plain: {{ work }} is left out" in out


def test_check_warns_of_an_answer_that_its_author_did_not_allow(
    greenroom: Run, write_config: Write, templates: Path
) -> None:
    config = write_config()
    now = datetime.now(UTC)
    yes = Consent(
        id="0123456789012345",
        kind=Kind.ANSWER,
        state=State.YES,
        platform="web",
        fan_id="ida",
        wording="May we?",
        created_at=now,
        answered_at=now,
        credit="Ida",
    )

    async def say_yes() -> None:
        store = await Store.open(load(config, {}).store)
        await store.write(lambda c: consents.add(c, yes))
        await store.close()

    file = templates / "en/praise/credited.md"
    file.write_text(CREDITED.format(number="9999"), encoding="utf-8")
    assert "L32" not in greenroom("templates", "check", "--config", config)[1], "there is no database yet"
    asyncio.run(say_yes())
    out = greenroom("templates", "check", "--config", config)[1]
    assert "templates/en/praise/credited.md:2: L32 no yes of a fan has the number 9999" in out
    file.write_text(CREDITED.format(number=yes.id), encoding="utf-8")
    status, out, _ = greenroom("templates", "check", "--config", config)
    assert (status, "L32" in out) == (0, False)
