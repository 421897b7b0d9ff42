"""One opening of a journal: everything that is there between its start and its end."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, final

from regrow.core.delivery_events import JournalClosed, JournalOpened, JournalTrouble
from regrow.delivery.journal.books import Books
from regrow.delivery.journal.clock import JournalClock, micros
from regrow.delivery.journal.desk import Desk
from regrow.delivery.journal.forms import Forms
from regrow.delivery.journal.owed import Owed
from regrow.delivery.journal.recovery import Findings, inspect
from regrow.delivery.journal.slots import Slots
from regrow.delivery.journal.threads import JournalThreads
from regrow.delivery.journal.waits import Waits
from regrow.delivery.journal.writer import Writer
from regrow.delivery.outbox import outbox_of
from regrow.errors import JournalFailed, JournalFull
from regrow.runtime.after import Failed
from regrow.runtime.process import DEAD

if TYPE_CHECKING:
    from regrow.delivery.journal.options import JournalOptions
    from regrow.delivery.journal.store import Opened, Reader, Store
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

__all__ = ("OpenJournal", "open_journal")

T = TypeVar("T")
AT_A_TIME: Final = 5_000


class Graveyard(Protocol):
    """The dead letters, as far as there has to be room for what may become one."""

    @property
    def depth(self) -> int:
        """How many there are."""
        ...

    @property
    def most(self) -> float:
        """How many there may be before nothing more is accepted."""
        ...

    def check_room(self, more: int = 1, /) -> None:
        """Raise `JournalFull` if there are too many."""
        ...


@final
class OpenJournal:
    """The parts of a journal that is open. Made by `open_journal`; one at a time for each store."""

    __slots__ = (
        "_capacity",
        "_read_lock",
        "_reader",
        "_reading",
        "books",
        "boot",
        "clock",
        "dead",
        "desk",
        "engine",
        "epochs",
        "forms",
        "loop_reader",
        "max_crashes",
        "next_id",
        "over",
        "path",
        "process",
        "random",
        "slots",
        "store",
        "threads",
        "waits",
        "writer",
    )

    def __init__(  # noqa: PLR0917  # its parts
        self,
        engine: Engine,
        process: Process,
        path: str,
        store: Store,
        opened: Opened,
        slots: Slots,
        threads: JournalThreads,
        clock: JournalClock,
        options: JournalOptions,
    ) -> None:
        self.engine: Engine = engine
        self.process: Process = process
        self.path: str = path
        self.store: Store = store
        self.slots: Slots = slots
        self.threads: JournalThreads = threads
        self.clock: JournalClock = clock
        self.boot: int = opened.boot
        self.epochs: dict[str, int] = dict(opened.epochs)
        self.next_id: Callable[[], int] = count(opened.next_id).__next__
        self._capacity = options.capacity
        self.max_crashes: int = options.max_crashes
        self.forms: Forms = Forms()
        self.dead: Graveyard | None = None
        self.over: bool = False
        # Of its own for each start: seeded streams that begin anew would give the same ids again.
        self.random: Random = engine.ports.random(f"deliveries of start {opened.boot}")
        self.writer: Writer = Writer(engine, store, threads, self._crash)
        self.writer.on_trouble = self._trouble
        self.books: Books = Books(
            engine,
            clock,
            options.dead_letters,
            boot=opened.boot,
            quarantined=opened.quarantined,
            code_version=options.code_version,
        )
        self.desk: Desk = Desk(
            engine=engine,
            writer=self.writer,
            clock=clock,
            slots=slots,
            books=self.books,
            concurrency=options.concurrency,
            aliases=options.aliases,
            next_id=self.next_id,
            crash=self._crash,
        )
        self.waits: Waits = Waits(engine.timers)
        self.writer.after = self._committed
        self.loop_reader: Reader = store.reader()
        self._reader: Reader | None = None
        self._reading: asyncio.Future[Any] | None = None
        self._read_lock = asyncio.Lock()

    @property
    def running(self) -> bool:
        """Whether it can be used: it isn't over, and its process lives."""
        return not self.over and self.process.status != DEAD

    def server_of(self, name: str) -> type | None:
        """The class of the server that has a name now."""
        process = self.engine.names.get(name)
        return None if process is None else process.blueprint.server

    def _crash(self, error: BaseException) -> None:
        """An error that nobody expects: everything is to be begun anew from what the file says."""
        self.engine.exits.crash(self.process, Failed(error))

    def _committed(self) -> None:
        self.waits.tidy()
        self.desk.turn_now()

    def _trouble(self, error: JournalFailed | None) -> None:
        """A commit failed, or one has succeeded again."""
        engine = self.engine
        if error is None:
            self.desk.look_at_all()
        if JournalTrouble in engine.hub.wanted:
            shown = None if error is None else str(error)
            engine.hub.emit(JournalTrouble(at=engine.loop.time(), path=self.path, error=shown))

    def check_room(self) -> None:
        """Refuse one more delivery if there is no room for it.

        Raises:
            JournalFull: There are as many as there may be, or too many dead letters.
        """
        dead = self.dead
        if dead is not None and dead.depth >= dead.most:
            dead.check_room()
        held = len(self.desk.owed) + self.writer.waiting
        if held >= self._capacity:
            raise JournalFull("live deliveries", held, self._capacity)  # noqa: TRY003  # what is full

    def look_for_room(self) -> None:
        """As `check_room`, and tell the writer how long there is room without another look.

        Raises:
            JournalFull: As there.
        """
        self.check_room()
        self.writer.room = self._capacity - len(self.desk.owed)

    async def read(self, fn: Callable[[Reader], T]) -> T:
        """Run `fn` with a reader of its own, on a thread if the store blocks."""
        if not self.store.blocking:
            return fn(self.loop_reader)
        async with self._read_lock:
            await self._last_read()
            reading = self.threads.run(partial(self._read, fn))
            self._reading = reading
            return await asyncio.shield(reading)

    async def _last_read(self) -> None:
        """Whoever asked for it may have gone, and its thread not: the reader belongs to one at a time."""
        if self._reading is not None:
            await asyncio.wait([self._reading])
            self._reading = None

    async def beside(self, work: Callable[[Store], T]) -> T:
        """Run `work`, which may take very long, on a thread of its own, so that it holds up nobody."""
        if not self.store.blocking:
            return work(self.store)
        threads = JournalThreads(self.engine.loop, self.engine.ports.threads)
        try:
            return await threads.run(partial(work, self.store))
        finally:
            threads.close()

    def _read(self, fn: Callable[[Reader], T]) -> T:
        if self._reader is None:
            self._reader = self.store.reader()
        return fn(self._reader)

    async def take_up(self, found: Findings, slots: Mapping[int, int]) -> None:
        """Owe what was found; `slots` are of those who aren't repeatable and had begun."""
        desk = self.desk
        for number, live in enumerate(found.lives):
            if number % AT_A_TIME == AT_A_TIME - 1:
                await asyncio.sleep(0)  # others on the loop may have no journal
            slot = slots.get(live.id, -1)
            desk.take(Owed(live=live, place=live.id, desk=desk, slot=slot, unknown=slot >= 0))
        self.books.accepted = 0  # they were before this start

    async def close(self) -> None:
        """Write what is still to be written, and give the journal up in order."""
        if self.over:
            return
        self.over = True
        self.desk.stop()
        await self.writer.finish()
        self.writer.close(JournalFailed(self.path, "the journal is closed", "an acceptance"))
        self.desk.part()
        self.desk.unslot_all()
        await self._give_up()
        hub = self.engine.hub
        if JournalClosed in hub.wanted:
            hub.emit(JournalClosed(at=self.engine.loop.time(), path=self.path))

    async def abandon(self) -> None:
        """Its process was killed: stop at once; only the commit that is under way is waited for."""
        if self.over:
            return
        self.over = True
        self.desk.stop()
        self.desk.unslot_all()
        self._part()
        await self.writer.thread_done()
        await self._give_up()

    def stop(self) -> None:
        """The System stops, while this still runs; or has stopped, and this may have been killed."""
        if not self.engine.running:
            self._part()

    def _part(self) -> None:
        self.desk.part()
        self.writer.close(JournalFailed(self.path, "the journal's process ended", "an acceptance"))

    async def _give_up(self) -> None:
        now_us = self.clock.now_us()

        def give_up() -> None:
            if self._reader is not None:
                self._reader.close()
            self.loop_reader.close()
            self.slots.close()
            self.store.close(now_us=now_us)

        async with self._read_lock:
            await self._last_read()
            await _do(self.store, self.threads, give_up)
        self.threads.close()


