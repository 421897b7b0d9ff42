"""otpylib: everything runs inside one of its processes, since calls from outside start one each."""
# mypy: ignore-errors
# ruff: noqa: ASYNC110
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager

from otpylib import gen_server, process, supervisor
from otpylib.gen_server.data import NoReply, Reply
from otpylib.module import GEN_SERVER, SUPERVISOR, OTPModule
from otpylib.supervisor.atoms import ONE_FOR_ALL, ONE_FOR_ONE, REST_FOR_ONE, SHUTDOWN

from benchmarks.drivers.otpylib_driver import drive
from benchmarks.systems.kit import Note
from benchmarks.systems.kit_async import AsyncBench, Crashing

_STRATEGIES = {"one_for_one": ONE_FOR_ONE, "one_for_all": ONE_FOR_ALL, "rest_for_one": REST_FOR_ONE}
_CALL = 30.0


class Server(metaclass=OTPModule, behavior=GEN_SERVER, version="1.0.0"):
    async def init(self, args):
        nonce, onward = args
        return {"nonce": nonce, "onward": onward, "count": 0, "total": 0}

    async def handle_call(self, message, _caller, state):
        kind, value = message
        if kind == "echo":
            state["count"] += 1
            return Reply(value + state["nonce"]), state
        if kind == "forward":
            if state["onward"] is None:
                return Reply(value + state["nonce"]), state
            return Reply(await gen_server.call(state["onward"], ("forward", value + 1), _CALL)), state
        return Reply((state["count"], state["total"])), state

    async def handle_cast(self, message, state):
        state["count"] += 1
        state["total"] += message
        return NoReply(), state

    async def handle_info(self, _message, state):
        return NoReply(), state

    async def terminate(self, reason, state):
        pass


class Phoenix(metaclass=OTPModule, behavior=GEN_SERVER, version="1.0.0"):
    async def init(self, args):
        starts, nonce = args
        starts[0] += 1
        return nonce + starts[0] - 1

    async def handle_call(self, _message, _caller, state):
        return Reply(state), state

    async def handle_cast(self, _message, _state):
        raise RuntimeError("boom")

    async def handle_info(self, _message, state):
        return NoReply(), state

    async def terminate(self, reason, state):
        pass


class Supervisor(metaclass=OTPModule, behavior=SUPERVISOR, version="1.0.0"):
    async def init(self, args):
        return args

    async def terminate(self, reason, state):
        pass


class Otpylib(AsyncBench):
    distribution = "otpylib"

    def __init__(self):
        self._names = (f"server-{i}" for i in itertools.count())

    def drive(self, main):
        return drive(main)

    async def start(self, nonce, onward=None):
        # A call takes a registered name only.
        name = next(self._names)
        await gen_server.start(Server, init_arg=(nonce, onward), name=name)
        return name

    async def tell(self, handle):
        return lambda value: gen_server.cast(handle, value)

    async def ask(self, handle):
        return lambda value: gen_server.call(handle, ("echo", value), _CALL)

    async def totals(self, handle):
        return await gen_server.call(handle, ("totals", 0), _CALL)

    async def together(self, clients):
        # A caller takes its reply from its own mailbox: each needs a process.
        loop = asyncio.get_running_loop()
        dones = [loop.create_future() for _ in clients]

        async def one(client, done):
            await client()
            done.set_result(None)

        for client, done in zip(clients, dones, strict=True):
            await process.spawn(one, args=[client, done])
        await asyncio.gather(*dones)

    async def stop(self, handles):
        for handle in handles:
            await process.exit(handle, SHUTDOWN)
        while any(process.whereis(handle) for handle in handles):
            await asyncio.sleep(0)

    async def chain(self, depth, nonce):
        name = None
        for _ in range(depth):
            name = await self.start(nonce, name)
        return lambda value: gen_server.call(name, ("forward", value), _CALL)

    async def skynet(self, leaves, nonce):
        await process.spawn(_sky, args=[process.self(), 0, leaves, nonce])
        return await process.receive()

    @asynccontextmanager
    async def crashing(self, strategy, children, nonce):
        starts = [[0] for _ in range(children)]
        specs = [
            supervisor.child_spec(id=f"w{i}", module=Phoenix, args=(s, nonce), name=f"w{i}")
            for i, s in enumerate(starts)
        ]
        options = supervisor.options(
            max_restarts=1_000_000_000, max_seconds=1, strategy=_STRATEGIES[strategy]
        )
        await Supervisor.start_link(init_arg=(specs, options), name="supervisor")

        async def crash():
            # Not a call: its caller would wait for ever, it is not told of the crash.
            pid = process.whereis("w0")
            await gen_server.cast("w0", "boom")
            while pid is not None and process.whereis("w0") == pid:
                await asyncio.sleep(0)

        yield Crashing(
            crash=crash,
            ping=lambda: gen_server.call("w0", "ping", 1.0),
            starts=lambda: starts[0][0],
            learns=False,
        )

    async def tree(self, depth, fan):
        raise Note("no ordered shutdown: children are sent an exit all at once, terminate is not called")


async def _sky(parent, number, size, nonce):
    if size == 1:
        await process.send(parent, number + nonce)
        return
    step, me, total = size // 10, process.self(), 0
    for i in range(10):
        await process.spawn(_sky, args=[me, number + i * step, step, nonce])
    for _ in range(10):
        total += await process.receive()
    await process.send(parent, total)


BENCH = Otpylib()
