"""papyra."""
# mypy: ignore-errors
# ruff: noqa: RUF012

from __future__ import annotations

import asyncio

from papyra import Actor, ActorSystem, Strategy, SupervisionPolicy

from benchmarks.semantics.kit import FAST, PATIENCE, Cases, idle, judge, learnt, timed

starts: dict[str, int] = {}
stopped: list[str] = []
RESTART = SupervisionPolicy(Strategy.RESTART, max_restarts=3, within_seconds=5.0)


class Server(Actor):
    def __init__(self, name):
        self.name, self.seen = name, []

    async def on_start(self):
        starts[self.name] = starts.get(self.name, 0) + 1
        if self.name == "bad":
            raise RuntimeError("no start")

    async def on_stop(self):
        stopped.append(self.name)

    async def receive(self, message):
        if message == "boom":
            raise RuntimeError("boom")
        if message == "loop":
            await asyncio.sleep(0.02)
            raise RuntimeError("boom")
        if message == "slow":
            await asyncio.sleep(1.0)
        if message == "seen":
            return self.seen
        if callable(message):
            return await message()
        self.seen.append(message)
        return message


class Papyra(Cases):
    package = distribution = "papyra"
    cannot = {
        "monitor_refs_are_unique": "a watch has no reference",
        "demonitor_flushes": "a watch has no reference",
        "killed_permanent_child_restarts": "no way to kill an actor",
    }

    def drive(self, main):
        async def go():
            async with ActorSystem() as self.system:
                return await main()

        return asyncio.run(go())

    def _spawn(self, name, **options):
        return self.system.spawn(lambda: Server(name), **options)

    async def callee_crash_fails_fast(self):
        end = await timed(self._spawn("a").ask("boom", timeout=PATIENCE))
        return learnt(end)

    async def foreign_messages_survive_a_call(self):
        a, caller = self._spawn("a"), self._spawn("caller")
        asking = asyncio.ensure_future(caller.ask(lambda: a.ask("slow", timeout=PATIENCE), timeout=PATIENCE))
        await asyncio.sleep(0.1)
        await caller.tell("foreign")
        await asking
        seen = await caller.ask("seen", timeout=PATIENCE)
        return judge(seen == ["foreign"], "received" if seen else "lost")

    async def _busy(self):
        a = self._spawn("a", mailbox_capacity=2)
        await a.tell("slow")
        await asyncio.sleep(0.05)
        for _ in range(2):
            await a.tell("x")
        return a

    async def call_timeout_covers_the_send(self):
        a = await self._busy()
        end = await timed(a.ask("echo", timeout=0.1))
        return judge(end.error is not None and end.seconds < FAST, f"{end}, mailbox full")

    async def cast_never_blocks(self):
        a = await self._busy()
        end = await timed(a.tell("x"))
        return judge(end.seconds < 0.1, f"{end}, mailbox full")

    async def one_crash_is_one_restart(self):
        refs = [self._spawn(f"a{i}", policy=RESTART) for i in range(5)]
        await timed(refs[0].ask("boom", timeout=1.0))
        up = sum([(await timed(ref.ask("x", timeout=0.5))).error is None for ref in refs])
        return judge(up == 5, f"one_for_one {up} of 5 up; no other strategy")

    async def restart_budget_exists(self):
        a = self._spawn("loop", policy=RESTART)
        for _ in range(20):
            await timed(a.tell("loop"))
        await asyncio.sleep(1.0)
        return judge(starts["loop"] == 4, f"{starts['loop']} starts in 1 s")

    async def budget_ends_the_subtree_alone(self):
        beside, parent = self._spawn("beside"), self._spawn("parent")
        sibling = self._spawn("sibling", policy=RESTART, parent=parent)
        child = self._spawn("loop", policy=RESTART, parent=parent)
        for _ in range(20):
            await timed(child.tell("loop"))
        await asyncio.sleep(1.0)
        text = f"child {_up(child)}, sibling {_up(sibling)}, parent {_up(parent)}, beside {_up(beside)}"
        return judge(not sibling.is_alive() and beside.is_alive(), text)

    async def temporary_child_stays_down(self):
        a = self._spawn("a", policy=SupervisionPolicy(Strategy.STOP))
        await timed(a.ask("boom", timeout=1.0))
        await asyncio.sleep(0.2)
        return judge(starts["a"] == 1, f"{starts['a']} starts")

    async def terminate_is_called(self):
        a = self._spawn("a")
        await asyncio.sleep(0.05)
        await self.system.stop(a)
        b = self._spawn("b")
        await timed(b.ask("boom", timeout=1.0))
        await asyncio.sleep(0.3)
        return judge(set(stopped) == {"a", "b"}, f"called for {stopped} of ['a', 'b']")

    async def start_failure_is_loud(self):
        first, errors = self._spawn("a"), []
        try:
            self._spawn("bad")
        except RuntimeError as error:
            errors.append(error)
        await asyncio.sleep(0.5)
        seen = "an error" if errors else "spawn returned a ref"
        text = f"{seen}, {starts['bad']} tries; first child {_up(first)}"
        return judge(bool(errors) and not first.is_alive(), text)

    async def no_idle_wake_ups(self):
        for _ in range(100):
            self._spawn("idle")
        await asyncio.sleep(0.2)
        idle()
        await asyncio.get_running_loop().create_future()


def _up(ref):
    return "up" if ref.is_alive() else "down"


CASES = Papyra()
