"""How the library sounds over the development posts: repeats and habits, beside their bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from responders.voice.channel import BANDS, Band, measure
from tests.voice.judged import aligned
from tests.voice.posts import Told

OF_A_CHANNEL = ("opener_reuse_20", "similarity_p95_20", "distinct_2")
"""Numbers that mean something only within one channel. Their mean over the channels is compared with the band."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number over all posts, by channel, and where it should lie."""

    name: str
    value: float | None
    band: Band
    channels: dict[str, float | None]

    @property
    def holds(self) -> bool | None:
        """None when there was too little to measure."""
        return self.band.holds(self.value)


def figures(told: Sequence[Told]) -> list[Figure]:
    """All numbers, in the order in which they are shown."""
    parts = {c: _numbers([t for t in told if t.channel == c]) for c in dict.fromkeys(t.channel for t in told)}
    whole = _numbers(told)
    for name in OF_A_CHANNEL:
        known = [value for part in parts.values() if (value := part[name]) is not None]
        whole[name] = fmean(known) if known else None
    return [
        Figure(name=name, value=whole[name], band=band, channels={c: part[name] for c, part in parts.items()})
        for name, band in BANDS.items()
    ]


def _numbers(told: Sequence[Told]) -> dict[str, float | None]:
    return asdict(measure([t.text for t in told if t.text]))


def table(shown: Sequence[Figure]) -> str:
    """The numbers as a person reads them."""
    rows = [["", "all", "band", "", *shown[0].channels]]
    for figure in shown:
        mark = {True: "ok", False: "OUT", None: "-"}[figure.holds]
        by_channel = (_said(value) for value in figure.channels.values())
        rows.append([figure.name, _said(figure.value), str(figure.band), mark, *by_channel])
    return aligned(rows)


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
