"""Supervised sends that aren't durable: retries, deadlines, withdrawals and outcomes under crashes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec

import regrow as rg
from regrow.testing import Faults
from tests.simulation.oracles.sends import Run, Sends
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

ACTS = ("ok", "ok", "slow", "slow", "crash", "crash_late", "declared", "stop", "stop_late", "lose")
KINDS = ("ask", "ask_late", "tell", "tell_late", "info", "once", "once_known")


class Declared(Exception):  # an answer
    """What handlers declare."""


class Job(msgspec.Struct, frozen=True):
    """What the handler is to do at each run: the last act is for all further ones."""

    token: int
    acts: tuple[str, ...]
    seconds: float


class Office:
    """What senders and receivers of one run share."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sends = Sends(lambda: world.sim.time, world.violate, faulty=world.faulty)
        self.system: rg.System

    def begin(self, job: Job) -> tuple[Run, str]:
        """A handler begins: its run, and what it is to do."""
        delivery = rg.current_delivery()
        assert delivery is not None
        run = self.sends.begun(job.token, rg.current(), delivery)
        number = len(self.sends.all[job.token].runs)
        return run, job.acts[min(number, len(job.acts)) - 1]


def known(delivery: rg.CurrentDelivery, message: Any) -> bool | None:
    """Says of a run that was cut short whether it has happened; every third time nobody knows."""
    job: Job = message.job
    verdict = (True, False, None)[job.token % 3]
    OFFICES[-1].sends.all[job.token].happened |= verdict is True
    return verdict


OFFICES: list[Office] = []
"""That of the present run: a reconciler is a plain function."""


class Clerk(rg.GenServer):
    """Handles supervised messages in every way."""

    mailbox = rg.Mailbox(capacity=3)

    def init(self, office: Office) -> None:
        self.office = office

    def now(self, job: Job) -> int:
        run, act = self.office.begin(job)
        return self.finish(run, act.removesuffix("_late"), job)

    async def later(self, job: Job) -> int:
        run, act = self.office.begin(job)
        try:
            if act.endswith("_late") or act == "slow":
                await pause(job.seconds)
        except asyncio.CancelledError:
            self.office.sends.ended(run, "cut")
            raise
        return self.finish(run, act.removesuffix("_late"), job)

    def finish(self, run: Run, act: str, job: Job) -> int:
        sends = self.office.sends
        if act == "crash":
            sends.ended(run, "crash")
            raise Planned("send")
        if act == "declared":
            sends.ended(run, "declared")
            raise Declared(job.token)
        if act == "stop":
            self.stop()
        sends.ended(run, "stop" if act == "stop" else "done")
        return job.token

    @rg.call(raises=(Declared,))
    def ask(self, job: Job) -> int:
        if job.acts[0] == "lose":
            run, _ = self.office.begin(job)
            self.office.sends.ended(run, "lost")
            rg.reply_later()
            return 0
        return self.now(job)

    @rg.call(raises=(Declared,))
    async def ask_late(self, job: Job) -> int:
        return await self.later(job)

    @rg.cast
    def tell(self, job: Job) -> None:
        self.now(plain(job))

    @rg.cast
    async def tell_late(self, job: Job) -> None:
        await self.later(plain(job))

    @rg.call(raises=(Declared,), repeatable=False)
    async def once(self, job: Job) -> int:
        return await self.later(job)

    @rg.call(raises=(Declared,), repeatable=False, reconcile=known)
    async def once_known(self, job: Job) -> int:
        return await self.later(job)

    def handle_info(self, message: object) -> None:
        if isinstance(message, Job):
            self.now(plain(message))


def plain(job: Job) -> Job:
    """Who can't answer declares nothing."""
    return msgspec.structs.replace(job, acts=tuple("ok" if act == "declared" else act for act in job.acts))


class Plan(msgspec.Struct, frozen=True):
    """One send."""

    wait: float
    to: str
    by: str
    kind: str
    acts: tuple[str, ...]
    seconds: float
    timeout: float
    options: dict[str, Any]


async def send(office: Office, plan: Plan) -> None:
    """Make one send and see what comes of it."""
    sends = office.sends
    options = plan.options
    sent = sends.send(
        plan.timeout,
        retries=options.get("retries", 0),
        accepted=options.get("ack") == "accepted",
        repeatable=plan.kind != "once" and (plan.kind != "once_known" or len(sends.all) % 3 == 1),
        may_be_unknown=plan.kind.startswith("once"),
        expires_in=options.get("expires_in"),
    )
    job = Job(sent.token, plan.acts, plan.seconds)
    message: Any = job if plan.kind == "info" else getattr(Clerk, plan.kind)(job)
    ref = office.system.ref(plan.to, Clerk)
    to: Any = {"name": plan.to, "ref": ref, "pid": ref.whereis() or ref}[plan.by]
    if to == plan.to and rg_is_outside():
        to = ref
    try:
        delivery = await rg.supervised_send(to, message, timeout=plan.timeout, **options)
    except asyncio.CancelledError:
        sends.cancelled(sent)
        raise
    except rg.errors.RegrowError as error:
        sends.raised(sent, error)
    else:
        sends.got(sent, delivery)


