"""Durable messages to servers that crash, reject and lose answers, over crashes of the whole program."""

from __future__ import annotations

import asyncio
from typing import Any

import regrow as rg
from regrow.testing.sim.faults import Faults, StoreFaults
from tests.simulation.office import Office, begin_anew, drained, is_alive
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

NAMES = ("a", "b")
SECONDS = {"slow": 0.3, "long": 3.0}
LONGEST = 300.0
"""Seconds after which nothing expires any more."""
SCRIPTS: tuple[tuple[str, ...], ...] = (
    *((), (), (), ("slow",), ("slow",), ("long",)),
    *(("crash",), ("crash", "slow"), ("crash",) * 4, ("slow crash",), ("slow crash",) * 3),
    *(("lose",), ("lose", "crash", "slow"), ("lose",) * 4),
    *(("reject",), ("slow reject",), ("stop",), ("slow stop",), ("crash", "lose", "reject")),
)


class Rejected(Exception):  # an answer
    """What handlers declare."""


async def _reconcile(delivery: rg.CurrentDelivery, message: Any) -> bool | None:
    office = Office.now
    if office.world.chance(0.5):
        await pause(0.05)
    return office.verdict(message.token)


class Receiver(rg.GenServer):
    """Does with each message what its script says, and writes it down."""

    def init(self, office: Office) -> None:
        self.office = office

    async def handle(self, token: int, *, answers: bool = True) -> int:
        office = self.office
        start = office.ledger.begun(token, self.pid, is_alive)
        script = office.script(token)
        if not answers:
            script = script.replace("reject", "crash").replace("lose", "crash")
        try:
            for word, seconds in SECONDS.items():
                if word in script:
                    await pause(seconds)
            if "crash" in script:
                start.end = "crash"
                raise Planned(f"of {token}")
            if "reject" in script:
                start.end = "rejected"
                raise Rejected
            if "lose" in script:
                start.end = "lost"
                rg.reply_later()
            elif "stop" in script:
                start.end = "stopped"
                self.stop()
            else:
                start.end = "ok"
        finally:
            start.over = office.world.sim.time
        return token

    @rg.call(raises=(Rejected,))
    async def work(self, token: int) -> int:
        return await self.handle(token)

    @rg.call(raises=(Rejected,), repeatable=False)
    async def once(self, token: int) -> int:
        return await self.handle(token)

    @rg.call(raises=(Rejected,), repeatable=False, reconcile=_reconcile)
    async def asked(self, token: int) -> int:
        return await self.handle(token)

    @rg.call(raises=(Rejected,))
    def quick(self, token: int) -> int:
        start = self.office.ledger.begun(token, self.pid, is_alive)
        start.over = start.at
        script = self.office.script(token)
        start.end = "crash" if "crash" in script else "rejected" if "reject" in script else "ok"
        if start.end == "crash":
            raise Planned(f"of {token}")
        if start.end == "rejected":
            raise Rejected
        return token

    @rg.cast
    async def note(self, token: int) -> None:
        await self.handle(token, answers=False)

    async def handle_info(self, message: object) -> None:
        if isinstance(message, list):
            await self.handle(int(message[1]), answers=False)


# -- senders -----------------------------------------------------------------------------------

SURELY = (rg.errors.JournalFull, rg.errors.NoJournal, rg.errors.NotStarted)


def _message(kind: str, token: int) -> object:
    return ["info", token] if kind == "info" else getattr(Receiver, kind)(token)


def _options(world: World) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if world.chance(0.4):
        options["retries"] = world.choice((1, 2, 5))
    if world.chance(0.4):
        options["ordering_key"] = world.choice(("x", "y"))
    if world.chance(0.2):
        options["idempotency_key"] = f"key{world.rng.randrange(10**9)}"
    if world.chance(0.2):
        options["delay"] = world.choice((0.1, 1.0, 20.0))
    if world.chance(0.2):
        options["expires_in"] = (
            world.choice((30.0, LONGEST)) if "delay" in options else world.choice((0.05, 0.5, 30.0))
        )
    if world.chance(0.2):
        options["attempt_timeout"] = world.choice((0.2, 1.0))
    if world.chance(0.2):
        options["on_error"] = world.choice(("ignore", "dead_letter"))
    if world.chance(0.3):
        options["backoff"] = rg.ExponentialBackoff(base=0.05, cap=world.choice((0.1, 2.0)))
    if world.chance(0.2):
        options["breaker"] = False
    return options


async def _sender(
    office: Office, system: rg.System, name: str, plan: list[tuple[float, dict[str, Any]]]
) -> None:
    for wait, what in plan:
        if wait:
            await pause(wait)
        await send(office, system, name, **what)


