"""A run whose code holds the event loop is interrupted: on virtual time nobody else could end it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from regrow.errors import LoopHeld
from regrow.runtime.stacks import site

_AT_ONCE: Final = 1e-6
"""Real seconds; 0 would switch the timer off."""


@contextmanager
def interrupted(seconds: float) -> Generator[None]:
    """Interrupt what the main thread does after so many real seconds, and again whenever as many have passed.

    It interrupts as Ctrl+C does: a sleep, a lock, a read, a loop without an end; not a C function that never
    looks. Outside of the main thread, and on systems without an interval timer, nothing happens. A timer
    that is due earlier, as pytest-timeout's may be, is left to its work; another one goes on afterwards.

    Raises:
        LoopHeld: It was interrupted.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    theirs, again = signal.getitimer(signal.ITIMER_REAL)
    if 0 < theirs <= seconds:
        yield
        return
    places: list[str | None] = []

    def ring(_: int, frame: FrameType | None) -> None:
        places.append(site(frame))
        raise KeyboardInterrupt

    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    except KeyboardInterrupt:
        if not places:
            raise
        raise LoopHeld(seconds, places[0]) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if theirs:
            signal.setitimer(signal.ITIMER_REAL, max(theirs + began - time.monotonic(), _AT_ONCE), again)
