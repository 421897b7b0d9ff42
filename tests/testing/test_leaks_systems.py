"""What is left in Systems: in those that still run, and in those that ran before the test."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing import run_virtual


class Counter(rg.GenServer):
    def init(self) -> None:
        self.n = 0

    @rg.call
    def increment(self) -> int:
        self.n += 1
        return self.n

    def handle_info(self, message: object) -> None:
        raise ValueError(message)


class Helper(rg.GenServer):
    """Sets a monitor, a timer and a name of its own, as servers do when they start."""

    def init(self) -> None:
        rg.monitor("counter", tag="helped")
        rg.send_interval(rg.current(), "tick", 60.0)

    def handle_info(self, message: object) -> None:
        if message == "crash":
            raise ValueError(message)


async def receive_all() -> None:
    while True:
        await rg.receive()


async def receive_nothing() -> None:
    await rg.receive(KeyError)


async def on_a_shared_system(act: Callable[[rg.System], Awaitable[object]]) -> list[tuple[str, str]]:
    """The leaks of a block that acts on a System that was there before, by kind and name."""
    children = [
        rg.child(Counter, name="counter"),
        rg.child(Helper, name="helper"),
        rg.dynamic_supervisor(name="dynamic"),
    ]
    async with rg.System(children, name="shared") as system:
        # One more of each is there before: it is not the block's.
        system.registry.register("old", system.spawn(receive_all))
        async with system.guest(name="guest"):
            guard = rt.leak_guard()
            with pytest.raises(rg.errors.LeaksFound):
                async with guard:
                    await act(system)
                    await system.idle()
        assert all("shared" in leak.name for leak in guard.leaks)
        assert all(any(act.__qualname__ in line for line in leak.stack) for leak in guard.leaks if leak.stack)
        return [(leak.kind, leak.name.removesuffix(", in System 'shared'")) for leak in guard.leaks]


# -- Systems that still run --------------------------------------------------------------------


def test_a_system_that_nobody_stopped() -> None:
    async def main() -> None:
        system = rg.System([rg.child(Counter)], name="forgotten")
        with pytest.raises(rg.errors.LeaksFound) as caught:
            async with rt.leak_guard():
                await system.start()
        await system.stop()
        (leak,) = caught.value.leaks
        assert isinstance(leak, rt.Leak)
        assert (leak.kind, leak.name) == ("system", "System 'forgotten' of 2 processes still runs")

    run_virtual(main())


def test_a_journal_that_is_open(tmp_path: Path) -> None:
    file = tmp_path / "app.db"

    async def main() -> None:
        system = rg.System(services=[rg.Journal(file, control=False)], name="durable")
        with pytest.raises(rg.errors.LeaksFound) as caught:
            async with rt.leak_guard():
                await system.start()
        await system.stop()
        (leak,) = caught.value.leaks
        assert isinstance(leak, rt.Leak)
        assert leak.kind == "journal"
        assert str(file) in leak.name

    run_virtual(main(), threads=True)


def test_a_system_that_only_the_end_of_its_loop_has_killed() -> None:
    async def main() -> None:
        await rg.System(name="forgotten").start()

    with (
        pytest.raises(rg.errors.LeaksFound, match="system: System 'forgotten' of 1 processes"),
        rt.leak_guard(),
    ):
        run_virtual(main())


def test_systems_that_are_stopped_leave_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with rg.System(
            [rg.child(Counter, name="counter"), rg.child(Helper)], services=[rg.Journal(tmp_path / "app.db")]
        ) as system:
            await system.ref("counter", Counter).call(Counter.increment(), timeout=1.0)

    with rt.leak_guard() as guard:
        run_virtual(main(), threads=True, sockets=True)
    assert guard.leaks == ()


# -- Systems that ran before -------------------------------------------------------------------


def test_a_process_and_its_name() -> None:
    async def act(system: rg.System) -> None:
        system.registry.register("mine", system.spawn(receive_all))

    assert run_virtual(on_a_shared_system(act)) == [("process", "'mine' under nobody"), ("name", "'mine'")]


def test_a_process_like_one_that_there_is() -> None:
    async def act(system: rg.System) -> None:
        system.spawn(receive_nothing)

    async def main() -> None:
        async with rg.System(name="shared") as system:
            system.spawn(receive_nothing)
            text = r"process: receive_nothing under nobody \(1 more\), in System 'shared'\n +made at .*act\n"
            with pytest.raises(rg.errors.LeaksFound, match=text):
                async with rt.leak_guard():
                    await act(system)

    run_virtual(main())


def test_a_child_of_a_dynamic_supervisor() -> None:
    async def act(system: rg.System) -> None:
        dynamic = system.ref("dynamic", rg.DynamicSupervisor)
        await dynamic.call(rg.DynamicSupervisor.start_child(rg.child(Counter)), timeout=1.0)

    assert run_virtual(on_a_shared_system(act)) == [("process", "Counter 'Counter' under 'dynamic'")]


def test_a_monitor_and_a_link() -> None:
    async def act(system: rg.System) -> None:
        rg.monitor("counter", tag="mine")
        found = system.whereis("old")
        assert found is not None
        rg.link(found)

    assert run_virtual(on_a_shared_system(act)) == [
        ("monitor", "of 'counter' by 'guest' 'mine'"),
        ("link", "of 'old' and 'guest'"),
    ]


def test_a_subscriber() -> None:
    async def act(system: rg.System) -> None:
        system.events.subscribe("process", print)

    assert run_virtual(on_a_shared_system(act)) == [("subscriber", "print of process")]


def test_a_timer_of_the_runtime() -> None:
    async def act(system: rg.System) -> None:
        rg.send_interval(system.ref("counter", Counter), "tick", 3600.0)

    assert run_virtual(on_a_shared_system(act)) == [("timer", "message to 'counter' by 'guest' every 3600 s")]


def test_a_mailbox_that_nobody_empties() -> None:
    async def act(system: rg.System) -> None:
        old = system.whereis("old")
        assert old is not None
        system.suspend(system.whereis("counter") or old)
        for number in range(3):
            system.ref("counter", Counter).send(number)

    assert run_virtual(on_a_shared_system(act)) == [
        ("mailbox", "message for 'counter' that nobody took (3 more)")
    ]


def test_messages_that_a_selective_receive_skips() -> None:
    async def main() -> None:
        async with rg.System() as system:
            skipping = system.spawn(receive_nothing)
            with pytest.raises(rg.errors.LeaksFound, match="message for receive_nothing that nobody took"):
                async with rt.leak_guard():
                    skipping.send("hello")

    run_virtual(main())


def test_what_is_restarted_is_not_left_behind() -> None:
    """It has a new Pid, a new monitor and a new timer, and there is no more of each than before."""

    async def main() -> None:
        children = [rg.child(Counter, name="counter"), rg.child(Helper, name="helper")]
        async with rg.System(children) as system:
            old = system.whereis("helper")
            async with rt.leak_guard() as guard:
                system.ref("helper", Helper).send("crash")
                await system.idle()
            assert system.whereis("helper") != old
            assert guard.leaks == ()

    run_virtual(main())


def test_what_a_shared_system_does_meanwhile_is_no_leak() -> None:
    """Its warm tasks, its own timers, its threads: it has them anyway."""

    class Busy(rg.GenServer):
        @rg.call
        async def wait(self) -> None:
            await rg.sync(self.other, timeout=1.0)

        @rg.call(blocking=True)
        def block(self) -> None:
            return None

        def init(self, other: rg.Ref[Counter]) -> None:
            self.other = other

    async def main() -> None:
        async with (
            rg.System([rg.child(Counter, name="counter")]) as system,
            rt.kit("basic", system=system) as kit,
        ):
            busy = await kit.start_supervised(Busy, args=(system.ref("counter", Counter),))
            async with rt.leak_guard() as guard:
                await busy.call(Busy.wait(), timeout=60.0)
                await busy.call(Busy.block(), timeout=60.0)
            assert guard.leaks == ()

    run_virtual(main(), threads=True)


def test_a_thousand_subscribers_die_and_nothing_of_them_is_left() -> None:
    """Counted in the tables of one System, before they exist and after the last has ended: not by a counter
    of the whole program, and not of processes that may be dead already."""

    class Subscriber(rg.GenServer):
        def init(self, source: rg.Ref[Counter]) -> None:
            rg.monitor(source)
            rg.send_interval(rg.current(), "tick", 60.0)

        def handle_info(self, message: object) -> None:
            """Takes it."""

    async def main() -> None:
        async with rg.System([rg.child(Counter, name="counter")]) as system:
            before = system.statistics()
            async with rt.leak_guard() as guard:
                async with rt.kit("basic", system=system) as kit:
                    source = system.ref("counter", Counter)
                    for _ in range(1000):
                        await kit.start_supervised(Subscriber, args=(source,))
                    during = system.statistics()
                    assert (during.monitors, during.timers) == (before.monitors + 1000, before.timers + 1000)
                await system.idle()
            after = system.statistics()
            assert guard.leaks == ()
            assert (after.monitors, after.timers, after.names) == (
                before.monitors,
                before.timers,
                before.names,
            )

    run_virtual(main())
