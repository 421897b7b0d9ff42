"""What there is in a running System, as frozen rows: `system.listing`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, final

import msgspec

from regrow.core.hub import Subscription, name_of
from regrow.runtime.aliases import Alias
from regrow.runtime.items import message_of
from regrow.runtime.links import children_of
from regrow.runtime.mailbox import Overflow
from regrow.runtime.pid import Pid
from regrow.runtime.process import (
    DEAD,
    IDLE,
    QUEUED,
    RUNNING,
    STARTING,
    STOPPING,
    SUSPENDED,
    Process,
)
from regrow.runtime.reports import pattern_text
from regrow.runtime.timers import Timer

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.monitors import MonitorInfo
    from regrow.runtime.registry import Registration

ProcessState: TypeAlias = Literal["idle", "queued", "running", "starting", "stopping", "suspended", "dead"]

STATES: dict[int, ProcessState] = {
    IDLE: "idle",
    QUEUED: "queued",
    RUNNING: "running",
    STARTING: "starting",
    STOPPING: "stopping",
    SUSPENDED: "suspended",
    DEAD: "dead",
}


@final
class ProcessInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One process."""

    pid: Pid[object]
    name: str | None
    """The name it is registered under."""
    kind: str
    """Its server class, or the function of a plain process."""
    state: ProcessState
    parent: Pid[object] | None
    """Its supervisor."""
    mailbox_length: int
    links: int
    """Its links, without the ties to its supervisor and children."""
    children: int
    monitors: int
    """How many monitor it."""
    monitoring: int
    """How many it monitors."""
    trap_exit: bool


@final
class LinkInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Two processes that are linked; each pair once."""

    one: Pid[object]
    """The older; of supervisor and child the supervisor."""
    other: Pid[object]
    kind: Literal["link", "child"]
    """`child`: the tie between a supervisor and its child."""


@final
class MailboxInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The mailbox of one process."""

    pid: Pid[object]
    length: int
    """Items that wait, signals of the runtime included."""
    capacity: int
    """Calls, casts and infos that may wait."""
    free: int
    """Places left; reserved ones are not free."""
    overflow: Overflow
    waiting: int
    """Senders that wait for a place."""
    head: str | None
    """The first item, as text, redacted."""
    pattern: str | None
    """What a selective receive that skips messages waits for."""


@final
class TimerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One timer that is still to go off. Times in seconds."""

    timer: Timer
    owner: Pid[object] | None
    """Who set it; None outside processes."""
    target: object
    """A Pid or a Ref."""
    message: str
    """As text, redacted."""
    interval: float | None
    remaining: float | None


@final
class AliasInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One alias that is switched on."""

    alias: Alias
    owner: Pid[object]


@final
class GroupInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One process group."""

    name: str
    members: tuple[Pid[object], ...]


@final
class SubscriberInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One subscriber of the event hub."""

    subscription: Subscription
    prefix: str
    callback: str


@final
class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """What happened since the System started, and what there is now."""

    started: int
    exited: int
    crashed: int
    """Ends that were the process's own failure, each with a crash report."""
    restarts: int
    dropped: int
    expired: int
    timed_out: int
    late_replies: int
    sent: int
    """Supervised sends that were begun; so many were `delivered`, `failed`, or are under way."""
    delivered: int
    failed: int
    retried: int
    orphans: int
    zombies: int
    lost_threads: int
    """Threads of zombies' blocking handlers."""
    processes: int
    """Processes that have started and not ended."""
    names: int
    monitors: int
    timers: int
    subscribers: int


