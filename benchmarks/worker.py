"""One run in a system's own environment: `python -m benchmarks.worker ADAPTER FAMILY key=value...`.

Needs the standard library alone, since it runs beside each peer. Standard output is kept for the
protocol of `benchmarks/suite/cells.py`; whatever a library prints goes nowhere.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import IO

from benchmarks.systems.kit import Job, Note


def protocol() -> IO[str]:
    """The real standard output; what the name stands for from now on is thrown away."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - stays open as long as the worker lives
    return channel


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


def main(arguments: list[str]) -> None:
    adapter, family, *pairs = arguments
    channel = protocol()
    job = Job(dict(pair.split("=", 1) for pair in pairs), channel)
    try:
        module = importlib.import_module(f"benchmarks.systems.{adapter}")
        result = module.BENCH.run(family, job)
    except Note as note:
        result = {"cannot": True, "note": str(note)}
    except BaseExceptionGroup as group:
        # Libraries with task groups wrap whatever leaves them.
        notes = group.subgroup(Note)
        if notes is None:
            raise
        result = {"cannot": True, "note": str(_first(notes))}
    channel.write(json.dumps(result) + "\n")
    channel.flush()
    # Some runtimes wait for threads that never end; all that mattered has been said.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
