"""Begins a template for a group of posts that found no reply."""

from __future__ import annotations

import json
import re
from pathlib import Path

from bot.backtest.report import Group

SHOWN = 8
"""Posts of the group that stand in the file, to be put into own words."""


def start_template(group: Group, templates: Path) -> tuple[Path, str]:
    """The path and the text of the new file.

    Fans' words stand in comments only: what a template answers is written by operators. The file is refused until that
    is done, so nothing half-made goes live.
    """
    name = re.sub(r"[^a-z0-9]+", "_", group.name.lower()).strip("_")[:40] or "new_situation"
    path = templates / group.language / group.intent / f"{name}.md"
    posts = "\n".join(
        f"  # {json.dumps(' '.join(item.text.split()), ensure_ascii=False)}" for item in group.items[:SHOWN]
    )
    text = f"""---
answers_to:
  # Posts that mean this: {len(group.items)}. Write at least five of your own, each on a line with a dash:
{posts}
---
## variant: plain
"""
    return path, text
