"""Probes: they note what they get, and say of what they are asked for whether they got it."""

from __future__ import annotations

from typing import assert_type

import msgspec
import pytest

import regrow as rg
import regrow.testing as rt
from tests.testing.servers import Counter, now, play


class Refused(Exception):
    """A declared answer."""


class Store(rg.GenServer):
    """What the shop below needs, with handlers of all kinds; it must not run in a test of the shop."""

    def init(self, path: str) -> None:
        raise AssertionError("the real one was started")

    @rg.call(raises=Refused)
    def take(self, what: str, /, count: int = 1, *, urgent: bool = False) -> int:
        raise AssertionError

    @rg.call
    async def size(self) -> int:
        raise AssertionError

    @rg.call(blocking=True)
    def load(self) -> bytes:
        raise AssertionError

    @rg.cast
    def note(self, what: str) -> None:
        raise AssertionError


class Shop(rg.GenServer):
    """What is tested."""

    @rg.call
    async def buy(self, what: str) -> str:
        store = self.system.ref("store", Store)
        try:
            left = await store.call(Store.take(what, urgent=True), timeout=1.0)
        except Refused:
            store.cast(Store.note(f"no {what}"))
            return "sold out"
        return f"{left} left"


def shop() -> rg.ChildSpec:
    return rg.child(Shop, name="shop")


# -- standing in for a class ---------------------------------------------------------------------


def test_it_stands_in_for_a_class_with_its_types_and_answers_as_told() -> None:
    probe = rt.Probe.of(Store, replies={"take": 5})
    assert_type(probe, rt.Probe[Store])

    async def body(system: rg.System) -> None:
        assert await system.ref("shop", Shop).call(Shop.buy("tea"), timeout=1.0) == "5 left"
        message = await probe.expect(Store.take("tea", urgent=True))
        assert message == Store.take("tea", 1, urgent=True)
        assert [(one.kind, one.at) for one in probe.received] == [("call", 0.0)]
        assert_type(probe.pid, rg.Pid[Store])
        assert system.whereis("store") is probe.pid

    play(body, probe.child_spec(name="store"), shop())


def test_a_reply_may_be_a_function_of_the_arguments_or_an_exception() -> None:
    async def size() -> int:
        return await rt.wait_for(lambda: now() >= 0.5 and 9)

    probe = rt.Probe.of(
        Store, replies={"take": lambda what, count, *, urgent: len(what) * count + urgent, "size": size}
    )

    async def body(system: rg.System) -> None:
        store = system.ref("store", Store)
        assert await store.call(Store.take("tea", 3), timeout=1.0) == 9
        assert await store.call(Store.take("tea", urgent=True), timeout=1.0) == 4
        assert await store.call(Store.size(), timeout=1.0) == 9
        probe.reply_with(take=Refused)
        assert await system.ref("shop", Shop).call(Shop.buy("tea"), timeout=1.0) == "sold out"
        await probe.expect(Store.note("no tea"))
        probe.reply_with(size=RuntimeError("a crash, as it isn't declared"), load=b"x")
        old = probe.pid
        with pytest.raises(rg.errors.ProcessExited):
            await store.call(Store.size(), timeout=1.0)
        assert await rt.wait_restart(old) is probe.pid
        assert await store.call(Store.load(), timeout=1.0) == b"x"
        assert len(probe.received) == 7  # over both lives

    play(body, probe.child_spec(name="store"), shop())


def test_a_call_without_a_reply_is_noted_and_told_so() -> None:
    probe = rt.Probe.of(Store)

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.NoReply) as caught:
            await system.ref("store", Store).call(Store.size(), timeout=1.0)
        assert str(caught.value) == (
            "the probe of Store has no reply to Store.size(): give it one,"
            " rt.Probe.of(Store, replies={'size': ...}), a value or a function of its arguments"
        )
        assert caught.value.message == Store.size()
        assert await probe.expect(Store.size) == Store.size()
        assert probe.pid.alive

    play(body, probe.child_spec(name="store"))


@pytest.mark.parametrize(
    ("server", "replies", "text"),
    [
        (
            Store,
            {"tak": 1},
            "'tak' can't be used: Store has no such call to reply to; it has: load, size, take",
        ),
        (Store, {"note": 1}, "'note' can't be used: it is a cast of Store, and a cast has no reply"),
        (Refused, {}, f"{Refused!r} can't be used: a probe stands in for a GenServer class"),
        (
            rg.Supervisor,
            {},
            "<class 'regrow.runtime.supervisor.Supervisor'> can't be used: no probe can supervise; give it"  # noqa: ISC004
            " a real supervisor with probes as children",
        ),
    ],
)
def test_what_no_probe_can_be_is_refused(server: type[Store], replies: dict[str, object], text: str) -> None:
    with pytest.raises(rg.errors.BadProbe) as caught:
        rt.Probe.of(server, replies=replies)
    assert str(caught.value) == text


