"""One case in a peer's own environment: `python -m benchmarks.semantics.worker SYSTEM SCENARIO`."""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
from importlib.metadata import version

from benchmarks.semantics import kit
from benchmarks.worker import protocol


def main(system: str, scenario: str) -> None:
    channel = protocol()
    kit.CHANNELS.append(channel)
    logging.getLogger().addHandler(logging.NullHandler())
    if scenario == "import_needs_no_extras":
        # The cases import the package themselves: this one must come before.
        names = json.loads(os.environ["REGROW_PACKAGES"])
        cases = kit.Cases()
        cases.package, cases.distribution = names[system]
    else:
        cases = importlib.import_module(f"benchmarks.semantics.{system}_cases").CASES
    outcome = cases.run(scenario)
    answer = {
        "verdict": outcome.verdict,
        "observed": outcome.observed,
        "version": version(cases.distribution),
    }
    channel.write(json.dumps(answer) + "\n")
    channel.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
