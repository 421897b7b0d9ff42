"""triotp on trio: a send is a rendezvous, so a cast includes the hand-over."""
# mypy: ignore-errors
# ruff: noqa: ASYNC110, ASYNC115, RUF012, SLF001
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import itertools
import sys
from contextlib import asynccontextmanager
from types import SimpleNamespace

import trio
from triotp import gen_server, mailbox, supervisor

from benchmarks.drivers.triotp_driver import drive
from benchmarks.systems.kit import Note
from benchmarks.systems.kit_async import AsyncBench, Crashing


async def _init(args):
    return {**args, "count": 0, "total": 0}


async def _handle_call(message, _caller, state):
    kind, value = message
    if kind == "echo":
        state["count"] += 1
        return gen_server.Reply(value + state["nonce"]), state
    if kind == "forward":
        if state["onward"] is None:
            return gen_server.Reply(value + state["nonce"]), state
        return gen_server.Reply(await gen_server.call(state["onward"], ("forward", value + 1))), state
    return gen_server.Reply((state["count"], state["total"])), state


async def _handle_cast(message, state):
    state["count"] += 1
    state["total"] += message
    return gen_server.NoReply(), state


async def _terminate(_reason, _state):
    pass


SERVER = SimpleNamespace(
    __name__="server", init=_init, handle_call=_handle_call, handle_cast=_handle_cast, terminate=_terminate
)


async def _phoenix_init(args):
    starts, nonce = args
    starts[0] += 1
    return nonce + starts[0] - 1


async def _phoenix_call(_message, _caller, state):
    return gen_server.Reply(state), state


async def _phoenix_cast(_message, _state):
    raise RuntimeError("boom")


PHOENIX = SimpleNamespace(
    __name__="phoenix",
    init=_phoenix_init,
    handle_call=_phoenix_call,
    handle_cast=_phoenix_cast,
    terminate=_terminate,
)


class Triotp(AsyncBench):
    distribution = "triotp"
    cannot = {"W10": "no ordered shutdown: a nursery cancels all at once"}

    def __init__(self):
        self._names = (f"server-{i}" for i in itertools.count())

    async def breathe(self):
        await trio.sleep(0)

    def drive(self, main):
        async def inside(nursery):
            self.nursery = nursery
            return await main()

        return drive(inside)

    async def idle(self, job):
        job._say("idle")
        await trio.to_thread.run_sync(sys.stdin.readline)

    async def together(self, clients):
        async with trio.open_nursery() as nursery:
            for client in clients:
                nursery.start_soon(client)

    async def start(self, nonce, onward=None):
        name, scope = next(self._names), trio.CancelScope()

        async def serve():
            with scope:
                await gen_server.start(SERVER, {"nonce": nonce, "onward": onward}, name)

        self.nursery.start_soon(serve)
        # There is no start that waits for init: the name is there once the task has run.
        while mailbox._resolve(name) is None:
            await trio.sleep(0)
        return name, scope

    async def tell(self, handle):
        return lambda value: gen_server.cast(handle[0], value)

    async def ask(self, handle):
        return lambda value: gen_server.call(handle[0], ("echo", value))

    async def totals(self, handle):
        return await gen_server.call(handle[0], ("totals", 0))

    async def stop(self, handles):
        for _, scope in handles:
            scope.cancel()
        while any(mailbox._resolve(name) is not None for name, _ in handles):
            await trio.sleep(0)

    async def chain(self, depth, nonce):
        onward = None
        for _ in range(depth):
            onward = (await self.start(nonce, onward))[0]
        return lambda value: gen_server.call(onward, ("forward", value))

    async def skynet(self, leaves, nonce):
        with_mailbox = mailbox.create()
        self.nursery.start_soon(_sky, self.nursery, with_mailbox, 0, leaves, nonce)
        return await mailbox.receive(with_mailbox)

    @asynccontextmanager
    async def crashing(self, strategy, children, nonce):
        if strategy != "one_for_one":
            raise Note("one_for_one only")
        starts = [[0] for _ in range(children)]
        specs = [
            supervisor.child_spec(id=f"w{i}", task=gen_server.start, args=[PHOENIX, (s, nonce), f"w{i}"])
            for i, s in enumerate(starts)
        ]
        options = supervisor.options(max_restarts=1_000_000_000, max_seconds=1)
        await self.nursery.start(supervisor.start, specs, options)

        async def crash():
            # Not a call: its caller would wait for ever, it is not told of the crash.
            before = mailbox._resolve("w0")
            await gen_server.cast("w0", "boom")
            while mailbox._resolve("w0") == before:
                await trio.sleep(0)

        yield Crashing(
            crash=crash,
            ping=lambda: gen_server.call("w0", "ping"),
            starts=lambda: starts[0][0],
            learns=False,
        )


async def _sky(nursery, parent, number, size, nonce):
    if size == 1:
        await mailbox.send(parent, number + nonce)
        return
    step, total = size // 10, 0
    async with mailbox.open() as me:
        for i in range(10):
            nursery.start_soon(_sky, nursery, me, number + i * step, step, nonce)
        for _ in range(10):
            total += await mailbox.receive(me)
    await mailbox.send(parent, total)


BENCH = Triotp()
