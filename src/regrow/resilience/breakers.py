"""The breakers of one System's supervised sends, one per recipient."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias, final
from weakref import WeakValueDictionary

import msgspec

from regrow.resilience.breaker import CLOSED, Breaker, Cause
from regrow.resilience.settings import BreakerSettings
from regrow.resilience.telling import tell
from regrow.runtime.extensions import engine_of, extension
from regrow.runtime.pid import Pid
from regrow.runtime.process import DEAD, Process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.system import System

__all__ = ("BreakerInfo", "BreakerTable", "Breakers", "Recipient", "Watcher", "breakers_of")

Recipient: TypeAlias = "str | Pid[object]"
"""Who a breaker is for: a registered name, whoever holds it, or a process without one."""
Watcher: TypeAlias = Callable[[Recipient], object]
"""Is told whose breaker may let more through than before, or less."""

SWEEP_SECONDS: Final = 60.0
SWEEP_ENTRIES: Final = 512

_DEFAULT: Final = BreakerSettings()


@final
class BreakerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One breaker of a System's sends. Times are the loop's, in seconds.

    Attributes:
        recipient: The name, or the Pid of a process without one.
        state: `"closed"`, `"open"` or `"half_open"`.
        since: When it came into that state.
        retry_at: When it lets the next call through; None if only a reset can make it.
        forced: Whether it was opened by hand.
        calls: Calls in its window.
        failed: Those of them that failed.
        slow: Those of them that were slow.
        refused: Calls that it let not through, ever.
    """

    recipient: Recipient
    state: str
    since: float
    retry_at: float | None
    forced: bool
    calls: int
    failed: int
    slow: int
    refused: int


@final
class BreakerTable:
    """The breakers of one run of a System, as its sends use them.

    A breaker is there from the first send to its recipient, stays over restarts of the recipient, and
    goes when it knows nothing that a new one wouldn't, or when the recipient has been gone for as
    long as what it knows counts. One that is held open by hand stays.
    """

    __slots__ = ("_armed", "_engine", "_resting", "_watchers", "entries", "get")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._armed = False
        self._watchers: dict[Watcher, None] = {}
        self.entries: dict[Recipient, Breaker] = {}
        # Those that know nothing any more, as long as a send is under way that may tell them something.
        self._resting: WeakValueDictionary[Recipient, Breaker] = WeakValueDictionary()
        self.get: Final = self.entries.get

    def breaker_for(self, recipient: Recipient, settings: BreakerSettings | None = None) -> Breaker:
        """The breaker of `recipient`, made on first use; other `settings` take effect at once.

        The short way for whoever has no settings: `breakers.get(name) or breakers.breaker_for(name)`.
        """
        breaker = self.entries.get(recipient)
        if breaker is None:
            breaker = self._enter(recipient, settings)
        if settings is not None and settings is not breaker.settings and settings != breaker.settings:
            breaker.configure(settings, self._engine.loop.time())
        return breaker

    def watch(self, watcher: Watcher) -> None:
        """Have `watcher` told of every change; it is called in the middle of it and has to be short."""
        self._watchers[watcher] = None

    def unwatch(self, watcher: Watcher) -> None:
        """End `watch`."""
        self._watchers.pop(watcher, None)

    def _enter(self, recipient: Recipient, settings: BreakerSettings | None) -> Breaker:
        breaker = self._resting.pop(recipient, None)
        if breaker is None:
            breaker = self._make(recipient, settings or _DEFAULT)
        self.entries[recipient] = breaker
        if not self._armed:
            self._arm(SWEEP_SECONDS)
        return breaker

    def _make(self, recipient: Recipient, settings: BreakerSettings) -> Breaker:
        def changed(breaker: Breaker, cause: Cause, now: float) -> None:
            if self._resting.get(recipient) is breaker:
                self._enter(recipient, None)
            if cause == "counted" or self.get(recipient) is not breaker:
                return
            tell(self._engine, str(recipient), breaker, cause, now)
            for watcher in tuple(self._watchers):
                watcher(recipient)

        return Breaker(settings, self._engine.loop.time(), changed)

    # -- what is not needed any more -----------------------------------------------------------

    def _arm(self, seconds: float) -> None:
        self._armed = True
        self._engine.timers.internal(seconds, self._sweep)

    def _sweep(self) -> None:
        """Look at the first few and put those that stay behind the others: no sweep holds the loop."""
        now = self._engine.loop.time()
        entries = self.entries
        for recipient in tuple(islice(entries, SWEEP_ENTRIES)):
            breaker = entries.pop(recipient)
            if breaker.is_fresh(now):
                self._resting[recipient] = breaker
            elif not self._outlived(recipient, breaker, now):
                entries[recipient] = breaker
        self._armed = False
        if entries:
            self._arm(SWEEP_SECONDS * min(1.0, SWEEP_ENTRIES / len(entries)))

    def _outlived(self, recipient: Recipient, breaker: Breaker, now: float) -> bool:
        if isinstance(recipient, Process):
            return recipient.status == DEAD
        if recipient in self._engine.names or breaker.forced:
            return False
        settings = breaker.settings
        return now - breaker.since >= settings.window_seconds + settings.open_seconds


@final
class Breakers:
    """The breakers of a System's supervised sends: `rg.Breakers.of(system)`.

    Recipients are names, or Pids of processes without one.
    """

    __slots__ = ("_engine", "_table")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = breakers_of(engine)

    @classmethod
    def of(cls, system: System) -> Breakers:
        """Those of a System that runs.

        Raises:
            NotStarted: It doesn't.
        """
        return cls(engine_of(system))

    def listing(self) -> tuple[BreakerInfo, ...]:
        """A row for each, in the order of first use."""
        now = self._engine.loop.time()
        return tuple(_row(recipient, breaker, now) for recipient, breaker in self._table.entries.items())

    def state(self, recipient: Recipient) -> str:
        """`"closed"`, `"open"` or `"half_open"`; closed for a recipient that nothing is known of."""
        breaker = self._table.get(recipient)
        return CLOSED if breaker is None else breaker.state

    def configure(self, recipient: Recipient, settings: BreakerSettings) -> None:
        """Go on with other settings at once; what was counted is kept."""
        self._table.breaker_for(recipient, settings)

    def force_open(self, recipient: Recipient) -> None:
        """Let no send through to `recipient` until `reset`, even if it is not there yet."""
        self._table.breaker_for(recipient).force_open(self._engine.loop.time())

    def reset(self, recipient: Recipient) -> None:
        """Close its breaker and forget what was counted; a recipient without one needs none."""
        breaker = self._table.get(recipient)
        if breaker is not None:
            breaker.reset(self._engine.loop.time())


def _row(recipient: Recipient, breaker: Breaker, now: float) -> BreakerInfo:
    calls, failed, slow = breaker.window(now)
    return BreakerInfo(
        recipient=recipient,
        state=breaker.state,
        since=breaker.since,
        retry_at=None if breaker.forced else breaker.retry_at,
        forced=breaker.forced,
        calls=calls,
        failed=failed,
        slow=slow,
        refused=breaker.refused,
    )


def breakers_of(engine: Engine) -> BreakerTable:
    """The breakers of this run of a System."""
    return extension(engine, BreakerTable)
