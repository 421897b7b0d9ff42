"""Every event of a life, once and in order; and what subscribers may do to the rest: nothing."""

# regrow: file-ignore[RG501] what subscribers may do is tested here

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import regrow as rg
from regrow import events
from regrow.testing import pass_time, run_virtual
from tests.runtime.kit import Clock, play

Seen = list[events.Event]


class Worker(rg.GenServer):
    """Does what it is told, in both colours."""

    failing_inits = 0

    def init(self) -> None:
        if Worker.failing_inits:
            Worker.failing_inits -= 1
            raise OSError("no init")

    @rg.call
    def echo(self, value: int) -> int:
        return value

    @rg.call
    def boom(self) -> None:
        raise ValueError("boom")

    @rg.call
    async def slowly(self, seconds: float) -> str:
        await elapse(seconds)
        return "done"

    @rg.cast
    def note(self, value: int) -> None: ...


class Small(rg.GenServer):
    mailbox = rg.Mailbox(capacity=1, overflow="drop_oldest")

    @rg.cast
    def note(self, value: int) -> None: ...


class Picky(rg.GenServer):
    mailbox = rg.Mailbox(capacity=1, overflow="drop_newest")

    @rg.cast
    def note(self, value: int) -> None: ...


WORKER = rg.child(Worker, name="w")


def listen(system: rg.System, prefix: str = "") -> Seen:
    seen: Seen = []
    system.events.subscribe(prefix, seen.append)
    return seen


def names(seen: Seen) -> list[str]:
    return [event.name for event in seen]


async def elapse(seconds: float) -> None:
    """Let virtual time pass."""
    await pass_time(seconds)


async def receiving() -> None:
    while True:
        await rg.receive()


# -- each event, once, in order ----------------------------------------------------------------


def test_a_system_starts_and_stops() -> None:
    async def main() -> Seen:
        system = rg.System([WORKER], name="sys")
        seen = listen(system)
        async with system:
            pass
        return seen

    seen = run_virtual(main())
    assert names(seen) == [
        "process.started",
        "process.started",
        "system.started",
        "process.exited",
        "process.exited",
        "system.stopped",
    ]
    worker, root, up, worker_down, root_down, down = seen
    assert isinstance(worker, events.Started)
    assert isinstance(root, events.Started)
    assert (worker.kind, worker.parent, root.parent) == ("Worker", root.pid, None)
    assert isinstance(up, events.SystemStarted)
    assert up.system == "sys"
    assert isinstance(worker_down, events.Exited)
    assert isinstance(root_down, events.Exited)
    assert (worker_down.pid, root_down.pid) == (worker.pid, root.pid)
    assert isinstance(down, events.SystemStopped)
    assert down.reason is rg.SHUTDOWN


