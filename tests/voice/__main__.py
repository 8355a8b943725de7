"""`python -m tests.voice`: what two readers said of the drafts, and how the library sounds in five channels."""

from __future__ import annotations

import sys

from responders.library.model import Library
from responders.library.trial import trials
from tests.voice import judged
from tests.voice.figures import figures, table
from tests.voice.posts import shipped_pipeline, tell


def main(arguments: list[str]) -> int:
    """Print both tables; 1 when a number of the second is outside its band."""
    if arguments:
        sys.stderr.write("Usage: python -m tests.voice\n")
        return 2
    library = (pipeline := shipped_pipeline()).library
    found = figures(tell(pipeline), library)
    sys.stdout.write(judged.table(judged.cards(), _wordings(library)) + "\n" + table(found))
    return 1 if any(figure.holds is False for figure in found) else 0


def _wordings(library: Library) -> frozenset[str]:
    return frozenset(trial.text for t in library.templates for v in t.variants for trial in trials(t, v, library.facts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
