"""Running a coroutine on virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time as real_time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, TypeVar

from regrow.errors.testing import Deadlock
from regrow.testing.virtual.loop import VirtualLoop

if TYPE_CHECKING:
    from typing import Never

T = TypeVar("T")

__all__ = ("run_virtual",)


def run_virtual(
    main: Coroutine[object, Never, T],
    *,
    debug: bool | None = None,
    patience: float = 10.0,
    limit: float = 60.0,
) -> T:
    """Runs a coroutine to its end on a fresh virtual loop, like ``asyncio.run``.

    Args:
        main: The coroutine.
        debug: asyncio's debug mode; None leaves it to the environment.
        patience: Real seconds without any progress before ``Deadlock``.
        limit: Real seconds for the whole run; past it the main task is cancelled, so that an endless loop of
            timers fails instead of hanging.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(patience=patience), debug=debug) as runner:
        loop = runner.get_loop()
        started = real_time.monotonic()
        watchdog = threading.Timer(limit, _give_up, (loop,))
        watchdog.daemon = True
        watchdog.start()
        try:
            return runner.run(main)
        except asyncio.CancelledError:
            if real_time.monotonic() - started < limit:
                raise
            raise Deadlock(loop.time(), sorted(t.get_name() for t in asyncio.all_tasks(loop))) from None
        finally:
            watchdog.cancel()


def _give_up(loop: asyncio.AbstractEventLoop) -> None:
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
