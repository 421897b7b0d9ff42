"""Calls of every kind between servers, processes, guests and tasks; servers crash and callers give up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

import regrow as rg
from regrow.testing import Faults
from tests.simulation.oracles.calls import Ask, Calls
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

KINDS = (
    *("echo", "echo", "slow", "slow", "defer", "defer", "chain", "chain", "chain"),
    *("declared", "declared_late", "boom", "boom_late", "lose", "stop_reply", "stop_silent", "stop_late"),
)
TIMEOUTS = (0.01, 0.05, 0.1, 0.1, 1.0)


class Declared(Exception):  # an answer
    """What handlers declare."""

    def __init__(self, token: int) -> None:
        self.token = token
        super().__init__(token)


class Job(msgspec.Struct, frozen=True):
    """What a handler is to do, and for which call."""

    token: int
    seconds: float
    then: tuple[tuple[str, str, float, float], ...] = ()
    """For a chain: kind, target, timeout and seconds of each further call, outermost first."""


class Bank:
    """What clients and servers of one run share."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls = Calls(lambda: world.sim.time, world.violate, faulty=world.faulty)
        self.system: rg.System

    async def call(
        self,
        target: str,
        kind: str,
        timeout: float,
        seconds: float,
        then: tuple[tuple[str, str, float, float], ...] = (),
        *,
        caller: rg.Pid[object] | None = None,
        within: Ask | None = None,
    ) -> object:
        """Make one call and see what comes of it. `caller` is set if its own task calls."""
        calls = self.calls
        pid = self.system.whereis(target)
        ask = calls.ask(pid, timeout, within)
        message = getattr(Teller, kind)(Job(ask.token, seconds, then))
        circle = caller is not None and calls.circle(caller, pid)
        address: Any = self.system.ref(target, Teller)
        if pid is not None and self.world.chance(0.5):
            address = pid
        if caller is not None and pid is not None and not circle:
            calls.waits[caller] = pid
        try:
            answer = await address.call(message, timeout=timeout)
        except Declared as error:
            calls.got(ask, ("declared", error.token))
        except rg.errors.CallError as error:
            calls.failed(ask, error, circle=circle)
            return type(error).__name__
        except asyncio.CancelledError:
            calls.gave_up(ask)
            raise
        else:
            self.world.expect(not circle, "circle", f"{ask} closed a circle and was answered")
            calls.got(ask, answer)
        finally:
            if caller is not None:
                calls.waits.pop(caller, None)
        return "answered"


class Teller(rg.GenServer):
    """Answers in every way there is."""

    def init(self, bank: Bank) -> None:
        self.bank = bank
        self.handles: list[tuple[Ask, rg.ReplyHandle]] = []

    def begun(self, job: Job, *, late: bool = False) -> Ask:
        return self.bank.calls.begun(job.token, self.pid, late=late)

    @rg.call
    def echo(self, job: Job) -> object:
        return self.bank.calls.answered(self.begun(job), ("echo", job.token))

    @rg.call
    async def slow(self, job: Job) -> object:
        ask = self.begun(job)
        await pause(job.seconds)
        return self.bank.calls.answered(ask, ("slow", job.token))

    @rg.call(raises=(Declared,))
    def declared(self, job: Job) -> None:
        self.bank.calls.answered(self.begun(job), ("declared", job.token))
        raise Declared(job.token)

    @rg.call(raises=(Declared,))
    async def declared_late(self, job: Job) -> None:
        ask = self.begun(job)
        await pause(job.seconds)
        self.bank.calls.answered(ask, ("declared", job.token))
        raise Declared(job.token)

    @rg.call
    def boom(self, job: Job) -> None:
        self.begun(job)
        raise Planned("call")

    @rg.call
    async def boom_late(self, job: Job) -> None:
        self.begun(job)
        await pause(job.seconds)
        raise Planned("call")

    @rg.call
    def defer(self, job: Job) -> str:
        self.handles.append((self.begun(job), rg.reply_later()))
        rg.send_after(self.pid, "settle", job.seconds)
        return "ignored"

    @rg.call
    def lose(self, job: Job) -> str:
        self.begun(job).lost = True
        rg.reply_later()
        return "ignored"

    @rg.call
    def stop_reply(self, job: Job) -> object:
        ask = self.begun(job)
        self.stop()
        return self.bank.calls.answered(ask, ("bye", job.token))

    @rg.call
    def stop_silent(self, job: Job) -> str:
        self.begun(job)
        self.stop("enough", reply=False)
        return "withheld"

    @rg.call
    async def stop_late(self, job: Job) -> object:
        ask = self.begun(job)
        await pause(job.seconds)
        self.stop(rg.Shutdown("enough"))
        return self.bank.calls.answered(ask, ("bye", job.token))

    @rg.call(blocking=True)
    def block(self, job: Job) -> object:
        return self.bank.calls.answered(self.begun(job, late=True), ("block", job.token))

    @rg.call(blocking=True)
    def block_boom(self, job: Job) -> None:
        self.begun(job, late=True)
        raise Planned("thread")

    @rg.call
    async def chain(self, job: Job) -> object:
        ask = self.begun(job)
        outcome = "end"
        for kind, target, timeout, seconds in job.then[:1]:
            outcome = str(
                await self.bank.call(
                    target, kind, timeout, seconds, job.then[1:], caller=self.pid, within=ask
                )
            )
        return self.bank.calls.answered(ask, ("chain", job.token, outcome))

    def handle_info(self, message: object) -> None:
        if self.handles:
            ask, handle = self.handles.pop(0)
            handle.reply(self.bank.calls.answered(ask, ("deferred", ask.token)))


