"""fauxtp."""
# mypy: ignore-errors
# ruff: noqa: RUF012

from __future__ import annotations

import asyncio

import anyio
from fauxtp import ChildSpec, GenServer, Supervisor, call, cast, send
from fauxtp.supervisor import RestartStrategy

from benchmarks.semantics.kit import FAST, PATIENCE, Cases, idle, judge, learnt, timed

starts: dict[str, int] = {}
terminated: list[str] = []
pids: dict[str, object] = {}


class Server(GenServer):
    def __init__(self, name):
        super().__init__()
        self.name, self.seen = name, []

    async def init(self):
        starts[self.name] = starts.get(self.name, 0) + 1
        if self.name == "bad":
            raise RuntimeError("no start")
        pids[self.name] = self.pid
        if self.name == "loop":
            me, loop = self.pid, asyncio.get_running_loop()
            loop.call_later(0.02, lambda: loop.create_task(cast(me, "boom")))

    async def handle_call(self, request, from_ref, state):
        if request == "boom":
            raise RuntimeError("boom")
        if request == "slow":
            await asyncio.sleep(1.0)
        if request == "seen":
            return self.seen, state
        if callable(request):
            await request()
        return request, state

    async def handle_cast(self, request, state):
        if request == "boom":
            raise RuntimeError("boom")
        return state

    async def handle_info(self, message, state):
        self.seen.append(message)
        return state

    async def terminate(self, reason, state):
        terminated.append(self.name)
        if pids.get(self.name) == self.pid:
            del pids[self.name]


def _child(name):
    return ChildSpec(Server, name, (name,))


class Fauxtp(Cases):
    package = distribution = "fauxtp"
    cannot = {
        "monitor_refs_are_unique": "no monitors",
        "demonitor_flushes": "no monitors",
        "temporary_child_stays_down": "no restart types",
    }

    def drive(self, main):
        async def go():
            async with anyio.create_task_group() as self.group:
                outcome = await main()
                self.group.cancel_scope.cancel()
            return outcome

        return asyncio.run(go())

    async def _start(self, name):
        return await Server.start(name, task_group=self.group)

    async def callee_crash_fails_fast(self):
        a = await self._start("a")
        return learnt(await timed(call(a, "boom", PATIENCE)))

    async def foreign_messages_survive_a_call(self):
        a, caller = await self._start("a"), await self._start("caller")
        asking = asyncio.ensure_future(call(caller, lambda: call(a, "slow", PATIENCE), PATIENCE))
        await asyncio.sleep(0.2)
        await send(caller, "foreign")
        await asking
        seen = await call(caller, "seen", PATIENCE)
        return judge(seen == ["foreign"], "received" if seen else "lost")

    async def call_timeout_covers_the_send(self):
        a = await self._start("a")
        self.group.start_soon(call, a, "slow")
        await asyncio.sleep(0.05)
        end = await timed(call(a, "echo", 0.1))
        return judge(end.error is not None and end.seconds < FAST, str(end))

    async def cast_never_blocks(self):
        a = await self._start("a")
        self.group.start_soon(call, a, "slow")
        await asyncio.sleep(0.05)
        end = await timed(cast(a, "x"))
        return judge(end.seconds < 0.1, f"{end}; mailbox without a bound")

    async def one_crash_is_one_restart(self):
        seen, passed = [], True
        for strategy in RestartStrategy:
            names = [f"{strategy.name}-{i}" for i in range(5)]
            await Supervisor.start([_child(name) for name in names], strategy, task_group=self.group)
            await asyncio.sleep(0.1)
            await cast(pids[names[0]], "boom")
            await asyncio.sleep(0.5)
            up = sum(name in pids for name in names)
            passed &= up == 5
            seen.append(f"{strategy.name.lower()} {up} of 5 up")
        return judge(passed, ", ".join(seen))

    async def restart_budget_exists(self):
        await Supervisor.start([_child("loop")], task_group=self.group)
        await asyncio.sleep(1.0)
        return judge(starts["loop"] == 4, f"{starts['loop']} starts in 1 s: there is no budget")

    async def budget_ends_the_subtree_alone(self):
        await Supervisor.start([_child("sibling"), _child("loop")], task_group=self.group)
        await asyncio.sleep(1.0)
        return judge("sibling" not in pids, f"no budget to use up: {starts['loop']} starts in 1 s")

    async def terminate_is_called(self):
        handle = await Supervisor.start_link([_child("a")], task_group=self.group)
        await asyncio.sleep(0.1)
        handle.cancel_scope.cancel()
        await asyncio.sleep(0.3)
        return judge(terminated == ["a"], f"called for {terminated} of ['a']")

    async def killed_permanent_child_restarts(self):
        handles = []
        start_link = Server.start_link.__func__

        async def keep(cls, *args, **options):
            handles.append(await start_link(cls, *args, **options))
            return handles[-1]

        Server.start_link = classmethod(keep)
        await Supervisor.start([_child("a")], task_group=self.group)
        await asyncio.sleep(0.1)
        handles[0].cancel_scope.cancel()
        await asyncio.sleep(0.5)
        return judge(starts["a"] == 2, f"{starts['a']} starts")

    async def start_failure_is_loud(self):
        end = await timed(Supervisor.start([_child("a"), _child("bad")], task_group=self.group))
        await asyncio.sleep(0.5)
        text = f"{end}, {starts['bad']} tries in 0.5 s; first child {'up' if 'a' in pids else 'down'}"
        return judge(end.error is not None and "a" not in pids, text)

    async def no_idle_wake_ups(self):
        for _ in range(100):
            await self._start("idle")
        await asyncio.sleep(0.1)
        idle()
        await asyncio.get_running_loop().create_future()


CASES = Fauxtp()
