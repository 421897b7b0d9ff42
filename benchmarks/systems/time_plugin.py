"""A pytest plugin: how far each test moves the virtual clock, and the same suite with a clock that waits.

`BENCH_TIME` is `virtual` or `real`; with `real` the virtual loop is what it is, but where it would jump to
the next timer it sleeps until then. `BENCH_TIME_RESULT` names the file for what came of each test;
`BENCH_TIME_ONLY`, if set, one with a list of the tests to run.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from regrow.testing.virtual.loop import VirtualLoop

_REAL = os.environ["BENCH_TIME"] == "real"
_RESULT = Path(os.environ["BENCH_TIME_RESULT"])
_ONLY = os.environ.get("BENCH_TIME_ONLY")


@dataclass(slots=True)
class Row:
    """One test: virtual seconds that passed, real seconds that it took."""

    clock: float = 0.0
    seconds: float = 0.0
    passed: bool = False


class Clock:
    """Adds up what all virtual loops move, and has them wait if it is to be for real."""

    def __init__(self) -> None:
        self.moved = 0.0
        self._begun: WeakKeyDictionary[VirtualLoop, float] = WeakKeyDictionary()
        self._begin = VirtualLoop.__init__
        self._move = VirtualLoop._move  # noqa: SLF001 - the one place where its clock moves

    def install(self) -> None:
        clock = self

        def begin(loop: VirtualLoop, **options: Any) -> None:
            clock._begin(loop, **options)
            clock._begun[loop] = time.monotonic()

        def move(loop: VirtualLoop, when: float) -> None:
            clock.moved += max(0.0, when - loop.time())
            if _REAL:
                # What the test has computed since is part of the wait, as it would be on any loop.
                time.sleep(max(0.0, clock._begun[loop] + when - time.monotonic()))
            clock._move(loop, when)

        VirtualLoop.__init__ = begin  # type: ignore[assignment, method-assign]
        VirtualLoop._move = move  # type: ignore[assignment, method-assign]  # noqa: SLF001


_clock = Clock()
_rows: dict[str, Row] = {}


def pytest_configure() -> None:
    _clock.install()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _ONLY is None:
        return
    wanted = set(json.loads(Path(_ONLY).read_text()))
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in wanted])
    items[:] = [item for item in items if item.nodeid in wanted]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    row = _rows[item.nodeid] = Row(passed=True)
    before = _clock.moved
    try:
        return (yield)
    finally:
        row.clock = _clock.moved - before


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    row = _rows[report.nodeid]
    row.seconds += report.duration
    row.passed = row.passed and report.passed


def pytest_sessionfinish() -> None:
    _RESULT.write_text(json.dumps({name: asdict(row) for name, row in _rows.items()}))
