"""`python -m tests.voice`: what two readers said of the drafts, and how the library sounds in five channels."""

from __future__ import annotations

import sys

from responders.library.model import Library
from responders.library.trial import trials
from responders.understanding.normalise import bare
from tests.model import shipped
from tests.voice import judged
from tests.voice.figures import figures, table
from tests.voice.posts import tell


def main(arguments: list[str]) -> int:
    """Print both tables. In the second, figures outside their band are marked; nothing fails."""
    if arguments:
        sys.stderr.write("Usage: python -m tests.voice\n")
        return 2
    library = (pipeline := shipped()).library
    found = figures(tell(pipeline))
    sys.stdout.write(judged.table(judged.cards(), _wordings(library)) + "\n" + table(found))
    return 0


def _wordings(library: Library) -> frozenset[str]:
    said = (trial.text for t in library.templates for v in t.variants for trial in trials(t, v, library.facts))
    return frozenset(map(bare, said))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
