"""The monitor table against a dictionary: one DOWN for each monitor, and nothing stays behind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import regrow as rg
from tests.model.live import Live

OWNERS = ("one", "two")
TARGETS = ("a", "b", "c")


class Owner(rg.GenServer):
    def init(self) -> None:
        self.downs: list[tuple[rg.Monitor, rg.ExitReason]] = []

    @rg.call
    def watch(self, target: rg.Pid[object] | str, tag: str) -> rg.Monitor:
        return rg.monitor(target, tag=tag)

    @rg.call
    def forget(self, monitor: rg.Monitor) -> None:
        rg.demonitor(monitor)

    @rg.call
    def got(self) -> list[tuple[rg.Monitor, rg.ExitReason]]:
        return self.downs

    def handle_info(self, message: object) -> None:
        assert isinstance(message, rg.Down)
        self.downs.append((message.monitor, message.reason))


class Target(rg.GenServer):
    pass


@dataclass
class Expected:
    """What one incarnation of an owner has been told."""

    downs: list[tuple[rg.Monitor, rg.ExitReason]] = field(default_factory=list)


class Machine(RuleBasedStateMachine):
    monitors = Bundle("monitors")
    hand_off = True

    @initialize()
    def begin(self) -> None:
        children = [rg.child(Owner, name=name) for name in OWNERS]
        children += [rg.child(Target, name=name) for name in TARGETS]
        self.live = Live(*children, hand_off=self.hand_off, max_restarts=10_000)
        self.expected = {name: Expected() for name in OWNERS}
        self.active: dict[rg.Monitor, tuple[str, rg.Pid[object]]] = {}
        self.created = 0

    def owner(self, name: str) -> rg.Ref[Owner]:
        return self.live.system.ref(name, Owner)

    def pid(self, name: str) -> rg.Pid[object]:
        pid = self.live.system.whereis(name)
        assert pid is not None
        return pid

    async def end(self, pid: rg.Pid[object]) -> None:
        pid.kill()
        await self.live.system.idle()

    def fired(self, pid: rg.Pid[object]) -> None:
        for monitor, (owner, target) in list(self.active.items()):
            if target is pid:
                del self.active[monitor]
                self.expected[owner].downs.append((monitor, rg.KILLED))

    @rule(target=monitors, owner=st.sampled_from(OWNERS), name=st.sampled_from(TARGETS + OWNERS))
    def watch(self, owner: str, name: str) -> rg.Monitor:
        monitor = self.live.run(self.owner(owner).call(Owner.watch(name, name), timeout=1.0))
        self.active[monitor] = (owner, self.pid(name))
        self.created += 1
        return monitor

    @rule(target=monitors, owner=st.sampled_from(OWNERS), name=st.sampled_from(TARGETS))
    def watch_the_dead(self, owner: str, name: str) -> rg.Monitor:
        async def body() -> rg.Monitor:
            pid = self.pid(name)
            await self.end(pid)
            self.fired(pid)
            monitor = await self.owner(owner).call(Owner.watch(pid, ""), timeout=1.0)
            await self.live.system.idle()
            return monitor

        monitor = self.live.run(body())
        self.expected[owner].downs.append((monitor, rg.NOPROC))
        self.created += 1
        return monitor

    @rule(monitor=monitors)
    def forget(self, monitor: rg.Monitor) -> None:
        name = monitor.owner.registered_name or ""
        call = self.owner(name).call(Owner.forget(monitor), timeout=1.0)
        if monitor.owner is self.pid(name):
            self.live.run(call)
            self.active.pop(monitor, None)
            return
        call.close()  # its owner has gone, and it with it
        assert monitor not in self.active

    @rule(name=st.sampled_from(TARGETS))
    def target_dies(self, name: str) -> None:
        pid = self.pid(name)
        self.live.run(self.end(pid))
        self.fired(pid)

    @rule(name=st.sampled_from(OWNERS))
    def owner_dies(self, name: str) -> None:
        pid = self.pid(name)
        self.active = {one: entry for one, entry in self.active.items() if one.owner is not pid}
        self.live.run(self.end(pid))
        self.fired(pid)  # the other owner may have watched it
        self.expected[name] = Expected()

    @rule(monitor=monitors)
    def forget_while_the_target_dies(self, monitor: rg.Monitor) -> None:
        """The DOWN stands behind the call that takes it back."""
        if monitor not in self.active:
            return
        name, target = self.active[monitor]
        if target.registered_name == name:
            return

        async def body() -> None:
            system = self.live.system
            system.suspend(self.pid(name))
            forgetting = asyncio.ensure_future(self.owner(name).call(Owner.forget(monitor), timeout=1.0))
            await system.idle()
            await self.end(target)
            assert monitor.state == "fired"
            system.resume(self.pid(name))
            await forgetting
            await system.idle()

        self.live.run(body())
        del self.active[monitor]
        self.fired(target)
        if target.registered_name in OWNERS:
            gone = target.registered_name
            self.active = {one: entry for one, entry in self.active.items() if one.owner is not target}
            self.expected[gone] = Expected()

    @invariant()
    def both_say_the_same(self) -> None:
        if not hasattr(self, "live"):
            return
        table = self.live.system.monitors
        assert {row.monitor for row in table.list()} == set(self.active)
        assert {row.monitor for row in table.find_leaks(0.0)} == set(self.active)
        counts = table.statistics()
        assert (counts.created, counts.active) == (self.created, len(self.active))
        assert counts.created == counts.active + counts.cleaned
        for name in OWNERS:
            got = self.live.run(self.owner(name).call(Owner.got(), timeout=1.0))
            assert sorted(got, key=by_age) == sorted(self.expected[name].downs, key=by_age)

    def teardown(self) -> None:
        if hasattr(self, "live"):
            self.live.close()


def by_age(down: tuple[rg.Monitor, rg.ExitReason]) -> int:
    return id(down[0])


class Queued(Machine):
    hand_off = False


CHECKS = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_monitors_with_hand_off() -> None:
    run_state_machine_as_test(Machine, settings=CHECKS)


def test_monitors_without_hand_off() -> None:
    run_state_machine_as_test(Queued, settings=CHECKS)