async def send(
    office: Office,
    system: rg.System,
    sender: str,
    *,
    dest: str,
    kind: str,
    script: tuple[str, ...],
    options: dict[str, Any],
    ack: str,
    timeout: float,
) -> None:
    """Send one message, and write down what its sender is told."""
    ledger = office.ledger
    sent = ledger.send(dest, options, sender=sender, once=kind in ("once", "asked"))
    office.scripts[sent.token] = list(script)
    office.verdicts[sent.token] = office.world.choice((True, None))
    send: Any = rg.supervised_send
    try:
        delivery = await send(
            system.ref(dest, Receiver),
            _message(kind, sent.token),
            timeout=timeout,
            durable=True,
            ack=ack,
            metadata={"token": sent.token},
            **options,
        )
    except rg.errors.RegrowError as error:
        ledger.refused(sent, surely=isinstance(error, SURELY))
    else:
        ledger.accepted(sent, delivery)


def random_plan(world: World, names: tuple[str, ...]) -> list[tuple[float, dict[str, Any]]]:
    plan = []
    for _ in range(world.rng.randint(1, 6)):
        kind = world.choice(("work", "work", "work", "quick", "quick", "once", "asked", "note", "info"))
        script = world.choice(SCRIPTS)
        plan.append(
            (
                world.choice((0.0, 0.0, 0.01, 0.1, 0.5)),
                {
                    "dest": world.choice(names),
                    "kind": kind,
                    "script": script if world.chance(0.7) else (),
                    "options": _options(world),
                    "ack": world.choice(("accepted", "accepted", "handled")),
                    "timeout": world.choice((0.5, 5.0, 60.0)),
                },
            )
        )
    return plan


# -- the play ----------------------------------------------------------------------------------

FAULTS = Faults(
    kill=0.02,
    crash=0.01,
    crash_init=0.05,
    slow=0.03,
    max_slow=0.5,
    wall_jump=0.05,
    thread_latency=0.01,
    store=StoreFaults(slow=0.05, full=0.02, power_cut=0.02),
)


@scenario("journal", faults=FAULTS, weight=3)
async def messages(world: World) -> None:
    """Random durable messages, while servers, the program and the machine end in every way."""
    office = Office(world, FAULTS)
    world.sim.always(office.shelf.look)
    await begin_anew(office, _life)
    check(office)


async def _life(office: Office, level: str, *, last: bool) -> bool:
    """The program from a start to its end. Returns whether it was the last one."""
    world = office.world
    journal = office.journal(level)
    names = NAMES
    children = [rg.child(Receiver, name=name, args=(office,)) for name in names]
    async with world.system(
        children,
        services=[journal],
        max_restarts=100_000,
        settings=world.settings(shutdown=1.0, kill_grace=0.2),
    ) as system:
        senders = [
            asyncio.create_task(
                _sender(office, system, f"sender{office.ledger.boot}.{n}", random_plan(world, names))
            )
            for n in range(world.rng.randint(1, 3))
        ]
        for _ in range(world.rng.randint(0, 4)):
            await pause(world.choice((0.0, 0.01, 0.1, 0.5, 3.0)))
            _trouble(office, system)
        if last:
            await asyncio.wait(senders)
            await end_well(office, system, journal)
            return True
        return await office.end(system, journal, senders, level)


def _trouble(office: Office, system: rg.System) -> None:
    name = office.world.choice(NAMES)
    pid = system.whereis(name)
    if pid is not None and office.world.chance(0.5):
        office.ledger.kills[name] += 1
        pid.kill()


async def end_well(office: Office, system: rg.System, journal: rg.Journal) -> None:
    """Nothing more goes wrong: everything has to come to its end, dead letters included."""
    world = office.world
    world.sim.calm()
    await drained(world, journal)
    office.mended = True
    letters = journal.dead_letters
    for _ in range(3):
        where: dict[str, Any] = world.choice(({}, {"dest": "a"}, {"reason": "crash_loop"}))
        job = await letters.redrive(**where)
        await letters.wait(job.id)
        await drained(world, journal)
    if world.chance(0.5):
        await letters.purge(why="enough", everything=True)
    else:
        await pause(LONGEST)  # a handler that timed out may have run on, and let what was redriven expire
        await letters.wait((await letters.redrive()).id)
        await drained(world, journal)
    counts = await journal.conservation()
    world.expect(counts.balanced and not counts.live, "G3", f"at the end {counts}")
    left = (await letters.list(limit=1000)).letters
    world.expect(not left, "G9", f"left among the dead after all is mended: {left}")


def check(office: Office) -> None:
    """G1: whatever was accepted has come to an end that somebody knows of."""
    ledger = office.ledger
    for sent in ledger.all.values():
        if sent.told == "accepted":
            ledger.expect(sent.number is not None, "G1", f"{sent} was accepted, and never in the journal")
            ledger.expect(sent.gone, "G1", f"{sent} was accepted, and nothing became of it")
