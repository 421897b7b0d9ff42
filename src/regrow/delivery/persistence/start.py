"""The start of a persistent server: its state is restored before its `init` runs."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, cast, final
from weakref import WeakValueDictionary

from regrow.core.delivery_events import StateUnreadable
from regrow.delivery.journal.operations import ForgetProcessed
from regrow.delivery.lookup import journal_of
from regrow.delivery.persistence.keeper import Keeper
from regrow.delivery.persistence.restore import Restored, Unreadable, restore, set_aside
from regrow.delivery.persistence.states import EventLog, Identity, Sourced, Stateful, WholeState
from regrow.errors import (
    JournalError,
    NoRegisteredName,
    StartTimeout,
    StateSetAside,
)
from regrow.runtime.effects import hold_effects
from regrow.runtime.extensions import extension

if TYPE_CHECKING:
    from collections.abc import Callable

    from regrow.delivery.persistence.keeper import KeptIn
    from regrow.delivery.persistence.spec import Spec
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

__all__ = ("prepare",)

_log = logging.getLogger("regrow.persistence")


FORGET_EVERY: Final = 3600.0
"""Seconds between two looks for idempotency keys whose time is over."""


@final
class Keepers:
    """The last keeper of each name in one run of a System."""

    __slots__ = ("_engine", "by_name")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.by_name: WeakValueDictionary[str, Keeper] = WeakValueDictionary()
        engine.timers.internal(FORGET_EVERY, self._forget)

    def _forget(self) -> None:
        """Forget idempotency keys, from time to time; if it can't be written now, then the next time."""
        self._engine.timers.internal(FORGET_EVERY, self._forget)
        journal = journal_of(self._engine, "the inbox")
        with suppress(JournalError):
            future = journal.submit([ForgetProcessed(journal.now_us())])
            future.add_done_callback(lambda done: done.cancelled() or done.exception())


async def prepare(spec: Spec, process: Process) -> Callable[[], object]:
    """Restore the state of `process`, and hold back what its handlers do: see `Prepare`.

    Raises:
        NoRegisteredName: It has no name.
        NoJournal: Its System has none.
        StateSetAside: What is kept can't be read; it was set aside, now or earlier.
        StateTooNew, UpgradeFailed: It can't be read by this version of the class.
        StartTimeout: What its last incarnation handled isn't committed in time.
    """
    engine = process.engine
    name = process.name
    if name is None:
        raise NoRegisteredName(process.kind)
    journal: KeptIn = journal_of(engine, f"{name}, a persistent server,")
    keepers = extension(engine, Keepers).by_name
    before = keepers.get(name)
    if before is not None:
        await _drained(before, process)
    server = cast("Stateful", process.instance)
    identity = Identity(spec, name, journal.claim(name), journal.now_us)
    restored = restore(server, spec, name, journal.loop_reader)
    if isinstance(restored, Unreadable):
        raise await _set_aside(restored.problem, identity, journal, engine)
    keeper = Keeper(process, journal, identity, _keeping(server, identity, restored))
    hold_effects(process, keeper, keeper.admit)
    keepers[name] = keeper
    return partial(keeper.state.begin, restored.data)


async def _drained(before: Keeper, process: Process) -> None:
    """Wait for the commits of the last incarnation: the state to go on from is theirs."""
    future = before.drained()
    if future is None:
        return
    engine = process.engine
    seconds = (process.child.start_timeout if process.child else None) or engine.settings.start_timeout
    timer = engine.timers.fail_after(seconds, future, lambda: StartTimeout(str(process), seconds))
    try:
        await future
    finally:
        timer.cancel()


def _keeping(server: Stateful, identity: Identity, restored: Restored) -> WholeState | EventLog:
    events = identity.spec.events
    if events is None:
        return WholeState(server, identity, version=restored.version, stale=restored.stale)
    return EventLog(
        cast("Sourced", server),
        identity,
        events,
        version=restored.version,
        since=restored.since,
        stale=restored.stale,
    )


async def _set_aside(problem: str, identity: Identity, journal: KeptIn, engine: Engine) -> StateSetAside:
    name = identity.name
    kept, operations = set_aside(name, problem, journal.loop_reader, identity.epoch, journal.now_us())
    await journal.submit(operations)
    _log.error("the state of %r can't be read (%s): it is kept as %r", name, problem, kept)
    if StateUnreadable in engine.hub.wanted:
        event = StateUnreadable(at=engine.loop.time(), server=name, problem=problem, kept=kept)
        engine.hub.emit(event)
    return StateSetAside(name, problem, kept)