def test_a_crash_and_its_restart(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        old = system.whereis("w")
        seen = listen(system)
        with pytest.raises(rg.errors.ProcessExited):
            await system.ref("w", Worker).call(Worker.boom(), timeout=1.0)
        await system.idle()
        assert names(seen) == [
            "process.crashed",
            "process.exited",
            "process.started",
            "supervisor.restarted",
        ]
        crashed, exited, started, restarted = seen
        assert isinstance(crashed, events.CrashReported)
        assert isinstance(exited, events.Exited)
        assert isinstance(started, events.Started)
        assert isinstance(restarted, events.Restarted)
        assert crashed.report.pid is exited.pid is restarted.old is old
        assert started.pid is restarted.new is system.whereis("w")
        assert (restarted.child_id, restarted.attempts) == ("w", 1)
        assert isinstance(exited.reason, rg.Crash)
        assert exited.reason.message == "boom"
        assert exited.dropped == 0

    play(body, WORKER, hand_off=hand_off)


def test_restarts_that_fail_until_the_budget_is_used_up(hand_off: bool) -> None:
    seen: Seen = []

    async def watched() -> None:
        system = rg.System([WORKER], max_restarts=2, hand_off=hand_off)
        with pytest.raises(BaseException, match="root supervisor"):
            async with system:
                system.events.subscribe("", seen.append)
                Worker.failing_inits = 2
                system.ref("w", Worker).kill()
                await elapse(3600)

    run_virtual(watched())
    assert names(seen) == [
        "process.exited",
        "process.crashed",
        "supervisor.restart_failed",
        "process.crashed",
        "supervisor.restart_failed",
        "supervisor.budget_exceeded",
        "process.exited",
        "system.stopped",
    ]
    failed, gave_up = seen[2], seen[5]
    assert isinstance(failed, events.RestartFailed)
    assert isinstance(failed.reason, rg.Crash)
    assert isinstance(gave_up, events.BudgetExceeded)
    assert (gave_up.child_id, gave_up.max_restarts, gave_up.max_seconds) == ("w", 2, 5.0)


def test_a_monitor_fires_once(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        seen = listen(system, "monitor")
        async with system.guest() as me:
            target = system.spawn(receiving)
            rg.monitor(target, tag="t")
            gone = rg.monitor("nobody", tag="n")
            taken_back = rg.monitor(target)
            rg.demonitor(taken_back)
            target.kill()
            await rg.receive(lambda message: getattr(message, "monitor", None) is not gone)
        await system.idle()
        told = [event for event in seen if isinstance(event, events.DownSent)]
        assert [(one.owner, one.target, one.reason, one.tag) for one in told] == [
            (me, "nobody", rg.NOPROC, "n"),
            (me, target, rg.KILLED, "t"),
        ]

    play(body, hand_off=hand_off)


def test_a_leaked_monitor_is_told_once(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        seen = listen(system, "monitor.leaked")
        async with system.guest():
            rg.monitor("w", tag="leak")
            await elapse(10)
            assert len(system.monitors.find_leaks(5.0)) == len(system.monitors.find_leaks(5.0)) == 1
            await system.idle()
        [leak] = seen
        assert isinstance(leak, events.MonitorLeaked)
        assert (leak.target, leak.tag, leak.age) == ("w", "leak", 10.0)

    play(body, WORKER, hand_off=hand_off)


def test_dropped_says_why(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        seen = listen(system, "message.dropped")
        nobody = system.ref("nobody", Worker)
        nobody.cast(Worker.note(1))
        dead = system.spawn(receiving)
        dead.kill()
        await system.idle()
        dead.send("late")
        for number in (1, 2):
            system.ref("small", Small).cast(Small.note(number))
            system.ref("picky", Picky).cast(Picky.note(number))
        async with system.guest() as me:
            alias = rg.alias()
            alias.close()
            alias.send("closed")
            me.send("unread")
        await system.idle()
        told = [event for event in seen if isinstance(event, events.Dropped)]
        assert [(one.cause, one.message) for one in told] == [
            ("no_process", "Worker.note(value=1)"),
            ("dead", "'late'"),
            ("drop_oldest", "Small.note(value=1)"),
            ("drop_newest", "Picky.note(value=2)"),
            ("alias_closed", "'closed'"),
            ("exit", "'unread'"),
        ]
        assert told[0].target == "nobody"
        assert system.statistics().dropped == len(told)

    play(body, rg.child(Small, name="small"), rg.child(Picky, name="picky"), hand_off=hand_off)


def test_dropped_by_the_mailbox_hook(hand_off: bool) -> None:
    def hook(sender: object, receiver: object, message: object, lossy: bool) -> Any:
        return "drop" if message == "no" else "deliver"

    async def body(system: rg.System) -> None:
        seen = listen(system, "message.dropped")
        system.spawn(receiving).send("no")
        await system.idle()
        [dropped] = seen
        assert isinstance(dropped, events.Dropped)
        assert (dropped.cause, dropped.message) == ("hook", "'no'")

    play(body, hand_off=hand_off, ports=rg.Ports(mailbox_hook=hook))


def test_a_call_that_times_out_expires_or_is_answered_late(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        seen = listen(system, "call")
        ref = system.ref("w", Worker)
        for message in (Worker.slowly(5.0), Worker.echo(1)):
            with pytest.raises(rg.errors.CallTimeout):
                await ref.call(message, timeout=1.0)
        await elapse(10)
        await system.idle()
        assert [(event.name, event.at) for event in seen] == [
            ("call.timed_out", 1.0),
            ("call.timed_out", 2.0),
            ("call.late_reply", 5.0),
            ("call.expired", 5.0),
        ]
        timed_out, _, late, expired = seen
        assert isinstance(timed_out, events.TimedOut)
        assert isinstance(late, events.LateReply)
        assert isinstance(expired, events.Expired)
        assert (timed_out.timeout, timed_out.owner) == (1.0, None)
        assert (late.message, expired.message) == ("Worker.slowly(seconds=5.0)", "Worker.echo(value=1)")

    play(body, WORKER, hand_off=hand_off)


def test_a_full_mailbox_names_what_a_selective_receive_waits_for(hand_off: bool) -> None:
    class Wanted: ...

    async def selective() -> None:
        await rg.receive((Wanted, int))
        await rg.receive(str)
        await rg.receive((Wanted, int))

    async def body(system: rg.System) -> None:
        seen = listen(system, "mailbox")
        pid = system.spawn(selective)
        pid.send("first")
        pid.send("second")
        await system.idle()
        with pytest.raises(rg.errors.MailboxFull):
            pid.send("third")
        pid_row = system.listing.mailboxes()[0]
        await system.idle()
        [full] = seen
        assert isinstance(full, events.MailboxFullSeen)
        assert (full.pid, full.capacity, full.overflow, full.head) == (pid, 2, "raise", "'first'")
        assert full.pattern is not None
        assert full.pattern.endswith("Wanted | int")
        assert (pid_row.head, pid_row.pattern, pid_row.free) == ("'first'", full.pattern, 0)

    play(body, hand_off=hand_off, settings=rg.Settings(mailbox_capacity=2))


def test_a_message_for_nobody_inside(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        seen = listen(system, "message.unhandled")
        worker = system.whereis("w")
        assert worker is not None
        worker.send("hello")
        await system.idle()
        [unhandled] = seen
        assert isinstance(unhandled, events.Unhandled)
        assert (unhandled.pid, unhandled.message) == (worker, "'hello'")

    play(body, WORKER, hand_off=hand_off)


def test_a_slow_handler_is_named_however_it_ends(hand_off: bool) -> None:
    clock = Clock()

    class Slow(rg.GenServer):
        @rg.call
        def work(self, seconds: float) -> None:
            clock.now += seconds

        @rg.call(raises=(KeyError,))
        def refuse(self) -> None:
            clock.now += 0.3
            raise KeyError("no")

        @rg.cast
        def note(self) -> None:
            clock.now += 0.4

    async def body(system: rg.System) -> None:
        slow = system.ref("slow", Slow)
        await slow.call(Slow.work(0.2), timeout=1.0)  # nobody listens yet
        seen = listen(system, "handler")
        await slow.call(Slow.work(0.2), timeout=1.0)
        await slow.call(Slow.work(0.05), timeout=1.0)
        with pytest.raises(KeyError):
            await slow.call(Slow.refuse(), timeout=1.0)
        slow.cast(Slow.note())
        await system.idle()
        told = [event for event in seen if isinstance(event, events.SlowHandler)]
        assert [(one.handler.rpartition(".")[2], round(one.seconds, 3)) for one in told] == [
            ("work", 0.2),
            ("refuse", 0.3),
            ("note", 0.4),
        ]

    play(body, rg.child(Slow, name="slow"), hand_off=hand_off, ports=rg.Ports(monotonic=clock))


def test_a_zombie_and_what_it_left(hand_off: bool) -> None:
    async def stubborn() -> None:
        left = asyncio.create_task(elapse(3600), name="left behind")
        for _ in range(4):
            try:
                await elapse(3600)
            except asyncio.CancelledError:
                assert not left.done()

    async def body(system: rg.System) -> None:
        seen = listen(system, "process")
        pid = system.spawn(stubborn)
        await system.idle()
        pid.kill()
        await pid.down(timeout=10.0)
        await system.idle()
        assert names(seen) == ["process.started", "process.zombie", "process.orphaned", "process.exited"]
        assert [event.at for event in seen] == [0.0, 1.0, 1.0, 1.0]
        assert isinstance(seen[2], events.Orphaned)
        assert seen[2].tasks == ("left behind (elapse)",)

    play(body, hand_off=hand_off)


def test_spans(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        with system.events.span("unheard"):
            pass
        seen = listen(system, "span")
        with system.events.span("job", size=3):
            await elapse(2)
        with pytest.raises(OSError, match="disk"), system.events.span("bad"):
            raise OSError("disk")
        await system.idle()
        started, stopped, _, failed = seen
        assert names(seen) == ["span.started", "span.stopped", "span.started", "span.failed"]
        assert isinstance(started, events.SpanStarted)
        assert isinstance(stopped, events.SpanStopped)
        assert isinstance(failed, events.SpanFailed)
        assert (started.span, started.metadata, stopped.seconds) == ("job", {"size": 3}, 2.0)
        assert (failed.span, failed.error) == ("bad", "OSError('disk')")

    play(body, hand_off=hand_off)


# -- subscribers -------------------------------------------------------------------------------


def test_one_that_raises_is_detached_and_reported(hand_off: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def body(system: rg.System) -> None:
        calls: list[str] = []

        def bad(event: events.Event) -> None:
            calls.append("bad")
            raise asyncio.CancelledError("mine")

        subscription = system.events.subscribe("message", bad)
        good = listen(system, "message")
        failures = listen(system, "events")
        for number in range(2):
            system.ref("nobody", Worker).cast(Worker.note(number))
        await system.idle()
        assert calls == ["bad"]
        assert len(good) == 2
        assert not subscription.active
        [failure] = failures
        assert isinstance(failure, events.SubscriberFailed)
        assert (failure.event, failure.error) == ("message.dropped", "CancelledError('mine')")
        assert failure.subscriber.endswith("bad")

    with caplog.at_level(logging.ERROR, "regrow.events"):
        play(body, hand_off=hand_off)
    [record] = caplog.records
    assert record.name == "regrow.events"
    assert "is detached" in record.message


def test_one_may_send_kill_subscribe_and_close(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        late: Seen = []
        victim = system.spawn(receiving)

        def busy(event: events.Event) -> None:
            mine.close()
            system.ref("w", Worker).cast(Worker.note(1))
            system.events.subscribe("process", late.append)
            victim.kill()

        mine = system.events.subscribe("process.exited", busy)
        system.spawn(receiving).kill()
        await system.idle()
        assert not victim.alive
        assert [getattr(event, "pid", None) for event in late] == [victim]

    play(body, WORKER, hand_off=hand_off)


def test_none_runs_inside_a_death_or_on_somebodys_stack(hand_off: bool) -> None:
    class Dropper(rg.GenServer):
        @rg.call
        def drop(self) -> int:
            nobody.cast(Worker.note(1))
            return len(told)

    told: list[tuple[str, bool, bool]] = []
    nobody: rg.Ref[Worker]

    async def body(system: rg.System) -> None:
        nonlocal nobody
        nobody = system.ref("nobody", Worker)
        other = system.whereis("other")

        def look(event: events.Event) -> None:
            inside = True
            try:
                rg.current()
            except rg.errors.NotAProcess:
                inside = False
            told.append((event.name, inside, asyncio.current_task() is not None))

        system.events.subscribe("", look)
        assert await system.ref("d", Dropper).call(Dropper.drop(), timeout=1.0) == 0
        async with system.guest():
            assert other is not None
            rg.link(other)
            rg.trap_exit(True)
            other.kill()
            await rg.receive(rg.Exit)
        await system.idle()
        assert ("message.dropped", False, False) in told
        assert {(inside, task) for _, inside, task in told} == {(False, False)}

    children = [rg.child(Dropper, name="d"), rg.child(Worker, name="other", restart="temporary")]
    play(body, *children, hand_off=hand_off)


def test_prefixes_go_dot_by_dot() -> None:
    async def body(system: rg.System) -> None:
        assert system.events.wanted == set()
        with system.events.subscribe("process", print) as subscription:
            assert events.Exited in system.events.wanted
            assert events.SystemStarted not in system.events.wanted
            assert subscription.matches("process.exited")
            assert not subscription.matches("processor.started")
            assert system.events.subscriptions() == (subscription,)
        assert system.events.wanted == set()
        exact = system.events.subscribe("process.exited", print)
        assert system.events.wanted == {events.Exited}
        exact.close()
        exact.close()

    play(body, hand_off=True)


def test_events_of_ones_own(hand_off: bool) -> None:
    class Paid(events.Event, frozen=True):
        name = "shop.paid"
        amount: int

    async def body(system: rg.System) -> None:
        seen = listen(system, "shop")
        system.events.emit(Paid(at=0.0, amount=3))
        await system.idle()
        assert [event.amount for event in seen if isinstance(event, Paid)] == [3]

    play(body, hand_off=hand_off)


@pytest.mark.parametrize(("prefix", "callback"), [(None, print), ("process", None)])
def test_nonsense_is_refused(prefix: Any, callback: Any) -> None:
    system = rg.System([])
    with pytest.raises(rg.errors.BadSubscription, match="can't subscribe with None; allowed is"):
        system.events.subscribe(prefix, callback)


def test_one_without_an_end_does_not_hold_the_loop(hand_off: bool) -> None:
    """A subscriber whose every event causes the next still lets the others run."""

    async def body(system: rg.System) -> None:
        count = 0

        def again(event: events.Event) -> None:
            nonlocal count
            count += 1
            system.ref("nobody", Worker).cast(Worker.note(count))

        subscription = system.events.subscribe("message", again)
        system.ref("nobody", Worker).cast(Worker.note(0))
        await elapse(0)
        await elapse(0)
        assert 1 <= count <= 3
        subscription.close()

    play(body, hand_off=hand_off)
