"""What the adapters share: parameters, phases, percentiles, and the ways to say "cannot"."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import IO, ClassVar

Result = dict[str, object]
now = time.perf_counter


class Note(Exception):
    """The system cannot do the workload; the text is what its cell says."""


class Job:
    """The parameters of a run, and the way to be looked at from outside."""

    def __init__(self, values: Mapping[str, str], channel: IO[str]) -> None:
        self._values = values
        self._channel = channel
        self.nonce = self.int("nonce")

    def int(self, key: str) -> int:
        return int(self._values[key])

    def text(self, key: str, default: str = "") -> str:
        return self._values.get(key, default)

    def phase(self, name: str) -> None:
        """Stands still until the orchestrator has looked."""
        gc.collect()
        self._say(name)
        sys.stdin.readline()

    async def idle_phase(self, name: str) -> None:
        """The same, with the event loop free to do what it does when there is nothing to do."""
        gc.collect()
        loop = asyncio.get_running_loop()
        go_on: asyncio.Future[None] = loop.create_future()
        # Not an executor: its thread would be one more to wake.
        loop.add_reader(sys.stdin.fileno(), _finish, go_on)
        self._say(name)
        await go_on
        loop.remove_reader(sys.stdin.fileno())

    def _say(self, name: str) -> None:
        self._channel.write(f'{{"phase": "{name}"}}\n')
        self._channel.flush()


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Bench:
    """Runs a workload by the method of its name; a system without that method cannot do it."""

    distribution: str | None = None
    cannot: ClassVar[Mapping[str, str]] = {}

    def run(self, family: str, job: Job) -> Result:
        family = "W9" if family == "W9n" else family  # they differ by a parameter
        if family in self.cannot:
            raise Note(self.cannot[family])
        method: Callable[[Job], Result] | None = getattr(self, family.lower(), None)
        if method is None:
            raise Note("no such workload here")
        return {"version": self.version(), **method(job)}

    def version(self) -> str:
        if self.distribution is None:
            return "Python " + ".".join(str(part) for part in sys.version_info[:3])
        return version(self.distribution)


class CrashReports(logging.Handler):
    """Builds the text of every record, as a handler that writes it does, and drops the text.

    With `build` false it drops the records as they come.
    """

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._build = job.text("reports") == "built"
        self.seen = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.seen += 1
        if self._build and not self.format(record):
            raise AssertionError("an empty report")

    def attach(self, logger: logging.Logger) -> CrashReports:
        """Make this the only handler of a logger."""
        logger.addHandler(self)
        logger.propagate = False
        return self


def percentiles(samples: list[float], prefix: str = "") -> dict[str, float]:
    """p50, p99 and p99.9 in seconds, by nearest rank."""
    ordered = sorted(samples)

    def rank(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return {f"{prefix}p50": rank(0.5), f"{prefix}p99": rank(0.99), f"{prefix}p999": rank(0.999)}