async def _do(store: Store, threads: JournalThreads, work: Callable[[], T]) -> T:
    return await threads.run(work) if store.blocking else work()


async def open_journal(
    engine: Engine,
    process: Process,
    *,
    path: str,
    store: Store,
    slots: Callable[[], Slots],
    options: JournalOptions,
) -> OpenJournal:
    """Open a store and recover what is in it; nothing is handed out yet.

    Raises:
        JournalError: What `Store.open` raises.
    """
    begun = engine.monotonic()
    threads = JournalThreads(engine.loop, engine.ports.threads)
    now_us = micros(engine.ports.wall())
    opened = await _open(store, threads, now_us)
    clock = JournalClock(engine.ports.wall, outbox_of(engine).time)
    memory = slots()
    journal = OpenJournal(engine, process, path, store, opened, memory, threads, clock, options)
    try:
        live = await _recover(journal, memory)
    except BaseException:
        await journal.abandon()  # or nobody could open it again
        raise
    hub = engine.hub
    if JournalOpened in hub.wanted:
        hub.emit(
            JournalOpened(
                at=engine.loop.time(),
                path=path,
                boot=opened.boot,
                live=live,
                clean=opened.clean,
                seconds=engine.monotonic() - begun,
            )
        )
    return journal


async def _open(store: Store, threads: JournalThreads, now_us: int) -> Opened:
    """Open the store; if nobody waits for that any more, close it again."""

    def work() -> Opened:
        return store.open(node=socket.gethostname(), pid=os.getpid(), now_us=now_us)

    if not store.blocking:
        return work()
    opening = threads.run(work)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait([opening])
        if opening.exception() is None:
            await threads.run(partial(store.close, now_us=now_us))
        raise


async def _recover(journal: OpenJournal, memory: Slots) -> int:
    """Take up what is in it. Returns how much is owed."""
    named = {one.id: one for one in memory.named()}

    def at_least(us: int) -> int:
        journal.clock.not_before(us)
        return journal.clock.now_us()

    def look() -> Findings:
        return inspect(
            journal.loop_reader, named, boot=journal.boot, now_us=at_least, bury=journal.books.burial
        )

    found = await _do(journal.store, journal.threads, look)
    if found.operations:
        await journal.writer.submit(found.operations)
    await journal.take_up(found, memory.clear(keep=found.unknown))
    return len(found.lives)
