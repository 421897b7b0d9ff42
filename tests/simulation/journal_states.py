"""Persistent servers: state, sends, keys and answers of a turn are one transaction, whatever crashes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import msgspec

import regrow as rg
from regrow.delivery.journal.operations import SaveState
from regrow.delivery.journal.store import Reader
from regrow.delivery.lookup import owner_of
from regrow.testing.sim.faults import Faults, StoreFaults
from tests.simulation.office import Office, begin_anew, drained, is_alive
from tests.simulation.oracles.ledger import Sent
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

BOOKS = ("whole", "sourced")
KINDS = ("call", "call", "cast", "send", "durable", "durable", "durable", "read")
SCRIPTS = ("", "", "", "", "slow", "crash", "slow crash", "reject", "slow reject")


class Rejected(Exception):  # an answer
    """What handlers declare."""


class Book(msgspec.Struct):
    """Tokens that were applied, in order."""

    applied: list[int] = []


class Applied(msgspec.Struct, frozen=True):
    token: int


class Entry(msgspec.Struct):
    """One thing that a client wants applied."""

    token: int
    book: str
    kind: str
    emit: Sent | None = None
    """The message that is sent in the same turn."""
    sent: Sent | None = None
    key: str | None = None
    answered: bool = False
    rejected: bool = False


class Ledgers(Office):
    """What clients were told, what the disk holds, and what was seen to go out."""

    def __init__(self, world: World) -> None:
        super().__init__(world, FAULTS)
        self.entries: dict[int, Entry] = {}
        self.reads: list[tuple[str, tuple[int, ...]]] = []
        self.seen: dict[str, Counter[int]] = {name: Counter() for name in BOOKS}
        """Casts that came out of turns."""
        self.shelf.also = self.compare

    def begun(self, token: int, server: rg.GenServer) -> None:
        """A handler begins, for a supervised message."""
        sent = self.entries[token].sent
        if sent is not None:
            self.ledger.begun(token, server.pid, is_alive)

    def ended(self, token: int, end: Any) -> None:
        sent = self.entries[token].sent
        if sent is not None:
            start = sent.starts[-1]
            start.end, start.over = end, self.world.sim.time

    # -- what is committed ---------------------------------------------------------------------

    def compare(self, reader: Reader) -> None:
        """G5: what a turn has changed, sent and settled is there together, or not at all."""
        for name in BOOKS:
            applied = committed(reader, name)
            once = Counter(applied)
            keys = Counter(key for token in applied if (key := self.entries[token].key) is not None)
            for what, counted in (("token", once), ("key", keys)):
                twice = [one for one, count in counted.items() if count > 1]
                self.ledger.expect(not twice, "G5", f"{name}: {what} {twice} applied more than once")
            for entry in self.entries.values():
                if entry.book == name:
                    self._compare(entry, applied=entry.token in once)
        for name, tokens in self.reads:
            applied = committed(reader, name)
            whole = tuple(applied[: len(tokens)]) == tokens
            self.ledger.expect(whole, "answers", f"{name}: read {tokens}, committed are {applied}")
        for name, counted in self.seen.items():
            early = counted.keys() - set(committed(reader, name))
            self.ledger.expect(not early, "answers", f"{name}: {early} went out, and are not committed")

    def _compare(self, entry: Entry, *, applied: bool) -> None:
        expect = self.ledger.expect
        if entry.emit is not None:
            emitted = entry.emit.number is not None
            expect(
                emitted == applied,
                "G5",
                f"entry {entry.token}: applied {applied}, its message accepted {emitted}",
            )
        sent = entry.sent
        if sent is not None and sent.tracked and applied:
            expect(sent.number not in self.ledger.live, "G5", f"{sent} is applied, and still owed")
        if entry.answered:
            expect(applied, "answers", f"entry {entry.token} was answered, and is not committed")
        if entry.rejected:
            expect(not applied, "G5", f"entry {entry.token} was rejected, and is applied")


def committed(reader: Reader, name: str) -> list[int]:
    """The state of a server as it is on the disk."""
    saved = reader.state(name)
    applied: list[int] = [] if saved is None else msgspec.msgpack.decode(saved.data, type=Book).applied
    events = reader.events(name, after=0 if saved is None else saved.version)
    return applied + [msgspec.msgpack.decode(event.data, type=Applied).token for event in events]


# -- servers -----------------------------------------------------------------------------------


class Keeping(rg.GenServer):
    """What both servers do; how a token is kept is their own."""

    state: Book

    def init(self, office: Ledgers, name: str) -> None:
        self.office = office
        self.named = name

    def keep(self, token: int) -> None:
        raise NotImplementedError

    def change(self, token: int) -> Awaitable[object] | None:
        """Keep it, and send what goes with it; an `async def` handler has to await that."""
        office = self.office
        office.begun(token, self)
        self.keep(token)
        self.system.ref("sink", Sink).cast(Sink.note(self.named, token))
        emit = office.entries[token].emit
        if emit is None:
            return None
        take = Sink.take(emit.token)
        return rg.supervised_send("sink", take, timeout=5.0, durable=True, metadata={"token": emit.token})

    def finish(self, token: int, script: str) -> int:
        end = "crash" if "crash" in script else "rejected" if "reject" in script else "ok"
        self.office.ended(token, end)
        if end == "crash":
            raise Planned(f"of {token}")
        if end == "rejected":
            raise Rejected
        return token

    @rg.call(raises=(Rejected,))
    def book(self, token: int) -> int:
        self.change(token)
        return self.finish(token, self.office.script(token))

    @rg.call(raises=(Rejected,))
    async def book_slowly(self, token: int) -> int:
        script = self.office.script(token)
        sending = self.change(token)
        if sending is not None:
            await sending
        if "slow" in script:
            await pause(0.2)
        return self.finish(token, script)

    @rg.cast
    def note(self, token: int) -> None:
        self.change(token)
        self.finish(token, self.office.script(token).replace("reject", "crash"))

    @rg.call
    def read(self) -> list[int]:
        return list(self.state.applied)


@rg.persistent(Book)
class Whole(Keeping):
    def keep(self, token: int) -> None:
        self.state.applied.append(token)


@rg.persistent(Book, snapshot_every=3)
class Sourced(Keeping, rg.EventSourced[Applied]):
    def keep(self, token: int) -> None:
        self.persist(Applied(token))

    def apply(self, event: Applied) -> None:
        self.state.applied.append(event.token)


class Sink(rg.GenServer):
    """Gets what the others send."""

    def init(self, office: Ledgers) -> None:
        self.office = office

    @rg.call
    def take(self, token: int) -> int:
        start = self.office.ledger.begun(token, self.pid, is_alive)
        start.end, start.over = "ok", start.at
        return token

    @rg.cast
    def note(self, book: str, token: int) -> None:
        self.office.seen[book][token] += 1


# -- clients -----------------------------------------------------------------------------------


def _plan(world: World) -> list[dict[str, Any]]:
    return [
        {
            "wait": world.choice((0.0, 0.0, 0.0, 0.01, 0.2)),
            "book": world.choice(BOOKS),
            "kind": world.choice(KINDS),
            "script": [world.choice(SCRIPTS) for _ in range(world.choice((1, 1, 2, 4)))],
            "emits": world.chance(0.5),
            "slowly": world.chance(0.5),
            "key": world.choice((None, None, "k1", "k2", "k3")),
            "lane": world.choice((None, "x")),
            "retries": world.choice((0, 2)),
            "ack": world.choice(("accepted", "handled")),
        }
        for _ in range(world.rng.randint(1, 8))
    ]


async def _client(office: Ledgers, system: rg.System, name: str, plan: list[dict[str, Any]]) -> None:
    for step in plan:
        if step["wait"]:
            await pause(step["wait"])
        try:
            await _ask(office, system, name, **step)
        except (rg.errors.RegrowError, Rejected):
            continue


async def _ask(office: Ledgers, system: rg.System, name: str, *, book: str, kind: str, **step: Any) -> None:
    ref = system.ref(book, Keeping)
    if kind == "read":
        office.reads.append((book, tuple(await ref.call(Keeping.read(), timeout=5.0))))
        return
    entry = _entry(office, name, book, kind, step)
    message = (Keeping.book_slowly if step["slowly"] else Keeping.book)(entry.token)
    try:
        if kind == "cast":
            ref.cast(Keeping.note(entry.token))
        elif kind == "call":
            await ref.call(message, timeout=5.0)
            entry.answered = True
        else:
            await _send(office, ref, message, entry, step["ack"])
    except Rejected:
        entry.rejected = True
        raise


def _entry(office: Ledgers, name: str, book: str, kind: str, step: dict[str, Any]) -> Entry:
    """What the client is about to ask for, in the books."""
    options: dict[str, Any] = {}
    if kind in ("send", "durable") and step["key"] is not None:
        options["idempotency_key"] = step["key"]
    if kind == "durable":
        options["retries"] = step["retries"]
        if step["lane"] is not None:
            options["ordering_key"] = step["lane"]
    ledger = office.ledger
    sent = ledger.send(book, options, sender=name, tracked=kind == "durable", kept=True)
    entry = Entry(sent.token, book, kind, key=options.get("idempotency_key"))
    if kind in ("send", "durable"):
        entry.sent = sent
    if step["emits"]:
        entry.emit = ledger.send("sink", {}, sender=book)
    office.entries[entry.token] = entry
    office.scripts[entry.token] = list(step["script"])
    return entry


async def _send(office: Ledgers, ref: rg.Ref[Any], message: Any, entry: Entry, ack: Any) -> None:
    sent = entry.sent
    assert sent is not None
    more: Any = {"durable": True, "ack": ack} if sent.tracked else {}
    data = {"token": entry.token}
    send: Any = rg.supervised_send
    try:
        delivery = await send(ref, message, timeout=30.0, metadata=data, **more, **sent.options)
    except rg.errors.RegrowError as error:
        if sent.tracked:
            office.ledger.refused(sent, surely=isinstance(error, rg.errors.JournalFull))
        raise
    if sent.tracked:
        office.ledger.accepted(sent, delivery)
    entry.answered = delivery.status == "handled" and not delivery.duplicate


# -- the play ----------------------------------------------------------------------------------

FAULTS = Faults(
    kill=0.02,
    crash=0.01,
    crash_init=0.05,
    slow=0.03,
    max_slow=0.3,
    wall_jump=0.05,
    thread_latency=0.01,
    store=StoreFaults(slow=0.05, full=0.03, power_cut=0.02),
)


@scenario("journal", faults=FAULTS, weight=2)
async def states(world: World) -> None:
    """Persistent servers that are asked in every way, killed, cut off, and written by impostors."""
    office = Ledgers(world)
    world.sim.always(office.shelf.look)
    await begin_anew(office, _life)


async def _life(office: Ledgers, level: str, *, last: bool) -> bool:
    world = office.world
    journal = office.journal(level)
    children = [
        rg.child(Sink, name="sink", args=(office,)),
        rg.child(Whole, name="whole", args=(office, "whole")),
        rg.child(Sourced, name="sourced", args=(office, "sourced")),
    ]
    settings = world.settings(shutdown=1.0, kill_grace=0.2)
    async with world.system(children, services=[journal], max_restarts=100_000, settings=settings) as system:
        clients = [
            asyncio.create_task(_client(office, system, f"client{office.ledger.boot}.{n}", _plan(world)))
            for n in range(world.rng.randint(1, 4))
        ]
        for _ in range(world.rng.randint(0, 4)):
            await pause(world.choice((0.0, 0.001, 0.01, 0.1, 0.5)))
            await _trouble(office, system, journal)
        if last:
            await asyncio.wait(clients)
            await _end_well(office, system, journal)
            return True
        return await office.end(system, journal, clients, level)


async def _trouble(office: Ledgers, system: rg.System, journal: rg.Journal) -> None:
    name = office.world.choice(BOOKS)
    pid = system.whereis(name)
    if pid is not None and office.world.chance(0.5):
        office.ledger.kills[name] += 1
        pid.kill()
    elif office.world.chance(0.5):
        await _impostor(office, journal, name)


async def _impostor(office: Ledgers, journal: rg.Journal, name: str) -> None:
    """G8: an incarnation that has a successor writes what it has."""
    owner = owner_of(journal)
    assert owner is not None
    try:
        saved = owner.loop_reader.state(name)
        if saved is None or saved.epoch < 1:
            return
        stale = msgspec.structs.replace(saved, epoch=saved.epoch - 1, data=msgspec.msgpack.encode(Book([-1])))
        await owner.submit([SaveState(stale)])
    except (rg.errors.StaleEpoch, rg.errors.JournalFailed, rg.errors.JournalNotRunning):
        return
    office.world.violate("G8", f"an older incarnation of {name} could write")


async def _end_well(office: Ledgers, system: rg.System, journal: rg.Journal) -> None:
    world = office.world
    world.sim.calm()
    await drained(world, journal)
    office.mended = True
    letters = journal.dead_letters
    await letters.wait((await letters.redrive()).id)
    await drained(world, journal)
    await system.idle()
    counts = await journal.conservation()
    world.expect(counts.balanced and not counts.live and not counts.dead, "G3", f"at the end {counts}")
    for name in BOOKS:
        ref = system.ref(name, Keeping)
        delivery = await rg.supervised_send(ref, Keeping.read(), timeout=600.0, retries=20)
        office.reads.append((name, tuple(delivery.reply or ())))
    owner = owner_of(journal)
    assert owner is not None
    office.compare(owner.loop_reader)
    for name in BOOKS:
        _check(office, name, committed(owner.loop_reader, name))


def _check(office: Ledgers, name: str, applied: list[int]) -> None:
    """What was accepted is applied, unless it was rejected or another has its key."""
    keys = {office.entries[token].key for token in applied}
    for entry in office.entries.values():
        sent = entry.sent
        if entry.book != name or sent is None or sent.number is None or entry.token in applied:
            continue
        rejected = any(start.end == "rejected" for start in sent.starts)
        twice = entry.key is not None and entry.key in keys
        office.ledger.expect(rejected or twice, "G5", f"{sent} was accepted, and is not applied")
