"""`Journal`: the service that keeps what was accepted until it is settled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast, final

from typing_extensions import Unpack

from regrow.core.specs import ChildSpec, child
from regrow.delivery.control.owner import OwnerGround
from regrow.delivery.control.server import control_spec
from regrow.delivery.draining import drained
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.options import JournalSettings, journal_options
from regrow.delivery.journal.rows import Counts
from regrow.delivery.journal.server import JournalServer
from regrow.delivery.journal.slots import Slots, mapped_slots, memory_slots
from regrow.delivery.journal.stats import JournalStats, stats_of
from regrow.delivery.lookup import SERVICE
from regrow.delivery.owner import JournalOwner
from regrow.errors import BadSetting
from regrow.runtime.supervisor import supervisor

if TYPE_CHECKING:
    from regrow.delivery.deadletters.letters import DeadLetters
    from regrow.delivery.journal.store import Store, SyncLevel
    from regrow.runtime.pid import Timeout

__all__ = ("Journal", "journal_on")

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
        max_crashes: How often a recipient may die while it handles one and the same message, before that is a
            dead letter; for messages that are accepted from now on. Default 3, at most 1,000.
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
        given = cast("object", path)
        if not isinstance(given, str | os.PathLike):
            raise BadSetting("path", given, "a path: text or a PathLike", owner="Journal")
        file = Path(os.fspath(path))

        def store() -> Store:
            from regrow.delivery.journal.sqlite import SqliteStore  # noqa: PLC0415  # SQLite is only then loaded

            return SqliteStore(file, sync)

        def slots() -> Slots:
            found = file.resolve()
            return mapped_slots(found.with_name(f"{found.name}.inflight"))

        self._owner = JournalOwner(store, str(file), slots, journal_options(options))
        self._control = control

    @classmethod
    def in_memory(cls, **options: Unpack[JournalSettings]) -> Journal:
        """The same without a file: for tests, and where nothing has to survive the program.

        What is in it stays as long as this object: a System that is started again finds it.

        Args:
            **options: As for a file: `capacity`, `concurrency`, `max_crashes`, `dead_letters`, `aliases`,
                `code_version`.

        Raises:
            BadSetting: An option is out of its range.
        """
        return journal_on(MemoryStore(), **options)

    @classmethod
    def _made_of(cls, owner: JournalOwner) -> Journal:
        journal = cls.__new__(cls)
        journal._owner = owner  # noqa: SLF001  # its own
        journal._control = False  # noqa: SLF001
        return journal

    # -- a service -----------------------------------------------------------------------------

    @property
    def service_name(self) -> str:
        """What it is offered as."""
        return SERVICE

    def child_spec(self) -> ChildSpec:
        """Its supervisor: the process that owns the file, and those of the dead letters."""
        tree = self._owner.new_tree()
        server = child(
            JournalServer,
            id="owner",
            args=(self._owner, tree),
            start_timeout=START_TIMEOUT,
            shutdown=STOP_TIMEOUT,
        )
        children = [server, tree.child_spec()]
        if self._control:
            children.append(control_spec(OwnerGround(self, tree), prefix=SERVICE))
        # Without its owner nothing goes on: the System's own supervisor starts all anew.
        return supervisor(children, id=SERVICE, strategy="rest_for_one", max_restarts=0)

    # -- for users -----------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """Its file, or what it is called without one."""
        return self._owner.path

    @property
    def dead_letters(self) -> DeadLetters:
        """What could not be delivered, and what can be done about it."""
        return self._owner.tree.letters

    async def conservation(self) -> Counts:
        """Everything that was ever accepted, by what became of it; `balanced` says that nothing was lost.

        Raises:
            JournalNotRunning: It isn't open.
        """
        return await self._owner.read(lambda reader: reader.counts())

    async def drained(self, *, timeout: Timeout) -> None:
        """Wait until nothing is owed any more: all that was accepted is done, dead or discarded.

        What has a delay, or waits for a recipient that isn't there, is owed too.

        Args:
            timeout: Seconds, or a name from the timeout table.

        Raises:
            WaitTimeout: Something still was.
            JournalNotRunning: It isn't open, or was closed meanwhile.
        """
        await drained(self._owner, timeout)

    async def check(self) -> list[str]:
        """What is wrong with it, empty if nothing is. Reads all of it, beside everything else.

        Raises:
            JournalNotRunning: It isn't open.
            JournalFailed: It can't be read.
        """
        return await self._owner.opened.beside(lambda store: store.check())

    async def backup(self, path: str | os.PathLike[str]) -> None:
        """Write a consistent copy to `path`, which must not exist; everything else goes on meanwhile.

        Raises:
            JournalNotRunning: It isn't open.
            JournalFailed: It can't be written there.
        """
        file = Path(os.fspath(path))
        await self._owner.opened.beside(lambda store: store.backup(file))

    async def vacuum(self) -> None:
        """Give unused space back to the file system. Nothing is accepted until it is done.

        Raises:
            JournalNotRunning: It isn't open.
            JournalFailed: There is no space to do it in, for example.
        """
        journal = self._owner.opened
        await journal.writer.between(journal.store.vacuum)

    def stats(self) -> JournalStats:
        """What it did since it was opened, and what it holds.

        Raises:
            JournalNotRunning: It isn't open.
        """
        return stats_of(self._owner.opened)

    def __repr__(self) -> str:
        return repr(self._owner)


def journal_on(
    store: Store,
    *,
    path: str = "a journal in memory",
    slots: bytearray | None = None,
    **options: Unpack[JournalSettings],
) -> Journal:
    """A journal on any store, such as one that a test looks into.

    Args:
        store: Where it is kept.
        path: What it is called in errors.
        slots: Memory that outlives the Systems that use it, where running handlers are noted.
        **options: As of `Journal.in_memory`.

    Raises:
        BadSetting: An option is out of its range.
    """
    kept = slots if slots is not None else bytearray()
    return Journal._made_of(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # ours
        JournalOwner(lambda: store, path, lambda: memory_slots(kept), journal_options(options))
    )