def test_a_class_that_keeps_its_state_is_stood_in_for_without_a_journal() -> None:
    class State(msgspec.Struct):
        n: int = 0

    @rg.persistent(State)
    class Kept(rg.GenServer):
        state: State

        @rg.call
        def get(self) -> int:
            return self.state.n

    probe = rt.Probe.of(Kept, replies={"get": 3})

    async def body(system: rg.System) -> None:
        assert await system.ref("kept", Kept).call(Kept.get(), timeout=1.0) == 3

    play(body, probe.child_spec(name="kept"))


def test_a_subclass_and_its_base_make_the_same_messages() -> None:
    class Special(Counter):
        @rg.call
        def increment(self, by: int = 1) -> int:
            return 0

    probe = rt.Probe.of(Special, replies={"increment": 1, "get": 0})

    async def body(system: rg.System) -> None:
        await system.ref("c", Counter).call(Counter.increment(2), timeout=1.0)
        await system.ref("c", Special).call(Special.increment(3), timeout=1.0)
        await system.ref("c", Special).call(Special.get(), timeout=1.0)
        await probe.expect_in_order(Counter.increment(2), Counter.increment(3), Counter.get)
        assert len(probe.received) == 3

    play(body, probe.child_spec(name="c"))


# -- plain probes --------------------------------------------------------------------------------


def test_a_plain_probe_takes_sends_and_sees_ends() -> None:
    probe = rt.Probe()

    async def body(system: rg.System) -> None:
        pid = await probe.start(system)
        target = system.whereis("counter")
        assert target is not None
        monitor = await probe.monitor(target)
        await probe.link(target)
        target.exit("enough")
        down = await probe.expect(rg.Down)
        assert_type(down, rg.Down)
        assert (down.monitor, down.pid, down.reason) == (monitor, target, "enough")
        assert (await probe.expect(rg.Exit)).pid is target
        pid.send({"a": 1})
        await probe.expect({"a": 1})
        assert [one.kind for one in probe.received] == ["exit", "down", "info"]
        assert pid is probe.pid

    play(body)


def test_links_and_monitors_are_taken_back() -> None:
    probe = rt.Probe()

    async def body(system: rg.System) -> None:
        await probe.start(system, name="probe")
        monitor = await probe.monitor("counter")
        target = system.ref("counter", Counter).whereis()
        assert target is not None
        await probe.link(target)
        await probe.demonitor(monitor)
        await probe.unlink(target)
        target.kill()
        await rt.wait_restart(target)
        await probe.expect_no(object, for_=1.0)
        with pytest.raises(rg.errors.NotMine):
            async with system.guest():
                await probe.demonitor(rg.monitor("counter"))
        assert probe.pid.alive  # a bad request doesn't end it

    play(body)


def test_several_are_started_and_none_is_when_its_system_is_over() -> None:
    one, two = rt.Probe(), rt.Probe.of(Counter)

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.ProbeNotRunning) as caught:
            _ = one.pid
        assert str(caught.value) == (
            "<Probe> has no process that runs: put probe.child_spec(name=...) among the children of a System,"
            " or await probe.start(system)"
        )
        assert (await one.start(system)).alive
        assert (await two.start(system)).alive
        await rt.Probe().start(system, name="three")
        assert (repr(one), repr(two)) == ("<Probe>", "<Probe of Counter>")
        one.pid.send(1)
        await rt.wait_idle()

    play(body)
    with pytest.raises(rg.errors.ProbeNotRunning, match="<Probe of Counter> has no process that runs"):
        _ = two.pid
    assert [record.message for record in one.received] == [1]


def test_crash_reports_show_the_last_that_it_got() -> None:
    probe = rt.Probe.of(Counter, replies={"get": ValueError("x")})

    async def body(system: rg.System) -> None:
        async with rt.assert_event(rg.events.CrashReported) as seen:
            for n in range(6):
                system.ref("c", Counter).cast(Counter.add(n))
            with pytest.raises(rg.errors.ProcessExited):
                await system.ref("c", Counter).call(Counter.get(), timeout=1.0)
        report = seen.of(rg.events.CrashReported)[0].report
        assert "0 s: call Counter.get()" in str(report.state)
        assert "Counter.add(n=0)" not in str(report.state)

    play(body, probe.child_spec(name="c"))