@final
class Listing:
    """Everything that is in a running System, row by row. A row says what was when it was asked for."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def processes(self) -> tuple[ProcessInfo, ...]:
        """All living processes, oldest first."""
        return tuple(_process_row(process) for process in self._by_age())

    def links(self) -> tuple[LinkInfo, ...]:
        """All links, and the ties between supervisors and their children, by the age of the older one."""
        rows: list[LinkInfo] = []
        for process in self._by_age():
            rows += [
                LinkInfo(one=process, other=other, kind="link")
                for other in sorted(process.links or (), key=_serial)
                if other.serial > process.serial
            ]
            rows += [LinkInfo(one=process, other=child, kind="child") for child in children_of(process)]
        return tuple(rows)

    def monitors(self) -> tuple[MonitorInfo, ...]:
        """All active monitors, oldest first."""
        return self._engine.monitors.list()

    def timers(self) -> tuple[TimerInfo, ...]:
        """All timers that are to go off, oldest first."""
        show = self._engine.reporter.show
        return tuple(
            TimerInfo(
                timer=timer,
                owner=timer.owner,
                target=timer.target,
                message=show(timer.message),
                interval=timer.interval,
                remaining=timer.remaining,
            )
            for timer in self._engine.timers.list()
        )

    def names(self) -> tuple[Registration, ...]:
        """All registered names, in their order."""
        return self._engine.registry.list()

    def groups(self) -> tuple[GroupInfo, ...]:
        """All groups that have members, by name."""
        groups = self._engine.groups
        return tuple(GroupInfo(name=name, members=groups.members(name)) for name in groups.names())

    def aliases(self) -> tuple[AliasInfo, ...]:
        """All aliases that are switched on, by the age of their owners."""
        rows: list[AliasInfo] = []
        for process in self._by_age():
            if process.extras is not None:
                rows += [AliasInfo(alias=one, owner=process) for one in process.extras.aliases or ()]
        return tuple(rows)

    def subscribers(self) -> tuple[SubscriberInfo, ...]:
        """All subscribers of the event hub, oldest first."""
        return tuple(
            SubscriberInfo(subscription=one, prefix=one.prefix, callback=name_of(one.callback))
            for one in self._engine.hub.subscriptions()
        )

    def mailboxes(self, *, least: int = 1) -> tuple[MailboxInfo, ...]:
        """The mailboxes in which something waits, the longest first.

        Args:
            least: How many items have to wait, default 1; 0 for all.
        """
        full = [process for process in self._by_age() if len(process.mailbox or ()) >= least]
        full.sort(key=lambda process: -len(process.mailbox or ()))
        return tuple(self._mailbox_row(process) for process in full)

    def statistics(self) -> Statistics:
        """What happened since the start, in numbers."""
        engine = self._engine
        counters = engine.counters
        return Statistics(
            started=counters.started,
            exited=counters.exited,
            crashed=counters.crashed,
            restarts=counters.restarts,
            dropped=counters.dropped,
            expired=counters.expired,
            timed_out=counters.timed_out,
            late_replies=counters.late_replies,
            sent=counters.sent + counters.handed_off,
            delivered=counters.delivered + counters.handed_off,
            failed=counters.failed,
            retried=counters.retried,
            orphans=counters.orphans,
            zombies=counters.zombies,
            lost_threads=counters.lost_threads,
            processes=counters.started - counters.exited,
            names=len(engine.names),
            monitors=engine.monitors.statistics().active,
            timers=len(engine.timers.list()),
            subscribers=len(engine.hub.subscriptions()),
        )

    def _by_age(self) -> list[Process]:
        return sorted(self._engine.processes(), key=_serial)

    def _mailbox_row(self, process: Process) -> MailboxInfo:
        mailbox = process.mailbox
        extras = process.extras
        length = len(mailbox) if mailbox else 0
        pattern = extras.pattern if extras is not None else None
        return MailboxInfo(
            pid=process,
            length=length,
            capacity=process.blueprint.capacity or self._engine.settings.mailbox_capacity,
            free=max(0, process.room - length),
            overflow=process.blueprint.overflow,
            waiting=len(extras.place_waiters or ()) if extras is not None else 0,
            head=self._engine.reporter.show(message_of(mailbox[0])) if mailbox else None,
            pattern=None if pattern is None else pattern_text(pattern),
        )


def _process_row(process: Process) -> ProcessInfo:
    extras = process.extras
    return ProcessInfo(
        pid=process,
        name=process.name,
        kind=process.kind,
        state=STATES[process.status],
        parent=process.parent,
        mailbox_length=len(process.mailbox or ()),
        links=len(process.links or ()),
        children=len(children_of(process)),
        monitors=len(process.watchers or ()),
        monitoring=len(extras.watching or ()) if extras is not None else 0,
        trap_exit=process.trap_exit,
    )


def _serial(process: Process) -> int:
    return process.serial
