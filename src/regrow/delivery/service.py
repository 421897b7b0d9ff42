"""`Journal`: the service that keeps what was accepted until it is settled."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast, final

import msgspec

from regrow.core.reasons import ExitReason
from regrow.core.specs import ChildSpec, child
from regrow.delivery.control.owner import OwnerGround
from regrow.delivery.control.server import control_spec
from regrow.delivery.deadletters.queue import DeadLetterQueue, Surroundings
from regrow.delivery.deadletters.tree import DeadLetterTree
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.opened import OpenJournal, open_journal
from regrow.delivery.journal.operations import Operation, QuarantineCause
from regrow.delivery.journal.options import JournalOptions
from regrow.delivery.journal.policy import DeadLetterPolicy
from regrow.delivery.journal.rows import Counts
from regrow.delivery.journal.slots import Slots, mapped_slots, memory_slots
from regrow.errors import BadSetting, JournalFull, JournalNotRunning, NoJournal, NoSuchService
from regrow.runtime.genserver import GenServer
from regrow.runtime.process import DEAD
from regrow.runtime.supervisor import supervisor

if TYPE_CHECKING:
    from regrow.delivery.deadletters.letters import DeadLetters
    from regrow.delivery.journal.desk import Desk
    from regrow.delivery.journal.store import Reader, Store, SyncLevel
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

__all__ = ("Journal", "JournalStats", "journal_of")

T = TypeVar("T")
SERVICE: Final = "journal"
SYNC: Final = ("power", "process", "none")
START_TIMEOUT: Final = 600.0
STOP_TIMEOUT: Final = 30.0


@final
class JournalStats(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal did since it was opened, and what it holds now.

    Attributes:
        live: Deliveries that are owed now.
        parked: Those of them that wait for their recipient: its name, a place in its mailbox, its breaker.
        out: Those that are in a mailbox or being handled.
        accepted, handled, rejected, dead, discarded, expired: Deliveries.
        retried: Failed attempts and crashes that another attempt followed.
        crashes: Recipients that died while they handled one.
        released: Hand-outs that ended with their process, for reasons of others.
        commits, operations: Transactions, and what was in them.
        waiting: Operations that are not committed yet.
        slowest_commit: In seconds.
        trouble: Why nothing can be written now, None if all is well.
    """

    live: int
    parked: int
    out: int
    accepted: int
    handled: int
    rejected: int
    dead: int
    discarded: int
    expired: int
    retried: int
    crashes: int
    released: int
    commits: int
    operations: int
    waiting: int
    slowest_commit: float
    trouble: str | None


