"""triotp."""
# mypy: ignore-errors
# ruff: noqa: RUF012, SLF001

from __future__ import annotations

from types import SimpleNamespace

import trio
from triotp import gen_server, mailbox, supervisor

from benchmarks.drivers.triotp_driver import drive
from benchmarks.semantics.kit import FAST, PATIENCE, Cases, Timed, idle, judge, learnt, timed

starts: dict[str, int] = {}
terminated: list[str] = []


async def _init(name):
    starts[name] = starts.get(name, 0) + 1
    if name == "bad":
        raise RuntimeError("no start")
    return name


async def _call(message, _caller, state):
    if message == "boom":
        raise RuntimeError("boom")
    if message == "slow":
        await trio.sleep(1.0)
    return gen_server.Reply(message), state


async def _cast(message, state):
    if message == "stop":
        return gen_server.Stop(), state
    if message == "boom":
        raise RuntimeError("boom")
    return gen_server.NoReply(), state


async def _terminate(_reason, state):
    terminated.append(state)


SERVER = SimpleNamespace(
    __name__="server", init=_init, handle_call=_call, handle_cast=_cast, terminate=_terminate
)


async def _serve(name):
    await gen_server.start(SERVER, name, name)


async def _loop():
    starts["loop"] = starts.get("loop", 0) + 1
    await trio.sleep(0.02)
    raise RuntimeError("boom")


def _child(name, task=_serve, **options):
    return supervisor.child_spec(id=name, task=task, args=[name] if task is _serve else [], **options)


class Triotp(Cases):
    package = distribution = "triotp"
    cannot = {
        "monitor_refs_are_unique": "no monitors",
        "demonitor_flushes": "no monitors",
        "killed_permanent_child_restarts": "no way to kill a child",
    }

    def drive(self, main):
        async def inside(nursery):
            self.nursery = nursery
            return await main()

        return drive(inside)

    async def _server(self, name):
        self.nursery.start_soon(_serve, name)
        await trio.sleep(0.05)

    async def _kept(self, *children, **options):
        """A supervisor; returns the error that it ended with, if it did."""
        ended = []

        async def keep():
            try:
                await supervisor.start(list(children), supervisor.options(**options))
            except BaseException as error:
                ended.append(error)
                if isinstance(error, trio.Cancelled):
                    raise

        self.nursery.start_soon(keep)
        await trio.sleep(0.05)
        return ended

    async def callee_crash_fails_fast(self):
        # Supervised: alone, its crash would end the whole nursery.
        await self._kept(_child("a"))
        started = trio.current_time()
        with trio.move_on_after(PATIENCE) as scope:
            await gen_server.call("a", "boom")
        if scope.cancelled_caught:
            return judge(False, f"still waiting after {trio.current_time() - started:.1f} s")
        return learnt(Timed(trio.current_time() - started, RuntimeError()))

    async def foreign_messages_survive_a_call(self):
        await self._server("a")
        async with mailbox.open("me") as me:
            self.nursery.start_soon(mailbox.send, "me", "foreign")
            await gen_server.call("a", "slow")
            end = await timed(mailbox.receive(me, FAST))
            return judge(end.value == "foreign", "received" if end.value else "lost")

    async def call_timeout_covers_the_send(self):
        await self._server("a")
        self.nursery.start_soon(gen_server.call, "a", "slow")
        await trio.sleep(0.05)
        end = await timed(gen_server.call("a", "echo", 0.1))
        return judge(end.error is not None and end.seconds < FAST, str(end))

    async def cast_never_blocks(self):
        await self._server("a")
        self.nursery.start_soon(gen_server.call, "a", "slow")
        await trio.sleep(0.05)
        end = await timed(gen_server.cast("a", "x"))
        return judge(end.seconds < 0.1, str(end))

    async def one_crash_is_one_restart(self):
        names = [f"a{i}" for i in range(5)]
        await self._kept(*(_child(name) for name in names))
        await gen_server.cast(names[0], "boom")
        await trio.sleep(0.5)
        up = sum(mailbox._resolve(name) is not None for name in names)
        return judge(up == 5, f"one_for_one {up} of 5 up; no other strategy")

    async def restart_budget_exists(self):
        await self._kept(_child("loop", _loop))
        await trio.sleep(1.0)
        return judge(starts["loop"] == 4, f"{starts['loop']} starts in 1 s")

    async def budget_ends_the_subtree_alone(self):
        await self._server("beside")
        ended = await self._kept(_child("sibling"), _child("loop", _loop))
        await trio.sleep(1.0)
        sibling, beside = mailbox._resolve("sibling"), mailbox._resolve("beside")
        text = f"supervisor {'down' if ended else 'up'}, sibling {_up(sibling)}, beside {_up(beside)}"
        return judge(bool(ended) and sibling is None and beside is not None, text)

    async def temporary_child_stays_down(self):
        await self._kept(_child("a", restart=supervisor.restart_strategy.TEMPORARY))
        self.nursery.start_soon(gen_server.cast, "a", "boom")
        await trio.sleep(0.5)
        return judge(starts["a"] == 1, f"{starts['a']} starts")

    async def terminate_is_called(self):
        await self._server("a")
        await gen_server.cast("a", "stop")
        with trio.move_on_after(0.5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(supervisor.start, [_child("b")], supervisor.options())
                await trio.sleep(0.1)
                nursery.cancel_scope.cancel()
        await trio.sleep(0.1)
        return judge(set(terminated) == {"a", "b"}, f"called for {terminated} of ['a', 'b']")

    async def start_failure_is_loud(self):
        ended = await self._kept(_child("a"), _child("bad"))
        await trio.sleep(0.5)
        first = mailbox._resolve("a")
        seen = type(ended[0]).__name__ if ended else "no error, restarted in silence"
        return judge(
            bool(ended) and first is None, f"{seen}, {starts['bad']} tries; first child {_up(first)}"
        )

    async def no_idle_wake_ups(self):
        for i in range(100):
            self.nursery.start_soon(gen_server.start, SERVER, "idle", f"idle-{i}")
        await trio.sleep(0.1)
        idle()
        await trio.sleep_forever()


def _up(mid):
    return "up" if mid else "down"


CASES = Triotp()
