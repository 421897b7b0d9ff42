"""Every event of the runtime, as frozen typed records.

An event's `name` is dotted (`process.started`); subscribers ask for a prefix of it. Times are the
loop's, in seconds. Messages are texts that went through the System's `redact`; an exit reason is
the reason itself, as links and monitors get it. The events stand in the order of a process's life.
"""

from __future__ import annotations

from typing import ClassVar

from regrow.core.address import Address
from regrow.core.delivery_events import DELIVERY_EVENTS
from regrow.core.event import Event as Event  # noqa: PLC0414  # of this module, to everybody
from regrow.core.reasons import ExitReason
from regrow.core.reports import CrashReport


class SystemStarted(Event, frozen=True):
    """The tree of `system` is up."""

    name: ClassVar[str] = "system.started"
    system: str


class SystemStopped(Event, frozen=True):
    """The tree of `system` is down; `reason` is its root's."""

    name: ClassVar[str] = "system.stopped"
    system: str
    reason: ExitReason


class Started(Event, frozen=True):
    """`init` of `pid` returned; `parent` is its supervisor, None for an unsupervised process."""

    name: ClassVar[str] = "process.started"
    pid: Address
    kind: str
    parent: Address | None


class Exited(Event, frozen=True):
    """`pid` has ended and runs no more code; `dropped` messages were left in its mailbox."""

    name: ClassVar[str] = "process.exited"
    pid: Address
    kind: str
    reason: ExitReason
    dropped: int


class CrashReported(Event, frozen=True):
    """A process ended by a failure of its own. `report` is what the log record `regrow.crash` tells."""

    name: ClassVar[str] = "process.crashed"
    report: CrashReport


class Zombie(Event, frozen=True):
    """`pid` was killed and still runs code after the kill grace; its runtime calls now raise."""

    name: ClassVar[str] = "process.zombie"
    pid: Address
    reason: ExitReason


class Orphaned(Event, frozen=True):
    """Tasks of `pid` that were alive when it ended; they were cancelled."""

    name: ClassVar[str] = "process.orphaned"
    pid: Address
    tasks: tuple[str, ...]


class Restarted(Event, frozen=True):
    """`supervisor` brought child `child_id` up again as `new`; `attempts` are in the window."""

    name: ClassVar[str] = "supervisor.restarted"
    supervisor: Address
    child_id: object
    old: Address | None
    new: Address
    reason: ExitReason
    attempts: int


class RestartFailed(Event, frozen=True):
    """A restart of `child_id` failed with `reason`; the supervisor tries again while its budget lasts."""

    name: ClassVar[str] = "supervisor.restart_failed"
    supervisor: Address
    child_id: object
    reason: ExitReason


class BudgetExceeded(Event, frozen=True):
    """`supervisor` used up its restart budget because of `child_id` and gives up."""

    name: ClassVar[str] = "supervisor.budget_exceeded"
    supervisor: Address
    child_id: object
    reason: ExitReason
    max_restarts: int
    max_seconds: float


class DownSent(Event, frozen=True):
    """A monitor of `owner` fired: `target` ended with `reason`."""

    name: ClassVar[str] = "monitor.down"
    owner: Address
    target: Address | str
    reason: ExitReason
    tag: str


class MonitorLeaked(Event, frozen=True):
    """A monitor passed the age given to `find_leaks` for the first time."""

    name: ClassVar[str] = "monitor.leaked"
    owner: Address
    target: Address | str
    tag: str
    age: float


class Dropped(Event, frozen=True):
    """A message that reached nobody.

    `cause` is one of `no_process`, `dead`, `drop_oldest`, `drop_newest`, `alias_closed`, `hook`, `exit`.
    """

    name: ClassVar[str] = "message.dropped"
    target: Address | str
    cause: str
    message: str


class Unhandled(Event, frozen=True):
    """An info that `pid`'s class has no use for. The log record comes once per class and type."""

    name: ClassVar[str] = "message.unhandled"
    pid: Address
    message: str


class TimedOut(Event, frozen=True):
    """A call to `target` ran into its deadline; `owner` is whose deadline it was."""

    name: ClassVar[str] = "call.timed_out"
    target: Address
    message: str
    timeout: float
    owner: Address | None


class Expired(Event, frozen=True):
    """A request was dropped unhandled because its caller had given up."""

    name: ClassVar[str] = "call.expired"
    pid: Address
    message: str


class LateReply(Event, frozen=True):
    """A reply that came after its caller had given up, and went nowhere."""

    name: ClassVar[str] = "call.late_reply"
    pid: Address
    message: str


class MailboxFullSeen(Event, frozen=True):
    """A message met a full mailbox.

    `overflow` is what happens to it: `raise`, `drop_oldest`, `drop_newest`, or `wait` for a call.
    `head` is the oldest message that waits; `pattern` is there when a selective receive skips it.
    """

    name: ClassVar[str] = "mailbox.full"
    pid: Address
    capacity: int
    overflow: str
    pattern: str | None = None
    head: str | None = None


class SlowHandler(Event, frozen=True):
    """A `def` handler held the loop for `seconds` of real time."""

    name: ClassVar[str] = "handler.slow"
    pid: Address
    handler: str
    seconds: float


class LoopStalled(Event, frozen=True):
    """The watchdog saw the loop held for `seconds`; `holder` names the process and handler."""

    name: ClassVar[str] = "loop.stalled"
    holder: str
    seconds: float
    stack: tuple[str, ...]


class SubscriberFailed(Event, frozen=True):
    """A subscriber raised; it is detached."""

    name: ClassVar[str] = "events.subscriber_failed"
    subscriber: str
    event: str
    error: str


class SpanStarted(Event, frozen=True):
    """A span began."""

    name: ClassVar[str] = "span.started"
    span: str
    metadata: dict[str, object]


class SpanStopped(Event, frozen=True):
    """A span ended well after `seconds`."""

    name: ClassVar[str] = "span.stopped"
    span: str
    metadata: dict[str, object]
    seconds: float


class SpanFailed(Event, frozen=True):
    """A span ended with `error` after `seconds`; the exception goes on."""

    name: ClassVar[str] = "span.failed"
    span: str
    metadata: dict[str, object]
    seconds: float
    error: str


EVENT_TYPES: tuple[type[Event], ...] = (
    SystemStarted,
    SystemStopped,
    Started,
    Exited,
    CrashReported,
    Zombie,
    Orphaned,
    Restarted,
    RestartFailed,
    BudgetExceeded,
    DownSent,
    MonitorLeaked,
    Dropped,
    Unhandled,
    TimedOut,
    Expired,
    LateReply,
    MailboxFullSeen,
    SlowHandler,
    LoopStalled,
    SubscriberFailed,
    SpanStarted,
    SpanStopped,
    SpanFailed,
    *DELIVERY_EVENTS,
)
"""All event types that the runtime emits, in the order of this module."""
