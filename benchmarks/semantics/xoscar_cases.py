"""xoscar: calls and actors of one pool."""
# mypy: ignore-errors
# ruff: noqa: RUF012

from __future__ import annotations

import asyncio

import xoscar

from benchmarks.semantics.kit import FAST, PATIENCE, Cases, idle, judge, learnt, timed

_POOLS = "recovers a dead pool (an OS process), not an actor"
stopped: list[str] = []


class Server(xoscar.Actor):
    def __init__(self, name):
        super().__init__()
        self.name, self.seen = name, []

    def boom(self):
        raise RuntimeError("boom")

    async def slow(self):
        await asyncio.sleep(1.0)

    def note(self, value):
        self.seen.append(value)

    def notes(self):
        return self.seen

    async def ask(self, other):
        await other.slow()

    async def __pre_destroy__(self):
        stopped.append(self.name)


class Xoscar(Cases):
    package = distribution = "xoscar"
    cannot = {
        **dict.fromkeys(
            (
                "one_crash_is_one_restart",
                "restart_budget_exists",
                "budget_ends_the_subtree_alone",
                "temporary_child_stays_down",
                "killed_permanent_child_restarts",
                "start_failure_is_loud",
            ),
            _POOLS,
        ),
        "monitor_refs_are_unique": "no monitors",
        "demonitor_flushes": "no monitors",
    }

    def drive(self, main):
        async def go():
            pool = await xoscar.create_actor_pool("127.0.0.1", n_process=0)
            async with pool:
                self.address = pool.external_address
                return await main()

        return asyncio.run(go())

    async def _start(self, name):
        return await xoscar.create_actor(Server, name, address=self.address, uid=name)

    async def callee_crash_fails_fast(self):
        a = await self._start("a")
        return learnt(await timed(asyncio.wait_for(a.boom(), PATIENCE)), "; the actor goes on")

    async def foreign_messages_survive_a_call(self):
        a, caller = await self._start("a"), await self._start("caller")
        asking = asyncio.ensure_future(caller.ask(a))
        await asyncio.sleep(0.1)
        await caller.note.tell("foreign")
        await asking
        seen = await caller.notes()
        return judge(seen == ["foreign"], "received" if seen else "lost")

    async def call_timeout_covers_the_send(self):
        a = await self._start("a")
        busy = asyncio.ensure_future(a.slow())
        await asyncio.sleep(0.05)
        # No timeout of its own: asyncio's.
        end = await timed(asyncio.wait_for(a.notes(), 0.1))
        await busy
        return judge(end.error is not None and end.seconds < FAST, f"{end} (by asyncio.wait_for)")

    async def cast_never_blocks(self):
        a = await self._start("a")
        busy = asyncio.ensure_future(a.slow())
        await asyncio.sleep(0.05)
        end = await timed(a.note.tell("x"))
        await busy
        return judge(end.seconds < 0.1, str(end))

    async def terminate_is_called(self):
        await xoscar.destroy_actor(await self._start("a"))
        return judge(stopped == ["a"], f"called for {stopped} of ['a']")

    async def no_idle_wake_ups(self):
        for i in range(100):
            await self._start(f"idle-{i}")
        idle()
        await asyncio.get_running_loop().create_future()


CASES = Xoscar()
