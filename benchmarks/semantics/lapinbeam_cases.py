"""lapinbeam."""
# mypy: ignore-errors
# ruff: noqa: BLE001, RUF012

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from lapinbeam import Node, Supervisor, actor, current_message, demonitor, monitor

from benchmarks.semantics.kit import FAST, PATIENCE, Cases, idle, judge, learnt, timed

starts: dict[str, int] = {}


def make(name):
    class Server:
        def __init__(self):
            starts[name] = starts.get(name, 0) + 1
            self.seen = []
            if name == "bad":
                raise RuntimeError("no start")

        async def receive(self, message):
            if message == "boom":
                raise RuntimeError("boom")
            if message == "slow":
                await asyncio.sleep(1.0)
            if message == "loop":
                await asyncio.sleep(0.02)
                raise RuntimeError("boom")
            if callable(message):
                await message(self)
            else:
                self.seen.append(message)
            if current_message().reply_to:
                await current_message().reply(message)

    return actor(name=name)(Server)


@asynccontextmanager
async def _node(**options):
    async with Node("cases@127.0.0.1:0", **options) as node:
        yield node


class Lapinbeam(Cases):
    package = distribution = "lapinbeam"
    cannot = {
        "temporary_child_stays_down": "no restart types",
        "terminate_is_called": "no clean-up callback",
        "killed_permanent_child_restarts": "no way to kill one child",
    }

    async def callee_crash_fails_fast(self):
        async with _node() as node:
            ref = Supervisor(node=node).spawn(make("a"))
            return learnt(await timed(ref.ask("boom", PATIENCE)))

    async def foreign_messages_survive_a_call(self):
        async with _node() as node:
            supervisor = Supervisor(node=node)
            server, caller = supervisor.spawn(make("a")), supervisor.spawn(make("caller"))
            servers = []

            async def call(me):
                servers.append(me)
                await server.ask("slow", PATIENCE)

            await caller.send(call)
            await asyncio.sleep(0.1)
            await caller.send("foreign")
            await asyncio.sleep(1.5)
            got = servers[0].seen == ["foreign"]
            return judge(got, "received" if got else "lost")

    async def call_timeout_covers_the_send(self):
        async with _node(mailbox_capacity=2) as node:
            ref = await self._busy(node)
            end = await timed(ref.ask("echo", 0.1))
            return judge(end.error is not None and end.seconds < FAST, str(end))

    async def cast_never_blocks(self):
        async with _node(mailbox_capacity=2) as node:
            ref = await self._busy(node)
            end = await timed(ref.send("x"))
            return judge(end.seconds < 0.1, f"{end}; dropped, with an event, when the mailbox is full")

    async def _busy(self, node):
        ref = Supervisor(node=node).spawn(make("a"))
        await ref.send("slow")
        await asyncio.sleep(0.05)
        for _ in range(5):
            await ref.send("x")
        return ref

    async def monitor_refs_are_unique(self):
        async with _node() as node:
            supervisor, found = Supervisor(node=node), []
            watcher, *others = [supervisor.spawn(make(name)) for name in ("w", "a", "b", "c")]

            async def watch(me):
                found.append(await monitor(others[0]))
                found.append(await monitor(others[1]))
                await demonitor(found[0])
                found.append(await monitor(others[2]))

            await watcher.ask(watch)
            return judge(len(set(found)) == 3, f"{len(set(found))} different of 3")

    async def one_crash_is_one_restart(self):
        seen, passed = [], True
        async with _node() as node:
            for strategy in ("one_for_one", "one_for_all", "rest_for_one"):
                supervisor = Supervisor(strategy, node=node, max_restarts=3)
                refs = [supervisor.spawn(make(f"{strategy}-{i}")) for i in range(5)]
                await asyncio.sleep(0.05)
                await refs[0].send("boom")
                await asyncio.sleep(1.0)
                up = 0
                for ref in refs:
                    up += (await timed(ref.ask("echo", 0.2))).error is None
                passed &= up == 5
                seen.append(f"{strategy} {up} of 5 up")
        return judge(passed, ", ".join(seen))

    async def restart_budget_exists(self):
        async with _node() as node:
            ref = Supervisor(node=node, max_restarts=3).spawn(make("loop"))
            for _ in range(20):
                await timed(ref.send("loop"))
            await asyncio.sleep(4.0)
            return judge(starts["loop"] == 4, f"{starts['loop']} starts in 4 s (it backs off)")

    async def budget_ends_the_subtree_alone(self):
        seen, passed = [], True
        async with _node() as node:
            for strategy in ("one_for_one", "one_for_all"):
                root, refs = Supervisor(node=node, max_restarts=0), {}

                def build(child, strategy=strategy, refs=refs):
                    refs["sibling"] = child.spawn(make(f"sibling-{strategy}"))
                    refs["loop"] = child.spawn(make(f"loop-{strategy}"))

                beside = root.spawn(make(f"beside-{strategy}"))
                root.spawn_supervisor("nested", build, strategy=strategy, max_restarts=1)
                await asyncio.sleep(0.05)
                for _ in range(5):
                    await timed(refs["loop"].send("loop"))
                await asyncio.sleep(1.0)
                sibling = (await timed(refs["sibling"].ask("echo", 0.2))).error is None
                other = (await timed(beside.ask("echo", 0.2))).error is None
                passed &= other and not sibling
                seen.append(f"{strategy}: sibling {_up(sibling)}, beside {_up(other)}")
        return judge(passed, "; ".join(seen))

    async def demonitor_flushes(self):
        async with _node() as node:
            supervisor = Supervisor(node=node, max_restarts=0)
            watcher, target = supervisor.spawn(make("w")), supervisor.spawn(make("a"))
            servers = []

            async def watch(me):
                servers.append(me)
                reference = await monitor(target)
                await target.send("boom")
                await asyncio.sleep(0.3)
                await demonitor(reference)

            await watcher.ask(watch)
            await asyncio.sleep(0.3)
            seen = servers[0].seen
            return judge(not seen, f"received {seen[0]!r:.60}" if seen else "nothing left")

    async def start_failure_is_loud(self):
        async with _node() as node:
            supervisor, errors = Supervisor(node=node, max_restarts=1), []
            first = supervisor.spawn(make("a"))
            try:
                supervisor.spawn(make("bad"))
            except Exception as error:
                errors.append(error)
            await asyncio.sleep(1.0)
            up = (await timed(first.ask("echo", 0.2))).error is None
            seen = "an error" if errors else "spawn returned a ref"
            return judge(bool(errors) and not up, f"{seen}, {starts['bad']} tries; first child {_up(up)}")

    async def no_idle_wake_ups(self):
        async with _node() as node:
            supervisor = Supervisor(node=node)
            for i in range(100):
                supervisor.spawn(make(f"idle-{i}"))
            await asyncio.sleep(0.1)
            idle()
            await asyncio.get_running_loop().create_future()


def _up(alive):
    return "up" if alive else "down"


CASES = Lapinbeam()
