"""Monitors: a table of the runtime itself, so nothing is lost and everything can be listed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias, final

import msgspec

from regrow.core.events import DownSent, MonitorLeaked
from regrow.core.reasons import NOPROC, ExitReason
from regrow.errors import BadAddress, NotMine, OtherSystem
from regrow.runtime.items import Down
from regrow.runtime.pid import Pid, Ref
from regrow.runtime.process import DEAD, Process
from regrow.runtime.stacks import caller, outside, place

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine

State: TypeAlias = Literal["active", "fired", "delivered", "demonitored"]


@final
class Monitor:
    """One monitor: `owner` is told exactly once when `target` ends.

    Attributes:
        owner: The process that gets the DOWN.
        target: What was monitored: the name if it was one, else the Pid.
        pid: The process behind it, None if the name was free.
        tag: What its owner calls it, for listings.
        long_lived: Declared to live long: never a leak.
        created_at: Loop time, seconds.
        call_site: `file:line` of who set it; only in debug mode, else None.
        state: `active`, `fired` (DOWN on its way), `delivered` or `demonitored`.
    """

    __slots__ = (
        "call_site",
        "created_at",
        "leak_counted",
        "long_lived",
        "owner",
        "pid",
        "state",
        "tag",
        "target",
    )

    def __init__(
        self,
        owner: Process,
        target: Pid[object] | str,
        pid: Process | None,
        tag: str,
        *,
        long_lived: bool,
        at: float,
    ) -> None:
        self.owner: Pid[object] = owner
        self.target: Pid[object] | str = target
        self.pid: Pid[object] | None = pid
        self.tag: str = tag
        self.long_lived: bool = long_lived
        self.created_at: float = at
        self.call_site: str | None = None
        self.leak_counted: bool = False
        self.state: State = "active"

    def deliver(self) -> bool:
        """The DOWN has come to its turn: whether it still counts. For the runtime."""
        if self.state != "fired":
            return False
        self.state = "delivered"
        return True

    def __repr__(self) -> str:
        tag = f" {self.tag!r}" if self.tag else ""
        return f"<Monitor{tag} of {self.target} by {self.owner}: {self.state}>"


@final
class MonitorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the monitor table. `age` in seconds."""

    monitor: Monitor
    owner: Pid[object]
    target: Pid[object] | str
    tag: str
    age: float
    long_lived: bool
    call_site: str | None


