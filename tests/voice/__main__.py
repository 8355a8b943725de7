"""`python -m tests.voice [--json]`: how the shipped library sounds over the development posts, beside the bands."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from tests.voice.figures import Figure, figures, table
from tests.voice.posts import Told, shipped_pipeline, tell, tell_together


def main(arguments: list[str]) -> int:
    """Print the numbers; 1 when one of them is outside its band."""
    if set(arguments) - {"--json"}:
        sys.stderr.write("Usage: python -m tests.voice [--json]\n")
        return 2
    pipeline = shipped_pipeline()
    told = tell(pipeline)
    found = figures(told, tell_together(pipeline), pipeline.library)
    sys.stdout.write(as_json(found, told) if arguments else table(found))
    return 1 if any(figure.holds is False for figure in found) else 0


def as_json(found: Sequence[Figure], told: Sequence[Told]) -> str:
    """The numbers, and every post with what became of it."""
    shown = {
        f.name: {
            "value": f.value,
            "band": str(f.band),
            "holds": f.holds,
            "channels": f.channels,
            "one_channel": f.one_channel,
        }
        for f in found
    }
    return json.dumps({"figures": shown, "items": [t.as_dict() for t in told]}, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
