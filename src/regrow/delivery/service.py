"""`Journal`: the service that keeps what was accepted until it is settled."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast, final

from typing_extensions import Unpack

from regrow.core.specs import ChildSpec, child
from regrow.delivery.control.owner import OwnerGround
from regrow.delivery.control.server import control_spec
from regrow.delivery.deadletters.queue import DeadLetterQueue, Surroundings
from regrow.delivery.deadletters.tree import DeadLetterTree
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.opened import OpenJournal, open_journal
from regrow.delivery.journal.operations import Operation, QuarantineCause
from regrow.delivery.journal.options import JournalOptions, JournalSettings, journal_options
from regrow.delivery.journal.rows import Counts
from regrow.delivery.journal.server import JournalServer
from regrow.delivery.journal.slots import Slots, mapped_slots, memory_slots
from regrow.delivery.journal.stats import JournalStats, stats_of
from regrow.errors import BadSetting, JournalNotRunning, NoJournal, NoSuchService
from regrow.runtime.process import DEAD
from regrow.runtime.supervisor import supervisor

if TYPE_CHECKING:
    from regrow.delivery.deadletters.letters import DeadLetters
    from regrow.delivery.journal.causes import Cause
    from regrow.delivery.journal.desk import Desk
    from regrow.delivery.journal.rows import Burial, Live, Reason
    from regrow.delivery.journal.store import Reader, Store, SyncLevel
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

__all__ = ("Journal", "journal_of", "opened_of")

T = TypeVar("T")
SERVICE: Final = "journal"
SYNC: Final = ("power", "process", "none")
START_TIMEOUT: Final = 600.0
STOP_TIMEOUT: Final = 30.0


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
        control: bool = True,
        **options: Unpack[JournalSettings],
    ) -> None:
        if sync not in SYNC:
            raise BadSetting("sync", sync, "'power', 'process' or 'none'", owner="Journal")
        if type(control) is not bool:
            raise BadSetting("control", control, "True or False", owner="Journal")
        file = Path(os.fspath(path))

        def store() -> Store:
            from regrow.delivery.journal.sqlite import SqliteStore  # noqa: PLC0415  # SQLite is only then loaded

            return SqliteStore(file, sync)

        self._setup(store, str(file), lambda: mapped_slots(file.with_name(f"{file.name}.inflight")), options)
        self._control = control

    @classmethod
    def in_memory(cls, **options: Unpack[JournalSettings]) -> Journal:
        """The same without a file: for tests, and where nothing has to survive the program.

        What is in it stays as long as this object: a System that is started again finds it.

        Args:
            **options: As for a file: `capacity`, `concurrency`, `dead_letters`, `aliases`, `code_version`.

        Raises:
            BadSetting: An option is out of its range.
        """
        return cls.on(MemoryStore(), **options)

    @classmethod
    def on(
        cls,
        store: Store,
        *,
        path: str = "a journal in memory",
        slots: bytearray | None = None,
        **options: Unpack[JournalSettings],
    ) -> Journal:
        """A journal on a store of one's own.

        Args:
            store: Where it is kept.
            path: What it is called in errors.
            slots: Memory that outlives the Systems that use it, where running handlers are noted.
            **options: As for a file: `capacity`, `concurrency`, `dead_letters`, `aliases`, `code_version`.

        Raises:
            BadSetting: An option is out of its range.
        """
        kept = slots if slots is not None else bytearray()
        journal = cls.__new__(cls)
        journal._setup(lambda: store, path, lambda: memory_slots(kept), options)  # noqa: SLF001  # its own
        return journal

    def _setup(
        self, store: Callable[[], Store], path: str, slots: Callable[[], Slots], given: JournalSettings
    ) -> None:
        self.options: JournalOptions = journal_options(given)
        self.path: str = path
        self._make_store = store
        self._slots = slots
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
        children = [server, tree.child_spec()]
        if self._control:
            children.append(control_spec(OwnerGround(self, tree), prefix=SERVICE))
        # Without its owner nothing goes on: the System's own supervisor starts all anew.
        return supervisor(children, id=SERVICE, strategy="rest_for_one", max_restarts=0)

    async def start(self, process: Process) -> None:
        """Open it, for its process."""
        before = self._open
        if before is not None:
            await before.abandon()
        engine = process.engine
        store = cast("Store | None", engine.ports.store) or self._make_store()
        opened = await open_journal(
            engine, process, path=self.path, store=store, slots=self._slots, options=self.options
        )
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
        opened.check_dead = queue.check_room
        engine.extensions[opened_in] = opened
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
                future.add_done_callback(partial(self._quarantined, journal, op))
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
        self._running().check_room()

    def now_us(self) -> int:
        """The journal's time, in microseconds since 1970."""
        return self._running().clock.now_us()

    def next_id(self) -> int:
        """A delivery number that was never used."""
        return self._running().next_id()

    def burial(self, live: Live, reason: Reason, cause: Cause) -> Burial:
        """The burial of what was never durable, as the dead-letter policy has it.

        Raises:
            JournalFull: There are too many dead letters.
        """
        opened = self._running()
        if opened.check_dead is not None:
            opened.check_dead()
        return opened.books.burial(live, reason, cause)

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
        return stats_of(self._running())

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


def opened_in(engine: Engine) -> object:
    """The parts of a System's journal, None if it was never open; they may be over."""
    return engine.extensions.get(opened_in)


def opened_of(engine: Engine, option: str) -> OpenJournal:
    """The parts of a System's journal.

    Raises:
        NoJournal: It has none; `option` says what needs one.
        JournalNotRunning: It isn't open at this moment.
    """
    found = opened_in(engine)
    if isinstance(found, OpenJournal) and not found.over and found.process.status != DEAD:
        return found
    return journal_of(engine, option).opened
