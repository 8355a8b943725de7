"""What the development posts show: fitting drafts, the voice of the channels beside voice.md, faults of honesty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from responders.library.model import Library
from responders.library.offers import said_back
from responders.types import Level
from responders.voice.channel import BANDS, Band, Spoken, measure
from tests.voice.posts import Told

HONESTY = frozenset({"no-promise", "no-invention", "no-borrowed-life"})
"""H1 to H3 of voice.md section 3."""
OWN_BANDS = {
    "fitting_drafts": Band(low=0.8),
    "silent_left_alone": Band(low=0.88),
    "handed_off": Band(low=1.0),
    "one_tap": Band(low=0.8),
    "detail_named": Band(low=0.8),
    "honesty_faults": Band(high=0.0),
}
"""Bands for what is no channel-level number. `one_tap`: drafts that want no words from a manager; the voice is measured
on them alone. Silent posts drafted: at most 12 % (understanding.md section 5)."""


OF_A_CHANNEL = ("opener_reuse_20", "opener_entropy", "top_opener_share", "similarity_p95_20", "distinct_2")
"""Numbers that say something only within one channel: the mean over the channels is held against the band."""
SHOWN = {**OWN_BANDS, **{name: band for name, band in BANDS.items() if name != "contraction_share"}}
"""Contractions are counted in replies of 25 words and more; two or three of those show nothing."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number over all posts, by channel, with all posts in one channel, and where it should lie."""

    name: str
    value: float | None
    band: Band
    channels: dict[str, float | None]
    one_channel: float | None

    @property
    def holds(self) -> bool | None:
        """None when there was too little to measure."""
        return self.band.holds(self.value)


def figures(told: Sequence[Told], together: Sequence[Told], library: Library) -> list[Figure]:
    """All numbers, in the order in which they are shown. `together`: the same posts, told in one channel."""
    parts = {c: _numbers([t for t in told if t.channel == c], library) for c in dict.fromkeys(t.channel for t in told)}
    whole, one = _numbers(told, library), _numbers(together, library)
    for name in OF_A_CHANNEL:
        known = [value for part in parts.values() if (value := part[name]) is not None]
        whole[name] = fmean(known) if known else None
    return [
        Figure(
            name=name,
            value=whole[name],
            band=band,
            channels={channel: part[name] for channel, part in parts.items()},
            one_channel=one[name],
        )
        for name, band in SHOWN.items()
    ]


def _numbers(told: Sequence[Told], library: Library) -> dict[str, float | None]:
    every = [t for t in told if t.proposal.candidate]
    drafts = [t for t in every if t.proposal.candidate and not t.proposal.candidate.missing]
    heard = measure([Spoken(text=t.text) for t in drafts if t.text], library.word_lists, "Lantern Harbor")
    faults = [r for t in drafts if t.proposal.candidate for r in t.proposal.candidate.checks]
    return {
        "fitting_drafts": _share([t.right for t in told if t.want not in {"silent", "handoff"}]),
        "silent_left_alone": _share([t.proposal.outcome != "draft" for t in told if t.want == "silent"]),
        "handed_off": _share([t.right for t in told if t.want == "handoff"]),
        "one_tap": len(drafts) / len(every) if every else None,
        "detail_named": _share([_names_detail(t) for t in drafts if t.proposal.understanding.details]),
        "honesty_faults": float(sum(r.id in HONESTY and r.level is not Level.PASS for r in faults)),
        **{name: value for name, value in asdict(heard).items() if name in SHOWN},
    }


def _names_detail(told: Told) -> bool:
    said = (told.text or "").casefold()
    read = told.proposal.understanding
    return any(said_back(d, read.language).casefold() in said for d in read.details)


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def table(shown: Sequence[Figure]) -> str:
    """The numbers as a person reads them."""
    channels = list(shown[0].channels)
    rows = [["", "all", "band", "", *channels, "in one channel"]]
    for figure in shown:
        mark = {True: "ok", False: "OUT", None: "-"}[figure.holds]
        by_channel = (_said(value) for value in figure.channels.values())
        rows.append([figure.name, _said(figure.value), str(figure.band), mark, *by_channel, _said(figure.one_channel)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
