"""A journal file whose owner doesn't run, opened to be looked after: nothing is handed out or tried again."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar, final

from regrow.delivery.deadletters.letters import DeadLetters
from regrow.delivery.deadletters.queue import DeadLetterQueue
from regrow.delivery.deadletters.redrives import Redrives
from regrow.delivery.journal.operations import Operation
from regrow.delivery.journal.policy import DeadLetterPolicy
from regrow.delivery.journal.rows import Live
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.delivery.journal.store import Opened, Reader, Store
from regrow.errors.journal import JournalError

__all__ = ("Offline", "open_offline")

T = TypeVar("T")


@final
class Offline:
    """A journal that only its file knows of. Commits block, as nothing else runs."""

    def __init__(self, path: Path, store: Store, opened: Opened) -> None:
        self.path: str = str(path)
        self.running: bool = False
        self.boot: int = opened.boot
        self._store = store
        self._reader = store.reader()
        self._next_id = opened.next_id
        # The policy is the program's; here none of it is carried out.
        self.queue: DeadLetterQueue = DeadLetterQueue(self, DeadLetterPolicy())
        self.letters: DeadLetters = DeadLetters(self.queue, Redrives(self.queue, attended=False))

    @property
    def desk(self) -> Offline:
        """Nobody hands anything out: the owner will, when it is started."""
        return self

    def accepted(self, live: Live) -> None:
        """It is in the file."""

    def submit(self, ops: Sequence[Operation]) -> asyncio.Future[None]:
        """Commit at once."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._store.commit(ops)
        except JournalError as error:
            future.set_exception(error)
        else:
            self.queue.observe(ops)
            future.set_result(None)
        return future

    def now_us(self) -> int:
        """The wall clock."""
        return time.time_ns() // 1000

    def next_id(self) -> int:
        """A delivery number that was never used."""
        id, self._next_id = self._next_id, self._next_id + 1
        return id

    async def read(self, fn: Callable[[Reader], T]) -> T:
        """Read at once."""
        return fn(self._reader)

    async def check(self) -> list[str]:
        """What is wrong with it."""
        return self._store.check()

    async def backup(self, path: Path) -> None:
        """Write a copy."""
        self._store.backup(path)

    async def vacuum(self) -> None:
        """Give unused space back."""
        self._store.vacuum()

    def close(self) -> None:
        """Give back what it reads with."""
        self._reader.close()


@asynccontextmanager
async def open_offline(path: Path) -> AsyncGenerator[Offline]:
    """Open a file as its owner, for the length of the block.

    Raises:
        JournalError: It can't be opened.
    """
    store = SqliteStore(path)
    opened = store.open(node=socket.gethostname(), pid=os.getpid(), now_us=time.time_ns() // 1000)
    try:
        ground = Offline(path, store, opened)
        try:
            await ground.queue.opened()
            yield ground
        finally:
            ground.close()
    finally:
        store.close(now_us=time.time_ns() // 1000)