@final
class MonitorStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the System started: `created` = `active` + `cleaned`; `leaked` counts each leak once."""

    created: int
    cleaned: int
    leaked: int
    active: int


@final
class Monitors:
    """The monitor table of one System: `system.monitors`."""

    __slots__ = ("_active", "_cleaned", "_created", "_engine", "_leaked")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._active: dict[Monitor, None] = {}
        self._created = 0
        self._cleaned = 0
        self._leaked = 0

    def list(self) -> tuple[MonitorInfo, ...]:
        """All active monitors, oldest first."""
        now = self._engine.loop.time()
        return tuple(_row(monitor, now) for monitor in self._active)

    def find_leaks(self, age: float) -> tuple[MonitorInfo, ...]:
        """Active monitors at least `age` seconds old that were not declared long-lived.

        Owner and target are alive: the death of either cleans up. Each is counted, and told by a
        `MonitorLeaked` event, the first time it is found.
        """
        now = self._engine.loop.time()
        found = tuple(
            _row(monitor, now)
            for monitor in self._active
            if not monitor.long_lived and now - monitor.created_at >= age
        )
        for row in found:
            self._count_leak(row, now)
        return found

    def statistics(self) -> MonitorStatistics:
        """Counts since the System started."""
        return MonitorStatistics(
            created=self._created, cleaned=self._cleaned, leaked=self._leaked, active=len(self._active)
        )

    def _count_leak(self, row: MonitorInfo, now: float) -> None:
        if row.monitor.leak_counted:
            return
        row.monitor.leak_counted = True
        self._leaked += 1
        hub = self._engine.hub
        if MonitorLeaked in hub.wanted:
            hub.emit(MonitorLeaked(at=now, owner=row.owner, target=row.target, tag=row.tag, age=row.age))

    # -- for the runtime -----------------------------------------------------------------------

    def watch(
        self, owner: Process, target: Pid[object] | Ref[object] | str, tag: str, *, long_lived: bool
    ) -> Monitor:
        """Set a monitor of `owner` on `target`. DOWN comes at once, with `NOPROC`, for the dead.

        Raises:
            BadAddress, OtherSystem: The target can't be monitored.
        """
        engine = self._engine
        process, shown = _resolve(engine, target)
        monitor = Monitor(owner, shown, process, tag, long_lived=long_lived, at=engine.loop.time())
        if engine.debug:
            monitor.call_site = place(outside(caller(1)))
        self._created += 1
        self._active[monitor] = None
        if process is None or process.status == DEAD:
            self._fire(monitor, NOPROC)
            return monitor
        if process.watchers is None:
            process.watchers = {}
        process.watchers[monitor] = None
        extras = owner.more()
        if extras.watching is None:
            extras.watching = {}
        extras.watching[monitor] = None
        return monitor

    def unwatch(self, monitor: Monitor, caller: Process) -> None:
        """End a monitor and take back a DOWN that is still in the mailbox.

        Raises:
            NotMine: Another process set it.
        """
        if monitor.owner is not caller:
            raise NotMine(monitor, monitor.owner, caller)
        if monitor.state == "active":
            self._remove(monitor)
        if monitor.state != "delivered":
            monitor.state = "demonitored"

    def fire(self, process: Process, reason: ExitReason) -> None:
        """`process` has ended: tell its monitors."""
        watchers, process.watchers = process.watchers, None
        for monitor in watchers or ():
            self._fire(monitor, reason)

    def forget_owner(self, process: Process) -> None:
        """`process` has ended: so have the monitors that it set."""
        extras = process.extras
        if extras is not None and extras.watching:
            for monitor in list(extras.watching):
                self._remove(monitor)
                monitor.state = "demonitored"

    def _fire(self, monitor: Monitor, reason: ExitReason) -> None:
        engine = self._engine
        self._remove(monitor)
        monitor.state = "fired"
        owner = monitor.owner
        assert isinstance(owner, Process)
        if owner.status != DEAD:
            engine.scheduler.signal(owner, Down(monitor, monitor.pid, reason))
        if DownSent in engine.hub.wanted:
            engine.hub.emit(
                DownSent(
                    at=engine.loop.time(), owner=owner, target=monitor.target, reason=reason, tag=monitor.tag
                )
            )

    def _remove(self, monitor: Monitor) -> None:
        if self._active.pop(monitor, self) is self:
            return
        self._cleaned += 1
        target = monitor.pid
        if isinstance(target, Process) and target.watchers is not None:
            target.watchers.pop(monitor, None)
        owner = monitor.owner
        if isinstance(owner, Process) and owner.extras is not None and owner.extras.watching is not None:
            owner.extras.watching.pop(monitor, None)


def _resolve(
    engine: Engine, target: Pid[object] | Ref[object] | str
) -> tuple[Process | None, Pid[object] | str]:
    if isinstance(target, Process):
        if target.engine is not engine:
            raise OtherSystem(target, engine.name)
        return target, target
    name = target if isinstance(target, str) else target.name if isinstance(target, Ref) else None
    if name is None:
        raise BadAddress(target, "a Pid, a Ref or a registered name")
    return engine.names.get(name), name


def _row(monitor: Monitor, now: float) -> MonitorInfo:
    return MonitorInfo(
        monitor=monitor,
        owner=monitor.owner,
        target=monitor.target,
        tag=monitor.tag,
        age=now - monitor.created_at,
        long_lived=monitor.long_lived,
        call_site=monitor.call_site,
    )


@contextmanager
def monitoring_by(
    monitors: Monitors, owner: Process, target: Pid[object] | Ref[object] | str, tag: str
) -> Generator[Monitor, None, None]:
    """A monitor for the length of a `with` block."""
    monitor = monitors.watch(owner, target, tag, long_lived=False)
    try:
        yield monitor
    finally:
        if owner.status != DEAD:
            monitors.unwatch(monitor, owner)
