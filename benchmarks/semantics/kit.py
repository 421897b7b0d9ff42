"""How a case says what it saw. Needs the standard library alone."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import IO, Any, ClassVar, Literal, NamedTuple

Verdict = Literal["pass", "fail", "can't"]
PATIENCE = 3.0
FAST = 0.5
# Modules for frameworks that a user of the package may well not have.
_OPTIONAL = frozenset({"contrib", "integrations", "ext", "examples", "cli", "test", "tests", "__main__"})


# The worker's channel to the orchestrator, once it has one.
CHANNELS: list[IO[str]] = []


def idle() -> None:
    """Says that all is started and idle; the orchestrator ends this process when it has looked."""
    CHANNELS[0].write('{"idle": true}\n')
    CHANNELS[0].flush()


class Outcome(NamedTuple):
    """What was seen, and what it means."""

    verdict: Verdict
    observed: str


class Cannot(Exception):
    """The system has nothing that the scenario could be tried on."""


def judge(passed: bool, observed: str) -> Outcome:  # noqa: FBT001 - read as judge(what must hold, text)
    return Outcome("pass" if passed else "fail", observed)


class Timed(NamedTuple):
    """How long something took and how it ended."""

    seconds: float
    error: BaseException | None
    value: Any = None

    def __str__(self) -> str:
        end = "returned" if self.error is None else type(self.error).__name__
        return f"{end} after {self.seconds * 1e3:.0f} ms"


async def timed(work: Awaitable[Any]) -> Timed:
    started = time.perf_counter()
    try:
        value = await work
    except Exception as error:  # noqa: BLE001 - the kind of error is what is looked at
        return Timed(time.perf_counter() - started, error)
    return Timed(time.perf_counter() - started, None, value)


def timed_sync(work: Callable[[], Any]) -> Timed:
    started = time.perf_counter()
    try:
        value = work()
    except Exception as error:  # noqa: BLE001 - the kind of error is what is looked at
        return Timed(time.perf_counter() - started, error)
    return Timed(time.perf_counter() - started, None, value)


def learnt(end: Timed, remark: str = "") -> Outcome:
    """For the crash of a callee: an error that came soon."""
    passed = end.error is not None and end.seconds < FAST
    return judge(passed, f"{end}{remark}")


def _plain(error: ImportError) -> str:
    """The error without the path of the file, which is this machine's."""
    return re.sub(r" \(/[^)]*\)", "", str(error))


class Cases:
    """Base of a system's cases: a method per scenario, plain or `async`."""

    package: str
    distribution: str
    # How the caller's side cannot be tried, by scenario.
    cannot: ClassVar[Mapping[str, str]] = {}

    def drive(self, main: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        return asyncio.run(main())

    def run(self, key: str) -> Outcome:
        if key in self.cannot:
            return Outcome("can't", self.cannot[key])
        method = getattr(self, key, None)
        if method is None:
            return Outcome("can't", "nothing to try it on")
        try:
            return self.drive(method) if inspect.iscoroutinefunction(method) else method()
        except Cannot as why:
            return Outcome("can't", str(why))

    def import_needs_no_extras(self) -> Outcome:
        try:
            root = importlib.import_module(self.package)
        except ImportError as error:
            return judge(False, f"import {self.package}: {_plain(error)}")
        failed, tried = [], 1
        for module in pkgutil.iter_modules(root.__path__):
            if module.name in _OPTIONAL or module.name.startswith("_"):
                continue
            tried += 1
            try:
                importlib.import_module(f"{self.package}.{module.name}")
            except ImportError as error:
                failed.append(f"{self.package}.{module.name}: {_plain(error)}")
        return judge(not failed, "; ".join(failed) or f"{tried} modules import")