@final
class Journal:
    """Keeps durable messages, dead letters and the state of persistent servers in one SQLite file.

    A service of a System: `rg.System(children, services=[rg.Journal("app.db")])`. It starts before the
    children and stops after them; if it fails, all of them are started anew from what the file says.

    Args:
        path: The file, made if there is none, readable by its owner alone. Beside it stand `<path>.inflight`
            and what SQLite needs.
        sync: What a commit survives: `"power"` (the default), the loss of power; `"process"`, the end of the
            process by `kill -9`; `"none"`, nothing.
        capacity: How many deliveries may be owed at a time; past it sends fail with `JournalFull`.
            Default 1,000,000.
        concurrency: How many of them are in the mailbox of one recipient at a time. Default 64.
        dead_letters: How long dead letters are kept, how many, how often they are tried again.
        aliases: What handlers are called now, by what they were called when messages were stored:
            `{"old.module:Old.handler": "new.module:New.handler"}`.
        code_version: Noted on dead letters, so that it can be told which version of a program they died of.
        control: Whether the `regrow` command can reach the running program, by a socket `<path>.sock` that
            is its owner's alone. Default True.

    Raises:
        BadSetting: An option is out of its range.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        sync: SyncLevel = "power",
        capacity: int = 1_000_000,
        concurrency: int = 64,
        dead_letters: DeadLetterPolicy | None = None,
        aliases: Mapping[str, str] | None = None,
        code_version: str | None = None,
        control: bool = True,
    ) -> None:
        if sync not in SYNC:
            raise BadSetting("sync", sync, "'power', 'process' or 'none'", owner="Journal")
        if not isinstance(control, bool):
            raise BadSetting("control", control, "True or False", owner="Journal")
        self._setup(capacity, concurrency, dead_letters, aliases, code_version)
        self._control = control
        file = Path(os.fspath(path))
        self.path: str = str(file)

        def store() -> Store:
            from regrow.delivery.journal.sqlite import SqliteStore  # noqa: PLC0415  # SQLite is only then loaded

            return SqliteStore(file, sync)

        self._make_store: Callable[[], Store] = store
        self._slots: Callable[[], Slots] = lambda: mapped_slots(file.with_name(f"{file.name}.inflight"))

    @classmethod
    def in_memory(
        cls,
        *,
        capacity: int = 1_000_000,
        concurrency: int = 64,
        dead_letters: DeadLetterPolicy | None = None,
        aliases: Mapping[str, str] | None = None,
        code_version: str | None = None,
    ) -> Journal:
        """The same without a file: for tests, and where nothing has to survive the program.

        What is in it stays as long as this object: a System that is started again finds it.
        """
        return cls.on(
            MemoryStore(),
            capacity=capacity,
            concurrency=concurrency,
            dead_letters=dead_letters,
            aliases=aliases,
            code_version=code_version,
        )

    @classmethod
    def on(
        cls,
        store: Store,
        *,
        capacity: int = 1_000_000,
        concurrency: int = 64,
        dead_letters: DeadLetterPolicy | None = None,
        aliases: Mapping[str, str] | None = None,
        code_version: str | None = None,
        path: str = "a journal in memory",
        slots: bytearray | None = None,
    ) -> Journal:
        """A journal on a store of one's own.

        Args:
            store: Where it is kept.
            capacity, concurrency, dead_letters, aliases, code_version: As for a file.
            path: What it is called in errors.
            slots: Memory that outlives the Systems that use it, where running handlers are noted.
        """
        journal = cls.__new__(cls)
        journal._setup(capacity, concurrency, dead_letters, aliases, code_version)
        journal.path = path
        kept = slots if slots is not None else bytearray()
        journal._make_store = lambda: store
        journal._slots = lambda: memory_slots(kept)
        return journal

    def _setup(
        self,
        capacity: int,
        concurrency: int,
        dead_letters: DeadLetterPolicy | None,
        aliases: Mapping[str, str] | None,
        code_version: str | None,
    ) -> None:
        self.options = JournalOptions(
            capacity=capacity,
            concurrency=concurrency,
            dead_letters=dead_letters if dead_letters is not None else DeadLetterPolicy(),
            aliases=dict(aliases) if aliases is not None else {},
            code_version=code_version,
        )
        self._control = False
        self._open: OpenJournal | None = None
        self._letters: DeadLetterTree | None = None

    # -- a service -----------------------------------------------------------------------------

    @property
    def service_name(self) -> str:
        """What it is offered as."""
        return SERVICE

    def child_spec(self) -> ChildSpec:
        """Its supervisor: the process that owns the file, and those of the dead letters."""
        tree = self._letters = DeadLetterTree(
            DeadLetterQueue(self, self.options.dead_letters), prefix=SERVICE
        )
        server = child(
            JournalServer,
            id="owner",
            args=(self,),
            start_timeout=START_TIMEOUT,
            shutdown=STOP_TIMEOUT,
        )
        # Without its owner nothing goes on: the System's own supervisor starts all anew.
        flags = {"strategy": "rest_for_one", "max_restarts": 0}
        children = [server, tree.child_spec()]
        if self._control:
            children.append(control_spec(OwnerGround(self, tree), prefix=SERVICE))
        return supervisor(children, id=SERVICE, **flags)

    async def start(self, process: Process) -> None:
        """Open it, for its process."""
        before = self._open
        if before is not None:
            await before.abandon()
        engine = process.engine
        store = cast("Store | None", engine.ports.store) or self._make_store()
        opened = await open_journal(engine, process, self.path, store, self._slots, self.options)
        self._open = opened
        queue = self._tree().queue
        queue.around = Surroundings(
            hub=engine.hub,
            time=engine.loop.time,
            redact=engine.redact,
            server_of=opened.server_of,
            random=engine.ports.random("dead letters"),
        )
        opened.writer.observe = queue.observe
        await queue.opened()

    async def stop(self) -> None:
        """Close it in order, for its process."""
        if self._open is not None:
            await self._open.close()

    def _tree(self) -> DeadLetterTree:
        if self._letters is None:
            raise JournalNotRunning(self.path)
        return self._letters

    def _running(self) -> OpenJournal:
        journal = self._open
        if journal is None or journal.over or journal.process.status == DEAD:
            raise JournalNotRunning(self.path)
        return journal

    @property
    def opened(self) -> OpenJournal:
        """Its parts while it is open. Raises `JournalNotRunning` otherwise."""
        return self._running()

    # -- for the parts of `delivery` -----------------------------------------------------------

    def submit(self, ops: Sequence[Operation]) -> asyncio.Future[None]:
        """Write these operations in one transaction, with whatever else is waiting.

        Returns:
            A future of the loop's, done after the commit. It fails with `JournalFailed` or `StaleEpoch`.

        Raises:
            JournalNotRunning: It isn't open.
        """
        journal = self._running()
        future = journal.writer.submit(ops)
        for op in ops:
            if isinstance(op, QuarantineCause):
                future.add_done_callback(lambda done, op=op: self._quarantined(journal, op, done))
        return future

    def _quarantined(self, journal: OpenJournal, op: QuarantineCause, done: asyncio.Future[None]) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        if op.on:
            journal.books.quarantined.add(op.fingerprint)
        else:
            journal.books.quarantined.discard(op.fingerprint)

    def check_room(self) -> None:
        """Refuse one more delivery if there is no room for it.

        Raises:
            JournalFull: There are as many as it may hold, or too many dead letters.
            JournalNotRunning: It isn't open.
        """
        journal = self._running()
        self._tree().queue.check_room()
        held = len(journal.desk.owed) + journal.writer.waiting
        if held >= self.options.capacity:
            raise JournalFull("live deliveries", held, self.options.capacity)

    def now_us(self) -> int:
        """The journal's time, in microseconds since 1970."""
        return self._running().clock.now_us()

    def next_id(self) -> int:
        """A delivery number that was never used."""
        return self._running().next_id()

    def claim(self, name: str) -> int:
        """A new epoch for the persistent server `name`: commits with an older one are refused from now on."""
        epochs = self._running().epochs
        epochs[name] = epoch = epochs.get(name, 0) + 1
        return epoch

    @property
    def boot(self) -> int:
        """Number of this opening."""
        return self._running().boot

    @property
    def desk(self) -> Desk:
        """Who hands out what is owed."""
        return self._running().desk

    @property
    def loop_reader(self) -> Reader:
        """A reader for quick look-ups on the loop."""
        return self._running().loop_reader

    async def read(self, fn: Callable[[Reader], T]) -> T:
        """Run `fn(reader)` where it may take long: on a thread, unless the journal is in memory."""
        return await self._running().read(fn)

    # -- for users -----------------------------------------------------------------------------

    @property
    def dead_letters(self) -> DeadLetters:
        """What could not be delivered, and what can be done about it."""
        return self._tree().letters

    async def conservation(self) -> Counts:
        """Everything that was ever accepted, by what became of it; `balanced` says that nothing was lost.

        Raises:
            JournalNotRunning: It isn't open.
        """
        return await self.read(lambda reader: reader.counts())

    async def check(self) -> list[str]:
        """What is wrong with it, empty if nothing is. Reads all of it, beside everything else.

        Raises:
            JournalNotRunning: It isn't open.
            JournalFailed: It can't be read.
        """
        return await self._running().beside(lambda store: store.check())

    async def backup(self, path: str | os.PathLike[str]) -> None:
        """Write a consistent copy to `path`, which must not exist; everything else goes on meanwhile.

        Raises:
            JournalNotRunning: It isn't open.
            JournalFailed: It can't be written there.
        """
        file = Path(os.fspath(path))
        await self._running().beside(lambda store: store.backup(file))

    async def vacuum(self) -> None:
        """Give unused space back to the file system. Nothing is accepted until it is done.

        Raises:
            JournalNotRunning: It isn't open.
            JournalFailed: There is no space to do it in, for example.
        """
        journal = self._running()
        await journal.writer.between(journal.store.vacuum)

    def stats(self) -> JournalStats:
        """What it did since it was opened, and what it holds.

        Raises:
            JournalNotRunning: It isn't open.
        """
        journal = self._running()
        books, writer, desk = journal.books, journal.writer, journal.desk
        out = sum(recipient.out for recipient in desk.recipients.values())
        return JournalStats(
            live=len(desk.owed),
            parked=sum(len(recipient.ready) for recipient in desk.recipients.values()),
            out=out,
            accepted=books.accepted,
            handled=books.handled,
            rejected=books.rejected,
            dead=books.dead,
            discarded=books.discarded,
            expired=books.expired,
            retried=books.retried,
            crashes=books.crashes,
            released=books.released,
            commits=writer.commits,
            operations=writer.operations,
            waiting=writer.waiting,
            slowest_commit=writer.slowest,
            trouble=None if writer.failure is None else str(writer.failure),
        )

    def __repr__(self) -> str:
        state = "open" if self._open is not None and not self._open.over else "closed"
        return f"<Journal {self.path} {state}>"


def journal_of(engine: Engine, option: str) -> Journal:
    """The journal of a System.

    Raises:
        NoJournal: It has none; `option` says what needs one.
    """
    system = engine.system
    assert system is not None
    try:
        return cast("Journal", system.service(SERVICE))
    except NoSuchService:
        raise NoJournal(engine.name, option) from None


@final
class JournalServer(GenServer):
    """The process that a journal belongs to: it opens it and closes it; the work is done in callbacks."""

    _journal: Journal

    async def init(self, journal: Journal) -> None:  # type: ignore[override]
        """Open the file, or take up what another incarnation left."""
        self._journal = journal
        await journal.start(self._process)

    async def terminate(self, reason: ExitReason) -> None:  # type: ignore[override]  # noqa: ARG002
        """Close it in order."""
        await self._journal.stop()

    def format_state(self) -> object:
        """The journal, for crash reports."""
        return {"journal": repr(self._journal)}
