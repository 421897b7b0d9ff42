"""What stands in a mailbox.

A cast stands there as itself. Everything else is wrapped, so that what a user sends can never be
taken for a signal of the runtime.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, final

import msgspec

from regrow.core.reasons import ExitReason

if TYPE_CHECKING:
    from regrow.runtime.monitors import Monitor
    from regrow.runtime.pid import Pid
    from regrow.runtime.process import Process
    from regrow.runtime.timers import Timer


@final
class Request(msgspec.Struct, eq=False):
    """A message that is answered: a call, or a cast whose sender waits until it is handled.

    `delivery` is what `current_delivery()` tells of it, None for a plain call. `taken` says that it has
    left the mailbox, so it may have begun; `handled` that its handler returned, though its process ends
    without giving the answer; `duplicate` that it wasn't handled because it had been before.
    """

    message: object
    future: asyncio.Future[object]
    target: Process
    caller: Process | None
    deadline: float
    timeout: float
    owner: Process | None = None
    deferred: bool = False
    delivery: object = None
    taken: bool = False
    handled: bool = False
    duplicate: bool = False


@final
class Info(msgspec.Struct, eq=False):
    """A plain send."""

    message: object


class Down(msgspec.Struct, frozen=True):
    """A monitored process ended (or never was: reason `NOPROC`). Comes exactly once per monitor.

    Attributes:
        monitor: what `rg.monitor` returned.
        pid: the process that ended, None if a monitored name was free.
        reason: its exit reason.
    """

    monitor: Monitor
    pid: Pid[object] | None
    reason: ExitReason

    @property
    def target(self) -> Pid[object] | str:
        """What was monitored: the name if it was one, else the Pid."""
        return self.monitor.target


class Exit(msgspec.Struct, frozen=True):
    """An exit signal that a process which traps exits got as a message.

    Attributes:
        pid: who ended, or who sent the signal.
        reason: its exit reason.
    """

    pid: Pid[object]
    reason: ExitReason


@final
class Tick(msgspec.Struct, eq=False):
    """A process's own timer went off. Void once the timer is cancelled."""

    timer: Timer


@final
class Sync(msgspec.Struct, eq=False):
    """Answers when everything before it is handled."""

    future: asyncio.Future[None]


@final
class Tracked(msgspec.Struct, eq=False):
    """A message whose fate somebody wants to know: see `Receipt`."""

    item: object
    receipt: Receipt


@final
class Continuation(msgspec.Struct, eq=False):
    """What `init` left to be done before any message."""

    value: object


class TryAgain(msgspec.Struct, frozen=True, eq=False):
    """A failed or backed-off restart whose turn has come. The supervisor sends it to itself."""

    child: object


@final
class Receipt(msgspec.Struct, eq=False):
    """Told exactly once what became of a message.

    `handled` is called when its handler returned, also when the process then exits normally; a
    plain process has handled a message when it asks for the next or ends normally. `lost` is called
    with the exit reason when the process died before (`NOPROC` if it was dead), or with the cause
    when the message was dropped: `"drop_newest"`, `"hook"`. Both are called on the loop, outside any
    handler. A send that raises `MailboxFull` calls neither, nor does one that is `withdrawn` before the
    message came to its turn: that is dropped unhandled. `delivery` is as in `Request`.
    """

    handled: Callable[[], object]
    lost: Callable[[ExitReason], object]
    delivery: object = None
    withdrawn: bool = False


def message_of(item: object) -> object:
    """The message that an item of a mailbox carries; a signal of the runtime is its own message."""
    if isinstance(item, Request):  # first, as most are
        return item.message
    if isinstance(item, Tracked):
        return message_of(item.item)
    if isinstance(item, Info):
        return item.message
    if isinstance(item, Continuation):
        return item.value
    return item.timer.message if isinstance(item, Tick) else item


SIGNALS: frozenset[type] = frozenset({Down, Exit, Tick, Sync, Continuation, TryAgain})
"""Items that a bound never counts, refuses or drops."""