def rg_is_outside() -> bool:
    """Whether this code runs in no process: a name alone says nothing there."""
    try:
        rg.current()
    except rg.errors.NotAProcess:
        return True
    return False


async def _send_all(office: Office, plans: list[Plan]) -> None:
    for plan in plans:
        if plan.wait:
            await pause(plan.wait)
        await send(office, plan)


async def _process(office: Office, plans: list[Plan]) -> None:
    pid = office.system.spawn(_send_all, office, plans)
    office.world.victims.append(pid)
    await pid.down(timeout=600.0)


def random_plan(world: World, names: list[str]) -> Plan:
    """One send of any kind."""
    rng = world.rng
    timeout = rng.choice((0.05, 0.2, 0.5, 1.0))
    options: dict[str, Any] = {
        "retries": rng.choice((0, 0, 1, 2, 5)),
        "backoff": rg.ExponentialBackoff(base=0.01, cap=0.1),
    }
    if world.chance(0.3):
        options["attempt_timeout"] = rng.choice((0.02, 0.1))
    if world.chance(0.2):
        options["ack"] = "accepted"
    if world.chance(0.2):
        options["expires_in"] = rng.choice((0.03, 0.1))
    elif world.chance(0.2):
        options["delay"] = 0.02
    options["on_error"] = world.choice(("raise", "raise", "log", "ignore"))
    breaker = world.choice((None, False, False))
    options["breaker"] = breaker
    return Plan(
        wait=rng.choice((0.0, 0.0, 0.01, 0.05)),
        to=rng.choice(names),
        by=rng.choice(("name", "ref", "ref", "pid")),
        kind=rng.choice(KINDS),
        acts=tuple(rng.choice(ACTS) for _ in range(rng.randint(1, 3))),
        seconds=world.seconds(0.15),
        timeout=timeout,
        options=options,
    )


async def misfortune(
    world: World, system: rg.System, names: list[str], tasks: list[asyncio.Task[None]]
) -> None:
    """Kill and hold receivers, kill and cancel senders."""
    for _ in range(world.rng.randint(0, 6)):
        await pause(world.seconds(0.1))
        act = world.choice(("kill", "kill", "hold", "victim", "cancel"))
        pid = system.whereis(world.choice(names))
        if act == "kill" and pid is not None:
            pid.kill()
        elif act == "hold" and pid is not None:
            system.suspend(pid)
            asyncio.get_running_loop().call_later(0.05, _resume, system, pid)
        elif act == "victim" and world.victims:
            world.choice(world.victims).kill()
        elif act == "cancel":
            world.choice(tasks).cancel()


def _resume(system: rg.System, pid: rg.Pid[object]) -> None:
    if pid.alive:
        system.resume(pid)


FAULTS = Faults(kill=0.02, crash=0.03, slow=0.05, max_slow=0.1, hang=0.005, storm=0.003)
SENDERS = (_send_all, _send_all, _process)


@scenario("runtime", faults=FAULTS, weight=3)
async def sends(world: World) -> None:
    """Senders of all kinds, receivers that fail in all ways."""
    office = Office(world)
    OFFICES[:] = [office]
    rng = world.rng
    names = [f"clerk{number}" for number in range(rng.randint(1, 3))]
    plans = [[random_plan(world, names) for _ in range(rng.randint(1, 4))] for _ in range(rng.randint(1, 5))]
    async with world.system(
        [rg.child(Clerk, name=name, args=(office,)) for name in names], max_restarts=100_000
    ) as system:
        office.system = system
        system.events.subscribe("delivery", office.sends.heard)
        senders: list[Coroutine[Any, Any, None]] = [world.choice(SENDERS)(office, plan) for plan in plans]
        tasks = [asyncio.ensure_future(sender) for sender in senders]
        await asyncio.gather(*tasks, misfortune(world, system, names, tasks), return_exceptions=True)
        await pause(5.0)  # what was accepted comes to its end
        await system.idle()
        counted = system.statistics()
        under_way = counted.sent - counted.delivered - counted.failed
        world.expect(
            0 <= under_way <= office.sends.under_way(),
            "conservation",
            f"{counted}: {under_way} are under way",
        )
    for task in tasks:
        error = None if task.cancelled() else task.exception()
        world.expect(error is None, "sender", f"a sender failed: {error!r}")
    OFFICES.clear()  # what a run leaves behind is only thrown away by itself
    office.sends.check(world.lives.ended)
