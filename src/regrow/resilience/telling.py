"""Events of breakers."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from regrow.core.delivery_events import BreakerClosed, BreakerHalfOpened, BreakerOpened
from regrow.core.events import Event
from regrow.resilience.breaker import Breaker, Cause

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine

__all__ = ("tell",)


def tell(engine: Engine, name: str, breaker: Breaker, cause: Cause, now: float) -> None:
    """Emit the event of a change in the System of `engine`, from whatever thread."""
    kind = _KINDS.get(cause)
    if kind is None or kind not in engine.hub.wanted:
        return
    event = _event(name, breaker, cause, now)
    if threading.get_ident() == engine.thread:
        engine.hub.emit(event)
    else:
        with suppress(RuntimeError):  # the loop has been closed: nobody is left to be told
            engine.loop.call_soon_threadsafe(engine.hub.emit, event)


_KINDS: dict[Cause, type[Event]] = {
    "failures": BreakerOpened,
    "slow_calls": BreakerOpened,
    "probe": BreakerOpened,
    "forced": BreakerOpened,
    "due": BreakerHalfOpened,
    "probes": BreakerClosed,
    "reset": BreakerClosed,
}


def _event(name: str, breaker: Breaker, cause: Cause, now: float) -> Event:
    if breaker.state == "closed":
        return BreakerClosed(at=now, breaker=name, cause=cause)
    if breaker.state == "half_open":
        return BreakerHalfOpened(at=now, breaker=name)
    calls, failed, slow = breaker.counts
    return BreakerOpened(
        at=now,
        breaker=name,
        cause=cause,
        calls=calls,
        failed=failed,
        slow=slow,
        retry_at=None if breaker.forced else breaker.retry_at,
    )
