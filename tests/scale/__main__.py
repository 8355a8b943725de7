"""`python -m tests.scale`: what ten thousand communities would need. `--measure`: what a post leaves and costs."""

import sys

from tests.scale import forecast

if "--measure" in sys.argv[1:]:
    from tests.scale import measure

    sys.stdout.write(f"{measure.main()}\n")
else:
    sys.stdout.write(f"{forecast.table()}\n")
