"""`greenroom` and `python -m bot`."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback

from bot.errors import GreenroomError


def main() -> None:
    """Run a command. Errors are one sentence on stderr. The status is 1 if something was found or refused, and for an
    accident; 2 for bad input; 130 when stopped."""
    # numpy reads it when it is imported. For our small matrices its threads cost more than they save.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from bot.cli import commands  # noqa: PLC0415 - only after the line above

    try:
        commands()
    except GreenroomError as error:
        sys.exit(_say(str(error), error.status))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        with tempfile.NamedTemporaryFile("w", prefix="greenroom-", suffix=".log", delete=False) as log:
            traceback.print_exc(file=log)
        sys.exit(_say(f"Greenroom failed ({type(error).__name__}). The details for a developer are in {log.name}.", 1))


def _say(sentence: str, status: int) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 - this is where errors reach a person
    return status


if __name__ == "__main__":
    main()
