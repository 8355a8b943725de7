"""A backtest as one page for a browser, without scripts and without anything from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

from bot.backtest.assisted import Worth
from bot.backtest.report import Report
from bot.backtest.words import asked_in_words, in_words, share, why_in_words
from responders.said import said
from responders.voice.channel import BANDS

PAIRS = 50
"""Posts beside which the team's answer is shown."""
GROUPS = 50


def page(report: Report, community: str, worth: Worth | None = None) -> str:
    """The whole page. The same report gives the same bytes. `worth`: what a language model would have brought."""
    return _template().render(
        report=report,
        community=community,
        total=len(report.items),
        pairs=[item for item in report.answered if item.reply or item.choices][:PAIRS],
        groups=report.groups[:GROUPS],
        said=said,
        share=share,
        in_words=in_words,
        why_in_words=why_in_words,
        bands=BANDS,
        worth=worth,
        wordings=[one for one in worth.asked if one.reply][:PAIRS] if worth else [],
        asked_in_words=asked_in_words,
    )


@cache
def _template() -> Template:
    text = resources.files("bot.backtest").joinpath("page.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        text
    )
