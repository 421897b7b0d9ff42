"""What runs inside a process: plain processes, their mailbox, links, monitors, timers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Never, TypeAlias, TypeGuard, TypeVar, cast, overload

from regrow.core.deliveries import HandedOut
from regrow.core.reasons import ExitReason
from regrow.errors import (
    AlreadyReceiving,
    BadAddress,
    BadPattern,
    NotAProcess,
    ReceiveTimeout,
    ZombieProcess,
)
from regrow.runtime.after import ProcessExit
from regrow.runtime.aliases import Alias
from regrow.runtime.items import Down, Exit, Info, Sync, Tick, Tracked
from regrow.runtime.links import link as link_processes
from regrow.runtime.links import unlink as unlink_processes
from regrow.runtime.monitors import Monitor, monitoring_by
from regrow.runtime.pid import Address, Pid, Ref, Timeout
from regrow.runtime.process import DEAD, IDLE, QUEUED, RUNNING, Process, current_process
from regrow.runtime.start import spawn_process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.timers import Timer

T = TypeVar("T")
Pattern: TypeAlias = type | tuple[type, ...] | Callable[[object], object] | None


def _me(operation: str) -> Process:
    process = current_process.get(None)
    if process is None or process.status == DEAD:
        if process is not None and process.extras is not None and process.extras.zombie:
            raise ZombieProcess(process)
        raise NotAProcess(operation)
    return process


def current() -> Pid[object]:
    """The process that this code runs in. Raises `NotAProcess` outside."""
    return _me("rg.current()")


def spawn(
    function: Callable[..., Coroutine[object, Never, object]],
    *args: object,
    name: str | None = None,
    link: bool = False,
) -> Pid[object]:
    """Run `function(*args)` as a plain process of the same System.

    Args:
        function: an `async def`; it may `await rg.receive()`.
        args: its arguments.
        name: register it under this name, default none.
        link: link it to this process, default False.

    Raises:
        NotAProcess: outside a process; use `system.spawn` there.
        NameTaken: another process has the name.
        BadTarget, BadServer: the function is no `async def`.
        BadArguments: it does not take these arguments.
    """
    me = _me("rg.spawn()")
    process = spawn_process(me.engine, function, args, name)
    if link:
        link_processes(me.engine, me, process)
    return process


def exit_process(reason: ExitReason) -> Never:
    """End this plain process with `reason`, by raising through its code.

    Raises:
        NotAProcess: outside a process.
    """
    _me("rg.exit_process()")
    raise ProcessExit(reason)


def link(pid: Pid[object]) -> None:
    """Link this process and `pid`: if one ends abnormally so does the other, unless it traps exits.

    Raises:
        NotAProcess: outside a process.
        OtherSystem: it belongs to another System.
        BadAddress: it is no Pid.
    """
    me = _me("rg.link()")
    if not isinstance(pid, Process):
        raise BadAddress(pid, "a Pid; ref.whereis() gives it")
    link_processes(me.engine, me, pid)


def unlink(pid: Pid[object]) -> None:
    """End the link of this process and `pid`, if there is one."""
    if isinstance(pid, Process):
        unlink_processes(_me("rg.unlink()"), pid)


def trap_exit(on: bool) -> bool:  # noqa: FBT001  # as in OTP: process_flag(trap_exit, true)
    """Have EXIT signals come as `rg.Exit` messages, or not. Returns what it was before."""
    me = _me("rg.trap_exit()")
    before = me.trap_exit
    me.trap_exit = on
    return before


def monitor(target: Pid[object] | Ref[object] | str, *, tag: str = "", long_lived: bool = False) -> Monitor:
    """Have this process told, by exactly one `rg.Down`, when `target` ends; at once if it has.

    Args:
        target: a Pid, or a Ref or name: then whoever holds the name now.
        tag: what you call it, for listings; default none.
        long_lived: declare that it may live long, so that it never counts as a leak. Default False.

    Raises:
        NotAProcess: outside a process.
        OtherSystem: the target belongs to another System.
        BadAddress: it is no Pid, Ref or name.
    """
    me = _me("rg.monitor()")
    return me.engine.monitors.watch(me, target, tag, long_lived=long_lived)


def demonitor(monitor: Monitor) -> None:
    """End a monitor of this process; a DOWN that is in the mailbox already is taken back.

    Raises:
        NotMine: another process set it.
        NotAProcess: outside a process.
    """
    me = _me("rg.demonitor()")
    me.engine.monitors.unwatch(monitor, me)


def monitoring(target: Pid[object] | Ref[object] | str, *, tag: str = "") -> AbstractContextManager[Monitor]:
    """A monitor for the length of a `with` block. Raises what `monitor` does."""
    me = _me("rg.monitoring()")
    return monitoring_by(me.engine.monitors, me, target, tag)


def alias(*, once: bool = False, expires_in: float | None = None) -> Alias:
    """Make an address of this process that can be switched off: see `rg.Alias`.

    Args:
        once: switch it off after one message, default False.
        expires_in: switch it off after so many seconds, default never.

    Raises:
        NotAProcess: outside a process.
        BadTimeout: the seconds are not above 0 and at most a day.
    """
    me = _me("rg.alias()")
    return Alias(me.engine, me, once=once, expires_in=expires_in)


def send_after(target: Address[object], message: object, delay: float) -> Timer:
    """Send `message` to `target`, as an info, in `delay` seconds. Returns the timer, to cancel.

    Raises:
        BadTimeout: the delay is negative, longer than a day, or no number.
        BadAddress: the target is neither a Pid nor a Ref.
    """
    return _engine_of(target).timers.send(target, message, delay, interval=False)


def send_interval(target: Address[object], message: object, interval: float) -> Timer:
    """Send `message` to `target` every `interval` seconds, counted from now without drift.

    At most one tick waits undelivered; ticks that a busy target missed are skipped.

    Raises:
        BadTimeout: the interval is not above 0 and at most a day.
        BadAddress: the target is neither a Pid nor a Ref.
    """
    return _engine_of(target).timers.send(target, message, interval, interval=True)


def _engine_of(target: Address[object]) -> Engine:
    if isinstance(target, Process):
        return target.engine
    if isinstance(target, Ref):
        return target._engine  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # ours
    raise BadAddress(target, "a Pid or a Ref")


async def sync(target: Address[object], *, timeout: Timeout = "default") -> None:
    """Return when everything that was sent to `target` before is handled.

    Args:
        target: a Pid or a Ref.
        timeout: seconds, or a name from the timeout table, default `"default"`.

    Raises:
        ProcessExited: it ended first.
        NoProcess: there is none.
        WaitTimeout: it was not done in time; it goes on.
        CallToSelf, CallCycle: `target` waits for this process, or is it.
        BadAddress: neither a Pid nor a Ref.
    """
    process = target.process() if isinstance(target, Ref) else target
    if not isinstance(process, Process):
        raise BadAddress(target, "a Pid or a Ref")
    await process.engine.sends.sync(process, timeout)


# -- receiving ---------------------------------------------------------------------------------


@overload
async def receive(match: type[T], *, timeout: Timeout | None = None) -> T: ...
@overload
async def receive(
    match: tuple[type, ...] | Callable[[object], object] | None = None, *, timeout: Timeout | None = None
) -> object: ...
async def receive(match: Pattern = None, *, timeout: Timeout | None = None) -> object:
    """Take the first message that matches out of this process's mailbox; the others stay, in order.

    Args:
        match: a type, a tuple of types, or a function of the message that says yes or no; default any.
        timeout: seconds or a name from the timeout table; default for ever.

    Raises:
        ReceiveTimeout: nothing matching came in time.
        BadPattern: `match` is none of these.
        NotAProcess: outside a plain process.
        AlreadyReceiving: another task of this process waits here.
    """
    me = _me("rg.receive()")
    if me.blueprint.server is not None:
        raise NotAProcess("rg.receive() (a GenServer gets its infos by handle_info)")  # noqa: TRY003  # the operation
    if me.wakeup is not None:
        raise AlreadyReceiving(me)
    matches = _matcher(match)
    _handled(me)
    seen = 0
    limit = None if timeout is None else me.engine.timeouts.resolve(timeout)
    deadline = None if limit is None else me.engine.loop.time() + limit
    while True:
        found, message, seen = _scan(me, matches, seen)
        if found:
            if me.extras is not None:
                me.extras.pattern = None
            return message
        if seen:
            me.more().pattern = match  # for whoever finds the mailbox full
        if not await _wait(me, deadline):
            raise ReceiveTimeout(match, limit or 0.0, seen)


def _matcher(match: Pattern) -> Callable[[object], object]:
    if match is None:
        return lambda _: True
    if _are_types(match):
        return lambda message: isinstance(message, match)
    if callable(match):
        return match
    raise BadPattern(match)


def _are_types(match: object) -> TypeGuard[type | tuple[type, ...]]:
    if isinstance(match, tuple):
        kinds = cast("tuple[object, ...]", match)
        return kinds != () and all(isinstance(one, type) for one in kinds)
    return isinstance(match, type)


def _handled(me: Process) -> None:
    """Asking for the next message says that the one before is handled."""
    me.current = None
    extras = me.extras
    if extras is not None and extras.receipt is not None:
        receipt, extras.receipt = extras.receipt, None
        me.engine.loop.call_soon(receipt.handled)


def _scan(me: Process, matches: Callable[[object], object], seen: int) -> tuple[bool, object, int]:
    """Look at the messages from position `seen` on. Returns (found, message, how many were skipped)."""
    mailbox = me.mailbox
    while mailbox and seen < len(mailbox):
        item = mailbox[seen]
        if isinstance(item, Sync):
            if seen == 0:
                mailbox.popleft()
                me.room -= 1
                if not item.future.done():
                    item.future.set_result(None)
                continue
            seen += 1
            continue
        message = _content(item)
        if message is _VOID or matches(message):
            del mailbox[seen]
            taken = _taken(me, item)
            _grant(me)
            if not taken:
                continue
            me.current = message
            if me.engine.ports.step_hook is not None:
                me.engine.ports.step_hook(me, "message", message)
            return True, message, seen
        seen += 1
    return False, None, seen


_VOID = object()


def _content(item: object) -> object:
    if isinstance(item, Tracked):
        if item.receipt.withdrawn:
            return _VOID
        item = item.item
    if isinstance(item, Info):
        return item.message
    if isinstance(item, Tick):
        return item.timer.message if item.timer.live else _VOID
    if isinstance(item, Down):
        return item if item.monitor.state == "fired" else _VOID
    return item


def _taken(me: Process, item: object) -> bool:
    """Account for an item that has left the mailbox. False if it was void."""
    if isinstance(item, Tracked):
        if item.receipt.withdrawn:
            me.engine.calls.withdrawn(me, item)
            return False
        me.more().receipt = item.receipt
        if isinstance(item.receipt.delivery, HandedOut):
            item.receipt.delivery.started()
        return True
    if isinstance(item, Tick):
        if item.timer.own:
            me.room -= 1
        return item.timer.taken()
    if isinstance(item, Down):
        me.room -= 1
        return item.monitor.deliver()
    if isinstance(item, Exit):
        me.room -= 1
    return True


def _grant(me: Process) -> None:
    extras = me.extras
    if extras is not None and extras.place_waiters:
        me.engine.sends.grant_places(me)


async def _wait(me: Process, deadline: float | None) -> bool:
    """Wait for one more item. False at the deadline."""
    engine = me.engine
    engine.scheduler.steps += 1
    if engine.looks:
        engine.look()
    if deadline is not None and engine.loop.time() >= deadline:
        return False
    wakeup = engine.loop.create_future()
    me.wakeup = wakeup
    me.status = IDLE
    if not me.mailbox:
        engine.scheduler.rest(me)
    timer = None
    if deadline is not None:
        timer = engine.timers.internal(deadline - engine.loop.time(), lambda: _expire(me, wakeup))
    engine.workers.receiving += 1
    try:
        await wakeup
    finally:
        engine.workers.receiving -= 1
        if engine.parked:
            engine.threads.unpark()
        me.wakeup = None
        if me.status in (IDLE, QUEUED):
            me.status = RUNNING
        if timer is not None:
            timer.cancel()
    return True


def _expire(me: Process, wakeup: asyncio.Future[None]) -> None:
    if not wakeup.done():
        me.wakeup = None
        me.status = RUNNING
        wakeup.set_result(None)
