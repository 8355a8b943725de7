"""What ten thousand communities would need. Everything that goes in stands at the top; the rest is arithmetic.

`python -m tests.scale` prints it, `python -m tests.scale --measure` measures what is measured here anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

COMMUNITIES = 10_000


@dataclass(frozen=True, kw_only=True)
class Size:
    """Communities of one size."""

    name: str
    share: float
    """Of all communities."""
    posts: int
    """A day."""


# Assumed. Nobody knows it of communities that do not use Greenroom yet.
SIZES = (
    Size(name="small", share=0.80, posts=20),
    Size(name="medium", share=0.17, posts=300),
    Size(name="large", share=0.028, posts=3_000),
    Size(name="huge", share=0.002, posts=30_000),
)
PEAK = 4
"""The busiest hour has so many times the posts of an average one. Assumed."""
ON_DISCORD, ON_TELEGRAM = 0.8, 0.3
"""The share of communities on each; some are on both. Assumed."""
FULL = 0.6
"""How much of a core, or of the one write transaction, is used at the peak, so that nothing waits for long. Assumed."""
SPARE = 2
"""At least so many processes share the work, so that one may be away. Assumed."""

# Measured: `python -m tests.scale --measure`, 2,000 posts that the reader had not seen, two thirds of the drafts sent.
SHARE_DRAFTED, SHARE_SENT = 0.25, 0.16
ROWS = 7.3
"""Of all tables, for a post."""
BYTES_WITH_WORDS, BYTES_WITHOUT = 4_620, 2_650
"""For a post in PostgreSQL, with indexes; after `keep.post_text` the second."""
MS_ANSWERED, MS_SILENT = 62.0, 17.0
"""CPU for a post beside reading it, of process and server: one that is answered, and one that is left alone."""
WRITE_ANSWERED, WRITE_SILENT = 28.0, 4.3
"""How much of that is inside the write transaction, of which a database has one at a time. The machine had much else to
do when all four were measured: take them as an upper bound."""
# Measured: `python -m bench path`.
MS_READ = 15
"""CPU for a post, nearly all of it reading."""
# Measured with 40 communities on SQLite in one process, each with the shipped templates, on the same busy machine
# (`python -m bench communities` does it with more).
MIB_ALONE, MIB_EACH = 290, 5
"""Of a process without communities, and what each adds."""
IDLE = 0.1
"""How much of a core a process takes while nothing happens in its communities, measured with 100 on one PostgreSQL, on
a busy machine. Each is looked at less often the more there are, so it should hardly grow."""
A_PROCESS = 500
"""Communities that one process serves at most. Assumed."""

# How long the sample config keeps things.
DAYS_WORDS, DAYS_ROWS = 7, 365

# Discord: at most 2,500 guilds a shard (https://docs.discord.com/developers/events/gateway#sharding). A bot of a
# community is in one guild. Telegram: one process may ask for the updates of a bot (https://core.telegram.org/bots/api).
GUILDS_A_SHARD = 2_500
HEARTBEAT = 41.25
"""Seconds between two heartbeats of a gateway: what Discord asks for."""


def rows() -> list[tuple[str, str]]:
    """What comes of it: what, and how much."""
    each = sum(size.share * size.posts for size in SIZES)
    day = each * COMMUNITIES
    second = day / 86_400
    peak = second * PEAK
    cpu = MS_READ + SHARE_SENT * MS_ANSWERED + (1 - SHARE_SENT) * MS_SILENT
    write = SHARE_SENT * WRITE_ANSWERED + (1 - SHARE_SENT) * WRITE_SILENT
    work = peak * cpu / 1e3
    for_work, for_number = math.ceil(work / (FULL - IDLE)), math.ceil(COMMUNITIES / A_PROCESS)
    processes = max(SPARE, for_work, for_number)
    memory = processes * MIB_ALONE + COMMUNITIES * MIB_EACH
    bots = round(COMMUNITIES * ON_DISCORD)
    words, rest = day * DAYS_WORDS, day * (DAYS_ROWS - DAYS_WORDS)
    size = words * BYTES_WITH_WORDS + rest * BYTES_WITHOUT
    carried = FULL * 1e3 / write
    databases = math.ceil(peak / carried)
    return [
        ("posts a day, of a community and of all", f"{each:,.0f}; {day / 1e6:.1f} million"),
        ("posts a second, on average and in the busiest hour", f"{second:.0f}; {peak:.0f}"),
        ("CPU of a post, with its share of the database's server", f"{cpu:.0f} ms"),
        ("cores for the posts of the busiest hour", f"{work:.1f}"),
        (f"processes for these posts, and for {A_PROCESS} communities each", f"{for_work}; {for_number}"),
        ("cores that the larger number keeps busy while nothing happens", f"{processes * IDLE:.0f}"),
        ("communities of a process", f"{COMMUNITIES / processes:,.0f}"),
        ("memory of all processes", f"{memory / 1024:.0f} GiB"),
        ("Discord: gateways, of one shard each (one bot a community)", f"{bots:,}"),
        ("Discord: heartbeats a second, of all", f"{bots / HEARTBEAT:.0f}"),
        ("Discord: shards if one bot served all", f"{math.ceil(bots / GUILDS_A_SHARD)}"),
        ("Telegram: connections that wait for updates", f"{round(COMMUNITIES * ON_TELEGRAM):,}"),
        ("posts a second that one database takes", f"{carried:.0f}"),
        ("communities of one database, in the busiest hour", f"{COMMUNITIES * carried / peak:,.0f}"),
        ("databases", f"{databases}"),
        ("posts that are kept", f"{day * DAYS_ROWS / 1e6:,.0f} million"),
        ("rows", f"{day * DAYS_ROWS * ROWS / 1e9:.1f} billion"),
        ("size of all databases", f"{size / 1e12:.1f} TB"),
        ("of it with fans' words", f"{words * BYTES_WITH_WORDS / 1e9:.0f} GB"),
    ]


def table() -> str:
    """The rows as the page shows them."""
    return "\n".join(["| what | how much |", "|---|---|", *(f"| {what} | {much} |" for what, much in rows())])
