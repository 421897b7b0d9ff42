"""``python -m tests.mutants.conforming``: the first recorded scenario that differs, as JSON; null if none."""

from __future__ import annotations

import json
import sys
from functools import partial

from tests.conformance import golden
from tests.conformance.compare import against
from tests.conformance.matrix import matrix
from tests.conformance.regrow_side import Colour, run_regrow
from tests.conformance.scenarios import written

COLOURS: tuple[Colour, ...] = ("def", "async")


def first_difference() -> str | None:
    recorded = golden.read()
    for name, scenario in {**written(), **matrix()}.items():
        for colour in COLOURS:
            for hand_off in (True, False):
                run = partial(run_regrow, colour=colour, hand_off=hand_off)
                lines = against(scenario, recorded[name].trace, run)
                if lines:
                    return name
    return None


if __name__ == "__main__":
    found = first_difference()
    sys.stdout.write(f"{json.dumps(found)}\n")
    sys.exit(0 if found is None else 1)
