"""Monitors: exactly one DOWN each, and a table in which nothing is lost and nothing stays."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import regrow as rg
from regrow.core.events import DownSent, MonitorLeaked
from tests.runtime.kit import play
from tests.runtime.kit_supervision import listen


async def waiting() -> None:
    await rg.receive(str)


async def boom() -> None:
    await rg.receive(str)
    raise ValueError("boom")


class Watcher(rg.GenServer):
    """Keeps the DOWNs that it gets."""

    def init(self) -> None:
        self.downs: list[rg.Down] = []
        self.monitors: list[rg.Monitor] = []

    @rg.call
    def watch(self, target: object, tag: str = "") -> rg.Monitor:
        self.monitors.append(rg.monitor(target, tag=tag))  # type: ignore[arg-type]
        return self.monitors[-1]

    @rg.call
    def forget(self, monitor: rg.Monitor) -> None:
        rg.demonitor(monitor)

    def handle_info(self, message: object) -> None:
        assert isinstance(message, rg.Down)
        self.downs.append(message)

    @rg.call
    def got(self) -> list[rg.Down]:
        return self.downs


WATCHER = rg.child(Watcher, name="watcher")


def watcher(system: rg.System) -> rg.Ref[Watcher]:
    return system.ref("watcher", Watcher)


@pytest.mark.parametrize("end", ["normal", "crash", "kill", "exit"])
def test_down_comes_exactly_once_with_the_reason(end: str, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.spawn(boom if end == "crash" else waiting)
        monitor = await watcher(system).call(Watcher.watch(pid), timeout=1.0)
        if end == "kill":
            pid.kill()
        elif end == "exit":
            pid.exit("odd")
        else:
            pid.send("go")
        await system.idle()
        (down,) = await watcher(system).call(Watcher.got(), timeout=1.0)
        assert (down.monitor, down.pid, down.target) == (monitor, pid, pid)
        if end == "crash":
            assert isinstance(down.reason, rg.Crash)
        else:
            assert down.reason == {"normal": rg.NORMAL, "kill": rg.KILLED, "exit": "odd"}[end]
        assert monitor.state == "delivered"

    play(body, WATCHER, hand_off=hand_off)


def test_the_dead_and_free_names_are_told_at_once(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.spawn(waiting)
        pid.kill()
        await pid.down(timeout=1.0)
        ref = system.ref("nobody", Watcher)
        for target in (pid, "nobody", ref):
            await watcher(system).call(Watcher.watch(target), timeout=1.0)
        await system.idle()
        downs = await watcher(system).call(Watcher.got(), timeout=1.0)
        assert [(down.target, down.pid, down.reason) for down in downs] == [
            (pid, pid, rg.NOPROC),
            ("nobody", None, rg.NOPROC),
            ("nobody", None, rg.NOPROC),
        ]
        assert system.monitors.list() == ()

    play(body, WATCHER, hand_off=hand_off)


def test_a_name_is_watched_as_it_is_held_now(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        first = system.spawn(waiting, name="n")
        await watcher(system).call(Watcher.watch("n"), timeout=1.0)
        first.kill()
        await first.down(timeout=1.0)
        second = system.spawn(waiting, name="n")
        second.kill()
        await system.idle()
        (down,) = await watcher(system).call(Watcher.got(), timeout=1.0)
        assert (down.target, down.pid) == ("n", first)

    play(body, WATCHER, hand_off=hand_off)


def test_two_monitors_of_one_target_are_two(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.spawn(waiting)
        one = await watcher(system).call(Watcher.watch(pid, "one"), timeout=1.0)
        two = await watcher(system).call(Watcher.watch(pid, "two"), timeout=1.0)
        assert one != two
        assert len({one, two}) == 2
        pid.kill()
        await system.idle()
        downs = await watcher(system).call(Watcher.got(), timeout=1.0)
        assert [down.monitor for down in downs] == [one, two]

    play(body, WATCHER, hand_off=hand_off)


def test_what_cannot_be_watched(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.NotAProcess):
            rg.monitor(system.root)
        async with system.guest():
            with pytest.raises(rg.errors.BadAddress):
                rg.monitor(7)  # type: ignore[arg-type]
            async with rg.System(name="other", hand_off=hand_off) as other:
                with pytest.raises(rg.errors.OtherSystem):
                    rg.monitor(other.root)
        assert system.monitors.statistics().created == 0

    play(body, hand_off=hand_off)


# -- demonitor ---------------------------------------------------------------------------------


def test_demonitor_takes_back_a_down_that_is_queued(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.spawn(waiting)
        async with system.guest():
            monitor = rg.monitor(pid)
            other = rg.monitor(pid)
            pid.kill()
            await pid.down(timeout=1.0)  # both DOWNs stand in the mailbox now
            assert monitor.state == "fired"
            rg.demonitor(monitor)
            rg.demonitor(monitor)  # twice is fine
            assert (await rg.receive(rg.Down, timeout=1.0)).monitor is other
            with pytest.raises(rg.errors.ReceiveTimeout):
                await rg.receive(timeout=1.0)
            rg.demonitor(other)  # delivered: nothing to take back
            assert (monitor.state, other.state) == ("demonitored", "delivered")

    play(body, hand_off=hand_off)


def test_demonitor_in_a_server_takes_back_a_down_that_is_queued(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = watcher(system)
        pid = system.spawn(waiting)
        monitor = await ref.call(Watcher.watch(pid), timeout=1.0)
        here = ref.whereis()
        assert here is not None
        system.suspend(here)
        forgetting = asyncio.ensure_future(ref.call(Watcher.forget(monitor), timeout=1.0))
        await system.idle()
        pid.kill()
        await system.idle()
        assert monitor.state == "fired"
        system.resume(here)
        await forgetting
        assert await ref.call(Watcher.got(), timeout=1.0) == []

    play(body, WATCHER, hand_off=hand_off)


def test_only_the_owner_may_demonitor(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.spawn(waiting)
        monitor = await watcher(system).call(Watcher.watch(pid), timeout=1.0)
        async with system.guest():
            with pytest.raises(rg.errors.NotMine):
                rg.demonitor(monitor)
        assert monitor.state == "active"

    play(body, WATCHER, hand_off=hand_off)


def test_with_monitoring_leaves_nothing(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.spawn(waiting)
        async with system.guest():
            with rg.monitoring(pid, tag="for a while") as monitor:
                assert [row.tag for row in system.monitors.list()] == ["for a while"]
                pid.kill()
                assert (await rg.receive(rg.Down, timeout=1.0)).monitor is monitor
            other = system.spawn(waiting)
            with pytest.raises(KeyError), rg.monitoring(other) as second:
                other.kill()
                await other.down(timeout=1.0)
                raise KeyError
            assert second.state == "demonitored"
            with pytest.raises(rg.errors.ReceiveTimeout):
                await rg.receive(timeout=1.0)  # the queued DOWN went with it
        assert system.monitors.list() == ()

    play(body, hand_off=hand_off)


# -- the table ---------------------------------------------------------------------------------


def later(seconds: float) -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_later(seconds, future.set_result, None)
    return future


def test_the_list_says_who_watches_whom_since_when(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.spawn(waiting)
        async with system.guest() as me:
            first = rg.monitor(pid, tag="first")
            await later(2.0)
            rg.monitor("watcher", long_lived=True)
            one, two = system.monitors.list()
            assert (one.monitor, one.owner, one.target, one.tag, one.age) == (first, me, pid, "first", 2.0)
            assert (two.target, two.age, two.long_lived, two.call_site) == ("watcher", 0.0, True, None)
            assert "'first'" in repr(first)
            assert "active" in repr(first)

    play(body, WATCHER, hand_off=hand_off)


LINES = Path(__file__).read_text(encoding="utf-8").splitlines()


def test_debug_notes_the_line_that_set_it(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async with system.guest():
            monitor = rg.monitor(system.root)
            with rg.monitoring(system.root) as scoped:
                sites = [monitor.call_site or "", scoped.call_site or ""]
        for site, text in zip(sites, ("rg.monitor(system.root)", "rg.monitoring(system.root)"), strict=True):
            path, _, line = site.rpartition(":")
            assert Path(path).name == Path(__file__).name
            assert text in LINES[int(line) - 1]

    play(body, hand_off=hand_off, debug=True)


@pytest.mark.parametrize("who", ["owner", "target"])
def test_the_death_of_either_cleans_up(who: str, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        targets = [system.spawn(waiting) for _ in range(3)]
        for target in targets:
            await watcher(system).call(Watcher.watch(target), timeout=1.0)
        await watcher(system).call(Watcher.watch(targets[0]), timeout=1.0)
        if who == "owner":
            watcher(system).kill()
        else:
            for target in targets:
                target.kill()
        await system.idle()
        assert system.monitors.list() == ()
        counts = system.monitors.statistics()
        assert (counts.created, counts.cleaned, counts.leaked, counts.active) == (4, 4, 0, 0)
        if who == "owner":
            for target in targets:
                target.kill()  # nobody is there to be told
            await system.idle()
            assert await watcher(system).call(Watcher.got(), timeout=1.0) == []

    play(body, WATCHER, hand_off=hand_off)


def test_a_process_may_watch_itself_and_its_end_leaves_nothing(hand_off: bool) -> None:
    async def narcissist() -> None:
        rg.monitor(rg.current())

    async def body(system: rg.System) -> None:
        assert await system.spawn(narcissist).down(timeout=1.0) is rg.NORMAL
        assert system.monitors.statistics().active == 0

    play(body, hand_off=hand_off)


def test_a_leak_is_counted_and_told_once(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        told = listen(system, MonitorLeaked)
        pid = system.spawn(waiting)
        async with system.guest():
            rg.monitor(pid, tag="old")
            rg.monitor(pid, tag="meant so", long_lived=True)
            await later(10.0)
            rg.monitor(pid, tag="young")
            for _ in range(3):
                assert [row.tag for row in system.monitors.find_leaks(10.0)] == ["old"]
            assert [row.tag for row in system.monitors.find_leaks(10.001)] == []
            assert {row.tag for row in system.monitors.find_leaks(0.0)} == {"old", "young"}
            await system.idle()
            assert [event.tag for event in told] == ["old", "young"]
            assert system.monitors.statistics().leaked == 2
        assert system.monitors.find_leaks(0.0) == ()  # its owner has gone

    play(body, hand_off=hand_off)


def test_every_down_is_an_event(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        told = listen(system, DownSent)
        pid = system.spawn(waiting)
        await watcher(system).call(Watcher.watch(pid, "t"), timeout=1.0)
        pid.kill()
        await system.idle()
        assert [(event.target, event.reason, event.tag) for event in told] == [(pid, rg.KILLED, "t")]

    play(body, WATCHER, hand_off=hand_off)


def test_a_full_mailbox_never_loses_a_down(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids = [system.spawn(waiting) for _ in range(5)]
        async with system.guest() as me:
            for pid in pids:
                rg.monitor(pid)
            me.send("fills the only place")
            with pytest.raises(rg.errors.MailboxFull):
                me.send("one too many")
            for pid in pids:
                pid.kill()
            await system.idle()
            got = [(await rg.receive(rg.Down, timeout=1.0)).pid for _ in pids]
            assert got == pids

    play(body, hand_off=hand_off, settings=rg.Settings(mailbox_capacity=1))