# -- clients -----------------------------------------------------------------------------------


Plan = tuple[tuple[float, str, str, float, float, tuple[tuple[str, str, float, float], ...]], ...]
"""Wait, target, kind, timeout, seconds and further calls of each call of a client."""


def _plan(world: World, names: tuple[str, ...], kinds: tuple[str, ...]) -> Plan:

    def one() -> tuple[str, str, float, float]:
        return world.choice(kinds), world.choice(names), world.choice(TIMEOUTS), world.seconds(0.12)

    steps = []
    for _ in range(world.rng.randint(1, 5)):
        kind, target, timeout, seconds = one()
        further = tuple(one() for _ in range(world.rng.randint(1, 3))) if kind == "chain" else ()
        wait = world.choice((0.0, 0.0, 0.01, 0.05))
        steps.append((wait, target, kind, timeout, seconds, further))
    return tuple(steps)


async def _calls(bank: Bank, plan: Plan, caller: rg.Pid[object] | None) -> None:
    for wait, target, kind, timeout, seconds, then in plan:
        if wait:
            await pause(wait)
        await bank.call(target, kind, timeout, seconds, then, caller=caller)


async def _task(bank: Bank, plan: Plan) -> None:
    await _calls(bank, plan, None)


async def _guest(bank: Bank, plan: Plan) -> None:
    try:
        async with bank.system.guest() as me:
            bank.world.victims.append(me)
            await _calls(bank, plan, me)
    except rg.errors.ProcessExited:
        return  # killed


async def _client(bank: Bank, plan: Plan) -> None:
    await _calls(bank, plan, rg.current())


async def _process(bank: Bank, plan: Plan) -> None:
    pid = bank.system.spawn(_client, bank, plan)
    bank.world.victims.append(pid)
    await pid.down(timeout=60.0)


CLIENTS: tuple[Callable[[Bank, Plan], Coroutine[Any, Any, None]], ...] = (_task, _task, _guest, _process)


async def _misfortune(
    world: World, names: tuple[str, ...], system: rg.System, clients: list[asyncio.Task[None]]
) -> None:
    """Kill servers and clients, and cancel tasks, at random moments."""
    for _ in range(world.rng.randint(0, 5)):
        await pause(world.seconds(0.1))
        act = world.choice(("server", "server", "client", "cancel"))
        if act == "server":
            system.ref(world.choice(names), Teller).kill()
        elif act == "client" and world.victims:
            world.choice(world.victims).kill()
        elif act == "cancel":
            world.choice(clients).cancel()


FAULTS = Faults(kill=0.02, crash=0.02, slow=0.05, max_slow=0.1, hang=0.005)
THREAD_FAULTS = Faults(kill=0.02, slow=0.05, max_slow=0.1, thread_latency=0.05)


@scenario("runtime", faults=FAULTS, weight=3)
async def calls(world: World) -> None:
    """Clients of all kinds call servers that answer in all ways."""
    calm = world.chance(0.3) and not world.faulty
    kinds = tuple(kind for kind in KINDS if not calm or not kind.startswith(("boom", "stop")))
    await _play(world, kinds, calm=calm)


@scenario("runtime", faults=THREAD_FAULTS)
async def blocking_calls(world: World) -> None:
    """The same with handlers that run on threads."""
    await _play(world, ("block", "block", "block_boom", "echo", "slow", "chain", "stop_reply"), calm=False)


async def _play(world: World, kinds: tuple[str, ...], *, calm: bool) -> None:
    bank = Bank(world)
    names = tuple(f"teller{number}" for number in range(world.rng.randint(1, 4)))
    plans = [(world.choice(CLIENTS), _plan(world, names, kinds)) for _ in range(world.rng.randint(2, 6))]
    async with world.system(
        [rg.child(Teller, name=name, args=(bank,)) for name in names], max_restarts=100_000
    ) as system:
        bank.system = system
        clients = [asyncio.ensure_future(client(bank, plan)) for client, plan in plans]
        waiting: list[Awaitable[object]] = [*clients]
        if not calm:
            waiting.append(asyncio.ensure_future(_misfortune(world, names, system, clients)))
        await asyncio.gather(*waiting, return_exceptions=True)
        await pause(0.5)  # what was put off is answered
        await system.idle()
        if calm:
            counted = system.statistics()
            found = (counted.expired, counted.late_replies)
            world.expect(
                found == bank.calls.counts(),
                "counts",
                f"(expired, late) are {found}; there were {bank.calls.counts()}",
            )
    for client in clients:
        error = None if client.cancelled() else client.exception()
        world.expect(error is None, "client", f"a client failed: {error!r}")
    started = {told.pid for told in world.of(rg.events.Started)}
    bank.calls.check(started, {told.pid: told.at for told in world.of(rg.events.Exited)})
